"""The built site, served as GitHub Pages serves it, and one headless Chromium to read it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).parents[2]
PREFIX = "/book/"
"""The site lies under a path, as a project's does on GitHub Pages."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
NO_WORKER = "Service Worker registration blocked by Playwright"
SCREENS = {"desk": (1280, 800), "phone": (390, 844), "small phone": (320, 640)}


# --- the site -------------------------------------------------------------------------------


def _build(folder: Path) -> None:
    """Builds as `make site` does, but into `folder`: the project's own site/ is left alone."""
    ran = subprocess.run(
        # Not --quiet: MkDocs then counts no warnings, and --strict is nothing.
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "SITE_URL": f"http://127.0.0.1{PREFIX}"},
    )  # fmt: skip
    assert ran.returncode == 0, f"the site could not be built:\n{ran.stdout}{ran.stderr}"


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site, built once for a run of pytest, however many workers it has."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    built, failed = shared / "site", shared / "site.failed"
    try:
        (shared / "site.lock").mkdir()
    except FileExistsError:  # another worker builds it
        end = time.monotonic() + 900
        while not built.exists():
            assert not failed.exists(), failed.read_text(encoding="utf-8")
            assert time.monotonic() < end, "another worker builds the site and does not end"
            time.sleep(0.1)
        return built
    try:
        _build(shared / "site.new")
    except AssertionError as error:
        failed.write_text(str(error), encoding="utf-8")
        raise
    return (shared / "site.new").rename(built)


@pytest.fixture(scope="session")
def pages(site) -> dict[str, Path]:
    """Every page by its address under the prefix; labs and the page for lost readers too."""
    files = sorted(site.rglob("*.html"))
    found = {file.relative_to(site).as_posix().removesuffix("index.html"): file for file in files}
    assert {"", "404.html", "labs/vectors/", "reference/equation-tests/"} <= set(found)
    return found


class _Handler(SimpleHTTPRequestHandler):
    """Files of the site under the prefix; for anything else the site's own page 404."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".woff2": "font/woff2"}  # noqa: RUF012

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        ending = Path(path).suffix
        time.sleep(self.server.delays.get(ending, 0))
        if path.startswith(PREFIX):
            self.path = "/" + path.removeprefix(PREFIX)
            if Path(self.translate_path(self.path)).exists():
                super().do_GET()
                return
        body = (Path(self.directory) / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")  # as GitHub Pages does
        super().end_headers()

    def log_message(self, *args) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.delays: dict[str, float] = {}
        """Seconds to wait before a file with such an ending is sent, as over a slow line."""

    def handle_error(self, request, client_address) -> None:
        pass  # a browser that goes to the next page drops what it was still fetching


@pytest.fixture(scope="session")
def server(site) -> Iterator[_Server]:
    with _Server(site) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


# --- the browser ----------------------------------------------------------------------------


def _launched(chromium, *more: str) -> Browser:
    """Chromium of the system, else Playwright's own. Without one, tests fail: none is skipped."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    try:
        return chromium.launch(executable_path=program, args=[*ARGS, *more])
    except PlaywrightError as error:
        pytest.fail(
            f"The browser tests need Chromium; it does not start: {program or 'none found'}."
            "\nOn Debian and Ubuntu: apt install chromium; elsewhere:"
            f" {Path(sys.executable).name} -m playwright install chromium\n\n{error}",
            pytrace=False,
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = _launched(playwright.chromium)
        yield running
        running.close()


@dataclass
class Visit:
    """A tab, the address of the site, and everything that the tab complained about."""

    page: Page
    base: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = self.page.context
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("requestfailed", self._failed)
        context.on("response", lambda r: r.status >= 400 and self._say(str(r.status), r.url))
        context.on("console", self._console)
        context.on("weberror", lambda error: self._say("page error", str(error.error)))

    def _say(self, *words: str) -> None:
        self.complaints.append(" ".join(words))

    def _failed(self, request) -> None:
        # Aborted: the tab went on before it was there. (An answer of 404 and such is told anyway.)
        if request.failure != "net::ERR_ABORTED":
            self._say("failed", request.url, request.failure or "")

    def _console(self, message) -> None:
        if message.type in ("error", "warning") and message.text != NO_WORKER:
            self._say(f"console {message.type}", message.text)

    @property
    def foreign(self) -> list[str]:
        """Requests to other hosts."""
        own = (self.base, "data:", "blob:")
        return [url for url in self.requests if not url.startswith(own)]

    def open(self, address: str = "") -> Page:
        """Goes to a page and waits until its script has made it ready."""
        self.page.goto(self.base + address, wait_until="load", timeout=60_000)  # on a busy machine
        self.settle()
        return self.page

    def settle(self) -> None:
        """Waits until fonts and pictures are there and the page stands still."""
        self.page.evaluate(
            """async () => {
                await document.fonts.ready;
                const frame = () => new Promise((done) => requestAnimationFrame(done));
                await frame(); await frame();
            }"""
        )

    def draw(self) -> None:
        """Draws at once what is far off, as the page does by itself when a reader stays."""
        self.page.evaluate(
            """document.querySelectorAll(".stretch").forEach((e) => e.classList.add("drawn"))"""
        )
        self.settle()

    @property
    def scheme(self) -> str:
        return self.page.evaluate("document.body.dataset.mdColorScheme")

    def choose(self, scheme: str) -> None:
        """Presses the palette's button where the page is not in `scheme` ("default" or "slate")."""
        if self.scheme != scheme:
            self.page.locator("label.md-header__button[for^=__palette]:visible").click()
            self.page.wait_for_function(
                "(scheme) => document.body.dataset.mdColorScheme === scheme", arg=scheme
            )
        self.page.mouse.move(0, 0)

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
        self.settle()


def _visits(browser, server) -> Iterator:
    """Opens a tab that knows nothing of earlier ones: `visit("phone", color_scheme="dark")`.

    Without the service worker, which would fetch beside what a test measures, unless it is wanted:
    `visit(service_workers="allow")`.
    """
    contexts: list[BrowserContext] = []

    def new(screen: str = "desk", **settings) -> Visit:
        width, height = SCREENS[screen]
        settings = {"service_workers": "block", **settings}
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        return Visit(context.new_page(), f"http://127.0.0.1:{server.server_port}{PREFIX}")

    yield new
    for context in contexts:
        context.close()


visit = pytest.fixture(_visits)
visit_for_module = pytest.fixture(_visits, scope="module")
"""The same, for tests that share a tab."""


@pytest.fixture
def visit_with_screen_reader(browser, server) -> Iterator:
    """The same, in a browser that has been told that a screen reader is there."""
    told = _launched(browser.browser_type, "--force-renderer-accessibility")
    yield from _visits(told, server)
    told.close()
