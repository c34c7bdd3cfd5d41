"""What stands between two headings of a long page, as one box that a browser may leave for later.

A chapter is thousands of small boxes: a phone is busy for seconds with lining them all up before
the reader has seen the first. book.css says of a stretch that it is drawn when it comes near
(`content-visibility: auto`); search, links and find-in-page reach it all the same. Until then it
takes the room that is guessed here. A screen reader that is running when the page comes hears all
of it; one that starts later misses what is not drawn (Chromium 156), so book.js draws the rest in
idle moments once a reader stays. Headings stay outside: Material's script asks
where each of them stands, which would have every box around one lined up at once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

ARTICLE = re.compile(r"(<article\b[^>]*>)(.*)(</article>)", re.DOTALL)
HEADING = r"<h[23] id=\"(?P<id>[^\"]*)\"(?:(?!</h[23]>).)*</h[23]>"
ABOUT = r"(?:(?<=</h3>)\s*<p><em>(?:Easy|Medium|Hard) ·[^<]*</em></p>)?"
PLACE = re.compile(
    rf"<(?P<close>/?)(?:div|details|table|ul|ol|dl|blockquote|section|aside|nav|figure)\b"
    rf"|(?P<mark>{HEADING}{ABOUT})",
    re.DOTALL,
)
LAB = re.compile(r'(?P<open>\A\s*<div class="lab">\n)(?P<inner>.*)(?P<end></div>.*?)\Z', re.DOTALL)
PROSE, HEAD = '<div class="lab-prose">', '<div class="lab-head">'
LEFT_OPEN = ("summary", "further-reading")
"""Sections with a look of their own that hangs on their heading; they are short."""
LEAST = 2500
"""Fewer characters of HTML than this are not worth a box."""
HEIGHTS = [round(100 * 1.15**step, -1) for step in range(36)]
"""Pixels that a stretch can be said to take: 100 to 13,300, each a seventh above the last."""
ROOM = 1.05
"""Rather more than less: what overflows its room would lie under the next stretch until it is
drawn, where nobody sees it, but programs that look for overlaps do."""
SHEET = "assets/book.css"
SCREENS = {"desk": "screen", "phone": "screen and (max-width: 37.5em)"}


@dataclass(frozen=True)
class Weights:
    """Pixels that each thing on a page takes, by least squares over the book's 1,463 stretches.

    Nine of ten of them are then within 7% of their height at 1280 pixels, and within 6% at 390.
    """

    line: float
    block: float
    letter: float
    paragraph: float
    item: float
    row: float
    formula: float
    picture: float
    fold: float


WEIGHTS = {
    "desk": Weights(
        line=20.6, block=63, letter=0.31, paragraph=26, item=38, row=38, formula=116,
        picture=1.04, fold=52,
    ),
    "phone": Weights(
        line=19.5, block=55, letter=0.68, paragraph=18, item=34, row=31, formula=87,
        picture=0.77, fold=51,
    ),
}  # fmt: skip

FOLDED = re.compile(r"<details\b(?![^>]*\sopen).*?</details>", re.DOTALL)
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
BOX = re.compile(r'<div class="stretch ([^"]*)">')
UNSEEN = re.compile(r"<math\b.*?</math>|<[^>]*>", re.DOTALL)
TALL = re.compile(r'<img\b[^>]*\sheight="(\d+)"')


def write(site: Path) -> list[Path]:
    """Gives every page of a built site its stretches; gives the files that changed."""
    changed, used = [], set()
    for file in sorted(site.rglob("*.html")):
        page = file.read_text(encoding="utf-8")
        if (after := stretched(page)) != page:
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
            used.update(
                (screen, int(step))
                for places in BOX.findall(after)
                for screen, step in (place.split("-") for place in places.split())
            )
    if used and (sheet := site / SHEET).is_file():
        text = sheet.read_text(encoding="utf-8")
        sheet.write_text(f"{text.rstrip()}\n{rules(used)}\n", encoding="utf-8", newline="\n")
        changed.append(sheet)
    return changed


def stretched(page: str) -> str:
    """The page with a box around what stands between two headings of its article."""
    article = ARTICLE.search(page)
    if not article or '<div class="stretch' in page:
        return page
    inner = article[2]
    if lab := LAB.match(inner):
        made = lab["open"] + _boxed(_headings_out(lab["inner"]), lab=True) + lab["end"]
    else:
        made = _boxed(inner, lab=False)
    return page[: article.start(2)] + made + page[article.end(2) :]


def _headings(html: str, depth: int) -> list[re.Match[str]]:
    """The headings that stand in so many elements, and in no more."""
    found, at = [], 0
    for place in PLACE.finditer(html):
        if not place["mark"]:
            at += -1 if place["close"] else 1
        elif at == depth:
            found.append(place)
    return found


def _headings_out(lab: str) -> str:
    """Each heading of a lab in a box of its own, and what stood around it in two cells of prose."""
    parts, last = [], 0
    for place in _headings(lab, 1):
        parts += [lab[last : place.start()], "</div>\n", HEAD, place["mark"], "</div>\n", PROSE]
        last = place.end()
    return re.sub(rf"{PROSE}\s*</div>\n?", "", "".join(parts) + lab[last:])


def _boxed(html: str, lab: bool) -> str:
    marks = [
        (place.start(), place.end() + len("</div>") * lab, place["id"])
        for place in _headings(html, int(lab))
    ]
    if not marks:
        return html
    ends = [start - len(HEAD) * lab for start, *_ in marks[1:]] + [len(html)]
    parts = [html[: marks[0][1]]]
    for (_, start, name), end, following in zip(marks, ends, [*marks[1:], None], strict=True):
        body = html[start:end]
        if len(body) >= LEAST and name not in LEFT_OPEN:
            classes = " ".join(f"{screen}-{step}" for screen, step in _steps(body).items())
            body = f'\n<div class="stretch {classes}">{body}</div>\n'
        parts.append(body + (html[end : following[1]] if following else ""))
    return "".join(parts)


def _steps(html: str) -> dict[str, int]:
    """By screen, the first of HEIGHTS that gives the stretch room enough."""
    open_ = FOLDED.sub("<summary></summary>", html)
    code = CODE.findall(open_)
    prose = CODE.sub("", open_)
    found = {}
    for screen, one in WEIGHTS.items():
        pixels = (
            one.line * sum(text.count("\n") for text in code) + one.block * len(code)
            + one.letter * len(UNSEEN.sub("", prose))
            + one.paragraph * (prose.count("<p") + prose.count("<dd"))
            + one.item * (prose.count("<li") + prose.count("<dt"))
            + one.row * prose.count("<tr") + one.formula * prose.count("katex-display")
            + one.picture * sum(int(height) for height in TALL.findall(prose))
            + one.fold * prose.count("<summary")
        )  # fmt: skip
        found[screen] = min(bisect_left(HEIGHTS, ROOM * pixels), len(HEIGHTS) - 1)
    return found


def rules(used: set[tuple[str, int]]) -> str:
    """The sheet's rules for the classes of the stretches."""
    text = ""
    for screen, query in SCREENS.items():
        steps = sorted(step for name, step in used if name == screen)
        inner = "".join(f".{screen}-{step}{{--tall:{HEIGHTS[step]:.0f}px}}" for step in steps)
        text += f"@media {query}{{{inner}}}" if inner else ""
    return text
