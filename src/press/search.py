"""The search index: sections by their titles, and what readers look for by name.

MkDocs makes an entry of each heading, with everything under it. This pass over the built index
takes the code and its outputs out of the text (a word in a print is no answer) but keeps the names
that the code defines; gives each equation, glossary word and cited work an entry of its own; and
ranks chapters before what only repeats them. It may run again and changes nothing then.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from pathlib import Path

from press import equations

INDEX = "search/search_index.json"
CODE = re.compile(r"(?P<title>[^<>]*)<pre\b[^>]*>(?P<code>.*?)</pre>", re.DOTALL)
DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
ENTRY = re.compile(
    r"<dt\b(?P<attributes>[^>]*)>(?P<term>.*?)</dt>\s*<dd>(?P<text>.*?)</dd>", re.DOTALL
)
ID = re.compile(r'\bid="([^"]+)"')
DRAWN = re.compile(r'<katex-html\b.*?</katex-html>|<a\b[^>]*class="headerlink".*?</a>', re.DOTALL)
NAMES = ("reference/glossary/", "reference/bibliography/")
"""Pages whose words and works become entries of their own."""
TESTS = "reference/equation-tests/"
"""Each chapter has a page under it."""
BOOST = {
    TESTS: 0.05,
    "reference/contributing/": 0.2,
    "reference/how-it-is-checked/": 0.2,
    "reference/progress/": 0.2,
    "reference/snippets/": 0.4,
    "reference/bibliography/": 0.4,
    "reference/glossary/": 0.6,
    "foundations/": 0.2,
    "": 0.2,
}
"""How much an entry of a page counts beside a chapter's, which counts 1."""
DEFINING = 1.5
"""The same of a section that the glossary names as a word's first place."""
EQUATION = (0.9, 0.45)
"""The same of equations, with numbers below and above n.9: 4.2 is the beginning of 4.20 as well."""


def improve(site: Path, root: Path) -> bool:
    """Rewrites the index of the built site; gives whether it changed."""
    file = site / INDEX
    if not file.is_file():
        return False
    before = file.read_text(encoding="utf-8")
    index = json.loads(before)
    made = {entry["location"]: _quiet(entry) for entry in index["docs"]}
    for page in NAMES:
        built = site / page / "index.html"
        if page in made and built.is_file():
            text = built.read_text(encoding="utf-8")
            for location, entry in made.items():  # sections: their words say what they hold
                if location.startswith(f"{page}#"):
                    entry["text"] = ""
            for entry in _names(page, text):
                made[entry["location"]] = entry
            for href in re.findall(r'<dd>.*?<a href="([^"]*#[^"]*)"', text, re.DOTALL):
                place = posixpath.normpath(posixpath.join(page, href.partition("#")[0]))
                location = f"{place}/#{href.partition('#')[2]}"
                if location in made:
                    made[location]["boost"] = DEFINING
    for equation in equations.index(root / "docs").values():
        entry = _equation(equation)
        if entry["location"].partition("#")[0] in made:
            made[entry["location"]] = entry
    for location, entry in made.items():
        page = location.partition("#")[0]
        page = TESTS if page.startswith(TESTS) else page
        if page in BOOST and "boost" not in entry:
            entry["boost"] = BOOST[page]
    index["docs"] = list(made.values())
    after = json.dumps(index, sort_keys=True, separators=(",", ":"))
    if after != before:
        file.write_text(after, encoding="utf-8")
    return after != before


def _quiet(entry: dict) -> dict:
    """An entry without code, outputs and the titles of blocks, but with what the code defines."""
    names: dict[str, None] = {}

    def take(match: re.Match[str]) -> str:
        code = html.unescape(re.sub(r"<[^>]*>", "", match["code"]))
        names.update(dict.fromkeys(DEFINED.findall(code)))
        return ""

    text = CODE.sub(take, entry["text"])
    text = re.sub(r"\s+", " ", text).strip()
    if names:
        text += f" <p>In code: {', '.join(f'<code>{name}</code>' for name in names)}</p>"
    title = re.sub(r"\s+", " ", entry["title"].replace("¶", "")).strip()
    return {**entry, "title": title, "text": text}


def _names(page: str, built: str) -> list[dict]:
    """An entry for each word or work of a page's definition lists that has an id."""
    found = []
    for match in ENTRY.finditer(built):
        anchor = ID.search(match["attributes"]) or ID.search(match["term"])
        if anchor:
            found.append(
                {
                    "location": f"{page}#{anchor[1]}",
                    "title": _words(match["term"]),
                    "text": f"<p>{html.escape(_words(match['text']), quote=False)}</p>",
                    "boost": BOOST[page],
                }
            )
    return found


def _equation(equation: equations.Equation) -> dict:
    page = equation.page.removesuffix("index.md").removesuffix(".md").rstrip("/")
    return {
        "location": f"{page}/#{equation.anchor}",
        "title": f"Equation {equation.number}: {equation.name}",
        "text": f"<p>{equation.label}</p>",
        "boost": EQUATION[len(equation.number.partition(".")[2]) > 1],
    }


def _words(piece: str) -> str:
    """The text of a piece of HTML, its formulas by what a screen reader is told."""
    plain = html.unescape(re.sub(r"<[^>]*>", "", DRAWN.sub("", piece)))
    return re.sub(r"\s+", " ", plain).strip()
