"""Finding one's way: the map of a part, what chapters build on, names for all that is shown.

A Markdown extension, used by MkDocs and Zensical by its name, `press.navigation`:

- a line `<!-- map of the chapters: foundations -->` becomes a map of that part, drawn from what the
  chapters' front matter says they build on. On such a page, a heading that is a link to a chapter
  is followed by a line of what it builds on and who builds on it;
- a figure gets an id from its file's name (`fig-vectors-signs`) and a line under it with a link to
  that, and to its description in words where `press.describe` has written one;
- a glossary's words and a bibliography's entries get ids and links.

Ids are names, not numbers: what is put in above does not change them.
"""

from __future__ import annotations

import html
import posixpath
import re
import unicodedata
import xml.etree.ElementTree as etree
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from press import equations
from press.scan import FRONT_MATTER
from press.tex import Page

MARK = re.compile(r"^<!--\s*map of the chapters:\s*(?P<part>[\w-]+)\s*-->\s*$")
PLACE = "press-map-of-the-chapters:"
FIGURE = re.compile(r"(?:^|/)figures/(?P<name>[\w-]+)\.svg$")
YEAR = re.compile(r"\((?P<year>\d{4})\b[^()]*\)\s*$")
DESCRIPTIONS = "figures"
"""The folder of docs/ for the pages that describe figures: one for each chapter."""


@dataclass(frozen=True)
class Facts:
    """What a chapter's front matter says, as far as the map needs it."""

    page: str
    title: str
    number: int
    part: str
    builds_on: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.number}. {self.title}"


def chapters(docs_dir: Path | str) -> list[Facts]:
    """The book's chapters in their order; what is no chapter, or not yet one, is left out."""
    docs = Path(docs_dir).resolve()
    found = []
    for file in equations.markdown_files(docs):
        meta = _front_matter(file, file.stat().st_mtime_ns)
        number, part, needs = (meta.get(key) for key in ("chapter", "part", "builds_on"))
        if not isinstance(number, int) or not isinstance(part, str) or not isinstance(needs, list):
            continue
        earlier = tuple(sorted({n for n in needs if isinstance(n, int) and n < number}))
        page, title = file.relative_to(docs).as_posix(), str(meta.get("title", file.stem))
        found.append(Facts(page, title, number, part, earlier))
    return sorted(found, key=lambda chapter: chapter.number)


@lru_cache(maxsize=256)
def _front_matter(file: Path, _changed: int) -> dict:
    front = FRONT_MATTER.match(file.read_text(encoding="utf-8", errors="replace"))
    try:
        meta = yaml.safe_load(front[0].strip().strip("-.")) if front else None
    except yaml.YAMLError:  # the page's own check says so
        return {}
    return meta if isinstance(meta, dict) else {}


def reduced(needs: dict[int, set[int]]) -> dict[int, set[int]]:
    """The same order with fewer arrows: what follows by way of another chapter is left out."""

    def reaches(start: int, seen: set[int]) -> set[int]:
        for number in needs.get(start, ()):
            if number not in seen:
                seen.add(number)
                reaches(number, seen)
        return seen

    above = {number: reaches(number, set()) for number in needs}
    return {
        number: {one for one in own if not any(one in above[two] for two in own if two in above)}
        for number, own in needs.items()
    }


# --- the map --------------------------------------------------------------------------------

WIDTH, GAP, SPACE, LINE, PADDING = 344, 8, 26, 15, 9
"""In the map's own units, of which a phone shows about one a pixel: letters are 12 of them high."""
LETTER, WIDEST = 6.7, 280
NARROWEST = 108


@dataclass
class Slot:
    """A place in a row of the map: a chapter's box, or where an arrow passes the row by."""

    number: int
    end: int
    """The chapter itself for a box; for an arrow that passes, the chapter that it goes to."""
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    lines: tuple[str, ...] = ()

    @property
    def is_box(self) -> bool:
        return self.number == self.end


def layout(facts: list[Facts]) -> tuple[list[list[Slot]], dict[int, set[int]]]:
    """Rows of the map, and its arrows: each chapter stands below all that it builds on."""
    numbers = {chapter.number for chapter in facts}
    needs = reduced({chapter.number: set(chapter.builds_on) & numbers for chapter in facts})
    row: dict[int, int] = {}
    for chapter in facts:  # in the book's order, so what it builds on has its row
        row[chapter.number] = max((row[n] + 1 for n in needs[chapter.number]), default=0)
    rows: list[list[Slot]] = [[] for _ in range(max(row.values(), default=-1) + 1)]
    for chapter in facts:
        rows[row[chapter.number]].append(Slot(chapter.number, chapter.number))
        for n in sorted(needs[chapter.number]):
            for between in range(row[n] + 1, row[chapter.number]):
                rows[between].append(Slot(n, chapter.number))
    titles = {chapter.number: chapter.name for chapter in facts}
    width = max([WIDTH, *(len(slots) * (NARROWEST + GAP) - GAP for slots in rows)])
    top, middles = 1.0, {}
    for slots in rows:
        slots.sort(key=lambda slot: (_above(slot, needs, middles, width), slot.number))
        column = (width - GAP * (len(slots) - 1)) / len(slots)
        for at, slot in enumerate(slots):
            slot.x = round(at * (column + GAP) + column / 2, 1)
            slot.width = round(min(column, WIDEST), 1)
            if slot.is_box:
                slot.lines = wrapped(titles[slot.number], int((slot.width - 10) / LETTER))
                middles[slot.number] = slot.x
            else:
                middles[slot.number, slot.end] = slot.x
        height = max(len(slot.lines) for slot in slots) * LINE + 2 * PADDING
        for slot in slots:
            slot.y, slot.height = top, height
        top += height + SPACE
    return rows, needs


def _above(slot: Slot, needs: dict, middles: dict, width: float) -> float:
    """Where the arrows into a slot come from, on the whole."""
    if not slot.is_box:
        return middles.get((slot.number, slot.end), middles[slot.number])
    own = needs[slot.number]
    found = [middles.get((n, slot.number), middles[n]) for n in own]
    return sum(found) / len(found) if found else width / 2


def wrapped(title: str, most: int) -> tuple[str, ...]:
    """A title in lines of at most so many characters, where its words allow it."""
    lines: list[str] = []
    for word in title.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > 1 and re.fullmatch(r"\d+\.", lines[0]):  # a number stays with its title
        lines[:2] = [f"{lines[0]} {lines[1]}"]
    return tuple(lines)


def draw(facts: list[Facts], name: str) -> etree.Element:
    """The map as SVG: each box is a link whose address is the chapter's page inside docs/."""
    rows, needs = layout(facts)
    slots = [slot for row in rows for slot in row]
    width = max(slot.x + slot.width / 2 for slot in slots) + 1 if slots else WIDTH
    width = max(width, WIDTH)
    height = max((slot.y + slot.height for slot in slots), default=0) + 1
    svg = etree.Element("svg", {"class": "chapter-map", "role": "group", "aria-label": name})
    svg.set("xmlns", "http://www.w3.org/2000/svg")  # the EPUB's XHTML asks for it
    svg.set("viewBox", f"-1 0 {width + 2:g} {height:g}")
    arrows = etree.SubElement(svg, "g", {"class": "chapter-map-arrows", "aria-hidden": "true"})
    place = {(slot.number, slot.end): slot for slot in slots}
    for number, own in sorted(needs.items()):
        for one in sorted(own):
            path = [place[one, one], *(s for s in slots if (s.number, s.end) == (one, number))]
            etree.SubElement(arrows, "path", {"d": _arrow([*path, place[number, number]])})
    by_number = {chapter.number: chapter for chapter in facts}
    for slot in slots:
        if slot.is_box:
            _box(svg, slot, by_number[slot.number])
    return svg


def _arrow(path: list[Slot]) -> str:
    """A curve from the foot of the first box through the slots between to the head of the last."""
    x, y = path[0].x, path[0].y + path[0].height
    line = f"M{x:g} {y:g}"
    for slot in path[1:]:
        middle = (y + slot.y) / 2
        line += f"C{x:g} {middle:g} {slot.x:g} {middle:g} {slot.x:g} {slot.y - 1:g}"
        x, y = slot.x, slot.y
        if not slot.is_box:
            y += slot.height
            line += f"V{y:g}"
    return f"{line}m-3.5-6 3.5 6 3.5-6"


def _box(svg: etree.Element, slot: Slot, chapter: Facts) -> None:
    link = etree.SubElement(svg, "a", {"href": chapter.page})
    etree.SubElement(
        link, "rect",
        {"x": f"{slot.x - slot.width / 2:.1f}", "y": f"{slot.y:g}", "rx": "5",
         "width": f"{slot.width:g}", "height": f"{slot.height:g}"},
    )  # fmt: skip
    first = slot.y + slot.height / 2 - (len(slot.lines) - 1) * LINE / 2 + 4
    text = etree.SubElement(link, "text", {"x": f"{slot.x:g}", "y": f"{first:g}"})
    for at, words in enumerate(slot.lines):
        last = at == len(slot.lines) - 1
        span = etree.SubElement(text, "tspan", {"x": f"{slot.x:g}"})
        if at:
            span.set("dy", str(LINE))
        span.text = AtomicString(words if last else f"{words} ")


# --- after the build ------------------------------------------------------------------------

OPENING = re.compile(r"<span>Builds on chapter (?P<numbers>\d+(?:, \d+)*)</span>")
STEP = re.compile(
    r'<a href="(?P<href>[^"]*)" class="md-footer__link md-footer__link--(?:prev|next)".*?</a>',
    re.DOTALL,
)
TITLE = re.compile(r"<h1\b[^>]*>(?P<title>.*?)(?:<a class=\"headerlink\"|</h1>)", re.DOTALL)
VAGUE = "Overview"
"""What the navigation calls a part's first page; away from the part, that name says little."""


def signposts(site: Path, root: Path) -> list[Path]:
    """Goes over the built pages: a chapter's opening leads to what the chapter builds on, and
    "previous" and "next" name an overview by its own title. Gives the pages that changed.
    """
    pages = {one.number: one for one in chapters(root / "docs")}
    changed = []
    for file in sorted(site.rglob("index.html")):
        before = file.read_text(encoding="utf-8")
        up = "../" * len(file.parent.relative_to(site).parts)
        after = OPENING.sub(lambda match, up=up: _opening(match, pages, up), before, count=1)
        after = STEP.sub(lambda match, file=file: _step(match, file), after)
        if after != before:
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
    return changed


def _opening(match: re.Match[str], pages: dict[int, Facts], up: str) -> str:
    numbers = [int(number) for number in match["numbers"].split(", ")]
    links = [
        f'<a href="{up}{pages[n].page.removesuffix(".md")}/" title="{html.escape(pages[n].title)}">'
        f"{n}</a>"
        if n in pages
        else str(n)
        for n in numbers
    ]
    chapter = "chapter" if len(links) == 1 else "chapters"
    return f"<span>Builds on {chapter} {', '.join(links)}</span>"


def _step(match: re.Match[str], file: Path) -> str:
    target = (file.parent / match["href"] / "index.html").resolve()
    if f": {VAGUE}" not in match[0] or not target.is_file():
        return match[0]
    title = TITLE.search(target.read_text(encoding="utf-8"))
    words = re.sub(r"<[^>]*>", "", title["title"]).strip() if title else VAGUE
    return re.sub(rf"(?<=: ){VAGUE}(?=\")|(?<=\s){VAGUE}(?=\s)", lambda _: words, match[0])


# --- the extension --------------------------------------------------------------------------


class NavigationExtension(Extension):
    """`docs_dir` is only asked for outside of MkDocs and Zensical, which know their own."""

    def __init__(self, **kwargs) -> None:
        self.config = {"docs_dir": ["docs", "The folder with the pages"]}
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:
        page = Page(md, self.getConfig("docs_dir"))
        # After fences (25) and before HTML is put aside (20), or a comment would be gone.
        md.preprocessors.register(Marks(md), "press-map-marks", 24)
        # After attribute lists (8); before MkDocs looks for anchors (5) and at links (0).
        md.treeprocessors.register(Maps(md, page), "press-map", 7)
        md.treeprocessors.register(Names(md, page), "press-names", 6)


def makeExtension(**kwargs) -> NavigationExtension:
    return NavigationExtension(**kwargs)


class Marks(Preprocessor):
    """Gives the mark of a map, a comment that readers of the source alone see, a paragraph."""

    def run(self, lines: list[str]) -> list[str]:
        made: list[str] = []
        for line in lines:
            match = MARK.match(line)
            made += ["", f"{PLACE}{match['part']}", ""] if match else [line]
        return made


class Maps(Treeprocessor):
    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: etree.Element) -> None:
        places = [p for p in root.iter("p") if (p.text or "").startswith(PLACE) and not len(p)]
        if not places:
            return
        every = chapters(self.page.docs_dir)
        for place in places:
            part = place.text.removeprefix(PLACE).strip()
            svg = draw([c for c in every if c.part == part], "Map of the chapters")
            for link in svg.iter("a"):
                link.set("href", self.link(link.get("href")))
            place.tag, place.text = "div", None
            place.set("class", "chapter-map-box")
            place.append(svg)
        by_page = {chapter.page: chapter for chapter in every}
        for parent in root.iter():
            for heading in [c for c in parent if str(c.tag) in ("h2", "h3", "h4")]:
                chapter = by_page.get(self.target(heading))
                if chapter:
                    at = list(parent).index(heading) + 1
                    parent.insert(at, self.needs(chapter, every))

    def target(self, heading: etree.Element) -> str:
        """The page that a heading leads to; the link that belongs to the heading is passed by."""
        links = [a for a in heading.iter("a") if a.get("class") != "headerlink"]
        if len(links) != 1 or (heading.text or "").strip():
            return ""
        here = posixpath.dirname(self.page.name)
        return posixpath.normpath(posixpath.join(here, links[0].get("href", "")))

    def needs(self, chapter: Facts, every: list[Facts]) -> etree.Element:
        """The line under a chapter's heading: what it builds on, and which chapters build on it."""
        known = {one.number: one for one in every}
        before = [known[n] for n in chapter.builds_on if n in known]
        after = [one for one in every if chapter.number in one.builds_on]
        line = etree.Element("p", {"class": "chapter-needs"})
        first = etree.SubElement(line, "span")
        self.row(first, "Builds on ", before, "no earlier chapter")
        if after:
            first.tail = " "
            self.row(etree.SubElement(line, "span"), "Used by ", after, "")
        return line

    def row(self, into: etree.Element, words: str, found: list[Facts], none: str) -> None:
        into.text = AtomicString(words + ("" if found else none))
        for at, chapter in enumerate(found):
            link = etree.SubElement(into, "a", {"href": self.link(chapter.page)})
            link.set("title", chapter.title)
            link.text = AtomicString(str(chapter.number))
            link.tail = AtomicString("" if at == len(found) - 1 else ", ")

    def link(self, page: str) -> str:
        """A page of docs/ as MkDocs and Zensical resolve and check it."""
        return posixpath.relpath(page, posixpath.dirname(self.page.name) or ".")


class Names(Treeprocessor):
    """Ids and links for figures, for words of a glossary and for entries of a bibliography."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: etree.Element) -> None:
        taken = {e.get("id") for e in root.iter() if e.get("id")}
        for parent in list(root.iter()):
            for child in list(parent):
                if child.tag == "p" and (image := _only_image(child)) is not None:
                    self.figure(parent, child, image, taken)
            if parent.tag == "dl":
                for term in parent.iter("dt"):
                    self.term(term, taken)

    def figure(self, parent, paragraph, image, taken: set[str]) -> None:
        name = FIGURE.search(image.get("src", ""))
        if not name or image.get("id"):
            return
        anchor = f"fig-{name['name']}"
        if anchor in taken:  # shown twice on a page: the first has the name
            return
        taken.add(anchor)
        image.set("id", anchor)
        line = etree.Element("p", {"class": "figure-links"})
        link = etree.SubElement(line, "a", {"class": "figure-link", "href": f"#{anchor}"})
        link.text = AtomicString("Link to this figure")
        words = f"{DESCRIPTIONS}/{Path(self.page.name).stem}.md"
        if self.page.name and (self.page.docs_dir / words).is_file():
            link.tail = " "
            more = etree.SubElement(line, "a", {"class": "figure-words"})
            more.set("href", self.page.link(words, anchor.replace("fig-", "words-", 1)))
            more.text = AtomicString("Its data in words")
            more.set("id", anchor.replace("fig-", "more-", 1))
            image.set("aria-details", more.get("id"))
        parent.insert(list(parent).index(paragraph) + 1, line)

    def term(self, term: etree.Element, taken: set[str]) -> None:
        anchor = next((e.get("id") for e in term.iter() if e.get("id")), None)
        text = " ".join("".join(term.itertext()).split())
        if anchor is None:
            year = YEAR.search(text)
            if not year:
                return
            anchor = citation(text, year["year"], taken)
            taken.add(anchor)
            term.set("id", anchor)
        link = etree.SubElement(term, "a", {"class": "headerlink", "href": f"#{anchor}"})
        link.set("title", "Link to this entry")
        link.set("data-search-exclude", "")
        link.text = AtomicString("\u00b6")


def _only_image(paragraph: etree.Element) -> etree.Element | None:
    """The image of a paragraph that holds nothing else."""
    if len(paragraph) != 1 or paragraph[0].tag != "img" or (paragraph.text or "").strip():
        return None
    return None if (paragraph[0].tail or "").strip() else paragraph[0]


def citation(authors: str, year: str, taken: set[str]) -> str:
    """The id of a work: its first author's last name and the year, `kingma-2015`."""
    first = re.split(r",| and |\(", authors)[0].split()
    plain = unicodedata.normalize("NFKD", first[-1] if first else "work")
    name = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")
    wanted = f"{name}-{year}"
    return next(
        one for one in [wanted, *(f"{wanted}-{at}" for at in range(2, 100))] if one not in taken
    )
