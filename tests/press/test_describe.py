"""Figures in words: every number is one of the plotted data, on figures drawn here."""

from __future__ import annotations

import json
import re

import matplotlib
import pytest
from small_books import ROOT, block

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt

from press import chapter as chapters
from press import describe, figures
from press.lab import chapter_files


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def words(ax) -> str:
    """What is said of the axes' figure, without its tags."""
    data = json.loads(json.dumps(figures.plotted(ax.figure)))
    return re.sub(r"<[^>]*>", "", "\n".join(describe.described(data)).replace("</th>", " "))


def test_axes_are_named_with_their_limits_and_scales(ax):
    ax.set(xlabel="step", ylabel="loss", xlim=(0, 200), ylim=(1e-5, 1), yscale="log", title="Run")
    said = words(ax)
    assert said.splitlines()[0] == "Run"
    assert "Horizontal axis: step, from 0 to 200." in said
    assert "Vertical axis: loss, from 1 × 10⁻⁵ to 1, on a logarithmic scale." in said


@pytest.mark.parametrize(
    ("ys", "said"),
    [
        (np.arange(20.0), "It rises from 0 at 10 to 19 at 29."),
        (-np.arange(20.0), "It falls from 0 at 10 to −19 at 29."),
        (np.full(20, 2.5), "It is 2.5 from 10 to 29."),
        (
            [0, *[1.0] * 8, 7, *[1.0] * 8, -3, 2],
            "It goes from 0 at 10 to 2 at 29; the lowest is −3, at 28, the highest 7, at 19.",
        ),
        ([np.nan, *range(19)], "It rises from 0 at 11 to 18 at 29. 1 value of 20 is not finite."),
        ([1e-17, *range(1, 20)], "It rises from 0 at 10 to 19 at 29."),
    ],
)
def test_a_curve_is_told_by_its_course(ax, ys, said):
    ax.plot(np.arange(10.0, 30.0), ys, "--", label="loss")
    assert "loss: a dashed line through" in words(ax)
    assert said in words(ax)


def test_small_values_on_a_logarithmic_scale_are_kept(ax):
    ax.semilogy(np.arange(20.0), 10.0 ** -np.arange(20.0))
    assert "It falls from 1 at 0 to 1 × 10⁻¹⁹ at 19." in words(ax)


def test_few_points_are_all_told_and_many_by_where_they_lie(ax):
    ax.plot([0, 1, 2], [3, 0.12345, 5], "o", label="few")
    ax.plot(np.linspace(-1, 1, 50), np.linspace(4, 2, 50), "x", label="many")
    said = words(ax)
    assert "few: 3 circles: (0, 3), (1, 0.1235) and (2, 5)." in said
    assert "many: 50 crosses: −1 to 1 across, 2 to 4 up." in said


def test_a_path_that_turns_back_is_no_function(ax):
    turn = np.linspace(0, 6, 30)
    ax.plot(np.cos(turn), np.sin(turn))
    assert "A solid line on a path of 30 points from (1, 0) to (0.9602, −0.2794)" in words(ax)


def test_reference_lines_are_told_as_such(ax):
    ax.axhline(0.5)
    ax.axvline(3, linestyle=":")
    ax.axline((0, 0), (1, 2))
    said = words(ax)
    assert "A solid line, level at 0.5." in said and "A dotted line, upright at 3." in said
    assert "A straight line through (0, 0) and (1, 2)." in said


def test_bars_are_told_with_their_names(ax):
    ax.bar(["one", "two", "three"], [1, 4, 2.25])
    assert "3 bars: one: 1; two: 4; three: 2.25." in words(ax)
    assert "Horizontal axis: one, two and three." in words(ax)


def test_histograms_are_told_by_their_edges(ax):
    ax.hist([0, 0, 1, 3], bins=[0, 1, 2, 4])
    assert "3 bars: 0 to 1: 2; 1 to 2: 1; 2 to 4: 1." in words(ax)
    ax.clear()
    ax.stairs([2, 5, 1], [0, 1, 2, 4], label="share")
    assert (
        "share: a histogram of 3 steps from 0 to 4: 2 in the first and 1 in the last, at least 1 "
        "(from 2 on) and at most 5 (from 1 on)."
    ) in words(ax)


def test_a_heat_map_is_a_table_while_it_is_small(ax):
    mesh = ax.pcolormesh([[1, 2, 3], [4, 5, -6.5]])
    ax.set_xticks([0.5, 1.5, 2.5], ["king", "queen", "apple"])
    ax.figure.colorbar(mesh, label="dot product")
    said = words(ax)
    assert "A heat map of 2 rows and 3 columns, values from −6.5 to 5:" in said
    assert "king queen apple" in said and "1 123" in said and "2 45−6.5" in said
    assert said.endswith("Scale of colours: dot product, from −6.5 to 5.")
    ax.clear()
    ax.pcolormesh([[1, np.nan], [np.inf, 3]])
    assert "1 1no value" in words(ax)
    ax.clear()
    ax.pcolormesh(np.arange(400.0).reshape(20, 20))
    assert "A heat map of 20 rows and 20 columns, values from 0 to 399." in words(ax)


def test_arrows_words_shapes_and_contours(ax):
    ax.annotate("", (2, 1), (0, 0), arrowprops={"arrowstyle": "->"})
    ax.annotate("<king>", (2, 1))
    ax.text(0.5, 0.25, "here")
    ax.fill([0, 1, 1], [0, 0, 1])
    ax.contour(np.arange(4.0).reshape(2, 2), levels=[0.5, 1.5])
    said = words(ax)
    assert "An arrow from (0, 0) to (2, 1)." in said
    assert "Written in it: “&lt;king&gt;” at (2, 1) and “here” at (0.5, 0.25)." in said
    assert "A filled shape with corners (0, 0), (1, 0) and (1, 1)." in said
    assert "Contours, or areas between them, at the levels 0.5 and 1.5." in said


def test_panels_are_counted():
    fig, _ = plt.subplots(1, 2)
    data = json.loads(json.dumps(figures.plotted(fig)))
    plt.close(fig)
    assert "<p><strong>Panel 2 of 2</strong></p>" in describe.described(data)


# --- pages ----------------------------------------------------------------------------------

CHAPTER = """---
title: Lines
chapter: 1
---

# Lines

"""
DRAW = "import matplotlib.pyplot as plt\nplt.plot([0, 1], [2, 5])\nplt.show()"


def test_each_chapter_gets_a_page_with_each_of_its_figures(book):
    plot = block(DRAW) + "\n![A line <up>.](figures/page-line.svg)\n"
    book.update(CHAPTER + plot)
    (file,) = describe.write(book.root)
    assert file == book.root / "docs/figures/page.md"
    text = file.read_text(encoding="utf-8")
    assert "## Figure: line { #words-page-line }" in text
    assert "](../part/page.md#fig-page-line)" in text and "<p>A line &lt;up&gt;.</p>" in text
    assert "A solid line through (0, 2) and (1, 5)." in text
    assert describe.write(book.root) == []
    book.update(book.text.replace("[2, 5]", "[2, 7]"))
    assert describe.write(book.root) == [file]
    assert "(1, 7)" in file.read_text(encoding="utf-8")
    book.write(CHAPTER)
    assert describe.write(book.root) == [] and not file.exists()


@pytest.mark.parametrize("path", chapter_files(ROOT / "docs"), ids=lambda path: path.stem)
def test_every_figure_of_the_book_is_described_by_its_own_numbers(path):
    chapter = chapters.read(path, ROOT)
    text = describe.page(chapter, ROOT)
    names = list(dict.fromkeys(image.path for image in chapter.images))
    sections = dict(re.findall(r"(?ms)^## .*?#words-([\w-]+) \}$(.*?)(?=^## |\Z)", text))
    assert [f"figures/{name}.svg" for name in sections] == names
    for name, section in sections.items():
        data = json.loads((path.parent / f"figures/{name}.data.json").read_text("utf-8"))["figure"]
        assert section.count("<ul>") >= 1 and ">nan<" not in section, name
        for axes in data["axes"]:
            for artist in axes["artists"]:
                if artist["kind"] != "Line2D" or len(artist["x"]) <= describe.FEW:
                    continue
                ys = [y for y in artist["y"] if not isinstance(y, str)]
                extremes = [min(ys), max(ys)]
                for value in extremes:
                    value = 0.0 if abs(value) < 1e-12 * max(map(abs, ys)) else value
                    shown = f"{value:.4g}".replace("-", "−").partition("e")[0]
                    known = axes["y"]["ticks"]
                    assert shown in section or any(str(t) in section for t in known), (name, value)
