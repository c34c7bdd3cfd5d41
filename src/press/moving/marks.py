"""Which picture of a page can be moved: a comment under it names the figure that takes its place.

    ![Two arrows …](figures/vectors-projection.svg)

    <!-- moving: dot -->

Whoever does not know the comment shows the picture: GitHub, Zensical, the labs. In the built page
it becomes an empty <div>, in which book.js offers the button.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from press.chapter import Chapter
from press.problems import Problem

FIGURES = Path(__file__).parent / "figures"
MOVING = re.compile(r"<!--\s*moving:\s*(?P<name>[\w-]+)\s*-->")
PLACE = re.compile(
    r'(?P<links><p class="figure-links">(?:(?!</p>).)*</p>\s*(?:<!--(?s:(?!-->).)*-->\s*)*?)?'
    + MOVING.pattern
)
"""In a built page: the picture's own links stand between it and the mark."""


def names() -> list[str]:
    """The moving figures that there are, each by the name of its file."""
    return sorted(path.stem for path in FIGURES.glob("*.js"))


def problems(chapter: Chapter) -> list[Problem]:
    """Marks that name no figure, or stand under no picture that the book's Python draws."""
    drawn = {image.line for block in chapter.blocks for image in block.images}
    found = []
    taken: dict[int, int] = {}
    for line, comment in chapter.comments:
        match = MOVING.fullmatch(comment)
        if not match:
            if _nearly(comment):
                found.append(
                    Problem(
                        chapter.file, line, "a moving figure's mark that the press cannot read",
                        expected="<!-- moving: name -->", got=comment,
                        mend=f"name one of {', '.join(names())}",
                    )
                )  # fmt: skip
            continue
        if match["name"] not in names():
            near = difflib.get_close_matches(match["name"], names(), 1)
            found.append(
                Problem(
                    chapter.file, line, "no such moving figure", got=match["name"],
                    expected=near[0] if near else f"one of {', '.join(names())}",
                    mend=f"write src/press/moving/figures/{match['name']}.js, or name another",
                )
            )  # fmt: skip
        above = _above(chapter, line)
        if above not in drawn:
            found.append(
                Problem(
                    chapter.file, line, "a moving figure without a picture to stand for it",
                    expected="the mark right under an image that a block of the page draws",
                    got=dict(chapter.prose).get(above, "") or "nothing above it",
                    mend="draw the picture: readers without JavaScript and the labs have it alone",
                )
            )  # fmt: skip
        elif above in taken:
            found.append(
                Problem(
                    chapter.file, line, "two moving figures for one picture",
                    expected="one mark under a picture", got=f"another at line {taken[above]}",
                )
            )  # fmt: skip
        taken.setdefault(above, line)
    return found


def used(chapter: Chapter) -> list[str]:
    """The moving figures of a page, from its top to its end."""
    matches = [MOVING.fullmatch(comment) for _, comment in chapter.comments]
    return [match["name"] for match in matches if match]


def _above(chapter: Chapter, line: int) -> int:
    """The line of prose above a comment: prose has no comments in it. 0 where there is none."""
    return max((n for n, text in chapter.prose if n < line and text.strip()), default=0)


def _nearly(comment: str) -> bool:
    word = re.match(r"<!--\W*(\w*)", comment)[1].lower()
    return bool(difflib.get_close_matches(word, ["moving"], cutoff=0.74))


def marked(page: str) -> str:
    """The built page with a place for each moving figure, right under its picture."""
    return PLACE.sub(
        lambda match: (
            f'<div class="moving" data-moving="{match["name"]}"></div>\n{match["links"] or ""}'
        ),
        page,
    )
