"""Everyone can read the book, by keyboard, screen reader or weak eyes, as far as tests tell."""

from __future__ import annotations

import pytest

from press import vendor

pytestmark = pytest.mark.browser
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
AXE = vendor.WEB / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems[:40]), pytrace=False)


# --- axe ------------------------------------------------------------------------------------

SMALL = ("", "reference/glossary/", "reference/snippets/")
LARGE = (CHAPTER, LAB, "reference/equation-tests/")


def violations(page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))  # as a script in the page, its policy refuses it
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


@pytest.mark.parametrize(
    ("screen", "scheme", "addresses"),
    [  # every width and every scheme for all; every pair of them where that takes no time
        ("desk", "default", SMALL + LARGE),
        ("phone", "slate", SMALL + LARGE),
        ("desk", "slate", SMALL),
        ("phone", "default", SMALL),
    ],
)
def test_axe_finds_nothing_that_keeps_readers_out(visit, screen, scheme, addresses):
    tab = visit(screen, color_scheme="light" if scheme == "default" else "dark")
    problems = []
    for address in addresses:
        page = tab.open(address)
        assert tab.scheme == scheme
        tab.unfold()
        problems += [f"/{address}: {violation}" for violation in violations(page)]
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
        || (form && getComputedStyle(form).boxShadow !== "none");
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
