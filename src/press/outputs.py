"""Compares what a block printed with what its page says it prints."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

FLOAT = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?(?![\w.])")


def same(expected: str, got: str) -> bool:
    """Whether the two texts agree: text and integers exactly, floats to the digits expected shows.

    A float that was printed with more digits than the page shows is rounded to the page's; every
    digit that the page does show must be right. One without decimals (`2.`) must be as printed.
    """
    a, b = _lines(expected), _lines(got)
    return a == b or (len(a) == len(b) and all(map(_same_line, a, b)))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _same_line(expected: str, got: str) -> bool:
    if expected == got:
        return True
    if FLOAT.split(expected) != FLOAT.split(got):
        return False
    pairs = zip(FLOAT.findall(expected), FLOAT.findall(got), strict=True)
    return all(_same_float(a, b) for a, b in pairs)


def _same_float(expected: str, got: str) -> bool:
    a, b = Decimal(expected), Decimal(got)
    if a.as_tuple().exponent < b.as_tuple().exponent:
        return False  # the page shows digits that were not printed
    if not re.search(r"\.\d", expected):
        return expected == got
    if a and _sign(expected) != _sign(got):
        return False  # `+0.5` is not `0.5`; but −0.00 and 0.00 differ by rounding noise alone
    try:
        return a == b.quantize(a)
    except InvalidOperation:  # more digits than a Decimal holds
        return False


def _sign(number: str) -> str:
    return number[0] if number[0] in "+-" else ""


def words(text: str) -> str:
    """Text as a prose check compares it: one line, plain minus signs, no emphasis marks."""
    text = re.sub(r"\\([%$&#_{}])", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"[*`$]", "", text).replace("−", "-")).strip()


LEFT, RIGHT = r"(?<![\w-])(?<!\d[.,])", r"(?!\w)(?![.,]\d)"
"""What stands before and after whole words: `0.97` is not found in `0.972`, nor in `10.97`."""
_LEFT, _RIGHT = re.compile(LEFT), re.compile(RIGHT)


def pattern(said: str) -> re.Pattern:
    """Matches `said` (as `words` gives it) as whole words."""
    return re.compile(LEFT + re.escape(said) + RIGHT)


def times(said: str, text: str) -> int:
    """How often `pattern(said)` is found in the text; a pattern used once costs more than this."""
    count, at = 0, text.find(said)
    while said and at >= 0:
        whole = _LEFT.match(text, at) and _RIGHT.match(text, at + len(said))
        count += bool(whole)
        at = text.find(said, at + len(said) if whole else at + 1)
    return count
