"""The site as a whole: what is made before a build, the build, and the pass after it."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import lab_sample
import pytest
import yaml

from press import finish, site

ROOT = Path(__file__).parents[2]
LAB = "labs/doubling/index.html"
CHAPTER = "foundations/doubling/index.html"
TITLED = '<div class="language-python highlight{}"><span class="filename">{}</span>'


def build(root: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "press", "site"],
        cwd=root, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    root = lab_sample.make(tmp_path_factory.mktemp("book"))
    ran = build(root)
    assert ran.returncode == 0, ran.stderr
    said = r"site/ is built: \d+ pages in [\d.]+ s\nsite/downloads/\S+-offline\.zip: .* MB\n"
    assert re.fullmatch(said, ran.stdout)
    assert "WARNING" not in ran.stderr
    return root


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("[a](doubling.md#no-such-place)", "no-such-place"),
        ("[a](#no-such-place)", "no-such-place"),
        ("[a](no-such-page.md)", "no-such-page.md"),
        ("[a](/foundations/no-such-page.md)", "no-such-page.md"),
        ("[a](no-such-folder/)", "no-such-folder/"),
        ("![a](figures/no-such-figure.svg)", "no-such-figure.svg"),
    ],
)
def test_a_link_that_leads_nowhere_stops_the_build(tmp_path, link, told):
    """With what the book's own settings say of links, and nothing but MkDocs to see it."""
    own = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), yaml.BaseLoader)
    settings = {
        "site_name": "Small", "plugins": [], "validation": own["validation"],
        "markdown_extensions": ["toc"],
    }  # fmt: skip
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    pages = tmp_path / "docs/foundations"
    pages.mkdir(parents=True)
    (tmp_path / "docs/index.md").write_text("# Home\n", encoding="utf-8")
    (pages / "doubling.md").write_text("# Doubling\n\n## Here\n", encoding="utf-8")

    def ran(text: str) -> subprocess.CompletedProcess:
        (pages / "other.md").write_text(f"# Other\n\n{text}\n", encoding="utf-8")
        return subprocess.run(  # not --quiet, under which --strict counts no warning
            [sys.executable, "-m", "mkdocs", "build", "--strict"],
            cwd=tmp_path, capture_output=True, text=True, encoding="utf-8",
        )  # fmt: skip

    assert ran("[a](doubling.md#here)").returncode == 0
    broken = ran(link)
    assert broken.returncode != 0 and told in broken.stderr


def page(root: Path, name: str) -> str:
    return (root / "site" / name).read_text(encoding="utf-8")


def all_pages(root: Path) -> list[Path]:
    return list((root / "site").rglob("*.html"))


def test_materials_script_is_the_one_that_the_press_knows(built):
    (bundle,) = (built / "site").glob(finish.BUNDLE)
    script = bundle.read_text(encoding="utf-8")
    assert all(after in script for _, after in finish.LATER)


def test_the_build_brings_chapter_lab_and_downloads(built):
    for name in (LAB, CHAPTER, "downloads/doubling.ipynb", "downloads/doubling.py"):
        assert (built / "site" / name).is_file()
    assert 'href="../../labs/doubling/"' in page(built, CHAPTER)


def test_a_picture_of_a_chapter_says_its_size():
    made = finish.with_sizes(
        '<img src="p.svg"><article><img alt="a" src="p.svg" /><img src="p.svg"><img src="q.svg">'
        '<img width="3" src="p.svg"></article>', ROOT / "docs/assets/x.html"
    )  # fmt: skip
    assert made.count("width") == 1  # there is no such file
    made = finish.with_sizes(
        '<img src="a.svg"><article><img alt="a" src="vectors-signs.svg" /><img src='
        '"vectors-signs.svg"></article>', ROOT / "docs/foundations/figures/x.html",
    )  # fmt: skip
    first, second = re.findall(r'<img width="480" height="\d+"([^>]*)>', made)
    assert "lazy" not in first and ' loading="lazy"' in second


def test_less_is_done_at_once_and_another_script_of_material_stays():
    befores = [before for before, _ in finish.LATER]
    made = finish.with_less_at_once("|".join(befores))
    assert made == "|".join(after for _, after in finish.LATER)
    assert finish.with_less_at_once("|".join(befores[1:])) == "|".join(befores[1:])


def test_a_lab_is_light_and_asks_no_other_host(built):
    text = page(built, LAB)
    assert len(gzip.compress(text.encode())) < 20_000
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//(?!example\.org)""", text)
    assert "<style" not in text.split("<article")[1]
    assert "<script" not in text.split("<article")[1].split("</article>")[0]
    for word in ("MathJax", "require.js", "jupyter-wrapper", "mermaid"):
        assert word not in text
    assert 'href="../../assets/book.css"' in text


def test_a_lab_is_built_of_the_same_parts_as_a_chapter(built):
    text = page(built, LAB)
    assert 'class="katex' in text and "\\tag" not in text and "$y" not in text
    assert '<span class="equation-number">(7.1)</span>' in text
    assert text.count('<span class="filename">Starter</span>') == 2
    assert text.count('<span class="filename">Check</span>') == 2
    assert '<div class="language-python highlight raises"' in text
    assert '<details class="hint">' in text
    figure = re.search(r'<img src="\.\./\.\./([^"]+)" alt="A line that rises from 0 to 2"', text)
    assert (built / "site" / figure[1]).is_file()
    assert 'href="../../foundations/doubling/">The chapter</a>' in text


def test_a_lab_is_not_taken_for_its_chapter(built):
    assert "<title>Lab: Doubling" in page(built, LAB)
    assert "<title>Doubling" in page(built, CHAPTER)


def test_links_within_a_lab_arrive(built):
    text = page(built, LAB)
    ids = set(re.findall(r'id="([^"]+)"', text))
    assert {target for target in re.findall(r'href="#([^"]+)"', text)} <= ids


def test_search_finds_the_chapter_and_not_its_lab(built):
    index = (built / "site/search/search_index.json").read_text(encoding="utf-8")
    assert "foundations/doubling/" in index and '"labs/' not in index


def test_comments_are_gone_and_failures_are_marked(built):
    for path in all_pages(built):
        assert "<!--" not in path.read_text(encoding="utf-8")
    assert '<div class="language-python highlight raises"' in page(built, CHAPTER)
    assert '<div class="language-python highlight not-run"' in page(built, CHAPTER)


def test_every_page_has_one_sheet_with_all_that_it_needs(built):
    for path in all_pages(built):
        text = path.read_text(encoding="utf-8")
        sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)">', text)
        assert len(sheets) == 1 and sheets[0].endswith("assets/book.css")
    sheet = (built / "site/assets/book.css").read_text(encoding="utf-8")
    places = [sheet.index(rule) for rule in (".md-grid", ".katex{", ".stretch", ".lab ")]
    assert places == sorted(places)  # Material's, KaTeX's, the book's, the labs'
    urls = [url for url in re.findall(r"url\([\"']?([^\"')]+)", sheet) if url[:5] != "data:"]
    assert {Path(url).suffix for url in urls if url[0] != "#"} == {".woff2"}
    for url in urls:
        assert url[0] == "#" or (built / "site/assets" / url).is_file()
    assert not list((built / "site/assets/stylesheets").glob("*.css"))


def test_the_pass_changes_nothing_the_second_time(built):
    assert finish.finish(built / "site", built / ".cache/labs") == []


def test_preparing_again_writes_nothing(built):
    assert site.prepare(built) == []


def test_a_failed_build_leaves_the_old_site_and_says_why(tmp_path):
    root = lab_sample.make(tmp_path)
    (root / "site").mkdir()
    (root / "site/index.html").write_text("the old site", encoding="utf-8")
    chapter = root / "docs/foundations/doubling.md"
    text = chapter.read_text(encoding="utf-8")
    for old, new, said in (
        ("y = 2x", "y = \\frac{2", "docs/foundations/doubling.md:23: "),
        (':double"\n```', ':halve"\n```', "src/foundations/sums.py has no region 'halve'"),
        ("../reference/glossary.md#number", "../reference/glossary.md#digit", "#digit"),
    ):
        assert old in text
        chapter.write_text(text.replace(old, new, 1), encoding="utf-8")
        ran = build(root)
        assert ran.returncode == 1
        assert said in ran.stderr, ran.stderr
        assert "Traceback" not in ran.stderr
        assert (root / "site/index.html").read_text(encoding="utf-8") == "the old site"
        assert not [path for path in (root / ".cache").glob("site*")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TITLED.format("", "Raises KeyError"), TITLED.format(" raises", "Raises KeyError")),
        (TITLED.format("", "Not run: an hour"), TITLED.format(" not-run", "Not run: an hour")),
        (TITLED.format("", "Raised beds"), TITLED.format("", "Raised beds")),
        ("<p>a</p>\n<!-- says: f'{1}' -->\n<p>b</p>", "<p>a</p>\n<p>b</p>"),
        ("a<!-- two\nlines -->b", "ab"),
        ("<!--[if IE]>x<![endif]-->", "<!--[if IE]>x<![endif]-->"),
        ("<script>s = '<!-- kept -->'</script>", "<script>s = '<!-- kept -->'</script>"),
        ("<code>&lt;!-- kept --&gt;</code>", "<code>&lt;!-- kept --&gt;</code>"),
        ('<link rel="stylesheet" href="../assets/vendor/katex/katex.min.css">\n<p>', "<p>"),
        (
            '<link rel="stylesheet" href="katex.min.css"><span class="katex">',
            '<link rel="stylesheet" href="katex.min.css"><span class="katex">',
        ),
    ],
)
def test_a_finished_page(before, after):
    assert finish.finished(before) == after
    assert finish.finished(after) == after


def test_a_sheet_gets_lighter_and_says_the_same():
    css = '/* one\n*/\na { b: c; /* d */\n  e: url("data:x, y;  z") }\n\n'
    css += "@media print {\n  f\n  g { }\n}\n"
    light = finish.lighter_sheet(css)
    assert light == 'a { b: c;e: url("data:x, y;  z") }@media print {f g { }}\n'
    assert finish.lighter_sheet(light) == light


FORMULA = (
    '<katex-html class="katex-html"><span class="mspace" style="margin-right:0.2em;"></span>'
    '<span style="top:-1em;"></span></katex-html>'
)


def test_formulas_share_their_styles_as_classes_at_the_end_of_katex_own_sheet(tmp_path):
    sheet = tmp_path / "katex.min.css"
    sheet.write_text(".katex{font:normal}", encoding="utf-8")
    pages = {tmp_path / "a": FORMULA * 2, tmp_path / "b": f'<p style="color:red">{FORMULA}</p>'}
    finish.share_styles(pages, sheet)
    assert 'class="mspace k0"></span><span class="k1">' in pages[tmp_path / "a"]
    assert pages[tmp_path / "b"].count("style=") == 1  # not a formula's: left alone
    css = sheet.read_text(encoding="utf-8")
    assert css.startswith(".katex{font:normal}\n")
    assert ".katex .k0.k0{margin-right:0.2em;}.katex .k1.k1{top:-1em;}" in css
    # A page that comes later gets the same names, and nothing is lost or said twice.
    later = {tmp_path / "c": FORMULA.replace("-1em", "-3em")}
    finish.share_styles(later, sheet)
    assert 'class="mspace k0"></span><span class="k2">' in later[tmp_path / "c"]
    assert sheet.read_text(encoding="utf-8").count("margin-right:0.2em") == 1


def test_without_katex_sheet_formulas_keep_their_style_attributes(tmp_path):
    pages = {tmp_path / "a": FORMULA}
    finish.share_styles(pages, tmp_path / "none.css")
    assert pages == {tmp_path / "a": FORMULA}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<span class="n">a</span> <span class="mi">1</span>', 'a <span class="mi">1</span>'),
        ("<p>\n   <b>x</b>\n\n</p>", "<p>\n<b>x</b>\n</p>"),
        ("<pre>\n    x\n\n    y\n</pre>\n\n", "<pre>\n    x\n\n    y\n</pre>\n"),
        ("<mi>d</mi><annotation encoding='x'>d</annotation>", "<mi>d</mi>"),
    ],
)
def test_a_page_gets_lighter_and_shows_the_same(before, after):
    assert finish.finished(before) == after


def test_a_script_goes_out_without_its_lines_of_comment():
    script = "// why\nconst a = 'https://b'; // c\n  // d\nrun(a);\n"
    assert finish.lighter_script(script) == "const a = 'https://b'; // c\nrun(a);\n"


def test_the_stylesheet_goes_out_without_its_comments(tmp_path):
    sheet = tmp_path / "assets/book.css"
    sheet.parent.mkdir()
    text = '/* Colours */\np { color: red; } /* why */\n\na { content: "/* kept */"; }\n'
    sheet.write_text(text, encoding="utf-8")
    for _ in range(2):
        finish.finish(tmp_path, tmp_path / "labs")
        assert sheet.read_text("utf-8") == 'p { color: red; }a { content: "/* kept */"; }\n'
