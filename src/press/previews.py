"""What a link leads to, on a card beside it: the parts of other pages that a page's links need.

Beside each built page that has such links stands `previews.json`: the link as the page writes it →
a piece of HTML, the target's own formula, definition, title or figure. docs/assets/preview.js
fetches it at the first link that a reader points at; targets on the page itself it finds there.
"""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "previews.json"
ARTICLE = re.compile(r"<article\b[^>]*>.*</article>", re.DOTALL)
LINK = re.compile(r"<a\b(?P<attributes>[^>]*)>")
HREF = re.compile(r'\shref="(?P<href>[^"]*)"')
OWN_LINKS = ("headerlink", "download", "lab", "footnote-backref", "button", "equation-test")
"""Classes of links that lead nowhere else or that say themselves what they lead to."""
WITHOUT = ("labs/", "reference/equation-tests/")
"""Pages whose links get no cards: these show what they lead to themselves."""
HEADING = re.compile(r"h[1-6]")
NEXT_HEADING = re.compile(r"<h[1-6]\b|</article>")
PARAGRAPH = re.compile(r"<p(?P<attributes>\b[^>]*)>(?P<inner>.*?)</p>", re.DOTALL)
NO_PROSE = re.compile(r'class="(?:downloads|chapter-\w+|figure-links|verified)"|<img\b')
DESCRIPTION = re.compile(r'<meta\s+name="description"\s+content="(?P<text>[^"]*)"')
TITLE = re.compile(r"<h1\b[^>]*>(?P<inner>.*?)</h1>", re.DOTALL)
TAKEN_OUT = re.compile(
    r'<a\b[^>]*class="(?:headerlink|footnote-backref)"[^>]*>.*?</a>|<sup\b[^>]*>.*?</sup>'
    r"|<a\b[^>]*>|</a>|\s(?:id|tabindex|style|role|title|aria-details)=\"[^\"]*\"",
    re.DOTALL,
)
VISIBLE = re.compile(r"<katex-html\b.*?</katex-html>", re.DOTALL)
SPOKEN = re.compile(r'<span class="katex-mathml">.*?</math></span>', re.DOTALL)
PART = re.compile(r"<[^>]*>|[^<]+")
SENTENCE = re.compile(r"[.?!:](?=\s)")
ENOUGH = 100
"""Letters after which a card's first paragraph may end, where a sentence does."""
SOURCE = re.compile(r'(<img\b[^>]*\ssrc=")([^"]*)"')


def write(site: Path) -> list[Path]:
    """Writes previews.json beside the pages; gives the files. Labs and the like have none."""
    pages = {
        file.parent.resolve(): file.read_text(encoding="utf-8")
        for file in sorted(site.rglob("index.html"))
    }
    cards: dict[tuple[Path, str], str] = {}
    made = []
    for folder, page in pages.items():
        if f"{folder.relative_to(site.resolve()).as_posix()}/".startswith(WITHOUT):
            continue
        found = {}
        for href in links(page):
            parts = urlsplit(href)
            target = (folder / unquote(parts.path)).resolve()
            if target == folder or target not in pages:
                continue
            key = target, unquote(parts.fragment)
            if key not in cards:
                cards[key] = card(pages[target], key[1])
            if text := cards[key]:
                found[href] = _moved(text, target, folder)
        # A card is hidden from screen readers, so one form of a formula is enough: the one for the
        # eye, or on a page without a style for that the MathML, which has its own.
        needless = SPOKEN if 'class="katex' in page else VISIBLE
        found = {href: needless.sub("", text) for href, text in found.items()}
        file = folder / NAME
        file.unlink(missing_ok=True)
        if found:
            file.write_text(json.dumps(found, ensure_ascii=False, indent=0), encoding="utf-8")
            made.append(file)
    return made


def links(page: str) -> list[str]:
    """The links of a page's article that lead to other places of the site, each once."""
    article = ARTICLE.search(page)
    found: dict[str, None] = {}
    for match in LINK.finditer(article[0]) if article else ():
        href = HREF.search(match["attributes"])
        classes = re.search(r'class="([^"]*)"', match["attributes"])
        if not href or (classes and set(classes[1].split()) & set(OWN_LINKS)):
            continue
        parts = urlsplit(html.unescape(href["href"]))
        if parts.path and not parts.scheme and not parts.netloc:
            found[html.unescape(href["href"])] = None
    return list(found)


def card(page: str, anchor: str) -> str:
    """What a card shows of a page, or of the element of that id; "" where there is nothing to."""
    if not anchor:
        title, text = TITLE.search(page), DESCRIPTION.search(page)
        words = f"<p>{text['text']}</p>" if text else ""
        return _title(title["inner"]) + words if title else ""
    opening = re.search(rf'<(?P<tag>[\w-]+)\b[^>]*\sid="{re.escape(anchor)}"[^>]*>', page)
    if not opening:
        return ""
    tag, start = opening["tag"], opening.start()
    if tag == "img":
        return _clean(opening[0])
    if 'class="equation"' in opening[0]:
        number = re.search(r'aria-label="([^"]*)"', opening[0])
        formula = page.index('<span class="katex-display"', start)
        return _title(number[1]) + _clean(element(page, formula))
    if HEADING.fullmatch(tag):
        heading = element(page, start)
        after = start + len(heading)
        end = NEXT_HEADING.search(page, after)
        paragraphs = [
            f"<p>{_clean(match['inner'])}</p>"
            for match in PARAGRAPH.finditer(page, after, end.start() if end else len(page))
            if not NO_PROSE.search(match[0])
        ]
        shown = paragraphs[:2] if anchor.startswith("ex-") else map(_opening, paragraphs[:1])
        return _title(heading[len(opening[0]) : heading.rindex("</")]) + "".join(shown)
    term = page.rfind("<dt", 0, opening.end())
    if term >= 0 and page.find("</dt>", term) >= opening.end():
        name, at = element(page, term), page.find("<dd", term)
        if at >= 0:
            inner = re.sub(r"^<dd[^>]*>|</dd>$", "", element(page, at))
            inner = _clean(inner)
            return _title(re.sub(r"^<dt[^>]*>|</dt>$", "", name)) + (
                inner if inner.lstrip().startswith("<") and "<p" in inner else f"<p>{inner}</p>"
            )
    return ""


def _opening(paragraph: str) -> str:
    """A paragraph's first sentences: as many as say something, ENOUGH letters or more."""
    depth = letters = at = 0
    for part in PART.findall(paragraph.removeprefix("<p>").removesuffix("</p>")):
        if part.startswith("<"):
            depth += 0 if part.endswith("/>") else -1 if part.startswith("</") else 1
        elif depth:
            letters += len(part)
        else:
            for end in SENTENCE.finditer(part):
                if letters + end.end() >= ENOUGH:
                    return f"{paragraph[: len('<p>') + at + end.end()]}</p>"
            letters += len(part)
        at += len(part)
    return paragraph


def element(page: str, start: int) -> str:
    """The HTML of the element that begins at `start`, to its own end."""
    name = re.match(r"<([\w-]+)", page[start : start + 40])[1]
    depth = 0
    for match in re.compile(rf"<(/?){name}\b[^>]*>").finditer(page, start):
        depth += -1 if match[1] else 1
        if not depth:
            return page[start : match.end()]
    raise ValueError(f"a <{name}> of a built page never closes")


def _title(inner: str) -> str:
    return f'<p class="preview-title">{_clean(inner)}</p>'


def _clean(piece: str) -> str:
    """Words without links, ids and what acts: a card is to be read."""
    return TAKEN_OUT.sub("", piece).strip()


def _moved(text: str, target: Path, folder: Path) -> str:
    """The same with its figures' addresses as the other page would write them."""

    def move(match: re.Match[str]) -> str:
        there = os.path.relpath((target / match[2]).resolve(), folder)
        return f'{match[1]}{there.replace(os.sep, "/")}"'

    return SOURCE.sub(move, text)
