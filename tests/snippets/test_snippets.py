"""Every snippet runs alone, prints what the cookbook shows, and needs nothing of the book."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from press import chapter, includes, outputs

ROOT = Path(__file__).parents[2]
SNIPPETS = sorted((ROOT / "snippets").glob("*.py"))
COOKBOOK = ROOT / "docs/reference/snippets.md"
NAMES = {"numpy": "NumPy", "torch": "PyTorch", "matplotlib": "matplotlib"}


def shown_outputs() -> dict[str, str]:
    """What the cookbook page shows under each snippet that it includes whole."""
    shown = {}
    for block in chapter.read(COOKBOOK, ROOT).blocks:
        for line in block.fence.lines:
            path = includes.include_path(line)
            if path:
                shown[path] = block.output.text if block.output else ""
    return shown


def test_the_cookbook_shows_every_snippet():
    assert set(shown_outputs()) == {f"snippets/{path.name}" for path in SNIPPETS}


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_a_snippet_runs_alone_and_prints_what_the_cookbook_shows(path, tmp_path):
    # -I: neither the folder of the book nor the environment can lend it anything.
    ran = subprocess.run(
        [sys.executable, "-I", str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert outputs.same(shown_outputs()[f"snippets/{path.name}"], ran.stdout)
    assert list(tmp_path.iterdir()) == []


def imported(path: Path) -> set[str]:
    """The packages that a snippet imports, the standard library's left out."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_a_snippet_imports_only_what_its_readers_have_and_its_page_names(path):
    assert imported(path) <= set(NAMES)
    page = COOKBOOK.read_text(encoding="utf-8")
    before = page[: page.index(f'"snippets/{path.name}"')]
    needs = re.findall(r"^Needs (.*?) · explained in", before, re.MULTILINE)[-1]
    named = {package for package, name in NAMES.items() if name in needs}
    assert named == imported(path), f"the cookbook says that {path.name} needs {needs}"


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_a_snippet_says_first_what_it_does(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
