"""A page is rendered once in a run, and again as soon as what it is made from has changed."""

from __future__ import annotations

import pytest
from small_books import fence

from press import render

CODE = "src/foundations/sums.py"
PLAIN = "# --8<-- [start:two]\ntwo = 2\n# --8<-- [end:two]\n"
PAGE = "# Sums\n\n" + fence(f'--8<-- "{CODE}:two"') + "\nSee \\eqref{eq:sum}.\n"
OTHER = "---\nchapter: 1\n---\n\n$$\na \\label{eq:sum}\n$$\n"


@pytest.fixture
def pages(book):
    book.write(PLAIN, CODE)
    book.write(OTHER, "docs/part/other.md")
    return book


def test_a_page_is_rendered_once_while_nothing_changes(pages, monkeypatch):
    first = render.page_html(PAGE, pages.root)
    monkeypatch.setattr(render, "to_html", None)
    assert render.page_html(PAGE, pages.root) is first


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CODE, "two = 2", "two = 3 - 1"),
        ("docs/part/other.md", "chapter: 1", "chapter: 12"),
        ("mkdocs.yml", "  - admonition\n", ""),
    ],
)
def test_a_page_is_rendered_again_when_what_it_is_made_from_changed(pages, file, old, new):
    render.page_html(PAGE, pages.root)
    made = render._page_html.cache_info().misses
    pages.change(old, new, file)
    assert render.page_html(PAGE, pages.root) == render.to_html(PAGE, pages.root)
    assert render._page_html.cache_info().misses == made + 1


def test_a_page_whose_includes_include_is_rendered_each_time(pages):
    pages.write(f'--8<-- "{CODE}:two"\n', "src/foundations/nested.py")
    text = PAGE.replace(f"{CODE}:two", "src/foundations/nested.py")
    before = render.page_html(text, pages.root)
    pages.change("two = 2", "two = 4", CODE)
    assert "two = 4" in render.page_html(text, pages.root) != before
