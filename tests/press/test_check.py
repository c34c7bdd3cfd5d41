"""`make check` from the command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from small_books import PAGE, fence
from test_wrong_chapters import PRINTS

from press import check
from press.problems import PressError


def command(book, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "press", *arguments], cwd=book.root, capture_output=True, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("COV")}, check=False,
    )  # fmt: skip


def test_a_right_page_gives_one_line_and_success(book):
    book.write(PRINTS)
    done = command(book, "check", PAGE)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{PAGE}: 1 block, all as the page says (")


def test_a_wrong_page_gives_its_problems_a_count_and_failure(book):
    book.write(PRINTS.replace("3.5", "9") + "\nSee [it](none.md).\n")
    done = command(book, "check", PAGE)
    assert done.returncode == 1
    lines = done.stdout.split("\n")
    assert lines[0] == f"{PAGE}:7: the output is not what the block prints"
    assert lines[-2].startswith(f"{PAGE}: 2 problems (")
    assert not done.stderr


def test_without_a_name_every_page_and_the_book_are_checked(book):
    book.write(PRINTS)
    book.write(fence("1 / 0"), "docs/part/other.md")
    book.write("# --8<-- [start:a]\nx = 1\n# --8<-- [end:a]\n", "src/foundations/a.py")
    done = command(book, "check")
    assert done.returncode == 1
    assert "docs/part/other.md:2: the block fails" in done.stdout
    assert "no page uses the region 'a'" in done.stdout
    assert "2 pages: 2 problems (" in done.stdout


def test_a_page_that_does_not_exist_is_told_with_those_that_do(book):
    book.write(PRINTS)
    done = command(book, "check", "docs/part/pages.md")
    assert done.returncode == 1
    assert "docs/part/pages.md:1: no such page" in done.stderr
    assert PAGE in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_of_a_project_it_says_so(tmp_path):
    with pytest.raises(PressError, match="not inside the book's project"):
        check.find_root(tmp_path)


def test_a_page_may_be_named_in_several_ways(book, monkeypatch):
    book.write(PRINTS)
    for folder, name in (
        (book.root, PAGE), (book.root, "part/page.md"), (book.root / "docs/part", "page.md"),
        (book.root / "docs", PAGE), (book.root, str(book.page)),
    ):  # fmt: skip
        monkeypatch.chdir(folder)
        assert check.resolve(name, book.root) == book.page.resolve()


def test_one_thread_is_fixed_before_numpy_is_imported(book):
    book.write(fence("import os\n\nassert os.environ['OMP_NUM_THREADS'] == '1'"))
    assert command(book, "check", PAGE).returncode == 0


def test_a_check_writes_nothing(book):
    book.write(PRINTS.replace("3.5", "9"))
    before = book.files()
    book.check_all()
    assert book.files() == before


def test_a_page_without_figures_is_checked_without_importing_numpy_or_matplotlib(book):
    book.write(PRINTS)
    script = (
        "import sys\nfrom press import check\nassert check.main([sys.argv[1]]) == 0\n"
        "heavy = {'numpy', 'matplotlib', 'torch', 'sybil', 'pytest'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script, PAGE], cwd=book.root, check=True)


def test_a_broken_source_file_is_told_alone_with_a_count_of_what_follows(book):
    book.write("# --8<-- [start:a]\nx = 1\n", "src/foundations/a.py")
    blocks = fence('--8<-- "src/foundations/a.py:a"') + fence("print(x)") + fence("print(x + 1)")
    book.write("# Page\n\n" + blocks)
    done = command(book, "check", PAGE)
    lines = [line for line in done.stdout.split("\n") if line and not line.startswith(" ")]
    assert lines[0] == "src/foundations/a.py:1: region 'a' never closes"
    assert lines[1].startswith("… and ")
    assert lines[1].endswith("from the above: check again once that is mended")
    assert done.returncode == 1


def test_what_follows_from_a_block_that_failed_is_counted_not_told(book):
    book.write(fence("y = 1 / 0") + fence("print(y)") + fence("print(y + 1)"))
    done = command(book, "check", PAGE)
    assert "ZeroDivisionError" in done.stdout
    assert "NameError" not in done.stdout
    assert "… and 2 problems that follow from the above" in done.stdout


def test_a_formula_that_its_test_does_not_know_is_told_for_its_page(book):
    formula = "$$\na + b\n\\label{eq:sum}\n$$\n\nSee \\eqref{eq:sum}.\n"
    book.write("---\nchapter: 1\n---\n\n" + formula)
    mark = '@pytest.mark.equation("eq:sum", r"a - b")\ndef test_sum():\n    assert True\n'
    book.write("import pytest\n\n\n" + mark, "tests/test_sum.py")
    done = command(book, "check", PAGE)
    assert "test_sum is bound to another formula than the page shows" in done.stdout
