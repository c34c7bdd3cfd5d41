"""The copy to read from a folder: every address names a file, and pages may load files alone."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from press import csp, offline_zip

NAMES = {
    "index.html", "a/index.html", "a/b/index.html", "a/p.svg", "assets/book.css",
    "assets/javascripts/bundle.1.min.js", "downloads/a.ipynb", offline_zip.SCRIPT,
}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "name", "expected"),
    [
        ("a/", "index.html", "a/index.html"),
        ("a/#x", "index.html", "a/index.html#x"),
        (".", "a/index.html", "index.html"),
        ("./", "a/index.html", "index.html"),
        ("..", "a/index.html", "../index.html"),
        ("../..", "a/b/index.html", "../../index.html"),
        ("../?h=x#y", "a/b/index.html", "../index.html?h=x#y"),
        ("b", "a/index.html", "b/index.html"),
        ("p.svg", "a/index.html", "p.svg"),
        ("#x", "a/index.html", "#x"),
        ("https://example.org/a/", "index.html", "https://example.org/a/"),
        ("mailto:a@example.org", "index.html", "mailto:a@example.org"),
        ("data:image/png;base64,AA==", "index.html", "data:image/png;base64,AA=="),
        ("nowhere/", "index.html", "nowhere/"),
    ],
)
def test_an_address_that_ends_in_a_folder_names_its_page(address, name, expected):
    assert offline_zip.in_folder(address, name, NAMES) == expected


def test_a_page_changes_where_a_folder_needs_it_and_nowhere_else():
    page = csp.with_policy(
        '<html><head><link rel="canonical" href="https://example.org/a/">'
        '<link rel="preload" as="font" href="../x.woff2">'
        "<link rel=stylesheet href=../assets/book.css>"
        "<script>var a='<a href=\"b/\">'</script></head>"
        '<body><h1>A</h1>\n<p class="downloads"><a href="../downloads/a.ipynb">Notebook</a>'
        ' <a class="d" href="../downloads/a.pdf">The <b>PDF</b></a></p>'
        '<div class="language-python highlight" data-live="0" data-still="needs &quot;x&quot;">'
        '<code>href="b/" data</code></div><a href="b/#x">b</a> <a href=\'..\'>up</a>'
        ' <img src="p.svg">'
        '<script src="../assets/javascripts/bundle.1.min.js"></script></body></html>'
    )
    made = offline_zip.page(page, "a/index.html", NAMES, "https://example.org/")
    assert "preload" not in made and "canonical" not in made
    assert "data-live" not in made and "data-still" not in made
    assert '<a href="b/index.html#x">b</a> <a href="../index.html">up</a> <img src="p.svg">' in made
    assert '<script src="../assets/offline_zip.js"></script>\n<script src="../assets/jav' in made
    assert "var a='<a href=\"b/\">'" in made and '<code>href="b/" data</code>' in made
    assert '<a href="../downloads/a.ipynb">Notebook</a> <span>The <b>PDF</b></span>' in made
    assert made.index("offline copy") < made.index('class="downloads"')
    policy = re.search(r'content="(default-src[^"]*)"', made)[1]
    assert "script-src file: 'sha256-" in policy and "connect-src 'none'" in policy
    assert "'self'" not in policy and "http" not in policy
    without = page.replace(' data-live="0"', "").replace(' data-still="needs &quot;x&quot;"', "")
    assert "offline copy" not in offline_zip.page(without, "a/index.html", NAMES)


def site(folder: Path) -> Path:
    files = {
        "index.html": "<html><head></head><body><a href='a/'>a</a></body></html>",
        "404.html": "<html></html>",
        "a/index.html": "<html><head></head><body><a href='..'>home</a></body></html>",
        "search/search_index.json": json.dumps(
            {"config": {"lang": ["en"]}, "docs": [
                {"location": "", "title": "H", "text": "</script> é"},
                {"location": "a/#x", "title": "A", "text": ""},
            ]}
        ),
        "assets/book.css": "a {}",
        "assets/x.js.map": "{}",
        "assets/vendor/pyodide/python_stdlib.zip": "",
        "downloads/a.ipynb": "{}",
        "downloads/book.pdf": "",
        "sw.js": "",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder.parent / "LICENSE").write_text("MIT", encoding="utf-8")
    return folder


def test_the_zip_is_one_folder_with_what_a_reader_needs(tmp_path):
    folder = site(tmp_path / "site")
    path = offline_zip.write(folder, tmp_path)
    assert path == folder / offline_zip.NAME
    with zipfile.ZipFile(path) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert top == {offline_zip.FOLDER}
    assert set(files) == {
        "index.html", "a/index.html", "search/search_index.js", "assets/book.css",
        "assets/offline_zip.js", "downloads/a.ipynb", "LICENSE.txt",
    }  # fmt: skip
    script = files["search/search_index.js"].decode()
    index = json.loads(script.removeprefix("var __index = ").removesuffix(";\n"))
    assert [entry["location"] for entry in index["docs"]] == ["index.html", "a/index.html#x"]
    assert b".offline-note" in files["assets/book.css"]


def test_the_same_site_gives_the_same_bytes_also_over_an_older_zip(tmp_path):
    folder = site(tmp_path / "site")
    first = offline_zip.write(folder, tmp_path).read_bytes()
    assert offline_zip.write(folder, tmp_path).read_bytes() == first
    (folder / "a/index.html").write_text("<html><head></head><body>2</body></html>")
    assert offline_zip.write(folder, tmp_path).read_bytes() != first
