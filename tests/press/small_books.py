"""A small book in a temporary folder, to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

from press import chapter as chapters
from press import check, execute, update
from press.problems import Problem

ROOT = Path(__file__).parents[2]
PAGE = "docs/part/page.md"


class Book:
    """A project tree with the real mkdocs.yml and one page."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("docs/part", "src/foundations", "snippets", "tests"):
            (root / folder).mkdir(parents=True)
        shutil.copy(ROOT / "mkdocs.yml", root / "mkdocs.yml")

    @property
    def page(self) -> Path:
        return self.root / PAGE

    @property
    def text(self) -> str:
        return self.page.read_bytes().decode("utf-8")

    def write(self, text: str, file: str = PAGE) -> Path:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return path

    def change(self, old: str, new: str, file: str = PAGE) -> None:
        """Replaces text that stands exactly once in a file."""
        text = (self.root / file).read_bytes().decode("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        self.write(text.replace(old, new), file)

    def check(self, text: str | None = None) -> list[Problem]:
        """What `make check PAGE=` says of the page."""
        if text is not None:
            self.write(text)
        return check.check_page(self.page, self.root)

    def check_all(self) -> list[Problem]:
        """What `make check` says of the whole book."""
        return [*self.check(), *check.check_book(self.root)]

    def update(self, text: str | None = None) -> str:
        """Does what `make update PAGE=` does; gives the page's new text."""
        if text is not None:
            self.write(text)
        update.write(update.plan(self.page, self.root), self.root)
        return self.text

    def run(self, text: str) -> execute.PageRun:
        self.write(text)
        return execute.PageRun(chapters.read(self.page, self.root), self.root)

    def files(self) -> dict[str, bytes]:
        """Every file of the book with its bytes."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def fence(code: str, info: str = "python", marks: str = "```") -> str:
    return f"{marks}{info}\n{code}\n{marks}\n"


def block(code: str, output: str | None = None, info: str = "python") -> str:
    """A Python fence with its output, as chapters write them."""
    text = fence(code, info)
    return text if output is None else f"{text}\n{fence(output, 'output')}"
