"""The end of the wire in Pyodide: what worker.js calls, and matplotlib when it is first used."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType

import page_of_the_book  # registered by worker.js

from press import figures
from press.live.session import Session

LATE = ("matplotlib.pyplot", "matplotlib")
session: Session | None = None


class Later(ModuleType):
    """Stands for a module of matplotlib until something in it is asked for.

    Nearly every page imports it in its first block and draws much later; its 7 MB can wait.
    """

    def __getattr__(self, name: str):
        if name in ("__spec__", "__loader__"):
            raise AttributeError(name)
        load_matplotlib()
        return getattr(importlib.import_module(self.__name__), name)


def has_matplotlib() -> bool:
    return not isinstance(sys.modules.get("matplotlib"), Later)


def load_matplotlib() -> None:
    if has_matplotlib():
        return
    for name in LATE:
        sys.modules.pop(name, None)
    page_of_the_book.unpack_matplotlib()
    importlib.invalidate_caches()


def tell(event: dict) -> None:
    page_of_the_book.tell(json.dumps(event))


def drawn() -> list[figures.Drawn]:
    return figures.collect() if has_matplotlib() else []


def page(text: str) -> None:
    """A page's blocks, as JSON: their code, which are live, which fail in the book too."""
    global session
    said = json.loads(text)
    session = Session(said["blocks"], said["live"], said["raises"], tell, drawn)


def run(index: int, code: str) -> bool:
    return session.run(index, code)


def check(answer: str, check: str) -> bool:
    return session.check(answer, check)


figures.stage()
matplotlib, pyplot = Later("matplotlib"), Later("matplotlib.pyplot")
matplotlib.pyplot = pyplot
sys.modules["matplotlib"], sys.modules["matplotlib.pyplot"] = matplotlib, pyplot
