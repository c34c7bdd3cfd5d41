"""Makes the chapters under docs/ tests: `pytest docs/foundations/vectors.md` runs one of them."""

import gc
from pathlib import Path

from press.check import fix_threads, hasten_imports
from press.sybil_parser import Book

fix_threads()  # before anything imports NumPy or PyTorch
hasten_imports()

pytest_collect_file = Book(Path(__file__).parent).pytest()


def pytest_sessionfinish() -> None:
    """Collects garbage once and sets the rest aside: pytest looks through it ten times at exit."""
    gc.collect()
    gc.freeze()
