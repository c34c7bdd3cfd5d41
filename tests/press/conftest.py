"""Fixtures of the press's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_books import Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A small book in a temporary folder, to be damaged."""
    return Book(tmp_path)
