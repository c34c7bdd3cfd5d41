"""The books on the built site: made, laid among its downloads, and named on its first page.

docs/index.md keeps an empty place for them. A build names the zip there, which it makes itself;
`make book` names the PDF and the EPUB beside it.
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

from press import csp, offline_zip
from press.live import offline
from press.paper.book import Book
from press.problems import PressError, Problem

PLACE = re.compile(r'(<div class="take-along">).*?(</div>)', re.DOTALL)
KINDS = {
    ".pdf": ("PDF", "for paper and large screens, {pages} pages"),
    ".epub": ("EPUB", "for readers and telephones"),
    ".zip": ("Zip", "this site, to unpack and read in a browser without a network"),
}


def put(book: Book, files: list[Path], pages: int, site: Path) -> None:
    """Copies the files into the site's downloads and tells of them on its first page."""
    offered = []
    for file in files:
        target = site / "downloads" / file.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, target)
        offered.append(target)
    when = book.made.strftime("as of %-d %B %Y")
    if not tell(site, [*offered, site / offline_zip.NAME], when, pages):
        raise PressError(
            Problem("docs/index.md", 1, "the first page has no place for the books",
                    expected='<div class="take-along"></div>, once')
        )  # fmt: skip
    offline.write(site)  # it lists the first page's bytes


def tell(site: Path, files: list[Path], when: str = "", pages: int = 0) -> bool:
    """Names those of the files that are there on the site's first page, in place of others.

    Whether the page has a place for them.
    """
    entries = []
    for file in (file for file in files if file.is_file()):
        name, what = KINDS[file.suffix]
        size = f"{file.stat().st_size / 1e6:.1f} MB"
        address = html.escape(file.relative_to(site).as_posix())
        entries.append(
            f'<li><a download href="{address}">{name}</a>: {what.format(pages=pages)}; {size}</li>'
        )
    head = f"The whole book to take along, {when}:" if when else "The whole book to take along:"
    block = "\n".join([f"\n<p>{head}</p>", "<ul>", *entries, "</ul>", ""]) if entries else ""
    home = site / "index.html"
    text, places = PLACE.subn(
        lambda match: f"{match[1]}{block}{match[2]}", home.read_text(encoding="utf-8")
    )
    if places != 1:
        return False
    home.write_text(csp.with_policy(text, "index.html"), encoding="utf-8", newline="\n")
    return True
