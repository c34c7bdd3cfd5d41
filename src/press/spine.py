"""What every chapter has, beyond code that runs: its facts, its downloads, exercises and ends.

A chapter is a page whose front matter names its `part`. BOOK.md's spine says the rest in words;
here is what can be counted.
"""

from __future__ import annotations

from pathlib import Path

from press.chapter import HEADING, LINK, Chapter
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


def problems(chapter: Chapter) -> list[Problem]:
    """What a page lacks of a chapter's form, and lines of code that are too wide on any page."""
    found = _wide_lines(chapter)
    if "part" in chapter.meta:
        found += _facts(chapter) + _downloads(chapter) + _sections(chapter) + _counts(chapter)
    return found


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
            expected="the row of downloads under the title, as in docs/foundations/vectors.md",
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
                chapter.file, exercises[0].line if exercises else 1, "the chapter's exercises",
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
