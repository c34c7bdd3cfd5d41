"""What only the whole book shows; the pages themselves are tests under docs/."""

import re
from collections import Counter
from pathlib import Path

import pytest

from press import chapter, check

ROOT = Path(__file__).parents[2]
COOKBOOK = ROOT / "docs/reference/snippets.md"


@pytest.fixture(scope="module")
def part_one() -> list[chapter.Chapter]:
    read = [chapter.read(path, ROOT) for path in check.pages(ROOT)]
    return [page for page in read if page.meta.get("part") == "foundations"]


def test_every_region_mark_figure_and_title_of_the_book_is_in_use():
    if problems := check.check_book(ROOT):
        pytest.fail("\n".join(map(str, problems)), pytrace=False)


def test_there_are_pages_to_check():
    assert check.pages(ROOT)


def test_part_one_has_its_ten_chapters(part_one):
    assert sorted(page.meta["chapter"] for page in part_one) == list(range(1, 11))


def test_part_one_has_sixty_exercises_and_thirty_figures(part_one):
    assert sum(len(page.exercises) for page in part_one) >= 60
    assert sum(len(block.images) for page in part_one for block in page.blocks) >= 30


def test_the_cookbook_has_three_snippets_for_each_chapter(part_one):
    named = Counter(re.findall(r"explained in \[chapter (\d+)\]", COOKBOOK.read_text("utf-8")))
    few = {n: named[str(n)] for n in range(1, len(part_one) + 1) if named[str(n)] < 3}
    assert not few, f"chapters with fewer than three snippets: {few}"
