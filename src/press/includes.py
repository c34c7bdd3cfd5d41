"""Includes (`--8<-- "file:region"`) expanded by pymdownx.snippets itself, with a source map.

The site expands includes with `pymdownx.snippets`; so does the press, through the same class, so
what is run is what is shown. On top of that, each expanded line remembers the file and line it
came from, so that a traceback points into `src/`, and not into a Markdown file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markdown import Markdown
from pymdownx.snippets import SnippetExtension, SnippetMissingError, SnippetPreprocessor

from press.problems import PressError, Problem

INCLUDE = SnippetPreprocessor.RE_ALL_SNIPPETS
"""pymdownx's own pattern of an include line."""

SECTION = SnippetPreprocessor.RE_SNIPPET_SECTION
"""pymdownx's own pattern of a line that opens or closes a region."""

MARKER = re.compile(
    r"^\s*#\s*--8<--\s+\[(?P<type>start|end):(?P<name>[a-zA-Z][\w-]*)\]\s*$", re.ASCII
)
REGION_FOLDERS = ("src/foundations", "snippets")


@dataclass(frozen=True)
class SourceLine:
    """One line of code and where it stands: `line` counts from 1 in `file`."""

    text: str
    file: str
    line: int


@dataclass(frozen=True)
class Region:
    """A named region of a source file; `first` and `last` are its own lines, markers excluded."""

    file: str
    name: str
    first: int
    last: int


@lru_cache
def _preprocessor(root: Path) -> SnippetPreprocessor:
    """pymdownx's preprocessor with the settings of mkdocs.yml (a test compares the two)."""
    extension = SnippetExtension(base_path=[str(root)], check_paths=True, dedent_subsections=True)
    md = Markdown(extensions=[extension])
    return md.preprocessors["snippet"]


def expand(lines: list[str], root: Path) -> list[str]:
    """The lines as pymdownx.snippets shows them. Raises SnippetMissingError as it does."""
    return _preprocessor(root).run(list(lines))


def _target(path: str, root: Path) -> dict:
    preprocessor = _preprocessor(root)
    preprocessor.bases = None  # folders may have come or gone since the last page
    target = preprocessor.parse_snippet_target(path)
    target["snippet"] = preprocessor.get_snippet_path(target["path"])
    return target


def include_path(line: str) -> str | None:
    """The path in an include line, or None where the line is none (or an escaped one)."""
    match = INCLUDE.match(line)
    if not match or match["escape"]:
        return None
    return match["snippet"][1:-1].strip() if match["snippet"] else ""


def expand_code(lines: list[str], file: str, first: int, root: Path) -> list[SourceLine]:
    """The code of a fence with its includes expanded, each line with its true file and line.

    `lines` stand in the Markdown file `file` from line `first`. Raises PressError for an include
    that cannot be followed: a missing file, a missing or unclosed region, an include by line.
    """
    expanded: list[SourceLine] = []
    for number, line in enumerate(lines, start=first):
        if "8<" not in line:  # neither an include nor a marker; pymdownx would hand it on
            expanded.append(SourceLine(line, file, number))
            continue
        path = include_path(line)
        if path is None:
            text = expand([line], root)
            # pymdownx drops section markers and unescapes `;--8<--`; neither adds a line.
            expanded += [SourceLine(t, file, number) for t in text]
            continue
        expanded += _include(line, path, file, number, root)
    return expanded


def _include(line: str, path: str, file: str, number: int, root: Path) -> list[SourceLine]:
    if not path:
        raise PressError(
            Problem(
                file,
                number,
                "include in block form (--8<-- alone on a line)",
                mend='write one line an include: --8<-- "src/foundations/module.py:region"',
            )
        )
    if path.startswith(";"):
        return []
    target = _target(path, root)
    if target["start"] or target["end"]:
        raise PressError(
            Problem(
                file,
                number,
                f"include by line number: {path}",
                expected="a named region: line numbers drift when the file is edited",
                mend=f'name a region in {target["path"]} and write --8<-- "{target["path"]}:name"',
            )
        )
    if target["snippet"] is None:
        raise PressError(
            Problem(
                file,
                number,
                f"included file not found: {target['path']}",
                mend="paths start at the project's root, for example src/foundations/vectors.py",
            )
        )
    source = Path(target["snippet"])
    name = source.relative_to(root).as_posix()
    names = [region.name for region in regions(source, root)]
    if target["section"] and target["section"] not in names:
        raise PressError(
            Problem(
                file,
                number,
                f"{name} has no region '{target['section']}'",
                expected="one of: " + (", ".join(names) or "(the file has no regions)"),
                got=target["section"],
                mend="write the region's new name here, or name it back in the source file",
            )
        )
    try:
        text = expand([line], root)
    except SnippetMissingError as error:  # nested includes; the cases above have better words
        raise PressError(Problem(file, number, f"include failed: {error}")) from error
    numbers = _line_numbers(source.read_text(encoding="utf-8"), target["section"])
    if len(numbers) != len(text):
        raise PressError(
            Problem(
                file,
                number,
                f"include within an include: {path}",
                mend="include each region from the chapter itself",
            )
        )
    return [SourceLine(t, name, n) for t, n in zip(text, numbers, strict=True)]


@lru_cache(maxsize=512)
def _line_numbers(text: str, section: str | None) -> tuple[int, ...]:
    """The numbers of the lines that pymdownx takes: section markers are never shown."""
    numbers: list[int] = []
    inside = section is None
    for number, line in enumerate(text.split("\n"), start=1):
        match = MARKER.match(line) if "8<" in line else None
        if match and section is not None and match["name"] == section:
            if match["type"] == "end":
                break
            inside = True
        elif not match and inside:
            numbers.append(number)
    return tuple(numbers)


def regions(source: Path, root: Path) -> list[Region]:
    """The named regions of a source file.

    Raises PressError for a region that opens twice, never closes, or closes unopened:
    pymdownx would show the wrong lines without a word.
    """
    return list(_regions(source.read_text(encoding="utf-8"), source.relative_to(root).as_posix()))


@lru_cache(maxsize=256)
def _regions(text: str, name: str) -> tuple[Region, ...]:
    opened: dict[str, int] = {}
    found: list[Region] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if "--8<--" not in line:
            continue
        match = MARKER.match(line)
        if not match:
            raise PressError(
                Problem(
                    name,
                    number,
                    "a region marker that pymdownx.snippets does not read alone",
                    expected="# --8<-- [start:name]  or  # --8<-- [end:name], alone on its line",
                    got=line.strip(),
                )
            )
        region = match["name"]
        if match["type"] == "start":
            if region in opened or any(r.name == region for r in found):
                raise PressError(Problem(name, number, f"region '{region}' opens twice"))
            opened[region] = number
        elif region not in opened:
            raise PressError(
                Problem(
                    name,
                    number,
                    f"region '{region}' closes but never opened",
                    mend=f"write # --8<-- [start:{region}] above it",
                )
            )
        else:
            found.append(Region(name, region, opened.pop(region) + 1, number - 1))
            if found[-1].first > found[-1].last:
                raise PressError(Problem(name, number, f"region '{region}' holds no line"))
    for region, number in opened.items():
        raise PressError(
            Problem(
                name,
                number,
                f"region '{region}' never closes",
                mend=f"write # --8<-- [end:{region}] below its last line",
            )
        )
    return tuple(found)


def all_regions(root: Path) -> list[Region]:
    """Every region of the folders that chapters include from."""
    return [
        region
        for folder in REGION_FOLDERS
        for source in sorted((root / folder).glob("**/*.py"))
        for region in regions(source, root)
    ]
