"""Running a page: order, namespaces, errors and where they point."""

from __future__ import annotations

import sys

import pytest
from small_books import PAGE, block, fence
from test_wrong_chapters import EXERCISE, PRINTS


def test_blocks_share_one_namespace_from_top_to_bottom(book):
    assert not book.check(fence("x = 2") + "\n" + fence("x *= 3") + "\n" + block("print(x)", "6"))


def test_asking_for_a_late_step_runs_the_earlier_ones_first_and_once(book):
    run = book.run(fence("ran = []\nran.append(1)") + "\n" + block("print(ran)", "[1]"))
    first, last = run.chapter.steps()
    assert run.step(last).problems == []
    assert run.step(first).problems == []
    assert run.step(last) is run.step(last)
    assert len(run.steps) == 2


def test_a_page_runs_as_a_script_does(book):
    assert not book.check(block('if __name__ == "__main__":\n    print("yes")', "yes"))


def test_the_press_leaves_standard_output_and_warnings_as_they_were(book):
    before = sys.stdout
    book.check(fence("import sys\n\nsys.exit(3)"))
    book.check(fence("1 / 0"))
    assert sys.stdout is before


def test_an_error_deep_in_a_library_points_to_the_line_of_the_book(book):
    [problem] = book.check(fence("import json\n\nx = 1\njson.loads('{')"))
    assert (problem.file, problem.line) == (PAGE, 5)
    assert problem.got.startswith("json.decoder.JSONDecodeError: ")


def test_an_error_in_a_function_of_an_earlier_block_points_into_that_block(book):
    [problem] = book.check(fence("def f(x):\n    return 1 / x") + "\n" + fence("f(0)"))
    assert (problem.file, problem.line) == (PAGE, 3)
    assert problem.what == f"the block fails (from {PAGE}:6)"


def test_a_keyboard_interrupt_stops_the_press(book):
    with pytest.raises(KeyboardInterrupt):
        book.check(fence("raise KeyboardInterrupt"))


@pytest.mark.parametrize(
    ("code", "title", "output"),
    [
        ('raise ValueError("no")', "ValueError", "ValueError: no"),
        ("raise ValueError", "ValueError", "ValueError"),
        ('print("so far")\nraise ValueError("no")', "ValueError", "so far\nValueError: no"),
        ('raise ValueError("one\\ntwo")', "ValueError", "ValueError: one\ntwo"),
        ("import numpy as np\n\nnp.linalg.inv(np.zeros((2, 2)))", "LinAlgError",
         "numpy.linalg.LinAlgError: Singular matrix"),
        ("class Odd(Exception):\n    pass\n\n\nraise Odd(3)", "Odd", "Odd: 3"),
        ("x = = 1", "SyntaxError", "SyntaxError: invalid syntax (<unknown>, line 1)"),
        ("raise SystemExit(2)", "SystemExit", "SystemExit: 2"),
    ],
)  # fmt: skip
def test_a_failure_on_purpose_shows_its_last_line(book, code, title, output):
    assert not book.check(block(code, output, f'python title="Raises {title}"'))


def test_the_page_goes_on_after_a_failure_on_purpose(book):
    page = block("x = 1\nraise ValueError", "ValueError", 'python title="Raises ValueError"')
    assert not book.check(page + "\n" + block("print(x)", "1"))


def test_after_a_block_that_fails_a_missing_name_points_up_to_it(book):
    first, second = book.check(fence("1 / 0\nx = 1") + "\n" + block("print(x)", "1"))
    assert first.got == "ZeroDivisionError: division by zero"
    assert second.mend == "mend the block at line 1 first: it failed, and this may follow"


def test_a_block_that_rests_is_not_run(book):
    assert not book.check(fence("1 / 0", 'python title="Not run: it needs a GPU"'))


def test_a_deprecation_inside_a_library_is_none_of_the_readers_business(book):
    code = "import warnings\n\nwarnings.warn{}('old', DeprecationWarning)"
    aside = code.format("_explicit").replace("Warning)", "Warning, '/lib/x.py', 1)")
    assert not book.check(fence(aside))
    [problem] = book.check(fence(code.format("")))
    assert (problem.line, problem.got) == (4, "DeprecationWarning: old")


def test_an_escape_that_python_does_not_know_warns_at_its_line(book):
    [problem] = book.check(fence("x = 1\ny = '\\s'"))
    assert (problem.line, problem.what) == (3, "the block warns, and readers would see it")
    assert "invalid escape sequence" in problem.got
    assert not book.check(fence("x = 1") + "\nIt is \\sqrt 1.\n<!-- says: f'is \\sqrt {x}' -->\n")


def test_a_warning_that_the_block_catches_is_its_own(book):
    code = "import warnings\n\nwith warnings.catch_warnings():\n"
    code += "    warnings.simplefilter('ignore')\n    warnings.warn('so')"
    assert not book.check(fence(code))


def test_answers_of_an_exercise_do_not_see_one_another(book):
    page = EXERCISE.replace("    return 2 * x\n", "    return 2 * x\n\n\nleft = 1\n").replace(
        "    return x + 2\n", "    return x + (globals().get('left', 0) or 2)\n"
    )
    assert not book.check(page)


def test_what_an_answer_defines_is_unknown_to_the_page(book):
    [problem] = book.check(EXERCISE + "\n## After\n\n" + fence("double(2)"))
    assert problem.got == "NameError: name 'double' is not defined"


def test_an_exercise_uses_what_the_page_defined(book):
    page = fence("two = 2") + "\n" + EXERCISE.replace("return 2 * x", "return two * x")
    assert not book.check(page)


def test_two_runs_of_a_page_give_the_same(book):
    page = PRINTS + "\n" + EXERCISE
    assert book.check(page) == book.check(page) == []


def test_axes_are_shared_with_an_answer_and_lists_of_anything_else_are_not(book):
    drawn = fence("from matplotlib import pyplot as plt\n\nfig, axes = plt.subplots(1, 2)")
    run = book.run(drawn + "\n" + fence("both, none = [fig, 1], []\naxes, fig, both, none"))
    run.finish()
    page, own = run.namespace, run.fresh_namespace(run.chapter.blocks[-1])
    assert own["axes"] is page["axes"] and own["fig"] is page["fig"]
    assert own["both"] is not page["both"] and own["none"] is not page["none"]


def test_a_check_is_asked_its_shapes_after_each_answer(book):
    asks = "import numpy as np\n\nnp.ones(double(1))  # (2,)\nassert double(3) != 3"
    page = EXERCISE.replace("assert double(3) != 3", asks)
    told = [p for p in book.check(page) if p.what == "a shape comment is false"]
    shapes = ["(1,)", "(3,)"]  # the starter, x, and a known mistake, x + 2; the solution's is right
    assert [p.got for p in told] == shapes


@pytest.mark.parametrize("shape", ["", "  # (2,)"])
def test_functions_know_their_own_source(book, shape):
    code = f"import inspect\n\nimport numpy as np\n\n\ndef f():\n    return np.ones(2){shape}\n\n\n"
    code += "f()\nprint(inspect.getsource(f).strip())"
    assert not book.check(block(code, f"def f():\n    return np.ones(2){shape}"))
