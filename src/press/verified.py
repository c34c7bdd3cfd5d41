"""When was this page last verified? The checks write it down, and a build repeats it.

`make check` and the tests, once everything on a page has passed, leave a record in
`.cache/verified/`: the digest of what was checked, the date, the versions it ran on. A build runs
nothing, so it says only what a record says, and only where the digest is that of the page which it
builds: a page that was changed since its last check says that it was not verified.
"""

from __future__ import annotations

import datetime
import hashlib
import html
import json
import os
import platform
import re
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

from press import chapter as chapters
from press import equations
from press.chapter import Chapter
from press.includes import expand_code
from press.lab import chapter_files
from press.problems import PressError, count

FOLDER = Path(".cache") / "verified"
PACKAGES = {"numpy": "NumPy", "torch": "PyTorch", "matplotlib": "matplotlib"}
"""What a page may import, and so what its numbers may depend on."""
END = "</article>"
CLASS = "verified"
LABS = "labs"
TESTS = f"docs/{equations.TESTS_PAGE}"
GENERATED = (TESTS, f"{TESTS.removesuffix('.md')}/*.md", "docs/figures/*.md")
"""Pages that the press writes (patterns): what they say is checked where it comes from."""


def is_generated(file: str) -> bool:
    return any(fnmatch(file, pattern) for pattern in GENERATED)


def digest(chapter: Chapter, root: Path) -> str:
    """Changes whenever something changes that a check of the page reads.

    The page's text, the code of its blocks with what they include, the figures and their data.
    Raises PressError where an include leads nowhere.
    """
    parts: list[bytes] = [chapter.file.encode(), chapter.text.encode()]
    for block in chapter.blocks:
        lines = expand_code(block.fence.lines, chapter.file, block.line + 1, root)
        parts.append("\n".join(line.text for line in lines).encode())
    for image in chapter.images:
        drawn = (root / chapter.file).parent / image.path
        for file in (drawn, drawn.with_suffix(".data.json")):
            parts.append(file.read_bytes() if file.is_file() else b"no such file")
    whole = hashlib.sha256()
    for part in parts:  # lengths first, or two pages could give the same bytes
        whole.update(f"{len(part)}\n".encode() + part)
    return whole.hexdigest()


def place(chapter: Chapter, root: Path) -> Path:
    return root / FOLDER / Path(chapter.file).with_suffix(".json")


def before(chapter: Chapter, root: Path) -> str:
    """The digest for `write`, to be taken before anything runs; "" where there is none."""
    try:
        return digest(chapter, root)
    except (OSError, PressError):
        return ""


def write(
    chapter: Chapter, root: Path, checked: str, today: datetime.date | None = None
) -> Path | None:
    """Writes the record of a page on which every check has passed just now.

    Only for who has just run all of them. `checked` is the digest from before the run: what changed
    on disk while it ran was not checked, and gets no record.
    """
    try:
        now = chapters.read(root / chapter.file, root)
        if not checked or digest(now, root) != checked:
            return None
    except (OSError, PressError):
        return None
    file = place(chapter, root)
    run = [block for block in chapter.blocks if block.not_run is None]
    record = {
        "digest": checked,
        "date": (today or datetime.datetime.now(datetime.UTC).date()).isoformat(),
        "blocks": len(run),
        "not_run": len(chapter.blocks) - len(run),
        "versions": _versions(chapter, root) if run else {},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}")  # tests of several pages may run side by side
    aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    aside.replace(file)
    return file


def forget(chapter: Chapter, root: Path) -> None:
    """Takes the record of a page away whose check has just failed."""
    place(chapter, root).unlink(missing_ok=True)


def _versions(chapter: Chapter, root: Path) -> dict[str, str]:
    """Python's version, and those of the packages that the page's code imports."""
    code = "\n".join(
        line.text
        for block in chapter.blocks
        for line in expand_code(block.fence.lines, chapter.file, block.line + 1, root)
    )
    found = {"Python": platform.python_version()}
    for package, name in PACKAGES.items():
        if re.search(rf"^\s*(?:import|from)\s+{package}\b", code, re.MULTILINE):
            found[name] = metadata.version(package)
    return found


def read(chapter: Chapter, root: Path) -> dict | None:
    """The record of exactly this page; None where there is none or the page is another now."""
    try:
        record = json.loads(place(chapter, root).read_text(encoding="utf-8"))
        return record if record["digest"] == digest(chapter, root) else None
    except (OSError, ValueError, KeyError, TypeError, PressError):
        return None


# --- the stamp ------------------------------------------------------------------------------


def stamp(site: Path, root: Path) -> list[Path]:
    """Puts the stamp at the foot of the built pages and labs; gives the pages that changed."""
    docs = root / "docs"
    labs = {path.resolve() for path in chapter_files(docs)}
    changed = []
    for path in equations.markdown_files(docs):
        if is_generated(path.relative_to(root).as_posix()):
            continue  # no check of its own
        name = path.relative_to(docs).with_suffix("")
        page = site / (name.parent if name.name == "index" else name) / "index.html"
        try:
            chapter = chapters.read(path, root)
        except PressError:
            continue
        record = read(chapter, root)
        blocks = len(chapter.blocks)
        lab = site / LABS / path.stem / "index.html" if path.resolve() in labs else None
        for file, words in ((page, _words(record, blocks)), (lab, _lab_words(record))):
            if file and words and file.is_file() and _put(file, words, site):
                changed.append(file)
    return changed


def _put(file: Path, words: str, site: Path) -> bool:
    before = file.read_text(encoding="utf-8")
    if END not in before or f'<p class="{CLASS}">' in before:
        return False
    up = "../" * len(file.parent.relative_to(site).parts)
    how = ""
    if (site / "reference/how-it-is-checked/index.html").is_file():
        how = f' <a href="{up}reference/how-it-is-checked/">How it is checked</a>'
    at = before.rindex(END)
    made = f'<p class="{CLASS}">{words}{how}</p>\n'
    file.write_text(before[:at] + made + before[at:], encoding="utf-8", newline="\n")
    return True


def _words(record: dict | None, blocks: int) -> str:
    """What a page says of itself; a page without code and without a record says nothing."""
    if record is None:
        return "Not verified in this build: no check of this very text is on record." * (blocks > 0)
    if not record["blocks"]:
        return f"The links and formulas of this page were last checked on {_date(record)}."
    runs = "The block of code on this page was" if record["blocks"] == 1 else (
        f"All {record['blocks']} blocks of code on this page were"
    )  # fmt: skip
    but = count(record["not_run"], "block")
    but = f" ({but} more, so titled, {_are(record['not_run'])} not run)" * (record["not_run"] > 0)
    return (
        f"{runs} last run, and compared with what the page shows, on {_date(record)} with "
        f"{_listed(record['versions'])}{but}."
    )


def _lab_words(record: dict | None) -> str:
    if record is None:
        return "Not verified in this build: no check of its chapter's very text is on record."
    return (
        f"The chapter that this lab is made from was last run, and compared with what it shows, on "
        f"{_date(record)} with {_listed(record['versions'])}."
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _date(record: dict) -> str:
    date = datetime.date.fromisoformat(record["date"])
    return f'<time datetime="{date.isoformat()}">{date.day} {date:%B %Y}</time>'


def _listed(versions: dict[str, str]) -> str:
    parts = [html.escape(f"{name} {version}") for name, version in versions.items()]
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else "Python"
