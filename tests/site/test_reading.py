"""What a reader does on a page: formulas, copying, downloads, search."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from press import chapter as chapters
from press import includes

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
TESTS = "reference/equation-tests/vectors/"


# --- formulas -------------------------------------------------------------------------------


def test_formulas_are_drawn_with_the_books_own_fonts(visit):
    tab = visit()
    for address in (CHAPTER, LAB, TESTS, "reference/notation/"):
        page = tab.open(address)
        tab.unfold()
        page.locator(".katex").first.wait_for()
        assert page.locator(".katex-error").count() == 0
        words = page.locator("article").evaluate(
            """(article) => {
                const copy = article.cloneNode(true);
                copy.querySelectorAll("pre, code, .katex-mathml").forEach((e) => e.remove());
                return copy.textContent;
            }"""
        )
        assert not re.findall(r".*(?:\$|\\[A-Za-z]{2,}).*", words), address
        used = page.evaluate(
            """async () => {
                await document.fonts.ready;
                const loaded = [...document.fonts].filter((font) => font.status === "loaded");
                return loaded.map((font) => font.family);
            }"""
        )
        assert {"KaTeX_Main", "KaTeX_Math"} <= {family.strip('"') for family in used}, address
        assert page.evaluate("document.fonts.check('16px KaTeX_Math', 'x')")
        family = page.locator(".katex .mathnormal").first.evaluate(
            "(e) => getComputedStyle(e).fontFamily"
        )
        assert family.startswith("KaTeX_Math")
    assert any("KaTeX_Math-Italic.woff2" in url for url in tab.requests)


def test_a_numbered_equation_leads_to_itself_and_to_its_test(visit):
    tab = visit()
    page = tab.open(CHAPTER)
    numbers = page.locator(".equation-number a")
    assert numbers.all_text_contents() == [f"(1.{at})" for at in range(1, numbers.count() + 1)]
    assert numbers.count() > 5
    reached = """(selector) => [...document.querySelectorAll(selector)].map((link) => {
        const own = link.closest(".equation")?.id;
        return [link.hash.slice(1), own, document.getElementById(link.hash.slice(1))?.className];
    })"""
    for place, own, what in page.evaluate(reached, ".equation-number a"):
        assert (place, what) == (own, "equation")
    references = page.evaluate(reached, "a.eqref")
    assert len(references) > 5
    assert all(what == "equation" for _, _, what in references), references

    equation = page.locator("#eq-cosine")
    equation.locator(".equation-number a").click()
    assert page.url.endswith("#eq-cosine")
    assert equation.evaluate("(e) => e.matches(':target')")
    page.locator("a.eqref[href='#eq-norm']").first.click()
    box = page.locator("#eq-norm:target").bounding_box()
    header = page.locator(".md-header").bounding_box()
    assert header["height"] <= box["y"] < 800
    number = page.locator("#eq-norm .equation-number").inner_text().strip("()")
    page.locator("#eq-norm .equation-test").click()
    page.wait_for_url(f"**/{TESTS}#test-eq-norm")
    heading = page.locator("#test-eq-norm:target")
    assert f"Equation {number}" in heading.inner_text()
    assert "mark.equation" in page.locator("#test-eq-norm ~ .highlight").first.inner_text()
    page.locator(f"a:text-is('Equation {number} in its chapter')").click()
    page.wait_for_url(f"**/{CHAPTER}#eq-norm")
    page.locator("#eq-norm:target").wait_for()


def test_the_contents_mark_the_heading_that_was_chosen_in_them(visit):
    page = visit(reduced_motion="reduce").open(CHAPTER)
    entries = page.locator(".md-sidebar--secondary nav .md-nav__link")
    names = [entry.inner_text() for entry in entries.all()]
    assert len(names) > 10
    for name, entry in list(zip(names, entries.all(), strict=True))[:-1:3]:
        entry.click()
        marked = page.locator(".md-sidebar--secondary .md-nav__link--active", has_text=name)
        marked.wait_for(timeout=3_000)
        assert page.locator(":target").inner_text().removesuffix("¶").strip() == name.strip()


# --- taking things away ---------------------------------------------------------------------


def test_the_copy_button_gives_exactly_the_code(visit):
    """Every block of a chapter, as it stands in its source; the last line comes without its end."""
    tab = visit(permissions=["clipboard-read", "clipboard-write"])
    chapter = chapters.read(ROOT / "docs/foundations/vectors.md", ROOT)
    page = tab.open(CHAPTER)
    tab.unfold()
    shown = page.locator("article .language-python.highlight").all()
    copied, expected = [], []
    for at, (code, block) in enumerate(zip(shown, chapter.blocks, strict=True)):
        code.scroll_into_view_if_needed()  # its button comes when it is near
        button = code.locator(".md-code__button[data-md-type=copy]")
        if at % 5:
            button.press("Enter")
        else:
            button.click()
        copied.append(
            page.evaluate(
                """async () => {
                    const copied = await navigator.clipboard.readText();
                    await navigator.clipboard.writeText("nothing yet");
                    return copied;
                }"""
            )
        )
        lines = includes.expand_code(block.fence.lines, chapter.file, block.line + 1, ROOT)
        expected.append("\n".join(line.text for line in lines).rstrip("\n"))
    assert copied == expected
    assert any("--8<--" in block.fence.text for block in chapter.blocks)
    assert {block.role for block in chapter.blocks} >= {"", "starter", "check", "solution"}
    assert any(block.fence.title for block in chapter.blocks if not block.role)
    assert any("  # (2,)" in code for code in copied)


# --- search ---------------------------------------------------------------------------------


def test_search_by_keyboard_finds_cosine_in_chapter_1(visit):
    tab = visit()
    page = tab.open("reference/bibliography/")
    page.keyboard.press("/")
    query = page.locator("[data-md-component=search-query]")
    assert query.evaluate("(input) => input === document.activeElement")
    page.keyboard.type("cosine")
    first = page.locator(".md-search-result__item a.md-search-result__link").first
    first.wait_for()
    assert CHAPTER in first.get_attribute("href")
    found = page.locator(".md-search-result__item").first
    assert "cosine" in found.locator("mark").first.inner_text().lower()
    page.keyboard.press("ArrowDown")
    assert first.evaluate("(link) => link === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{CHAPTER}**")
    assert "Vectors" in page.locator("h1").inner_text()


def test_search_does_not_find_what_is_not_there_and_escape_closes_it(visit):
    tab = visit()
    page = tab.open()
    page.keyboard.press("/")
    page.keyboard.type("xylophone")
    page.locator(".md-search-result__meta", has_text="No matching documents").wait_for()
    page.keyboard.press("Escape")
    assert not page.locator("#__search").is_checked()


# --- downloads ------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [CHAPTER, LAB])
def test_notebook_and_script_come_under_their_names_and_are_whole(visit, tmp_path, address):
    tab = visit(accept_downloads=True)
    page = tab.open(address)
    files = {}
    for label in ("Notebook", "Script"):
        with page.expect_download() as waiting:
            page.locator(".downloads").get_by_role("link", name=label).click()
        name = waiting.value.suggested_filename
        waiting.value.save_as(tmp_path / name)
        files[name] = (tmp_path / name).read_text(encoding="utf-8")
    assert list(files) == ["vectors.ipynb", "vectors.py"]
    notebook = json.loads(files["vectors.ipynb"])
    assert notebook["nbformat"] == 4
    assert len(notebook["cells"]) > 40
    assert "def dot(" in files["vectors.py"]
    compile(files["vectors.py"], "vectors.py", "exec")
    page.locator(".downloads .lab").click()
    page.wait_for_url(f"**/{LAB if address == CHAPTER else CHAPTER}")
