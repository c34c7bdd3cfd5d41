"""What the press says when something is wrong: where, what, expected, got, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the book, in a contributor's terms.

    `file` and `line` (from 1) are where the contributor must look: the Markdown file, or the
    source file of an included region. `mend` is a command to run or a change to make.
    """

    file: str
    line: int
    what: str
    expected: str = ""
    got: str = ""
    mend: str = ""

    def __str__(self) -> str:
        parts = [f"{self.file}:{self.line}: {self.what}"]
        for name, text in (("expected", self.expected), ("got", self.got), ("mend", self.mend)):
            if text:
                first, *rest = text.splitlines() or [""]
                parts.append(f"    {name:>8}: {first}")
                parts += [f"              {line}" for line in rest]
        return "\n".join(parts)


def count(number: int, name: str) -> str:
    """`1 image`, `2 images`."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


class PressError(Exception):
    """Problems that stop the work at hand; `problems` lists them."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in problems))
