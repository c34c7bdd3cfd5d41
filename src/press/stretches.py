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

import math
import re
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
HEIGHTS = [400, 600, 900, 1350, 2000, 3000, 4500]
"""Pixels that a stretch is guessed to take: book.css has a class for each."""

FOLDED = re.compile(r"<details\b(?![^>]*\sopen).*?</details>", re.DOTALL)
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
UNSEEN = re.compile(r"<math\b.*?</math>|<[^>]*>", re.DOTALL)
TALL = re.compile(r'<img\b[^>]*\sheight="(\d+)"')


def write(site: Path) -> list[Path]:
    """Gives every page of a built site its stretches; gives the pages that changed."""
    changed = []
    for file in sorted(site.rglob("*.html")):
        page = file.read_text(encoding="utf-8")
        if (after := stretched(page)) != page:
            file.write_text(after, encoding="utf-8", newline="\n")
            changed.append(file)
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
            body = f'\n<div class="stretch tall-{_step(body)}">{body}</div>\n'
        parts.append(body + (html[end : following[1]] if following else ""))
    return "".join(parts)


def _step(html: str) -> int:
    """Which of HEIGHTS comes nearest, by ratio, to what a page of 1280 pixels would show."""
    open_ = FOLDED.sub("<p></p>", html)
    code = CODE.findall(open_)
    prose = CODE.sub("", open_)
    pixels = (
        21 * sum(text.count("\n") for text in code) + 50 * len(code)
        + 32 * len(UNSEEN.sub("", prose)) / 78
        + 24 * (prose.count("<p") + prose.count("<li") + prose.count("<tr"))
        + 55 * prose.count("katex-display")
        + sum(int(height) for height in TALL.findall(prose))
    )  # fmt: skip
    return min(range(len(HEIGHTS)), key=lambda at: abs(math.log(HEIGHTS[at] / max(pixels, 1))))
