"""Fixtures of the press's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from small_books import Book

# The same examples in every run: a build must not fail by luck. `--hypothesis-profile=search`
# looks for new ones.
settings.register_profile("book", deadline=None, database=None, derandomize=True)
settings.register_profile("search", deadline=None, database=None, max_examples=2000)
settings.load_profile("book")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A small book in a temporary folder, to be damaged."""
    return Book(tmp_path)
