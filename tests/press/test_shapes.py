"""Shape comments: which comments are ones, and what they are compared with."""

from __future__ import annotations

import ast

import pytest
from small_books import block, fence

from press import shapes


@pytest.mark.parametrize(
    ("comment", "shape"),
    [
        ("# (2, 3)", "(2, 3)"),
        ("# (T, D)", "(T, D)"),
        ("#(T,)", "(T,)"),
        ("# ()", "()"),
        ("# (B, T, H * K)", "(B, T, H * K)"),
        ("# (T, D): one row a token", "(T, D)"),
        ("# (T, 4 * D), wider", "(T, 4 * D)"),
        ("# (x.size, 2)", "(x.size, 2)"),
        ("# (see below)", None),
        ("# (below)", None),
        ("# (2.5, 3)", None),
        ("# (f(x), 3)", None),
        ("# the shape is (2, 3)", None),
        ("# (2, 3)rd", None),
        ("# ('a', 'b')", None),
    ],
)
def test_a_comment_that_begins_with_a_tuple_of_sizes_is_a_shape_comment(comment, shape):
    found = [one.text for one in shapes.find(f"x = 1  {comment}\n")]
    assert found == ([] if shape is None else [shape])


def test_text_that_looks_like_a_comment_is_none():
    assert not shapes.find('x = "# (2, 3)"\ny = """\n# (2, 3)\n"""\n')


SLIPS = ["# [T, D]", "# (4)", "# (T, D", "# T, D)", "# [2, 3]", "# (2, 3,"]
WORDS = ["# (see below)", "# so", "# a, b and c", "# f(x)", "# 3, 4", "#"]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_in_a_shape_comment_is_told(book, slip):
    [problem] = book.check(fence(f"x = 1  {slip}"))
    assert (problem.line, problem.what, problem.got) == (2, "nearly a shape comment", slip)


@pytest.mark.parametrize("words", WORDS)
def test_words_are_no_slip(book, words):
    assert not book.check(fence(f"x = 1  {words}"))


def asked(code: str, **names) -> list[tuple[str, bool, list[str]]]:
    """Runs code with its shape comments: of each its text, whether reached, and its failures."""
    tree = ast.parse(code)
    comments = shapes.find(code)
    assert not shapes.instrument(tree, comments)
    namespace = dict(names)
    namespace[shapes.REPORT] = shapes.reporter(comments, namespace)
    exec(compile(tree, "page.md", "exec"), namespace)
    return [(one.text, one.reached, one.failures) for one in comments]


RIGHT = [
    "x = np.ones((2, 3))  # (2, 3)",
    "x = y = np.ones((2, 3))  # (2, 3)",
    "x: object = np.ones(3)  # (3,)",
    "x = np.ones(3)\nx += 1  # (3,)",
    "x = [np.ones(3)]\nx[0] += 1  # (3,)",
    "x, y = np.ones(3), np.zeros(3)  # (3,)",
    "np.ones((2, 3)) @ np.ones(3)  # (2,)",
    "x = np.ones(\n    (2, 3)\n)  # (2, 3)",
    "x = 1; y = np.ones(3)  # (3,)",
    "if True: y = np.ones(3)  # (3,)",
    "for n in range(3):\n    x = np.ones((n, 2))  # (n, 2)",
    "def f(T):\n    D = 2\n    return np.ones((T, D))  # (T, D)\n\nf(3), f(5)",
    "class Rows:\n    def rows(self, n):\n        return np.ones(n)  # (n,)\n\nRows().rows(2)",
    "x = lambda n: n\ny = np.ones(x(3))  # (3,)",
    "x = 3.5  # ()",
    "x = [[1, 2], [3, 4], [5, 6]]  # (3, 2)",
    "x = np.float32(1)  # ()",
    "with np.errstate():\n    x = np.ones(3)  # (3,)",
    "try:\n    x = np.ones(3)  # (3,)\nfinally:\n    pass",
    "async def f():\n    return np.ones(3)  # (3,)\n\ntry:\n    f().send(None)\n"
    "except StopIteration:\n    pass",
    "D = 4\nx = np.ones((3, 4 * D))  # (3, 4 * D)",
    "x = np.ones((6, 2))  # (2 * 3, 2)",
]


@pytest.mark.parametrize("code", RIGHT)
def test_a_right_shape_comment_is_reached_and_holds(code):
    import numpy as np

    for text, reached, failures in asked(code, np=np):
        assert (reached, failures) == (True, []), text


@pytest.mark.parametrize(
    ("code", "got"),
    [
        ("x = np.ones((2, 3))  # (3, 2)", "(2, 3)"),
        ("x = np.ones(3)\nx += 1  # (2,)", "(3,)"),
        ("x, y = np.ones(3), np.zeros(4)  # (3,)", "(4,)"),
        ("x = 3  # (1,)", "()"),
        ('x = "abc"  # (3,)', "a str, which has no shape"),
        ("x = [[1, 2], [3]]  # (2, 2)", "a list, which has no shape"),
        ("x = np.ones((6, 2))  # (2 * 4, 2)", "(6, 2)"),
        ("x = np.ones(3)  # (N,)", "NameError: name 'N' is not defined"),
        ("def f(n):\n    return np.ones(n)  # (3,)\n\nf(3), f(4)", "(4,)"),
        ("x = 1; y = np.ones(3)  # ()", "(3,)"),
    ],
)
def test_a_false_shape_comment_is_told_the_shape_there_is(code, got):
    import numpy as np

    [(_, _, failures)] = asked(code, np=np)
    assert failures == [got]


def test_torch_tensors_have_shapes_too(book):
    code = "import torch\n\nx = torch.ones(2, 3)  # (2, 3)\ny = x.sum()  # ()"
    assert not book.check(fence(code))
    [problem] = book.check(fence(code.replace("# ()", "# (1,)")))
    assert (problem.line, problem.got) == (5, "()")


def test_statements_after_an_augmented_assignment_still_run(book):
    code = "import numpy as np\n\nx = np.ones(3)\nx += 1  # (3,)\nx *= 2  # (3,)\nprint(x)"
    assert not book.check(block(code, "[4. 4. 4.]"))


def test_a_line_in_a_loop_that_is_false_a_thousand_times_is_told_once(book):
    code = "import numpy as np\n\nfor n in range(1000):\n    x = np.ones(2)  # (3,)"
    assert [p.line for p in book.check(fence(code))] == [5]
