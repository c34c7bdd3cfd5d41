"""Figures: every change that a reader would see is seen, and one SVG serves light and dark."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest
from small_books import ROOT

from press import figures

START = {
    "line": "ax.plot([0, 1, 2], [0, 1, 4], color='C0', label='squares', marker='o')",
    "points": "ax.scatter([0, 1], [2, 3], s=20, color='C1', alpha=0.5)",
    "points by value": "ax.scatter([0, 1], [2, 3], c=[0.1, 0.9], cmap='viridis', vmin=0, vmax=1)",
    "bars": "ax.bar(['a', 'b'], [3, 4], color='C2', hatch='/')",
    "histogram": "ax.hist([1, 2, 2, 3], bins=3)",
    "image": "ax.imshow([[0, 1], [2, 3]], cmap='viridis', vmin=0, vmax=3, origin='upper')",
    "mesh": "ax.pcolormesh([0, 1, 2], [0, 1], [[5, 6]], cmap='viridis')",
    "contours": "ax.contour([[0, 1, 2], [1, 2, 3], [2, 3, 4]], levels=[1, 2], colors='C0')",
    "area": "ax.fill_between([0, 1], [2, 3], [0, 0], color='C3')",
    "errors": "ax.errorbar([0, 1], [2, 3], yerr=[0.1, 0.2], color='C0')",
    "arrows": "ax.quiver([0, 0], [0, 0], [1, 2], [3, 4], angles='xy', color='C1', scale=5)",
    "note": "ax.annotate('here', xy=(0, 1), xytext=(0.5, 0.5), color='C1', "
            "arrowprops={'arrowstyle': '->', 'color': 'C2', 'lw': 3})",
    "text": "ax.text(0.5, 0.25, 'words', fontsize=9, rotation=30, ha='left', color='C0')",
    "arrow": "ax.arrow(0, 0, 1, 2, color='C0')",
    "polygon": "ax.fill([0, 1, 1], [0, 0, 2], color='C0')",
    "slanted": "ax.axline((0, 0), slope=1); ax.axline((1, 2), (3, 4))",
    "level": "ax.axhline(0.5, color='C0', linestyle='--', linewidth=1)",
    "band": "ax.axvspan(0, 1, color='C1')",
    "stems": "ax.stem([0, 1], [2, 3])",
    "table": "ax.table([['1', '2']], colLabels=['a', 'b'])",
    "legend": "ax.plot([0], [0], label='one'); ax.legend(title='lines', loc='upper left')",
    "axes": "ax.set_xlabel('x'); ax.set_ylabel('y'); ax.set_title('name'); "
            "ax.set_xlim(0, 2); ax.set_ylim(0, 4); ax.set_xticks([0, 2], ['zero', 'two']); "
            "ax.grid(False); ax.set_aspect('equal'); ax.set_yscale('linear')",
    "figure": "fig.suptitle('all'); fig.set_size_inches(5, 3)",
    "in space": "fig.add_subplot(projection='3d').plot([0, 1], [2, 3], [4, 5])",
    "polar": "fig.add_subplot(projection='polar').plot([0, 1], [2, 3])",
}  # fmt: skip
CHANGED = [
    ("line", "4]", "5]"), ("line", "C0", "C1"), ("line", "squares", "cubes"),
    ("line", "'o'", "'s'"), ("line", "marker", "linestyle='--', marker"),
    ("line", "marker", "alpha=0.5, marker"), ("line", "[0, 1, 2]", "[0, 1, 3]"),
    ("line", "marker", "linewidth=5, marker"), ("line", "marker", "markersize=9, marker"),
    ("points", "3]", "4]"), ("points", "20", "40"), ("points", "C1", "C2"),
    ("points", "0.5", "0.6"), ("points", "s=", "marker='s', s="),
    ("points by value", "0.9", "0.8"), ("points by value", "viridis", "magma"),
    ("points by value", "vmax=1", "vmax=2"),
    ("bars", "4]", "5]"), ("bars", "'b'", "'c'"), ("bars", "C2", "C3"), ("bars", "'/'", "'o'"),
    ("histogram", "2, 2", "2, 3"), ("histogram", "bins=3", "bins=2"),
    ("image", "3]]", "2]]"), ("image", "viridis", "magma"), ("image", "vmax=3", "vmax=4"),
    ("image", "upper", "lower"),
    ("mesh", "6]]", "7]]"), ("mesh", "[0, 1, 2]", "[0, 1, 3]"),
    ("contours", "[1, 2, 3]", "[1, 2.5, 3]"), ("contours", "levels=[1, 2]", "levels=[1, 3]"),
    ("contours", "C0", "C1"),
    ("area", "3]", "4]"), ("area", "C3", "C2"),
    ("errors", "0.2", "0.3"), ("errors", "3]", "4]"),
    ("arrows", "4]", "5]"), ("arrows", "C1", "C2"), ("arrows", "scale=5", "scale=6"),
    ("note", "here", "there"), ("note", "(0, 1)", "(0, 2)"), ("note", "C1", "C0"),
    ("note", "(0.5, 0.5)", "(0.5, 0.6)"), ("note", "C2", "C0"), ("note", "'lw': 3", "'lw': 4"),
    ("text", "words", "word"), ("text", "0.25", "0.3"), ("text", "9", "10"), ("text", "30", "40"),
    ("text", "left", "right"), ("text", "C0", "C1"),
    ("arrow", "1, 2", "1, 3"), ("polygon", "2]", "3]"), ("level", "0.5", "0.6"),
    ("level", "--", ":"), ("level", "linewidth=1", "linewidth=2"), ("band", "0, 1", "0, 2"),
    ("slanted", "slope=1", "slope=2"), ("slanted", "(0, 0)", "(0, 1)"),
    ("slanted", "(3, 4)", "(4, 4)"), ("stems", "3]", "4]"),
    ("table", "'2'", "'3'"), ("table", "'b'", "'c'"),
    ("legend", "one", "two"), ("legend", "lines", "curves"), ("legend", "upper", "lower"),
    ("axes", "'x'", "'z'"), ("axes", "'y'", "'z'"), ("axes", "name", "other"),
    ("axes", "xlim(0, 2)", "xlim(0, 3)"), ("axes", "ylim(0, 4)", "ylim(0, 5)"),
    ("axes", "'two'", "'2'"), ("axes", "ticks([0, 2]", "ticks([0, 1]"),
    ("axes", "grid(False)", "grid(True)"), ("axes", "equal", "auto"),
    ("axes", "linear", "symlog"), ("axes", "ax.set_aspect", "ax.axis('off'); ax.set_aspect"),
    ("axes", "ax.set_aspect", "ax.spines['top'].set_visible(True); ax.set_aspect"),
    ("axes", "ax.set_aspect", "ax.set_facecolor('C0'); ax.set_aspect"),
    ("axes", "ax.set_aspect", "ax.set_position([0, 0, 1, 1]); ax.set_aspect"),
    ("figure", "all", "some"), ("figure", "5, 3", "5, 4"),
    ("figure", "fig.suptitle", "fig.text(0, 0, 'more'); fig.suptitle"),
    ("in space", "5]", "6]"), ("polar", "3]", "4]"),
]  # fmt: skip


def draw(code: str) -> figures.Drawn:
    figures.stage()
    from matplotlib import pyplot as plt

    fig, ax = plt.subplots()
    exec(code, {"plt": plt, "fig": fig, "ax": ax})
    [drawn] = figures.collect()
    return drawn


def stored(data: dict) -> dict:
    """Data as they come back from a file."""
    return json.loads(figures.data_text(json.loads(json.dumps(data)), "<svg/>"))["figure"]


@pytest.mark.parametrize("code", START.values(), ids=START.keys())
def test_the_same_drawing_twice_has_the_same_data(code):
    assert figures.differences(stored(draw(code).data), stored(draw(code).data)) == []


@pytest.mark.parametrize(
    ("name", "old", "new"), CHANGED, ids=[f"{n}: {a} to {b}" for n, a, b in CHANGED]
)
def test_a_change_that_a_reader_would_see_is_seen(name, old, new):
    code = START[name]
    assert old in code
    changes = figures.differences(
        stored(draw(code).data), stored(draw(code.replace(old, new, 1)).data)
    )
    assert changes
    assert all(change.startswith("figure") for change in changes)


def test_a_change_is_told_in_words_that_find_it_on_the_picture():
    before, after = draw(START["line"]), draw(START["line"].replace("4]", "5]"))
    changes = figures.differences(stored(before.data), stored(after.data))
    assert "figure axes 1 artists 1 y[2]: 4.0 stored, 5.0 drawn" in changes


def test_last_bits_that_differ_among_machines_are_let_pass_and_seen_digits_are_not():
    def changed(by: float) -> list[str]:
        before = draw("ax.plot([0, 1], [0, 1])").data
        return figures.differences(before, draw(f"ax.plot([0, 1], [0, 1 + {by}])").data)

    assert not changed(1e-7)
    assert changed(1e-5)


def test_values_without_a_number_are_kept_as_words():
    data = stored(draw("ax.plot([0, 1, 2], [0, float('nan'), float('inf')])").data)
    [line] = data["axes"][0]["artists"]
    assert line["y"] == [0.0, "nan", "inf"]


def test_an_artist_more_and_an_artist_less_are_seen():
    one, two = draw("ax.plot([0], [0])").data, draw("ax.plot([0], [0]); ax.plot([1], [1])").data
    assert figures.differences(one, two)
    assert figures.differences(two, one)


def test_an_invisible_artist_counts_as_not_drawn():
    line = "ax.plot([0], [0])[0].set_visible(False); ax.set_xlim(0, 1); ax.set_ylim(0, 1)"
    assert draw(line).data["axes"][0]["artists"] == []


SVG = (
    "ax.plot([0, 1], [0, 1]); ax.fill_between([0, 1], [1, 2]); ax.legend(['one']); "
    "ax.text(0, 0, 'a')"
)


def test_the_svg_holds_both_schemes_and_no_colour_that_follows_neither():
    svg = draw(SVG).svg()
    for name, light, dark in figures.PALETTE.values():
        assert f"--{name}:{light};" in svg
        assert f"--{name}:{dark};" in svg
    assert "@media (prefers-color-scheme:dark)" in svg
    body = svg.split("</style>", 1)[1]
    assert "var(--c0)" in body
    assert "var(--paper)" in body
    assert not re.findall(r"(?:fill|stroke): ?#\w+", body)
    assert not re.findall(r"(?:fill|stroke)=\"#\w+", body)


def test_the_svg_names_no_date_no_program_and_no_other_place():
    svg = draw(SVG).svg()
    assert not re.search(r"<metadata|<!DOCTYPE|<\?xml|\b20\d\d-\d\d|Matplotlib", svg)
    links = set(re.findall(r"https?://[^\s\"'<>]+", svg))
    assert links <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


@pytest.mark.parametrize("grey", ["black", "white", "0.5", "#808080", "gray"])
def test_a_grey_outside_the_palette_is_told(grey):
    for code in (
        f"ax.plot([0], [0], color='{grey}')",
        f"ax.text(0, 0, 'a', color='{grey}')",
        f"ax.bar([0], [1], color='{grey}')",
        f"fig.text(0, 0, 'a', color='{grey}')",
        f"ax.set_facecolor('{grey}')",
        f"ax.annotate('a', (0, 0), (1, 1), arrowprops={{'arrowstyle': '->', 'color': '{grey}'}})",
    ):
        assert figures.lost_colors(draw(code).data), code


def test_the_books_own_colours_are_not_lost():
    assert figures.lost_colors(draw(SVG).data) == []
    assert figures.lost_colors(draw("ax.imshow([[0, 1]], cmap='gray')").data) == []


def test_the_svg_is_the_same_byte_for_byte_in_two_fresh_processes():
    script = textwrap.dedent(
        f"""
        from press import figures
        figures.stage()
        from matplotlib import pyplot as plt
        fig, ax = plt.subplots()
        {SVG}; ax.scatter([0, 1], [1, 0]); ax.hist([1, 2, 2])
        plt.show()
        [drawn] = figures.collect()
        assert drawn.shown
        print(drawn.svg())
        """
    )
    svgs = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            check=True,
            capture_output=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(svgs) == 1


def test_a_figure_counts_as_shown_only_after_show():
    assert not draw("ax.plot([0], [0])").shown
    assert draw("ax.plot([0], [0]); plt.show()").shown


def test_figures_are_staged_alike_whether_or_not_matplotlib_is_loaded():
    fresh = subprocess.run(
        [sys.executable, "-c",
         "from press import figures; figures.stage()\n"
         "import matplotlib.pyplot as plt; plt.subplots(); [d] = figures.collect()\n"
         "import json; print(json.dumps(d.data))"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert figures.differences(json.loads(fresh), stored(draw("pass").data)) == []
