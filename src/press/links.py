"""Links of a page: each relative link must lead to a file of the book, and to an anchor in it."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

from pymdownx.snippets import SnippetMissingError

from press import chapter as chapters
from press import render
from press.problems import PressError, Problem

MADE = ("labs/", "downloads/", "figures/", "assets/vendor/", "reference/equation-tests")
"""What the press makes before a build: it need not exist when a page is checked."""

EXTERNAL = re.compile(r"^(?:https?:|mailto:|doi:)")


def problems(chapter: chapters.Chapter, root: Path) -> list[Problem]:
    found = []
    # One text, because the words of a link may be broken over two lines.
    text = "\n".join(chapters.without_code(line) for _, line in chapter.prose)
    for match in chapters.LINK.finditer(text):
        number = chapter.prose[text.count("\n", 0, match.start("target"))][0]
        if EXTERNAL.match(match["target"]):
            continue
        if problem := _problem(chapter, number, match["target"], root):
            found.append(problem)
    return found


def _problem(chapter: chapters.Chapter, number: int, target: str, root: Path) -> Problem | None:
    path, _, anchor = target.partition("#")
    docs = root / "docs"
    page = root / chapter.file
    if path:
        place = docs / path.lstrip("/") if path.startswith("/") else page.parent / path
        place = Path(_normal(place.as_posix()))
        name = place.relative_to(docs).as_posix() if place.is_relative_to(docs) else path
        if name.startswith(MADE):
            return None
        if not place.is_file():
            near = difflib.get_close_matches(
                name, [p.relative_to(docs).as_posix() for p in docs.glob("**/*.md")], 3, 0.5
            )
            return Problem(
                chapter.file,
                number,
                f"a dead link: {target}",
                expected="a file under docs/" + (f", perhaps {', '.join(near)}" if near else ""),
                got="no such file",
            )
        page = place
    if not anchor or page.suffix != ".md":
        return None
    known = anchors(page, page.stat().st_mtime_ns, root)
    if known is None or anchor in known:
        return None
    near = difflib.get_close_matches(anchor, known, 3, 0.5)
    return Problem(
        chapter.file,
        number,
        f"a dead link: {target}",
        expected=f"an anchor of {page.relative_to(root).as_posix()}"
        + (f", perhaps #{', #'.join(near)}" if near else ""),
        got=f"no #{anchor} there",
    )


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return str(PurePosixPath(*parts))


@lru_cache(maxsize=256)
def anchors(page: Path, _changed: int, root: Path) -> frozenset[str] | None:
    """The anchors that the site will give a page; None where it cannot be rendered.

    The page's own check says why it cannot.
    """
    try:
        return frozenset(render.shown(render.page_html(page.read_text("utf-8"), root)).anchors)
    except (PressError, SnippetMissingError):
        return None
