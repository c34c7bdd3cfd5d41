"""The copy to read from a folder, in a browser without a network: file:// and nothing else."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from press import offline_zip

pytestmark = pytest.mark.browser
HOME, CHAPTER, LAB = "index.html", "foundations/vectors/index.html", "labs/vectors/index.html"


@pytest.fixture(scope="module")
def folder(site, tmp_path_factory) -> Path:
    top = tmp_path_factory.mktemp("offline copy")  # a blank in the path, as on many a desk
    with zipfile.ZipFile(site / offline_zip.NAME) as archive:
        archive.extractall(top)
    return top / offline_zip.FOLDER


@pytest.fixture
def reader(visit, folder):
    """A tab without a network, whose addresses are files."""
    tab = visit()
    tab.base = folder.as_uri() + "/"
    tab.page.context.set_offline(True)
    yield tab
    assert tab.foreign == [] and tab.complaints == []
    assert tab.requests


def test_the_zip_is_small_and_holds_every_page(site, folder, pages):
    assert (site / offline_zip.NAME).stat().st_size <= 10e6
    ours = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
    theirs = {path.relative_to(site).as_posix() for path in pages.values()}
    assert ours == theirs - {"404.html"} and len(ours) > 20


def test_every_address_in_the_copy_names_a_file(folder):
    problems, seen = [], 0
    for page in sorted(folder.rglob("*.html")):
        text = re.sub(r"<script\b.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.S)
        for tag in re.findall(r"<[a-z][^<>]*>", text):
            for address in re.findall(r'\s(?:href|src|srcset)="([^"]*)"', tag):
                parts = urlsplit(html.unescape(address))
                if parts.scheme or not parts.path:
                    continue
                seen += 1
                if not (page.parent / unquote(parts.path)).is_file():
                    problems.append(f"{page.relative_to(folder)}: {address}")
    assert seen > 1000
    assert not problems, problems[:20]


@pytest.mark.parametrize("address", [HOME, CHAPTER, LAB])
def test_a_page_is_whole(reader, address):
    page = reader.open(address)
    assert page.locator("h1").count() == 1
    fonts = page.evaluate(
        "[...document.fonts].filter((f) => f.status === 'loaded').map((f) => f.family)"
    )
    assert any("Book Serif" in family for family in fonts)
    missing = page.eval_on_selector_all(
        "article img",
        """(images) => Promise.all(images.map(async (image) => {
            image.loading = "eager";
            await image.decode();
            return image.naturalWidth ? "" : image.src;
        })).then((all) => all.filter(Boolean))""",
    )
    assert missing == []
    assert page.evaluate("getComputedStyle(document.querySelector('.md-header')).position") == (
        "sticky"  # the stylesheets are there
    )
    if address != HOME:
        assert any("KaTeX_Main" in family for family in fonts)
        assert page.locator("article .katex").count() > 100
    reader.choose("slate" if reader.scheme == "default" else "default")
    assert page.locator(".live-bar button:not([data-action=move])").count() == 0
    assert page.locator(".offline-note").count() == (address == CHAPTER)


def test_links_lead_from_page_to_page_and_folds_open(reader, folder):
    page = reader.open(HOME)
    page.get_by_role("link", name="Start chapter 1").click()
    page.wait_for_url(f"**/{CHAPTER}")
    fold = page.locator("article details").first
    fold.locator("summary").click()
    assert fold.evaluate("(fold) => fold.open")
    page.locator("a.lab").first.click()
    page.wait_for_url(f"**/{LAB}")
    page.locator(".md-header a.md-logo").click()
    page.wait_for_url(f"**/{HOME}")
    reader.choose("slate")
    reader.open(CHAPTER)
    assert reader.scheme == "slate"  # the choice is kept


@pytest.mark.parametrize(
    ("query", "word"),
    [("cosine similarity", "cosine"), ("softmax", "softmax"), ("dropout", "dropout")],
)
def test_search_finds_and_its_results_open(reader, query, word):
    page = reader.open("reference/notation/index.html")
    page.locator("[data-md-component=search-query]").click()
    page.keyboard.type(query)
    first = page.locator(".md-search-result__link").first
    first.wait_for()
    page.locator(".md-search-result__meta", has_text="matching documents").wait_for()
    assert word in page.locator(".md-search-result__item").first.inner_text().lower()
    first.click()
    page.wait_for_url(re.compile(r"/(foundations|reference)/[\w-]+/index\.html\?h="))
    assert word in page.locator("article").inner_text().lower()


def test_a_page_of_the_copy_may_ask_nothing_of_the_network(reader):
    page = reader.open(CHAPTER)
    asked = page.evaluate(
        """async () => {
            const told = [];
            addEventListener("securitypolicyviolation", (e) => told.push(e.effectiveDirective));
            await fetch("https://example.org/").catch(() => {});
            document.body.append(Object.assign(new Image(), {src: "https://example.org/a.png"}));
            await new Promise((done) => setTimeout(done, 300));
            return told;
        }"""
    )
    assert sorted(asked) == ["connect-src", "img-src"]
    reader.complaints.clear()
    reader.requests[:] = [url for url in reader.requests if "example.org" not in url]
