"""The files of the built site, read without a browser: links, code, sizes, and a second builder."""

from __future__ import annotations

import gzip
import html
import json
import posixpath
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from press import chapter as chapters
from press import equations, includes, render
from press.lab import chapter_files

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
PAGES = [path.relative_to(DOCS).as_posix() for path in equations.markdown_files(DOCS)]
CHAPTERS = [path.relative_to(DOCS).as_posix() for path in chapter_files(DOCS)]
FONTS_AND_FIGURES = (".woff2", ".svg", ".png")
NOT_TEXT = {"script", "style", "code", "pre", "annotation", "math"}
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


def address_of(page: str) -> str:
    return page.removesuffix("index.md").replace(".md", "/")


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


@dataclass
class Read(HTMLParser):
    """What a page's HTML says: its ids, its addresses, its headings, its words, its comments."""

    html: str = field(repr=False)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    """Files that a browser fetches to show the page: styles, scripts, pictures."""
    headings: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    """Words that stand outside of code and formulas."""
    comments: list[str] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    """Elements by class, by name and by role, inside the article."""

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("img", "script") and "src" in given:
            self.parts.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.parts.append(given["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((tag, ""))
        if "article" in self.open:
            self.counts.update([tag, *(given.get("class") or "").split()])

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if re.fullmatch("h[1-6]", next((t for t in self.open if re.match("h[1-6]", t)), "")):
            tag, text = self.headings[-1]
            self.headings[-1] = (tag, text + data)
        if not NOT_TEXT & set(self.open):
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@pytest.fixture(scope="module")
def read(pages) -> dict[str, Read]:
    return {address: Read(file.read_text(encoding="utf-8")) for address, file in pages.items()}


# --- links ----------------------------------------------------------------------------------


def dead_links(read: dict[str, Read], files: set[str]) -> list[str]:
    """Links and files that lead nowhere; `files` are the site's own, seen from its top."""
    problems = []
    for address, page in read.items():
        base = "404.html" if address == "404.html" else f"{address}index.html"
        for link in [*page.links, *page.parts]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.parts:
                    problems.append(f"/{address} fetches {link}")
                continue
            path = unquote(parts.path)
            if path.startswith("/"):
                # Only the page for lost readers, shown at any depth, names places from the top.
                assert address == "404.html", f"/{address} links to {link}, from the server's top"
                path = path.removeprefix("/book")
            place = posixpath.normpath(posixpath.join("/", posixpath.dirname(base), path))[1:]
            if not path:
                place = base
            elif path.endswith(("/", ".")):
                place = f"{place}/index.html".removeprefix("./").lstrip("/")
            if place not in files:
                problems.append(f"/{address} links to {link}: there is no {place}")
            elif parts.fragment:
                target = read.get(place.removesuffix("index.html"))
                if target is None or unquote(parts.fragment) not in target.ids:
                    problems.append(f"/{address} links to {link}: there is no such place there")
    return problems


def test_every_link_arrives(read, site):
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert sum(len(page.links) for page in read.values()) > 300
    report(dead_links(read, files))


def test_links_that_do_not_arrive_are_told():
    pages = {
        "": Read('<a href="a/#here">1</a><a href="a/#there">2</a><a href="b/">3</a>'),
        "a/": Read('<h1 id="here"></h1><a href="..">4</a><a href="#no">5</a><img src="p.svg">'),
    }
    found = dead_links(pages, {"index.html", "a/index.html"})
    assert [problem.split(":")[0] for problem in found] == [
        "/ links to a/#there", "/ links to b/", "/a/ links to #no", "/a/ links to p.svg",
    ]  # fmt: skip


def test_no_page_gives_an_id_twice(read):
    report(
        [
            f"/{address}: {name} stands {times} times"
            for address, page in read.items()
            for name, times in Counter(page.ids).items()
            if times > 1
        ]
    )


def steps_skipped(headings: list[tuple[str, str]]) -> list[str]:
    """Headings that stand more than one level below the one before; the first is an h1."""
    problems, before = [], 0
    for tag, text in headings:
        level = int(tag[1])
        if level > before + 1:
            above = f"h{before}" if before else "none"
            problems.append(f"{tag} “{text.strip()[:40]}” after {above}")
        before = level
    return problems


def test_headings_go_down_one_level_at_a_time_from_one_first(read):
    problems = []
    for address, page in read.items():
        problems += [f"/{address}: {problem}" for problem in steps_skipped(page.headings)]
        if [tag for tag, _ in page.headings].count("h1") != 1:
            problems.append(f"/{address}: not one h1")
    report(problems)
    assert sum(len(page.headings) for page in read.values()) > 300
    assert steps_skipped([("h1", ""), ("h3", "a"), ("h2", ""), ("h3", "")]) == ["h3 “a” after h1"]
    assert steps_skipped([("h2", "b")]) == ["h2 “b” after none"]


def test_figures_say_their_size_and_only_the_first_is_fetched_at_once(pages):
    number = 0
    for address, file in pages.items():
        article = file.read_text(encoding="utf-8").partition("<article")[2]
        shown = re.findall(r"<img\b[^>]*figures/[^>]*>", article)
        for tag in shown:
            assert re.search(r' width="\d+" height="\d+"', tag), f"/{address}: {tag}"
        assert all('loading="lazy"' in tag for tag in shown[1:]), address
        number += len(shown)
    assert number > 50


FORMULA = re.compile(r'<span class="katex">(.*?)</katex-html></span>', re.DOTALL)


def test_every_formula_is_there_for_screen_readers_and_its_picture_is_not(pages):
    """MathML, hidden from the eye alone, and KaTeX's boxes, hidden from screen readers."""
    number = 0
    for address, file in pages.items():
        text = file.read_text(encoding="utf-8")
        formulas = FORMULA.findall(text)
        assert len(formulas) == text.count('<span class="katex">'), address
        for formula in formulas:
            number += 1
            spoken = re.match(
                r'<span class="katex-mathml"><math\b[^>]*>(.+)</math></span>'
                r'<katex-html class="katex-html" aria-hidden="true">', formula, re.DOTALL
            )  # fmt: skip
            assert spoken, f"/{address}: {formula[:300]}"
            assert re.search(r"<m[inos]\b|<mtext", spoken[1]), f"/{address}: {spoken[1]}"
        for tag in re.findall(r'<div [^>]*class="equation"[^>]*>', text):
            assert 'tabindex="0"' in tag and re.search('aria-label="(Equation|Formula)', tag), tag
    assert number > 3000


# --- what readers see -----------------------------------------------------------------------


def test_no_formula_is_left_as_tex(read):
    problems = []
    for address, page in read.items():
        assert page.counts["katex-error"] == 0
        left = re.findall(r".{0,30}(?:\$|\\(?:eqref|label|begin|frac|mathbf)\b).{0,30}", page.text)
        problems += [f"/{address} shows {words!r}" for words in left]
    report(problems)
    assert read[CHAPTER].counts["katex"] > 100
    assert Read("<article><p>half of $x$</p></article>").text == "half of $x$"


def test_notes_to_the_press_do_not_reach_readers(read):
    report([f"/{at}: <!--{words}-->" for at, page in read.items() for words in page.comments])
    checks = 0
    for page in PAGES:
        built = html.unescape(read[address_of(page)].html)
        for says in chapters.read(DOCS / page, ROOT).says:
            checks += 1
            assert says.code.strip() not in built, f"{page}:{says.line}"
    assert checks > 5
    assert Read("<p>a</p><!-- says: b -->").comments == [" says: b "]


def code_of(chapter: chapters.Chapter) -> list[str]:
    """The code of a page's blocks, includes expanded, in the page's order, without end of line."""
    code = []
    for block in chapter.blocks:
        lines = includes.expand_code(block.fence.lines, chapter.file, block.line + 1, ROOT)
        code.append("\n".join(line.text for line in lines).rstrip("\n"))
    return code


def shown_code(built: str) -> list[str]:
    """The Python that readers see; the site ends each block with one newline, taken off here."""
    found = render.shown(built).python
    assert all(code.endswith("\n") and not code.endswith("\n\n") for code in found)
    return [code.removesuffix("\n") for code in found]


@pytest.mark.parametrize("page", PAGES)
def test_readers_see_exactly_the_python_that_is_run(page, pages):
    chapter = chapters.read(DOCS / page, ROOT)
    built = pages[address_of(page)].read_text(encoding="utf-8")
    assert shown_code(built) == code_of(chapter)


def test_chapters_hold_code_with_includes_folds_and_failures_on_purpose(pages):
    """The test above compares something."""
    built = pages[CHAPTER].read_text(encoding="utf-8")
    assert len(shown_code(built)) > 40
    assert any("def cosine_similarity" in code for code in shown_code(built))
    assert '<div class="language-python highlight raises"' in built


def test_the_page_of_equation_tests_shows_the_tests_themselves(pages):
    by_label: dict[str, list[str]] = {}
    for mark in equations.marks(ROOT / "tests"):
        by_label.setdefault(mark.label, []).append(mark.source)
    expected = [code for label in equations.index(DOCS) for code in by_label[label]]
    assert expected
    shown: list[str] = []
    for page in dict.fromkeys(e.tests_page for e in equations.index(DOCS).values()):
        shown += shown_code(pages[f"{page.removesuffix('.md')}/"].read_text(encoding="utf-8"))
    assert shown == expected


@pytest.mark.parametrize("name", [Path(page).stem for page in CHAPTERS])
def test_a_lab_in_the_browser_shows_the_cells_that_its_notebook_holds(name, pages, site):
    text = (site / f"downloads/{name}.ipynb").read_text(encoding="utf-8")
    cells = [
        "".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"
    ]
    seen = iter(shown_code(pages[f"labs/{name}/"].read_text(encoding="utf-8")))
    for cell in cells:  # in this order; solutions and mistakes stand between them as prose
        assert cell in seen, f"the page does not show this cell, or not in its place:\n{cell}"


# --- sizes ----------------------------------------------------------------------------------


def zipped(path: Path) -> float:
    """Kilobytes as GitHub Pages sends them."""
    return len(gzip.compress(path.read_bytes(), 6)) / 1000


PER_WORD, LONGEST = 2.5, 80
"""A page may weigh 2.5 times what its words and its code alone weigh, all gzipped, and 80 kB at
most: markup, formulas and navigation must not grow, however long a chapter is."""


def words(file: Path) -> float:
    """Kilobytes of an article's words and code alone, gzipped, each formula once."""
    article = re.search(r"<article\b.*?</article>", file.read_text(encoding="utf-8"), re.DOTALL)[0]
    text = re.sub(r"<math\b.*?</math>|<[^>]+>", "", article, flags=re.DOTALL)
    return len(gzip.compress(html.unescape(text).encode(), 6)) / 1000


def test_markup_that_grows_is_seen(pages, tmp_path):
    file = pages[CHAPTER]
    heavy = tmp_path / "heavy.html"
    noise = "".join(f'<i class="{n * 7919 % 10007}"></i>' for n in range(6000))
    heavy.write_text(file.read_text(encoding="utf-8").replace("<article", f"{noise}<article"))
    assert words(heavy) == words(file)
    assert zipped(heavy) > PER_WORD * words(heavy) > zipped(file)


@pytest.mark.parametrize("name", [Path(page).stem for page in CHAPTERS])
def test_a_lab_page_is_light(name, pages):
    file = pages[f"labs/{name}/"]
    assert zipped(file) <= min(LONGEST, max(60, PER_WORD * words(file)))


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_page_is_light_alone_and_at_a_first_visit(page, pages, read):
    address = address_of(page)
    file = pages[address]
    assert zipped(file) <= min(LONGEST, max(40, PER_WORD * words(file)))
    parts = {(file.parent / part).resolve() for part in read[address].parts}
    parts = {part for part in parts if part.suffix not in FONTS_AND_FIGURES}
    assert {".css", ".js"} == {part.suffix for part in parts}
    sizes = {part.name: zipped(part) for part in [file, *parts]}
    assert sum(sizes.values()) - zipped(file) <= 80, sizes


# --- life after MkDocs ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def zensical(site, tmp_path_factory) -> Path:
    """The site as Zensical builds it: no hooks, and no labs, which are mkdocs-jupyter's."""
    root = tmp_path_factory.mktemp("zensical")
    for folder in ("docs", "overrides", "snippets", "src/foundations"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("labs"))
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings, plugin = re.subn(r"(?m)^  - mkdocs-jupyter:\n(?:      .*\n)+", "", settings)
    settings, hooks = re.subn(r"(?m)^hooks:\n(?:  - .*\n)+", "", settings)
    assert plugin == hooks == 1
    (root / "mkdocs.yml").write_text(settings, encoding="utf-8")
    program = Path(sys.executable).with_name("zensical")
    ran = subprocess.run(
        [program, "build"], cwd=root, capture_output=True, text=True, encoding="utf-8"
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return root / "site"


def formulas_and_figures(text: str) -> list[str]:
    """Each formula's MathML without its tags, and each figure's file and words, in their order."""
    article = re.search("<article.*?</article>", text, re.DOTALL)[0]
    article = re.sub(r"<annotation\b.*?</annotation>", "", article, flags=re.DOTALL)
    found = []
    for match in re.finditer(r"<math\b.*?</math>|<img\b[^>]*>", article, re.DOTALL):
        if match[0].startswith("<img"):
            given = dict(re.findall(r'\s(src|alt)="([^"]*)"', match[0]))
            found.append(f"{given['src'].rpartition('/')[2]}: {given.get('alt')}")
        else:
            found.append("".join(re.sub(r"<[^>]*>", "", match[0]).split()))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_zensical_builds_the_same_page(page, pages, zensical):
    """The same headings, code, figures, formulas, numbers and folds, from the same source."""
    address = address_of(page)
    texts = [
        (folder / address / "index.html").read_text(encoding="utf-8")
        for folder in (pages[""].parent, zensical)
    ]
    ours, theirs = (
        Read(
            re.sub("<!--.*?-->", "", re.search("<article.*?</article>", text, re.S)[0], flags=re.S)
        )
        for text in texts
    )
    assert [(tag, text.strip("¶")) for tag, text in theirs.headings] == [
        (tag, text.strip("¶")) for tag, text in ours.headings
    ]
    assert set(ours.ids) <= set(theirs.ids)
    assert [render.shown(text).blocks for text in texts[1:]] == [render.shown(texts[0]).blocks]
    assert formulas_and_figures(texts[1]) == formulas_and_figures(texts[0])
    for what in ("img", "details", "table", "katex", "katex-display", "equation", "eqref",
                 "equation-number", "equation-test", "highlight"):  # fmt: skip
        assert theirs.counts[what] == ours.counts[what], what
    if address == CHAPTER:
        assert ours.counts["katex"] > 100 and ours.counts["img"] > 3 and len(ours.headings) > 20
