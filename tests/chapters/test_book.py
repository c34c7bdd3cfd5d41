"""What only the whole book shows; the pages themselves are tests under docs/."""

from pathlib import Path

import pytest

from press import check

ROOT = Path(__file__).parents[2]


def test_every_region_mark_figure_and_title_of_the_book_is_in_use():
    if problems := check.check_book(ROOT):
        pytest.fail("\n".join(map(str, problems)), pytrace=False)


def test_there_are_pages_to_check():
    assert check.pages(ROOT)
