"""Reading a chapter: what readers see as Python is a block, or a problem."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown
from small_books import ROOT, block, fence
from test_wrong_chapters import DRAWN, EXERCISE

from press import chapter as chapters
from press import render


def read(text: str) -> chapters.Chapter:
    return chapters.parse(text, "docs/page.md")


# --- fences, against what the site shows ------------------------------------------------------

AWKWARD = [
    "```python\nx = 1\n```",
    "````python\n```\nx = 1\n```\n````",
    "~~~python\nx = 1\n~~~",
    "~~~python\n```\n~~~",
    "```python\nx = 1\n````\n```",
    "```python   \nx = 1\n```   ",
    "``` python\nx = 1\n```",
    "```  {.python}\nx = 1\n```",
    '```{.python title="x"}\nx = 1\n```',
    "```{ .python #name }\nx = 1\n```",
    "```{ #name .python }\nx = 1\n```",
    "```.python\nx = 1\n```",
    "```python title='x'\nx = 1\n```",
    '```python title="a `b` c"\nx = 1\n```',
    '~~~python title="a `b` c"\nx = 1\n~~~',
    '```python hl_lines="1" linenums="1" title="x"\nx = 1\n```',
    '```python linenums="x"\nx = 1\n```',
    "```python title\nx = 1\n```",
    "```python x=1\nx = 1\n```",
    "```python, x\nx = 1\n```",
    "```python3\nx = 1\n```",
    "```PYTHON\nx = 1\n```",
    "```pyi\nx = 1\n```",
    "```text\n```python\nx = 1\n```\n```",
    "````text\n```python\nx = 1\n```\n````",
    "   ```python\n   x = 1\n   ```",
    "    ```python\n    x = 1\n    ```",
    "\t```python\n\tx = 1\n\t```",
    "- item\n\n    ```python\n    x = 1\n    ```",
    "- item\n\n\t```python\n\tx = 1\n\t```",
    "- item\n\n  ```python\n  x = 1\n  ```",
    "- ```python\n  x = 1\n  ```",
    "1. item\n\n    ```python\n    x = 1\n    ```",
    "> ```python\n> x = 1\n> ```",
    ">```python\n>x = 1\n>```",
    "> > ```python\n> > x = 1\n> > ```",
    "> ```python\n> x = 1\n```",
    "> ```python\nx = 1\n> ```",
    "!!! note\n\n    ```python\n    x = 1\n    ```",
    "??? note\n    ```python\n    x = 1\n    ```",
    '<details markdown="1"><summary>a</summary>\n\n```python\nx = 1\n```\n\n</details>',
    "<details><summary>a</summary>\n\n```python\nx = 1\n```\n\n</details>",
    "<!-- ```python\nx = 1\n``` -->",
    "<!--\n```python\nx = 1\n```\n-->",
    "`<!--`\n\n```python\nx = 1\n```\n\n`-->`",
    "text\n```python\nx = 1\n```\ntext",
    "```python\n\n\nx = 1\n\n\n```",
    "```python\nx = 1\n",
    "```python\n```",
    "```python\n\n```",
    "```\n```python\nx = 1\n```",
    "```python\n  x = 1\n ```\n```",
    "    ```python\n  x = 1\n    ```",
    "Term\n:   Meaning\n\n    ```python\n    x = 1\n    ```",
    "[^1]\n\n[^1]: note\n\n    ```python\n    x = 1\n    ```",
    "| a |\n|---|\n| b |\n```python\nx = 1\n```",
    "<pre>\n```python\nx = 1\n```\n</pre>",
    "<div>\n```python\nx = 1\n```\n</div>",
    "```python\n&lt; <b>x</b> \"'\n```",
    "\\```python\nx = 1\n\\```",
    "``` ```python\nx = 1\n```",
    "```pycon\n>>> 1\n1\n```",
    "```python\nx = 1\n```python\ny = 1\n```",
]


@pytest.fixture(scope="module")
def site() -> Markdown:
    """Markdown with the extensions of mkdocs.yml, made once: hundreds of pages go through it."""
    return render.markdown(ROOT)


def differs_in_silence(text: str, site: Markdown) -> str | None:
    """What readers see as Python and the press neither runs nor reports; None if nothing."""
    chapter = read(text)
    page = site.reset().convert(text)
    seen = [render._plain(code) for code in render.shown(page).python]
    run = [render._plain(one.fence.text) for one in chapter.blocks]
    told = chapter.problems or render.differences(chapter, page, ROOT)
    return None if sorted(seen) == sorted(run) or told else f"seen {seen}, run {run}"


@pytest.mark.parametrize("text", AWKWARD)
def test_python_that_the_site_shows_is_a_block_or_a_problem(text, site):
    assert differs_in_silence(text, site) is None


PREFIXES = ["", "  ", "    ", "\t", "> ", ">", "> > ", "- ", "  > ", "1. "]
MARKS = ["```", "````", "~~~", "~~~~"]
INFOS = ["", "python", "python title=\"x\"", "py", "text", "output", "{.python}", "python x",
         " python ", "Python"]  # fmt: skip
BETWEEN = ["", "text", "- item", "> said", "<!--", "-->", "!!! note", "x = 1", "    x = 1",
           "</details>", '<details markdown="1">', "`", "``", "# head", "<div>"]  # fmt: skip
lines = st.one_of(
    st.builds(lambda a, b, c: a + b + c, *map(st.sampled_from, (PREFIXES, MARKS, INFOS))),
    st.builds(lambda a, b: a + b, *map(st.sampled_from, (PREFIXES, MARKS))),
    st.builds(lambda a, b: a + b, *map(st.sampled_from, (PREFIXES, BETWEEN))),
    st.just(""),
)


@settings(max_examples=500)
@given(page=st.lists(lines, max_size=12))
def test_whatever_the_site_shows_as_python_is_a_block_or_a_problem(site, page):
    assert differs_in_silence("\n".join(page), site) is None


plain_lines = st.sampled_from(["x = 1", "", "    y = 2", "print('```')", "# note", "z = [", "]"])


@given(
    code=st.lists(plain_lines, max_size=6),
    marks=st.sampled_from(MARKS),
    prefix=st.sampled_from(["", "    ", "> "]),
)
def test_an_ordinary_fence_is_read_as_it_was_written_and_is_no_problem(site, code, marks, prefix):
    if any(line.strip().startswith(marks) for line in code):
        return
    before = "- item\n\n" if prefix == "    " else ""
    text = textwrap.indent(f"{marks}python\n" + "\n".join([*code, marks]), prefix, lambda _: True)
    chapter = read(before + text)
    [one] = chapter.blocks
    assert one.fence.lines == code
    assert not chapter.problems
    assert not render.differences(chapter, site.reset().convert(before + text), ROOT)


# --- blocks, outputs, images ------------------------------------------------------------------


def test_a_block_has_the_output_and_the_images_right_after_it():
    [first, second] = read(block("print(1)", "1") + "\n" + DRAWN).blocks
    assert first.output.text == "1"
    assert first.images == []
    assert second.output is None
    assert [(image.line, image.path) for image in second.images] == [(18, "figures/rise.svg")]


def test_an_output_after_a_word_of_prose_belongs_to_no_block():
    chapter = read(fence("print(1)") + "\nIt prints\n\n" + fence("1", "output"))
    assert chapter.blocks[0].output is None
    assert [p.what for p in chapter.problems] == ["an output that follows no Python block"]


def test_titles_say_whether_a_block_raises_or_rests():
    def one(title: str) -> chapters.Block:
        return read(fence("x = 1", f'python title="{title}"')).blocks[0]

    assert one("Raises ValueError").raises == "ValueError"
    assert one("Raises np.linalg.LinAlgError").raises == "np.linalg.LinAlgError"
    assert one("Not run: an hour on a GPU").not_run == "an hour on a GPU"
    assert one("Not run").not_run == ""
    assert one("Not running sums").not_run is None
    assert one("A sum").raises == ""
    assert read(fence("x = 1", 'python data-title="Not run: x"')).blocks[0].not_run is None


def test_the_steps_of_a_page_come_in_the_order_of_its_lines():
    page = block("x = 1") + "\nIt is 1.\n<!-- says: f'{x}' -->\n\n" + EXERCISE + "\n## End\n\n"
    steps = read(page + fence("y = 2")).steps()
    assert [type(step).__name__ for step in steps] == ["Block", "Says", "Exercise", "Block"]
    assert [step.line for step in steps] == sorted(step.line for step in steps)


def test_front_matter_is_data_and_no_prose():
    chapter = read("---\ntitle: Page\nchapter: 3\n---\nText.\n")
    assert chapter.meta == {"title": "Page", "chapter": 3}
    assert chapter.number == 3
    assert chapter.prose[0] == (5, "Text.")


# --- prose checks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "paragraph"),
    [
        ("One\ntwo.\n<!-- says: 'a' -->", "One two."),
        ("One.\n\nTwo.\n<!-- says: 'a' -->", "Two."),
        ("One.\n\n<!-- says: 'a' -->", "One."),
        ("One.\n<!-- says: 'a' -->\n<!-- says: 'b' -->", "One."),
        ("One. <!-- says: 'a' -->", "One."),
        ("- One\n- two\n<!-- says: 'a' -->", "- One - two"),
        ("One.\n<!-- says:\n'a'\n-->", "One."),
    ],
)
def test_a_prose_check_is_about_the_paragraph_above_it(text, paragraph):
    chapter = read(text)
    assert not chapter.problems
    assert {chapter.paragraph(says) for says in chapter.says} == {paragraph}


@pytest.mark.parametrize(
    "comment",
    ["<!-- say: f'{x}' -->", "<!-- Says: 'a' -->", "<!-- says 'a' -->", "<!-- sais: 'a' -->",
     "<!-- syas: 'a' -->", "<!-- states: f'{x:.2f}' -->", "<!--says 'a'-->"],
)  # fmt: skip
def test_a_mistyped_prose_check_is_told(comment):
    chapter = read(f"One.\n{comment}\n")
    assert [p.what for p in chapter.problems] == ["a prose check that the press cannot read"]


@pytest.mark.parametrize("comment", ["<!-- TODO: more -->", "<!-- note to editors -->"])
def test_other_comments_are_let_be(comment):
    assert not read(f"One.\n{comment}\n").problems


# --- exercises --------------------------------------------------------------------------------


def test_an_exercise_is_read_with_all_its_parts():
    [exercise] = read("## Exercises\n\n" + EXERCISE + "\n## Summary\n\nEnd.\n").exercises
    assert (exercise.number, exercise.id, exercise.title) == ("1.1", "ex-doubling", "Doubling")
    assert (exercise.level, exercise.minutes, exercise.kind) == ("Easy", 5, "code")
    assert exercise.starter.fence.title == "Starter"
    assert exercise.check.output.text.startswith("AssertionError")
    assert [hint.summary for hint in exercise.hints] == ["Hint 1"]
    assert len(exercise.solutions) == 1
    assert len(exercise.mistakes) == 2
    roles = [one.role for one in (exercise.starter, exercise.check, *exercise.solutions)]
    assert roles == ["starter", "check", "solution"]


def test_what_follows_the_next_heading_is_no_part_of_the_exercise():
    chapter = read(EXERCISE + "\n## Summary\n\n" + fence("x = 1"))
    assert not chapter.problems
    assert chapter.steps()[-1] is chapter.blocks[-1]


def test_a_block_without_a_part_in_its_exercise_is_told():
    chapter = read(EXERCISE + "\n" + fence("x = 1"))
    assert [p.what for p in chapter.problems] == ["a block of Exercise 1.1 that has no part in it"]
