"""The chapters as tests: each step one test, in a project of its own, with the real plugin."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from small_books import PAGE, ROOT, Book, block, fence
from test_wrong_chapters import EXERCISE, PRINTS, SAID

PAGE_OF_ALL = (
    "# Page\n\n" + PRINTS + "\n" + block("print(x + 1)", "8") + "\n" + SAID + "\n" + EXERCISE
)


@pytest.fixture
def project(book: Book) -> Book:
    """A small book with the conftest and the pytest settings of the real one."""
    book.write((ROOT / "conftest.py").read_text("utf-8"), "conftest.py")
    book.write((ROOT / "pyproject.toml").read_text("utf-8"), "pyproject.toml")
    return book


def pytest_in(project: Book, *arguments: str) -> tuple[int, str]:
    hidden = ("PYTEST", "COV_", "COVERAGE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=project.root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_every_step_of_a_page_is_a_test_with_its_line_in_its_name(project):
    project.write(PAGE_OF_ALL)
    code, said = pytest_in(project, "--collect-only", "-q")
    assert code == 0, said
    assert re.findall(r"page\.md::(\S+)", said) == [
        "line-1-page", "line-3-block", "line-12-block", "line-20-block", "line-25-says",
        "line-27-exercise-1.1", f"line-{len(PAGE_OF_ALL.splitlines()) + 1}-whole",
    ]  # fmt: skip


def test_a_right_page_passes_alone_in_part_and_spread_over_processes(project):
    project.write(PAGE_OF_ALL)
    project.write(PRINTS, "docs/part/other.md")
    for arguments in (
        [],
        ["-k", "says"],
        [f"{PAGE}::line-27-exercise-1.1"],
        ["-n", "2", "--dist", "loadfile"],
    ):
        code, said = pytest_in(project, "-q", *arguments)
        assert code == 0, f"{arguments}: {said}"
        assert " passed" in said


def test_a_failure_is_told_in_the_problems_own_words_without_the_presss_code(project):
    project.write(PAGE_OF_ALL.replace("\n8\n", "\n9\n"))
    code, said = pytest_in(project, "-q")
    assert code == 1
    assert (
        f"""
{PAGE}:17: the output is not what the block prints
    expected: 9   (on the page)
         got: 8   (printed now)
        mend: make update PAGE={PAGE}  if the code is right; else mend the code
="""
        in said
    )
    assert "Traceback" not in said
    assert "press/" not in said
    assert "1 failed, 6 passed" in said


def test_each_kind_of_test_fails_on_its_own(project):
    project.write(
        PAGE_OF_ALL.replace("# Page", "# Page\n\n![](cat.png)")
        .replace("12.5 percent", "13 percent")
        .replace("double(3) should be 6, not 5\n```", "double(3) should be 6, not 4\n```")
        + "\n## After\n\n"
        + fence("import numpy as np\n\n\ndef f():\n    return np.ones(2)  # (2,)")
    )
    code, said = pytest_in(project, "-q")
    assert code == 1
    failed = re.findall(r"FAILED \S+::line-\d+-([\w.-]+)", said)
    assert failed == ["page", "says", "exercise-1.1", "whole"]


def test_a_page_that_cannot_be_read_fails_and_says_why(project):
    project.page.write_bytes("Größe\n".encode("latin-1"))
    code, said = pytest_in(project, "-q")
    assert code == 1
    assert f"{PAGE}:1: the file is not UTF-8" in said


def test_generated_pages_and_other_files_are_not_collected(project):
    project.write(PRINTS)
    for name in (
        "docs/reference/equation-tests.md",
        "docs/reference/equation-tests/a.md",
        "README.md",
        "src/notes.md",
    ):
        project.write(fence("1 / 0"), name)
    for name in ("docs/labs/page.ipynb", "docs/downloads/page.py", "docs/downloads/page.ipynb"):
        project.write("1 / 0\n", name)
    code, said = pytest_in(project, "--collect-only", "-q")
    assert code == 0, said
    assert set(re.findall(r"^(\S+)::", said, re.M)) == {PAGE}
