"""The book to take along: one PDF and one EPUB, made from the pages of the built site.

`book` takes the pages apart and puts them in a book's order, `pdf` prints that with Chromium,
`epub` packs it, and `offer` puts both on the built site.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from press.check import find_root

KINDS = ("pdf", "epub")


def make(kinds: tuple[str, ...] = KINDS, offered: bool = False, root: Path | None = None) -> None:
    """Makes dist/….pdf and dist/….epub of the built site; `offered`: and puts them on it."""
    from press.paper import book as books

    root = root or find_root()
    site = root / "site"
    book = books.read(site, root)
    name = re.sub(r"[^a-z0-9]+", "-", book.title.lower()).strip("-")
    files, pages = [], 0
    for kind in kinds:
        began, file = time.perf_counter(), root / "dist" / f"{name}.{kind}"
        if kind == "pdf":
            from press.paper import pdf

            pages = pdf.write(book, site, file)
        else:
            from press.paper import epub

            epub.write(book, site, file)
        files.append(file)
        told = f", {pages} pages" if kind == "pdf" else ""
        print(
            f"dist/{file.name}: {file.stat().st_size / 1e6:.1f} MB{told},"
            f" in {time.perf_counter() - began:.0f} s"
        )
    if offered:
        from press.paper import offer

        offer.put(book, files, pages, site)
        print("site/ offers them on its first page")
