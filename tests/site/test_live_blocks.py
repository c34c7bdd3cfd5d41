"""The reader's turn in a real browser: every live block and every answer of every chapter.

What the page shows was printed by CPython on 64 bits, without a browser. Pyodide is compiled to
wasm: its default integers have 32 bits, it raises no floating-point flags, the last bits of exp,
sin and matrix products may differ. The comparison is that of the book's own tests all the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from press import outputs
from press.lab import chapter_files

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
CHAPTERS = [
    path.relative_to(ROOT / "docs").with_suffix("").as_posix() + "/"
    for path in chapter_files(ROOT / "docs")
]
LIMIT = 600_000  # milliseconds: a chapter takes about 20 s on a quiet machine

RUN = """async () => {
    const live = await import(new URL("../../assets/vendor/live/live.js", location.href));
    const shown = (box) =>
        box?.matches(".language-output") ? box.querySelector("code").textContent : "";
    const found = [];
    for (const block of document.querySelectorAll("[data-live]:not([data-still])")) {
        const book = shown(block.nextElementSibling);
        const fine = await live.run(block);
        const got = shown(block.nextElementSibling);
        const drawn = document.querySelectorAll('img[src^="blob:"]').length;
        const draws = /^plt\\.show\\(\\)/m.test(block.querySelector("pre > code").textContent);
        found.push({at: block.dataset.live, book, fine, got, drawn, draws});
    }
    return found;
}"""
CHECK = """async () => {
    const live = await import(new URL("../../assets/vendor/live/live.js", location.href));
    const found = [];
    for (const starter of document.querySelectorAll("[data-role=starter]:not([data-still])")) {
        const number = starter.dataset.exercise;
        const all = [...document.querySelectorAll(`[data-exercise="${number}"]:not([data-still])`)];
        for (const block of all.filter(({dataset}) => dataset.role !== "check")) {
            const judge = all.find(({dataset}) => dataset.role === "check");
            const box = (block === starter ? judge : block).nextElementSibling;
            const fine = await live.judge(starter, block.querySelector("pre > code").textContent);
            found.push({
                number, role: block.dataset.role, fine,
                book: box?.matches(".language-output") ? box.querySelector("code").textContent : "",
                got: starter.nextElementSibling.querySelector("pre").textContent,
            });
        }
    }
    return found;
}"""


def same(book: str, got: str) -> bool:
    """As on the page, to the digits shown there; blanks at the ends of lines do not count."""
    lines = [[line.rstrip() for line in text.strip("\n").split("\n")] for text in (book, got)]
    return outputs.same(*("\n".join(one) for one in lines))


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.mark.parametrize("address", CHAPTERS)
@pytest.mark.timeout(1200)
def test_every_live_block_and_answer_gives_in_the_browser_what_the_page_shows(visit, address):
    tab = visit()
    page = tab.open(address)
    page.set_default_timeout(LIMIT)
    blocks = page.evaluate(RUN)
    assert len(blocks) == page.locator("[data-live]:not([data-still])").count() > 20
    report(
        [
            f"/{address}, live block {one['at']}: the page shows\n{one['book']}\ngot\n{one['got']}"
            for one in blocks
            if not one["fine"] or not same(one["book"], one["got"])
        ]
    )
    drawing = sum(one["draws"] for one in blocks)
    figures = page.locator("article img:not(details.solution img)").count()
    assert 1 <= drawing <= blocks[-1]["drawn"] <= figures

    answers = page.evaluate(CHECK)
    report(
        [
            f"/{address}, exercise {one['number']}, {one['role']}: the page shows\n{one['book']}\n"
            f"got\n{one['got']}"
            for one in answers
            if one["fine"] != (one["role"] == "solution")
            or not same(one["book"].replace("AssertionError: ", ""), one["got"])
        ]
    )
    solved = {one["number"] for one in answers if one["role"] == "solution"}
    kept = page.evaluate("Object.keys(JSON.parse(localStorage.getItem('book:v1:solved')))")
    assert set(kept) == solved
    report(tab.complaints)
