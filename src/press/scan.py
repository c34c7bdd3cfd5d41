"""A Markdown text with everything that is not prose blanked, so that maths can be looked for.

Code fences, code spans, HTML comments and front matter become spaces; every character keeps its
line and column. Indented code is not recognised (in a list it looks the same as prose); the book
writes fences.
"""

from __future__ import annotations

import re

FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
# A fence may stand in a quotation or open a list item; a backtick's info string has no backtick.
FENCE = re.compile(r"[\s>]*(?:[-*+]\s+|\d+[.)]\s+)?(?:(`{3,})[^`]*|(~{3,}).*)$")
# Whichever starts first wins: a comment, or a code span, which ends within its paragraph.
COMMENT_OR_CODE = re.compile(
    r"<!--.*?(?:-->|\Z)|(?<![`\\])(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)", re.DOTALL
)


def prose(text: str) -> str:
    """The text, as long as before, with everything that is not prose blanked."""
    text = FRONT_MATTER.sub(_blank, text, count=1)
    lines = []
    fence = ""
    for line in text.split("\n"):
        opening = FENCE.match(line)
        if fence:
            marks = line.lstrip(" \t>").rstrip()
            if len(marks) >= len(fence) and set(marks) == {fence[0]}:
                fence = ""
            lines.append(" " * len(line))
        elif opening:
            fence = opening[1] or opening[2]
            lines.append(" " * len(line))
        else:
            lines.append(line)
    return COMMENT_OR_CODE.sub(_blank, "\n".join(lines))


def prose_lines(text: str) -> list[tuple[int, str]]:
    """Every line of `prose(text)` with its number, from 1."""
    return list(enumerate(prose(text).split("\n"), start=1))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])
