"""Long pages in boxes that may be drawn later, and fonts cut to what the pages show."""

import io
import re

import pytest

from press import fonts, stretches, vendor

LONG = "<p>" + "word " * 700 + "</p>\n"


def page(inner: str) -> str:
    return f'<html><body><article class="md-content__inner">{inner}</article></body></html>'


def test_what_stands_between_two_headings_of_a_long_page_becomes_one_box():
    before = page(f'<h1 id="t">T</h1>\n{LONG}<h2 id="a">A</h2>\n{LONG}<h3 id="b">B</h3>\n{LONG}')
    after = stretches.stretched(before)
    assert re.findall(r"<h\d id|<div|</div>|<p>|</article>", after) == [
        "<h1 id", "<p>", "<h2 id", "<div", "<p>", "</div>",
        "<h3 id", "<div", "<p>", "</div>", "</article>",
    ]  # fmt: skip
    assert stretches.stretched(after) == after
    assert re.sub(r'\n?<div class="stretch desk-\d+ phone-\d+">|</div>\n?', "", after) == before


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ('<h2 id="a">A</h2>\n<p>few words</p>', "little is not worth a box"),
        (f'<h2 id="summary">S</h2>\n{LONG}', "the summary's look hangs on its heading"),
        (f'<div><h2 id="a">A</h2>\n{LONG}</div>', "a heading inside of something ends no stretch"),
        (LONG, "no headings"),
    ],
)
def test_some_pages_stay_as_they_are(inner, why):
    assert stretches.stretched(page(inner)) == page(inner), why


def test_the_line_about_an_exercise_stays_with_its_heading():
    about = "<p><em>Easy · 5 minutes · code</em></p>"
    after = stretches.stretched(page(f'<h3 id="ex-a">Exercise</h3>\n{about}\n{LONG}'))
    assert f'{about}\n<div class="stretch' in after


def test_a_labs_headings_come_out_of_their_cells():
    cell = f'<div class="lab-prose">\n<h2 id="a">A</h2>{LONG}</div>\n'
    code = '<div class="highlight"><pre><code>1\n</code></pre></div>\n'
    after = stretches.stretched(page(f'\n<div class="lab">\n{cell}{code}{cell}{code}</div>\n'))
    assert after.count('<div class="lab-head"><h2 id="a">A</h2></div>') == 2
    assert after.count('<div class="stretch') == 2
    assert after.count("<div") == after.count("</div>")
    assert after.index("</h2>") < after.index('<div class="stretch') < after.index("word")


def test_a_heading_amid_a_labs_prose_ends_one_cell_and_begins_another():
    cell = f'<div class="lab-prose">\n<p>before</p><h3 id="b">B</h3>{LONG}</div>\n'
    after = stretches.stretched(page(f'\n<div class="lab">\n{cell}</div>\n'))
    assert '<p>before</p></div>\n<div class="lab-head"><h3 id="b">B</h3></div>' in after
    assert after.count('<div class="stretch') == 1
    assert after.index("</h3>") < after.index('<div class="stretch') < after.index("word")
    assert after.count("<div") == after.count("</div>")
    assert after.count('<div class="lab-prose">') == 2


def test_a_heading_inside_a_box_of_a_lab_stays_there():
    cell = f'<div class="lab-prose">\n<details><h3 id="b">B</h3>{LONG}</details></div>\n'
    before = page(f'\n<div class="lab">\n{cell}</div>\n')
    assert stretches.stretched(before) == before


@pytest.mark.parametrize(
    ("html", "desk", "phone"),
    [
        (LONG, 1090, 2400),  # 3,500 letters and a paragraph
        ("<details><summary>s</summary>" + 20 * LONG + "</details>", 60, 60),
        ("<pre>" + 100 * "x\n" + "</pre>", 2120, 2000),
        ('<img alt="" height="900">', 940, 690),
        ("<dl>" + 20 * "<dt>a</dt><dd>b</dd>" + "</dl>", 1280, 1050),
        ("<table>" + 9 * "<tr><td>" + "</table>", 340, 280),
    ],
)
def test_a_stretchs_height_is_guessed_from_what_it_shows(html, desk, phone):
    for screen, pixels in (("desk", desk), ("phone", phone)):
        guess = stretches.HEIGHTS[stretches._steps(html)[screen]]
        assert pixels <= guess <= 1.25 * max(pixels, stretches.HEIGHTS[0])


def test_what_is_taller_than_all_heights_gets_the_last_of_them():
    assert set(stretches._steps(60 * LONG).values()) == {len(stretches.HEIGHTS) - 1}


def test_the_sheet_gets_the_rules_that_the_pages_use(tmp_path):
    (tmp_path / "assets").mkdir()
    sheet = tmp_path / "assets/book.css"
    sheet.write_text("p { color: red; }\n")
    file = tmp_path / "index.html"
    file.write_text(page(f'<h2 id="a">A</h2>\n{LONG}<h2 id="b">B</h2>\n{3 * LONG}'))
    assert stretches.write(tmp_path) == [file, sheet]
    classes = set(re.findall(r"(?:desk|phone)-\d+", file.read_text()))
    assert len(classes) == 4
    text = sheet.read_text()
    assert text.startswith("p { color: red; }\n@media screen{.desk-")
    assert set(re.findall(r"\.((?:desk|phone)-\d+)\{--tall:\d+px\}", text)) == classes
    assert stretches.write(tmp_path) == [] and sheet.read_text() == text


GUESS = '<katex-html aria-hidden="true"><span>α</span>&lt;</katex-html>'


def test_letters_of_formulas_are_told_from_letters_of_text(tmp_path):
    (tmp_path / "index.html").write_text(
        f"<p>Zoë <math><mi>β</mi></math>{GUESS}</p><script>'ж'</script>", encoding="utf-8"
    )
    text, formulas = fonts.letters(tmp_path)
    assert formulas == {"α", "<"}
    assert "ë" in text and "~" in text
    assert not text & {"α", "β", "ж"}


def test_fonts_keep_what_the_pages_show_and_lose_the_rest(tmp_path):
    from fontTools.ttLib import TTFont

    vendor.install()
    site, cache = tmp_path / "site", tmp_path / "cache"
    vendor.copy_assets(site)
    (site / "index.html").write_text(f"<p>Zoë {GUESS}</p>", encoding="utf-8")
    name = "source-serif-4-latin-wght-normal.woff2"
    whole = (site / "assets/vendor/fonts" / name).read_bytes()
    changed = fonts.lighten(site, cache)
    assert len(changed) == len(list(site.rglob("*.woff2")))

    serif = TTFont(io.BytesIO((site / "assets/vendor/fonts" / name).read_bytes()))
    before = TTFont(io.BytesIO(whole))
    assert set(serif.getBestCmap()) == set(before.getBestCmap()) & (
        {ord(c) for c in fonts.ALWAYS} | {ord("ë")}
    )
    (axis,) = serif["fvar"].axes
    assert (axis.axisTag, axis.minValue, axis.maxValue) == ("wght", *fonts.WEIGHTS)
    assert "Source" not in serif["name"].getDebugName(1)
    assert serif["name"].getDebugName(13) == before["name"].getDebugName(13)
    for glyph in ("Z", "a"):
        assert serif["hmtx"][glyph] == before["hmtx"][glyph]

    maths = TTFont(site / "assets/vendor/katex/fonts/KaTeX_Main-Regular.woff2")
    assert {ord("<")} <= set(maths.getBestCmap()) <= {ord("<"), ord(">")}  # its mirror stays
    assert fonts.lighten(site, cache) == []  # what is light already stays
