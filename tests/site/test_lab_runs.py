"""Every lab runs where its reader is: with NumPy, PyTorch, matplotlib and Jupyter, nothing else.

The environment is made of links to the packages that are installed here, so it costs a second and
no download; the book's own packages and the site's tools are not in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from press import chapter as chapters
from press import lab, outputs

ROOT = Path(__file__).parents[2]
READERS = ("numpy", "torch", "matplotlib")
JUPYTER = ("ipykernel", "nbclient", "nbformat")
NOT_THERE = ("mkdocs", "foundations", "press", "sybil", "yaml", "pymdownx", "nbconvert")
PAGES = [path.relative_to(ROOT).as_posix() for path in lab.chapter_files(ROOT / "docs")]

RUN = """
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
for cell in notebook.cells:
    cell.pop("outputs", None)
    if cell.cell_type == "code":
        cell.outputs = []
NotebookClient(notebook, timeout=300, resources={"metadata": {"path": sys.argv[3]}}).execute()
nbformat.write(notebook, sys.argv[2])
"""


def closure(names: tuple[str, ...]) -> set[str]:
    """The distributions that these need, as far as they are installed."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            assert name not in names, f"{name} is not installed"
            continue
        found.add(name)
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                queue.append(need.name)
    return found


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The Python of an environment with what a reader of a lab has."""
    folder = tmp_path_factory.mktemp("reader") / "venv"
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([program, "-c", where], text=True).strip())
    for name in sorted(closure(READERS + JUPYTER)):
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            link = packages / top
            if not link.exists() and not top.endswith(".pth"):
                link.symlink_to(Path(installed.locate_file(top)).resolve())
    return program


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """No help from the one who runs the tests; one thread, as when the outputs were verified."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JUPYTER", "MPL"))}
    (tmp_path / "home").mkdir()
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    home = {"HOME": str(tmp_path / "home"), "MPLCONFIGDIR": str(tmp_path / "home")}
    return {**kept, **one, **home, "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def empty(tmp_path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def texts(cell: dict) -> str:
    """What a cell shows as text: what it printed, and the last line of its error."""
    shown = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            assert output["name"] == "stdout", f"the cell warns: {output['text']}"
            shown.append("".join(output["text"]))
        elif output["output_type"] == "error":
            name, message = output["ename"], output["evalue"]
            shown.append(f"{name}: {message}\n" if message else f"{name}\n")
        else:
            assert output["output_type"] == "display_data", "".join(cell["source"])
    return "".join(shown)


def figures(cell: dict) -> int:
    return sum(output["output_type"] == "display_data" for output in cell.get("outputs", []))


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_only_a_readers_packages_are_there(python, environment, empty):
    code = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    ran = subprocess.check_output(
        [python, "-c", code, *NOT_THERE, *READERS], cwd=empty, env=environment, text=True
    )
    assert ran.strip() == str(list(READERS))


@pytest.mark.parametrize("page", PAGES)
def test_the_notebook_runs_and_gives_the_outputs_it_shows(page, python, environment, empty):
    chapter = chapters.read(ROOT / page, ROOT)
    stored, fresh = empty.parent / "lab.ipynb", empty.parent / "run.ipynb"
    stored.write_text(lab.notebook(chapter, ROOT), encoding="utf-8")
    ran = subprocess.run(
        [python, "-W", "ignore", "-c", RUN, stored, fresh, empty],
        cwd=empty, env=environment, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    before = code_cells(json.loads(stored.read_text(encoding="utf-8")))
    after = code_cells(json.loads(fresh.read_text(encoding="utf-8")))
    for shown, printed in zip(before, after, strict=True):
        source = "".join(shown["source"])
        assert outputs.same(texts(shown), texts(printed)), f"{source}\n\ngave\n{texts(printed)}"
        assert figures(shown) == figures(printed), source
    assert not list(empty.iterdir())


@pytest.mark.parametrize("page", PAGES)
def test_the_script_prints_the_chapters_outputs(page, python, environment, empty):
    chapter = chapters.read(ROOT / page, ROOT)
    script = empty.parent / "chapter.py"
    script.write_text(lab.script(chapter, ROOT), encoding="utf-8")
    ran = subprocess.run(
        [python, script],
        cwd=empty, env={**environment, "MPLBACKEND": "agg"},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    notebook = json.loads(lab.notebook(chapter, ROOT))
    expected = "".join(texts(cell) for cell in code_cells(notebook))
    assert outputs.same(expected, ran.stdout)
    assert not list(empty.iterdir())
