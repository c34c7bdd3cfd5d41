"""What stands in previews.json: the targets of a page's links to other pages."""

from __future__ import annotations

import json

import pytest

from press import previews

FORMULA = (
    '<div aria-label="Equation 1.1" class="equation" id="eq-a" role="group" tabindex="0">'
    '<span class="katex-display"><span class="katex"><span class="katex-mathml"><math>a</math>'
    '</span><katex-html class="katex-html">A</katex-html></span></span>'
    '<span class="equation-number"><a href="#eq-a">(1.1)</a></span></div>'
)
TARGET = f"""<head><meta name="description" content="About sums."></head>
<article class="x"><h1 id="sums">Sums<a class="headerlink" href="#sums">&para;</a></h1>
<p class="downloads"><a href="../l/">Lab</a></p>
<p>First, with <a href="#eq-a">a link</a><sup id="fnref:1"><a href="#fn:1">1</a></sup>.</p>
<p>Second.</p>
<h2 id="empty">Empty</h2>
<h3 id="ex-one">Exercise 1.1: One</h3>
<p><em>Easy</em></p>
<p>Add <b>two</b>.</p>
<p>More.</p>
{FORMULA}
<p><img alt="A line" id="fig-a" src="../figures/a.svg"></p>
<dl><dt><strong id="norm">Norm</strong><a class="headerlink" href="#norm">&para;</a></dt>
<dd>A <i>nested</i> length. <a href="#x">Chapter 1</a></dd>
<dt id="ba-2016">Ba (2016)</dt><dd><p>Layers.</p></dd></dl>
</article>"""


@pytest.mark.parametrize(
    ("anchor", "shown"),
    [
        ("", '<p class="preview-title">Sums</p><p>About sums.</p>'),
        ("sums", '<p class="preview-title">Sums</p><p>First, with a link.</p>'),
        ("empty", '<p class="preview-title">Empty</p>'),
        ("ex-one", '<p class="preview-title">Exercise 1.1: One</p><p><em>Easy</em></p>'
         "<p>Add <b>two</b>.</p>"),
        ("norm", '<p class="preview-title"><strong>Norm</strong></p>'
         "<p>A <i>nested</i> length. Chapter 1</p>"),
        ("ba-2016", '<p class="preview-title">Ba (2016)</p><p>Layers.</p>'),
        ("fig-a", '<img alt="A line" src="../figures/a.svg">'),
        ("nowhere", ""),
    ],
)  # fmt: skip
def test_a_card_shows_what_the_link_leads_to(anchor, shown):
    assert previews.card(TARGET, anchor) == shown


def test_the_card_of_an_equation_is_the_equation():
    card = previews.card(TARGET, "eq-a")
    assert card.startswith('<p class="preview-title">Equation 1.1</p><span class="katex-display">')
    assert "(1.1)" not in card and card.count("<span") == card.count("</span>")


def page(*links: str) -> str:
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    return f'<nav><a href="../b/#norm">no</a></nav><article class="x">{anchors}</article>'


def build(tmp_path, source: str):
    for name, text in (("part/a", source), ("b", TARGET), ("labs/c", page("../../b/#norm"))):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "index.html").write_text(text, encoding="utf-8")
    made = previews.write(tmp_path)
    return [file.relative_to(tmp_path).as_posix() for file in made], tmp_path / "part/a"


def test_a_page_gets_the_cards_of_its_links_to_other_pages_alone(tmp_path):
    source = page("../../b/#norm", "../../b/", "#own", "https://example.org/", "../../b/#no",
                  "../../b/#eq-a", "../../labs/nothing/", "../../b/#fig-a")  # fmt: skip
    made, folder = build(tmp_path, source)
    assert made == ["part/a/previews.json"]
    cards = json.loads((folder / "previews.json").read_text(encoding="utf-8"))
    assert list(cards) == ["../../b/#norm", "../../b/", "../../b/#eq-a", "../../b/#fig-a"]
    assert 'src="../../figures/a.svg"' in cards["../../b/#fig-a"]
    # A page without formulas has no stylesheet for them.
    assert "<math>" in cards["../../b/#eq-a"] and "katex-html" not in cards["../../b/#eq-a"]


def test_a_page_with_formulas_gets_them_drawn(tmp_path):
    _, folder = build(tmp_path, page("../../b/#eq-a").replace("x</a>", f"{FORMULA}</a>"))
    cards = json.loads((folder / "previews.json").read_text(encoding="utf-8"))
    assert "katex-html" in cards["../../b/#eq-a"]


def test_a_page_whose_links_went_has_no_old_cards(tmp_path):
    _, folder = build(tmp_path, page("../../b/#norm"))
    assert (folder / "previews.json").is_file()
    (folder / "index.html").write_text(page(), encoding="utf-8")
    assert previews.write(tmp_path) == []
    assert not (folder / "previews.json").exists()


def test_cards_hold_no_link_no_id_and_no_style():
    for anchor in ("", "sums", "ex-one", "eq-a", "norm", "fig-a"):
        card = previews.card(TARGET, anchor)
        for what in ("<a ", " id=", " style=", "tabindex"):
            assert what not in card


@pytest.mark.parametrize(
    ("paragraph", "shown"),
    [
        ("<p>Short. And more.</p>", "<p>Short. And more.</p>"),
        (f"<p>{'a' * 99}. Then. Gone.</p>", f"<p>{'a' * 99}.</p>"),
        (f"<p>{'a' * 98}. Then. Gone.</p>", f"<p>{'a' * 98}. Then.</p>"),
        (f"<p><em>{'a' * 99}. In.</em> Now? Gone</p>", f"<p><em>{'a' * 99}. In.</em> Now?</p>"),
        (f"<p>{'a' * 120} 3.14 and no end</p>", f"<p>{'a' * 120} 3.14 and no end</p>"),
    ],
)  # fmt: skip
def test_a_long_first_paragraph_ends_with_a_sentence(paragraph, shown):
    assert previews._opening(paragraph) == shown


def test_a_formula_stands_in_a_card_in_one_form():
    spoken = '<span class="katex-mathml"><math><mi>a</mi></math></span>'
    both = f'<span class="katex">{spoken}<katex-html>a</katex-html></span>'
    assert previews.SPOKEN.sub("", both) == both.replace(spoken, "")
    assert "<math>" in previews.VISIBLE.sub("", both)
