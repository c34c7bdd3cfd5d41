"""Reading offline: writes sw.js, the site's service worker, with a list of the site's files.

The worker (src/press/live/offline.js) keeps what a reader has visited, and of that only files whose
bytes are those of this list: what it keeps always belongs to one build, never to two.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).parent
NAME = "sw.js"
RUNTIME = "assets/vendor/pyodide/"
ENDINGS = {
    ".css", ".html", ".ico", ".js", ".json", ".mjs", ".png", ".svg", ".wasm", ".webp", ".woff2",
    ".zip",
}  # fmt: skip
"""What a page can ask for. Downloads, source maps and the site map are not kept."""
NEVER = ("downloads/", "404.html", NAME)


def write(site: Path) -> Path:
    """Writes sw.js; its bytes change when a file of the site does, and only then."""
    pages, runtime = listed(site)
    text = (HERE / "offline.js").read_text(encoding="utf-8")
    lists = {
        "BUILD": _digest(json.dumps(pages).encode()),
        "RUNTIME": _digest(json.dumps(runtime).encode()),
        "FILES": pages,
        "RUNTIME_FILES": runtime,
    }
    head = "".join(
        f"const {name} = {json.dumps(value, indent=0)};\n" for name, value in lists.items()
    )
    target = site / NAME
    target.write_text(f"// Written by the press, with src/press/live/offline.js.\n{head}{text}",
                      encoding="utf-8", newline="\n")  # fmt: skip
    return target


def listed(site: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Address under the site's root and digest, of what can be kept: pages, and the runtime."""
    pages, runtime = {}, {}
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.suffix not in ENDINGS or name.startswith(NEVER) or not path.is_file():
            continue
        kept = runtime if name.startswith(RUNTIME) else pages
        if name == "index.html" or name.endswith("/index.html"):
            name = name.removesuffix("index.html")
        kept[name] = _digest(path.read_bytes())
    return pages, runtime


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
