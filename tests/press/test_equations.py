"""Equations, their references and their tests: what is found, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from press import equations
from press.problems import PressError
from press.scan import prose_lines

ATTENTION = "\\mathbf{A} = \\mathrm{softmax}(\\mathbf{Q} \\mathbf{K}^\\top)"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests").mkdir()
    return tmp_path


def chapter(book: Path, text: str, number: int | None = 1, name: str = "vectors.md") -> Path:
    front = f"chapter: {number}\n" if number else "minutes: 1\n"
    (book / "docs" / name).write_text(f"---\ntitle: Vectors\n{front}---\n\n{text}", "utf-8")
    return book / "docs"


def equation(label: str, tex: str = "x") -> str:
    return f"$$\n{tex} \\label{{{label}}}\n$$\n\nSee \\eqref{{{label}}}.\n\n"


def write_tests(book: Path, text: str) -> Path:
    (book / "tests" / "test_vectors.py").write_text(text, "utf-8")
    return book / "tests"


def bound(label: str, tex: str = "x", before: str = "", body: str = "assert True") -> str:
    mark = f'@pytest.mark.equation("{label}", r"{tex}")'
    return f"import pytest\n\n\n{before}{mark}\ndef test_it():\n    {body}\n"


def refusals(docs: Path):
    with pytest.raises(PressError) as caught:
        equations.index(docs)
    return caught.value.problems


def test_equations_are_numbered_by_chapter_and_order_on_the_page(book):
    docs = chapter(book, equation("eq:a") + "$$\nunnumbered\n$$\n\n" + equation("eq:b"), 2)
    found = equations.index(docs)
    assert [(e.label, e.number, e.file, e.line) for e in found.values()] == [
        ("eq:a", "2.1", "docs/vectors.md", 7),
        ("eq:b", "2.2", "docs/vectors.md", 17),
    ]
    assert found["eq:a"].tex == "x"
    assert found["eq:b"].page == "vectors.md"
    assert found["eq:b"].anchor == "eq-b"


def test_chapters_come_in_the_order_of_their_numbers(book):
    chapter(book, equation("eq:a"), 10, "a.md")
    docs = chapter(book, equation("eq:b"), 9, "b.md")
    assert list(equations.index(docs)) == ["eq:b", "eq:a"]


def test_equations_in_code_comments_and_front_matter_do_not_count(book):
    text = (
        "`$$ a \\label{eq:a} $$`\n\n"
        "```text\n$$ a \\label{eq:b} $$\n```\n\n"
        "````markdown\n```text\n```\n$$ a \\label{eq:c} $$\n````\n\n"
        "~~~\n$$ a \\label{eq:d} $$\n```\n~~~\n\n"
        "> ```text\n> $$ a \\label{eq:e} $$\n> ```\n\n"
        "- item\n\n    ```text\n    $$ a \\label{eq:f} $$\n    ```\n\n"
        "<!-- $$ a \\label{eq:g} $$\n\\eqref{eq:none} -->\n\n"
    )
    docs = chapter(book, text + equation("eq:real"))
    assert list(equations.index(docs)) == ["eq:real"]
    assert [reference.label for reference in equations.references(docs)] == ["eq:real"]


def test_prose_keeps_its_line_numbers_and_columns():
    text = "---\ntitle: x\n---\nprose `code` more\n```python\ncode\n```\nend <!-- a\nb --> c"
    lines = prose_lines(text)
    assert [line for line in lines if line[1].strip()] == [
        (4, "prose        more"),
        (8, "end       "),
        (9, "      c"),
    ]


def test_an_equation_in_a_quotation_loses_the_marks_of_the_quotation(book):
    docs = chapter(book, "> $$\n> a\n> > b \\label{eq:a}\n> $$\n")
    assert equations.index(docs)["eq:a"].tex == "a\n> b"


def test_a_changed_page_is_read_again(book):
    docs = chapter(book, equation("eq:a"))
    assert list(equations.index(docs)) == ["eq:a"]
    chapter(book, equation("eq:a") + equation("eq:another"))
    assert list(equations.index(docs)) == ["eq:a", "eq:another"]


def test_a_label_used_twice_names_both_places(book):
    chapter(book, equation("eq:a"), 1, "one.md")
    docs = chapter(book, "Text.\n\n" + equation("eq:a"), 2, "two.md")
    (problem,) = refusals(docs)
    assert (problem.file, problem.line) == ("docs/two.md", 9)
    assert problem.what == "the label eq:a is used twice"
    assert problem.got == "also at docs/one.md:7"
    assert problem.expected and problem.mend


def test_a_label_on_a_page_that_is_no_chapter_is_refused(book):
    (problem,) = refusals(chapter(book, equation("eq:a"), None))
    assert (problem.file, problem.line) == ("docs/vectors.md", 7)
    assert "no chapter" in problem.what
    assert "`chapter:`" in problem.expected


def test_a_label_in_another_form_is_refused_with_a_better_one(book):
    (problem,) = refusals(chapter(book, equation("Dot_Product")))
    assert problem.got == "Dot_Product"
    assert problem.mend == "\\label{eq:dot-product}"


def test_two_labels_in_one_formula_are_refused(book):
    (problem,) = refusals(chapter(book, "$$\na \\label{eq:a}\nb \\label{eq:b}\n$$\n"))
    assert problem.what == "a formula with two labels"
    assert problem.got == "eq:a, eq:b"


def test_a_reference_to_nothing_names_its_line_and_the_near_labels(book):
    docs = chapter(book, equation("eq:softmax") + "By \\eqref{eq:sofmax}.\n")
    with pytest.raises(PressError) as caught:
        equations.references(docs)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("docs/vectors.md", 12)
    assert problem.what == "\\eqref{eq:sofmax} names no equation"
    assert problem.mend == "did you mean eq:softmax (docs/vectors.md:7)?"


def test_a_bound_and_referenced_equation_has_no_problem(book):
    docs = chapter(book, equation("eq:attention", ATTENTION))
    tests = write_tests(book, bound("eq:attention", ATTENTION))
    assert equations.problems(docs, tests) == []


def test_white_space_in_the_tex_of_a_mark_does_not_matter(book):
    docs = chapter(book, equation("eq:a", "x =\n  y + z"))
    tests = write_tests(book, bound("eq:a", "x = y+z"))
    assert equations.problems(docs, tests) == []


def test_a_mark_holds_the_source_of_its_test(book):
    method = "class TestIt:\n    @pytest.mark.equation('eq:a', 'x')\n"
    method += "    @other\n    def test_method(self):\n        assert True\n"
    (mark,) = equations.marks(write_tests(book, "import pytest\n\n" + method))
    assert (mark.label, mark.tex, mark.function_name) == ("eq:a", "x", "test_method")
    assert (mark.file, mark.line) == ("tests/test_vectors.py", 4)
    assert mark.source.startswith("@pytest.mark.equation('eq:a', 'x')\n@other\ndef test_method")
    assert mark.source.endswith("\n    assert True")


def test_an_equation_without_a_test_is_a_problem_with_the_mark_to_write(book):
    docs = chapter(book, equation("eq:a"))
    (problem,) = equations.problems(docs, write_tests(book, ""))
    assert (problem.file, problem.line) == ("docs/vectors.md", 7)
    assert problem.what == "equation 1.1, eq:a, has no test"
    assert problem.expected == "a test marked with eq:a"
    assert '@pytest.mark.equation("eq:a", r"x")' in problem.mend


def test_a_mark_without_an_equation_is_a_problem(book):
    docs = chapter(book, equation("eq:softmax"))
    tests = write_tests(book, bound("eq:softmax") + bound("eq:sofmax").partition("\n\n\n")[2])
    (problem,) = equations.problems(docs, tests)
    assert (problem.file, problem.line) == ("tests/test_vectors.py", 7)
    assert problem.what == "test_it is bound to eq:sofmax, which no page labels"
    assert problem.mend == "did you mean eq:softmax (docs/vectors.md:7)?"


def test_a_sign_changed_on_the_page_fails_until_the_test_is_looked_at(book):
    docs = chapter(book, equation("eq:a", "x = y - z"))
    (problem,) = equations.problems(docs, write_tests(book, bound("eq:a", "x = y + z")))
    assert (problem.file, problem.line) == ("tests/test_vectors.py", 4)
    assert "docs/vectors.md:7, equation 1.1" in problem.what
    assert (problem.expected, problem.got) == ("x = y - z", "x = y + z")
    assert "copy the page's TeX into the mark" in problem.mend


def test_an_equation_that_nothing_refers_to_is_a_problem(book):
    docs = chapter(book, "$$\nx \\label{eq:a}\n$$\n")
    (problem,) = equations.problems(docs, write_tests(book, bound("eq:a")))
    assert problem.what == "equation 1.1, eq:a, is never referred to"
    assert problem.expected == "\\eqref{eq:a} somewhere in the book"


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (bound("eq:a", before="@pytest.mark.skip\n"), "pytest.mark.skip"),
        (bound("eq:a", before="@pytest.mark.xfail(strict=True)\n"), "pytest.mark.xfail"),
        (bound("eq:a", body="pytest.skip()\n    assert 1"), "pytest.skip"),
        (bound("eq:a") + "\npytestmark = [pytest.mark.skipif(True)]\n", "pytest.mark.skipif"),
        (bound("eq:a") + "\nx = pytest.importorskip('torch')\n", "pytest.importorskip"),
        (
            "import pytest\n\n@pytest.mark.skip\nclass TestIt:\n"
            '    @pytest.mark.equation("eq:a", "x")\n    def test_it(self):\n        assert 1\n',
            "pytest.mark.skip",
        ),
    ],
)
def test_a_test_bound_to_an_equation_must_run(book, text, got):
    docs = chapter(book, equation("eq:a"))
    (problem,) = equations.problems(docs, write_tests(book, text))
    assert problem.what == "test_it is bound to an equation but may not run"
    assert problem.got == got
    assert problem.file == "tests/test_vectors.py"


def test_a_bound_test_must_be_one_and_check_something(book):
    docs = chapter(book, equation("eq:a"))
    (problem,) = equations.problems(docs, write_tests(book, bound("eq:a", body="pass")))
    assert problem.what == "test_it checks nothing"
    not_one = bound("eq:a").replace("test_it", "helper")
    (problem,) = equations.problems(docs, write_tests(book, not_one))
    assert problem.what == "helper is no test for pytest"


def test_a_mark_must_be_readable_without_running_it(book):
    docs = chapter(book, equation("eq:a"))
    text = bound("eq:a") + "\n\n@pytest.mark.equation(NAME, 'x')\ndef test_b():\n    assert 1\n"
    (problem,) = equations.problems(docs, write_tests(book, text))
    assert (problem.line, problem.got) == (9, "@pytest.mark.equation(NAME, 'x')")
    assert "two plain strings" in problem.expected


def test_wrong_labels_are_reported_beside_the_other_problems(book):
    docs = chapter(book, equation("eq:a") + equation("eq:a") + "\\eqref{eq:b}\n")
    found = equations.problems(docs, write_tests(book, bound("eq:a")))
    assert [problem.what for problem in found] == [
        "the label eq:a is used twice",
        "\\eqref{eq:b} names no equation",
    ]


def test_the_page_of_tests_shows_formula_link_and_source_and_is_written_once(book):
    (book / "docs" / "foundations").mkdir()
    docs = chapter(book, equation("eq:dot-product"), name="foundations/vectors.md")
    tests = write_tests(book, bound("eq:dot-product", body='assert "```" != "--8<--"'))
    pages = [docs / "reference/equation-tests.md", docs / "reference/equation-tests/vectors.md"]
    assert equations.write_equation_tests(docs, tests) == pages
    assert equations.write_equation_tests(docs, tests) == []
    text = pages[1].read_text("utf-8")
    assert "of [1. Vectors](../../foundations/vectors.md)" in text
    assert "## Equation 1.1: dot product { #test-eq-dot-product }\n\n$$\nx\n$$" in text
    assert "(../../foundations/vectors.md#eq-dot-product)" in text
    assert '````python title="tests/test_vectors.py"\n@pytest.mark.equation(' in text
    assert ";--8<--" in text
    # The page itself defines nothing and refers to nothing.
    assert list(equations.index(docs)) == ["eq:dot-product"]


def test_the_pages_of_tests_are_one_a_chapter_and_an_overview_leads_to_them(book):
    for part, number in (("foundations", 1), ("sequences", 2)):
        (book / "docs" / part).mkdir()
        (book / f"docs/{part}/index.md").write_text(f"---\ntitle: The part of {part}\n---\n")
        name = f"{part}/page-{number}.md"
        docs = chapter(book, equation(f"eq:{part}"), number=number, name=name)
    tests = write_tests(book, bound("eq:sequences"))
    old = docs / "reference/equation-tests/gone.md"
    old.parent.mkdir(parents=True)
    old.write_text("a chapter that is no more")
    equations.write_equation_tests(docs, tests)
    assert {path.name for path in old.parent.iterdir()} == {"page-1.md", "page-2.md"}
    assert "#test-eq-sequences" in (old.parent / "page-2.md").read_text("utf-8")
    assert "eq-sequences" not in (old.parent / "page-1.md").read_text("utf-8")
    text = (docs / "reference/equation-tests.md").read_text("utf-8")
    assert text.index("## The part of foundations") < text.index("## The part of sequences")
    assert "- [1. Vectors](equation-tests/page-1.md): 1 equation, 0 tests\n" in text
    assert "- [2. Vectors](equation-tests/page-2.md): 1 equation, 1 test\n" in text


def test_an_equation_without_a_test_has_its_section_so_that_links_hold(book):
    docs = chapter(book, equation("eq:a"))
    equations.write_equation_tests(docs, write_tests(book, ""))
    text = (docs / "reference/equation-tests/vectors.md").read_text("utf-8")
    assert "{ #test-eq-a }" in text and "No test yet." in text
