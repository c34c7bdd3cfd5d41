"""Which blocks of a page are live, and how the page is told."""

import textwrap

import pytest

from press import chapter as chapters
from press.live import marks

EXERCISE = """
### Exercise 1.1: Double it { #ex-double }

*Easy · 5 minutes · code*

```python title="Starter"
answer = None
```

<details class="hint" markdown="1"><summary>Hint 1</summary>

Twice.

</details>

<details class="check" markdown="1"><summary>Check</summary>

```python
CHECK
```

</details>

<details class="solution" markdown="1"><summary>Solution</summary>

```python
answer = 6
```

</details>

<details class="mistake" markdown="1"><summary>A mistake: squaring</summary>

```python
answer = 9
```

</details>
"""


def marked(tmp_path, *blocks: str, check: str = "") -> list[str]:
    fences = "\n".join(f"```python\n{textwrap.dedent(block)}\n```\n" for block in blocks)
    text = f"# A page\n\n{fences}"
    if check:
        text += EXERCISE.replace("CHECK", check)
    return marks.marks(chapters.parse(text, "docs/page.md"), tmp_path)


@pytest.mark.parametrize(
    ("blocks", "still"),
    [
        (["import numpy as np", "np.ones(3)"], ["", ""]),
        (["import torch", "x = 1", "torch.ones(3)"], ["PyTorch", "", "PyTorch"]),
        (["from torch import nn", "net = nn.Linear(1, 1)", "net(2)"], ["PyTorch"] * 3),
        (["import torch\nx = torch.ones(3)", "x = 2", "print(x)"], ["PyTorch", "", ""]),
        (
            ["import time", "def f():\n    return time.perf_counter()", "f()"],
            ["", "clock", "clock"],
        ),
        (["import numpy as np", "with np.errstate(over='raise'):\n    1"], ["", "overflow"]),
        (["# torch is not imported here\nx = 1"], [""]),
    ],
)
def test_a_block_is_still_where_it_or_what_it_needs_cannot_run_in_a_browser(
    tmp_path, blocks, still
):
    got = marked(tmp_path, *blocks)
    for at, (mark, why) in enumerate(zip(got, still, strict=True)):
        assert f'data-live="{at}"' in mark
        assert ("data-still" in mark) == bool(why)
        assert why in mark


def test_the_blocks_of_an_exercise_say_what_they_are(tmp_path):
    got = marked(tmp_path, "x = 3", check="assert answer == 2 * x, 'twice'")
    roles = [mark.rpartition("data-role=")[2] for mark in got[1:]]
    assert roles == ['"starter"', '"check"', '"solution"', '"mistake"']
    assert all('data-exercise="1.1"' in mark for mark in got[1:])


def test_an_exercise_whose_check_needs_pytorch_is_still(tmp_path):
    got = marked(tmp_path, "import torch\nx = 3", check="assert answer == 2 * x, 'twice'")
    assert all("needs PyTorch" in mark for mark in got)


def test_what_an_answer_gives_its_check_does_not_need_of_the_page(tmp_path):
    got = marked(tmp_path, "import torch\nanswer = 3", check="assert answer == 6, 'twice'")
    assert ["data-still" in mark for mark in got] == [True, False, False, False, False]


def test_marks_go_into_the_python_blocks_of_the_page_one_after_the_other():
    page = (
        '<div class="language-python highlight"><pre>1</pre></div>'
        '<div class="language-output highlight"><pre>2</pre></div>'
        '<div class="language-python highlight raises"><pre>3</pre></div>'
    )
    got = marks.marked(page, [' data-live="0"', ' data-live="1"'])
    assert got.count("data-live") == 2
    assert '<div class="language-python highlight" data-live="0"><pre>1' in got
    assert '<div class="language-python highlight raises" data-live="1"><pre>3' in got
    assert marks.marked(got, [' data-live="7"']) == got
