"""Tells the built pages which blocks are live: attributes, from which book.js makes the buttons.

    data-live="7"                        the page's own block number 7, from 0
    data-exercise="1.3" data-role="…"    a block of an exercise: starter, check, solution or mistake
    data-still="needs PyTorch"           beside one of these: the block cannot run in the browser

Nothing is run here: whether a block needs PyTorch is read off the names it uses.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from press import chapter as chapters
from press.chapter import Chapter
from press.includes import expand_code
from press.lab import chapter_files
from press.live.session import names, needed

PYTHON = re.compile(r'<div class="(?=[^"]*\blanguage-python\b)[^"]*\bhighlight\b[^"]*"')
MISSING = {"torch": "PyTorch"}
"""What blocks import and the browser's Python does not have."""


def mark(site: Path, root: Path) -> list[Path]:
    """Marks the blocks of every chapter's page; gives the pages that changed."""
    changed = []
    for file in chapter_files(root / "docs"):
        page = site / file.relative_to(root / "docs").with_suffix("") / "index.html"
        if not page.is_file():
            continue
        before = page.read_text(encoding="utf-8")
        after = marked(before, marks(chapters.read(file, root), root))
        if after != before:
            page.write_text(after, encoding="utf-8", newline="\n")
            changed.append(page)
    return changed


def marked(page: str, attributes: list[str]) -> str:
    """The page with the attributes in its Python blocks, one after the other."""
    if "data-live=" in page:
        return page
    waiting = iter(attributes)
    return PYTHON.sub(lambda match: f"{match[0]}{next(waiting, '')}", page)


def marks(chapter: Chapter, root: Path) -> list[str]:
    """The attributes of each Python block of a chapter, in the order of the page."""
    own = [block for block in chapter.blocks if not block.role]
    code = {
        block.line: "\n".join(
            line.text for line in expand_code(block.fence.lines, chapter.file, block.line + 1, root)
        )
        for block in chapter.blocks
    }
    texts = [code[block.line] for block in own]
    why = [_why(text, block.not_run) for text, block in zip(texts, own, strict=True)]
    for at, text in enumerate(texts):  # what needs a name that only such a block gives
        if not why[at]:
            why[at] = next((why[n] for n in needed(texts[:at], text) if why[n]), "")
    parts = {}
    for exercise in chapter.exercises:
        about = f' data-exercise="{exercise.number}"'
        check = code[exercise.check.line]

        def why_not(answer: str, check: str = check) -> str:
            both = (
                f"{answer}\n{check}"  # what the answer gives, the check does not need of the page
            )
            return _why(both, None) or next((why[n] for n in needed(texts, both) if why[n]), "")

        still = why_not(code[exercise.starter.line])
        parts[exercise.check.line] = f'{about} data-role="check"', still
        for block in [exercise.starter, *exercise.solutions, *exercise.mistakes]:
            here = still or why_not(code[block.line])
            parts[block.line] = f'{about} data-role="{block.role}"', here
    for at, block in enumerate(own):
        parts[block.line] = f' data-live="{at}"', why[at]
    return [
        mark + (f' data-still="{html.escape(still)}"' if still else "")
        for mark, still in (parts[block.line] for block in chapter.blocks)
    ]


def _why(text: str, not_run: str | None) -> str:
    if not_run is not None:
        return "is not run"
    for module, name in MISSING.items():
        if re.search(rf"^\s*(?:import|from)\s+{module}\b", text, re.MULTILINE):
            return f"needs {name}"
    if re.search(r"errstate\([^)]*[\"']raise[\"']", text):
        return "needs overflow to be noticed, which browsers do not"
    if "time" in names(text).used:
        return "measures times, and a browser's clock is coarse"
    return ""


def exercises(root: Path) -> list[dict]:
    """What the page of the reader's progress shows: chapters with their exercises."""
    found = []
    for file in chapter_files(root / "docs"):
        chapter = chapters.read(file, root)
        found.append(
            {
                "chapter": chapter.meta["chapter"],
                "title": chapter.meta["title"],
                "page": file.relative_to(root / "docs").with_suffix("").as_posix() + "/",
                "exercises": [
                    {"number": e.number, "id": e.id, "title": e.title, "about": _about(e)}
                    for e in chapter.exercises
                ],
            }
        )
    return sorted(found, key=lambda one: one["chapter"])


def _about(exercise) -> str:
    return f"{exercise.level} · {exercise.minutes} minutes · {exercise.kind}"


def has_runtime(site: Path) -> bool:
    return (site / "assets/vendor/pyodide/manifest.json").is_file()
