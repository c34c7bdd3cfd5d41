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
