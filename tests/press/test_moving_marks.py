"""The mark that makes a picture a moving figure, and the script that moves it."""

from __future__ import annotations

import gzip
import re

import pytest
from small_books import PAGE, ROOT, Book
from test_wrong_chapters import DRAWN

from press import chapter as chapters
from press import finish, vendor
from press.moving import assets, marks
from press.problems import PressError

MARKED = f"{DRAWN}\n<!-- moving: dot -->\n"
PICTURE = "![A line that rises ever faster, from 0 to 4](figures/rise.svg)"
LINE = MARKED.split("\n").index("<!-- moving: dot -->") + 1


@pytest.fixture
def book(tmp_path):
    made = Book(tmp_path)
    made.update(MARKED)
    return made


def test_a_right_mark_is_no_problem(book):
    assert "<!-- moving: dot -->" in book.text
    assert not book.check()
    assert not book.check(MARKED.replace("<!-- moving", "<!-- says: 'from 0' -->\n<!-- moving"))
    assert marks.used(chapters.parse(MARKED, PAGE)) == ["dot"]


def test_an_unknown_figure_is_told_with_the_nearest_name(book):
    [problem] = book.check(MARKED.replace("moving: dot", "moving: dott"))
    assert (problem.file, problem.line, problem.what) == (PAGE, LINE, "no such moving figure")
    assert (problem.expected, problem.got) == ("dot", "dott")
    assert problem.mend == "write src/press/moving/figures/dott.js, or name another"
    [problem] = book.check(MARKED.replace("moving: dot", "moving: zebra"))
    assert problem.expected == f"one of {', '.join(marks.names())}"


@pytest.mark.parametrize("mark", ["moving dot", "moving: ", "Moving: dot", "movng: dot"])
def test_a_mistyped_mark_is_told(book, mark):
    [problem] = book.check(MARKED.replace("moving: dot", mark))
    assert problem.what == "a moving figure's mark that the press cannot read"
    assert (problem.line, problem.expected) == (LINE, "<!-- moving: name -->")


def test_a_mark_without_a_picture_is_told(book):
    what = "a moving figure without a picture to stand for it"
    [problem] = book.check(MARKED.replace("<!-- moving", "A sentence.\n\n<!-- moving"))
    assert (problem.line, problem.what, problem.got) == (LINE + 2, what, "A sentence.")
    [problem] = book.check("<!-- moving: dot -->\n")
    assert (problem.what, problem.got) == (what, "nothing above it")


def test_two_marks_under_one_picture_are_told(book):
    [problem] = book.check(f"{MARKED}<!-- moving: matrix -->\n")
    assert (problem.line, problem.got) == (LINE + 1, f"another at line {LINE}")


def test_a_mark_in_code_is_none(book):
    text = f"{DRAWN}\n```text\n<!-- moving: zebra -->\n```\n"
    assert not book.check(text)
    page = "<pre><code>&lt;!-- moving: dot --&gt;</code></pre>"
    assert finish.finished(page) == page


def test_the_built_page_has_a_place_and_no_comment_and_keeps_both():
    page = f"<p>{PICTURE}</p>\n<!-- says: x -->\n<!-- moving: dot -->\n<p>On.</p>"
    once = finish.finished(page)
    assert once == f'<p>{PICTURE}</p>\n<div class="moving" data-moving="dot"></div>\n<p>On.</p>'
    assert finish.finished(once) == once


def test_the_place_stands_right_under_the_picture_before_its_links():
    links = '<p class="figure-links"><a href="#fig-x">Link</a></p>'
    page = f"<p>{PICTURE}</p>\n{links}\n<!-- says: x -->\n<!-- moving: dot -->\n<p>On.</p>"
    place = '<div class="moving" data-moving="dot"></div>'
    once = finish.finished(page)
    assert once == f"<p>{PICTURE}</p>\n{place}\n{links}\n<p>On.</p>"
    assert finish.finished(once) == once


# --- the script -------------------------------------------------------------------------------


def test_a_script_is_made_once_and_again_when_a_source_changes(tmp_path):
    vendor.install()
    scripts = assets.install(tmp_path)
    folder = tmp_path / "assets/vendor/moving"
    assert scripts == [folder / f"{name}.js" for name in marks.names()]
    old = folder / "moving.js"
    old.write_text("// of a figure that is no more")
    assert assets.install(tmp_path) == [] and not old.exists()
    script = scripts[3]
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace(text[:10], "// older  "), encoding="utf-8")
    assert assets.install(tmp_path) == [script]
    assert script.read_text(encoding="utf-8") == text


def test_each_script_is_small_classic_and_offends_no_policy(tmp_path):
    vendor.install()
    for script in assets.install(tmp_path):
        text = script.read_text(encoding="utf-8").partition("\n")[2]  # without the stamp
        assert len(gzip.compress(text.encode())) <= 12_000, script
        assert not re.search(r"^\s*(?:import|export)\b|\bimport\(", text, re.MULTILINE)
        for forbidden in ("fetch(", "eval(", "innerHTML", 'setAttribute("style"', "Function("):
            assert forbidden not in text
        assert text.startswith("(()=>{") and text.rstrip().endswith("})();")


def test_a_script_that_does_not_bundle_is_told_with_its_file(tmp_path):
    vendor.install()
    sources, entry = [assets.HERE / "stage.js"], "import './nowhere.js'"
    with pytest.raises(PressError, match=r"src/press/moving/stage\.js:1: it does not bundle"):
        vendor.bundle(tmp_path / "x.js", entry, sources, tmp_path, "it does not bundle")


def test_each_figure_has_its_file_and_the_package_brings_them_all():
    assert marks.names() == [
        "attention", "dot", "mask", "matrix", "neuron", "ravine", "rope", "rosenbrock", "stream",
        "temperature",
    ]  # fmt: skip
    assert all(f'"./figures/{name}.js"' in assets.entry(name) for name in marks.names())
    assert (
        '"press.moving" = ["*.css", "*.js", "figures/*.js"]'
        in (ROOT / "pyproject.toml").read_text()
    )
