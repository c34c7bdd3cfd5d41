"""One light stylesheet: without others' rules that can never meet an element, and in one file.

A selector goes that needs a class which no page has and no script names. A third of Material's
sheet is for things that this book does not use, and a phone reads it before it shows a letter. It
also asks for each file by itself: in one, they came a quarter of a second sooner (as Lighthouse
reckons a phone's network), and a reader's next page has them already.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import tinycss2

SHEETS = ("assets/stylesheets/*.css", "assets/vendor/katex/*.css")
ONE = "assets/book.css"
PRINTED = "assets/vendor/katex/katex.min.css"
"""Stays as a file too: the printed book takes its formulas' look, and nothing of the pages'."""
JOINED = (
    "assets/stylesheets/main.*.css", "assets/stylesheets/palette.*.css",
    PRINTED, ONE, "assets/lab.css",
)  # fmt: skip
"""What pages link to, in the order in which they do."""
LINK = re.compile(
    r"""<link\b[^>]*\brel=["']?stylesheet\b[^>]*\bhref=["']?(?P<href>[^"'\s>]+)[^>]*>\n?"""
)
TARGET = re.compile(
    r"""\burl\(\s*(?P<quote>["']?)(?!data:|#|/|\w+:)(?P<path>[^"')]+)(?P=quote)\s*\)"""
)
CLASSES = re.compile(r"""\bclass=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
NAMED = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
"""What stands in brackets may name what is not there: :not(.x), :is(.x, .y), [href$=".x"]."""


def trim(site: Path) -> list[Path]:
    """Takes the idle rules out of the sheets of a built site; gives the files that changed."""
    site = Path(site)
    sheets = [file for pattern in SHEETS for file in sorted(site.glob(pattern))]
    known = classes(site) if sheets else set()
    changed = []
    for file in sheets:
        before = file.read_text(encoding="utf-8")
        after = trimmed(before, known)
        if len(after) < len(before):
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
    return changed


def join(site: Path) -> list[Path]:
    """Puts the sheets of a built site into ONE, to which every page then links."""
    site = Path(site)
    files = [file for pattern in JOINED for file in sorted(site.glob(pattern))]
    if {file.relative_to(site).as_posix() for file in files} <= {ONE, PRINTED}:
        return []  # joined already
    text = ""
    for file in files:
        name = file.relative_to(site).as_posix()
        text += _from_here(name, file.read_text(encoding="utf-8"))
        if name != PRINTED:
            file.unlink()
            file.with_name(f"{file.name}.map").unlink(missing_ok=True)
    (site / ONE).write_text(f'@charset "UTF-8";\n{text}', encoding="utf-8", newline="\n")
    changed = [site / ONE]
    names = [file.relative_to(site).as_posix() for file in files]
    for page in sorted(site.rglob("*.html")):
        before = page.read_text(encoding="utf-8")
        if (after := _linked_once(before, names)) != before:
            page.write_text(after, encoding="utf-8", newline="\n")
            changed.append(page)
    return changed


def _from_here(name: str, css: str) -> str:
    """A sheet's text for the place of ONE: what it refers to, from there."""
    folder, start = posixpath.dirname(name), posixpath.dirname(ONE)

    def moved(match: re.Match[str]) -> str:
        path = posixpath.relpath(posixpath.join(folder, match["path"]), start)
        return f"url({match['quote']}{path}{match['quote']})"

    css = css.removeprefix('@charset "UTF-8";')
    return f"{TARGET.sub(moved, css).strip()}\n"


def _linked_once(page: str, names: list[str]) -> str:
    """The page with one link in place of its first to one of the sheets, and none of the others."""
    done = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal done
        name = next((name for name in names if match["href"].endswith(name)), None)
        if name is None:
            return match[0]
        link = "" if done else match[0].replace(name, ONE)
        done = True
        return link

    return LINK.sub(replaced, page)


def classes(site: Path) -> set[str]:
    """Every class of the pages, and every word of the scripts: one of them may be set later."""
    found: set[str] = set()
    for file in site.rglob("*.html"):
        for names in CLASSES.findall(file.read_text(encoding="utf-8")):
            found.update("".join(names).split())
    for file in (site / "assets").rglob("*.js"):
        found.update(re.findall(r"[\w-]+", file.read_text(encoding="utf-8")))
    return found


def trimmed(css: str, known: set[str]) -> str:
    """The sheet without selectors that need an unknown class. What cannot be read stays."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    if any(rule.type == "error" for rule in rules):
        return css
    return _kept(rules, known)


def _kept(rules: list, known: set[str]) -> str:
    out = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [text for text in _selectors(rule.prelude) if _can_match(text, known)]
            if selectors:
                out.append(f"{','.join(selectors)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            if body := _kept(inside, known):
                out.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{body}}}")
        else:
            out.append(rule.serialize())
    return "".join(out)


def _selectors(prelude: list) -> list[str]:
    parts: list[list] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [tinycss2.serialize(part).strip() for part in parts]


def _can_match(selector: str, known: set[str]) -> bool:
    while (shorter := ASIDE.sub("", selector)) != selector:
        selector = shorter
    return "\\" in selector or all(name in known for name in NAMED.findall(selector))
