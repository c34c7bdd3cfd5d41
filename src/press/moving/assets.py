"""Makes a classic script of each moving figure, docs/assets/vendor/moving/NAME.js.

A reader fetches what he moves. No modules: a browser loads none from a folder (file://), and the
figures shall move there.
"""

from __future__ import annotations

from pathlib import Path

from press import vendor
from press.moving import marks

HERE = Path(__file__).parent


def install(docs: Path) -> list[Path]:
    """Writes the scripts whose source, or esbuild's version, changed; gives those. Others go."""
    folder = docs / "assets/vendor/moving"
    shared = [*sorted(HERE.glob("*.js")), HERE / "moving.css"]
    made = []
    for name in marks.names():
        target = folder / f"{name}.js"
        if vendor.bundle(
            target, entry(name), [*shared, marks.FIGURES / f"{name}.js"], HERE,
            f"the moving figure {name} does not bundle",
            "--format=iife", "--charset=utf8", "--loader:.css=text",
        ):  # fmt: skip
            made.append(target)
    for file in folder.glob("*.js"):
        if file.stem not in marks.names():
            file.unlink()
    return made


def entry(name: str) -> str:
    """A script's first lines: the figure, and the stage that waits for it to be opened."""
    return (
        f'import figure from "./figures/{name}.js";\n'
        'import { start } from "./stage.js";\n'
        f'start("{name}", figure);\n'
    )
