"""The README's promise: change a digit, be told exactly what is wrong, mend it with one command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from press import mutate

ROOT = Path(__file__).parents[2]
PAGE = "docs/foundations/vectors.md"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return mutate.copy_project(ROOT, tmp_path_factory.mktemp("book").resolve())


def press(copy: Path, command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "press", command, PAGE], cwd=copy, capture_output=True, text=True
    )


def test_a_wrong_digit_is_reported_as_the_readme_shows_and_mended_by_the_command_it_names(copy):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ make check PAGE=\S+\n(.*?)\n```", readme, re.DOTALL)[1]
    page = copy / PAGE
    right = page.read_bytes()
    wrong = right.replace("3×6 = 32".encode(), "3×6 = 33".encode())
    assert wrong != right
    page.write_bytes(wrong)

    told = press(copy, "check")
    assert told.returncode == 1
    anywhere = re.sub(r"(vectors\\\.md:)\d+", r"\1\\d+", re.escape(shown))  # lines move
    assert re.search(anywhere, told.stdout), told.stdout

    mended = press(copy, "update")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert page.read_bytes() == right
    assert press(copy, "check").returncode == 0


def test_every_command_of_the_readme_exists_in_the_makefile():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"\bmake ([a-z]+)", readme)) - {"and"}
    assert commands >= {"serve", "test", "check", "update"}
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
