"""The pages of the built site as one book: what a PDF and an EPUB have in common.

Each page becomes a unit. Ids get the unit's name before them, so that they are unique in the whole
book; links between pages become links to such ids. What opens on the site stands open, except for
what an exercise keeps back: hints go to a unit near the end, checks, solutions and mistakes to
units behind that, so that nobody reads an answer by accident.
"""

from __future__ import annotations

import html
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from press import render, tex
from press.problems import PressError, Problem

FORMULA = re.compile(
    r'<span class="katex">(?:<span class="katex-mathml">)?(?P<mathml><math\b.*?</math>)(?:</span>)?'
    r"(?P<look><katex-html\b.*?</katex-html>)</span>",
    re.DOTALL,
)
PLACE = re.compile(r'<x-formula data-n="(\d+)">.*?</x-formula>', re.DOTALL)
ARTICLE = re.compile(r"<article\b[^>]*>(.*)</article>", re.DOTALL)
NUMBERED = re.compile(r"(?P<number>\d+)\. ")
NEEDLESS = (
    ".headerlink, .downloads, .equation-test, .footnote-backref, .figure-links, .verified,"
    " .take-along, .moving, script, style, button"
)
SCRIPTED = (
    "data-live",
    "data-still",
    "data-role",
    "data-exercise",
    "data-search-exclude",
    "tabindex",
)
KEPT_BACK = {"hint": "hints", "check": "solutions", "solution": "solutions", "mistake": "solutions"}
"""Folds of an exercise, by class, and where they go."""
HINTS = "Hints"
ANSWERS = "Hints and solutions"


@dataclass
class Formula:
    """A formula in the two forms that KaTeX gives, and as a line of text."""

    mathml: str
    look: str
    text: str


@dataclass
class Unit:
    """A page of the book: a file of the EPUB, and in the PDF what begins on a new page."""

    name: str
    title: str
    part: str
    body: Tag
    address: str = ""
    """Under the site's root; empty for what the press made."""
    number: int = 0
    """The chapter's; 0 for what is none."""

    @property
    def label(self) -> str:
        return f"{self.number}. {self.title}" if self.number else self.title

    @property
    def headings(self) -> list[tuple[str, str]]:
        """Id and text of the sections, for a table of contents."""
        return [(h2["id"], _words(h2)) for h2 in self.body.find_all("h2", id=True)]


@dataclass
class Book:
    title: str
    description: str
    copyright: str
    language: str
    url: str
    """Where the site is published; empty if it is not said."""
    made: datetime
    front: Tag | None
    """The picture of the site's first page, for the book's."""
    units: list[Unit] = field(default_factory=list)
    formulas: list[Formula] = field(default_factory=list)

    def unit_of(self) -> dict[str, Unit]:
        """Each id of the book, and the unit in which it stands."""
        found = {unit.name: unit for unit in self.units}
        for unit in self.units:
            found |= {element["id"]: unit for element in unit.body.find_all(id=True)}
        return found


def read(site: Path, root: Path) -> Book:
    """The book that stands in a built site, in the order of mkdocs.yml."""
    settings = render.settings(root)
    home = site / "index.html"
    if not home.is_file():
        raise PressError(
            Problem("site/index.html", 1, "there is no site to make a book of", mend="make site")
        )
    extra = settings.get("extra") or {}
    book = Book(
        title=settings["site_name"],
        description=" ".join(settings.get("site_description", "").split()),
        copyright=settings.get("copyright", ""),
        language=(settings.get("theme") or {}).get("language", "en"),
        url=(os.environ.get("SITE_URL") or settings.get("site_url") or "").rstrip("/"),
        made=date(root),
        front=_picture(home),
    )
    pages = _in_nav(settings["nav"])
    left_out = set(extra.get("not_on_paper", ()))
    for title, source, part in pages:
        if source not in left_out and source != "index.md":
            book.units.append(_unit(book, site, source, title, part))
    _link(book)
    _keep_back(book)
    return book


def date(root: Path) -> datetime:
    """When the book's text was last changed: the same input gives the same bytes."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if not told:
        git = ["git", "log", "-1", "--format=%ct"]
        try:
            ran = subprocess.run(git, cwd=root, capture_output=True, text=True, check=False)
            told = ran.stdout.strip()
        except OSError:
            told = ""  # no git: a copy of the files alone
    return datetime.fromtimestamp(int(told or time.time()), UTC)


def with_formulas(text: str, draw: Callable[[int], str]) -> str:
    """The HTML with each formula's place taken by what `draw` gives for its number."""
    return PLACE.sub(lambda match: draw(int(match[1])), text)


def _in_nav(nav: list, part: str = "") -> list[tuple[str, str, str]]:
    """Title, source file and part of each page, in order."""
    pages = []
    for entry in nav:
        title, target = next(iter(entry.items())) if isinstance(entry, dict) else ("", entry)
        pages += _in_nav(target, title) if isinstance(target, list) else [(title, target, part)]
    return pages


def _article(path: Path, formulas: list[Formula]) -> Tag:
    """The page's own part, parsed; formulas are put aside, for they are most of its bytes."""
    found = ARTICLE.search(path.read_text(encoding="utf-8"))
    if not found:
        raise PressError(Problem(path.as_posix(), 1, "the built page has no <article>"))

    def aside(match: re.Match[str]) -> str:
        text = " ".join(tex.plain_mathml(match["mathml"]).split())
        formulas.append(Formula(match["mathml"], match["look"], text))
        place = f'<x-formula data-n="{len(formulas) - 1}">'
        return f"{place}{html.escape(text, quote=False)}</x-formula>"

    inner = FORMULA.sub(aside, found[1])
    if 'class="katex"' in inner or "<math" in inner:
        raise PressError(
            Problem(path.as_posix(), 1, "a formula of the built page is not as the press expects",
                    mend="teach FORMULA in src/press/paper/book.py the new form")
        )  # fmt: skip
    body = BeautifulSoup(f"<div>{inner}</div>", "html.parser").div
    for stretch in body.select(".stretch"):
        stretch.unwrap()  # on paper there is no later
    return body


def _picture(home: Path) -> Tag | None:
    picture = _article(home, []).find("img")
    if picture:
        picture["src"] = urljoin("/", picture["src"]).lstrip("/")
    return picture


def _unit(book: Book, site: Path, source: str, title: str, part: str) -> Unit:
    address = re.sub(r"(?:(?<=/)|^)index\.md$", "", source)
    address = re.sub(r"\.md$", "/", address)
    body = _article(site / address / "index.html", book.formulas)
    name = address.strip("/").replace("/", "-")
    for element in body.select(NEEDLESS):
        element.decompose()
    for element in body.find_all(True):
        for attribute in SCRIPTED:
            del element[attribute]
        if "id" in element.attrs:
            element["id"] = f"{name}--{element['id']}"
    for picture in body.find_all("img"):
        picture["src"] = urljoin(f"/{address}", picture["src"]).lstrip("/")
        del picture["loading"]
    for link in body.find_all("a", href=True):
        if not urlsplit(link["href"]).scheme:
            link["href"] = urljoin(f"/{address}", link["href"])
    number = NUMBERED.match(title)
    head = body.h1
    unit = Unit(
        name, _words(head), part, body, f"/{address}", int(number["number"] if number else 0)
    )
    if unit.number:
        head.insert(0, f"{unit.number}. ")
    return unit


def _link(book: Book) -> None:
    """Turns addresses of the site into ids of the book, or into public addresses, or into text."""
    at = {unit.address: unit for unit in book.units}
    known = book.unit_of()
    for unit in book.units:
        for link in unit.body.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme:
                continue
            if target := at.get(parts.path):
                name = f"{target.name}--{parts.fragment}" if parts.fragment else target.name
                if name not in known:
                    raise PressError(
                        Problem(unit.address, 1, "a dead link in the book", got=link["href"])
                    )
                link["href"] = f"#{name}"
            elif book.url:
                link["href"] = book.url + link["href"]
            else:
                link.unwrap()


def _keep_back(book: Book) -> None:
    """Opens the folds; what exercises keep back goes into units of its own."""
    soup = BeautifulSoup("", "html.parser")
    hints = _new(HINTS.lower(), HINTS, soup)
    answers: list[Unit] = []
    last = 0
    for place, unit in enumerate(book.units):
        solutions = _new(f"{unit.name}-solutions", f"Solutions to chapter {unit.number}", soup)
        heading = soup.new_tag("h2", attrs={"id": f"{hints.name}--{unit.name}"})
        heading.string = unit.label
        hinted = False
        for exercise in unit.body.select('h3[id*="--ex-"]'):
            folds = _folds(exercise)
            links = soup.new_tag("p", attrs={"class": "answers"})
            for to, words in (("hints", "Hints"), ("solutions", "Check and solution")):
                moved = [fold for fold in folds if KEPT_BACK[_kind(fold)] == to]
                if not moved:
                    continue
                if to == "hints" and not hinted:
                    hints.body.append(heading)
                    hinted = True
                made = hints if to == "hints" else solutions
                _link_to(soup, links, f"{made.name}--{exercise['id']}", words)
                _move(soup, exercise, moved, made)
            if links.contents:
                _last_of(exercise).insert_after(links)
        if len(solutions.body.contents) > 1:
            answers.append(solutions)
        if hinted or solutions in answers:
            last = place
    for unit in [*book.units, hints, *answers]:
        for fold in unit.body.find_all("details"):
            _open(fold)
    if len(hints.body.contents) > 1:
        answers.insert(0, hints)
    book.units[last + 1 : last + 1] = answers


def _new(name: str, title: str, soup: BeautifulSoup) -> Unit:
    body = soup.new_tag("div")
    heading = soup.new_tag("h1", attrs={"id": f"{name}--top"})
    heading.string = title
    body.append(heading)
    return Unit(name, title, ANSWERS, body)


def _kind(fold: Tag) -> str:
    return next((name for name in fold.get("class", ()) if name in KEPT_BACK), "")


def _section(heading: Tag) -> list[Tag]:
    """The elements between an exercise's heading and the next heading."""
    found = []
    for element in heading.find_next_siblings():
        if element.name in ("h1", "h2", "h3"):
            break
        found.append(element)
    return found


def _folds(exercise: Tag) -> list[Tag]:
    return [e for e in _section(exercise) if e.name == "details" and _kind(e)]


def _last_of(exercise: Tag) -> Tag:
    return (_section(exercise) or [exercise])[-1]


def _move(soup: BeautifulSoup, exercise: Tag, folds: list[Tag], to: Unit) -> None:
    level = "h3" if to.name == HINTS.lower() else "h2"
    heading = soup.new_tag(level, attrs={"id": f"{to.name}--{exercise['id']}"})
    heading.string = _words(exercise)
    back = soup.new_tag("p", attrs={"class": "answers"})
    _link_to(soup, back, exercise["id"], "The exercise")
    to.body.extend([heading, back, *(fold.extract() for fold in folds)])


def _link_to(soup: BeautifulSoup, line: Tag, target: str, words: str) -> None:
    """A link that, on paper, says its page too."""
    if line.contents:
        line.append(" · ")
    link = soup.new_tag("a", attrs={"href": f"#{target}", "class": "paged"})
    link.string = words
    line.append(link)


def _open(fold: Tag) -> None:
    """A fold as a box with a title: paper and many readers cannot open one."""
    fold.name = "div"
    fold["class"] = ["fold", *fold.get("class", ())]
    del fold["open"]
    if fold.summary:
        fold.summary["class"] = "fold-title"
        fold.summary.name = "p"


def _words(element: Tag) -> str:
    """An element's text in one line."""
    return " ".join(element.get_text().split())
