"""What every chapter has, beyond code that runs: its facts, its downloads, exercises and ends.

A chapter is a page whose front matter names its `part`. BOOK.md's spine says the rest in words;
here is what can be counted.
"""

from __future__ import annotations

import re
from pathlib import Path

from press import navigation, render
from press.chapter import HEADING, LINK, Chapter
from press.includes import INCLUDE, SECTION, include_path
from press.problems import Problem

WIDTH = 86
"""Columns of code that a wide screen shows; a longer line would have to be scrolled."""
FACTS = {
    "title": str,
    "description": str,
    "chapter": int,
    "part": str,
    "builds_on": list,
    "minutes": int,
}
ENDS = ("Exercises", "Summary", "Further reading")
EXERCISES, FIGURES = (4, 8), 2
OWN = re.compile(r"^\s*(?:from|import)\s+(?P<name>foundations|press)\b")
NUMBER = re.compile(r"\A---\n(?:.*\n)*?chapter:\s*(\d+)\s*$", re.MULTILINE)


def problems(chapter: Chapter, root: Path) -> list[Problem]:
    """What a page lacks of a chapter's form; on any page, code that readers could not use."""
    found = _wide_lines(chapter) + _unfit_lines(chapter) + _lost_markers(chapter)
    if "part" in chapter.meta:
        found += _facts(chapter) or _places(chapter, root)
        found += _unnamed_needs(chapter, root)
        found += _downloads(chapter) + _sections(chapter) + _counts(chapter) + _figures(chapter)
    return found


def _unfit_lines(chapter: Chapter) -> list[Problem]:
    """Lines that run here and not, or otherwise, where a reader takes them."""
    found = []
    for block in chapter.blocks:
        for number, line in enumerate(block.fence.lines, start=block.line + 1):
            if match := OWN.match(line):
                found.append(
                    Problem(
                        chapter.file, number, f"a block imports {match['name']}",
                        expected="code that readers can run: they have no such package",
                        got=line.strip(),
                        mend='show the code: --8<-- "src/foundations/module.py:region"',
                    )
                )  # fmt: skip
            match = INCLUDE.match(line)
            if match and match["escape"]:
                found.append(
                    Problem(
                        chapter.file, number, "an include with a semicolon before it is escaped",
                        expected='--8<-- "src/foundations/module.py:region"', got=line.strip(),
                        mend="take the semicolon away",
                    )
                )  # fmt: skip
    return found


def _lost_markers(chapter: Chapter) -> list[Problem]:
    """Region markers in a page's own text: pymdownx.snippets takes such lines out of the page."""
    return [
        Problem(
            chapter.file, number, "a region marker that readers will not see",
            expected="a marker to be shown has a semicolon: # ;--8<-- [start:name]",
            got=line.strip(),
            mend="write the semicolon, which the page does not show, or take the line away",
        )
        for number, line in enumerate(chapter.lines, start=1)
        if (match := SECTION.match(line)) and not match["escape"]
    ]  # fmt: skip


def _places(chapter: Chapter, root: Path) -> list[Problem]:
    """Whether the chapter's part, number and predecessors are those of the book."""
    settings = render.settings(root)
    parts = settings.get("extra", {}).get("parts", {})
    numbers = {
        int(match[1]): path.relative_to(root).as_posix()
        for path in (root / "docs").glob("**/*.md")
        if (match := NUMBER.search(path.read_text(encoding="utf-8")[:2000]))
        and path.relative_to(root).as_posix() != chapter.file
    }
    number, part = chapter.meta["chapter"], chapter.meta["part"]
    found = []
    if part not in parts:
        found.append(("part", f"one of {', '.join(parts)} (extra.parts in mkdocs.yml)", part))
    if number in numbers:
        found.append(("chapter", f"a number of its own: {numbers[number]} has this one", number))
    for other in chapter.meta["builds_on"]:
        if other not in numbers or not isinstance(other, int) or other >= number:
            earlier = ", ".join(str(n) for n in sorted(numbers) if n < number) or "none yet"
            found.append(("builds_on", f"numbers of earlier chapters: {earlier}", other))
    name = chapter.file.removeprefix("docs/")
    if name not in str(settings.get("nav", "")):
        line = f"- {number}. {chapter.meta['title']}: {name}"
        found.append(
            ("place in the navigation", f"a line in the nav of mkdocs.yml: {line}", "none")
        )
    return [
        Problem(chapter.file, 1, f"the chapter's {what} is wrong", expected, str(got))
        for what, expected, got in found
    ]


FROM_MODULE = re.compile(r"^(?:from|import) foundations\.(?P<module>\w+)", re.MULTILINE)


def _unnamed_needs(chapter: Chapter, root: Path) -> list[Problem]:
    """Earlier chapters whose code this one uses, on the page or in its module, and does not name.

    A chapter may build on more than code, so what it names besides is its own affair.
    """
    number, named = chapter.meta.get("chapter"), chapter.meta.get("builds_on")
    if not isinstance(number, int) or not isinstance(named, list):
        return []
    own = Path(chapter.file).stem
    uses: dict[str, int] = {}
    for block in chapter.blocks:
        for at, line in enumerate(block.fence.lines, start=block.line + 1):
            if (path := include_path(line)) and path.startswith("src/foundations/"):
                uses.setdefault(Path(path.partition(":")[0]).stem, at)
    module = root / f"src/foundations/{own}.py"
    if module.is_file():
        for match in FROM_MODULE.finditer(module.read_text(encoding="utf-8")):
            uses.setdefault(match["module"], 1)
    known = {Path(one.page).stem: one for one in navigation.chapters(root / "docs")}
    return [
        Problem(
            chapter.file, line, f"the chapter uses code of chapter {known[name].number}",
            expected=f"builds_on: {sorted([*named, known[name].number])}",
            got=f"builds_on: {named}",
            mend="name the chapter in the front matter: the map of the book is drawn from it",
        )
        for name, line in sorted(uses.items(), key=lambda use: use[1])
        if name != own and name in known and known[name].number not in named
    ]  # fmt: skip


def _figures(chapter: Chapter) -> list[Problem]:
    """A figure is named after its chapter, so that it is found from its name alone."""
    start = f"figures/{Path(chapter.file).stem}-"
    return [
        Problem(
            chapter.file, image.line, f"{image.path} is not named after its chapter",
            expected=f"{start}what-it-shows.svg", got=image.path,
            mend="rename it here, then make update, and delete the old files",
        )
        for block in chapter.blocks
        for image in block.images
        if not image.path.startswith(start)
    ]  # fmt: skip


def _wide_lines(chapter: Chapter) -> list[Problem]:
    return [
        Problem(
            chapter.file, number, f"a line of code of {len(line)} columns",
            expected=f"at most {WIDTH}: readers would have to scroll for the rest",
            got=line.strip(),
        )
        for block in chapter.blocks
        for number, line in enumerate(block.fence.lines, start=block.line + 1)
        if len(line) > WIDTH
    ]  # fmt: skip


def _facts(chapter: Chapter) -> list[Problem]:
    return [
        Problem(
            chapter.file, 1, f"the chapter's front matter has no {name}",
            expected=f"{name}: of type {kind.__name__}", got=repr(chapter.meta.get(name)),
            mend="docs/foundations/vectors.md shows all of them",
        )
        for name, kind in FACTS.items()
        if not isinstance(chapter.meta.get(name), kind)
    ]  # fmt: skip


def _downloads(chapter: Chapter) -> list[Problem]:
    name = Path(chapter.file).stem
    wanted = (f"labs/{name}.ipynb", f"downloads/{name}.ipynb", f"downloads/{name}.py")
    targets = {match["target"] for _, line in chapter.prose for match in LINK.finditer(line)}
    return [
        Problem(
            chapter.file, 1, f"the chapter does not link to ../{target}",
            expected="the row of downloads under the title",
            mend="copy it from docs/foundations/vectors.md, with this chapter's name in it",
        )
        for target in wanted
        if not any(link.endswith(target) for link in targets)
    ]  # fmt: skip


def _sections(chapter: Chapter) -> list[Problem]:
    headings = [m["title"] for _, line in chapter.prose if (m := HEADING.match(line))]
    there = [heading for heading in headings if heading in ENDS]
    if there == list(ENDS):
        return []
    return [
        Problem(
            chapter.file, len(chapter.lines), "the chapter does not end as chapters do",
            expected="the headings " + ", ".join(ENDS), got=", ".join(there) or "none of them",
        )
    ]  # fmt: skip


def _counts(chapter: Chapter) -> list[Problem]:
    found = []
    exercises, number = chapter.exercises, chapter.meta.get("chapter")
    least, most = EXERCISES
    kinds = {exercise.kind for exercise in exercises}
    if not least <= len(exercises) <= most or not {"on paper", "concept"} <= kinds:
        found.append(
            Problem(
                chapter.file, exercises[0].line if exercises else 1,
                f"the chapter has {len(exercises)} exercises, and kinds are missing"
                if exercises and len(exercises) >= least
                else f"the chapter has {len(exercises)} of at least {least} exercises",
                expected=f"{least} to {most}, one on paper and one a concept among them",
                got=f"{len(exercises)}: {', '.join(sorted(kinds)) or 'none'}",
            )
        )  # fmt: skip
    for at, exercise in enumerate(exercises, start=1):
        if exercise.number != f"{number}.{at}":
            found.append(
                Problem(
                    chapter.file, exercise.line, "an exercise is numbered out of order",
                    expected=f"Exercise {number}.{at}", got=f"Exercise {exercise.number}",
                )
            )  # fmt: skip
    figures = sum(len(block.images) for block in chapter.blocks)
    if figures < FIGURES:
        found.append(
            Problem(
                chapter.file, 1, "the chapter shows too few figures",
                expected=f"at least {FIGURES}, drawn by visible code", got=str(figures),
            )
        )  # fmt: skip
    return found
