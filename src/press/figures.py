"""Figures: drawn by the chapters' code, kept as one SVG for light and dark, compared as data.

Beside `name.svg` stands `name.data.json`: the plotted data, and the digest of the SVG that was
drawn from it. A check redraws nothing on disk. It takes the data of the figure that the block
draws now, compares it with the stored data within a tolerance, and asks that the SVG is still the
one that belongs to it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

STYLE = Path(__file__).with_name("book.mplstyle")
RTOL, ATOL = 1e-6, 1e-9
"""Two plotted values agree when |a − b| ≤ ATOL + RTOL·|b|: last bits differ among machines."""

# Key colour in book.mplstyle → (CSS variable, light value, dark value).
PALETTE = {
    "#0072b2": ("c0", "#0072B2", "#56B4E9"),
    "#c04f00": ("c1", "#C04F00", "#E69F00"),
    "#004d38": ("c2", "#004D38", "#BFF0DD"),
    "#9c3587": ("c3", "#9C3587", "#D96BB5"),
    "#fefefe": ("paper", "#FFFFFF", "#16181D"),
    "#1c1e22": ("ink", "#1C1E22", "#E8EAED"),
    "#6c7079": ("muted", "#6C7079", "#9AA0AA"),
    "#d9dce2": ("grid", "#D9DCE2", "#343841"),
}


def stage() -> None:
    """Sets the book's style for the figures to come, whether or not matplotlib is loaded yet."""
    os.environ["MATPLOTLIBRC"] = str(STYLE)
    os.environ.pop("MPLBACKEND", None)
    if "matplotlib" not in sys.modules:
        return
    import matplotlib

    matplotlib.rcdefaults()
    matplotlib.rc_file(STYLE)
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib import pyplot as plt

        plt.close("all")
        plt.switch_backend("module://press.canvas")


@dataclass
class Drawn:
    """A figure that a block drew: its data, whether it was shown, and the figure itself."""

    data: dict
    shown: bool
    figure: object

    def svg(self) -> str:
        return to_svg(self.figure)


def collect() -> list[Drawn]:
    """The figures that are open now, oldest first; closes them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        return []
    from press import canvas

    drawn = []
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        drawn.append(Drawn(plotted(figure), number in canvas.shown, figure))
    pyplot.close("all")
    canvas.shown.clear()
    return drawn


# --- plotted data ----------------------------------------------------------------------------


def plotted(figure) -> dict:
    """What a figure shows, as plain data: per axes its words, limits and artists."""
    return {
        "size": _numbers(figure.get_size_inches()),
        "paper": _colors(figure.get_facecolor()),
        "artists": [
            _artist(child)
            for child in figure.get_children()
            if child.get_visible() and child is not figure.patch and child not in figure.axes
        ],
        "axes": [_axes(axes) for axes in figure.axes if axes.get_visible()],
    }


def _axes(axes) -> dict:
    sides = axes._axis_map  # x and y; on a polar plot and in 3D, theirs
    skipped = {axes.patch, axes.title, axes._left_title, axes._right_title, *sides.values()}
    spines = [name for name, spine in axes.spines.items() if spine.get_visible()]
    return {
        "title": " ".join(filter(None, (axes.get_title(at) for at in ("left", "center", "right")))),
        "place": _numbers(axes.get_position(original=True).bounds),
        "paper": _colors(axes.get_facecolor()),
        "aspect": str(axes.get_aspect()),
        "framed": [bool(axes.axison), *spines],
        **{
            side: {
                "label": axis.get_label_text(),
                "limits": _numbers(axis.get_view_interval()),
                "scale": axis.get_scale(),
                "ticks": _chosen_ticks(axis),
                "grid": bool(axis._major_tick_kw.get("gridOn")),
            }
            for side, axis in sides.items()
        },
        "artists": [
            _artist(child)
            for child in axes.get_children()
            if child.get_visible() and child not in skipped and child not in axes.spines.values()
        ],
    }


def _chosen_ticks(axis) -> list:
    """Tick places and labels that the block chose; automatic ones follow from the limits."""
    from matplotlib.ticker import AutoLocator, LogLocator, ScalarFormatter

    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    places = [] if isinstance(locator, AutoLocator | LogLocator) else _numbers(locator())
    labels = [] if isinstance(formatter, ScalarFormatter) else formatter.format_ticks(locator())
    return [*places, *labels]


def _artist(artist) -> dict:
    from matplotlib import collections, image, legend, lines, patches, quiver, table, text

    known: dict = {"kind": type(artist).__name__}
    if isinstance(artist, lines.Line2D):
        x, y = artist.get_data(orig=False)
        known |= {
            "x": _numbers(x),
            "y": _numbers(y),
            "color": _colors(artist.get_color()),
            "style": [
                artist.get_linestyle(),
                str(artist.get_marker()),
                _number(artist.get_linewidth()),
                _number(artist.get_markersize()),
                *_colors(artist.get_markerfacecolor()),
            ],
        }
        if isinstance(artist, lines.AxLine):  # its data are those of any such line
            known["through"] = [_loose(xy) for xy in (artist._xy1, artist._xy2) if xy is not None]
            known["slope"] = str(artist._slope)
    elif isinstance(artist, text.Annotation):
        known |= {
            "text": artist.get_text(),
            "xy": _loose(artist.xy),
            "at": _loose(artist.xyann),
            "color": _colors(artist.get_color()),
            "style": _lettering(artist),
        }
        if artist.arrow_patch is not None:
            arrow = artist.arrow_patch
            known |= {
                "arrow": _colors(arrow.get_edgecolor()),
                "shaft": [_number(arrow.get_linewidth()), str(arrow.get_linestyle())],
            }
    elif isinstance(artist, text.Text):
        known |= {
            "text": artist.get_text(),
            "xy": _loose(artist.get_position()),
            "color": _colors(artist.get_color()),
            "style": _lettering(artist),
        }
    elif isinstance(artist, quiver.Quiver):
        known |= {
            "offsets": _numbers(artist.get_offsets()),
            "u": _numbers(artist.U),
            "v": _numbers(artist.V),
            "color": _colors(artist.get_facecolor()),
            "style": [
                str(artist.units),
                str(artist.angles),
                str(artist.scale),
                str(artist.scale_units),
                str(artist.width),
            ],
        }
    elif isinstance(artist, collections.Collection):
        mesh = isinstance(artist, collections.QuadMesh)  # its corners, or its paths are legion
        paths = [artist.get_coordinates()] if mesh else [p.vertices for p in artist.get_paths()]
        known |= {
            "offsets": _numbers(artist.get_offsets()),
            "paths": [_numbers(path) for path in paths],
            "color": _colors(artist.get_facecolor()) + _colors(artist.get_edgecolor()),
            "values": _numbers(artist.get_array()) if artist.get_array() is not None else [],
            "style": [
                *_numbers(artist.get_linewidth()),
                str(artist.get_hatch()),
                *(str(style) for style in artist.get_linestyle()),
            ],
        }
        if hasattr(artist, "get_sizes"):
            known["sizes"] = _numbers(artist.get_sizes())
        if artist.get_array() is not None:
            known["map"] = [artist.get_cmap().name, *_numbers(artist.get_clim())]
    elif isinstance(artist, image.AxesImage):
        known |= {
            "values": _numbers(artist.get_array()),
            "extent": _numbers(artist.get_extent()),
            "map": [artist.get_cmap().name, *_numbers(artist.get_clim())],
            "origin": artist.origin,
        }
    elif isinstance(artist, patches.FancyArrowPatch) and artist._posA_posB is not None:
        known |= {
            "ends": _loose([*artist._posA_posB[0], *artist._posA_posB[1]]),
            "color": _colors(artist.get_facecolor()),
            "edge": _colors(artist.get_edgecolor()),
            "style": [str(artist.get_linestyle()), _number(artist.get_linewidth())],
        }
    elif isinstance(artist, patches.Patch):
        path = artist.get_patch_transform().transform_path(artist.get_path())
        known |= {
            "path": _numbers(path.vertices),
            "color": _colors(artist.get_facecolor()),
            "edge": _colors(artist.get_edgecolor()),
            "style": [
                str(artist.get_linestyle()),
                _number(artist.get_linewidth()),
                str(artist.get_hatch()),
            ],
        }
        if isinstance(artist, table.Cell):
            known["text"] = artist.get_text().get_text()
    elif isinstance(artist, legend.Legend):
        known |= {
            "text": [part.get_text() for part in (artist.get_title(), *artist.get_texts())],
            "place": str(artist._loc),
            "parts": [_artist(h) for h in artist.legend_handles],
        }
    else:  # tables, boxes and what else is made of other artists
        known["parts"] = [_artist(part) for part in artist.get_children() if part.get_visible()]
    if artist.get_alpha() is not None:
        known["alpha"] = _numbers(artist.get_alpha())
    if artist.get_label() and not str(artist.get_label()).startswith("_"):
        known["label"] = str(artist.get_label())
    return known


def _lettering(text) -> list:
    return [
        _number(text.get_size()),
        str(text.get_weight()),
        text.get_style(),
        _number(text.get_rotation()),
        text.get_ha(),
        text.get_va(),
    ]


def _number(value) -> float | None:
    """A float with ten significant digits; JSON has no NaN and no infinity, so those are words."""
    value = float(value)
    return float(f"{value:.10g}") if math.isfinite(value) else str(value)


def _numbers(values) -> list:
    import numpy as np

    values = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan).ravel()
    if np.isfinite(values).all():  # as _number would, without a call for each
        return [float(f"{value:.10g}") for value in values.tolist()]
    return [_number(value) for value in values]


def _loose(values) -> list:
    """Positions may mix numbers with words (`("king", 0.9)` on a categorical axis)."""
    return [v if isinstance(v, str) else _number(v) for v in values]


def _colors(colors) -> list[str]:
    """Colours as hex words, repetitions folded."""
    from matplotlib.colors import to_hex, to_rgba_array

    try:
        rows = to_rgba_array(colors)
    except (ValueError, TypeError):
        return [str(colors)]
    names = [to_hex(row, keep_alpha=bool(row[3] < 1)) for row in rows]
    return [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]]


def differences(stored, now, where: str = "figure") -> list[str]:
    """How two plotted data differ, in words a contributor can find on the picture."""
    if stored == now:  # at once, in C; what differs in a last bit is looked into
        return []
    if isinstance(stored, dict) and isinstance(now, dict):
        found = []
        for key in dict.fromkeys([*stored, *now]):
            if key not in stored or key not in now:
                found.append(f"{where}: {key} {'is new' if key in now else 'is gone'}")
            else:
                found += differences(stored[key], now[key], f"{where} {key}")
        return found
    if isinstance(stored, list) and isinstance(now, list):
        if len(stored) != len(now):
            return [f"{where}: {len(stored)} values stored, {len(now)} drawn"]
        found = []
        for at, (a, b) in enumerate(zip(stored, now, strict=True)):
            name = f"{where}[{at}]" if not isinstance(b, dict) else f"{where} {at + 1}"
            found += differences(a, b, name)
        return found
    numbers = isinstance(stored, int | float) and isinstance(now, int | float)
    if numbers and math.isclose(stored, now, rel_tol=RTOL, abs_tol=ATOL):
        return []
    return [f"{where}: {stored!r} stored, {now!r} drawn"]


# --- files -----------------------------------------------------------------------------------


def data_path(svg: Path) -> Path:
    return svg.with_suffix(".data.json")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def style_digest() -> str:
    """Changes when the style or the palette does, so that old drawings are told from new ones."""
    return digest(STYLE.read_text(encoding="utf-8") + json.dumps(PALETTE))[:16]


def stored_problem(svg: Path, drawn: Drawn) -> tuple[str, str, str] | None:
    """What is wrong with the stored figure, as (what, expected, got); None when nothing is."""
    beside = data_path(svg)
    if not svg.is_file() or not beside.is_file():
        missing = svg if not svg.is_file() else beside
        return f"{missing.name} does not exist", "the figure and its data, drawn", "no file"
    try:
        stored = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        return f"{beside.name} is not JSON", "data written by the press", str(error)
    changes = differences(stored.get("figure"), json.loads(json.dumps(drawn.data)))
    if changes:
        shown = changes[:5] + ([f"… and {len(changes) - 5} more"] if len(changes) > 5 else [])
        return f"{svg.name} is not what the block draws now", "", "\n".join(shown)
    if stored.get("svg") != digest(svg.read_text(encoding="utf-8", errors="replace")):
        return f"{svg.name} was changed by hand", "the file that the press drew", "another file"
    if stored.get("style") != style_digest():
        return f"{svg.name} was drawn in an older style", "the style of book.mplstyle now", ""
    return None


def to_svg(figure) -> str:
    """The figure as one SVG for light and dark: the palette's colours become CSS variables."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "book"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    preamble = r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|\s*<metadata>.*?</metadata>"
    text = re.sub(preamble, "", text, flags=re.S)
    for key, (name, _, _) in PALETTE.items():
        text = re.sub(rf"{key}(?![0-9a-fA-F])", f"var(--{name})", text, flags=re.I)
    light = "".join(f"--{name}:{value};" for name, value, _ in PALETTE.values())
    dark = "".join(f"--{name}:{value};" for name, _, value in PALETTE.values())
    style = f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    text = text.replace("<defs>", f"<style>{style}</style>\n <defs>", 1)
    return "\n".join(line.rstrip() for line in text.strip().split("\n")) + "\n"


def lost_colors(data: dict) -> list[str]:
    """Greys outside the palette: they would vanish into the page in one of the two schemes."""
    lost = set()
    papers = [*data["paper"], *(color for axes in data["axes"] for color in axes["paper"])]
    artists = [{"kind": "paper", "color": papers}, *data["artists"]]
    artists += [artist for axes in data["axes"] for artist in axes["artists"]]
    while artists:
        artist = artists.pop()
        artists += artist.get("parts", [])
        if artist.get("values"):
            continue  # coloured by a colour map
        for color in artist.get("color", []) + artist.get("edge", []) + artist.get("arrow", []):
            rgb, alpha = color[1:7], color[7:9]
            grey = len({rgb[:2], rgb[2:4], rgb[4:]}) == 1
            if grey and alpha != "00" and f"#{rgb}" not in PALETTE:
                lost.add(f"#{rgb} ({artist['kind']})")
    return sorted(lost)


def data_text(data: dict, svg: str) -> str:
    """The data file: one artist a line, so that a diff shows which one changed."""
    figure = dict(data)
    axes = figure.pop("axes")
    rows = [json.dumps({k: v for k, v in figure.items()}, ensure_ascii=False)[1:-1]]
    parts = []
    for one in axes:
        one = dict(one)
        artists = ",\n    ".join(json.dumps(a, ensure_ascii=False) for a in one.pop("artists"))
        words = json.dumps(one, ensure_ascii=False)[1:-1]
        parts.append(f'  {{{words},\n   "artists": [\n    {artists}]}}')
    rows.append('"axes": [\n' + ",\n".join(parts) + "]")
    return (
        f'{{"svg": "{digest(svg)}",\n "style": "{style_digest()}",\n "figure": {{'
        + ",\n  ".join(rows)
        + "}}\n"
    )
