"""Everyone can read the book, by keyboard, screen reader or weak eyes, as far as tests tell."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from press import vendor

pytestmark = pytest.mark.browser
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
AXE = vendor.WEB / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems[:40]), pytrace=False)


# --- axe ------------------------------------------------------------------------------------

KINDS = (
    "", "404.html", "foundations/", "reference/progress/", "reference/notation/",
    "reference/glossary/", "reference/snippets/", "reference/bibliography/",
    "reference/contributing/",
)  # fmt: skip
"""One page of every kind but the large ones."""
SCREENS_AND_SCHEMES = [(screen, s) for screen in ("desk", "phone") for s in ("default", "slate")]


def violations(page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))  # as a script in the page, its policy refuses it
    page.evaluate(  # what is far away is drawn and judged as well
        """async () => {
            for (const e of document.querySelectorAll(".stretch"))
                e.style.contentVisibility = "visible";
            for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
        }"""
    )
    found = page.evaluate(
        """(tags) => axe.run(document, {
            runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], preload: false,
        })""",
        WCAG,
    )
    assert len(found["passes"]) > 10
    return [
        f"{violation['id']}: {violation['help']}; {len(violation['nodes'])} times:"
        f" {[node['html'][:120] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
    ]


def look(visit, screen: str, scheme: str):
    """Without motion, or axe would see colours that are just fading in."""
    scheme = "light" if scheme == "default" else "dark"
    return visit(screen, color_scheme=scheme, reduced_motion="reduce")


ONCE = [SCREENS_AND_SCHEMES[0], SCREENS_AND_SCHEMES[3]]
"""Every width and every scheme, but not every pair: for more of what is large."""


@pytest.mark.parametrize(
    ("addresses", "screen", "scheme"),
    [
        pytest.param(addresses, *both, id="-".join([name, *both]))
        for name, addresses, pairs in (
            ("kinds", KINDS, SCREENS_AND_SCHEMES),
            ("chapter", (CHAPTER,), SCREENS_AND_SCHEMES),
            ("lab", (LAB,), SCREENS_AND_SCHEMES),
            (
                "large",
                ("foundations/regularisation/", "reference/equation-tests/vectors/"),
                ONCE,
            ),
        )
        for both in pairs
    ],
)
def test_axe_finds_nothing_that_keeps_readers_out(visit, screen, scheme, addresses):
    tab = look(visit, screen, scheme)
    problems = []
    for address in addresses:
        page = tab.open(address)
        assert tab.scheme == scheme
        tab.unfold()
        problems += [f"/{address}: {violation}" for violation in violations(page)]
    report(problems)


@pytest.mark.parametrize(("screen", "scheme"), SCREENS_AND_SCHEMES)
def test_axe_finds_nothing_in_the_open_search_and_the_open_drawer(visit, screen, scheme):
    tab = look(visit, screen, scheme)

    def searched(words: str):
        page = tab.open("reference/notation/")
        if screen == "phone":
            page.get_by_role("button", name="Search").click()
        page.locator("[data-md-component=search-query]").click()
        page.keyboard.type(words)
        return page

    page = searched("softmax")
    page.locator(".md-search-result__item > .md-search-result__link").nth(3).wait_for()
    more = page.locator(".md-search-result__more > summary")
    if more.count():
        more.first.click()
    problems = [f"the search: {violation}" for violation in violations(page)]
    page = searched("zzzzqqq")
    page.locator(".md-search-result__meta", has_text="No matching").wait_for()
    problems += [f"the search without a result: {violation}" for violation in violations(page)]
    if screen == "phone":
        page = tab.open(CHAPTER)
        page.get_by_role("button", name="Contents").click()
        page.locator(".md-sidebar--primary :focus").wait_for()
        problems += [f"the drawer: {violation}" for violation in violations(page)]
    report(problems)


def test_axe_would_tell_of_pale_text_and_a_nameless_picture(visit):
    tab = visit()
    page = tab.open("reference/glossary/")
    page.evaluate(
        """() => {
            document.querySelector("article p").style.color = "#aaa";
            document.querySelector("article").append(new Image());
        }"""
    )
    told = "\n".join(violations(page))
    assert "color-contrast" in told and "image-alt" in told


# --- keyboard -------------------------------------------------------------------------------

FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    element.reached = true;
    const shown = (e) => {
        const style = getComputedStyle(e);
        const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
        const colour = style.outlineColor.match(/[0-9.]+/g) ?? [];
        return outlined && colour[3] !== "0";
    };
    const form = element.closest(".md-search__form");
    const option = element.matches(".md-option") ? element.nextElementSibling : null;
    const focus = shown(element) || (option && shown(option))
        || (form && (getComputedStyle(form).boxShadow !== "none" || shown(form)));
    const target = option ?? element;
    const boxes = [...target.getClientRects()];
    const inside = boxes.map((box) => {
        const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
        const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
        return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top];
    }).filter(([, , width, height]) => width > 0 && height > 0);
    const seen = inside.some(([x, y]) => {
        const top = document.elementFromPoint(x, y);
        return top && (target.contains(top) || top.contains(target));
    });
    const header = document.querySelector(".md-header");
    const own = header.contains(target) || target.matches(".md-skip");
    const highest = Math.min(...boxes.map((box) => box.top));
    const under = !own && highest < header.getBoundingClientRect().bottom - 1;
    return {
        what: element.outerHTML.slice(0, 110).replace(/\\s+/g, " "), tag: element.tagName,
        classes: element.className, focus: Boolean(focus), seen, under,
    };
}"""
MISSED = """() => [...document.querySelectorAll(
    "a[href], button, summary, input, select, textarea, [tabindex]")]
    .filter((e) => !e.reached && e.tabIndex >= 0 && !e.disabled && e.getClientRects().length
        && e.checkVisibility({visibilityProperty: true, contentVisibilityAuto: false})
        && !(e.type === "radio" && document.querySelector(`[name="${e.name}"]:checked`) !== e)
        && !e.matches(".md-toggle"))
    .map((e) => e.outerHTML.slice(0, 110).replace(/\\s+/g, " "))"""


IDLE = """
window.requestIdleCallback = (then) => { window.free ? setTimeout(then) : window.waits = then; };
"""
"""No moment is idle until the test says so."""
NO_TIME_PASSES = """
const timer = window.setTimeout;
window.setTimeout = (then, wait, ...more) => wait >= 5000 ? 0 : timer(then, wait, ...more);
"""
"""Nothing begins only because a reader stays."""


def walk(page, limit: int = 1500) -> tuple[list[dict], list[str]]:
    """Presses Tab from the top to the end, opening every fold on the way with Enter."""
    stops, problems = [], []
    for _ in range(limit):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        if not (stop["focus"] and stop["seen"]):  # the search opens when it is focused: a moment
            page.wait_for_timeout(200)
            stop = page.evaluate(FOCUSED) or stop
        stops.append(stop)
        if not stop["focus"]:
            problems.append(f"no focus is seen on {stop['what']}")
        if not stop["seen"]:
            problems.append(f"out of sight or covered: {stop['what']}")
        if stop["under"]:
            problems.append(f"under the header: {stop['what']}")
        if stop["tag"] == "SUMMARY":
            page.keyboard.press("Enter")
            if not page.evaluate("document.activeElement.parentElement.open"):
                problems.append(f"Enter does not open {stop['what']}")
            page.wait_for_timeout(150)  # the code in it gets its buttons when it is shown
    else:
        problems.append(f"{limit} times Tab and no end")
    return stops, problems


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_the_keyboard_reaches_everything_and_its_place_is_always_seen(visit, screen):
    tab = visit(screen, reduced_motion="reduce")
    page = tab.open(CHAPTER)
    stops, problems = walk(page)
    problems += [f"not reached: {what}" for what in page.evaluate(MISSED)]
    report(problems)
    kinds = {f"{stop['tag'].lower()}.{name}" for stop in stops for name in stop["classes"].split()}
    kinds |= {stop["tag"].lower() for stop in stops}
    assert "md-skip" in stops[0]["classes"]
    assert kinds >= {
        "a.headerlink", "a.download", "a.eqref", "a.equation-test", "button.md-code__button",
        "div.equation", "input.md-option", "summary",
    }  # fmt: skip
    # What scrolls sideways and is code is reached where there is such.
    wide = page.locator("pre > code").evaluate_all(
        "(all) => all.filter((code) => code.scrollWidth > code.clientWidth).length"
    )
    assert sum(stop["tag"] == "CODE" for stop in stops) == wide
    if screen == "desk":
        assert kinds >= {"input.md-search__input", "a.md-nav__link"}
    else:
        assert wide and "button" in kinds


def test_the_first_tab_draws_the_rest_and_all_code_gets_its_button(visit):
    """Not only when it comes near: a quick Tab would be past it."""
    tab = visit("phone")
    tab.page.add_init_script(IDLE + NO_TIME_PASSES)
    page = tab.open(CHAPTER)
    bare = page.locator("article pre:has(> code):not(:has(.md-code__button))")
    assert bare.count() > 100 and not page.evaluate("window.waits")
    page.keyboard.press("Tab")
    page.wait_for_function("() => window.waits")
    draw_the_rest(tab)
    bare.first.wait_for(state="detached")
    assert page.locator("article .md-code__button").count() > 100


def test_a_place_that_is_not_seen_or_not_reached_would_be_told(visit):
    tab = visit(reduced_motion="reduce")
    page = tab.open("reference/glossary/")
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(`article a:is(a, #any):focus-visible { outline: 0 !important }
                .md-footer a { position: fixed; top: 0; z-index: 0 }`);
            document.adoptedStyleSheets.push(sheet);
        }"""
    )
    page.locator("article h1").evaluate(
        "(h1) => h1.insertAdjacentHTML('afterend', '<p inert><a href=\"#\">never</a></p>')"
    )
    told = "\n".join(walk(page)[1] + page.evaluate(MISSED))
    for problem in ("no focus is seen on <a", "under the header: <a", ">never<"):
        assert problem in told


def test_the_drawer_of_a_phone_opens_and_closes_by_keyboard(visit):
    tab = visit("phone", reduced_motion="reduce")
    page = tab.open(CHAPTER)
    links = page.locator(".md-sidebar--primary a.md-nav__link:visible")
    assert links.count() == 0
    page.get_by_role("button", name="Contents").focus()
    page.keyboard.press("Enter")
    page.locator(".md-sidebar--primary :focus").wait_for()
    assert links.count() > 5
    page.keyboard.press("Escape")
    page.locator("[aria-label=Contents]:focus").wait_for()
    assert links.count() == 0


def test_light_and_dark_change_by_keyboard(visit):
    tab = visit(color_scheme="light")
    page = tab.open()
    page.locator(".md-option:checked").focus()
    page.keyboard.press("ArrowRight")
    page.locator("body[data-md-color-scheme=slate]").wait_for()


# --- motion and colours that a reader's system asks for -------------------------------------

MOVES = """() => {
    const seconds = (list) => Math.max(...list.split(",").map(
        (time) => parseFloat(time) * (time.trim().endsWith("ms") ? 0.001 : 1)));
    const found = new Set();
    for (const element of document.querySelectorAll("*"))
        for (const part of [null, "::before", "::after"]) {
            const style = getComputedStyle(element, part);
            const moves = style.transitionProperty !== "none"
                    && seconds(style.transitionDuration) > 0.01
                || style.animationName !== "none" && seconds(style.animationDuration) > 0.01
                || !part && style.scrollBehavior === "smooth";
            if (moves) found.add(`${element.localName}.${element.className}${part ?? ""}`);
        }
    for (const animation of document.getAnimations())
        if (animation.effect.getComputedTiming().duration > 10)
            found.add(`running: ${animation.effect.target?.outerHTML.slice(0, 80)}`);
    return [...found];
}"""


def test_nothing_moves_for_readers_who_ask_for_stillness(visit):
    problems = []
    for screen in ("desk", "phone"):
        tab = visit(screen, reduced_motion="reduce")
        for address in ("", CHAPTER, LAB, "reference/progress/"):
            page = tab.open(address)
            tab.unfold()
            problems += [f"/{address}: {what}" for what in page.evaluate(MOVES)]
        if screen == "phone":
            page.get_by_role("button", name="Contents").click()
            problems += [f"the drawer: {what}" for what in page.evaluate(MOVES)]
        page = tab.open(CHAPTER)
        if screen == "phone":
            page.get_by_role("button", name="Search").click()
        page.locator("[data-md-component=search-query]").fill("norm")
        page.locator(".md-search-result__link").first.wait_for()
        problems += [f"the search: {what}" for what in page.evaluate(MOVES)]
    report(sorted(set(problems)))


def test_what_moves_would_be_told_and_moves_for_other_readers(visit):
    tab = visit(reduced_motion="no-preference")
    assert tab.open().evaluate(MOVES)


def dark_on_light(picture: bytes) -> int:
    """How many pixels of a picture stand out, 3 to 1, from its most frequent colour."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=float).reshape(-1, 3)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    part = colours / 255
    part = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    light = part @ np.array([0.2126, 0.7152, 0.0722])  # WCAG's relative luminance
    ground = light[counts.argmax()]
    ratio = (np.maximum(light, ground) + 0.05) / (np.minimum(light, ground) + 0.05)
    return int(counts[ratio >= 3].sum())


CONTROLS = {
    "": ("a.button", ".md-search__form", ".md-header__button.md-logo", ".md-footer__link",
         "label.md-header__button[for^=__palette]:visible"),
    CHAPTER: (".downloads a", ".md-code__button[data-md-type=copy]", "summary",
              ".live-bar button", ".equation-number a", "a.equation-test", "article .equation",
              "article img", "article .language-output"),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_and_figures_are_seen_in_the_few_colours_that_a_reader_set(visit, scheme):
    tab = visit(forced_colors="active", color_scheme=scheme)
    problems = []
    for address, controls in CONTROLS.items():
        page = tab.open(address)
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        for control in controls:
            one = page.locator(control).first
            one.scroll_into_view_if_needed()
            if control == "article img":
                one.evaluate("(image) => { image.loading = 'eager'; return image.decode() }")
            page.wait_for_timeout(50)
            seen = dark_on_light(one.screenshot(animations="disabled"))
            if seen < 15:
                problems.append(f"/{address}: {control} is not seen ({seen} pixels)")
    report(problems)


def test_a_control_that_vanishes_in_few_colours_would_be_told(visit):
    tab = visit(forced_colors="active", color_scheme="light")
    page = tab.open(CHAPTER)
    button = page.locator(".md-code__button[data-md-type=copy]").first
    button.scroll_into_view_if_needed()
    page.evaluate(
        """() => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(".md-code__button::after { background: Canvas !important }");
            document.adoptedStyleSheets.push(sheet);
        }"""
    )
    assert dark_on_light(button.screenshot(animations="disabled")) < 15


def test_the_keyboards_place_is_seen_in_the_few_colours_that_a_reader_set(visit):
    tab = visit(forced_colors="active", reduced_motion="reduce")
    page = tab.open("reference/notation/")
    stops, problems = walk(page)
    report(problems)
    assert len(stops) > 30
    assert "md-search__input" in {name for stop in stops for name in stop["classes"].split()}


# --- formulas -------------------------------------------------------------------------------


def draw_the_rest(tab) -> None:
    tab.page.evaluate("() => { window.free = true; waits(); }")
    tab.page.wait_for_function("() => !document.querySelector('.stretch:not(.drawn)')")
    tab.settle()


def assert_every_formula_is_heard_once(page) -> None:
    """By Chromium's own accessibility tree: MathML for each formula, nothing of KaTeX's picture."""
    drawn = page.locator("article .katex").count()
    assert drawn > 100
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = Counter(node.get("role", {}).get("value") for node in nodes if not node["ignored"])
    hidden = page.evaluate(
        "[...document.querySelectorAll('article .katex-html')]"
        ".filter((e) => e.getAttribute('aria-hidden') !== 'true').length"
    )
    in_contents = page.locator(".md-sidebar .katex").count()
    assert roles["MathMLMath"] == drawn + in_contents and hidden == 0
    names = {node["name"]["value"] for node in nodes if node.get("name", {}).get("value")}
    assert {"Equation 1.1", "Equation 1.2"} <= names


@pytest.mark.parametrize("address", [CHAPTER, LAB])
def test_a_screen_reader_gets_every_formula_once_as_mathematics(visit, address):
    """One that starts when the page has been there for a while: by then, all of it is drawn."""
    tab = visit()
    page = tab.open(address)
    tab.unfold()
    page.wait_for_function("() => !document.querySelector('.stretch:not(.drawn)')", timeout=60_000)
    tab.settle()
    assert_every_formula_is_heard_once(page)


@pytest.mark.parametrize("address", [CHAPTER, LAB])
def test_a_screen_reader_that_was_there_first_gets_what_is_not_drawn(
    visit_with_screen_reader, address
):
    tab = visit_with_screen_reader()
    tab.page.add_init_script(IDLE)
    page = tab.open(address)
    tab.unfold()
    assert page.locator(".stretch").count() > 2 and page.locator(".drawn").count() == 0
    assert_every_formula_is_heard_once(page)


@pytest.mark.parametrize("place", ["", "#exercises"])
@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_what_is_drawn_in_idle_moments_moves_nothing_that_is_read(visit, screen, place):
    tab = visit(screen)
    tab.page.add_init_script(IDLE)
    page = tab.open(CHAPTER + place)
    page.wait_for_function("() => window.waits")
    seen = """() => [...document.querySelectorAll("article :is(h2, h3, p)")]
        .map((e) => [e.textContent.slice(0, 40), e.getBoundingClientRect().top])
        .filter(([_, top]) => top > 0 && top < innerHeight)"""
    before = dict(page.evaluate(seen))
    assert before and page.locator(".drawn").count() == 0
    draw_the_rest(tab)
    assert dict(page.evaluate(seen)) == pytest.approx(before, abs=1.5)  # scrolling is by pixels


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_back_to_top_comes_when_a_reader_scrolls_up_and_not_over_what_a_link_led_to(visit, screen):
    tab = visit(screen)
    tab.page.add_init_script(IDLE)
    page = tab.open(CHAPTER + "#exercises")
    seen = page.locator(".md-top:not([hidden])")
    page.wait_for_timeout(500)  # Material thinks for 250 ms
    assert seen.count() == 0
    before = page.evaluate("scrollY")
    page.wait_for_function("() => window.waits")
    draw_the_rest(tab)
    page.wait_for_timeout(500)
    assert seen.count() == 0 and page.evaluate("scrollY") < before - 100
    page.mouse.move(page.viewport_size["width"] / 2, 300)
    page.mouse.wheel(0, -200)
    seen.wait_for()
    page.mouse.wheel(0, 200)
    seen.wait_for(state="hidden")


def test_a_formula_that_scrolls_on_a_phone_is_reached_by_keyboard(visit):
    tab = visit("phone")
    problems, scrolling = [], 0
    for address in (CHAPTER, "foundations/backpropagation/", LAB):
        page = tab.open(address)
        tab.unfold()
        for tabbed, what in page.evaluate(
            """[...document.querySelectorAll(
                    "article .katex, article .equation, article .katex-display")]
                .filter((e) => e.scrollWidth > e.clientWidth + 1
                    && /auto|scroll/.test(getComputedStyle(e).overflowX))
                .map((e) => [e.closest("[tabindex='0'], pre, .md-typeset__scrollwrap") !== null,
                    e.textContent.slice(0, 60)])"""
        ):
            scrolling += 1
            if not tabbed:
                problems.append(f"/{address}: {what}")
    report(problems)
    assert scrolling > 3
