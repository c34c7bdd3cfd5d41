"""Reading without a network: what was visited is there, and never two builds in one page."""

from __future__ import annotations

import json
import re
import shutil
import threading
from functools import partial

import pytest

from press.live import offline

pytestmark = pytest.mark.browser
PREFIX = "/book/"
CHAPTER, OTHER = "foundations/vectors/", "reference/glossary/"


@pytest.fixture
def published(site, server, tmp_path):
    """A copy of the site, that a test may change, and a server that may break off."""
    folder = tmp_path / "site"
    shutil.copytree(site, folder)

    class Handler(server.RequestHandlerClass.func):
        def do_GET(self) -> None:
            if self.path in self.server.broken:
                self.close_connection = True  # without an answer
            else:
                super().do_GET()

    with type(server)(folder) as running:
        running.RequestHandlerClass = partial(Handler, directory=str(folder))
        running.folder, running.broken = folder, set()
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def reader(visit, published):
    """A reader whose browser allows a service worker."""
    tab = visit(service_workers="allow")
    tab.base = f"http://127.0.0.1:{published.server_port}{PREFIX}"
    tab.page.context.set_default_timeout(60_000)
    return tab


KEPT = """async () => {
    const found = {};
    for (const name of await caches.keys())
        found[name] = (await (await caches.open(name)).keys()).map(({url}) => url);
    return found;
}"""


def kept(tab, kind: str = "pages") -> dict[str, list[str]]:
    """What the caches of a kind hold, by the caches' names: addresses under the site's root."""
    return {
        name: [url.removeprefix(tab.base) for url in urls]
        for name, urls in tab.page.evaluate(KEPT).items()
        if f":{kind}:" in name
    }


def wait_until_kept(tab, address: str, kind: str = "pages") -> None:
    for _ in range(600):
        if any(address in urls for urls in kept(tab, kind).values()):
            return
        tab.page.wait_for_timeout(100)
    raise AssertionError(f"{address} is not kept: {kept(tab, kind)}")


def visited(tab, *addresses: str) -> None:
    for address in addresses:
        tab.open(address)
        wait_until_kept(tab, address)
    tab.page.wait_for_function("navigator.serviceWorker.controller")
    tab.page.wait_for_load_state("networkidle")
    wait_until_kept(tab, "assets/book.css")


def rebuild(published, **changes: str) -> None:
    """Publishes another build: files with text appended, and the list of all files anew."""
    for name, text in changes.items():
        change(published, {"css": "assets/book.css", "page": f"{OTHER}index.html"}[name], text)
    offline.write(published.folder)


def change(published, name: str, text: str) -> None:
    path = published.folder / name
    head, end, rest = path.read_text(encoding="utf-8").partition("</body>")
    path.write_text(head + text + end + rest, encoding="utf-8")


def test_a_figure_that_was_moved_once_moves_without_a_network(reader):
    tab = reader
    visited(tab, CHAPTER)
    assert "assets/vendor/moving/dot.js" not in [u for urls in kept(tab).values() for u in urls]
    tab.page.get_by_role("button", name="Move it").click()
    wait_until_kept(tab, "assets/vendor/moving/dot.js")
    tab.page.context.set_offline(True)
    page = tab.open(CHAPTER)
    page.get_by_role("button", name="Move it").click()
    page.get_by_role("slider", name="Tip of a").press("ArrowLeft")
    assert page.locator(".moving").evaluate("(place) => place.numbers.a") == [0.9, 2]


def test_a_visited_page_is_there_without_a_network(reader):
    tab = reader
    visited(tab, OTHER)
    tab.page.context.set_offline(True)
    page = tab.open(OTHER)
    assert page.locator("h1").inner_text().startswith("Glossary")
    assert "Book Serif" in page.evaluate("getComputedStyle(document.querySelector('p')).fontFamily")
    assert page.evaluate("document.fonts.check('16px \"Book Serif\"')")
    assert page.evaluate("typeof document$") == "object"  # the scripts are there as well
    assert page.evaluate("[...document.styleSheets].every((sheet) => sheet.cssRules.length)")


def test_the_figures_of_a_visited_chapter_are_there_though_nobody_scrolled_to_them(reader):
    tab = reader
    visited(tab, CHAPTER)
    last = tab.page.locator("article img").last.evaluate("(image) => image.src")
    wait_until_kept(tab, last.removeprefix(tab.base))
    tab.page.context.set_offline(True)
    page = tab.open(CHAPTER)
    assert page.locator("article img").last.evaluate(
        "(image) => { image.loading = 'eager';"
        " return image.decode().then(() => image.naturalWidth) }"
    )


def test_a_page_that_was_not_visited_says_so_and_names_those_that_were(reader):
    tab = reader
    visited(tab, OTHER)
    tab.page.context.set_offline(True)
    tab.page.goto(tab.base + "reference/notation/")
    assert tab.page.locator("h1").inner_text() == "This page is not on this device"
    tab.page.get_by_role("link", name="Glossary").click()
    tab.page.wait_for_url(tab.base + OTHER)
    assert tab.page.locator("h1").inner_text().startswith("Glossary")


def test_after_the_first_run_python_runs_without_a_network(reader):
    tab = reader
    visited(tab, CHAPTER)
    run = "[data-live]:has(+ .language-output) button[data-action=run]"
    tab.page.locator(run).first.click()
    tab.page.locator(".language-output[data-mine=yes]").first.wait_for()
    said = tab.page.locator(".language-output[data-mine=yes]").first.inner_text()
    for name in (
        "pyodide.asm.wasm",
        "pyodide.mjs",
        "manifest.json",
        "python_stdlib.zip",
        "numpy.zip",
    ):
        wait_until_kept(tab, f"assets/vendor/pyodide/{name}", "runtime")
    wait_until_kept(tab, "assets/vendor/live/reader.zip")
    wait_until_kept(tab, "assets/vendor/editor/editor.js")
    tab.page.context.set_offline(True)
    page = tab.open(CHAPTER)
    assert page.locator(".language-output[data-mine]").count() == 0
    page.locator(run).first.click()
    page.locator(".language-output[data-mine=yes]").first.wait_for()
    assert page.locator(".language-output[data-mine=yes]").first.inner_text() == said
    starter = page.locator("[data-role=starter]:not([data-still])").first
    starter.locator("button[data-action=edit]").click()
    starter.locator(".cm-content").wait_for()


def test_nothing_of_the_runtime_is_fetched_or_kept_by_reading(reader):
    tab = reader
    visited(tab, CHAPTER, OTHER)
    assert not any(kept(tab, "runtime").values())
    assert not [url for url in tab.requests if "vendor/pyodide" in url or "vendor/editor" in url]
    assert not tab.complaints and not tab.foreign


def test_a_new_build_takes_over_what_was_kept_and_the_old_goes(reader, published):
    tab = reader
    visited(tab, CHAPTER, OTHER)
    before = kept(tab)
    assert len(before) == 1
    rebuild(published, css="\n:root { --of-build: 2 }\n", page="<!-- 2 -->")
    tab.open("")  # any visit brings the new worker
    for _ in range(300):
        after = kept(tab)
        if not before.keys() & after.keys():
            break
        tab.page.wait_for_timeout(100)
    assert len(after) == 1 and after.keys() != before.keys()
    tab.page.context.set_offline(True)
    for address in (CHAPTER, OTHER):  # also the one that was not visited since
        page = tab.open(address)
        assert page.locator("h1").count() == 1
        build = page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--of-build')"
        )
        assert build.strip() == "2"
    assert "<!-- 2 -->" in tab.page.content()


def test_what_is_kept_has_the_bytes_of_one_build(reader, published):
    """A page of a build whose list the worker does not have yet is shown, but is not kept."""
    tab = reader
    visited(tab, "")
    change(published, f"{OTHER}index.html", "<!-- another -->")
    page = tab.open(OTHER)
    assert "<!-- another -->" in page.content()  # the network comes first
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    assert not any(OTHER in urls for urls in kept(tab).values())


@pytest.mark.parametrize("newer", [False, True])
def test_a_page_of_a_newer_build_takes_no_older_style_from_what_is_kept(reader, published, newer):
    tab = reader
    visited(tab, OTHER)
    if newer:
        change(published, f"{OTHER}index.html", "<!-- newer -->")
    published.broken.add(f"{PREFIX}assets/book.css")
    tab.page.context.new_cdp_session(tab.page).send("Network.clearBrowserCache")
    page = tab.open(OTHER)
    assert ("<!-- newer -->" in page.content()) is newer
    styled = page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--book-page')"
        " || getComputedStyle(document.body).getPropertyValue('--book-page')"
    )
    assert bool(styled) is not newer


def test_the_site_asks_for_no_worker_where_it_lies_in_no_web_server(site):
    text = (site / "assets/book.js").read_text(encoding="utf-8")
    assert 'location.protocol.startsWith("http")' in text
    head = (site / "sw.js").read_text(encoding="utf-8")
    files = json.loads(re.search(r"const FILES = (\{.*?\});", head, re.DOTALL)[1])
    assert CHAPTER in files and "assets/book.css" in files
