"""Makes each step of a page (a block, a prose check, an exercise) one test, by sybil.

A page gives one test more at its start, for what is wrong before anything runs, and one at its end,
for what only the whole page shows. Tests of a page share one run of it, made when the first of them
is asked for: any one of them may be chosen alone, and the steps above it run first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sybil import Document, Example, Region, Sybil

from press import chapter as chapters
from press import check, execute, verified
from press.problems import PressError, Problem


@dataclass
class Part:
    """One test of a page: its name, and how it finds its problems; `told` hears what it found."""

    name: str
    find: Callable[[], list[Problem]]
    told: Callable[[Part, list[Problem]], None] = lambda part, problems: None


class Page:
    """A page under test, which runs when the first test asks for it."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path, self.root = path, root
        self._run: execute.PageRun | None = None
        self.waiting: set[int] = set()
        """The tests of the page that have not passed yet, by the identity of their parts."""
        try:
            self.chapter, self.unread = chapters.read(path, root), []
        except PressError as error:
            name = path.relative_to(root).as_posix()
            self.chapter, self.unread = chapters.parse("", name), error.problems

        self.digest = verified.before(self.chapter, root)

    def heard(self, part: Part, problems: list[Problem]) -> None:
        """Once every test of the page has passed, the press writes down that it is verified."""
        if problems:
            verified.forget(self.chapter, self.root)
            return
        last = self.waiting == {id(part)}
        self.waiting.discard(id(part))
        if last:
            verified.write(self.chapter, self.root, self.digest)

    def run(self) -> execute.PageRun:
        if self._run is None:
            self._run = execute.PageRun(self.chapter, self.root)
        return self._run

    def before(self) -> list[Problem]:
        """What is wrong with the page before anything is run."""
        if self.unread:
            return self.unread
        return [*self.chapter.problems, *check.static_problems(self.chapter, self.root)]

    def parts(self) -> Iterator[tuple[int, Part]]:
        """The tests of the page, each with its line."""
        yield 1, Part("page", self.before)
        for item in self.chapter.steps():
            name = type(item).__name__.lower()
            if isinstance(item, chapters.Exercise):
                name += f"-{item.number}"
            yield item.line, Part(name, lambda item=item: self.run().step(item).problems)
        if self.chapter.steps():
            yield len(self.chapter.lines), Part("whole", lambda: self.run().finish())


def parse(document: Document) -> Iterator[Region]:
    """Sybil's parser: a region of no length at the line of each test."""
    path = Path(document.path).resolve()
    page = Page(path, check.find_root(path.parent))
    parts = list(page.parts())
    page.waiting = {id(part) for _, part in parts}
    starts = [0]
    for line in document.text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for line, part in parts:
        part.told = page.heard
        start = min(starts[line - 1], len(document.text))
        yield Region(start, start, parsed=part, evaluator=evaluate)


def evaluate(example: Example) -> None:
    """Fails with the problems' own words: a traceback of the press would help nobody."""
    __tracebackhide__ = True
    problems = example.parsed.find()
    example.parsed.told(example.parsed, problems)
    if problems:
        pytest.fail("\n".join(map(str, dict.fromkeys(problems))), pytrace=False)


class _Text(Document):
    """A page's text, even where it is not UTF-8: the page's own test says so."""

    @classmethod
    def parse(cls, path: str, *parsers: Callable, encoding: str = "utf-8") -> Document:
        document = cls(Path(path).read_text(encoding, errors="replace"), path)
        for parser in parsers:
            for region in parser(document):
                document.add(region)
        return document


class Book(Sybil):
    """The pages under docs/, each test named after its line and what stands there."""

    def __init__(self, root: Path) -> None:
        generated = [name.removeprefix("docs/") for name in check.GENERATED]
        super().__init__(
            [parse], path=str(root / "docs"), pattern="*.md", excludes=generated,
            document_types={".md": _Text},
        )  # fmt: skip

    def identify(self, example: Example) -> str:
        return f"line-{example.line}-{example.parsed.name}"
