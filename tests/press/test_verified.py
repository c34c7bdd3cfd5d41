"""The record that checks leave, and the stamp that a build makes of it, on small books."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from importlib import metadata

import pytest
from small_books import ROOT, block

from press import chapter as chapters
from press import check, verified

TEXT = "# Page\n\n" + block("import numpy as np\nprint(np.arange(3).sum())", "3")
RECORD = ".cache/verified/docs/part/page.json"


@pytest.fixture
def made(book, monkeypatch):
    book.write(TEXT)
    monkeypatch.chdir(book.root)
    return book


def run_check(book) -> int:
    return check.main(["docs/part/page.md"])


def record(book) -> dict | None:
    return verified.read(chapters.read(book.page, book.root), book.root)


def test_a_check_that_passes_leaves_a_record(made):
    assert run_check(made) == 0
    kept = record(made)
    assert kept["date"] == datetime.datetime.now(datetime.UTC).date().isoformat()
    assert kept["blocks"] == 1
    python = ".".join(map(str, sys.version_info[:3]))
    assert kept["versions"] == {"Python": python, "NumPy": metadata.version("numpy")}


def test_a_check_that_fails_leaves_none_and_takes_the_old_one_away(made):
    assert run_check(made) == 0
    made.change("\n3\n", "\n4\n")
    assert record(made) is None  # already now: the page is another
    assert run_check(made) == 1
    assert not (made.root / RECORD).exists()


@pytest.mark.parametrize("what", ["page", "source", "figure", "data"])
def test_a_record_is_of_one_text_one_code_and_one_drawing(made, what):
    source = "# --8<-- [start:a]\nprint(1)\n# --8<-- [end:a]\n"
    made.write(source, "src/foundations/one.py")
    included = '\n```python\n--8<-- "src/foundations/one.py:a"\n```\n\n![A](figures/a.svg)\n'
    made.write(TEXT + included)
    made.write("<svg/>", "docs/part/figures/a.svg")
    made.write("{}", "docs/part/figures/a.data.json")
    chapter = chapters.read(made.page, made.root)
    assert verified.write(chapter, made.root, verified.before(chapter, made.root))
    assert record(made)
    file = {
        "page": made.page,
        "source": made.root / "src/foundations/one.py",
        "figure": made.root / "docs/part/figures/a.svg",
        "data": made.root / "docs/part/figures/a.data.json",
    }[what]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("print(1)", "print(2)") + "\n", encoding="utf-8")
    if what == "source":  # what no block includes may change
        file.write_text(text + "\n# more\n", encoding="utf-8")
        assert record(made)
        file.write_text(text.replace("print(1)", "print(2)"), encoding="utf-8")
    assert record(made) is None
    file.write_text(text, encoding="utf-8")
    assert record(made)


def test_what_changes_while_it_is_checked_gets_no_record(made):
    chapter = chapters.read(made.page, made.root)
    before = verified.before(chapter, made.root)
    made.change("arange(3)", "arange(4)")
    assert verified.write(chapter, made.root, before) is None
    assert not (made.root / RECORD).exists()


def test_a_damaged_record_is_no_record(made):
    assert run_check(made) == 0
    for text in ("", "[]", "{}", '{"digest": 1}'):
        (made.root / RECORD).write_text(text, encoding="utf-8")
        assert record(made) is None


# --- pytest ---------------------------------------------------------------------------------

TWO = TEXT + "\n" + block("print(2)", "2")


def pytest_of(book, *arguments: str) -> int:
    (book.root / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"), "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:doctest", "-p", "no:cacheprovider",
         "docs", *arguments],
        cwd=book.root, capture_output=True, text=True,
    )  # fmt: skip
    return ran.returncode


def test_tests_leave_a_record_once_all_of_a_page_has_passed(made):
    made.write(TWO)
    assert pytest_of(made, "-k", "line-3-block or line-12-block") == 0
    assert record(made) is None  # not all of them
    assert pytest_of(made) == 0
    assert record(made)["blocks"] == 2
    made.change("\n2\n", "\n5\n")
    assert pytest_of(made) == 1
    assert not (made.root / RECORD).exists()


# --- the stamp ------------------------------------------------------------------------------

BUILT = "<article><p>Text</p>\n</article><footer></footer>"


def stamped(book) -> str:
    page = book.root / "site/part/page/index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(BUILT, encoding="utf-8")
    verified.stamp(book.root / "site", book.root)
    return page.read_text(encoding="utf-8")


def write_record(book, **given) -> None:
    chapter = chapters.read(book.page, book.root)
    verified.write(chapter, book.root, verified.before(chapter, book.root),
                   datetime.date(2026, 3, 7))  # fmt: skip
    file = book.root / RECORD
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | given), encoding="utf-8")


def test_the_stamp_says_what_the_record_says(made):
    write_record(made, versions={"Python": "3.11.7", "NumPy": "2.4.6"})
    assert (
        'The block of code on this page was last run, and compared with what the page shows, on '
        '<time datetime="2026-03-07">7 March 2026</time> with Python 3.11.7 and NumPy 2.4.6.</p>\n'
        "</article>"
    ) in stamped(made)  # fmt: skip
    write_record(made, blocks=40, not_run=1, versions={"Python": "3"})
    assert "All 40 blocks of code on this page were last run" in stamped(made)
    assert "with Python 3 (1 block more, so titled, is not run)." in stamped(made)


def test_a_page_that_was_changed_since_says_so(made):
    write_record(made)
    made.change("# Page", "# Another page")
    page = stamped(made)
    assert "Not verified in this build" in page and "March" not in page


def test_without_code_links_and_formulas_are_dated_or_nothing_is_said(made):
    made.write("# Words\n\nOnly words.\n")
    assert stamped(made) == BUILT
    write_record(made)
    assert "The links and formulas of this page were last checked on <time" in stamped(made)


def test_a_page_is_stamped_once(made):
    write_record(made)
    once = stamped(made)
    assert verified.stamp(made.root / "site", made.root) == []
    assert (made.root / "site/part/page/index.html").read_text(encoding="utf-8") == once
