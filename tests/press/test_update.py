"""`make update`: it rewrites outputs and figures, and nothing else."""

from __future__ import annotations

import pytest
from small_books import PAGE, block, fence
from test_wrong_chapters import DRAWN, EXERCISE, PRINTS

from press import update
from press.problems import PressError


def test_a_wrong_output_is_replaced(book):
    assert book.update(PRINTS.replace("3.5", "9.9")) == PRINTS


def test_a_missing_output_is_inserted_right_after_its_block(book):
    assert book.update(PRINTS.replace("\n```output\n3.5\n```\n", "") + "\nText.\n") == (
        PRINTS + "\nText.\n"
    )


def test_an_output_of_a_block_that_prints_nothing_is_removed(book):
    right = fence("x = 1") + "\nText.\n"
    assert book.update(block("x = 1", "7") + "\nText.\n") == right


@pytest.mark.parametrize("prefix", ["    ", "> "])
def test_outputs_within_a_prefix_are_inserted_replaced_and_removed_within_it(book, prefix):
    def page(*blocks: str) -> str:
        lines = "\n\n".join(text.rstrip("\n") for text in blocks).split("\n")
        before = "- item\n\n" if prefix == "    " else ""
        return before + "".join((prefix + line).rstrip() + "\n" for line in lines)

    right = page(block("print(1)", "1"), block("print(2)\nprint()\nprint(3)", "2\n\n3"), "Text")
    assert book.update(page(fence("print(1)"), block("print(2)\nprint()\nprint(3)", "x"), "Text"))
    assert book.text == right
    assert not book.check()
    assert book.update(page(fence("x = 1"), "Text")) == page(fence("x = 1"), "Text")
    assert book.update(page(block("x = 1", "1"), "Text")) == page(fence("x = 1"), "Text")


@pytest.mark.parametrize("old", [None, "x"])
def test_a_printed_fence_gets_a_longer_fence_around_it(book, old):
    code = 'print("a")\nprint("```")\nprint("````text")'
    book.update(block(code, old))
    assert "`````output\na\n```\n````text\n`````\n" in book.text
    assert not book.check()


def test_an_update_twice_changes_nothing_more(book):
    book.update(PRINTS.replace("3.5", "1") + "\n" + DRAWN + "\n" + EXERCISE.replace("Right.", "R"))
    once = book.files()
    assert not update.plan(book.page, book.root).changes
    book.update()
    assert book.files() == once
    assert not book.check()


def test_an_update_writes_the_diagnoses_of_an_exercise(book):
    bare = EXERCISE
    for line in EXERCISE.split("\n"):
        if line.startswith(("AssertionError", "Right.")):
            bare = bare.replace(f"\n```output\n{line}\n```\n", "", 1)
    assert "output" not in bare
    assert book.update(bare) == EXERCISE


def test_an_update_touches_nothing_else(book):
    odd = "\n\n\n<!-- note -->\n*  a\t b  \n\nno end: é\u00a0\u200b"
    right = "---\ntitle:   Page\n---\n\n\n" + PRINTS + odd + "\n\n" + DRAWN + odd
    book.update(right)
    assert book.text == right
    book.update(right.replace("3.5", "4.0"))
    assert book.text == right
    assert set(book.files()) == {
        "mkdocs.yml",
        PAGE,
        "docs/part/figures/rise.svg",
        "docs/part/figures/rise.data.json",
    }


def test_windows_line_ends_are_kept(book):
    windows = PRINTS.replace("\n", "\r\n")
    assert book.update(windows) == windows
    assert book.update(windows.replace("3.5", "1")) == windows


def test_mixed_line_ends_stop_an_update(book):
    mixed = PRINTS.replace("\n", "\r\n", 1)
    with pytest.raises(PressError, match="the file mixes line ends; nothing was written"):
        book.update(mixed)
    assert book.text == mixed


@pytest.mark.parametrize(
    "broken",
    ["1 / 0", "import nothing_of_that_name", "x = = 1", "raise SystemExit",
     '--8<-- "src/foundations/none.py:half"'],
)  # fmt: skip
def test_an_update_of_a_page_with_a_failing_block_writes_nothing(book, broken):
    book.write(PRINTS.replace("3.5", "1") + "\n" + DRAWN + "\n" + fence(broken))
    before = book.files()
    with pytest.raises(PressError) as caught:
        book.update()
    first, *_, last = caught.value.problems
    assert first.file == PAGE
    assert first.line == book.text[: book.text.index(broken)].count("\n") + 1
    assert last.what == "nothing was written"
    assert book.files() == before


def test_an_update_of_a_page_with_an_unclosed_fence_writes_nothing(book):
    book.write(PRINTS.replace("3.5", "1") + "\n```python\nx = 1\n")
    before = book.files()
    with pytest.raises(PressError, match="never closes"):
        book.update()
    assert book.files() == before


def test_an_update_writes_nothing_when_an_exercise_has_a_solution_that_fails(book):
    book.write(PRINTS.replace("3.5", "1") + "\n" + EXERCISE.replace("2 * x", "3 * x"))
    before = book.files()
    with pytest.raises(PressError, match="does not pass its check"):
        book.update()
    assert book.files() == before


def test_an_update_writes_nothing_when_the_chapter_changes_meanwhile(book):
    book.write(PRINTS.replace("3.5", "1") + "\n" + DRAWN)
    made = update.plan(book.page, book.root)
    book.write(book.text + "\nA sentence, saved in the editor meanwhile.\n")
    before = book.files()
    with pytest.raises(PressError, match="the chapter changed on disk while its blocks ran"):
        update.write(made, book.root)
    assert book.files() == before


def test_an_update_writes_nothing_when_a_block_changes_the_chapter(book):
    code = f'with open("{book.page}", "a") as file:\n    n = file.write("more")\nprint(n)'
    book.write(block(code, "1"))
    with pytest.raises(PressError, match="the chapter changed on disk"):
        book.update()
    assert book.text == block(code, "1") + "more"


def test_a_crash_while_writing_leaves_the_old_file(book, monkeypatch):
    book.write(PRINTS.replace("3.5", "1"))
    before = book.files()

    def crash(*_):
        raise OSError("disk full")

    monkeypatch.setattr(update.os, "replace", crash)
    with pytest.raises(OSError, match="disk full"):
        book.update()
    assert book.files() == before


def test_an_output_that_is_right_to_the_digits_it_shows_is_left(book):
    page = block("print(2 / 3)", "0.667")
    assert book.update(page) == page


def test_what_an_update_cannot_mend_is_told(book):
    book.write(PRINTS.replace("3.5", "1") + '\nIt is four.\n<!-- says: f"{x:.0f}" -->\n')
    made = update.plan(book.page, book.root)
    assert [problem.what for problem in made.left] == ["the prose does not say what the code gives"]


def test_the_diff_shows_lines_and_names_of_figures(book):
    book.write(PRINTS.replace("3.5", "1.5") + "\n" + DRAWN)
    diff = update.plan(book.page, book.root).diff(book.root).split("\n")
    assert "-1.5" in diff
    assert "+3.5" in diff
    assert diff[-1] == "drawn: docs/part/figures/rise.svg"


def test_the_command_updates_a_page_and_says_so(book, monkeypatch, capsys):
    monkeypatch.chdir(book.root)
    book.write(PRINTS.replace("3.5", "1.5"))
    assert update.main([PAGE]) == 0
    assert capsys.readouterr().out.endswith(f"{PAGE}: updated\n")
    assert update.main([PAGE]) == 0
    assert capsys.readouterr().out == f"{PAGE}: nothing to update\n"


def test_an_update_leaves_the_figure_of_another_page_alone(book):
    draws = fence("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    image = "\n![a rising line](figures/line.svg)\n"
    book.write(draws + image, "docs/part/first.md")
    update.write(update.plan(book.root / "docs/part/first.md", book.root), book.root)
    before = (book.root / "docs/part/figures/line.svg").read_bytes()
    book.write(draws.replace("[1, 2]", "[2, 1]") + image)
    with pytest.raises(PressError, match=r"figures/line\.svg belongs to docs/part/first\.md"):
        update.plan(book.page, book.root)
    assert (book.root / "docs/part/figures/line.svg").read_bytes() == before
