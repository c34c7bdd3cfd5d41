"""The notebook and the script that a chapter becomes."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import lab_sample
import nbformat
import pytest

from press import chapter as chapters
from press import equations, lab, outputs
from press.problems import PressError

BOOK = lab_sample.ROOT
PAGE = "docs/foundations/doubling.md"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return lab_sample.make(tmp_path)


def notebook_of(root: Path, page: str = PAGE) -> dict:
    return json.loads(lab.notebook(chapters.read(root / page, root), root))


def sources(notebook: dict, kind: str) -> list[str]:
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind]


def change(root: Path, old: str, new: str) -> None:
    path = root / PAGE
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def line(root: Path, words: str) -> int:
    """The number of the page's line with these words."""
    lines = (root / PAGE).read_text(encoding="utf-8").split("\n")
    return next(number for number, text in enumerate(lines, 1) if words in text)


def shown(cell: dict) -> str:
    """The text that a cell of a notebook shows under itself."""
    texts = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            texts.append("".join(output["text"]))
        elif output["output_type"] == "error":
            texts.append(output["traceback"][-1])
    return "".join(texts)


def real_chapters() -> list[str]:
    return [path.relative_to(BOOK).as_posix() for path in lab.chapter_files(BOOK / "docs")]


def all_labs(root: Path) -> list[dict]:
    return [notebook_of(root), *(notebook_of(BOOK, page) for page in real_chapters())]


def test_the_notebook_is_valid(sample):
    for notebook in all_labs(sample):
        nbformat.validate(nbformat.from_dict(notebook))
        ids = [cell["id"] for cell in notebook["cells"]]
        assert len(set(ids)) == len(ids)


def test_nothing_in_it_is_markdown_that_only_the_site_knows(sample):
    only_the_site = re.compile(
        r"\{[ ]?[#.][\w-]+|--8<--|^(?:!!!|\?\?\?)|markdown=|\\(?:label|eqref)|<!--|\[\^\w"
        r"|\]\((?!https?:)|^:   |```output",
        re.MULTILINE,
    )
    for notebook in all_labs(sample):
        for text in sources(notebook, "markdown"):
            prose = re.sub(r"(`+).+?\1", "", re.sub(r"(?s)```.*?```", "", text))
            assert not only_the_site.search(prose), only_the_site.search(prose)
            assert "```output" not in text


def test_it_imports_only_what_a_reader_has(sample):
    allowed = {"numpy", "torch", "matplotlib"} | sys.stdlib_module_names
    for notebook in all_labs(sample):
        for source in sources(notebook, "code"):
            for node in ast.walk(ast.parse(source)):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module] if isinstance(node, ast.ImportFrom) else []
                assert {name.partition(".")[0] for name in names} <= allowed


def test_an_import_of_the_books_own_package_is_refused(sample):
    change(sample, "total = double(21)", "from foundations.sums import double")
    with pytest.raises(PressError) as caught:
        notebook_of(sample)
    assert (
        f"doubling.md:{line(sample, 'from foundations') - 1}: a lab cannot import foundations.sums"
        in str(caught.value)
    )


def test_the_first_cell_says_what_it_is(sample):
    first = sources(notebook_of(sample), "markdown")[0]
    assert first.startswith("# Doubling\n\nChapter 7 of ")
    for word in ("NumPy", "PyTorch", "matplotlib", "MIT", "CC BY 4.0"):
        assert word in first
    assert "Lab in the browser" not in first


def test_links_notes_equations_and_admonitions_read_well(sample):
    text = "\n\n".join(sources(notebook_of(sample), "markdown"))
    assert "A number can be doubled.<sup>1</sup> See\n" in text
    assert "[a page elsewhere](https://example.org/a_(b)) and `[code](kept.md){ .x }`." in text
    assert text.endswith("## Notes\n\n1. By anyone, at any time.")
    assert "$$\ny = 2x\n\\tag{7.1}\n$$" in text
    assert "Equation (7.1) in Python, with $a < b$:" in text
    assert "> **Mind the type**\n>\n> Text doubles as well:" in text
    assert "> And that was that." in text
    assert "*Not run: it takes an hour*\n\n```python\nwait_an_hour()\n```" in text
    assert "### Exercise 7.1: Double by hand\n" in text
    assert "| number | double |" in text


def test_an_unknown_label_is_told_with_its_line(sample):
    change(sample, "Equation \\eqref{eq:double} in", "Equation \\eqref{eq:duoble} in")
    with pytest.raises(PressError) as caught:
        notebook_of(sample)
    assert f"doubling.md:{line(sample, 'duoble')}: \\eqref{{eq:duoble}} names no equation" in str(
        caught.value
    )
    assert equations.index(sample / "docs")


def test_an_exercise_is_task_starter_hints_check_solution_mistakes(sample):
    cells = notebook_of(sample)["cells"]
    at = next(i for i, c in enumerate(cells) if "starter" in c["metadata"].get("tags", []))
    task, starter, hints, check, rest = [
        "".join(cell["source"]) for cell in (cells[at - 2], *cells[at : at + 4])
    ]
    assert task.endswith("Write `double` anew.")
    assert starter.startswith("def double(number):")
    assert hints.startswith('<details class="hint"><summary>Hint 1</summary>\n\nEquation (7.1)')
    assert check.startswith("try:\n    text = '''two\nlines'''\n    assert len(")
    assert check.endswith('except AssertionError as diagnosis:\n    print("Not yet:", diagnosis)')
    assert shown(cells[at + 2]) == "Not yet: double gives None: does it return?\n"
    assert '<details class="solution"><summary>Solution</summary>\n\n```python\n' in rest
    assert "```text\nRight: 4\n```\n\n</details>" in rest
    assert "<summary>A mistake: the square</summary>" in rest


def test_a_failure_on_purpose_is_tagged_and_shows_its_error(sample):
    (cell,) = [
        c
        for c in notebook_of(sample)["cells"]
        if "raises-exception" in c["metadata"].get("tags", [])
    ]
    printed, error = cell["outputs"]
    assert printed["text"] == ["before\n"]
    assert (error["ename"], error["evalue"][:11]) == ("TypeError", "unsupported")


def test_a_figure_keeps_its_words(sample):
    figures = [
        output
        for cell in notebook_of(sample)["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "display_data"
    ]
    (figure,) = figures
    alt = "A line that rises from 0 to 2"
    assert figure["metadata"] == {"image/svg+xml": {"alt": alt}}
    assert figure["data"]["text/plain"] == alt
    svg = "".join(figure["data"]["image/svg+xml"])
    assert svg.startswith(f'<svg role="img" aria-label="{alt}" data-figure="foundations/figures/')


def test_the_last_value_of_a_block_is_not_echoed(sample):
    assert '{"a": 1}.get("a");' in sources(notebook_of(sample), "code")


def run_cells(notebook: dict) -> list[str]:
    """What each cell prints, run in one namespace as Jupyter would."""
    namespace: dict = {"__name__": "__main__"}
    printed = []
    for source in sources(notebook, "code"):
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            try:
                exec(source, namespace)
            except Exception as error:
                print(f"{type(error).__name__}: {error}")
        printed.append(stream.getvalue())
    return printed


def test_cells_give_in_one_namespace_what_the_chapter_shows(sample):
    # Exercise 7.1 defines the chapter's `double` anew, and 7.2 needs the chapter's own.
    notebook = notebook_of(sample)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell, printed in zip(code, run_cells(notebook), strict=True):
        assert outputs.same(shown(cell), printed)
    kept, given_back = (s for s in sources(notebook, "code") if "chapter_double" in s)
    assert kept.endswith("chapter_double = double")
    assert given_back.endswith("double = chapter_double")


def test_names_that_nobody_needs_again_are_left_alone(sample):
    change(sample, "four_times = double(double(3))", "four_times = 12")
    assert not any("chapter_" in source for source in sources(notebook_of(sample), "code"))


def test_a_function_that_calls_the_rebound_one_counts_as_needing_it(sample):
    change(sample, "four_times = double(double(3))", "four_times = fourfold(3)")
    change(
        sample,
        "total = double(21)",
        "def fourfold(n):\n    return double(double(n))\n\n\ntotal = 42",
    )
    assert any("double = chapter_double" in s for s in sources(notebook_of(sample), "code"))


def test_the_script_prints_the_chapters_outputs_anywhere(sample, tmp_path_factory):
    lab.write(sample)
    empty = tmp_path_factory.mktemp("empty")
    ran = subprocess.run(
        [sys.executable, "-I", sample / "docs/downloads/doubling.py"],
        cwd=empty, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "total 42\nabab\nbefore\n"
        "TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'\n"
        "Not yet: double gives None: does it return?\nNot yet: not 12\n"
    )
    assert not list(empty.iterdir())


def test_the_script_is_prose_in_comments_without_spoilers(sample):
    script = lab.script(chapters.read(sample / PAGE, sample), sample)
    lines = script.split("\n")
    assert lines[0] == "# Doubling"
    assert all(len(line) <= 88 for line in lines if line.startswith("# ") and "http" not in line)
    assert "# | number | double |\n# |---|---|" in script
    assert "number + number" not in script
    assert "as a script." in lines[3]


def test_the_same_chapter_gives_the_same_bytes(sample):
    chapter = chapters.read(sample / PAGE, sample)
    assert lab.notebook(chapter, sample) == lab.notebook(chapter, sample)


def test_an_edit_changes_the_ids_of_its_cell_only(sample):
    before = {cell["id"] for cell in notebook_of(sample)["cells"]}
    change(sample, "total = double(21)", "total = double(20) + 2")
    after = {cell["id"] for cell in notebook_of(sample)["cells"]}
    assert len(before - after) == len(after - before) == 1


def test_files_are_written_once_and_go_with_their_chapter(sample):
    names = ["labs/doubling.ipynb", "downloads/doubling.ipynb", "downloads/doubling.py"]
    files = [sample / "docs" / name for name in names]
    assert lab.write(sample) == files
    times = [file.stat().st_mtime_ns for file in files]
    assert lab.write(sample) == []
    assert [file.stat().st_mtime_ns for file in files] == times
    (sample / PAGE).unlink()
    assert lab.write(sample) == []
    assert not any(file.exists() for file in files)


def test_two_chapters_of_one_name_are_refused(sample):
    other = sample / "docs/sequences/doubling.md"
    other.parent.mkdir()
    other.write_text("---\nchapter: 8\n---\n\n# Again\n", encoding="utf-8")
    with pytest.raises(PressError, match=r"two chapters would make the lab doubling\.ipynb"):
        lab.write(sample)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\n\nb = 2", "    a = 1\n\n    b = 2"),
        ('a = """x\n  y"""\nb = 1', '    a = """x\n  y"""\n    b = 1'),
        ('a = f"""{1}\n  y"""\nb = 1', '    a = f"""{1}\n  y"""\n    b = 1'),
        ('f(\n    "a"\n    "b"\n)', '    f(\n        "a"\n        "b"\n    )'),
        ("a = '''x\n'''; b = '''\ny'''", "    a = '''x\n'''; b = '''\ny'''"),
    ],
)
def test_indenting_leaves_strings_as_they_are(source, expected):
    assert lab.indented(source) == expected
    bare, guarded = ast.parse(source), ast.parse(lab.guarded(source, "ValueError", "pass"))
    assert [ast.dump(n) for n in bare.body] == [ast.dump(n) for n in guarded.body[0].body]


def test_a_check_written_as_a_function_keeps_it_in_front_and_guards_only_the_call():
    source = "def check(f):\n    assert f(2) == 4\n\n\ncheck(f)\ncheck(g)"
    guarded = ast.parse(lab.guarded(source, "AssertionError", "pass"))
    assert [type(node).__name__ for node in guarded.body] == ["FunctionDef", "Try"]
    assert [ast.unparse(node) for node in guarded.body[1].body] == ["check(f)", "check(g)"]


def test_a_check_that_is_a_function_alone_is_guarded_as_a_whole():
    guarded = ast.parse(lab.guarded("def check(f):\n    pass", "AssertionError", "pass"))
    assert [type(node).__name__ for node in guarded.body] == ["Try"]
