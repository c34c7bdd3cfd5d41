"""The session that runs a page's blocks for its reader, in plain Python."""

import pytest

from press import figures
from press.live import session as live


def opened(*blocks: str, raises=(), still=()):
    """A session on these blocks, and the list that its events go to."""
    events: list[dict] = []
    figures.stage()
    here = live.Session(
        list(blocks),
        [at not in still for at in range(len(blocks))],
        [at in raises for at in range(len(blocks))],
        events.append,
    )
    return here, events


def printed(events, block=None) -> str:
    texts = [e["text"] for e in events if e["type"] == "stdout" and block in (None, e["block"])]
    return "".join(texts)


def started(events) -> list[int]:
    return [e["block"] for e in events if e["type"] == "start"]


def test_a_block_runs_after_the_blocks_above_it_that_have_not_run():
    here, events = opened("a = 2", "b = a * 3", "print(a + b)")
    assert here.run(2, "print(a + b)")
    assert (started(events), printed(events)) == ([0, 1, 2], "8\n")


def test_what_is_up_to_date_does_not_run_again():
    here, events = opened("a = 2", "print(a)", "print(a + 1)")
    here.run(1, "print(a)")
    events.clear()
    here.run(2, "print(a + 1)")
    assert started(events) == [2]


def test_a_changed_block_is_run_before_a_later_one_and_what_stands_between_too():
    here, events = opened("a = 2", "b = a * 10", "print(b)")
    here.run(2, "print(b)")
    here.run(0, "a = 5")
    events.clear()
    here.run(2, "print(b)")
    assert printed(events) == "50\n"
    assert started(events) == [1, 2]


def test_a_block_run_twice_finds_the_same_random_numbers_and_arrays():
    import numpy  # noqa: F401  (so that its import is not what is measured)

    code = "import numpy as np\nrng = np.random.default_rng(1)\nx = np.zeros(2)"
    here, events = opened(code, "x += 1\nprint(rng.integers(1000), x)")
    last = "x += 1\nprint(rng.integers(1000), x)"
    here.run(1, last)
    first = printed(events)
    events.clear()
    here.run(1, last)
    assert printed(events) == first
    assert started(events) == [1]


def test_going_back_and_on_again_gives_what_the_book_gives():
    here, events = opened("x = [1]", "x.append(2)", "print(x)", "x.append(3)", "print(x)")
    here.run(4, "print(x)")
    here.run(2, "print(x)")
    events.clear()
    here.run(4, "print(x)")
    assert printed(events, 4) == "[1, 2, 3]\n"


def test_a_failing_block_stops_what_stands_below_it():
    here, events = opened("a = 1", "b = a / 0", "print('never')")
    assert not here.run(2, "print('never')")
    [error] = [e for e in events if e["type"] == "error"]
    assert (error["block"], error["line"]) == (1, 1)
    assert error["text"] == "ZeroDivisionError: division by zero"
    assert printed(events) == ""
    assert here.run(1, "b = 3")
    assert here.run(2, "print(b)")


def test_a_block_that_fails_in_the_book_too_stops_nothing():
    here, events = opened("int('x')", "print('on')", raises=[0])
    assert here.run(1, "print('on')")
    assert printed(events) == "on\n"


def test_a_block_that_is_not_live_is_passed_over():
    here, events = opened("import no_such_library", "print(1)", still=[0])
    assert here.run(1, "print(1)")
    assert printed(events) == "1\n"


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("x = 1\ny = x +\n", 2, "SyntaxError: invalid syntax"),
        ("def f():\n    return 1 / 0\n\n\nf()", 2, "ZeroDivisionError: division by zero"),
        ("import json\njson.loads('{')", 2, "json.decoder.JSONDecodeError: Expecting"),
        ("raise SystemExit", 1, "SystemExit"),
    ],
)
def test_an_error_names_the_readers_own_line(code, line, text):
    here, events = opened(code)
    assert not here.run(0, code)
    [error] = [e for e in events if e["type"] == "error"]
    assert error["line"] == line
    assert error["text"].startswith(text)


def test_a_figure_comes_as_svg_in_the_colours_of_the_book():
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    here, events = opened(code)
    assert here.run(0, code)
    [figure] = [e for e in events if e["type"] == "figure"]
    assert "var(--c0)" in figure["svg"]


def test_a_warning_is_told_once():
    code = "import warnings\nfor _ in range(3):\n    warnings.warn('beware')"
    here, events = opened(code)
    here.run(0, code)
    assert [e["text"] for e in events if e["type"] == "warning"] == ["UserWarning: beware"]


def test_a_flood_of_output_is_cut(monkeypatch):
    monkeypatch.setattr(live, "MOST", 1000)
    code = "for n in range(10_000):\n    print(n)"
    here, events = opened(code)
    here.run(0, code)
    assert len(printed(events)) < 1100
    assert "the rest is not shown" in printed(events)


# --- exercises --------------------------------------------------------------------------------


def test_an_answer_is_checked_with_the_blocks_that_it_needs_and_no_others():
    here, events = opened("a = 2", "print('slow')", "def double(x):\n    return a * x", "b = 1")
    check = "assert answer == double(3), 'it is six'\nprint('Right.')"
    assert here.check("answer = 6", check)
    assert started(events) == [0, 2]
    assert printed(events) == "Right.\n"


def test_a_wrong_answer_is_told_what_its_check_says():
    here, events = opened("a = 2")
    assert not here.check("answer = 5", "assert answer == 6, 'it is six'")
    [error] = [e for e in events if e["type"] == "error"]
    assert (error["kind"], error["message"]) == ("AssertionError", "it is six")


def test_an_answer_changes_nothing_for_the_next():
    here, _ = opened("words = ['a']")
    check = "assert words == ['a', 'b'], 'append one word'"
    for _ in range(2):
        assert here.check("words.append('b')", check)
    assert not here.check("pass", check)


def test_an_answer_that_needs_what_cannot_run_here_is_told_so():
    here, events = opened("import torch\nnet = torch.nn.Linear(1, 1)", still=[0])
    assert not here.check("answer = net", "assert answer")
    assert "cannot run in the browser" in events[-1]["text"]


@pytest.mark.parametrize(
    ("blocks", "code", "wanted"),
    [
        (["import numpy as np", "x = 1"], "np.ones(3)", [0]),
        (["x = 1", "x = 2"], "x", [1]),
        (["x = 1", "x += 1"], "x", [0, 1]),
        (["x = []", "x.append(1)", "y = 2"], "x", [0, 1]),
        (["x = [0]", "x[0] = 5"], "x", [0, 1]),
        (["def train(p):\n    p[0] = 1", "p = [0]", "train(p)"], "p", [0, 1, 2]),
        (["a = 1", "def f():\n    return a"], "f()", [0, 1]),
        (["a = 1"], "def f(a):\n    return a\nf(2)", []),
        (["a = 1"], "a = 2\nprint(a)", []),
        (["a = 1"], "a += 1", [0]),
        (["for name in 'ab':\n    pass", "x = 1"], "for name in 'cd':\n    print(name, x)", [1]),
        (["a = 1"], "b = [a for a in 'cd'] + [{a: 2 for a in 'ef'}]", []),
        (["a = 1"], "b = {a for c in 'd'}", [0]),
        (["a = 1"], "try:\n    b\nexcept NameError as a:\n    print(a)", []),
        (["a = 1"], "with open('f') as a:\n    print(a)", []),
        (["class A:\n    pass", "def f(a):\n    return 2", "A.f = f"], "A().f()", [0, 1, 2]),
        (["x = 1"], "x = = 2", []),
    ],
)
def test_the_blocks_that_some_code_needs(blocks, code, wanted):
    assert live.needed(blocks, code) == wanted
