"""Lighthouse, as on a phone, over the built site: `python -m press.lighthouse` after `make site`.

Served here as GitHub Pages serves it: gzipped, cached for ten minutes, under a path. Of each page
the median of the runs is shown. Access, good practice and what search engines ask must be 100, and
the layout must stand still; performance is shown with the machine's load, for it is measured in
seconds, and a busy machine is slow.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from press import vendor
from press.check import find_root

PREFIX = "/book/"
PAGES = {
    "home": "",
    "chapter full of formulas": "foundations/losses/",
    "chapter full of figures": "foundations/optimisers/",
    "lab": "labs/vectors/",
}
PERFECT = ("accessibility", "best-practices", "seo")
CATEGORIES = ("performance", *PERFECT)
SHIFT = 0.02
"""The most that a layout may move (Cumulative Layout Shift; 0.1 counts as good)."""
TIMES = {
    "first-contentful-paint": "FCP", "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT", "speed-index": "SI",
}  # fmt: skip
PACKED = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml", ".txt"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"


class _Handler(SimpleHTTPRequestHandler):
    """Files of the site under the prefix, gzipped where that is worth it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        file = Path(self.directory) / path.removeprefix(PREFIX)
        if file.is_dir():
            file /= "index.html"
        found = path.startswith(PREFIX) and file.is_file()
        data = file.read_bytes() if found else b"not found"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Cache-Control", "max-age=600")
        if found and file.suffix in PACKED:
            data = gzip.compress(data, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        pass  # the browser went on


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site while it is served."""
    with _Server(("127.0.0.1", 0), partial(_Handler, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()


def browser() -> str:
    """The system's Chromium, else Playwright's."""
    if found := next((path for name in BROWSERS if (path := shutil.which(name))), None):
        return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def run(address: str, web: Path) -> dict:
    """Lighthouse's report of one visit."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        ran = vendor.run_node(
            "lighthouse/cli/index.js",
            [address, "--quiet", "--output=json", f"--output-path={report}",
             f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={FLAGS}",
             "--no-enable-error-reporting"],
            web, Path(folder),
        )  # fmt: skip
        if ran.returncode or not report.is_file():
            raise SystemExit(f"Lighthouse failed at {address}:\n{ran.stderr[-2000:]}")
        return json.loads(report.read_text(encoding="utf-8"))


def summary(reports: list[dict]) -> dict[str, float]:
    """The median of each number over a page's reports; scores from 0 to 100, times in seconds."""
    every = []
    for report in reports:
        audits = report["audits"]
        numbers = {name: 100 * (report["categories"][name]["score"] or 0) for name in CATEGORIES}
        numbers["CLS"] = audits["cumulative-layout-shift"]["numericValue"]
        for audit, short in TIMES.items():
            numbers[short] = audits[audit]["numericValue"] / 1000
        numbers["kB"] = audits["total-byte-weight"]["numericValue"] / 1000
        every.append(numbers)
    return {name: statistics.median(numbers[name] for numbers in every) for name in every[0]}


def failures(page: str, numbers: dict[str, float], report: dict) -> list[str]:
    """What must hold and does not, with the audits that say why."""
    found = []
    for category in PERFECT:
        if numbers[category] < 100:
            why = [
                f"{ref['id']}: {report['audits'][ref['id']]['title']}"
                for ref in report["categories"][category]["auditRefs"]
                if ref["weight"] and report["audits"][ref["id"]]["score"] not in (1, None)
            ]  # fmt: skip
            found.append(f"{page}: {category} is {numbers[category]:.0f}: {'; '.join(why)}")
    if numbers["CLS"] > SHIFT:
        found.append(f"{page}: the layout moves by {numbers['CLS']:.3f}; at most {SHIFT}")
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m press.lighthouse", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--site", type=Path, help="default: site/, as make site builds it")
    parser.add_argument("--page", help="an address under the site's root; default: four pages")
    parser.add_argument("--keep", type=Path, help="a folder for Lighthouse's own reports")
    options = parser.parse_args(arguments)
    root = find_root()
    site, web = options.site or root / "site", root / vendor.CHECKS
    if not (site / "index.html").is_file():
        raise SystemExit("There is no site/ yet: make site")
    vendor.install(web)
    os.environ.setdefault("CHROME_PATH", browser())
    pages = PAGES if options.page is None else {options.page or "home": options.page}
    columns = [*CATEGORIES, "CLS", *TIMES.values(), "kB"]
    print("page".ljust(26), *(name.rjust(max(6, len(name))) for name in columns))
    wrong = []
    with served(site.resolve()) as base:
        for name, address in pages.items():
            reports = [run(base + address, web) for _ in range(options.runs)]
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                for number, report in enumerate(reports):
                    short = name.strip("/").translate({32: "-", 47: "-"})
                    file = options.keep / f"{short}-{number}.json"
                    file.write_text(json.dumps(report), encoding="utf-8")
            numbers = summary(reports)
            shown = [
                f"{numbers[c]:.{0 if c in CATEGORIES or c == 'kB' else 3 if c == 'CLS' else 2}f}"
                .rjust(max(6, len(c)))
                for c in columns
            ]  # fmt: skip
            print(name.ljust(26), *shown, flush=True)
            wrong += failures(name, numbers, reports[-1])
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"median of {options.runs}; load {load:.1f} on {os.cpu_count()} cores; times in seconds")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
