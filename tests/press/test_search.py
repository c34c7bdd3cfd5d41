"""The search index after the build, on a small site."""

from __future__ import annotations

import json

import pytest

from press import equations, search

GLOSSARY = (
    '<dl><dt><strong id="norm">Norm</strong><a class="headerlink" href="#norm">&para;</a></dt>\n'
    '<dd>The <b>length</b> &amp; more, <math>∥a∥</math><katex-html class="x">∥a∥</katex-html>. '
    '<a href="../../part/page/#length">Chapter 1</a></dd>\n<dt>No id</dt><dd>Nothing.</dd></dl>'
)
CODE = (
    "<p>Before.</p> src/foundations/a.py<pre><code>def norm(a):\n    return 1 &lt; 2\n</code></pre>"
    " <pre><code>hidden output\n</code></pre> <p>After.</p>"
)
NUMBERED = "$$\na = {0}\n\\label{{eq:{0}}}\n$$\n\n\\eqref{{eq:{0}}}\n\n"
CHAPTER = "---\nchapter: 1\ntitle: Page\n---\n\n# Page\n\n" + NUMBERED.format("norm")


@pytest.fixture
def index(book):
    """Writes a site's index; the function improves it and gives its entries by location."""
    book.write(CHAPTER)
    entries = [
        {"location": "part/page/", "title": "Page", "text": ""},
        {"location": "part/page/#length", "title": "Length¶", "text": CODE},
        {"location": "reference/glossary/", "title": "Glossary", "text": "<p>Each word.</p>"},
        {"location": "reference/glossary/#vectors", "title": "Vectors", "text": "Norm The length"},
        {"location": "reference/contributing/", "title": "Contributing", "text": "<p>You</p>"},
        {"location": "reference/equation-tests/page/#test-eq-a", "title": "Equation", "text": ""},
    ]
    site = book.root / "site"
    for name, text in (
        (search.INDEX, json.dumps({"config": {"lang": ["en"]}, "docs": entries})),
        ("reference/glossary/index.html", GLOSSARY),
    ):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text, encoding="utf-8")

    def improved() -> dict[str, dict]:
        search.improve(site, book.root)
        made = json.loads((site / search.INDEX).read_text(encoding="utf-8"))
        assert made["config"] == {"lang": ["en"]}
        return {entry["location"]: entry for entry in made["docs"]}

    return improved


def test_code_and_outputs_go_and_the_names_that_are_defined_stay(index):
    entry = index()["part/page/#length"]
    assert entry["title"] == "Length"
    assert entry["text"] == "<p>Before.</p> <p>After.</p> <p>In code: <code>norm</code></p>"


def test_a_word_of_the_glossary_is_an_entry_and_its_section_says_it_no_more(index):
    made = index()
    word = made["reference/glossary/#norm"]
    assert word["title"] == "Norm"
    assert word["text"] == "<p>The length &amp; more, ∥a∥. Chapter 1</p>"
    assert made["reference/glossary/#vectors"]["text"] == ""
    assert sum("glossary" in location for location in made) == 3


def test_a_section_that_defines_a_word_comes_first_and_what_is_about_the_book_last(index):
    made = index()
    assert made["part/page/#length"]["boost"] == search.DEFINING > 1
    assert made["reference/contributing/"]["boost"] < made["reference/glossary/#norm"]["boost"] < 1
    assert made["reference/equation-tests/page/#test-eq-a"]["boost"] == min(search.BOOST.values())
    assert "boost" not in made["part/page/"]


def test_an_equation_is_found_by_number_and_by_name(index):
    entry = index()["part/page/#eq-norm"]
    assert entry["title"] == "Equation 1.1: norm" and entry["text"] == "<p>eq:norm</p>"


def test_equation_4_2_is_found_before_4_20(book):
    book.write(CHAPTER + "".join(NUMBERED.format(f"n{at}") for at in range(11)))
    every = equations.index(book.root / "docs").values()
    found = {one.number: search._equation(one)["boost"] for one in every}
    assert found["1.2"] == found["1.9"] > found["1.10"] == found["1.12"]


def test_a_second_pass_changes_nothing(index, book):
    index()
    assert not search.improve(book.root / "site", book.root)
    assert not search.improve(book.root / "nowhere", book.root)
