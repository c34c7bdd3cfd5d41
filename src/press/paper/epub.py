"""The book as an EPUB 3.3: a page each as XHTML, formulas as MathML, figures as SVG.

The same input gives the same bytes: entries are in a fixed order and carry the book's own date.
"""

from __future__ import annotations

import html
import re
import unicodedata
import uuid
import xml.etree.ElementTree as etree
import zipfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import jinja2

from press.paper import cover
from press.paper.book import Book, Formula, Unit, with_formulas
from press.problems import PressError, Problem

HERE = Path(__file__).parent
KINDS = {
    ".css": "text/css", ".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg",
    ".xhtml": "application/xhtml+xml",
}  # fmt: skip
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
MATHML = ' xmlns="http://www.w3.org/1998/Math/MathML"'
ARITY = {
    "mfrac": 2, "mover": 2, "mroot": 2, "msub": 2, "msubsup": 3, "msup": 2, "munder": 2,
    "munderover": 3,
}  # fmt: skip
DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)\s*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
VARIABLE = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")
USED = re.compile(r"var\((--[\w-]+)\)")
IMAGE_ID = re.compile(r'(?<=\s)id="(image[0-9a-f]+)"')
ROOT_RULE = re.compile(r":root\s*\{[^{}]*\}")


@dataclass
class Item:
    """A file of the package, as its manifest names it."""

    href: str
    data: bytes
    properties: str = ""

    @property
    def id(self) -> str:
        return re.sub(r"[^\w.-]", "-", self.href)

    @property
    def kind(self) -> str:
        return KINDS[Path(self.href).suffix]


def write(book: Book, site: Path, target: Path) -> None:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True,
        trim_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    page = environment.get_template("page.xhtml")

    def xhtml(name: str, title: str, kind: str, body: str, id: str = "") -> Item:
        text = page.render(book=book, title=title, kind=kind, body=body, id=id)
        held = [word for word, tag in (("mathml", "<math"), ("svg", "<svg")) if tag in text]
        return Item(f"{name}.xhtml", text.encode(), " ".join(held))

    alt = html.escape(f"{book.title}. {book.description}")
    front = f'<div class="cover"><img src="cover.png" alt="{alt}"/></div>'
    about = environment.get_template("about.html").render(book=book)
    about = about.replace('href="#hints"', 'href="hints.xhtml"')
    unit_of = book.unit_of()
    pages = [
        xhtml("cover", book.title, "cover", front),
        xhtml("about", "About this edition", "preface", about),
        *(
            xhtml(unit.name, unit.label, "chapter" if unit.number else "appendix",
                  body_of(unit, book, unit_of), unit.name)
            for unit in book.units
        ),
    ]  # fmt: skip
    parts = [(part, list(units)) for part, units in groupby(book.units, lambda u: u.part)]
    nav = environment.get_template("nav.xhtml").render(book=book, parts=parts)
    style = (HERE / "templates/reader.css").read_bytes()
    items = [
        Item("nav.xhtml", nav.encode(), "nav"), Item("reader.css", style),
        Item("cover.png", cover.draw(book, site), "cover-image"), *pages, *_pictures(book, site),
    ]  # fmt: skip
    package = environment.get_template("package.opf").render(
        book=book,
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, book.title),
        manifest=items,
        spine=[pages[0].id, pages[1].id, "nav.xhtml", *(item.id for item in pages[2:])],
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as file:
        _put(file, book, "mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        _put(file, book, "META-INF/container.xml", CONTAINER.encode())
        _put(file, book, "EPUB/package.opf", package.encode())
        for item in items:
            _put(file, book, f"EPUB/{item.href}", item.data)


def body_of(unit: Unit, book: Book, unit_of: dict[str, Unit]) -> str:
    """A unit's XHTML: links lead to the file in which their id stands."""

    def target(match: re.Match[str]) -> str:
        other = unit_of[match[1]]
        place = "" if match[1] == other.name else f"#{match[1]}"
        if other is unit:
            return f'href="#{match[1]}"'
        return f'href="{other.name}.xhtml{place}"'

    text = unit.body.decode_contents(formatter="minimal")
    text = re.sub(r'<span class="katex-display">(<x-formula.*?</x-formula>)</span>', r"\1", text)
    text = re.sub(r'href="#([^"]+)"', target, text)
    text = re.sub(r'(<img\b[^>]*\bsrc=")([^"]+)', lambda m: m[1] + _picture_name(m[2]), text)
    return with_formulas(text, lambda n: mathml(book.formulas[n]))


def mathml(formula: Formula) -> str:
    """The formula's MathML, with its text for a reader that knows no MathML.

    KaTeX writes the invisible sign of an applied function (U+2061) after a name such as max even
    where it is a subscript, and gives `msub` three children: there it goes.
    """
    top = etree.fromstring(formula.mathml.replace(MATHML, ""))
    for element in top.iter():
        room = ARITY.get(element.tag)
        for child in list(element) if room and len(element) > room else ():
            if child.tag == "mo" and (child.text or "") == "\u2061":
                element.remove(child)
        _letters(element)
    top.set("xmlns", "http://www.w3.org/1998/Math/MathML")
    top.set("alttext", formula.text)
    return etree.tostring(top, encoding="unicode")


def _letters(element: etree.Element) -> None:
    """Bold and its like as letters of Unicode: of `mathvariant` MathML Core knows only normal."""
    variant = element.get("mathvariant", "normal")
    if variant == "normal" or not element.text:
        return
    try:
        element.text = "".join(
            unicodedata.lookup(f"MATHEMATICAL {variant.replace('-', ' ')} {_name(letter)}")
            for letter in element.text
        )
    except KeyError:
        return  # a sign that has no such form keeps the attribute
    del element.attrib["mathvariant"]


def _name(letter: str) -> str:
    """A letter or digit as Unicode names its mathematical forms: SMALL B, CAPITAL THETA."""
    return re.sub(r"\b(?:LATIN|GREEK|LETTER) ", "", unicodedata.name(letter, ""))


def plain_svg(svg: str) -> str:
    """The figure in its light colours, written out: many readers know no variables in an SVG."""
    svg = DARK.sub("", svg)
    values = {}
    for rule in ROOT_RULE.findall(svg):
        values |= {name: value.strip() for name, value in VARIABLE.findall(rule)}
    svg = USED.sub(lambda match: values[match[1]], ROOT_RULE.sub("", svg))
    seen: set[str] = set()

    def once(match: re.Match[str]) -> str:
        """matplotlib names a picture inside a figure by its bytes: two that are alike share it."""
        again = match[1] in seen
        seen.add(match[1])
        return "" if again else match[0]

    return IMAGE_ID.sub(once, svg)


def _pictures(book: Book, site: Path) -> list[Item]:
    sources = {img["src"] for unit in book.units for img in unit.body.find_all("img")}
    made = []
    for source in sorted(sources):
        if not (site / source).is_file():
            raise PressError(Problem(source, 1, "a figure of the book is not in the site"))
        data = (site / source).read_bytes()
        if source.endswith(".svg"):
            data = plain_svg(data.decode("utf-8")).encode()
        made.append(Item(_picture_name(source), data))
    return made


def _picture_name(source: str) -> str:
    return f"images/{source.replace('/', '-')}"


def _put(
    file: zipfile.ZipFile, book: Book, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED
) -> None:
    entry = zipfile.ZipInfo(name, book.made.timetuple()[:6])
    entry.compress_type = how
    entry.external_attr = 0o644 << 16
    file.writestr(entry, data, compresslevel=9 if how else None)
