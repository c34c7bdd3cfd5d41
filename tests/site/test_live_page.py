"""Run, Stop, Edit, Reset and Check as a reader's hands find them, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
CHAPTER = "foundations/vectors/"
LONG = 120_000  # milliseconds: the first press loads Python


@pytest.fixture
def page(visit):
    tab = visit()
    opened = tab.open(CHAPTER)
    opened.set_default_timeout(LONG)
    opened.tab = tab
    return opened


def block(page, number: int):
    return page.locator(f'[data-live="{number}"]')


def output(page, number: int) -> str:
    return page.locator(f'[data-live="{number}"] + .language-output code').inner_text().strip()


def press(at, name: str) -> None:
    at.get_by_role("button", name=name, exact=True).click()


def wait(at, words: str) -> None:
    at.locator("[role=status]", has_text=words).wait_for(timeout=LONG)


def write(page, at, code: str) -> None:
    if not at.locator(".cm-content").count():
        press(at, "Edit")
    at.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def test_nothing_of_python_is_fetched_before_the_first_press(page):
    page.wait_for_load_state("networkidle")
    early = [url for url in page.tab.requests if "pyodide" in url or "vendor/live" in url]
    assert early == []
    assert block(page, 1).get_by_role("button", name="Run", exact=True).is_visible()


def test_a_run_an_edit_an_error_and_the_way_back(page):
    at = block(page, 1)
    book = output(page, 1)
    press(at, "Run")
    page.locator('[data-live="1"] + .language-output[data-mine]').wait_for()
    assert output(page, 1) == book

    write(page, at, 'print("mine:", np.arange(3) + 1)')
    press(at, "Run")
    page.get_by_text("mine: [1 2 3]").wait_for()
    write(page, at, "x = 1\nprint(x / 0)")
    press(at, "Run")
    page.get_by_text("Line 2: ZeroDivisionError: division by zero").wait_for()

    page.reload()
    page.get_by_text("Your text from the last visit").wait_for()
    assert "print(x / 0)" in at.locator("pre > code").inner_text()
    page.once("dialog", lambda dialog: dialog.accept())
    press(at, "Reset")
    wait(at, "As in the book")
    assert "v1 has" in at.locator("pre > code").inner_text()
    assert output(page, 1) == book
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.includes(':edit:'))") == []


def test_an_endless_loop_is_stopped_and_the_page_runs_on(page):
    at = block(page, 1)
    write(page, at, "while True:\n    pass")
    press(at, "Run")
    wait(at, "Running")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")  # the page lives
    press(at, "Stop")
    wait(at, "Stopped")
    write(page, at, "print(6 * 7)")
    press(at, "Run")
    page.locator('[data-live="1"] + .language-output code', has_text="42").wait_for()


def test_an_exercise_by_keyboard_alone(page):
    starter = page.locator('[data-exercise="1.2"][data-role=starter]')
    starter.get_by_role("button", name="Edit", exact=True).focus()
    page.keyboard.press("Enter")
    starter.locator(".cm-content:focus").wait_for()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("def cosine(a, b):\n    return a @ b / norm(a)")
    page.keyboard.press("Control+Enter")
    verdict = page.locator('[data-exercise="1.2"] + .live-verdict')
    verdict.get_by_text("Not yet.").wait_for()
    assert "divide" in verdict.inner_text()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("def cosine(a, b):\n    return a @ b / (norm(a) * norm(b))")
    page.keyboard.press("Control+Enter")
    verdict.get_by_text("Solved.").wait_for()
    assert verdict.get_attribute("role") == "status"
    page.keyboard.press("Tab")  # Tab leaves the editor
    assert page.evaluate("!document.activeElement.closest('.cm-editor')")
    assert page.evaluate("localStorage.getItem('book:v1:solved')").startswith('{"1.2":')


def test_a_figure_is_drawn_in_the_page_and_keeps_its_words(page):
    number = page.evaluate(
        """() => [...document.querySelectorAll("[data-live]")]
            .findIndex((b) => b.textContent.includes("plt.show()"))"""
    )
    image = page.locator(f'[data-live="{number}"] + p > img')
    words = image.get_attribute("alt")
    press(block(page, number), "Run")
    page.locator(f'[data-live="{number}"] + p > img[src^="blob:"]').wait_for()
    assert image.get_attribute("alt") == words
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100


def test_hints_open_one_at_a_time(page):
    first, second = (page.locator("details.hint").nth(at) for at in (0, 1))
    assert first.is_visible() and not second.is_visible()
    first.locator("summary").click()
    assert second.is_visible()


def test_on_a_phone_buttons_editor_and_verdict_fit_the_screen(visit):
    tab = visit("phone")
    page = tab.open(CHAPTER)
    page.set_default_timeout(LONG)
    starter = page.locator("[data-role=starter]").first
    write(page, starter, "p_dot_q = 2  # " + "a long line " * 20)
    press(starter, "Check")
    page.locator(".live-verdict").first.wait_for()
    at = block(page, 1)
    press(at, "Run")
    page.locator('[data-live="1"] + .language-output[data-mine]').wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator(".live-bar button:visible").all()[:8]:
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert starter.locator(".cm-editor").bounding_box()["width"] <= 390
    assert not tab.complaints


def test_a_block_that_needs_pytorch_says_so(page):
    still = page.locator("[data-live][data-still]").first
    still.scroll_into_view_if_needed()  # what is far away is not drawn yet, and has no inner text
    expect(still).to_contain_text("needs PyTorch", use_inner_text=True)
    assert still.get_by_role("button", name="Run", exact=True).count() == 0
