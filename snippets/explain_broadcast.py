"""Explain how NumPy or PyTorch broadcasts some shapes, or why they do not fit."""

from collections.abc import Sequence


def explain_broadcast(*shapes: Sequence[int]) -> str:
    """The shapes right-aligned, one to a line, and what they make together.

    Works for any number of shapes; takes an array's or a tensor's `.shape`.
    """
    width = max((len(shape) for shape in shapes), default=0)
    filled = [(1,) * (width - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for sizes in zip(*filled, strict=True):
        not_one = {size for size in sizes if size != 1}
        result.append(str(max(not_one, default=1)) if len(not_one) < 2 else "?")

    def line(cells: Sequence[str], end: str = "") -> str:
        return ("".join(f"{cell:>6}" for cell in cells) + end).rstrip()

    lines = []
    for shape in shapes:
        cells = [""] * (width - len(shape)) + [str(size) for size in shape]
        lines.append(line(cells, "   scalar" if not shape else ""))
    lines.append(line(["-----"] * width))
    lines.append(line(result, "   does not fit" if "?" in result else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    print(explain_broadcast((8, 1, 6, 1), (7, 1, 5)))
    print()
    print(explain_broadcast((2, 3), (2,)))
