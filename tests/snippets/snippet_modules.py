"""Snippets as modules: they are scripts, and no package holds them."""

import importlib.util
from pathlib import Path
from types import ModuleType

SNIPPETS = Path(__file__).parents[2] / "snippets"


def load(name: str) -> ModuleType:
    """The snippet `name` as a module; its `__main__` part does not run."""
    spec = importlib.util.spec_from_file_location(name, SNIPPETS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
