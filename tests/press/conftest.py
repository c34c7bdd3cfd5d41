"""Fixtures of the press's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from small_books import Book

# The same examples in every run: a build must not fail by luck. `--hypothesis-profile=search`
# looks for new ones.
settings.register_profile("book", deadline=None, database=None, derandomize=True)
settings.register_profile("search", deadline=None, database=None, max_examples=2000)
settings.load_profile("book")


# Small sites take the reader's Python from where the book's own has it: no test fetches it again.
os.environ.setdefault("PRESS_CACHE", str(Path(__file__).parents[2] / ".cache"))


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A small book in a temporary folder, to be damaged."""
    return Book(tmp_path)
