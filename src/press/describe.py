"""Figures in words: what is plotted, read off the data file beside each figure.

An alt text says what a picture shows; who wants its numbers and cannot see them finds them here.
Before a build the press writes a page for each chapter, `docs/figures/<chapter>.md`, with a section
for each of its figures: axes, and of each line, bar, point, arrow or heat map where it is. The data
files are compared with what the code draws by the checks, so these words are no more than theirs.
"""

from __future__ import annotations

import html
import json
import math
import posixpath
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from press import chapter as chapters
from press.chapter import Chapter
from press.figures import data_path
from press.lab import chapter_files
from press.navigation import DESCRIPTIONS
from press.vendor import write_if_changed

FEW = 12
"""Up to so many points are all told; of more, the first, the last, the lowest and the highest."""
CELLS = 64
"""Up to so many cells of a heat map are all told."""
LINES = {"-": "solid", "--": "dashed", ":": "dotted", "-.": "dash-dotted"}
MARKERS = {
    "o": "circle", ".": "dot", "s": "square", "^": "triangle", "v": "triangle", "x": "cross",
    "X": "cross", "*": "star", "|": "stroke", "+": "cross", "D": "diamond",
}  # fmt: skip
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

Point = tuple[float, float]


def write(root: Path) -> list[Path]:
    """Makes docs/figures/ what the chapters' figures say; gives the files it wrote."""
    docs = root / "docs"
    made, written = set(), []
    for path in chapter_files(docs):
        target = docs / DESCRIPTIONS / f"{path.stem}.md"
        sources = [path, Path(__file__), *path.parent.glob(f"figures/{path.stem}-*.data.json")]
        changed = max(source.stat().st_mtime_ns for source in sources)
        if target.is_file() and target.stat().st_mtime_ns > changed:
            made.add(target)  # reading all the data takes seconds
            continue
        if text := page(chapters.read(path, root), root):
            made.add(target)
            if write_if_changed(target, text.encode()):
                written.append(target)
            else:
                target.touch()
    for path in (docs / DESCRIPTIONS).glob("*"):
        if path not in made:
            path.unlink()
    return written


def page(chapter: Chapter, root: Path) -> str:
    """The page about a chapter's figures; "" where it has none with data."""
    folder = (root / chapter.file).parent
    parts = []
    for image in {image.path: image for image in chapter.images}.values():
        beside = data_path(folder / image.path)
        if not beside.is_file():
            continue
        try:
            data = json.loads(beside.read_text(encoding="utf-8"))["figure"]
        except (ValueError, KeyError):
            continue  # the page's own check says so
        name = Path(image.path).stem
        short = name.removeprefix(f"{Path(chapter.file).stem}-").replace("-", " ")
        back = posixpath.relpath(chapter.file.removeprefix("docs/"), DESCRIPTIONS)
        parts.append(
            f"## Figure: {short} {{ #words-{name} }}\n\n"
            f"[The figure in its chapter]({back}#fig-{name})\n\n"
            f"<p>{html.escape(image.alt, quote=False)}</p>\n\n" + "\n".join(described(data)) + "\n"
        )
    if not parts:
        return ""
    title = f"The figures of chapter {chapter.number} in words"
    return (
        f"---\ntitle: {title}\n"
        "description: What the figures of this chapter plot, in numbers.\n"
        f"search:\n  exclude: true\n---\n\n# {title}\n\n"
        "What each figure plots, for readers who do not see it or who want its numbers. The build "
        "writes this page from the plotted data; numbers have four digits.\n\n" + "\n".join(parts)
    )


def described(figure: dict) -> list[str]:
    """A figure's data in words, as HTML; every number is one of the data's."""
    axes = [one for one in figure["axes"] if not _is_scale(one)]
    scales = [one for one in figure["axes"] if _is_scale(one)]
    made = []
    for at, one in enumerate(axes, start=1):
        items = [_axis("Horizontal", one.get("x")), _axis("Vertical", one.get("y"))]
        items += _artists(one)
        of = f"Panel {at} of {len(axes)}" if len(axes) > 1 else ""
        title = ": ".join(filter(None, [of, _text(one["title"])]))
        made += [f"<p><strong>{title}</strong></p>"] if title else []
        made.append("<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items if item) + "\n</ul>")
    for one in scales:
        side = max((one["x"], one["y"]), key=lambda axis: bool(axis["label"]))
        low, high = side["limits"] if side["label"] else one["y"]["limits"]
        name = _text(side["label"]) or "values"
        made.append(f"<p>Scale of colours: {name}, from {_n(low)} to {_n(high)}.</p>")
    return made


def _is_scale(axes: dict) -> bool:
    """Whether axes are only the strip that says which colour is which value."""
    kinds = {artist["kind"] for artist in axes["artists"]}
    return axes["framed"][-1:] == ["outline"] and kinds <= {"QuadMesh", "LineCollection"}


# --- words ----------------------------------------------------------------------------------


def _n(value: float | str) -> str:
    """A number with four digits, as a reader writes it."""
    if isinstance(value, str):
        return {"inf": "∞", "-inf": "−∞"}.get(value, "no value")
    digits, _, power = f"{value:.4g}".partition("e")
    digits = digits.replace("-", "−")
    return digits if not power else f"{digits} × 10{str(int(power)).translate(SUPERSCRIPTS)}"


def _text(words: str) -> str:
    """A label; of its TeX, only the names and the small numbers under them are kept."""
    words = re.sub(r"_\{?(\d+)\}?", lambda match: match[1].translate(SUBSCRIPTS), words)
    words = re.sub(r"\\(?:mathdefault|mathrm|mathbf|text)|[${}]", "", words)
    return html.escape(" ".join(words.split()), quote=False)


def _listed(words: Sequence[str], most: int = 0) -> str:
    words = list(words)
    if most and len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def _many(number: int, name: str) -> str:
    plural = f"{name}es" if name.endswith("s") else f"{name}s"
    return f"1 {name}" if number == 1 else f"{number} {plural}"


def _marks(axis: dict) -> dict[float, str]:
    """Names that stand at places of an axis, as those of bars do."""
    places = [tick for tick in axis["ticks"] if not isinstance(tick, str)]
    names = [tick for tick in axis["ticks"] if isinstance(tick, str)]
    if len(places) != len(names):
        return {}
    named = {place: _text(name) for place, name in zip(places, names, strict=True)}
    return {place: name for place, name in named.items() if re.search(r"[A-Za-z]{2}", name)}


def _axis(side: str, axis: dict | None) -> str:
    if axis is None:
        return ""
    if names := _marks(axis):
        return f"{side} axis: {_listed(list(names.values()))}."
    low, high = axis["limits"]
    label = f"{_text(axis['label'])}, " if axis["label"] else ""
    scale = ", on a logarithmic scale" if axis["scale"] == "log" else ""
    return f"{side} axis: {label}from {_n(low)} to {_n(high)}{scale}."


# --- artists --------------------------------------------------------------------------------


def _artists(axes: dict) -> list[str]:
    names = _marks(axes["x"]) if "x" in axes else {}, _marks(axes["y"]) if "y" in axes else {}
    items, written = [], []
    bars = [artist for artist in axes["artists"] if artist["kind"] == "Rectangle"]
    for artist in axes["artists"]:
        kind = artist["kind"]
        if kind in ("Line2D", "AxLine"):
            items.append(_line(artist, names, axes.get("y", {}).get("scale") == "log"))
        elif kind in ("QuadMesh", "AxesImage"):
            items.append(_grid(artist, names))
        elif kind == "StepPatch":
            items.append(_steps(artist))
        elif kind == "Rectangle":
            if artist is bars[0]:
                items += _bars(bars, names)
        elif kind == "Polygon":
            corners = list(dict.fromkeys(_pairs(artist["path"])))
            items.append(f"{_label(artist)}A filled shape with corners {_points(corners)}.")
        elif kind == "QuadContourSet":
            items.append(_contours(artist))
        elif kind in ("Annotation", "Text"):
            if "arrow" in artist and not artist["text"] and _is_place(artist["at"]):
                start, end = _point(artist["at"], names), _point(artist["xy"], names)
                items.append(f"An arrow from {start} to {end}.")
            elif artist["text"].strip():
                place = _point(artist["xy"], names) if _is_place(artist["xy"]) else ""
                written.append(f"“{_text(artist['text'])}”" + (f" at {place}" if place else ""))
    if written:
        items.append(f"Written in it: {_listed(written)}.")
    return [item for item in items if item]


def _label(artist: dict) -> str:
    return f"<strong>{_text(artist['label'])}</strong>: " if artist.get("label") else ""


def _is_place(xy: list) -> bool:
    return all(isinstance(v, int | float) for v in xy)


def _point(xy: Sequence, names: tuple[dict, dict]) -> str:
    return f"({names[0].get(xy[0]) or _n(xy[0])}, {names[1].get(xy[1]) or _n(xy[1])})"


def _points(points: Sequence[Point], names: tuple[dict, dict] = ({}, {})) -> str:
    return _listed([_point(point, names) for point in points])


def _pairs(flat: list) -> list[Point]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _line(artist: dict, names: tuple[dict, dict], log: bool = False) -> str:
    """A line or points, by what its data and its style say.

    On a scale that is not logarithmic, a value 10¹² times smaller than others is 0: a rounding.
    """
    style, marker = artist["style"][:2]
    label, every = _label(artist), list(zip(artist["x"], artist["y"], strict=False))
    points = [p for p in every if _is_place(p)]
    gone = len(every) - len(points)
    but = f" {_many(gone, 'value')} of {len(every)} {'is' if gone == 1 else 'are'} not finite." * (
        gone > 0
    )
    if "through" in artist:
        return f"{label}A straight line through {_points([tuple(p) for p in artist['through']])}."
    if not points:
        return ""
    tiny = 0 if log else 1e-12 * max(abs(y) for _, y in points)
    points = [(x, 0.0 if abs(y) < tiny else y) for x, y in points]
    xs, ys = zip(*points, strict=True)
    marker = MARKERS.get(marker, "")
    if style not in LINES:
        what = _many(len(points), marker or "point")
        if len(points) <= FEW:
            return f"{label}{what}: {_points(points, names)}.{but}"
        return f"{label}{what}: {_spread(xs, names[0])} across, {_spread(ys, names[1])} up.{but}"
    kind = f"{LINES[style]} line" + (f" with {marker}s" if marker else "")
    kind = ("A " if label == "" else "a ") + kind
    if len(every) == 2 and list(ys) == [0.0, 1.0] and xs[0] == xs[1]:
        return f"{label}{kind}, upright at {_n(xs[0])}."
    if len(every) == 2 and list(xs) == [0.0, 1.0] and ys[0] == ys[1]:
        return f"{label}{kind}, level at {_n(ys[0])}."
    if len(points) <= FEW:
        return f"{label}{kind} through {_points(points, names)}.{but}"
    if any(b < a for a, b in pairwise(xs)):  # a path, not a function
        return (
            f"{label}{kind} on a path of {len(points)} points from {_points(points[:1])} to "
            f"{_points(points[-1:])}, {_spread(xs, {})} across and {_spread(ys, {})} up.{but}"
        )
    return f"{label}{kind} through {len(points)} points. {_course(points)}{but}"


def _spread(values: Sequence[float], names: dict[float, str]) -> str:
    low, high = min(values), max(values)
    if low == high:
        return f"{names.get(low) or _n(low)}"
    return f"{names.get(low) or _n(low)} to {names.get(high) or _n(high)}"


def _course(points: Sequence[Point]) -> str:
    """How a curve goes: where it starts and ends, its lowest and its highest point."""
    (x0, first), (x1, last) = points[0], points[-1]
    ys = [y for _, y in points]
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    if low[1] == high[1]:
        return f"It is {_n(first)} from {_n(x0)} to {_n(x1)}."
    steps = [b - a for a, b in pairwise(ys)]
    if all(step >= 0 for step in steps) or all(step <= 0 for step in steps):
        way = "rises" if last > first else "falls"
        return f"It {way} from {_n(first)} at {_n(x0)} to {_n(last)} at {_n(x1)}."
    ends = f"It goes from {_n(first)} at {_n(x0)} to {_n(last)} at {_n(x1)}"
    return (
        f"{ends}; the lowest is {_n(low[1])}, at {_n(low[0])}, the highest {_n(high[1])}, "
        f"at {_n(high[0])}."
    )


def _bars(bars: list[dict], names: tuple[dict, dict]) -> list[str]:
    """Bars that stand side by side, and rectangles that do not."""
    boxes = []
    for bar in bars:
        xs, ys = zip(*_pairs(bar["path"]), strict=True)
        boxes.append((min(xs), max(xs), min(ys), max(ys)))
    if len(bars) > 2:
        upright = len({box[2] for box in boxes}) == 1
        level = len({box[0] for box in boxes}) == 1
        if upright or level:
            a, b, c = (0, 1, 3) if upright else (2, 3, 1)
            side = names[0] if upright else names[1]
            told = [
                (_near((box[a] + box[b]) / 2, side) or f"{_n(box[a])} to {_n(box[b])}", box[c])
                for box in boxes
            ]
            what = f"{len(told)} bars"
            return [f"{what}: " + "; ".join(f"{at}: {_n(value)}" for at, value in told) + "."]
    return [
        f"{_label(bar)}A filled box from {_n(box[0])} to {_n(box[1])} across"
        f" and {_n(box[2])} to {_n(box[3])} up."
        for bar, box in zip(bars, boxes, strict=True)
    ]


def _near(value: float, names: dict[float, str]) -> str:
    return next((name for at, name in names.items() if math.isclose(at, value, abs_tol=1e-6)), "")


def _steps(artist: dict) -> str:
    """A histogram drawn as an outline: heights between its edges."""
    pairs = _pairs(artist["path"])
    tops = [p for p, q in pairwise(pairs) if p[1] == q[1] and p[0] != q[0]]
    if not tops:
        return ""
    low, high = min(tops, key=lambda p: p[1]), max(tops, key=lambda p: p[1])
    xs = [x for x, _ in pairs]
    start = "a" if artist.get("label") else "A"
    return (
        f"{_label(artist)}{start} histogram of {len(tops)} steps from {_n(min(xs))} to "
        f"{_n(max(xs))}: {_n(tops[0][1])} in the first and {_n(tops[-1][1])} in the last, at least "
        f"{_n(low[1])} (from {_n(low[0])} on) and at most {_n(high[1])} (from {_n(high[0])} on)."
    )


def _contours(artist: dict) -> str:
    levels = [v for v in artist["values"] if isinstance(v, int | float)]
    if not levels:
        return ""
    word = "level" if len(levels) == 1 else "levels"
    return f"{_label(artist)}Contours, or areas between them, at the {word} {_some(levels)}."


def _some(values: list[float]) -> str:
    if len(values) <= FEW:
        return _listed([_n(value) for value in values])
    return f"{_n(values[0])} to {_n(values[-1])}, {len(values)} in all"


def _grid(artist: dict, names: tuple[dict, dict]) -> str:
    """A heat map: all its values if they are few, else where they lie."""
    values = [v for v in artist["values"] if isinstance(v, int | float)]
    if not values:
        return ""
    columns = _columns(artist)
    if not columns or len(artist["values"]) % columns:
        return f"A heat map of {len(values)} values from {_n(min(values))} to {_n(max(values))}."
    rows = [artist["values"][at : at + columns] for at in range(0, len(artist["values"]), columns)]
    size = f"A heat map of {_many(len(rows), 'row')} and {_many(columns, 'column')}"
    span = f"values from {_n(min(values))} to {_n(max(values))}"
    if len(values) > CELLS:
        return f"{size}, {span}."
    across = [_near(at + 0.5, names[0]) or _near(at, names[0]) for at in range(columns)]
    down = [_near(at + 0.5, names[1]) or _near(at, names[1]) for at in range(len(rows))]
    head = "".join(f'<th scope="col">{name or at}</th>' for at, name in enumerate(across, start=1))
    body = "".join(
        f'<tr><th scope="row">{name or at}</th>'
        + "".join(f"<td>{_n(value)}</td>" for value in row)
        + "</tr>"
        for at, (row, name) in enumerate(zip(rows, down, strict=True), start=1)
    )
    # Rows in the order of the data; the axis may count them upwards.
    return f"{size}, {span}:\n<table><tr><td></td>{head}</tr>{body}</table>"


def _columns(artist: dict) -> int:
    """How many columns a heat map has, from the corners of its cells."""
    corners = _pairs(artist["paths"][0]) if artist.get("paths") else []
    if not corners:
        return 0
    first = next((at for at, p in enumerate(corners) if p[1] != corners[0][1]), len(corners))
    return first - 1
