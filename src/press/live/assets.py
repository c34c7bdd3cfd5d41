"""What the reader's browser gets of the press: scripts, editor, and what runs in Pyodide."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from press import vendor
from press.live import marks

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
    entry = source.read_text(encoding="utf-8")
    problem = "the editor does not bundle"
    vendor.bundle(target, entry, [source], vendor.WEB, problem, "--format=esm")
    return target


def reader() -> bytes:
    """The press's own modules for Pyodide, as a zip: the same bytes for the same sources."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in READER:
            archive.writestr(zipfile.ZipInfo(f"press/{name}", DATE), (PRESS / name).read_bytes())
    return buffer.getvalue()
