"""A small book with one chapter that uses everything a lab must cope with."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]

LIBRARY = '''"""Sums."""


# --8<-- [start:double]
def double(number):
    """Twice a number (eq:double)."""
    return 2 * number


# --8<-- [end:double]
'''

CHAPTER = r"""---
title: Doubling
chapter: 7
part: foundations
---

# Doubling

[Lab in the browser](../labs/doubling.ipynb){ .lab }
[Notebook](../downloads/doubling.ipynb){ .download download="doubling.ipynb" }
{ .downloads }

A [number](../reference/glossary.md#number) can be doubled.[^who] See
[a page elsewhere](https://example.org/a_(b)) and `[code](kept.md){ .x }`.

[^who]: By anyone,
    at any time.

<!-- says: f"{double(2)}" -->

$$
y = 2x
\label{eq:double}
$$

Equation \eqref{eq:double} in Python, with $a < b$:

```python title="src/foundations/sums.py"
--8<-- "src/foundations/sums.py:double"
```

```python
total = double(21)
print("total", total)
```

```output
total 42
```

!!! note "Mind the type"
    Text doubles as well:

    ```python
    print(double("ab"))
    ```

    ```output
    abab
    ```

    And that was that.

```python title="Raises TypeError"
print("before")
double(None)
```

```output
before
TypeError: unsupported operand type(s) for *: 'int' and 'NoneType'
```

```python title="Not run: it takes an hour"
wait_an_hour()
```

<details markdown="1"><summary>The code of the figure</summary>

```python
{"a": 1}.get("a")
```

</details>

![A line that rises from 0 to 2](figures/doubling-line.svg)

| number | double |
|---|---|
| 1 | 2 |

```console
$ python doubling.py
```

## Exercises

### Exercise 7.1: Double by hand { #ex-hand }

*Easy · 5 minutes · code*

Write `double` anew.

```python title="Starter"
def double(number):
    return None
```

<details class="hint" markdown="1"><summary>Hint 1</summary>

Equation \eqref{eq:double}: `2 *` something.

</details>

<details class="check" markdown="1"><summary>Check</summary>

```python
text = '''two
lines'''
assert len(text.split("\n")[1]) == 5, "the string was changed"
assert double(2) is not None, "double gives None: does it return?"
print("Right:", double(2))
```

```output
AssertionError: double gives None: does it return?
```

</details>

<details class="solution" markdown="1"><summary>Solution</summary>

```python
def double(number):
    return number + number
```

```output
Right: 4
```

</details>

<details class="mistake" markdown="1"><summary>A mistake: the square</summary>

```python
def double(number):
    return number**2 or None
```

```output
Right: 4
```

</details>

### Exercise 7.2: Twice double { #ex-twice }

*Easy · 5 minutes · code*

```python title="Starter"
four_times = double(double(3))
```

<details class="check" markdown="1"><summary>Check</summary>

```python
assert four_times == 13, f"not {four_times}"
```

```output
AssertionError: not 12
```

</details>
"""

FIGURE = (
    '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'
    '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36">\n'
    ' <path d="M 0 36 L 72 0"/>\n</svg>\n'
)

TEST = """import pytest


@pytest.mark.equation("eq:double", r"y = 2x")
def test_double():
    assert True
"""

NAV = """nav:
  - Home: index.md
  - Doubling: foundations/doubling.md
  - Glossary: reference/glossary.md
  - Equations and their tests: reference/equation-tests.md
"""


def make(root: Path) -> Path:
    """Writes the book, with the real mkdocs.yml but for its navigation, into `root`."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    files = {
        "mkdocs.yml": settings[: settings.index("\nnav:") + 1] + NAV,
        "docs/index.md": "# A small book\n\nWith one chapter.\n",
        "docs/foundations/doubling.md": CHAPTER,
        "docs/foundations/figures/doubling-line.svg": FIGURE,
        "docs/reference/glossary.md": "# Glossary\n\n## Number\n\nWhat counts.\n",
        "src/foundations/sums.py": LIBRARY,
        "tests/equations/test_double.py": TEST,
        "snippets/one.py": "print(1)\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "overrides", root / "overrides")
    (root / "docs/assets").mkdir()
    for path in (ROOT / "docs/assets").iterdir():
        if path.is_file():
            shutil.copy(path, root / "docs/assets")
    (root / "src/press").mkdir()
    shutil.copy(ROOT / "src/press/hooks.py", root / "src/press")
    return root
