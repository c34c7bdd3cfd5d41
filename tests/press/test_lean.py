"""Rules of others' stylesheets that can never meet an element."""

import pytest

from press import lean

KNOWN = {"here", "also"}


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".here{a:b}.gone{c:d}", ".here{a:b}"),
        (".here .gone,p.also{a:b}", "p.also{a:b}"),
        (".here:not(.gone){a:b}", ".here:not(.gone){a:b}"),
        (".here:is(.gone,.also)>p{a:b}", ".here:is(.gone,.also)>p{a:b}"),
        ("@media print{.gone{a:b}}p{c:d}", "p{c:d}"),
        ("@media print{.gone{a:b}.here{c:d}}", "@media print{.here{c:d}}"),
        ("@keyframes x{from{a:b}}", "@keyframes x{from{a:b}}"),
        ("@font-face{src:url(x.woff2)}", "@font-face{src:url(x.woff2)}"),
        (":root{--x:url('data:image/svg+xml,<svg class=\".gone\"/>')}", None),
        (r".sm\:gone{a:b}", None),
        ("a[href$='.gone']{a:b}", "a[href$='.gone']{a:b}"),
        (".here{a:b", ".here{a:b}"),
    ],
)
def test_a_selector_goes_that_needs_a_class_which_is_nowhere(css, kept):
    made = lean.trimmed(css, KNOWN).replace('"', "'")  # quotes may change
    assert made == (css if kept is None else kept).replace('"', "'").replace("\\'", "'") or (
        kept is None and made.startswith(css[:12])
    )


def test_classes_come_from_pages_and_from_words_of_scripts(tmp_path):
    (tmp_path / "index.html").write_text("<p class=\"one two\"><b class='three'><i class=four>")
    (tmp_path / "assets/stylesheets").mkdir(parents=True)
    (tmp_path / "assets/late.js").write_text('e.classList.add("md-late")')
    sheet = tmp_path / "assets/stylesheets/main.css"
    names = ("one", "two", "three", "four", "md-late", "never")
    sheet.write_text("".join(f".{name}{{a:b}}" for name in names))
    assert lean.trim(tmp_path) == [sheet]
    assert sheet.read_text() == "".join(f".{name}{{a:b}}" for name in names[:-1])
    assert lean.trim(tmp_path) == []


@pytest.fixture
def four_sheets(tmp_path):
    for name, text in {
        "assets/stylesheets/main.1a.min.css": '@charset "UTF-8";.m{background:url("data:a(b")}',
        "assets/vendor/katex/katex.min.css": "@font-face{src:url(fonts/K.woff2)}",
        "assets/book.css": ".b{mask:url('mark.svg');fill:url(#x)}",
        "assets/preview.css": ".p{a:b}",
        "assets/stylesheets/main.1a.min.css.map": "{}",
        "index.html": '<link rel="stylesheet" href="assets/stylesheets/main.1a.min.css">\n'
        '<link rel="stylesheet" href="assets/book.css">\n<p>',
        "a/b/index.html": '<link rel="icon" href="x.svg">\n'
        '<link rel="stylesheet" href="../../assets/stylesheets/main.1a.min.css">\n'
        '<link rel="stylesheet" href="../../assets/vendor/katex/katex.min.css">\n'
        '<link rel="stylesheet" href="../../assets/book.css">\n<p>',
        "404.html": '<link rel="stylesheet" href="/book/assets/book.css"><p>',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_sheets_are_joined_in_the_order_in_which_pages_link_to_them(four_sheets):
    lean.join(four_sheets)
    assert (four_sheets / "assets/book.css").read_text() == (
        '@charset "UTF-8";\n.m{background:url("data:a(b")}\n'
        "@font-face{src:url(vendor/katex/fonts/K.woff2)}\n"
        ".b{mask:url('mark.svg');fill:url(#x)}\n"
    )
    left = {file.name for file in four_sheets.rglob("*.css*")}
    assert left == {"book.css", "preview.css", "katex.min.css"}  # the last for the printed book


def test_every_page_links_to_the_joined_sheet_once(four_sheets):
    changed = lean.join(four_sheets)
    assert (four_sheets / "index.html").read_text() == (
        '<link rel="stylesheet" href="assets/book.css">\n<p>'
    )
    assert (four_sheets / "a/b/index.html").read_text() == (
        '<link rel="icon" href="x.svg">\n<link rel="stylesheet" href="../../assets/book.css">\n<p>'
    )
    linked = '<link rel="stylesheet" href="/book/assets/book.css"><p>'
    assert (four_sheets / "404.html").read_text() == linked
    assert (four_sheets / "404.html").read_text().startswith('<link rel="stylesheet" href="/book')
    assert {file.name for file in changed} == {"book.css", "index.html"}
    assert lean.join(four_sheets) == []
