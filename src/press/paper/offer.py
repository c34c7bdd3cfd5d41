"""The books on the built site: made, laid among its downloads, and named on its first page.

docs/index.md keeps an empty place for them; without books it stays empty and shows nothing. Other
things to take along can be put there too: each is a line of `entries`.
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

from press import csp
from press.live import offline
from press.paper.book import Book
from press.problems import PressError, Problem

PLACE = re.compile(r'(<div class="take-along">).*?(</div>)', re.DOTALL)
KINDS = {
    ".pdf": ("PDF", "for paper and large screens, {pages} pages"),
    ".epub": ("EPUB", "for readers and telephones"),
}


def put(book: Book, files: list[Path], pages: int, site: Path) -> None:
    """Copies the files into the site's downloads and tells of them on its first page."""
    entries = []
    for file in files:
        target = site / "downloads" / file.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, target)
        name, what = KINDS[file.suffix]
        size = f"{file.stat().st_size / 1e6:.1f} MB"
        entries.append(
            f'<li><a download href="downloads/{html.escape(file.name)}">{name}</a>: '
            f"{what.format(pages=pages)}; {size}</li>"
        )
    made = book.made.strftime("%-d %B %Y")
    block = f"\n<p>The whole book to take along, as of {made}:</p>\n<ul>\n" + "\n".join(entries)
    home = site / "index.html"
    text, places = PLACE.subn(
        lambda match: f"{match[1]}{block}\n</ul>\n{match[2]}", home.read_text(encoding="utf-8")
    )
    if places != 1:
        raise PressError(
            Problem("docs/index.md", 1, "the first page has no place for the books",
                    expected='<div class="take-along"></div>, once')
        )  # fmt: skip
    home.write_text(csp.with_policy(text, "index.html"), encoding="utf-8", newline="\n")
    offline.write(site)  # it lists the first page's bytes
