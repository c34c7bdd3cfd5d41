"""Makes one classic script of the moving figures, docs/assets/vendor/moving/moving.js.

Not a module: a browser loads no modules from a folder (file://), and the figures shall move there.
"""

from __future__ import annotations

from pathlib import Path

from press import vendor
from press.moving import marks

HERE = Path(__file__).parent


def install(docs: Path) -> list[Path]:
    """Writes the script where a source or esbuild's version changed; gives it if it was written."""
    target = docs / "assets/vendor/moving/moving.js"
    sources = [*sorted(HERE.glob("*.js")), HERE / "moving.css", *sorted(marks.FIGURES.glob("*.js"))]
    made = vendor.bundle(
        target, entry(), sources, HERE, "the moving figures do not bundle",
        "--format=iife", "--charset=utf8", "--loader:.css=text",
    )  # fmt: skip
    return [target] if made else []


def entry() -> str:
    """The script's first lines: every file of figures/ under its own name."""
    names = marks.names()
    imports = [f'import f{at} from "./figures/{name}.js";' for at, name in enumerate(names)]
    figures = ", ".join(f'"{name}": f{at}' for at, name in enumerate(names))
    return "\n".join(
        [*imports, 'import { start } from "./stage.js";', f"start({{ {figures} }});", ""]
    )
