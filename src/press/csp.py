"""A Content-Security-Policy in every page of the built site: what may run and load there.

It stands in a <meta>, for a static site has no say in its headers. Scripts are those of the site
and the inline ones that the build wrote, each by its sha256; styles likewise. Nothing comes from
elsewhere and goes elsewhere.

'wasm-unsafe-eval' lets WebAssembly compile, and with it the reader's Python. It is no
'unsafe-eval': text never becomes JavaScript.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path

from press.problems import PressError, Problem

META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n?', re.IGNORECASE)
# A charset may come first: it loads nothing, and browsers look for it in the first kilobyte.
HEAD = re.compile(r"<head\b[^>]*>\s*(?:<meta charset=[^>]*>\s*)?", re.IGNORECASE)
RAW = re.compile(
    r"<(?P<name>script|style)\b(?P<attributes>[^>]*)>(?P<text>.*?)</(?P=name)\s*>",
    re.DOTALL | re.IGNORECASE,
)
TYPE = re.compile(r"""\btype\s*=\s*["']?([^"'\s>]*)""", re.IGNORECASE)
SOURCE = re.compile(r"\bsrc\s*=", re.IGNORECASE)
STYLED = re.compile(r"""\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
HANDLER = re.compile(
    r"""\s(?P<what>on[a-z]+\s*=|(?:href|action)\s*=\s*["']?\s*javascript:)""", re.IGNORECASE
)
RUN = {"", "module", "importmap", "speculationrules", "text/javascript", "application/javascript"}
"""Types of <script> that a browser acts on; others, such as JSON, are data."""


def write(site: Path, serving: bool = False) -> list[Path]:
    """Gives every page of the site its policy; gives the pages that changed.

    While serving with live reload, inline scripts are let through: MkDocs puts one of its own into
    each page as it sends it, with another text after every build.
    """
    changed = []
    for path in sorted(site.rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        after = with_policy(before, path.relative_to(site).as_posix(), serving)
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
            changed.append(path)
    return changed


def with_policy(page: str, name: str = "", serving: bool = False) -> str:
    """The page with its policy, in place of an earlier one."""
    page = META.sub("", page)
    head = HEAD.search(page)
    if not head:
        return page  # a fragment: no browser opens it as a page
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(page, name, serving)}">\n'
    return page[: head.end()] + meta + page[head.end() :]


def policy(page: str, name: str = "", serving: bool = False) -> str:
    """The policy that a page needs and no more."""
    scripts, styles = _inline(page)
    rest = RAW.sub("", page)
    attributes = {html.unescape(match[1] or match[2] or "") for match in _in_tags(STYLED, rest)}
    if handler := next(_in_tags(HANDLER, rest), None):
        raise PressError(
            Problem(
                name, 1, "the page has a script in an attribute, which its policy refuses",
                got=handler["what"],
                mend="listen for the event in docs/assets/book.js (addEventListener)",
            )
        )  # fmt: skip
    # Where a hash stands, browsers no longer heed 'unsafe-inline'.
    allowed = ["'unsafe-inline'"] if serving else _hashes(scripts)
    styled = _hashes(styles)
    if attributes:
        styled += ["'unsafe-hashes'", *_hashes(attributes)]
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'", *allowed],
        "style-src": ["'self'", *styled],
        "img-src": ["'self'", "data:", "blob:"],  # icons in styles; figures that readers draw
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{rule} {' '.join(sources)}" for rule, sources in rules.items())


def _in_tags(pattern: re.Pattern[str], page: str) -> Iterator[re.Match[str]]:
    """Matches inside a tag; text that merely looks so, as code that a page shows, is passed by."""
    for match in pattern.finditer(page):
        if page.rfind("<", 0, match.start()) > page.rfind(">", 0, match.start()):
            yield match


def _inline(page: str) -> tuple[set[str], set[str]]:
    scripts, styles = set(), set()
    for match in RAW.finditer(page):
        if match["name"].lower() == "style":
            styles.add(match["text"])
        elif not SOURCE.search(match["attributes"]):
            kind = TYPE.search(match["attributes"])
            if (kind[1].lower() if kind else "") in RUN:
                scripts.add(match["text"])
    return scripts, styles


def _hashes(texts: set[str]) -> list[str]:
    return sorted(f"'sha256-{sha256(text)}'" for text in texts)


def sha256(text: str) -> str:
    """As a policy names a text: browsers see its line ends as \\n."""
    text = re.sub("\r\n?", "\n", text)
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
