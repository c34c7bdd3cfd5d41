"""The EPUB's cover, drawn with the site's own letters: shelves of readers show no SVG."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from press.paper.book import Book

SIZE = (1200, 1800)
EDGE, LEFT = 48, 150
WHITE, INK, SOFT = "#ffffff", "#1b1d21", "#555b66"
BLUE, ORANGE = "#0072b2", "#c04f00"


def draw(book: Book, site: Path) -> bytes:
    """A PNG: the mark (a causal mask), the title and what the book is."""
    image = Image.new("RGB", SIZE, WHITE)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, EDGE, SIZE[1]), fill=BLUE)
    cell, step = 120, 160
    for row in range(3):
        for column in range(row + 1):
            x, y = LEFT + column * step, 190 + row * step
            colour = ORANGE if row == column else BLUE
            pen.rounded_rectangle((x, y, x + cell, y + cell), 24, fill=colour)
    width = SIZE[0] - LEFT - 90
    below = _paragraph(pen, book.title, _font(site, 108, 600), INK, 800, width, 1.12)
    _paragraph(pen, book.description, _font(site, 46, 400), SOFT, below + 60, width, 1.4)
    made = io.BytesIO()
    image.quantize(64).save(made, "PNG", optimize=True)
    return made.getvalue()


def _font(site: Path, size: int, weight: int) -> ImageFont.FreeTypeFont:
    name = "assets/vendor/fonts/source-serif-4-latin-wght-normal.woff2"
    font = ImageFont.truetype(str(site / name), size)
    font.set_variation_by_axes([weight])
    return font


def _paragraph(
    pen: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, colour: str,
    top: float, width: float, leading: float,
) -> float:  # fmt: skip
    """Writes the text in lines that fit; gives where the next thing may begin."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    for line in lines:
        pen.text((LEFT, top), line, font=font, fill=colour)
        top += font.size * leading
    return top
