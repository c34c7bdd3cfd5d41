"""The book in one zip, to be unpacked and read from a folder, without a server and a network.

A page that a browser opens from a folder (file://) gets less than one of a web server: an address
that ends in a folder shows a list of files, nothing can be fetched, no module and no worker starts.
So the copy's links name their index.html, the search's index comes as a script and its worker in a
frame (offline_zip.js), and the marks of live blocks go, with the buttons and Python behind them.
The copy's policy lets its pages load files and nothing else.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
import zipfile
from pathlib import Path

from press import csp

HERE = Path(__file__).parent
FOLDER = "mathematical-foundations-of-transformers"
"""The one folder in the zip."""
NAME = f"downloads/{FOLDER}-offline.zip"
"""Where the zip lies in the site: a download block can link to it."""
DATE = (1980, 1, 1, 0, 0, 0)  # the same pages give the same bytes
LICENCES = ("LICENSE", "LICENSE-TEXT")

LEFT_OUT = (
    "sw.js", "404.html", "sitemap.xml", "sitemap.xml.gz", "robots.txt",
    "search/search_index.json", "assets/javascripts/lunr/",
    "assets/vendor/pyodide/", "assets/vendor/live/", "assets/vendor/editor/",
)  # fmt: skip
NOT_KEPT = {".map", ".zip", ".pdf", ".epub"}
SCRIPT = "assets/offline_zip.js"
SHEET = "assets/book.css"
STYLE = (
    "\n.md-typeset .offline-note { color: var(--book-soft);"
    " font: 400 .72rem/1.5 var(--book-sans); }\n"
)

TAG = re.compile(r"<[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
ADDRESS = re.compile(r"""(\s(?:href|src|poster)=)(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
RAW = re.compile(r"(<(script|style)\b[^>]*>)(.*?)(</\2\s*>)", re.DOTALL | re.IGNORECASE)
PRELOAD = re.compile(r"<link\b[^>]*\brel=[\"']?(?:preload|canonical)\b[^>]*>\n?")
LIVE = re.compile(r' data-(?:live|exercise|role|still)="[^"]*"')
BUNDLE = re.compile(r'(?=<script src="([^"]*)assets/javascripts/bundle\b)')
DOWNLOADS = re.compile(r'(?=<p class="downloads">)')
ANCHOR = re.compile(r"<a\b(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>(.*?)</a>", re.DOTALL)


def write(site: Path, root: Path, site_url: str = "") -> Path:
    """Writes the zip of a finished site into its downloads/; gives its path.

    `root` is the project's folder, for the licences; `site_url` where the site is published, "" if
    nobody knows.
    """
    site = Path(site)
    files = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*"))}
    kept = {name: path for name, path in files.items() if path.is_file() and _kept(name)}
    target = site / NAME
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        contents = _contents(site, kept, site_url)
        for name in LICENCES:
            if (root / name).is_file():
                contents[f"{name}.txt"] = (root / name).read_bytes()
        for name, data in contents.items():
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", DATE)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return target


def _contents(site: Path, kept: dict[str, Path], site_url: str) -> dict[str, bytes]:
    names = set(kept)
    index = site / "search/search_index.json"
    if index.is_file():
        names |= {"search/search_index.js", SCRIPT}
    made: dict[str, bytes] = {}
    for name, path in kept.items():
        data = path.read_bytes()
        if path.suffix == ".html":
            data = page(data.decode(), name, names, site_url).encode()
        elif name == SHEET:
            data += STYLE.encode()
        made[name] = data
    if index.is_file():
        made["search/search_index.js"] = search_index(index.read_text("utf-8"), names).encode()
        made[SCRIPT] = (HERE / "offline_zip.js").read_bytes()
    return dict(sorted(made.items()))


def _kept(name: str) -> bool:
    return not name.startswith(LEFT_OUT) and Path(name).suffix not in NOT_KEPT


def page(text: str, name: str, names: set[str], site_url: str = "") -> str:
    """A page as the folder needs it; `names` are the folder's files."""
    text = PRELOAD.sub("", text)
    had_live = LIVE.search(text)
    text = LIVE.sub("", text)
    if had_live:
        text = DOWNLOADS.sub(f'<p class="offline-note">{_note(site_url)}</p>\n', text, count=1)
    if SCRIPT in names:
        text = BUNDLE.sub(rf'<script src="\1{SCRIPT}"></script>\n', text, count=1)
    parts, end = [], 0
    for raw in RAW.finditer(text):  # tags inside of scripts are none
        parts += [_tags(text[end : raw.start()], name, names), _tags(raw[1], name, names)]
        parts += [raw[3], raw[4]]
        end = raw.end()
    text = "".join([*parts, _tags(text[end:], name, names)])
    return _with_policy(text)


def _note(site_url: str) -> str:
    where = (
        f'<a href="{html.escape(site_url)}">the book’s site</a>' if site_url else "the book’s site"
    )
    return (
        "This is the offline copy. A browser runs no Python from a folder: the code is read here,"
        f" and run in the notebook, or with the buttons on {where}."
    )


def _tags(text: str, name: str, names: set[str]) -> str:
    def anchor(match: re.Match[str]) -> str:
        """A link to a file that is not in the folder, such as the PDF, becomes its words."""
        address = ADDRESS.search(match[0])
        if address and _missing(_value(address), name, names):
            return f"<span>{match[1]}</span>"
        return match[0]

    text = ANCHOR.sub(anchor, text)
    return TAG.sub(
        lambda tag: ADDRESS.sub(
            lambda match: f'{match[1]}"{in_folder(_value(match), name, names)}"', tag[0]
        ),
        text,
    )


def _value(match: re.Match[str]) -> str:
    return next((value for value in match.groups()[1:] if value is not None), "")


def _place(address: str, name: str) -> tuple[str, str] | None:
    """A relative address as a name from the top, and what follows (#…); None for others."""
    if re.match(r"[a-zA-Z][\w+.-]*:|//|#|$", address):
        return None
    path, rest = re.match(r"([^?#]*)(.*)", address, re.DOTALL).groups()
    if not path:
        return None
    place = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    return ("" if place == "." else place), rest


def in_folder(address: str, name: str, names: set[str]) -> str:
    """An address on a page of the site as one that a folder answers: foo/ is foo/index.html."""
    found = _place(address, name)
    if not found:
        return address
    place, rest = found
    inner = posixpath.join(place, "index.html")
    if place in names or inner not in names:
        return address
    start = posixpath.dirname(name) or "."
    return posixpath.relpath(inner, start) + rest


def _missing(address: str, name: str, names: set[str]) -> bool:
    found = _place(html.unescape(address), name)
    if not found:
        return False
    place = found[0]
    return place not in names and posixpath.join(place, "index.html") not in names


def search_index(text: str, names: set[str]) -> str:
    """The index of Material's search as a script that Material takes up from a folder."""
    index = json.loads(text)
    for entry in index["docs"]:
        entry["location"] = in_folder(entry["location"] or ".", "", names)
    listed = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    return f"var __index = {listed};\n"


def _with_policy(text: str) -> str:
    """The page may load files, and nothing else. ('self' is nobody where there is no server.)"""
    return csp.META.sub(_policy, text, count=1)


def _policy(meta: re.Match[str]) -> str:
    rules = meta[0].replace("'self'", "file:").replace(" 'wasm-unsafe-eval'", "")
    for none in ("connect-src", "worker-src"):
        rules = rules.replace(f"{none} file:", f"{none} 'none'")
    return rules
