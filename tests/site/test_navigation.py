"""Finding one's way in a browser: the map, links to all that is shown, previews, search, stamps."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from press import chapter as chapters
from press import navigation, verified
from press.lab import chapter_files

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PART, CHAPTER = "foundations/", "foundations/vectors/"
NAMES = [path.relative_to(DOCS).with_suffix("").as_posix() for path in chapter_files(DOCS)]


def text_of(pages, address: str) -> str:
    return pages[address].read_text(encoding="utf-8")


# --- the map --------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", ["desk", "phone", "small phone"])
def test_the_map_can_be_read_and_leads_to_every_chapter(visit, screen):
    tab = visit(screen)
    page = tab.open(PART)
    chapter_map = page.locator(".chapter-map")
    boxes = chapter_map.locator("a").evaluate_all(
        """(links) => links.map((link) => {
            const box = link.querySelector("rect").getBoundingClientRect();
            const text = link.querySelector("text").getBoundingClientRect();
            const size = parseFloat(getComputedStyle(link.querySelector("text")).fontSize)
                * link.ownerSVGElement.getScreenCTM().a;
            return {words: link.textContent, href: link.getAttribute("href"), size,
                height: box.height, inside: box.left >= 0 && box.right <= innerWidth
                    && text.left > box.left && text.right < box.right
                    && text.top > box.top && text.bottom < box.bottom};
        })"""
    )
    facts = [one for one in navigation.chapters(DOCS) if one.page.startswith(PART)]
    assert [box["words"] for box in boxes] == [one.name for one in facts]
    assert [box["href"] for box in boxes] == [f"{Path(one.page).stem}/" for one in facts]
    for box in boxes:
        assert box["inside"] and box["height"] >= 24, box
        assert box["size"] >= (9 if screen == "small phone" else 12), box
    chapter_map.locator("a").nth(4).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/foundations/backpropagation/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_takes_the_colours_of_the_page(visit, scheme):
    page = visit(color_scheme=scheme).open(PART)
    ink, paper = page.evaluate(
        """() => [".chapter-map text", ".chapter-map rect"].map(
            (what) => getComputedStyle(document.querySelector(what)).fill)"""
    )
    light = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (ink, paper)]
    assert (light[0] < 200 and light[1] > 600) if scheme == "light" else light[0] > light[1] + 300


def test_previous_and_next_name_what_they_lead_to(pages):
    def steps(address: str) -> list[str]:
        return re.findall(r'aria-label="((?:Previous|Next): [^"]*)"', text_of(pages, address))

    assert steps("") == ["Next: I. Foundations"]
    assert steps(PART) == ["Previous: Home", "Next: 1. Vectors, dot products and similarity"]
    assert steps(CHAPTER) == ["Previous: I. Foundations", "Next: 2. Matrices"]
    assert steps("foundations/takeaways/")[0].startswith("Previous: 9. ")
    assert steps("reference/contributing/") == ["Previous: How this book is checked"]


# --- everything has a name ------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_an_id_of_its_own_a_link_and_its_words(name, pages):
    chapter = chapters.read(DOCS / f"{name}.md", ROOT)
    page, words = text_of(pages, f"{name}/"), text_of(pages, f"figures/{Path(name).name}/")
    wanted = [Path(image.path).stem for image in chapter.images]
    assert re.findall(r'<img\b[^>]*\bid="fig-([^"]*)"', page) == wanted
    assert re.findall(r'class="figure-link" href="#fig-([^"]*)"', page) == wanted
    assert re.findall(r'class="figure-words" href="[^"]*#words-([^"]*)"', page) == wanted
    assert re.findall(r'\baria-details="more-([^"]*)"', page) == wanted
    assert re.findall(r'class="figure-words" [^>]*\bid="more-([^"]*)"', page) == wanted
    assert re.findall(r'<h2 id="words-([^"]*)"', words) == wanted
    assert re.findall(r'href="[^"]*#fig-([^"]*)"', words) == wanted


def test_equations_exercises_words_and_works_have_ids_and_links(pages):
    for name in NAMES:
        page = text_of(pages, f"{name}/")
        for exercise in re.findall(r'<h3 id="([^"]*)">Exercise', page):
            assert exercise.startswith("ex-") and f'class="headerlink" href="#{exercise}"' in page
        assert page.count('class="equation-number"') == len(re.findall(r'id="eq-[^"]*"', page))
    for address in ("reference/glossary/", "reference/bibliography/"):
        page = text_of(pages, address)
        terms = len(re.findall(r"<dt\b", page))
        links = re.findall(r'<a class="headerlink" [^>]*href="#([^"]*)"[^>]*>&para;</a></dt>', page)
        links += re.findall(r'<a class="headerlink" [^>]*href="#([^"]*)"[^>]*>¶</a></dt>', page)
        assert len(links) == terms > 20
        assert all(f'id="{anchor}"' in page for anchor in links)


def test_a_figures_link_marks_it_and_its_words_are_one_click_away(visit):
    page = visit().open(CHAPTER)
    page.locator(".figure-link").first.click()
    assert page.evaluate("document.querySelector(':target').tagName") == "IMG"
    page.locator(".figure-words").first.click()
    page.wait_for_url("**/figures/vectors/#words-vectors-signs")
    assert "An arrow from (0, 0) to" in page.locator("article").inner_text()


# --- previews -------------------------------------------------------------------------------

CARD = ".preview:not([hidden])"


@pytest.mark.parametrize(
    ("address", "link", "words"),
    [
        (CHAPTER, "a.eqref[href='#eq-dot']", "Equation 1.1"),
        ("foundations/takeaways/", "a.eqref[href*='vectors']", "Equation 1.7"),
        (CHAPTER, "article a[href*='glossary/#vector']", "A list of numbers in a fixed order"),
        ("foundations/regularisation/", "article p a[href='#ex-early-stopping']", "Exercise 9.3"),
        ("foundations/initialisation/", "article p a[href*='#ex-positive']", "Exercise 1.6"),
        (PART, ".chapter-needs a", "Matrices"),
        ("figures/vectors/", "article a[href*='#fig-']", ""),
    ],
)
def test_a_card_shows_what_a_link_leads_to(visit, address, link, words):
    tab = visit()
    page = tab.open(address)
    page.locator(link).first.scroll_into_view_if_needed()
    page.mouse.move(1, 400)
    page.locator(link).first.hover()
    card = page.locator(CARD)
    card.wait_for()
    assert words in card.inner_text()
    if "eqref" in link:
        assert card.locator(".katex-display").evaluate(
            "(e) => e.clientWidth > 40 && e.scrollWidth <= e.clientWidth + 6"
        )
    if "#fig-" in link:
        assert card.locator("img").evaluate("async (e) => (await e.decode(), e.naturalWidth)") > 0
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0
    assert card.locator("a, [id], [tabindex], [style*=color]").count() == 0
    assert not tab.complaints and not tab.foreign


def test_a_card_can_be_reached_dismissed_and_lasts(visit):
    """WCAG 1.4.13."""
    page = visit().open(CHAPTER)
    link = page.locator("a.eqref[href='#eq-dot']").first
    link.scroll_into_view_if_needed()
    link.hover()
    card = page.locator(CARD)
    card.wait_for()
    box = card.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20, steps=5)
    page.wait_for_timeout(700)
    assert card.is_visible()
    page.keyboard.press("Escape")
    assert card.count() == 0
    link.hover()
    card.wait_for()
    page.mouse.move(5, 5)
    card.wait_for(state="detached")


def test_a_card_comes_to_the_keyboard_and_takes_nothing_from_it(visit):
    page = visit().open(CHAPTER)
    link = page.locator("a.eqref[href='#eq-dot']").first
    before = link.get_attribute("title")
    link.evaluate("(e) => { e.previousElementSibling; e.scrollIntoView({block: 'center'}); }")
    page.keyboard.press("Tab")  # from now on focus is the keyboard's
    link.focus()
    card = page.locator(CARD)
    card.wait_for()
    assert link.evaluate("(e) => e === document.activeElement")
    assert card.get_attribute("aria-hidden") == "true"  # the link leads there: said once is enough
    assert link.get_attribute("title") is None
    page.keyboard.press("Escape")
    assert card.count() == 0 and link.evaluate("(e) => e === document.activeElement")
    assert link.get_attribute("title") == before
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    card.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**#eq-dot")
    assert card.count() == 0


def test_without_a_pointer_that_hovers_nothing_is_fetched(visit):
    tab = visit("phone", has_touch=True, is_mobile=True)
    page = tab.open(CHAPTER)
    page.evaluate(
        "document.querySelector('a.eqref').dispatchEvent(new PointerEvent('pointerover',"
        " {bubbles: true, pointerType: 'touch'}))"
    )
    page.wait_for_timeout(600)
    assert not [url for url in tab.requests if "preview" in url]
    assert page.locator(".preview").count() == 0


def test_previews_are_fetched_at_the_first_link_and_are_light(visit, site):
    tab = visit()
    page = tab.open(CHAPTER)
    assert not [url for url in tab.requests if "preview" in url]
    page.locator("a.eqref").first.hover()
    page.locator(CARD).wait_for()
    asked = [url.removeprefix(tab.base) for url in tab.requests if "preview" in url]
    assert asked == ["assets/preview.js", "assets/preview.css"]  # the target is on the page itself
    assert len(gzip.compress((site / "assets/preview.js").read_bytes())) <= 3000
    for file in site.rglob("previews.json"):
        assert len(gzip.compress(file.read_bytes())) <= 20_000, file


def test_previews_work_without_a_network_on_a_page_that_was_read(visit):
    tab = visit(service_workers="allow")
    page = tab.open(CHAPTER)
    kept = """async () => {
        const names = ["preview.js", "previews.json"];
        for (let tries = 0; tries < 100; tries++) {
            const found = [];
            for (const name of await caches.keys())
                found.push(...await (await caches.open(name)).keys());
            if (names.every((name) => found.some(({url}) => url.endsWith(name)))) return true;
            await new Promise((done) => setTimeout(done, 50));
        }
        return false;
    }"""
    assert page.evaluate(kept)
    page.context.set_offline(True)
    page.locator("article a[href*='glossary/#vector']").first.hover()
    page.locator(CARD).wait_for()
    assert "A list of numbers" in page.locator(CARD).inner_text()


# --- search ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "place", "title"),
    [
        ("softmax", "forward/#softmax-scores-become-probabilities", "Softmax: scores become"),
        ("chain rule", "backpropagation/#the-chain-rule", "The chain rule"),
        ("eq:softmax", "forward/#softmax-scores-become-probabilities", "Softmax: scores become"),
        ("equation 4.2", "losses/#eq-mse-split", "Equation 4.2: mse split"),
        ("Adam", "optimisers/#adam-momentum-over-root-mean-square", "Adam: momentum over"),
        ("dead ReLU", "initialisation/#dead-units-counted", "Dead units, counted"),
        ("exercise 5.3", "backpropagation/#ex-backward-true", "Exercise 5.3: True of every"),
        ("Xavier", "initialisation/#the-way-back-and-xaviers-compromise", "The way back, and"),
        ("log-sum-exp", "glossary/#log-sum-exp", "Log-sum-exp"),
        ("cosine similarity", "vectors/#cosine-similarity", "Cosine similarity"),
        ("Kingma", "bibliography/#kingma-2015", "Diederik P. Kingma and Jimmy Ba (2015)"),
    ],
)
def test_search_finds_first_what_one_looks_for(visit, words, place, title):
    page = visit().open(f"reference/contributing/?q={quote(words)}")
    results = page.locator(".md-search-result__item")
    results.first.wait_for()
    # The page's own title is the head of its group; what was looked for comes next.
    first = results.first.locator(".md-search-result__link").nth(1)
    assert place in re.sub(r"\?h=[^#]*", "", first.get_attribute("href"))
    found = first.locator("h2").inner_text()
    assert title in found and "¶" not in found
    assert not results.locator("a[href*='/labs/'], a[href*='/figures/']").count()


# --- stamps ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_when_it_was_verified_or_that_it_was_not(name, pages):
    """Whichever is true of the build: it must be what the checks wrote down, and no more."""
    page = re.search(r'<p class="verified">(.*?)</p>', text_of(pages, f"{name}/"))[1]
    lab = re.search(r'<p class="verified">(.*?)</p>', text_of(pages, f"labs/{Path(name).name}/"))[1]
    date = re.search(r'datetime="([^"]*)"', page)
    assert bool(date) == ("Not verified in this build" not in page)
    assert bool(date) == ("Not verified in this build" not in lab)
    record = verified.read(chapters.read(DOCS / f"{name}.md", ROOT), ROOT)
    if date and record:  # a check that runs beside this one may have written since the build
        assert date[1] <= record["date"]
        assert f"All {record['blocks']} blocks" in page
        assert all(f"{what} {version}" in page for what, version in record["versions"].items())
