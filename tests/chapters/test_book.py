"""What only the whole book shows; the pages themselves are tests under docs/."""

import re
from collections import Counter
from pathlib import Path

import pytest

from press import chapter, check

ROOT = Path(__file__).parents[2]
COOKBOOK = ROOT / "docs/reference/snippets.md"


@pytest.fixture(scope="module")
def parts() -> dict[str, list[chapter.Chapter]]:
    read = [chapter.read(path, ROOT) for path in check.pages(ROOT)]
    found = {}
    for page in read:
        if part := page.meta.get("part"):
            found.setdefault(part, []).append(page)
    return found


def test_every_region_mark_figure_and_title_of_the_book_is_in_use():
    if problems := check.check_book(ROOT):
        pytest.fail("\n".join(map(str, problems)), pytrace=False)


def test_there_are_pages_to_check():
    assert check.pages(ROOT)


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [("foundations", 1, 10), ("sequences", 11, 14), ("transformer", 15, 21)],
)
def test_each_part_has_its_chapters(parts, part, first, last):
    assert sorted(page.meta["chapter"] for page in parts[part]) == list(range(first, last + 1))


@pytest.mark.parametrize(
    ("names", "exercises", "figures"),
    [(["foundations"], 60, 30), (["sequences", "transformer"], 60, 35)],
)
def test_the_parts_have_sixty_exercises_and_their_figures(parts, names, exercises, figures):
    pages = [page for name in names for page in parts[name]]
    assert sum(len(page.exercises) for page in pages) >= exercises
    assert sum(len(block.images) for page in pages for block in page.blocks) >= figures


def test_the_cookbook_has_three_snippets_for_each_chapter(parts):
    named = Counter(re.findall(r"explained in \[chapter (\d+)\]", COOKBOOK.read_text("utf-8")))
    every = [page.meta["chapter"] for pages in parts.values() for page in pages]
    few = {n: named[str(n)] for n in every if named[str(n)] < 3}
    assert not few, f"chapters with fewer than three snippets: {few}"
