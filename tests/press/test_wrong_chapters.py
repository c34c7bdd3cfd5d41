"""Small chapters, each wrong in one way, and what the press says of each.

Every case has a chapter that is right and one damage to it: the right one must pass, so that what
fails, fails for the damage alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from small_books import PAGE, block, fence

from press.problems import PressError

LIBRARY = "src/foundations/halves.py"
HALVES = '''"""Halves."""

# --8<-- [start:half]
def half(x):
    """Half of x."""
    return x / 2
# --8<-- [end:half]


# --8<-- [start:quarter]
def quarter(x):
    return half(half(x))
# --8<-- [end:quarter]
'''
INCLUDED = (
    fence(f'--8<-- "{LIBRARY}:half"')
    + "\n"
    + fence(f'--8<-- "{LIBRARY}:quarter"')
    + "\n"
    + block("print(quarter(8.0))", "2.0")
)
DRAWN = """```python
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([0, 1, 2], [0, 1, 4])
ax.set_xlabel("x")
plt.show()
```

![A line that rises ever faster, from 0 to 4](figures/rise.svg)
"""
SHAPES = """```python
import numpy as np

rows = np.ones((2, 3))  # (2, 3)
```
"""
SAID = """```python
share = 0.125
```

An eighth is 12.5 percent of the whole.
<!-- says: f"{share:.1%}".replace("%", " percent") -->
"""
EQUATION = r"""---
title: Page
chapter: 1
---

The sum \eqref{eq:sum} is short.

$$
s = a + b \label{eq:sum}
$$
"""
EQUATION_TEST = r"""import pytest


@pytest.mark.equation("eq:sum", r"s = a + b")
def test_sum():
    assert 1 + 2 == 3
"""
EXERCISE = """### Exercise 1.1: Doubling { #ex-doubling }

*Easy · 5 minutes · code*

Write `double`.

```python title="Starter"
def double(x):
    return x
```

<details class="hint" markdown="1"><summary>Hint 1</summary>

Twice.

</details>

<details class="check" markdown="1"><summary>Check</summary>

```python
assert double(3) != 3, "double gives x back unchanged"
assert double(3) != 9, "that is the square, not the double"
assert double(3) == 6, f"double(3) should be 6, not {double(3)}"
print("Right.")
```

```output
AssertionError: double gives x back unchanged
```

</details>

<details class="solution" markdown="1"><summary>Solution</summary>

```python
def double(x):
    return 2 * x
```

```output
Right.
```

</details>

<details class="mistake" markdown="1"><summary>A mistake: squaring</summary>

```python
def double(x):
    return x * x
```

```output
AssertionError: that is the square, not the double
```

</details>

<details class="mistake" markdown="1"><summary>A mistake: adding two</summary>

```python
def double(x):
    return x + 2
```

```output
AssertionError: double(3) should be 6, not 5
```

</details>
"""
PRINTS = block("x = 7\nprint(x / 2)", "3.5")
UPDATE = f"make update PAGE={PAGE}"


@dataclass
class Wrong:
    """A chapter, a damage to it, and the problem that must be told (parts of each of its words).

    `line` is a number, or a text that stands in that line of the damaged file for the first time.
    """

    name: str
    right: str
    old: str
    new: str
    line: int | str
    what: str
    expected: str = ""
    got: str = ""
    mend: str = ""
    file: str = PAGE
    damaged: str = PAGE
    files: dict[str, str] = field(default_factory=dict)
    drawn: bool = False
    others: int = 0
    """How many problems more the same damage may rightly bring."""


LIBRARY_FILES = {LIBRARY: HALVES}

WRONG = [
    # --- outputs
    Wrong(
        "a wrong digit in an output",
        PRINTS,
        "3.5\n",
        "3.6\n",
        "3.6",
        "the output is not what the block prints",
        expected="3.6   (on the page)",
        got="3.5   (printed now)",
        mend=UPDATE,
    ),
    Wrong(
        "a wrong digit in the third line of an output",
        block("for n in range(3):\n    print(n, n / 4)", "0 0.0\n1 0.25\n2 0.5"),
        "2 0.5",
        "2 0.6",
        "2 0.6",
        "the output is not what the block prints",
        expected="2 0.6",
        got="2 0.5",
        mend=UPDATE,
    ),
    Wrong(
        "a wrong word in an output",
        block('print("seven seas")', "seven seas"),
        "\nseven",
        "\neight",
        "eight",
        "the output is not what the block prints",
        expected="eight seas",
        got="seven seas",
        mend=UPDATE,
    ),
    Wrong(
        "an output missing",
        PRINTS,
        "\n```output\n3.5\n```\n",
        "",
        "```python",
        "the block prints, but the page shows no output",
        got="3.5",
        mend=UPDATE,
    ),
    Wrong(
        "an output too many",
        block("x = 1"),
        "```\n",
        "```\n\n```output\n1\n```\n",
        "```output",
        "the page shows an output that the block does not print",
        expected="1",
        got="(nothing)",
        mend=UPDATE,
    ),
    Wrong(
        "a second output",
        PRINTS,
        "3.5\n```\n",
        "3.5\n```\n\n```output\n3.5\n```\n",
        10,
        "an output that follows no Python block",
        expected="right after the block",
    ),
    Wrong(
        "an output with a line too many",
        PRINTS,
        "3.5\n",
        "3.5\n4.5\n",
        "4.5",
        "the output is not what the block prints",
        expected="3.5\n4.5",
        got="3.5",
    ),
    Wrong(
        "an output that includes a file",
        block("x = 1"),
        "```\n",
        '```\n\n```output\n--8<-- "notes.txt"\n```\n',
        "--8<--",
        "an include outside of code",
        others=1,
        files={"notes.txt": "a note\n"},
    ),
    # --- includes
    Wrong(
        "a region renamed in the page",
        INCLUDED,
        'halves.py:half"',
        'halves.py:halve"',
        'halves.py:halve"',
        f"{LIBRARY} has no region 'halve'",
        expected="one of: half, quarter",
        got="halve",
        mend="write the region's new name",
        files=LIBRARY_FILES,
        others=2,
    ),
    Wrong(
        "an unclosed region",
        INCLUDED,
        "# --8<-- [end:quarter]\n",
        "",
        10,
        "region 'quarter' never closes",
        mend="# --8<-- [end:quarter]",
        file=LIBRARY,
        damaged=LIBRARY,
        files=LIBRARY_FILES,
        others=1,
    ),
    Wrong(
        "an unopened region",
        INCLUDED,
        "# --8<-- [start:quarter]\n",
        "",
        12,
        "region 'quarter' closes but never opened",
        mend="# --8<-- [start:quarter]",
        file=LIBRARY,
        damaged=LIBRARY,
        files=LIBRARY_FILES,
        others=1,
    ),
    Wrong(
        "a region that opens twice",
        INCLUDED,
        "    return half(half(x))\n",
        "    return half(half(x))\n# --8<-- [start:quarter]\n",
        13,
        "region 'quarter' opens twice",
        file=LIBRARY,
        damaged=LIBRARY,
        files=LIBRARY_FILES,
        others=1,
    ),
    Wrong(
        "a missing included file",
        INCLUDED,
        'halves.py:half"',
        'halfs.py:half"',
        "halfs",
        "included file not found: src/foundations/halfs.py",
        mend="paths start at the project's root",
        files=LIBRARY_FILES,
        others=2,
    ),
    Wrong(
        "an include by line number",
        INCLUDED,
        'halves.py:half"',
        'halves.py:4:6"',
        ":4:6",
        "include by line number",
        expected="a named region",
        mend=f'--8<-- "{LIBRARY}:name"',
        files=LIBRARY_FILES,
        others=2,
    ),
    Wrong(
        "an include in block form",
        INCLUDED,
        f'--8<-- "{LIBRARY}:quarter"',
        f"--8<--\n{LIBRARY}:quarter\n--8<--",
        6,
        "include in block form",
        mend="one line an include",
        files=LIBRARY_FILES,
        others=2,
    ),
    Wrong(
        "an include in the prose",
        "Text.\n",
        "Text.",
        '--8<-- "notes.txt"',
        "--8<--",
        "an include outside of code",
        got="--8<--",
        files={"notes.txt": "a note\n"},
    ),
    Wrong(
        "an unexpected exception in an included function",
        INCLUDED,
        "return x / 2",
        "return x / 0",
        "x / 0",
        f"the block fails (from {PAGE}:9)",
        expected="it runs to its end",
        got="ZeroDivisionError",
        mend="mend the code",
        file=LIBRARY,
        damaged=LIBRARY,
        files=LIBRARY_FILES,
    ),
    # --- code
    Wrong(
        "a removed import",
        block("import math") + "\n" + block("print(math.floor(2.5))", "2"),
        "import math",
        "pass",
        "math.floor",
        "the block fails",
        expected="it runs to its end",
        got="NameError: name 'math' is not defined",
        mend="was an import or a definition above removed",
    ),
    Wrong(
        "a syntax error",
        PRINTS,
        "x = 7\n",
        "x = = 7\n",
        "x = = 7",
        "the block fails",
        got="SyntaxError",
        mend="mend the code",
    ),
    Wrong(
        "a block that ends Python",
        PRINTS,
        "x = 7\n",
        "x = 7\nraise SystemExit\n",
        "raise",
        "the block fails",
        expected="it runs to its end",
        got="SystemExit",
    ),
    Wrong(
        "a warning",
        block("import numpy as np\n\nx = np.log(np.array([1.0]))"),
        "1.0",
        "0.0",
        "0.0",
        "the block warns, and readers would see it",
        got="RuntimeWarning: divide by zero",
        mend="mend the cause",
    ),
    Wrong(
        "an expected exception that does not come",
        block(
            'int("x")',
            "ValueError: invalid literal for int() with base 10: 'x'",
            'python title="Raises ValueError"',
        ),
        'int("x")',
        'int("1")',
        "```python",
        "the block raises nothing",
        expected="ValueError",
        got="it runs to its end",
        mend="take the title away",
        others=1,
    ),
    Wrong(
        "an expected exception of another type",
        block(
            'int("x")',
            "ValueError: invalid literal for int() with base 10: 'x'",
            'python title="Raises ValueError"',
        ),
        'int("x")',
        "int([])",
        "int([])",
        "the block fails",
        expected="ValueError",
        got="TypeError: int() argument must be",
    ),
    Wrong(
        "an expected exception with another message",
        block(
            'raise ValueError("too long")',
            "ValueError: too long",
            'python title="Raises ValueError"',
        ),
        "ValueError: too long",
        "ValueError: too short",
        "ValueError: too short",
        "the output is not what the block prints",
        expected="too short",
        got="too long",
    ),
    Wrong(
        "a title that nearly says Raises",
        block(
            'raise ValueError("too long")',
            "ValueError: too long",
            'python title="Raises ValueError"',
        ),
        "Raises ValueError",
        "raises an error",
        "```python",
        'a title the press does not understand: "raises an error"',
        expected='title="Raises ValueError"',
        others=2,
    ),
    Wrong(
        "a skip without a reason",
        fence("1 / 0", 'python title="Not run: an hour on a GPU"'),
        "Not run: an hour on a GPU",
        "Not run",
        "```python",
        "a block is not run and gives no reason",
        expected='title="Not run: the reason',
        mend="say why",
    ),
    Wrong(
        "a skip with an empty reason",
        fence("1 / 0", 'python title="Not run: an hour on a GPU"'),
        ": an hour on a GPU",
        ":  ",
        "```python",
        "a block is not run and gives no reason",
    ),
    Wrong(
        "a title that only begins like a skip",
        fence("y = 1", 'python title="Not running sums"'),
        "y = 1",
        "1 / 0",
        "1 / 0",
        "the block fails",
        got="ZeroDivisionError",
    ),
    Wrong(
        "a block that is not run and shows an output",
        fence("x = 1", 'python title="Not run: an hour on a GPU"'),
        "```\n",
        "```\n\n```output\n3\n```\n",
        "```python",
        "a block that is not run shows a result",
        expected="nothing can verify them",
    ),
    # --- figures
    Wrong(
        "a drawn figure that the page does not show",
        DRAWN,
        "\n![A line that rises ever faster, from 0 to 4](figures/rise.svg)\n",
        "",
        "```python",
        "the block draws a figure that the page does not show",
        expected="1 image right after",
        got="0",
        mend="write ![what it shows](figures/name.svg) under the block",
        drawn=True,
        others=1,
    ),
    Wrong(
        "an image nobody draws",
        block("x = 1") + "\nText.\n",
        "\nText.\n",
        "\nText.\n\n![A cat on a mat](figures/cat.svg)\n",
        "![A cat",
        "no block above draws figures/cat.svg",
        expected="right after the block",
    ),
    Wrong(
        "an image under a block that draws nothing",
        block("x = 1"),
        "x = 1\n```\n",
        "x = 1\n```\n\n![A cat on a mat](figures/cat.svg)\n",
        "![A cat",
        "the block above does not draw figures/cat.svg",
        expected="1 figure",
        got="0",
    ),
    Wrong(
        "a changed plotted value",
        DRAWN,
        "[0, 1, 4]",
        "[0, 1, 5]",
        "![A line",
        "rise.svg is not what the block draws now",
        got="figure axes 1 artists 1 y[2]: 4.0 stored, 5.0 drawn",
        mend=UPDATE,
        drawn=True,
    ),
    Wrong(
        "a changed label",
        DRAWN,
        'set_xlabel("x")',
        'set_xlabel("z")',
        "![A line",
        "rise.svg is not what the block draws now",
        got="'x' stored, 'z' drawn",
        mend=UPDATE,
        drawn=True,
    ),
    Wrong(
        "an SVG changed by hand",
        DRAWN,
        "prefers-color-scheme:dark",
        "prefers-color-scheme:light",
        "![A line",
        "rise.svg was changed by hand",
        expected="the file that the press drew",
        mend=UPDATE,
        drawn=True,
        damaged="docs/part/figures/rise.svg",
    ),
    Wrong(
        "figure data that are not JSON",
        DRAWN,
        '{"svg"',
        "{svg",
        "![A line",
        "rise.data.json is not JSON",
        mend=UPDATE,
        drawn=True,
        damaged="docs/part/figures/rise.data.json",
    ),
    Wrong(
        "a figure drawn and never shown",
        DRAWN,
        "plt.show()\n",
        "",
        "```python",
        "the block draws a figure and never shows it",
        expected="plt.show() after the drawing",
        drawn=True,
    ),
    Wrong(
        "a grey that vanishes",
        DRAWN,
        "[0, 1, 4])",
        '[0, 1, 4], color="black")',
        "```python",
        "a figure uses greys that vanish in light or in dark",
        got="#000000",
        drawn=True,
        others=1,
    ),
    Wrong(
        "one file for two figures",
        DRAWN + "\n" + DRAWN.replace("rise", "twice"),
        "figures/twice.svg",
        "figures/rise.svg",
        21,
        "two blocks of the page draw figures/rise.svg",
        expected="a file of its own",
        got="line 10",
        drawn=True,
        others=1,
    ),
    Wrong(
        "a missing alt text",
        DRAWN,
        "![A line that rises ever faster, from 0 to 4]",
        "![]",
        "![]",
        "rise.svg has no alt text that says what it shows",
        expected="![what a reader",
        got="![](figures/rise.svg)",
        drawn=True,
    ),
    Wrong(
        "an alt text that is only a file name",
        DRAWN,
        "![A line that rises ever faster, from 0 to 4]",
        "![rise.svg]",
        "![rise",
        "rise.svg has no alt text that says what it shows",
        drawn=True,
    ),
    Wrong(
        "an image by reference",
        "Text.\n",
        "Text.",
        "![A cat][cat]\n\n[cat]: cat.png",
        "![A cat]",
        "an image that the press cannot check",
        expected="on one line",
        got="![A cat][cat]",
    ),
    Wrong(
        "an image in HTML without words",
        "Text.\n",
        "Text.",
        '<img src="../cat.png">',
        "<img",
        "an image that the press cannot check",
        mend="needs alt text",
    ),
    # --- shapes
    Wrong(
        "a false shape comment",
        SHAPES,
        "# (2, 3)",
        "# (3, 2)",
        "# (3, 2)",
        "a shape comment is false",
        expected="(3, 2)",
        got="(2, 3)",
        mend="write the shape",
    ),
    Wrong(
        "a false shape comment in an included function",
        INCLUDED,
        '"""Half of x."""\n    return x / 2',
        '"""Half of x."""\n    return x / 2  # (3,)',
        "x / 2",
        "a shape comment is false",
        expected="(3,)",
        got="()",
        file=LIBRARY,
        damaged=LIBRARY,
        files=LIBRARY_FILES,
    ),
    Wrong(
        "a shape comment never reached",
        SHAPES + "\n" + fence("def f(x):\n    return x + 1  # (2, 3)\n\n\ny = f(rows)"),
        "y = f(rows)",
        "y = f",
        "return x + 1",
        "the line of the shape comment (2, 3) is never run",
        mend="call the function on this page",
    ),
    Wrong(
        "a shape comment on a line without a value",
        SHAPES,
        "np.ones((2, 3))  # (2, 3)",
        "np.ones((2, 3))\nfor row in rows:  # (2, 3)\n    pass",
        "for row",
        "shape comment (2, 3) on a line that gives no value",
        expected="an assignment",
    ),
    Wrong(
        "a shape comment with a name that nobody defined",
        SHAPES,
        "# (2, 3)",
        "# (T, 3)",
        "# (T, 3)",
        "a shape comment is false",
        got="NameError: name 'T' is not defined",
    ),
    # --- prose
    Wrong(
        "a false number in prose",
        SAID,
        "12.5 percent",
        "12.6 percent",
        "12.6 percent",
        "the prose does not say what the code gives",
        expected="12.5 percent",
        got="12.6 percent",
        mend=f"make check PAGE={PAGE}",
    ),
    Wrong(
        "an ambiguous prose check",
        SAID,
        "An eighth is 12.5 percent",
        "An eighth, 12.5 percent, is 12.5 percent",
        "<!-- says",
        "finds its words 2 times",
        mend="quote more of the sentence",
    ),
    Wrong(
        "a prose check that quotes part of a number",
        SAID,
        "12.5 percent",
        "112.5 percent",
        "112.5",
        "the prose does not say what the code gives",
        got="112.5 percent",
    ),
    Wrong(
        "a prose check that cannot be evaluated",
        SAID,
        "{share",
        "{shares",
        "<!-- says",
        "a prose check cannot be evaluated",
        got="NameError",
    ),
    Wrong(
        "a prose check mistyped",
        SAID,
        "<!-- says:",
        "<!-- say:",
        "<!-- say:",
        "a prose check that the press cannot read",
        expected="<!-- says:",
        got="<!-- say:",
    ),
    Wrong(
        "a prose check with a capital",
        SAID,
        "<!-- says:",
        "<!-- Says:",
        "<!-- Says:",
        "a prose check that the press cannot read",
    ),
    Wrong(
        "a prose check with another word",
        SAID,
        "<!-- says: f",
        "<!-- states f",
        "<!-- states",
        "a prose check that the press cannot read",
    ),
    Wrong(
        "a prose check that only its own comment satisfies",
        '```python\nx = 1\n```\n\nIt is one. <!-- says: "one" -->\n',
        "It is one.",
        "It is two.",
        "It is two.",
        "the prose does not say what the code gives",
        expected="one",
        got="two",
    ),
    Wrong(
        "a prose check without a paragraph",
        SAID,
        "An eighth is 12.5 percent of the whole.\n",
        "",
        "<!-- says",
        "a prose check with no paragraph above it",
        mend="right under the paragraph",
    ),
    # --- equations
    Wrong(
        "an equation without a test",
        EQUATION,
        '@pytest.mark.equation("eq:sum", r"s = a + b")\n',
        "",
        r"\label",
        "equation 1.1, eq:sum, has no test",
        expected="eq:sum",
        got="none",
        mend='@pytest.mark.equation("eq:sum", r"s = a + b")',
        damaged="tests/test_sum.py",
        files={"tests/test_sum.py": EQUATION_TEST},
    ),
    Wrong(
        "a test mark without an equation",
        EQUATION,
        '@pytest.mark.equation("eq:sum", r"s = a + b")',
        '@pytest.mark.equation("eq:sum", r"s = a + b")\n@pytest.mark.equation("eq:sun", r"s")',
        5,
        "test_sum is bound to eq:sun, which no page labels",
        got="eq:sun",
        mend="did you mean eq:sum",
        file="tests/test_sum.py",
        damaged="tests/test_sum.py",
        files={"tests/test_sum.py": EQUATION_TEST},
    ),
    Wrong(
        "a changed equation",
        EQUATION,
        "s = a + b",
        "s = a - b",
        4,
        "test_sum is bound to another formula than the page shows",
        expected="s = a - b",
        got="s = a + b",
        mend="see whether the test still proves",
        file="tests/test_sum.py",
        files={"tests/test_sum.py": EQUATION_TEST},
    ),
    Wrong(
        "bad TeX",
        "Half is $\\frac{1}{2}$.\n",
        "\\frac{1}{2}",
        "\\frac{1}{2",
        1,
        "bad TeX",
        expected="TeX that KaTeX can draw",
        got=r"\frac{1}{2",
        mend="correct the TeX",
    ),
    # --- fences
    *(
        Wrong(
            f"a wrong output under ```{info}",
            block("print(7)", "7", info),
            "\n7\n",
            "\n8\n",
            6,
            "the output is not what the block prints",
            expected="8",
            got="7",
        )
        for info in (
            'python title="x"',
            'python hl_lines="1"',
            'python linenums="1"',
            "py",
            "Python",
            "python3",
            "python ",
            "  python",
            '{.python title="x"}',
            "{.python}",
            ".python",
        )
    ),
    *(
        Wrong(
            f"a wrong output {where}",
            text,
            f"\n{prefix}7\n",
            f"\n{prefix}8\n",
            line,
            "the output is not what the block prints",
            expected="8",
            got="7",
        )
        for where, prefix, line, text in (
            (
                "in a list",
                "    ",
                8,
                "- item\n\n    ```python\n    print(7)\n    ```\n\n    ```output\n    7\n    ```\n",
            ),
            (
                "in an admonition",
                "    ",
                8,
                "!!! note\n\n    ```python\n    print(7)\n    ```\n\n"
                "    ```output\n    7\n    ```\n",
            ),
            (
                "in a quotation",
                "> ",
                7,
                "> said\n>\n> ```python\n> print(7)\n> ```\n> ```output\n> 7\n> ```\n",
            ),
            (
                "in a fold",
                "",
                8,
                '<details markdown="1"><summary>More</summary>\n\n```python\nprint(7)\n```\n\n'
                "```output\n7\n```\n\n</details>\n",
            ),
            ("between tildes", "", 6, "~~~python\nprint(7)\n~~~\n\n~~~output\n7\n~~~\n"),
        )
    ),
    Wrong(
        "a fence in an HTML comment",
        PRINTS + "\nText.\n",
        "\nText.\n",
        "\nText.\n\n<!--\n```python\nx = 1\n```\n-->\n",
        13,
        "a Python fence inside an HTML comment",
        expected="code that readers see",
        mend="take it out of the comment",
    ),
    Wrong(
        "a demo fence turned real",
        "````text\n```python\n1 / 0\n```\n````\n",
        "````text\n```python\n1 / 0\n```\n````\n",
        "```python\n1 / 0\n```\n",
        "1 / 0",
        "the block fails",
        got="ZeroDivisionError",
    ),
    Wrong(
        "an unclosed fence",
        fence("x = 1") + "\nText.\n",
        "x = 1\n```\n",
        "x = 1\n",
        "```python",
        "a fence opens with ```python and never closes",
        expected="a line of exactly ```",
        mend="close the fence",
    ),
    Wrong(
        "a fence closed by fewer marks",
        fence("x = 1", marks="````"),
        "x = 1\n````",
        "x = 1\n```",
        "````python",
        "a fence opens with ````python and never closes",
        others=1,
    ),
    Wrong(
        "a fence whose info string the site does not read",
        block("print(7)", "7"),
        "```python\n",
        "```python title=x\n",
        "```python",
        "readers do not see this block as the code that is run",
        mend='title="…"',
        others=9,
    ),
    Wrong(
        "a misspelt language",
        fence("x = 1"),
        "```python",
        "```pyhton",
        "```pyhton",
        "a fence in a language that nobody knows: pyhton",
        expected="python for code that is run",
    ),
    Wrong(
        "a fence without a language",
        fence("x = 1", "text"),
        "```text",
        "```",
        "```",
        "a fence without a language",
        mend="name the language",
    ),
    Wrong(
        "a Python session",
        fence(">>> 1 + 1\n2", "text"),
        "```text",
        "```pycon",
        "```pycon",
        "a fence that shows a Python session (pycon)",
    ),
    Wrong(
        "an indented fence that the site shows as text",
        "Text.\n\n- item\n\n    " + "```python\n    x = 1\n    ```\n",
        "- item\n\n",
        "",
        "```python",
        "readers do not see this block as the code that is run",
    ),
    Wrong(
        "a Python fence turned into text",
        "---\nchapter: 1\n---\n\n" + fence("import math\n\nx = math.pi"),
        "```python",
        "```text",
        "```text",
        "a text fence holds Python, which nothing runs",
        expected="```python",
        got="import math",
        mend="call it python",
    ),
    Wrong(
        "code in indented lines",
        "Text.\n\n- item\n\n    more\n",
        "- item\n\n    more",
        "    >>> 1 + 1\n    3",
        ">>>",
        "readers see other code blocks than the page has fences",
        expected="0 code blocks",
        got="1: >>> 1 + 1",
        mend="code stands in fences",
    ),
    # --- links and files
    Wrong(
        "a dead link",
        "See [the page](page.md).\n",
        "(page.md)",
        "(pages.md)",
        1,
        "a dead link: pages.md",
        expected="perhaps part/page.md",
        got="no such file",
    ),
    Wrong(
        "a dead link in words over two lines",
        "See\n[the\npage](page.md).\n",
        "(page.md)",
        "(pages.md)",
        3,
        "a dead link: pages.md",
    ),
    Wrong(
        "a dead anchor",
        "# Rows { #rows }\n\nSee [rows](#rows).\n",
        "(#rows)",
        "(#row)",
        3,
        "a dead link: #row",
        expected="perhaps #rows",
        got="no #row there",
    ),
    Wrong(
        "front matter that is not YAML",
        "---\ntitle: Page\n---\n\nText.\n",
        "title: Page",
        "title: [Page",
        2,
        "front matter is not YAML",
    ),
    Wrong(
        "front matter that never closes",
        "---\ntitle: Page\n---\n\nText.\n",
        "Page\n---\n",
        "Page\n",
        1,
        "front matter never closes",
        mend="---",
    ),
    Wrong(
        "a byte-order mark",
        "# Page\n",
        "# Page",
        "\ufeff# Page",
        1,
        "the file starts with a byte-order mark",
        mend="save it as UTF-8 without BOM",
    ),
    Wrong(
        "an HTML comment that never closes",
        "Text.\n\n<!-- note -->\n\nMore.\n",
        " -->",
        "",
        3,
        "an HTML comment never closes",
        mend="-->",
    ),
    # --- exercises
    Wrong(
        "an exercise's heading out of form",
        EXERCISE,
        "{ #ex-doubling }",
        "",
        1,
        "an exercise's heading is not in form",
        expected="### Exercise 1.2: Its title",
        others=20,
    ),
    Wrong(
        "an exercise without its line about level and time",
        EXERCISE,
        "*Easy · 5 minutes · code*\n",
        "",
        1,
        "Exercise 1.1 is not complete",
        expected="*Easy · 5 minutes",
        got="none",
        mend="contributing.md",
    ),
    Wrong(
        "an exercise without a starter",
        EXERCISE,
        '```python title="Starter"\ndef double(x):\n    return x\n```\n',
        "",
        1,
        "Exercise 1.1 is not complete",
        expected="a starter: a Python block before any fold",
    ),
    Wrong(
        "an exercise without a hint",
        EXERCISE,
        'class="hint" ',
        "",
        1,
        "Exercise 1.1 is not complete",
        expected='<details class="hint"',
    ),
    Wrong(
        "an exercise without a check",
        EXERCISE,
        'class="check" ',
        "",
        1,
        "Exercise 1.1 is not complete",
        expected='<details class="check"',
        others=9,
    ),
    Wrong(
        "an exercise without a solution",
        EXERCISE,
        'class="solution" ',
        "",
        1,
        "Exercise 1.1 is not complete",
        expected='<details class="solution"',
        others=9,
    ),
    Wrong(
        "an exercise without a known mistake",
        EXERCISE[: EXERCISE.index('<details class="mistake" markdown="1"><summary>A mistake: add')],
        'class="mistake" ',
        "",
        1,
        "Exercise 1.1 is not complete",
        expected='<details class="mistake"',
        others=9,
    ),
    Wrong(
        "a starter that passes its check",
        EXERCISE,
        "    return x\n",
        "    return 2 * x  # so\n",
        20,
        "the check of Exercise 1.1 accepts the starter",
        expected="AssertionError with a message",
        got="it passes",
    ),
    Wrong(
        "a check that dies with TypeError on the starter",
        EXERCISE,
        'assert double(3) != 3, "double gives x back unchanged"\n',
        "double(3)()\n",
        20,
        "the check of Exercise 1.1 gives the starter no useful message",
        expected="AssertionError with a sentence that helps",
        got="TypeError: 'int' object is not callable",
        others=9,
    ),
    Wrong(
        "a check without words",
        EXERCISE,
        ' != 3, "double gives x back unchanged"',
        " != 3",
        20,
        "gives the starter no useful message",
        got="AssertionError",
    ),
    Wrong(
        "a solution that fails",
        EXERCISE,
        "return 2 * x",
        "return 4 * x",
        35,
        "a solution of Exercise 1.1 does not pass its check",
        expected="it passes",
        got="AssertionError: double(3) should be 6, not 12",
    ),
    Wrong(
        "a mistake that passes",
        EXERCISE,
        "return x + 2",
        "return x + x",
        61,
        "the check of Exercise 1.1 accepts the known mistake",
        got="it passes",
    ),
    Wrong(
        "two mistakes told the same",
        EXERCISE,
        "return x + 2",
        "return x ** 2",
        61,
        "the check of Exercise 1.1 tells two wrong answers the same",
        expected="a diagnosis of its own",
        got="that is the square, not the double   (also at line",
    ),
    Wrong(
        "a wrong diagnosis under a mistake",
        EXERCISE,
        "6, not 5",
        "6, not 4",
        "6, not 4",
        "the output is not what the block prints",
        got="6, not 5",
    ),
    Wrong(
        "a mistake that is no Python",
        EXERCISE,
        "return x + 2",
        "return x +",
        61,
        "gives the known mistake no useful message",
        got="SyntaxError",
        others=1,
    ),
]


def _line(wrong: Wrong, text: str) -> int:
    if isinstance(wrong.line, int):
        return wrong.line
    return text[: text.index(wrong.line)].count("\n") + 1


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_chapter_is_told_what_is_wrong_with_it(book, wrong):
    for file, text in wrong.files.items():
        book.write(text, file)
    book.write(wrong.right)
    if wrong.drawn:
        book.update()
    # In so small a book, one block at rest is more than the share that the whole may have.
    check = book.check if "Not run" in wrong.right else book.check_all
    assert not check(), "the chapter must pass before it is damaged"

    book.change(wrong.old, wrong.new, wrong.damaged)
    problems = list(dict.fromkeys(check()))

    place = (wrong.file, _line(wrong, (book.root / wrong.file).read_bytes().decode()))
    told = [problem for problem in problems if wrong.what in problem.what]
    assert told, problems
    problem = told[0]
    assert (problem.file, problem.line) == place
    assert wrong.expected in problem.expected
    assert wrong.got in problem.got
    assert wrong.mend in problem.mend
    assert len(problems) - 1 <= wrong.others, "\n".join(map(str, problems))


def test_a_demo_fence_within_a_longer_fence_is_not_run(book):
    assert not book.check("````text\n```python\n1 / 0\n```\n````\n")


def test_code_in_a_comment_on_one_line_and_in_inline_code_is_not_run(book):
    assert not book.check("Write `` ```python `` above it. <!-- as in ```python -->\n")


def test_an_exercise_leaves_the_page_as_it_was(book):
    page = (
        block(
            "import numpy as np\n\nrows = np.zeros(2)\nlists = [[1], {'a': [2]}]\n"
            "rng = np.random.default_rng(1)"
        )
        + "\n"
        + EXERCISE.replace(
            "def double(x):\n    return x\n",
            "rows += 1\nlists[0].append(3)\nlists[1]['a'].append(4)\nrng.normal()\n"
            "def double(x):\n    return x\n",
        )
        + "\n## After\n\n"
        + block("print(rows, lists, rng.integers(100))", "[0. 0.] [[1], {'a': [2]}] 47")
    )
    assert not book.check(page)


def test_what_one_page_sets_does_not_reach_the_next(book):
    book.check(block("import numpy as np\n\nnp.set_printoptions(precision=2)"))
    assert not book.check(block("import numpy as np\n\nprint(np.array([1 / 3]))", "[0.33333333]"))


def test_a_line_shown_twice_needs_to_be_run_once(book):
    book.write("import numpy as np\n\n\ndef f(x):\n    return np.ones((x, 2))  # (x, 2)\n", LIBRARY)
    shown = fence(f'--8<-- "{LIBRARY}"')
    assert not book.check(f"{shown}\n{shown}\n{fence('y = f(3)')}")
    assert not book.check(f"{shown}\n{fence('y = f(3)')}\n{shown}")
    [problem] = book.check(f"{shown}\n{shown}")
    assert (problem.file, problem.line) == (LIBRARY, 5)


def test_an_earlier_blocks_shape_comments_are_still_asked_when_later_blocks_have_their_own(book):
    page = "\n".join(
        fence(
            f"import numpy as np\n\n\nclass {name}:\n"
            f"    def rows(self, n):\n        return np.ones((n, 2))  # (n, {width})"
        )
        for name, width in (("First", 3), ("Second", 2), ("Third", 2))
    )
    calls = fence("first, second, third = First().rows(1), Second().rows(1), Third().rows(1)")
    problems = book.check(f"{page}\n{calls}")
    assert [(p.line, p.what, p.expected, p.got) for p in problems] == [
        (7, "a shape comment is false", "(n, 3)", "(1, 2)")
    ]


def test_too_many_blocks_at_rest_are_told(book):
    book.write(fence("1 / 0", 'python title="Not run: an hour on a GPU"') + fence("x = 1") * 48)
    [problem] = book.check_all()
    assert problem.what == "too many blocks of the book are not run"
    assert (problem.expected, problem.got) == ("at most 2% of 49", "1")
    book.write(book.text + fence("x = 1"))
    assert not book.check_all()


def test_an_unused_region_is_told(book):
    book.write(HALVES, LIBRARY)
    book.write(INCLUDED)
    assert not book.check_all()
    book.change(f'--8<-- "{LIBRARY}:quarter"', "def quarter(x):\n    return x / 4")
    [problem] = book.check_all()
    assert (problem.file, problem.line) == (LIBRARY, 10)
    assert problem.what == "no page uses the region 'quarter'"
    assert problem.mend == f'include it, --8<-- "{LIBRARY}:quarter", or delete its markers'


def test_a_region_renamed_in_the_library_is_told_at_the_page_and_at_the_region(book):
    book.write(HALVES, LIBRARY)
    book.write(INCLUDED)
    book.change("[start:half]", "[start:halve]", LIBRARY)
    book.change("[end:half]", "[end:halve]", LIBRARY)
    told = [(p.file, p.line, p.what) for p in book.check_all()]
    assert told[0] == (PAGE, 2, f"{LIBRARY} has no region 'half'")
    assert (LIBRARY, 3, "no page uses the region 'halve'") in told


def test_a_figure_that_no_page_shows_any_more_is_told(book):
    book.update(DRAWN)
    book.write("Text.\n")
    [problem] = book.check_all()
    assert problem.file == "docs/part/figures/rise.svg"
    assert problem.what == "no page shows this figure"


def test_a_file_that_is_not_utf_8_is_told(book):
    book.page.write_bytes("# Größe\n".encode("latin-1"))
    with pytest.raises(PressError, match=f"{PAGE}:1: the file is not UTF-8"):
        book.check()


def test_windows_line_ends_are_read_like_others(book):
    assert not book.check(PRINTS.replace("\n", "\r\n"))


def test_every_problem_says_where_and_most_say_how_to_mend(book):
    book.write(PRINTS.replace("3.5", "3.6"))
    assert (
        str(book.check()[0])
        == f"""{PAGE}:7: the output is not what the block prints
    expected: 3.6   (on the page)
         got: 3.5   (printed now)
        mend: {UPDATE}  if the code is right; else mend the code"""
    )
