"""Includes: the press expands what pymdownx.snippets expands, and knows each line's origin."""

from __future__ import annotations

import pytest
from markdown import Markdown
from pymdownx.snippets import SnippetExtension
from small_books import ROOT

from press import includes, render
from press.problems import PressError

SOURCE = '''"""Module."""
# --8<-- [start:outer]
def outer():
    x = 1

    # --8<-- [start:inner]
    if x:
        y = """
  text
"""
    # --8<-- [end:inner]
    return x
# --8<-- [end:outer]


    # --8<-- [start:dash-and_line]
    last = 2\t
    # --8<-- [end:dash-and_line]
'''
AWKWARD = [
    ['--8<-- "src/foundations/m.py:outer"'],
    ['--8<-- "src/foundations/m.py:inner"'],
    ['    --8<-- "src/foundations/m.py:inner"'],
    ['--8<-- "src/foundations/m.py:dash-and_line"'],
    ['--8<-- "src/foundations/m.py"'],
    ["--8<-- 'src/foundations/m.py:outer'"],
    ['--8<--   "src/foundations/m.py:outer"  '],
    ['-8<- "src/foundations/m.py:outer"'],
    ['----8<---- "src/foundations/m.py:outer"'],
    [';--8<-- "src/foundations/m.py:outer"'],
    ['--8<-- ";src/foundations/m.py:outer"'],
    ['x = --8<-- "src/foundations/m.py:outer"'],
    ["a = 1", '--8<-- "src/foundations/m.py:inner"', "", "b = 2"],
    ["# --8<-- [start:here]", "a = 1", "# --8<-- [end:here]"],
    ["# ;--8<-- [start:here]"],
    ["x = 5", "y = x --8"],
]


@pytest.fixture
def library(book):
    book.write(SOURCE, "src/foundations/m.py")
    return book


def by_pymdownx(lines: list[str], root) -> list[str]:
    extension = SnippetExtension(base_path=[str(root)], check_paths=True, dedent_subsections=True)
    return Markdown(extensions=[extension]).preprocessors["snippet"].run(list(lines))


@pytest.mark.parametrize("lines", AWKWARD, ids=lambda lines: " / ".join(lines))
def test_the_press_expands_what_pymdownx_expands(library, lines):
    expanded = includes.expand_code(lines, "docs/page.md", 10, library.root)
    assert [line.text for line in expanded] == by_pymdownx(lines, library.root)


@pytest.mark.parametrize("lines", AWKWARD, ids=lambda lines: " / ".join(lines))
def test_each_expanded_line_stands_where_the_press_says(library, lines):
    library.write("\n" * 9 + "\n".join(lines), "docs/page.md")
    for line in includes.expand_code(lines, "docs/page.md", 10, library.root):
        stands = (library.root / line.file).read_text("utf-8").split("\n")[line.line - 1]
        assert line.text.strip() == stands.strip().replace(";-", "-")


def test_the_settings_are_those_of_the_site():
    [site] = [
        entry["pymdownx.snippets"]
        for entry in render.settings(ROOT)["markdown_extensions"]
        if isinstance(entry, dict) and "pymdownx.snippets" in entry
    ]
    ours = includes._preprocessor(ROOT)
    assert site == {"base_path": ["."], "check_paths": True, "dedent_subsections": True}
    assert ours.base_path == [str(ROOT)]
    assert ours.check_paths
    assert ours.dedent_subsections
    assert not ours.url_download


def test_regions_are_listed_with_their_own_lines(library):
    found = includes.regions(library.root / "src/foundations/m.py", library.root)
    assert [(region.name, region.first, region.last) for region in found] == [
        ("inner", 7, 10), ("outer", 3, 12), ("dash-and_line", 17, 17),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("marker", "what"),
    [
        ("x = 1  # --8<-- [start:a]", "a region marker that pymdownx.snippets does not read alone"),
        ("# --8<-- start:a", "a region marker that pymdownx.snippets does not read alone"),
        ("# --8<--[start:a]", "a region marker that pymdownx.snippets does not read alone"),
        ("# --8<-- [begin:a]", "a region marker that pymdownx.snippets does not read alone"),
        ("# --8<-- [start:1a]", "a region marker that pymdownx.snippets does not read alone"),
        ("# --8<-- [end:a]", "region 'a' closes but never opened"),
        ("# --8<-- [start:a]", "region 'a' never closes"),
    ],
)
def test_a_marker_out_of_form_is_told(book, marker, what):
    book.write(f"y = 0\n{marker}\n", "src/foundations/m.py")
    with pytest.raises(PressError) as caught:
        includes.regions(book.root / "src/foundations/m.py", book.root)
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.what) == ("src/foundations/m.py", 2, what)


def test_an_empty_region_is_told(book):
    book.write("# --8<-- [start:a]\n# --8<-- [end:a]\n", "src/foundations/m.py")
    with pytest.raises(PressError, match=r"m\.py:2: region 'a' holds no line"):
        includes.regions(book.root / "src/foundations/m.py", book.root)


def test_a_marker_mistyped_in_its_scissors_is_told(book):
    for scissors in ("-8<--", "--8<", "--8>--", "8<--", "--9<--"):
        marker = f"# {scissors} [start:a]"
        book.write(f"{marker}\nx = 1\n# --8<-- [end:a]\n", "src/foundations/m.py")
        with pytest.raises(PressError):
            includes.regions(book.root / "src/foundations/m.py", book.root)


def test_an_include_must_stay_inside_the_project(book, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("x = 1\n")
    with pytest.raises(PressError, match="included file not found"):
        includes.expand_code([f'--8<-- "{outside}"'], "docs/page.md", 1, book.root)


def test_an_include_within_an_include_is_refused(library):
    library.write('--8<-- "src/foundations/m.py:outer"\n', "src/foundations/n.py")
    with pytest.raises(PressError):
        includes.expand_code(['--8<-- "src/foundations/n.py"'], "docs/page.md", 1, library.root)
