"""Every page in a browser: silent, self-contained, within its width, legible in light and dark."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
SCHEMES = ("default", "slate")
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => ({
    value: entry.hadRecentInput ? 0 : entry.value,
    what: entry.sources.map(({node}) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 80)),
})))).observe({type: "layout-shift", buffered: true});
"""


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def scroll_through(page) -> None:
    """Scrolls to the end a screen at a time, so that everything is laid out and fetched."""
    page.evaluate(
        """async () => {
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            const all = document.scrollingElement;
            for (let y = 0; y < all.scrollHeight; y += innerHeight) {
                scrollTo(0, y);
                await frame();
            }
        }"""
    )


# --- loading --------------------------------------------------------------------------------


def test_every_page_loads_in_silence_and_asks_no_other_host(visit, pages):
    tab = visit()
    for address in pages:
        page = tab.open(address)
        tab.unfold()
        scroll_through(page)
    page.locator("[data-md-component=search-query]").focus()
    page.locator(".md-search-result__meta", has_text="Type to start").wait_for()
    page.wait_for_load_state("networkidle")
    assert tab.base + "search/search_index.json" in tab.requests
    report([*tab.complaints, *(f"asked from another place: {url}" for url in tab.foreign)])


def test_a_request_to_another_host_and_a_mistake_in_a_script_are_noticed(visit):
    tab = visit(bypass_csp=True)  # or the page itself refuses the request
    page = tab.open()
    assert not tab.complaints and not tab.foreign
    page.evaluate(
        """() => {
            document.body.append(Object.assign(new Image(), {src: "https://example.org/a.png"}));
            document.body.append(Object.assign(new Image(), {src: "no-such.png"}));
            console.warn("beware");
            setTimeout(() => { throw new Error("a mistake") });
        }"""
    )
    page.wait_for_timeout(300)
    assert tab.foreign == ["https://example.org/a.png"]
    for what in ("example.org", "404 http://127.0.0.1", "console warning beware", "a mistake"):
        assert any(what in complaint for complaint in tab.complaints), what


def test_a_lost_reader_finds_the_site_at_any_depth(visit):
    tab = visit()
    page = tab.page
    for address in ("no-such-page", "no/such/page/"):
        tab.complaints.clear()
        tab.open(address)
        assert page.locator("h1").inner_text() == "This page is not in the book"
        gone = {
            f"404 {tab.base}{address}",
            "console error Failed to load resource:"
            " the server responded with a status of 404 (Not Found)",
        }
        others = [complaint for complaint in tab.complaints if complaint not in gone]
        assert not others, "set SITE_URL for the build: " + "\n".join(others)
        page.get_by_role("link", name="start from the first page").click()
        page.wait_for_url(tab.base)


def test_the_searchs_index_is_fetched_when_the_search_is_opened_and_words_are_marked(visit):
    tab = visit()
    page = tab.open("reference/notation/")
    page.wait_for_load_state("networkidle")
    index = tab.base + "search/search_index.json"
    assert index not in tab.requests
    page.locator("[data-md-component=search-query]").fill("softmax")
    page.locator(".md-search-result__item > .md-search-result__link").first.click()
    page.wait_for_url("**?h=*")
    page.locator("article mark").first.wait_for()
    assert "softmax" in page.locator("article mark").first.inner_text().lower()
    assert tab.requests.count(index) >= 1


# --- layout ---------------------------------------------------------------------------------

WIDER = """(width) => {
    const over = [...document.querySelectorAll("body *")].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width && box.right > width + 1 && element.checkVisibility();
    });
    const names = over.slice(0, 3).map((element) => element.outerHTML.slice(0, 90));
    return [document.scrollingElement.scrollWidth, names];
}"""


def scrolls_sideways(tab, width: int) -> str:
    reached, over = tab.page.evaluate(WIDER, width)
    return f"{reached} px wide at {width}, perhaps by {over}" if reached > width else ""


def test_no_page_scrolls_sideways_on_a_phone_in_light_or_dark(visit, pages):
    tab = visit("phone")
    problems = []
    for address in pages:
        tab.open(address)
        tab.unfold()
        for scheme in (tab.scheme, *(set(SCHEMES) - {tab.scheme})):
            tab.choose(scheme)
            if found := scrolls_sideways(tab, 390):
                problems.append(f"/{address} in {scheme} is {found}")
    report(problems)


def test_the_first_chapter_does_not_scroll_sideways_on_the_smallest_phone(visit):
    tab = visit("small phone")
    tab.open(CHAPTER)
    tab.unfold()
    assert not scrolls_sideways(tab, 320)
    tab.page.locator("article pre > code").first.evaluate("(c) => { c.style.overflow = 'visible' }")
    tab.page.locator("article h1").evaluate("(h1) => { h1.style.width = '340px' }")
    assert "h1" in scrolls_sideways(tab, 320)  # so the measure can fail


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_nothing_jumps_while_the_first_chapter_loads_over_a_slow_line(visit, server, screen):
    tab = visit(screen)
    tab.page.add_init_script(SHIFTS)
    server.delays = {".svg": 0.3, ".js": 0.2}
    try:
        tab.open(CHAPTER)
        scroll_through(tab.page)
        tab.settle()
    finally:
        server.delays = {}
    shifts = tab.page.evaluate("shifts")
    total = sum(shift["value"] for shift in shifts)
    assert total < 0.02, json.dumps(shifts, indent=1)


# --- light and dark -------------------------------------------------------------------------


def test_a_chosen_scheme_stays_on_the_next_page(visit):
    tab = visit(color_scheme="light")
    tab.open()
    assert tab.scheme == "default"
    tab.choose("slate")
    tab.page.get_by_role("link", name="Start chapter 1").click()
    tab.page.wait_for_url(f"**/{CHAPTER}")
    tab.settle()
    assert tab.scheme == "slate"
    tab.open("reference/glossary/")
    assert tab.scheme == "slate"
    tab.choose("default")
    tab.open("reference/notation/")
    assert tab.scheme == "default"


def colour(page, variable: str) -> tuple[int, ...]:
    """What a colour of the page's style is, as three numbers."""
    code = """(name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        const found = getComputedStyle(probe).color;
        probe.remove();
        return found.match(/[0-9.]+/g).slice(0, 3).map(Number);
    }"""
    return tuple(page.evaluate(code, variable))


def luminance(colours: np.ndarray) -> np.ndarray:
    """WCAG's relative luminance of colours from 0 to 255, (n, 3) -> (n,)."""
    part = colours / 255
    part = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return part @ np.array([0.2126, 0.7152, 0.0722])


def contrast(colours: np.ndarray, ground: tuple[int, ...]) -> np.ndarray:
    """WCAG's contrast ratio of each colour with the ground, from 1 to 21."""
    a, b = luminance(colours), luminance(np.array([ground], dtype=float))
    return (np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05)


def illegible(picture: bytes, ground: tuple[int, ...], ink: tuple[int, ...]) -> str:
    """Why a figure cannot be read on a page of this colour, or "".

    Its rim has the page's colour, and a share of its pixels stands out as text must: the axes and
    words of a plot are in the page's ink or a colour as strong.
    """
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    pixels = np.asarray(image, dtype=float)
    rim = np.concatenate([pixels[2:-2, 2], pixels[2:-2, -3], pixels[2, 2:-2], pixels[-3, 2:-2]])
    same = np.abs(rim - ground).max(axis=1) <= 2
    if same.mean() < 0.95:
        return f"its ground is not the page's {ground}: {tuple(np.median(rim, axis=0))}"
    flat = pixels.reshape(-1, 3)
    share = (contrast(flat, ground) >= 4.5).mean()
    if share < 0.005:
        return f"only {share:.2%} of it stands out from the page"
    inked = (np.abs(flat - ink).max(axis=1) <= 24).sum()
    if inked < 10:
        return f"only {inked} pixels have the colour of the page's text"
    return ""


def test_a_figure_that_nobody_can_read_is_noticed():
    def drawn(ground, ink, size=(200, 100)) -> bytes:
        image = Image.new("RGB", size, ground)
        image.paste(ink, (50, 40, 90, 60))
        file = io.BytesIO()
        image.save(file, "PNG")
        return file.getvalue()

    white, black, grey = (255, 255, 255), (27, 29, 33), (200, 200, 200)
    assert illegible(drawn(white, black), white, black) == ""
    assert "stands out" in illegible(drawn(white, grey), white, black)
    assert "ground" in illegible(drawn(black, white), white, black)
    assert "text" in illegible(drawn(white, (160, 0, 0)), white, black)


@pytest.mark.parametrize(("scheme", "system"), [("default", "dark"), ("slate", "light")])
def test_every_figure_is_legible_in_the_scheme_that_a_reader_chose(visit, pages, scheme, system):
    """The reader's system asks for the other scheme: the page's button must reach the figures."""
    tab = visit(color_scheme=system)
    page = tab.page
    problems, seen = [], set()
    for address, file in pages.items():
        article = file.read_text(encoding="utf-8").partition("<article")[2]
        if address.startswith("labs/") or "<img" not in article:
            continue
        tab.open(address)
        tab.choose(scheme)
        tab.draw()  # or a picture would be taken while something above it is drawn
        ground, ink = colour(page, "--book-page"), colour(page, "--book-ink")
        for image in page.locator("article img").all():
            # A solution may hold a figure; one far down the page is not fetched until it is near.
            image.evaluate(
                """(image) => {
                    let fold = image.closest("details");
                    for (; fold; fold = fold.parentElement.closest("details")) fold.open = true;
                    image.loading = "eager";
                }"""
            )
            image.scroll_into_view_if_needed()
            image.evaluate("(image) => image.decode()")
            name, alt, width = image.evaluate("(i) => [i.src, i.alt, i.naturalWidth]")
            seen.add(name.rpartition("/")[2])
            what = illegible(image.screenshot(animations="disabled"), ground, ink)
            if not alt.strip() or not width:
                what = "it has no alt text" if width else "it is not there"
            if what:
                problems.append(f"/{address}: {name} in {scheme}: {what}")
    report(problems)
    drawn = {file.name for file in (ROOT / "docs").glob("*/figures/*.svg")}
    assert drawn <= seen


def test_a_lab_shows_its_chapters_figures(visit):
    tab = visit()

    def figures(address: str) -> list[list[str]]:
        tab.open(address)
        return tab.page.eval_on_selector_all(
            "article img",
            """(images) => Promise.all(images.map(async (image) => {
                image.loading = "eager";
                await image.decode();
                return [image.src, image.alt, image.naturalWidth];
            }))""",
        )

    shown = figures(CHAPTER)
    assert len(shown) > 1
    assert figures(LAB) == shown
