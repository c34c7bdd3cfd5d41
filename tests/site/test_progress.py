"""What the reader has done: counts, marks, and the page to list, export, import and erase it."""

from __future__ import annotations

import json

import pytest

from press import vendor

pytestmark = pytest.mark.browser
CHAPTER, WORK = "foundations/vectors/", "reference/progress/"
STORE = "assets/vendor/live/store.js"
DONE = {"1.1": "2026-11-24", "1.2": "2026-11-25", "10.3": "2026-11-25"}
EDIT = {"book": "ab12", "code": "print(1)\n"}
AXE = vendor.WEB / "node_modules/axe-core/axe.min.js"
TITLE = "Mathematical Foundations of Transformers"
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({value}) => value)))
    .observe({type: "layout-shift", buffered: true});
"""


def with_work(visit, *arguments, solved=None, edits=None, **settings):
    """A reader who comes back: the work is there before the page is."""
    tab = visit(*arguments, **settings)
    stored = {"book:v1:solved": DONE if solved is None else solved}
    stored |= {f"book:v1:edit:{key}": one for key, one in (edits or {}).items()}
    texts = {key: json.dumps(value) for key, value in stored.items()}
    tab.open("404.html")
    tab.page.evaluate("(all) => Object.assign(localStorage, all)", texts)
    tab.requests.clear()
    return tab


def counts(page) -> dict[str, str]:
    page.locator(".solved-count").first.wait_for(state="attached")
    return {
        link.get_attribute("href"): link.locator(".solved-count").get_attribute("data-short")
        for link in page.locator("a.md-nav__link:has(.solved-count)").all()
    }


def store(page, base: str, expression: str):
    """What a function of store.js gives, or the message of the error that it throws."""
    page.evaluate("async (url) => { window.store = await import(url) }", base + STORE)
    return page.evaluate(
        f"() => {{ try {{ return {expression} }}"
        " catch (error) { return `refused: ${error.message}` } }"
    )


def violations(page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
    assert len(found["passes"]) > 10
    return [
        f"{one['id']}: {[n['html'][:120] for n in one['nodes'][:3]]}" for one in found["violations"]
    ]


# --- marks ----------------------------------------------------------------------------------


def test_chapters_and_exercises_show_what_is_solved_and_nothing_else(visit):
    tab = with_work(visit)
    page = tab.open(CHAPTER)
    assert counts(page) == {"./": "2/6", "../takeaways/": "1/7"}
    link = page.locator("a.md-nav__link:has(.solved-count)").first
    assert "2 of 6 exercises solved" in link.inner_text()
    assert page.locator("h3:has(.solved-mark)").evaluate_all("(all) => all.map(({id}) => id)") == [
        "ex-dot-on-paper", "ex-cosine",
    ]  # fmt: skip
    assert not tab.complaints


def test_a_reader_who_has_solved_nothing_fetches_nothing_for_it(visit):
    tab = visit()
    page = tab.open(CHAPTER)
    page.wait_for_load_state("networkidle")
    assert page.locator(".solved-count, .solved-mark").count() == 0
    assert not [url for url in tab.requests if "vendor/live/" in url]


def test_a_mark_comes_when_an_exercise_is_solved_and_goes_when_all_is_erased(visit):
    tab = visit()
    page = tab.open(CHAPTER)
    store(page, tab.base, "store.solve('1.3')")
    assert counts(page) == {"./": "1/6"}
    page.locator("#ex-decompose .solved-mark").wait_for()
    store(page, tab.base, "store.solve('1.4')")
    page.locator("#ex-ranking .solved-mark").wait_for()
    assert counts(page) == {"./": "2/6"}
    store(page, tab.base, "store.erase()")
    page.locator(".solved-count, .solved-mark").first.wait_for(state="detached")
    assert page.locator(".solved-count, .solved-mark").count() == 0


def test_another_tab_of_the_book_follows(visit):
    tab = visit()
    page = tab.open(WORK)
    page.locator(".work-count").wait_for()
    other = page.context.new_page()
    other.goto(tab.base)
    store(other, tab.base, "store.solve('2.2')")
    page.locator(".work-count", has_text="1 of").wait_for()


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_nothing_moves_for_the_marks(visit, screen):
    tab = with_work(visit, screen)
    tab.page.add_init_script(SHIFTS)
    page = tab.open(CHAPTER)
    counts(page)
    page.wait_for_timeout(300)
    assert sum(page.evaluate("shifts")) < 0.02
    height = page.evaluate("document.documentElement.scrollHeight")
    page.evaluate(
        "document.querySelectorAll('.solved-mark, .solved-count').forEach((e) => e.remove())"
    )
    assert page.evaluate("document.documentElement.scrollHeight") == height


# --- the page -------------------------------------------------------------------------------


def test_the_page_lists_every_exercise_with_what_is_solved_and_when(visit, site):
    listed = json.loads((site / "assets/vendor/live/exercises.json").read_text(encoding="utf-8"))
    total = sum(len(chapter["exercises"]) for chapter in listed)
    tab = with_work(visit, edits={"foundations/vectors:3": EDIT})
    page = tab.open(WORK)
    page.locator(
        ".work-count", has_text=f"3 of {total} exercises solved; code changed in 1 block."
    ).wait_for()
    assert page.locator(".work-list li").count() == total
    assert page.locator(".work-list section").count() == len(listed)
    assert page.locator(".work-list li.solved").count() == 3
    assert "Solved on 24 November 2026" in page.locator(".work-list li").first.inner_text()
    assert (
        page.locator(".work-list section").first.inner_text().count("changed code in 1 block") == 1
    )
    assert not tab.complaints
    page.locator(".work-list li.solved a").nth(1).click()
    page.wait_for_url(f"{tab.base}{CHAPTER}#ex-cosine")


def test_without_javascript_the_page_says_what_it_would_show(visit):
    tab = visit(java_script_enabled=False)
    tab.page.goto(tab.base + WORK)
    text = tab.page.locator("article").inner_text()
    assert "stays in this browser" in text and "It needs JavaScript" in text
    assert tab.page.locator("article button").count() == 0


def test_with_storage_refused_the_page_is_there_all_the_same(visit):
    tab = visit()
    tab.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no') }})"
    )
    tab.page.goto(tab.base + WORK)
    tab.page.locator(".work-count", has_text="0 of").wait_for()
    assert tab.page.locator("[data-action=export]").is_disabled()


def test_work_goes_out_in_a_file_and_comes_back_from_it(visit, tmp_path):
    tab = with_work(visit, edits={"foundations/vectors:3": EDIT})
    page = tab.open(WORK)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "work.json"
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename.endswith(".json")
    assert json.loads(file.read_text()) == {
        "book": TITLE, "version": 1, "solved": DONE, "edits": {"foundations/vectors:3": EDIT},
    }  # fmt: skip

    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("button", name="Erase").click()
    assert page.locator(".work-list li.solved").count() == 3  # the reader thought better of it
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.get_by_role("button", name="Erase").click()
    page.locator(".work-count", has_text="0 of").wait_for()
    assert "3 solved exercises and 1 changed block" in asked[0]
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('book:'))") == []
    assert page.get_by_role("button", name="Erase").is_disabled()
    assert page.locator(".solved-count").count() == 0

    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("status").filter(
        has_text="Added 3 solved exercises and 1 changed block."
    ).wait_for()
    page.locator(".work-count", has_text="3 of").wait_for()
    assert counts(page)["../../foundations/vectors/"] == "2/6"
    assert not tab.complaints


def test_a_file_that_is_no_work_is_refused_in_words_and_changes_nothing(visit, tmp_path):
    tab = with_work(visit)
    page = tab.open(WORK)
    file = tmp_path / "a.json"
    file.write_text("PNG", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("status").filter(has_text="This file is not JSON").wait_for()
    assert page.locator(".work-list li.solved").count() == 3


@pytest.mark.parametrize(
    ("screen", "scheme"), [("desk", "light"), ("phone", "dark"), ("phone", "light")]
)
def test_axe_finds_nothing_on_the_page_of_the_work(visit, screen, scheme):
    tab = with_work(visit, screen, color_scheme=scheme, edits={"foundations/vectors:3": EDIT})
    page = tab.open(WORK)
    page.locator(".work-list li").first.wait_for()
    if screen == "phone":
        assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert violations(page) == []


def test_axe_finds_nothing_in_the_marks_of_a_chapter(visit):
    page = with_work(visit).open(CHAPTER)
    counts(page)
    assert violations(page) == []


# --- store.js -------------------------------------------------------------------------------

GOOD = {"book": TITLE, "version": 1, "solved": {}, "edits": {}}


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("", "not JSON"),
        ("[1", "not JSON"),
        ("null", "does not hold work"),
        ("[]", "does not hold work"),
        ({**GOOD, "book": "Another book"}, "does not hold work"),
        ({**GOOD, "solved": []}, "does not hold work"),
        ({**GOOD, "edits": None}, "does not hold work"),
        ({**GOOD, "version": 2}, "a later version"),
        ({**GOOD, "solved": {"1.1": "2026-11-24", "one": "2026-11-24"}}, "damaged, at “one”"),
        ({**GOOD, "solved": {"1.1": "yesterday"}}, "damaged, at “1.1”"),
        ({**GOOD, "solved": {"1.1": "2026-02-30"}}, "damaged, at “1.1”"),
        ({**GOOD, "solved": {"1.1": 20261124}}, "damaged, at “1.1”"),
        ({**GOOD, "edits": {"foundations/vectors:3": "print(1)"}}, "damaged, at “foundations"),
        ({**GOOD, "edits": {"foundations/vectors:3": {"book": "a"}}}, "damaged, at “foundations"),
        ({**GOOD, "edits": {"../../evil": EDIT}}, "damaged, at “../../evil”"),
        (json.dumps({**GOOD, "solved": {"__proto__": "2026-11-24"}}), "damaged, at “__proto__”"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_and_nothing_changes(visit, file, told):
    tab = with_work(visit)
    page = tab.open("404.html")
    text = file if isinstance(file, str) else json.dumps(file)
    answer = store(page, tab.base, f"store.imported({json.dumps(text)})")
    assert (
        str(answer).startswith("refused: ") and told in answer and "Nothing was changed" in answer
    )
    assert store(page, tab.base, "store.solved()") == DONE
    assert store(page, tab.base, "store.edits()") == {}


def test_import_adds_and_takes_nothing_away(visit):
    here = {"foundations/vectors:3": EDIT, "foundations/vectors:1.2": EDIT}
    tab = with_work(visit, edits=here)
    page = tab.open("404.html")
    other = {"book": "cd", "code": "print(2)\n"}
    file = {
        **GOOD,
        "solved": {"1.1": "2026-11-01", "1.2": "2026-12-31", "2.2": "2026-11-02"},
        "edits": {**here, "foundations/vectors:3": other, "foundations/losses:0": other},
    }  # fmt: skip
    added = store(page, tab.base, f"store.imported({json.dumps(json.dumps(file))})")
    assert added == {"solved": 1, "edits": 1, "left": 1}
    assert store(page, tab.base, "store.solved()") == {
        **DONE, "1.1": "2026-11-01", "2.2": "2026-11-02",  # the earlier day stays
    }  # fmt: skip
    assert store(page, tab.base, "store.edits()") == {**here, "foundations/losses:0": other}


def test_import_where_nothing_can_be_kept_says_so_and_leaves_all_as_it_was(visit):
    tab = with_work(visit)
    page = tab.open("404.html")
    large = {"book": "cd", "code": "x" * 6_000_000}
    file = {
        **GOOD,
        "solved": {"2.2": "2026-11-02"},
        "edits": {"a/b:1": EDIT, "foundations/losses:0": large},
    }
    answer = store(page, tab.base, f"store.imported({json.dumps(json.dumps(file))})")
    assert "no room" in answer
    assert store(page, tab.base, "store.solved()") == DONE
    assert store(page, tab.base, "store.edits()") == {}


def test_the_day_of_the_first_solution_stays_and_an_edit_that_is_the_books_goes(visit):
    tab = with_work(visit)
    page = tab.open("404.html")
    store(page, tab.base, "store.solve('1.1', '2027-01-01')")
    assert store(page, tab.base, "store.solved()") == DONE
    store(page, tab.base, "store.keep('a/b', '3', 'book', 'mine')")
    assert list(store(page, tab.base, "store.edits()")) == ["a/b:3"]
    store(page, tab.base, "store.keep('a/b', '3', 'book', 'book')")
    assert store(page, tab.base, "store.edits()") == {}


def test_erasing_takes_the_books_work_and_nothing_of_others(visit):
    tab = with_work(visit, edits={"foundations/vectors:3": EDIT})
    page = tab.open("404.html")
    page.evaluate("localStorage.setItem('another', 'program')")
    before = page.evaluate("Object.keys(localStorage).length")
    store(page, tab.base, "store.erase()")
    assert page.evaluate("localStorage.getItem('another')") == "program"
    assert page.evaluate("Object.keys(localStorage).length") == before - 2


@pytest.mark.parametrize("rubbish", ["", "5", "null", "[1]", '{"1.1": 7, "x": "2026-11-24"}', "{"])
def test_what_is_not_ours_in_the_storage_harms_nothing(visit, rubbish):
    tab = visit()
    page = tab.open("404.html")
    page.evaluate("(text) => localStorage.setItem('book:v1:solved', text)", rubbish)
    assert store(page, tab.base, "store.solved()") == {}
    tab.complaints.clear()
    tab.open(WORK)
    page.locator(".work-count", has_text="0 of").wait_for()
    assert not tab.complaints
