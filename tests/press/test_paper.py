"""A small book on paper: what is opened, moved, linked and offered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from press.paper import book as books
from press.paper import epub, offer, pdf
from press.problems import PressError

SETTINGS = """
site_name: A small book
site_description: Two pages.
copyright: CC BY
theme: {language: en}
extra: {not_on_paper: [left.md]}
nav:
  - Home: index.md
  - I. Part: [{1. One: part/one.md}]
  - Rest: [{Two: two.md}, {Left: left.md}]
"""
FORMULA = (
    '<span class="katex"><span class="katex-mathml"><math><mrow><msub><mi>a</mi><mi>max</mi>'
    "<mo>\u2061</mo></msub></mrow></math></span>"
    '<katex-html class="katex-html">a</katex-html></span>'
)
ONE = f"""<h1 id="one">One<a class="headerlink" href="#one">¶</a></h1>
<p class="downloads"><a href="../../labs/one/">Lab</a></p>
<p>See <a href="../../two/#term">a term</a>, <a href="../../left/">left</a>, {FORMULA}.</p>
<details><summary>More</summary><p>folded</p></details>
<h2 id="exercises">Exercises</h2>
<h3 id="ex-a">Exercise 1.1: A</h3><p>Do.</p>
<details class="hint"><summary>Hint 1</summary><p>think</p></details>
<details class="solution"><summary>Solution</summary><p id="s">42</p></details>
<p>After.</p>
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.delenv("SITE_URL", raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "mkdocs.yml").write_text(SETTINGS, encoding="utf-8")
    write(tmp_path, "", '<h1>Home</h1><img alt="A" src="a.svg"><div class="take-along"></div>')
    write(tmp_path, "part/one/", ONE)
    write(
        tmp_path, "two/", '<h1 id="two">Two</h1><p id="term"><a href="../part/one/#ex-a">x</a></p>'
    )
    write(tmp_path, "left/", '<h1 id="left">Left</h1>')
    return tmp_path


def write(root, address, article):
    page = root / "site" / address / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    text = f"<!doctype html><html><head></head><body><article>{article}</article></body></html>"
    page.write_text(text, encoding="utf-8")


def read(root):
    return books.read(root / "site", root)


def test_pages_become_units_and_answers_units_behind_the_chapters(project):
    book = read(project)
    assert [unit.name for unit in book.units] == ["part-one", "hints", "part-one-solutions", "two"]
    assert book.units[0].label == "1. One"
    one, hints, solutions, _ = (str(unit.body) for unit in book.units)
    assert "folded" in one and "<details" not in one
    assert "think" in hints and "think" not in one
    assert "42" in solutions and "42" not in one
    assert 'href="#part-one-solutions--part-one--ex-a"' in one
    assert one.index("After.") < one.index("Check and solution")
    assert "Lab" not in one and "¶" not in one
    assert book.made == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_links_stay_inside_or_become_text_or_public_addresses(project, monkeypatch):
    one = str(read(project).units[0].body)
    assert 'href="#two--term"' in one
    assert ">left<" not in one and ", left," in one
    monkeypatch.setenv("SITE_URL", "https://example.org/book/")
    assert 'href="https://example.org/book/left/"' in str(read(project).units[0].body)


def test_a_dead_link_stops_the_book(project):
    write(project, "two/", '<h1 id="two">Two</h1><a id="term" href="../part/one/#gone">x</a>')
    with pytest.raises(PressError, match="gone"):
        read(project)


def test_a_formula_of_an_unknown_form_stops_the_book(project):
    write(project, "two/", '<h1 id="two">Two</h1><math><mi>x</mi></math>')
    with pytest.raises(PressError, match="formula"):
        read(project)


def test_a_formula_is_valid_mathml_with_its_text(project):
    book = read(project)
    made = epub.mathml(book.formulas[0])
    assert "\u2061" not in made and 'alttext="a_max"' in made and 'MathML"' in made


def test_bold_letters_are_bold_where_mathvariant_is_not_known():
    mathml = (
        '<math><mi mathvariant="bold">w</mi><mi mathvariant="bold-italic">θ</mi>'
        '<mn mathvariant="bold">1</mn><mi mathvariant="normal">Δ</mi></math>'
    )
    made = epub.mathml(books.Formula(mathml, "", "w"))
    for letter in "𝐰𝜽𝟏":
        assert letter in made
    assert "bold" not in made and '<mi mathvariant="normal">Δ</mi>' in made


def test_links_of_the_epub_name_the_file_where_the_place_now_is(project):
    book = read(project)
    assert 'href="part-one.xhtml#part-one--ex-a"' in epub.body_of(
        book.units[3], book, book.unit_of()
    )


def test_lines_of_code_are_boxes_and_tags_over_lines_are_opened_anew():
    assert pdf.lines('a<span class="s">"\nb"</span>\n\nc\n') == (
        '<span class="line">a<span class="s">"</span></span>'
        '<span class="line"><span class="s">b"</span></span>'
        '<span class="line"></span><span class="line">c</span>'
    )


def test_a_figure_for_readers_has_its_light_colours_written_out():
    svg = (
        "<svg><style>:root { --a: #fff; --b: red }\n@media (prefers-color-scheme: dark)"
        " { :root { --a: #000 } }\nrect{fill:var(--a)}</style>"
        '<image id="image1f" x="1"/><image id="image1f" x="2"/></svg>'
    )
    made = epub.plain_svg(svg)
    assert "fill:#fff" in made and "dark" not in made and "var(" not in made
    assert made.count('id="image1f"') == 1


def test_the_first_page_offers_what_was_made_once(project):
    book = read(project)
    file = project / "a-small-book.epub"
    file.write_bytes(b"x" * 1_200_000)
    site = project / "site"
    for _ in range(2):
        offer.put(book, [file], 0, site)
    home = (site / "index.html").read_text(encoding="utf-8")
    assert home.count('href="downloads/a-small-book.epub"') == 1
    assert "1.2 MB" in home and "14 November 2023" in home
    assert (site / "downloads/a-small-book.epub").is_file()


def test_without_a_place_the_offer_says_where_to_put_one(project):
    write(project, "", "<h1>Home</h1>")
    with pytest.raises(PressError, match="take-along"):
        offer.put(read(project), [], 0, project / "site")
