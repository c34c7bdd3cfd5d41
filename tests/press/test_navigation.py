"""The map of a part, what chapters build on, ids of figures and words: on small books."""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from itertools import pairwise

import pytest
from small_books import ROOT, block

from press import chapter, links, navigation, render, spine

CHAPTER = """---
title: {title}
description: One of a few.
chapter: {number}
part: foundations
builds_on: {needs}
minutes: 5
---

# {title}

"""
OVERVIEW = """# Overview

<!-- map of the chapters: foundations -->

## The chapters

### [1. Sums](one.md)

Adding.

### [2. Products](two.md)

### [3. Powers](three.md)
"""


def write(book, number: int, title: str, needs: list, name: str, body: str = "") -> None:
    text = CHAPTER.format(title=title, number=number, needs=needs)
    book.write(text + body, f"docs/foundations/{name}.md")


@pytest.fixture
def small(book):
    write(book, 1, "Sums", [], "one")
    write(book, 2, "Products", [1], "two")
    write(book, 3, "Powers", [1, 2], "three")
    return book


def facts(**needs: list[int]) -> list[navigation.Facts]:
    """Chapters c1, c2, … and what each builds on."""
    return [
        navigation.Facts(f"part/{name}.md", name, int(name[1:]), "part", tuple(own))
        for name, own in needs.items()
    ]


# --- the map --------------------------------------------------------------------------------


def html_of(book, text: str = OVERVIEW) -> str:
    """The overview as it is rendered where nobody tells the page's name: links from the top."""
    return render.to_html(text, book.root)


def test_the_map_is_drawn_from_the_chapters_front_matter(small):
    page = html_of(small)
    assert re.findall(r'<a href="foundations/(\w+)\.md"><rect', page) == ["one", "two", "three"]
    assert page.count("<path d=") == 2  # 1 → 2 → 3; 1 → 3 follows from these
    assert "press-map" not in page and "<!-- map" not in page


def test_the_map_follows_the_front_matter(small):
    small.change("builds_on: [1, 2]", "builds_on: [1]", "docs/foundations/three.md")
    page = html_of(small)
    tops = dict(re.findall(r'(one|two|three)\.md"><rect [^>]*y="([\d.]+)"', page))
    assert tops["two"] == tops["three"] != tops["one"]
    write(small, 4, "Roots & more", [3], "four")
    assert "4. Roots &amp; more" in html_of(small)


def test_a_mark_that_a_page_merely_shows_is_no_map(small):
    shown = "```text\n<!-- map of the chapters: foundations -->\n```\n"
    assert "<svg" not in html_of(small, shown)


def test_arrows_that_follow_from_others_are_left_out():
    needs = {1: set(), 2: {1}, 3: {1, 2}, 4: {2}, 5: {1, 3, 4}}
    assert navigation.reduced(needs) == {1: set(), 2: {1}, 3: {2}, 4: {2}, 5: {3, 4}}


@pytest.mark.parametrize(
    "needs",
    [
        {"c1": []},
        {"c1": [], "c2": [], "c3": []},
        {"c1": [], "c2": [1], "c3": [1], "c4": [1], "c5": [3], "c6": [2, 4, 5]},
        {"c1": [], "c2": [1], "c3": [2], "c4": [3], "c5": [1], "c6": [4, 5]},
    ],
)
def test_boxes_do_not_touch_and_stand_below_what_they_build_on(needs):
    rows, arrows = navigation.layout(facts(**needs))
    boxes = {s.number: s for row in rows for s in row if s.is_box}
    assert len(boxes) == len(needs)
    for number, own in arrows.items():
        for one in own:
            assert boxes[one].y + boxes[one].height < boxes[number].y
    for row in rows:
        for a, b in pairwise(row):  # an arrow that passes has its own place
            assert a.x + a.width / 2 <= b.x - b.width / 2
    svg = navigation.draw(facts(**needs), "Map")
    assert len(svg.findall("a")) == len(needs)
    assert len(svg.findall("g/path")) == sum(map(len, arrows.values()))
    assert not any(element.get("style") for element in svg.iter())  # the policy refuses it


def test_titles_are_broken_between_words():
    assert navigation.wrapped("6. Gradient flow and initialisation", 14) == (
        "6. Gradient", "flow and", "initialisation",
    )  # fmt: skip
    assert navigation.wrapped("9. Regularisation", 5) == ("9. Regularisation",)


def test_no_letters_of_the_real_map_leave_their_box():
    for row in navigation.layout(navigation.chapters(ROOT / "docs"))[0]:
        for slot in row:
            assert all(len(line) * 6 <= slot.width - 6 for line in slot.lines), slot


# --- builds on ------------------------------------------------------------------------------


def needs_of(book, number: int) -> str:
    every = navigation.chapters(book.root / "docs")
    page = type("Page", (), {"docs_dir": book.root / "docs", "name": "foundations/index.md"})
    maps = navigation.Maps(None, page)
    return etree.tostring(maps.needs(every[number - 1], every), encoding="unicode")


def test_the_overview_says_both_ways_what_builds_on_what(small):
    said = needs_of(small, 2)
    assert re.sub("<[^>]*>", "", said) == "Builds on 1 Used by 3"
    assert 'href="one.md"' in said and 'href="three.md"' in said
    assert re.sub("<[^>]*>", "", needs_of(small, 1)) == "Builds on no earlier chapter Used by 2, 3"
    assert re.sub("<[^>]*>", "", needs_of(small, 3)) == "Builds on 1, 2"


def test_code_of_a_chapter_that_is_not_named_is_seen(small):
    small.write("# --8<-- [start:a]\na = 1\n# --8<-- [end:a]\n", "src/foundations/one.py")
    body = '```python\n--8<-- "src/foundations/one.py:a"\n```\n'

    path = small.root / "docs/foundations/three.md"

    def told(needs: list[int]) -> list[str]:
        write(small, 3, "Powers", needs, "three", body)
        found = spine.problems(chapter.read(path, small.root), small.root)
        return [str(problem) for problem in found if "uses code of" in problem.what]

    assert not told([1, 2])
    (problem,) = told([2])
    assert problem.startswith("docs/foundations/three.md:13: the chapter uses code of chapter 1")
    assert "expected: builds_on: [1, 2]" in problem
    small.write("from foundations.two import b\n", "src/foundations/three.py")
    (problem,) = told([1])
    assert problem.startswith("docs/foundations/three.md:1: the chapter uses code of chapter 2")


OPENED = "<p><span>Builds on chapter 1, 2</span></p>"
FOOTER = (
    '<h1 id="x">Part I<a class="headerlink" href="#x">&para;</a></h1>'
    '<a href="{}" class="md-footer__link md-footer__link--prev" aria-label="Previous: Overview">\n'
    '<div class="md-ellipsis">\nOverview\n</div>\n</a>'
)


def test_openings_lead_to_the_chapters_and_overviews_are_named(small):
    site = small.root / "site"
    for name in ("foundations/three", "foundations"):
        (site / name).mkdir(parents=True, exist_ok=True)
    page, overview = site / "foundations/three/index.html", site / "foundations/index.html"
    page.write_text(OPENED + FOOTER.format("../"), encoding="utf-8")
    overview.write_text(FOOTER.format("."), encoding="utf-8")
    navigation.signposts(site, small.root)
    text = page.read_text(encoding="utf-8")
    assert 'Builds on chapters <a href="../../foundations/one/" title="Sums">1</a>, <a' in text
    assert 'aria-label="Previous: Part I"' in text and "\nPart I\n</div>" in text
    assert "Overview" not in text
    assert navigation.signposts(site, small.root) == []  # again: nothing to do


# --- ids ------------------------------------------------------------------------------------

FIGURE = "![A line.](figures/page-{}.svg)\n"


def ids(book, text: str) -> list[str]:
    return re.findall(r'<img [^>]*id="([^"]*)"', render.to_html(text, book.root))


def test_a_figure_has_the_id_of_its_file_whatever_stands_above(book):
    one = block("x = 1") + "\n" + FIGURE.format("line")
    assert ids(book, one) == ["fig-page-line"]
    assert ids(book, FIGURE.format("other") + "\n" + one) == ["fig-page-other", "fig-page-line"]
    page = render.to_html(one, book.root)
    assert re.search(r'</p>\s*<p class="figure-links"><a [^>]*href="#fig-page-line"', page)


def test_images_in_a_sentence_or_from_elsewhere_have_no_links_of_figures(book):
    for text in ("Here ![a](figures/a.svg) it is.", "![a](assets/road.svg)"):
        page = render.to_html(text, book.root)
        assert "figure-links" not in page and "id=" not in page
    assert ids(book, (FIGURE.format("a") + "\n") * 2) == ["fig-page-a"]


def test_a_glossary_word_and_a_cited_work_can_be_linked_to(book):
    text = "**Norm**{ #norm }\n:   A length.\n\nJimmy Lei Ba and others (2016)\n:   *Layers.*\n"
    page = render.to_html(text, book.root)
    assert '<strong id="norm">Norm</strong><a class="headerlink" data-search-exclude' in page
    assert '<dt id="ba-2016">' in page and 'href="#ba-2016"' in page


def test_a_works_id_has_no_accents_and_is_its_own():
    two = "Atılım Güneş Baydin, Barak A. Pearlmutter (2018)"
    assert navigation.citation(two, "2018", set()) == "baydin-2018"
    assert navigation.citation("Kurt Gödel and one more (1931)", "1931", set()) == "godel-1931"
    assert navigation.citation("Ning Qian (1999)", "1999", {"qian-1999"}) == "qian-1999-2"


def test_ids_are_known_to_the_check_of_links(book):
    book.write(FIGURE.format("line"))
    book.write("", "docs/part/figures/page-line.svg")
    known = links.anchors(book.page, book.page.stat().st_mtime_ns, book.root)
    assert "fig-page-line" in known
