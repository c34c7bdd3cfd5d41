"""The book's numbered equations: where they stand, who refers to them, which tests bind them.

A label `\\label{eq:name}` in a `$$ … $$` formula makes an equation; it is numbered chapter.n in
the order of the page. A test is bound to it by `@pytest.mark.equation("eq:name", r"its TeX")`.
The TeX stands in the mark so that a sign changed on the page fails until the test was looked at.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from press.problems import PressError, Problem
from press.scan import FRONT_MATTER, prose
from press.vendor import write_if_changed

TESTS_PAGE = "reference/equation-tests.md"
"""Leads to the chapters' pages of tests, which stand in the folder of this name."""
DISPLAY = re.compile(r"(?<!\\)\$\$((?:\\.|[^\\])+?)\$\$", re.DOTALL)
LABEL = re.compile(r"\\label\s*\{([^}]*)\}")
LABEL_NAME = re.compile(r"eq:[a-z0-9]+(?:-[a-z0-9]+)*")
EQREF = re.compile(r"\\eqref\s*\{([^}]*)\}")
SKIPS = {"skip", "skipif", "xfail", "importorskip"}


@dataclass(frozen=True)
class Equation:
    """A numbered equation; `file` is seen from the folder that holds docs/."""

    label: str
    tex: str
    number: str
    file: str
    line: int

    @property
    def page(self) -> str:
        """The page inside docs/, as links name it."""
        return self.file.partition("/")[2]

    @property
    def anchor(self) -> str:
        """The id of the equation on its page."""
        return self.label.replace(":", "-")

    @property
    def tests_page(self) -> str:
        """The page inside docs/ that shows its tests: each chapter has one."""
        return f"{TESTS_PAGE.removesuffix('.md')}/{Path(self.page).name}"

    @property
    def test_anchor(self) -> str:
        """The id of its section on the page of its tests."""
        return f"test-{self.anchor}"

    @property
    def name(self) -> str:
        """The label in words: eq:dot-product is "dot product"."""
        return self.label.removeprefix("eq:").replace("-", " ")


@dataclass(frozen=True)
class Reference:
    """An `\\eqref` in the book."""

    label: str
    file: str
    line: int


@dataclass(frozen=True)
class Mark:
    """A test bound to an equation; `source` is its code with decorators."""

    label: str
    tex: str
    file: str
    line: int
    function_name: str
    source: str


@dataclass(frozen=True)
class _Page:
    file: str
    title: str
    equations: tuple[Equation, ...]
    references: tuple[Reference, ...]
    problems: tuple[Problem, ...]


def index(docs_dir: Path | str) -> dict[str, Equation]:
    """Every equation of the book by its label; raises PressError where labels are wrong.

    Cheap to call for every page: a file is read again only when its time or size changed.
    """
    equations, problems = _index(read_pages(docs_dir))
    if problems:
        raise PressError(*problems)
    return equations


def references(docs_dir: Path | str) -> list[Reference]:
    """Every `\\eqref` of the book; raises PressError where one names no equation."""
    pages = read_pages(docs_dir)
    equations, _ = _index(pages)
    found, problems = _references(pages, equations)
    if problems:
        raise PressError(*problems)
    return found


def marks(tests_dir: Path | str) -> list[Mark]:
    """Every test bound to an equation, read from the source; nothing is imported."""
    return _scan_tests(tests_dir)[0]


def problems(docs_dir: Path | str, tests_dir: Path | str) -> list[Problem]:
    """Everything that is wrong between equations, references and tests, in page order."""
    pages = read_pages(docs_dir)
    equations, found = _index(pages)
    refs, unknown = _references(pages, equations)
    bound, bad_tests = _scan_tests(tests_dir)
    found = [*found, *unknown, *bad_tests]

    referenced = {reference.label for reference in refs}
    tested = {mark.label for mark in bound}
    for equation in equations.values():
        place = (equation.file, equation.line)
        if equation.label not in tested:
            found.append(
                Problem(
                    *place,
                    f"equation {equation.number}, {equation.label}, has no test",
                    expected=f"a test marked with {equation.label}",
                    got="none",
                    mend=f'@pytest.mark.equation("{equation.label}", r"{_one_line(equation.tex)}")'
                    " above a test in tests/equations/",
                )
            )
        if equation.label not in referenced:
            found.append(
                Problem(
                    *place,
                    f"equation {equation.number}, {equation.label}, is never referred to",
                    expected=f"\\eqref{{{equation.label}}} somewhere in the book",
                    got="none",
                    mend=f"write \\eqref{{{equation.label}}} where the text uses it,"
                    " or take the \\label away",
                )
            )
    for mark in bound:
        place = (mark.file, mark.line)
        equation = equations.get(mark.label)
        if equation is None:
            found.append(
                Problem(
                    *place,
                    f"{mark.function_name} is bound to {mark.label}, which no page labels",
                    expected="the label of an equation in the book",
                    got=mark.label,
                    mend=_near(mark.label, equations),
                )
            )
        elif _squeeze(mark.tex) != _squeeze(equation.tex):
            found.append(
                Problem(
                    *place,
                    f"{mark.function_name} is bound to another formula than the page shows"
                    f" ({equation.file}:{equation.line}, equation {equation.number})",
                    expected=_one_line(equation.tex),
                    got=_one_line(mark.tex),
                    mend="see whether the test still proves the formula on the page, mend the one"
                    " that is wrong, then copy the page's TeX into the mark",
                )
            )
    return found


def write_equation_tests(docs_dir: Path | str, tests_dir: Path | str) -> list[Path]:
    """Writes the pages of equation tests, one a chapter and one before them; gives what changed.

    Every equation gets a section, tested or not, so that the links on the chapters hold.
    """
    docs_dir = Path(docs_dir)
    titles = {page.file: page.title for page in read_pages(docs_dir)}
    by_label: dict[str, list[Mark]] = {}
    for mark in marks(tests_dir):
        by_label.setdefault(mark.label, []).append(mark)
    chapters: dict[str, list[Equation]] = {}
    for equation in index(docs_dir).values():
        chapters.setdefault(equation.file, []).append(equation)

    texts = {TESTS_PAGE: _tests_overview(chapters, titles, by_label)}
    for file, own in chapters.items():
        texts[own[0].tests_page] = _tests_of_chapter(own, titles[file], by_label)
    for left in (docs_dir / TESTS_PAGE).with_suffix("").glob("*.md"):
        if left.relative_to(docs_dir).as_posix() not in texts:
            left.unlink()
    return [
        docs_dir / page
        for page, text in texts.items()
        if write_if_changed(docs_dir / page, text.encode())
    ]


def _page_head(title: str, description: str) -> list[str]:
    about = {"title": title, "description": description}
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()]
    return ["---", *lines, "---", "", f"# {title}", ""]


def _tests_overview(
    chapters: dict[str, list[Equation]], titles: dict[str, str], by_label: dict[str, list[Mark]]
) -> str:
    text = _page_head(
        "Equations and their tests",
        "Every numbered equation of the book with the code that proves it.",
    )
    text += [
        "Every numbered equation of the book is bound to a test, and the pages below show both."
        " `make test` runs the tests; changing the formula on its page fails until somebody has"
        " looked at its test again.", "",
    ]  # fmt: skip
    part = None
    for file, own in chapters.items():
        folder = Path(own[0].page).parent
        if folder != part:
            part = folder
            name = titles.get(f"docs/{part.as_posix()}/index.md") or part.name.capitalize()
            text += ["", f"## {name}", ""] if name else [""]
        number = own[0].number.partition(".")[0]
        link = os.path.relpath(own[0].tests_page, os.path.dirname(TESTS_PAGE)).replace(os.sep, "/")
        tests = sum(len(by_label.get(equation.label, [])) for equation in own)
        text.append(
            f"- [{number}. {titles[file]}]({link}):"
            f" {_counted(len(own), 'equation')}, {_counted(tests, 'test')}"
        )
    return "\n".join([*text, ""])


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _tests_of_chapter(chapter: list[Equation], title: str, by_label: dict[str, list[Mark]]) -> str:
    number = chapter[0].number.partition(".")[0]
    text = _page_head(
        f"The tests of chapter {number}",
        f"Every numbered equation of chapter {number}, {title}, with the code that proves it.",
    )
    page = chapter[0].tests_page
    link = os.path.relpath(chapter[0].page, os.path.dirname(page)).replace(os.sep, "/")
    overview = os.path.relpath(TESTS_PAGE, os.path.dirname(page)).replace(os.sep, "/")
    text += [
        f"The numbered equations of [{number}. {title}]({link}), each with the code that proves it."
        f" Other chapters': [equations and their tests]({overview}).", "",
    ]  # fmt: skip
    for equation in chapter:
        text += _tests_of_equation(link, equation, by_label.get(equation.label, []))
    return "\n".join(text)


def _tests_of_equation(link: str, equation: Equation, tests: list[Mark]) -> list[str]:
    text = [
        f"## Equation {equation.number}: {equation.name} {{ #{equation.test_anchor} }}",
        "",
        f"$$\n{equation.tex}\n$$",
        "",
        f"[Equation {equation.number} in its chapter]({link}#{equation.anchor})",
        "",
    ]
    if not tests:
        text += ["No test yet.", ""]
    for mark in tests:
        # A section mark of pymdownx.snippets would be read even inside a fence.
        source = mark.source.replace("--8<--", ";--8<--")
        longest = max([2, *(len(ticks) for ticks in re.findall("`+", source))])
        fence = "`" * max(3, longest + 1)
        text += [f'{fence}python title="{mark.file}"', source, fence, ""]
    return text


def markdown_files(docs_dir: Path | str) -> list[Path]:
    """Every page a person wrote, sorted: the pages of equation tests are left out."""
    docs_dir = Path(docs_dir)
    overview = docs_dir / TESTS_PAGE
    folder = overview.with_suffix("")
    return sorted(
        path for path in docs_dir.rglob("*.md") if path != overview and path.parent != folder
    )


def unknown_label(label: str, equations: dict[str, Equation], file: str, line: int) -> Problem:
    """The problem of an `\\eqref` that names no equation."""
    return Problem(
        file,
        line,
        f"\\eqref{{{label}}} names no equation",
        expected="the label of an equation in the book",
        got=label,
        mend=_near(label, equations),
    )


def read_pages(docs_dir: Path | str) -> list[_Page]:
    docs_dir = Path(docs_dir).resolve()
    pages = []
    for path in markdown_files(docs_dir):
        stat = path.stat()
        file = path.relative_to(docs_dir.parent).as_posix()
        pages.append(_read(path, file, stat.st_mtime_ns, stat.st_size))
    return pages


@lru_cache(maxsize=512)
def _read(path: Path, file: str, mtime_ns: int, size: int) -> _Page:
    return _parse(path.read_text(encoding="utf-8"), file)


def _parse(text: str, file: str) -> _Page:
    """Equations and references of one page; `mtime_ns` and `size` above only key the cache."""
    front = FRONT_MATTER.match(text)
    chapter = _front_matter(front[0] if front else "", "chapter")
    title = _front_matter(front[0] if front else "", "title") or file
    text = prose(text)
    equations: list[Equation] = []
    bad: list[Problem] = []
    for display in DISPLAY.finditer(text):
        labels = list(LABEL.finditer(display[1]))
        if not labels:
            continue
        label = labels[0][1].strip()
        line = _line(text, display.start(1) + labels[0].start())
        if len(labels) > 1:
            bad.append(
                Problem(
                    file, line, "a formula with two labels",
                    expected="one \\label in each $$ … $$",
                    got=", ".join(found[1] for found in labels),
                    mend="split the formula in two, each with its own number",
                )
            )  # fmt: skip
        if not LABEL_NAME.fullmatch(label):
            bad.append(
                Problem(
                    file, line, "an equation's label in another form than the book's",
                    expected="eq: and then lower-case words joined by hyphens",
                    got=label, mend=f"\\label{{{_good_label(label)}}}",
                )
            )  # fmt: skip
        if not chapter:
            bad.append(
                Problem(
                    file, line, f"{label} stands on a page that is no chapter, so it has no number",
                    expected="`chapter:` in the page's front matter", got="none",
                    mend="move the equation to a chapter, or take its \\label away",
                )
            )  # fmt: skip
        tex = LABEL.sub("", display[1])
        if text[text.rfind("\n", 0, display.start()) + 1 : display.start()].lstrip()[:1] == ">":
            tex = re.sub(r"(?m)^[ \t]*>[ \t]?", "", tex)
        tex = "\n".join(line.strip() for line in tex.splitlines() if line.strip())
        equations.append(Equation(label, tex, f"{chapter}.{len(equations) + 1}", file, line))
    refs = tuple(
        Reference(ref[1].strip(), file, _line(text, ref.start())) for ref in EQREF.finditer(text)
    )
    return _Page(file, title, tuple(equations), refs, tuple(bad))


def _index(pages: list[_Page]) -> tuple[dict[str, Equation], list[Problem]]:
    equations: dict[str, Equation] = {}
    bad: list[Problem] = []

    def place(page: _Page) -> list[int | str]:
        number = page.equations[0].number.partition(".")[0] if page.equations else ""
        return [int(number) if number.isdigit() else 0, page.file]

    for page in sorted(pages, key=place):
        bad += page.problems
        for equation in page.equations:
            first = equations.setdefault(equation.label, equation)
            if first is not equation:
                bad.append(
                    Problem(
                        equation.file,
                        equation.line,
                        f"the label {equation.label} is used twice",
                        expected="each label once in the whole book",
                        got=f"also at {first.file}:{first.line}",
                        mend="rename one of the two, with its \\eqref and the mark of its test",
                    )
                )
    return equations, bad


def _references(
    pages: list[_Page], equations: dict[str, Equation]
) -> tuple[list[Reference], list[Problem]]:
    refs = [reference for page in pages for reference in page.references]
    bad = [
        unknown_label(ref.label, equations, ref.file, ref.line)
        for ref in refs
        if ref.label not in equations
    ]
    return refs, bad


def _scan_tests(tests_dir: Path | str) -> tuple[list[Mark], list[Problem]]:
    tests_dir = Path(tests_dir).resolve()
    found: list[Mark] = []
    bad: list[Problem] = []
    for path in sorted(tests_dir.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.equation" not in text:
            continue
        marked, wrong = _scan(text, path.relative_to(tests_dir.parent).as_posix())
        found += marked
        bad += wrong
    return found, bad


@lru_cache(maxsize=512)
def _scan(text: str, file: str) -> tuple[tuple[Mark, ...], tuple[Problem, ...]]:
    """The marks of one file of tests, and its problems: every page's check asks for them."""
    found: list[Mark] = []
    bad: list[Problem] = []
    try:
        tree = ast.parse(text, filename=file)
    except SyntaxError as error:
        return (), (Problem(file, error.lineno or 1, f"not Python: {error.msg}"),)
    _scan_body(tree.body, [_own_skip(tree.body)], file, text, found, bad)
    return tuple(found), tuple(bad)


def _scan_body(
    body: list[ast.stmt],
    outer_skips: list[str],
    file: str,
    text: str,
    found: list[Mark],
    bad: list[Problem],
) -> None:
    """Collect marked functions; `outer_skips` are those of the module and class around."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            skips = [*outer_skips, _skip_in(node.decorator_list), _own_skip(node.body)]
            _scan_body(node.body, skips, file, text, found, bad)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        bindings = [call for call in node.decorator_list if _name(call) == "equation"]
        for call in bindings:
            arguments = getattr(call, "args", [])
            if len(arguments) != 2 or not all(_is_text(argument) for argument in arguments):
                bad.append(
                    Problem(
                        file, call.lineno,
                        f"{node.name}: the mark cannot be read without running the test",
                        expected='two plain strings: @pytest.mark.equation("eq:name", r"TeX")',
                        got=f"@{ast.unparse(call)}", mend="write the label and the TeX out",
                    )
                )  # fmt: skip
                continue
            label, tex = (argument.value for argument in arguments)
            source = _source(text, node)
            found.append(Mark(label, tex, file, call.lineno, node.name, source))
        if bindings:
            bad += _not_a_test(node, file, outer_skips)


def _not_a_test(
    node: ast.FunctionDef | ast.AsyncFunctionDef, file: str, outer_skips: list[str]
) -> list[Problem]:
    """Why a marked function proves nothing: not collected, skipped, or without a check."""
    reasons = []
    if not node.name.startswith("test"):
        reasons.append(
            ("is no test for pytest", "a name that starts with test", node.name, "rename it")
        )
    skips = [*outer_skips, _skip_in(node.decorator_list), _skip_in(list(ast.walk(node)))]
    for skip in dict.fromkeys(filter(None, skips)):
        reasons.append(
            (
                "is bound to an equation but may not run",
                "a test that always runs and passes",
                skip,
                f"take {skip} away, or bind the equation to another test",
            )
        )
    checks = any(
        isinstance(call, ast.Assert)
        or (
            isinstance(call, ast.Call)
            and re.search("assert|raises|check|verify", ast.unparse(call.func))
        )
        for call in ast.walk(node)
    )
    if not checks:
        reasons.append(
            ("checks nothing", "an assert", "none", "assert what the equation says")
        )  # fmt: skip
    return [
        Problem(file, node.lineno, f"{node.name} {what}", expected=wanted, got=got, mend=mend)
        for what, wanted, got, mend in reasons
    ]


def _own_skip(body: list[ast.stmt]) -> str:
    """A skip that takes a whole module or class with it."""
    tops = [
        node.value
        for node in body
        if isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign) and node.value is not None
    ]
    return _skip_in([inner for top in tops for inner in ast.walk(top)])


def _skip_in(nodes: list[ast.AST] | list[ast.expr]) -> str:
    for node in nodes:
        target = node.func if isinstance(node, ast.Call) else node
        if isinstance(target, ast.Attribute) and target.attr in SKIPS:
            name = ast.unparse(target)
            if name.startswith(("pytest.", "mark.", "unittest.")):
                return name
    return ""


def _name(decorator: ast.expr) -> str:
    """The mark's name if the decorator is `….mark.<name>` or a call of it."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    is_mark = isinstance(target, ast.Attribute) and ast.unparse(target.value).endswith("mark")
    return target.attr if is_mark else ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _source(text: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The function with its decorators, as it stands, without the indentation of its class."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    indent = " " * node.col_offset
    return "\n".join(line.removeprefix(indent) for line in lines)


def _front_matter(front: str, key: str) -> str:
    value = re.search(rf"(?m)^{key}:[ \t]*(.+?)[ \t]*$", front)
    return value[1].strip("\"'") if value else ""


def _near(label: str, equations: dict[str, Equation]) -> str:
    near = difflib.get_close_matches(label, equations, n=3, cutoff=0.5)
    if near:
        places = ", ".join(
            f"{name} ({equations[name].file}:{equations[name].line})" for name in near
        )
        return f"did you mean {places}?"
    return "label the equation: \\label{eq:name} inside its $$ … $$"


def _good_label(label: str) -> str:
    words = re.findall(r"[a-z0-9]+", label.lower().removeprefix("eq:"))
    return "eq:" + ("-".join(words) or "name")


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _squeeze(tex: str) -> str:
    return "".join(tex.split())


def _one_line(tex: str) -> str:
    return " ".join(tex.split())
