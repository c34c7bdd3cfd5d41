"""Formulas on a page: drawn at build, numbered, linked, and refused with a useful message."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown import Markdown

from press import equations, tex
from press.problems import PressError

EXTENSIONS = ["md_in_html", "tables", "attr_list", "toc", "footnotes", "pymdownx.superfences"]
CHAPTER = "---\ntitle: Vectors\nchapter: 1\n---\n\n# Vectors\n\n"
DOT = "$$\n\\mathbf{a} \\cdot \\mathbf{b} = \\sum_i a_i b_i \\label{eq:dot-product}\n$$\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "foundations").mkdir(parents=True)
    (tmp_path / "docs" / "reference").mkdir()
    return tmp_path / "docs"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tex, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def page(docs: Path, text: str, name: str = "foundations/vectors.md") -> str:
    """The HTML of a page that also stands in docs/; Markdown is not told which page it is."""
    (docs / name).write_text(text, encoding="utf-8")
    return converter(docs).convert(text.removeprefix(CHAPTER))


def converter(docs: Path) -> Markdown:
    configs = {"press.tex": {"docs_dir": str(docs)}}
    return Markdown(extensions=[*EXTENSIONS, "press.tex"], extension_configs=configs)


def refusal(docs: Path, text: str):
    with pytest.raises(PressError) as caught:
        page(docs, CHAPTER + text)
    (problem,) = caught.value.problems
    return problem


def tex_of(html: str) -> list[str]:
    return re.findall(r"<annotation[^>]*>(.*?)</annotation>", html, re.DOTALL)


def without_formulas(html: str) -> str:
    return re.sub(r'<span class="katex">.*?</katex-html></span>', "[formula]", html, flags=re.S)


def test_a_formula_in_a_line_is_drawn_with_mathml_and_no_script(docs):
    html = page(docs, "The angle is $\\theta$.")
    assert "<math" in html and 'class="katex-html"' in html
    assert "<script" not in html
    assert tex_of(html) == ["\\theta"]


def test_prices_and_escaped_dollars_and_code_are_no_formulas(docs):
    html = page(docs, "From $5 to $10, $5/$10, \\$x\\$ and `$x$`.\n\n```text\n$$ x $$\n```\n")
    assert "katex" not in html
    assert "From $5 to $10, $5/$10, $x$ and <code>$x$</code>." in html


def test_underscores_stars_and_angle_brackets_in_a_formula_are_tex(docs):
    html = page(docs, "$a_1 * b_2 < c_1 * d_2$ and $x_{<t}$")
    assert tex_of(html) == ["a_1 * b_2 &lt; c_1 * d_2", "x_{&lt;t}"]


@pytest.mark.parametrize(
    "text",
    [
        "| name | formula |\n|---|---|\n| norm | $x$ |\n",
        "- item $x$\n",
        "- item\n\n    $$\n    x\n    $$\n",
        "> $$\n> x\n> $$\n",
        '<details markdown="1"><summary>Hint</summary>\n\nLet $x$ be.\n\n</details>\n',
        '<details markdown="1"><summary>Hint</summary>\n\n$$\nx\n$$\n\n</details>\n',
        '<details markdown="1"><summary>Hint $x$</summary>\n\ntext\n\n</details>\n',
        '<figure markdown="1">\n<figcaption>Plot of $x$</figcaption>\n</figure>\n',
        "Text[^1]\n\n[^1]: A note on $x$.\n",
        "## About $x$\n",
    ],
    ids=lambda text: text[:28].strip().replace("\n", " "),
)
def test_formulas_work_wherever_text_stands(docs, text):
    html = page(docs, text)
    assert tex_of(html) == ["x"]
    assert "$" not in html


def test_a_display_formula_can_be_reached_by_keyboard_and_has_a_name(docs):
    html = page(docs, "$$\nx^2\n$$\n")
    div = re.search(r"<div [^>]*>", html)[0]
    assert 'class="equation"' in div
    assert 'tabindex="0"' in div and 'role="group"' in div and 'aria-label="Formula"' in div
    assert " id=" not in div
    assert "equation-number" not in html and "equation-test" not in html


def test_a_labelled_equation_has_its_number_its_anchor_and_a_link_to_its_test(docs):
    (docs / "reference/equation-tests").mkdir()
    (docs / "reference/equation-tests/vectors.md").write_text("made by the press")
    html = without_formulas(page(docs, CHAPTER + DOT))
    div = re.search(r"<div [^>]*>", html)[0]
    assert 'id="eq-dot-product"' in div and 'aria-label="Equation 1.1"' in div
    assert '<a href="#eq-dot-product">(1.1)</a>' in html
    test = re.search(r'<a [^>]*class="equation-test"[^>]*>test</a>', html)[0]
    assert 'href="/reference/equation-tests/vectors.md#test-eq-dot-product"' in test
    assert 'title="The test of this equation"' in test


def test_without_a_page_of_tests_there_is_no_link_to_it(docs):
    assert "equation-test" not in page(docs, CHAPTER + DOT)


def test_an_eqref_is_a_link_with_the_number(docs):
    html = page(docs, CHAPTER + "By \\eqref{eq:dot-product} it *holds*.\n\n" + DOT)
    link = re.search(r'<a [^>]*class="eqref"[^>]*>.*?</a>', html)[0]
    assert link.endswith(">(1.1)</a>")
    assert 'title="Equation 1.1: dot product"' in link
    assert 'href="/foundations/vectors.md#eq-dot-product"' in link


def test_the_table_of_contents_shows_a_formula_as_plain_text(docs):
    md = converter(docs)
    html = md.convert("## Why $\\frac{1}{\\sqrt{d}}$ and $\\mathbf{A}^\\top$\n")
    (entry,) = md.toc_tokens
    assert entry["name"] == "Why 1/√d and A⊤"
    assert entry["id"] == "why-1d-and-a"
    assert tex_of(html) == ["\\frac{1}{\\sqrt{d}}", "\\mathbf{A}^\\top"]


@pytest.mark.parametrize(
    ("formula", "text"),
    [("\\sqrt{2d}", "√(2d)"), ("x^2", "x^2"), ("\\frac{a+b}{2}", "(a+b)/2"), ("x_i", "x_i")],
)
def test_a_formula_as_plain_text(formula, text):
    assert tex.plain(formula) == text


def test_bad_tex_names_the_file_the_line_within_the_formula_and_what_to_do(docs):
    problem = refusal(docs, "Text.\n\n$$\na = b \\\\\n\\fraq{a}{b}\n$$\n")
    assert (problem.file, problem.line) == ("docs/foundations/vectors.md", 12)
    assert problem.what == "bad TeX: Undefined control sequence: \\fraq"
    assert problem.expected == "TeX that KaTeX can draw"
    assert problem.got.endswith("\\fraq{a}{b}")
    assert problem.mend.startswith("check the spelling")


def test_bad_tex_after_a_label_on_a_line_of_its_own_has_the_right_line(docs):
    problem = refusal(docs, "$$\n\\label{eq:a-name}\na\n\\fraq{a}{b}\n$$\n")
    assert problem.line == 11


def test_bad_tex_in_a_list_and_in_a_line_has_the_right_line(docs):
    assert refusal(docs, "- a\n- $\\fraq$\n").line == 9
    assert refusal(docs, "```text\n$\\fraq$\n```\n\nNow $\\fraq$\n").line == 12


def test_every_bad_formula_of_a_page_is_told_at_once(docs):
    with pytest.raises(PressError) as caught:
        page(docs, CHAPTER + "$\\fraq$ and\n$\\sqrd$\n")
    assert [problem.line for problem in caught.value.problems] == [8, 9]


def test_what_latex_would_not_take_is_an_error_too(docs):
    problem = refusal(docs, "$é$\n")
    assert "Accented Unicode" in problem.what
    assert "\\text" in problem.mend


def test_an_eqref_inside_a_formula_is_refused(docs):
    problem = refusal(docs, "Text\n$x = \\eqref{eq:dot-product}$\n")
    assert problem.line == 9
    assert problem.what == "\\eqref inside a formula"
    assert problem.expected == "\\eqref in the text, outside of the dollars"
    assert problem.got == "x = \\eqref{eq:dot-product}"
    assert "close the formula first" in problem.mend


def test_an_eqref_to_nothing_names_its_line_and_the_near_labels(docs):
    problem = refusal(docs, DOT + "\nBy \\eqref{eq:dot-prodct}.\n")
    assert (problem.file, problem.line) == ("docs/foundations/vectors.md", 12)
    assert problem.what == "\\eqref{eq:dot-prodct} names no equation"
    assert problem.got == "eq:dot-prodct"
    assert "did you mean eq:dot-product (docs/foundations/vectors.md:9)?" in problem.mend


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("$x \\label{eq:x}$", 8, "\\label inside a formula of the line"),
        ("$$\nx \\tag{1}\n$$", 9, "\\tag: the press numbers"),
        ("$$\n\\begin{align}x\\end{align}\n$$", 9, "\\begin{align}: the press numbers"),
        ("$$ x $$\n$$ y $$", 8, "two $$ formulas in one paragraph"),
        ("Text $$ x $$ text.", 8, "shown raw"),
        ("Text\n$$\nx\n$$", 9, "shown raw"),
        ("$$\nx\n\ny\n$$", 8, "shown raw"),
        ("Text $$x$$ text.", 8, "shown raw"),
        ("Let $\\alpha be.", 8, "shown raw"),
        ("A norm \\frac{1}{2}.", 8, "shown raw"),
        ("| a |\n|---|\n| $\\mathbf{a} | b$ |", 10, "shown raw"),
    ],
)
def test_what_would_come_out_wrong_stops_the_build(docs, text, line, what):
    problem = refusal(docs, text + "\n")
    assert what in problem.what
    assert (problem.file, problem.line) == ("docs/foundations/vectors.md", line)
    assert problem.expected and problem.got and problem.mend


def test_check_says_what_is_wrong_or_nothing():
    assert tex.check("\\sqrt{d}") is None
    assert tex.check("x \\label{eq:x}", display=True) is None
    assert tex.check("\\sqrt{d").startswith("bad TeX: ")
    with pytest.raises(tex.BadTex, match="fraq"):
        tex.render("\\fraq")


def test_a_second_build_starts_no_v8(cache, monkeypatch):
    first = tex.render("a + b_{7}", display=True)
    monkeypatch.setattr(tex, "KATEX", None)
    assert tex.render("a + b_{7}", display=True) == first
    assert tex.render(" a + b_{7} \\label{eq:x}\n", display=True) == first
    assert len(list(cache.rglob("*.html"))) == 1


def test_bad_tex_is_not_cached(cache):
    assert tex.check("\\fraq")
    assert not list(cache.rglob("*.html"))


def test_python_ends_by_itself_after_rendering(tmp_path):
    code = (
        "from pathlib import Path; from press import tex; "
        f"tex.CACHE = Path({str(tmp_path)!r}); print(len(tex.render('x')) > 100)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "True\n", "")


CONFIG = """
site_name: Scratch
theme: {name: material, font: false}
plugins: [search]
validation: {absolute_links: relative_to_docs, unrecognized_links: warn, anchors: warn}
markdown_extensions: [attr_list, md_in_html, tables, toc, pymdownx.superfences, press.tex]
"""


@pytest.fixture
def book(docs):
    """A small book: a chapter with an equation and its test, and a page that refers to it."""
    root = docs.parent
    (root / "mkdocs.yml").write_text(CONFIG)
    (docs / "index.md").write_text("# Home\n\nSee \\eqref{eq:dot-product}.\n")
    text = "---\nchapter: 1\n---\n\n# Why $\\mathbf{a}$\n\n" + DOT
    (docs / "foundations/vectors.md").write_text(text)
    tests = root / "tests"
    tests.mkdir()
    mark = '@pytest.mark.equation("eq:dot-product", r"\\mathbf{a} \\cdot \\mathbf{b}")'
    (tests / "test_vectors.py").write_text(
        f"import pytest\n\n\n{mark}\ndef test_a():\n    assert 1"
    )
    equations.write_equation_tests(docs, tests)
    return root


def build(root: Path, tool: str = "mkdocs") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", tool, "build", *(["--strict"] if tool == "mkdocs" else [])]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_a_strict_build_resolves_every_link_and_keeps_search_clean(book, tool):
    ran = build(book, tool)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    chapter = (book / "site/foundations/vectors/index.html").read_text()
    home = (book / "site/index.html").read_text()
    tests = (book / "site/reference/equation-tests/vectors/index.html").read_text()
    assert 'href="../../reference/equation-tests/vectors/#test-eq-dot-product"' in chapter
    assert 'id="test-eq-dot-product"' in tests
    assert 'href="../../../foundations/vectors/#eq-dot-product"' in tests
    overview = (book / "site/reference/equation-tests/index.html").read_text()
    assert re.search(r'href="(\.\./equation-tests/)?vectors/"', overview)
    assert "1 equation, 1 test" in overview
    assert 'href="foundations/vectors/#eq-dot-product"' in home
    if tool == "mkdocs":
        assert "<title>Why a - Scratch</title>" in chapter
    index = "search/search_index.json" if tool == "mkdocs" else "search.json"
    found = json.loads((book / "site" / index).read_text())
    texts = [entry["text"] for entry in found.get("docs") or found["items"]]
    assert any("a⋅b=∑iaibi" in text for text in texts)
    visible = " ".join(text for text in texts if "pytest" not in text)
    assert "\\mathbf" not in visible and visible.count("a⋅b") == 1


def test_a_dead_anchor_of_an_equation_fails_a_strict_build(book):
    (book / "docs/reference/equation-tests/vectors.md").write_text("# Nothing\n")
    ran = build(book)
    assert ran.returncode != 0
    assert "does not contain an anchor '#test-eq-dot-product'" in ran.stderr


def test_bad_tex_stops_a_build_with_a_message_and_no_traceback(book):
    (book / "docs/index.md").write_text("# Home\n\nHere: $\\fraq{a}{b}$\n")
    ran = build(book)
    assert ran.returncode != 0
    assert "docs/index.md:3: bad TeX: Undefined control sequence: \\fraq" in ran.stderr
    assert "mend: check the spelling" in ran.stderr
    assert "Traceback" not in ran.stderr
