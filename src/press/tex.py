"""Mathematics at build time: a Python-Markdown extension that renders TeX with KaTeX in V8.

`$…$` and `$$…$$` are recognised by pymdownx.arithmatex, and drawn by KaTeX's own JavaScript, so a
page needs no script. `\\label` and `\\eqref` become numbers and links from the index in
`press.equations`. MkDocs and Zensical both use it by its name, `press.tex`; no hook is needed.
"""

from __future__ import annotations

import atexit
import hashlib
import html
import json
import os
import posixpath
import re
import sys
import threading
import xml.etree.ElementTree as etree
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pymdownx.arithmatex import (
    RE_SMART_DOLLAR_INLINE,
    ArithmatexExtension,
    InlineArithmatexPattern,
)

from press import equations, vendor
from press.equations import LABEL, Equation
from press.problems import PressError, Problem
from press.scan import prose

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "katex"

MACROS: dict[str, str] = {}  # the book writes plain TeX; bold vectors are \mathbf
OPTIONS = {
    "output": "htmlAndMathml",
    "throwOnError": True,
    "strict": "error",
    "trust": False,
    "macros": MACROS,
}
# KaTeX warns on the console about characters that it has no metrics for: an error here as well.
SCRIPT = """
globalThis.pressWarnings = [];
globalThis.console = {warn: (text) => pressWarnings.push(String(text)), log() {}, error() {}};
globalThis.pressRender = (batch, options) => JSON.stringify(batch.map(([tex, display]) => {
    pressWarnings.length = 0;
    try {
        const macros = {...options.macros};
        const html = katex.renderToString(tex, {...options, macros, displayMode: display});
        return pressWarnings.length ? {what: pressWarnings[0], position: 0} : {html};
    } catch (error) {
        return {what: error.rawMessage ?? String(error), position: error.position ?? 0};
    }
}));
"""
FORM = 1  # raise it when `_for_search` changes, so that the cache is made anew

STRICT = "LaTeX-incompatible input and strict mode is set to 'error': "
NUMBERED = re.compile(r"\\begin\s*\{((?:equation|align|alignat|gather|CD|multline))\}")
REFERENCE = re.compile(r"\\(?:eq)?ref\b")
TAG = re.compile(r"\\(?:tag|notag|nonumber)\b")
LEFTOVER = re.compile(r"\$\$|\\(?:begin|end|label|ref|eqref)\b|\\[A-Za-z]+\s*\{")
COMMAND = re.compile(r"\\[A-Za-z]+")
HEADING = re.compile(r"h[1-6]")
NOT_PROSE = {"code", "pre", "script", "style", "kbd", "samp", "math"}


class BadTex(ValueError):
    """TeX that the book cannot show; `position` is the offset in the TeX, where it is known."""

    def __init__(self, what: str, expected: str = "", got: str = "", mend: str = "", position=0):
        super().__init__(what if not mend else f"{what}; {mend}")
        self.what, self.expected, self.got, self.mend = what, expected, got, mend
        self.position = position

    def moved(self, position: int) -> BadTex:
        return BadTex(self.what, self.expected, self.got, self.mend, position)


def render(tex: str, display: bool = False) -> str:
    """KaTeX's HTML (with MathML) of a formula; raises BadTex. A \\label is left out."""
    (result,) = render_all([(tex, display)])
    if isinstance(result, BadTex):
        raise result
    return result


def check(tex: str, display: bool = False) -> str | None:
    """What is wrong with a formula, or None."""
    (result,) = render_all([(tex, display)])
    return str(result) if isinstance(result, BadTex) else None


def render_all(formulas: list[tuple[str, bool]]) -> list[str | BadTex]:
    """HTML or what is wrong, for each (tex, display); V8 starts only if the cache misses one."""
    results: list[str | BadTex] = []
    missing: dict[tuple[str, bool], list[int]] = {}
    for tex, display in formulas:
        bad = _objection(tex, display)
        bare = LABEL.sub("", tex).strip()
        found = bad or _cached(bare, display)
        if not found:
            missing.setdefault((bare, display), []).append(len(results))
        results.append(found or "")
    if missing:
        for (key, places), answer in zip(missing.items(), KATEX.render(list(missing)), strict=True):
            if isinstance(answer, BadTex):
                for place in places:
                    raw = formulas[place][0]
                    results[place] = answer.moved(_position_in_source(raw, answer.position))
                continue
            drawn = _for_search(answer)
            _keep(*key, drawn)
            for place in places:
                results[place] = drawn
    return results


def plain(tex: str) -> str:
    """A formula as one line of text, for a table of contents: \\sqrt{d} is √d."""
    found = re.search(r"<math.*</math>", render(tex), re.DOTALL)
    return plain_mathml(found[0]) if found else tex


def plain_mathml(mathml: str) -> str:
    """The same of a formula that is drawn already."""
    return _plain(etree.fromstring(mathml))


class TexExtension(Extension):
    """`docs_dir` is only asked for outside of MkDocs and Zensical, which know their own."""

    def __init__(self, **kwargs) -> None:
        self.config = {"docs_dir": ["docs", "The folder with the pages"]}
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:
        md.registerExtension(self)
        bare = {"tex_inline_wrap": ["", ""], "tex_block_wrap": ["", ""], "generic": True}
        ArithmatexExtension(
            block_syntax=["dollar"], inline_syntax=["dollar"], **bare
        ).extendMarkdown(md)
        # As in Pandoc, a dollar before a digit closes nothing: "$5/$10" are two prices.
        pattern = InlineArithmatexPattern(rf"(?:{RE_SMART_DOLLAR_INLINE})(?!\d)", bare)
        md.inlinePatterns.register(pattern, "arithmatex-inline", 189.9)

        self.page = Page(md, self.getConfig("docs_dir"))
        self.formulas = Formulas(md, self.page)
        md.treeprocessors.register(Captions(md), "press-captions", 25)  # before inline (20)
        md.inlinePatterns.register(Eqref(md, self.page), "press-eqref", 189.8)
        # After inline patterns (20), before attribute lists (8), the table of contents (5) and
        # MkDocs' links (0).
        md.treeprocessors.register(self.formulas, "press-tex", 12)
        md.treeprocessors.register(HeadingFormulas(md, self.formulas), "press-tex-headings", 0.5)

    def reset(self) -> None:
        self.page.known = None
        self.formulas.in_headings.clear()


def makeExtension(**kwargs) -> TexExtension:
    return TexExtension(**kwargs)


@dataclass
class Page:
    """The page that is being rendered, as far as MkDocs or Zensical tells."""

    md: Markdown
    default_docs_dir: str
    known: dict[str, Equation] | None = None

    @property
    def docs_dir(self) -> Path:
        return self._place()[0]

    @property
    def name(self) -> str:
        """The page inside docs/, "" where nobody tells."""
        return self._place()[1]

    def _place(self) -> tuple[Path, str]:
        if "relpath" in self.md.treeprocessors:  # MkDocs
            links = self.md.treeprocessors["relpath"]
            return Path(links.config["docs_dir"]), links.file.src_uri
        if "rendering_context" in self.md.preprocessors:  # Zensical
            context = self.md.preprocessors["rendering_context"]
            return Path(context.config.get("docs_dir", "docs")), context.page.path
        return Path(self.default_docs_dir), ""

    def equations(self) -> dict[str, Equation]:
        """The book's equations, looked up once a page."""
        if self.known is None:
            try:
                self.known = equations.index(self.docs_dir)
            except PressError as error:
                raise stop(*error.problems) from None
        return self.known

    def link(self, page: str, anchor: str) -> str:
        """A link to a page of docs/ in the form that MkDocs and Zensical both resolve and check."""
        if page == self.name:
            return f"#{anchor}"
        if not self.name:
            return f"/{page}#{anchor}"
        return f"{posixpath.relpath(page, posixpath.dirname(self.name) or '.')}#{anchor}"

    def find(self, tex: str, display: bool, position: int = 0) -> tuple[str, int]:
        """File and line of a formula, which Python-Markdown does not know: it is searched for."""
        marks = "$$" if display else "$"
        length = len("".join(tex[:position].split()))
        return self.find_text(marks + tex + marks, len(marks) + length)

    def find_text(self, text: str, offset: int = 0) -> tuple[str, int]:
        """File and line of a text, whatever its white space; `offset` skips characters that show.

        The page is searched first, then its other pages; a formula in a quotation has `>` in its
        lines, so its first line is tried as well.
        """
        docs_dir = self.docs_dir.resolve()
        files = equations.markdown_files(docs_dir)
        if self.name:
            files = [docs_dir / self.name, *files]
        first_line = next(iter(text.strip("$ \n").splitlines()), "")
        for wanted, skip in ((text, offset), (first_line, 0)):
            needle = "".join(wanted.split())
            for file in files:
                if not needle or not file.is_file():
                    continue
                source = prose(file.read_text(encoding="utf-8"))
                places = [index for index, char in enumerate(source) if not char.isspace()]
                at = "".join(source.split()).find(needle)
                if at >= 0:
                    place = places[min(at + skip, len(places) - 1)]
                    line = source.count("\n", 0, place) + 1
                    return file.relative_to(docs_dir.parent).as_posix(), line
        return (f"{docs_dir.name}/{self.name}" if self.name else "(a text without a file)"), 1


class Eqref(InlineProcessor):
    """`\\eqref{eq:name}` in prose becomes a link "(1.2)"."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(equations.EQREF.pattern, md)
        self.page = page

    def handleMatch(self, m, data):
        label = m[1].strip()
        known = self.page.equations()
        if label not in known:
            place = self.page.find_text(m[0])
            raise stop(equations.unknown_label(label, known, *place))
        equation = known[label]
        link = etree.Element("a", {"class": "eqref"})
        link.set("href", self.page.link(equation.page, equation.anchor))
        link.set("title", f"Equation {equation.number}: {equation.name}")
        link.text = AtomicString(f"({equation.number})")
        return link, m.start(0), m.end(0)


class Captions(Treeprocessor):
    """Lets a <summary> and a <figcaption> hold formulas: md_in_html takes their text as it is."""

    def run(self, root: etree.Element) -> None:
        for element in root.iter("summary"):
            self.open(element)
        for element in root.iter("figcaption"):
            self.open(element)

    def open(self, element: etree.Element) -> None:
        element.text = str(element.text or "")  # no AtomicString, so inline patterns apply
        for child in element:
            child.tail = str(child.tail or "")


class Formulas(Treeprocessor):
    """Draws what arithmatex found; formulas in headings wait for the table of contents."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page
        self.in_headings: list[tuple[etree.Element, str]] = []

    def run(self, root: etree.Element) -> None:
        found = [
            (element, html.unescape(element.text or "") if display else element.text or "", display)
            for element in root.iter()
            for display in (element.tag == "div",)
            if element.get("class") == "arithmatex"
        ]
        self.refuse_leftovers(root)
        headings = {
            element
            for heading in root.iter()
            if isinstance(heading.tag, str) and HEADING.fullmatch(heading.tag)
            for element in heading.iter()
        }
        results = render_all([(tex, display) for _, tex, display in found])
        bad = [
            self.problem(tex, display, result)
            for (_, tex, display), result in zip(found, results, strict=True)
            if isinstance(result, BadTex)
        ]
        if bad:
            raise stop(*bad)
        for (element, tex, display), result in zip(found, results, strict=True):
            if display:
                self.set_display(element, tex, result)
            elif element in headings:
                element.text = AtomicString(plain(tex))
                self.in_headings.append((element, result))
            else:
                element.text = AtomicString(self.md.htmlStash.store(result))

    def set_display(self, element: etree.Element, tex: str, drawn: str) -> None:
        """A formula on its own line: numbered if it is labelled, scrolled by keyboard if long."""
        element.set("class", "equation")
        element.set("tabindex", "0")
        element.set("role", "group")
        element.set("aria-label", "Formula")
        element.text = AtomicString(self.md.htmlStash.store(drawn))
        label = LABEL.search(tex)
        if not label:
            return
        equation = self.page.equations().get(label[1].strip())
        if equation is None:
            file, line = self.page.find(tex, True)
            what = f"{label[1]} is not in the index of equations"
            raise stop(
                Problem(file, line, what, mend="write the formula in a chapter, not in an include")
            )
        element.set("id", equation.anchor)
        element.set("aria-label", f"Equation {equation.number}")
        number = etree.SubElement(element, "span", {"class": "equation-number"})
        number.set("data-search-exclude", "")
        link = etree.SubElement(number, "a", {"href": f"#{equation.anchor}"})
        link.text = AtomicString(f"({equation.number})")
        if (self.page.docs_dir / equation.tests_page).is_file():
            number.tail = " "
            test = etree.SubElement(element, "a", {"class": "equation-test"})
            test.set("href", self.page.link(equation.tests_page, equation.test_anchor))
            test.set("title", "The test of this equation")
            test.set("aria-label", f"Test of equation {equation.number}")
            test.set("data-search-exclude", "")
            test.text = AtomicString("test")

    def refuse_leftovers(self, root: etree.Element) -> None:
        """TeX that stays in the prose would be shown raw: stop there."""
        for text, before, after in _texts(root):
            hit = LEFTOVER.search(text)
            if (
                hit
                or ("$" in text and COMMAND.search(text))
                or (before and text.startswith("$"))
                or (after and text.endswith("$"))
            ):
                at = hit.start() if hit else text.index("$") if "$" in text else 0
                # Up to the first mark that Python-Markdown has put in place of something.
                hit_line = text[at:].partition("\x02")[0].strip().splitlines()[0]
                file, line = self.page.find_text(hit_line)
                raise stop(
                    Problem(
                        file, line, "TeX that is not in a formula would be shown raw",
                        expected="$…$ within a line; $$…$$ in a paragraph of its own, with an empty"
                        " line before and after it and none inside",
                        got=hit_line[:80],
                        mend="close the dollars, or write a dollar of money as \\$ and TeX that"
                        " the reader shall see in `backticks`; in a table write | as \\vert",
                    )
                )  # fmt: skip

    def problem(self, tex: str, display: bool, bad: BadTex) -> Problem:
        file, line = self.page.find(tex, display, bad.position)
        return Problem(file, line, bad.what, bad.expected, bad.got, bad.mend)


class HeadingFormulas(Treeprocessor):
    """Draws formulas in headings, after the table of contents took their plain text."""

    def __init__(self, md: Markdown, formulas: Formulas) -> None:
        super().__init__(md)
        self.formulas = formulas

    def run(self, root: etree.Element) -> None:
        for element, drawn in self.formulas.in_headings:
            element.text = AtomicString(self.md.htmlStash.store(drawn))
        self.formulas.in_headings.clear()


class Katex:
    """One V8 context a process, made at the first formula that the cache does not hold."""

    def __init__(self) -> None:
        self.context = None
        self.process = 0
        self.lock = threading.Lock()

    def render(self, formulas: list[tuple[str, bool]]) -> list[str | BadTex]:
        with self.lock:
            if self.context is None:
                self.start()
            elif self.process != os.getpid():
                raise RuntimeError(
                    "KaTeX was started before this process was forked, and V8 has no threads here:"
                    " fork first, or render in the parent"
                )
            call = f"pressRender({json.dumps(formulas)}, {json.dumps(OPTIONS)})"
            answers = json.loads(self.context.eval(call))
        return [
            answer["html"] if "html" in answer else _explained(tex, answer)
            for (tex, _), answer in zip(formulas, answers, strict=True)
        ]

    def start(self) -> None:
        from py_mini_racer import MiniRacer

        katex_version()  # installs KaTeX where it is missing
        self.context = MiniRacer()
        self.process = os.getpid()
        script = vendor.WEB / "node_modules/katex/dist/katex.min.js"
        self.context.eval(script.read_text(encoding="utf-8"))
        self.context.eval(SCRIPT)
        atexit.register(self.close)

    def close(self) -> None:
        """Without this Python sometimes hangs at exit."""
        if self.context is not None and self.process == os.getpid():
            self.context.close()
            self.context = None


KATEX = Katex()


@cache
def katex_version() -> str:
    package = vendor.WEB / "node_modules/katex/package.json"
    if not package.is_file():
        vendor.install()
    return json.loads(package.read_text(encoding="utf-8"))["version"]


def stop(*problems: Problem) -> PressError:
    """The error that ends a build; MkDocs shows it without a traceback."""
    return _stop_class()(*problems)


@cache
def _stop_class() -> type[PressError]:
    if "mkdocs.exceptions" not in sys.modules:
        return PressError
    from mkdocs.exceptions import BuildError

    class StoppedBuild(PressError, BuildError):
        def __init__(self, *problems: Problem) -> None:
            PressError.__init__(self, *problems)
            self.message = "\n".join(str(problem) for problem in problems)

        def __str__(self) -> str:
            return self.message

    return StoppedBuild


def _objection(tex: str, display: bool) -> BadTex | None:
    """What the book does not allow in a formula although KaTeX may."""
    labels = list(LABEL.finditer(tex))
    reference = REFERENCE.search(tex)
    tag = TAG.search(tex)
    numbered = NUMBERED.search(tex)
    if reference:
        return BadTex(
            f"{reference[0]} inside a formula",
            expected="\\eqref in the text, outside of the dollars",
            got=_around(tex, reference.start()),
            mend="close the formula first: $…$ by \\eqref{eq:name}",
            position=reference.start(),
        )
    if labels and not display:
        return BadTex(
            "\\label inside a formula of the line",
            expected="\\label in a $$…$$ formula",
            got=_around(tex, labels[0].start()),
            mend="set the formula on its own between $$ and $$, or take the label away",
            position=labels[0].start(),
        )
    if tag or numbered:
        found = tag or numbered
        return BadTex(
            f"{found[0]}: the press numbers equations, TeX must not",
            expected="\\label{eq:name}, and aligned or gathered for several lines",
            got=_around(tex, found.start()),
            mend=f"write \\begin{{aligned}} … \\end{{aligned}} instead of {found[0]}"
            if numbered
            else f"take {found[0]} away",
            position=found.start(),
        )
    if "$$" in tex:
        return BadTex(
            "two $$ formulas in one paragraph",
            expected="an empty line before and after each $$…$$",
            got=_around(tex, tex.index("$$")),
            mend="put an empty line between them",
            position=tex.index("$$"),
        )
    return None


def _explained(tex: str, answer: dict) -> BadTex:
    """KaTeX's complaint in a contributor's terms; `position` counts in `tex`."""
    what, position = answer["what"], answer["position"]
    mend = "correct the TeX; KaTeX's list of functions says what it knows"
    if what.startswith(STRICT):
        what = what.removeprefix(STRICT)
        mend = "write it as LaTeX would accept it; words go into \\text{…}"
    elif what.startswith("Undefined control sequence"):
        mend = "check the spelling; if it is a macro of your own, write it out"
    expected = "TeX that KaTeX can draw"
    return BadTex(f"bad TeX: {what}", expected, _around(tex, position), mend, position)


def _around(tex: str, position: int) -> str:
    """The TeX near a position, in one line."""
    start, end = max(0, position - 20), position + 40
    piece = " ".join(tex[start:end].split())
    return f"{'…' if start else ''}{piece}{'…' if end < len(tex) else ''}"


def _position_in_source(tex: str, position: int) -> int:
    """A position in the TeX that KaTeX saw (stripped, no label), as one in the TeX of the page."""
    label = LABEL.search(tex)
    bare = LABEL.sub("", tex)
    position += len(bare) - len(bare.lstrip())
    if label and position >= label.start():
        position += len(label[0])
    return position


def _for_search(drawn: str) -> str:
    """KaTeX's HTML with its visual half and the TeX kept out of the search index.

    Material's search drops an element marked data-search-exclude, but takes up again after the
    first inner element of the same name: so the visual half is no `span`. Styles go by class.
    """
    before, mark, after = drawn.partition('<span class="katex-html" aria-hidden="true">')
    end = after.rindex("</span></span>") if mark else 0
    if drawn.startswith('<span class="katex-display"'):
        end = after.rindex("</span></span></span>")
    before = before.replace("<annotation ", '<annotation data-search-exclude="" ')
    opening = '<katex-html class="katex-html" aria-hidden="true" data-search-exclude="">'
    return f"{before}{opening}{after[:end]}</katex-html>{after[end + len('</span>') :]}"


def _cache_file(tex: str, display: bool) -> Path:
    key = json.dumps([FORM, katex_version(), OPTIONS, display, tex], sort_keys=True)
    name = hashlib.sha256(key.encode()).hexdigest()
    return CACHE / name[:2] / f"{name}.html"


def _cached(tex: str, display: bool) -> str:
    try:
        return _cache_file(tex, display).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _keep(tex: str, display: bool, drawn: str) -> None:
    """Written aside and renamed, so that two builds at once do no harm."""
    file = _cache_file(tex, display)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")
    aside.write_text(drawn, encoding="utf-8")
    aside.replace(file)


def _texts(element: etree.Element) -> Iterator[tuple[str, bool, bool]]:
    """Every text of the tree that is prose, and whether a formula stands before and after it."""
    if element.tag in NOT_PROSE or element.get("class") == "arithmatex":
        return

    def is_formula(child: etree.Element | None) -> bool:
        return child is not None and child.get("class") == "arithmatex"

    children = list(element)
    if element.text and not isinstance(element.text, AtomicString):
        yield element.text, False, is_formula(children[0] if children else None)
    for child, following in zip(children, [*children, None][1:], strict=True):
        yield from _texts(child)
        if child.tail:
            yield child.tail, is_formula(child), is_formula(following)


def _plain(element: etree.Element) -> str:
    """MathML as a line of text."""
    tag = element.tag.rpartition("}")[2]
    if tag == "annotation":
        return ""
    parts = [_plain(child) for child in element]

    def group(text: str) -> str:
        return f"({text})" if re.search(r"[^\w.√′]", text) else text

    if tag == "msqrt":
        root = "".join(parts)
        return f"√{root}" if len(root) < 2 else f"√({root})"
    if tag == "mfrac":
        return f"{group(parts[0])}/{group(parts[1])}"
    if tag == "msup":
        return parts[0] + (parts[1] if parts[1] in "⊤′∗⋆" else f"^{group(parts[1])}")
    if tag in ("msub", "munder"):
        return f"{parts[0]}_{group(parts[1])}"
    if tag == "mover":
        return f"{parts[0]}^{group(parts[1])}"
    if tag in ("msubsup", "munderover"):
        return f"{parts[0]}_{group(parts[1])}^{group(parts[2])}"
    if tag == "mtr":
        return ", ".join(part for part in parts if part)
    if tag == "mtable":
        return "; ".join(parts)
    return (element.text or "").strip("\u2061 ") + "".join(parts)
