"""Renders a page as the site will, to ask whether readers see exactly the code that is run."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from markdown import Markdown
from pymdownx.snippets import SnippetMissingError
from pymdownx.superfences import highlight_validator

from press import equations
from press.chapter import Chapter, is_python
from press.includes import expand_code, include_path
from press.problems import PressError, Problem


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads mkdocs.yml without resolving its `!!python/name:` and `!ENV` tags."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def settings(root: Path) -> dict:
    """mkdocs.yml, as data; not to be changed by who gets it."""
    file = root / "mkdocs.yml"
    return _settings(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _settings(file: Path, _changed: int) -> dict:
    return yaml.load(file.read_text(encoding="utf-8"), _Loader)


def _bare(source: str, language: str, *_, **__) -> str:
    """A fence as the site shows it, without colours: those cost more than all the rest."""
    code = html.escape(source, quote=False)
    return f'<div class="language-{language} highlight"><pre><code>{code}</code></pre></div>'


def markdown(root: Path) -> Markdown:
    """Python-Markdown with the extensions of mkdocs.yml, and those MkDocs always adds.

    What is a fence is decided by pymdownx.superfences as on the site; only its look is left out.
    """
    names, configs = ["toc", "tables", "fenced_code"], {}
    for entry in settings(root).get("markdown_extensions", []):
        name, config = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        names.append(name)
        configs[name] = dict(config or {})
        if name == "pymdownx.snippets":
            configs[name]["base_path"] = [str(root / p) for p in configs[name]["base_path"]]
        if name == "pymdownx.superfences":
            every = {"name": "*", "class": "", "format": _bare, "validator": highlight_validator}
            configs[name]["custom_fences"] = [every]
        if name in ("press.tex", "press.navigation"):
            configs[name] |= {"docs_dir": str(root / "docs")}
    return Markdown(extensions=list(dict.fromkeys(names)), extension_configs=configs)


def to_html(text: str, root: Path) -> str:
    """The page's HTML. `text` may begin with front matter."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    return markdown(root).convert(body)


def page_html(text: str, root: Path) -> str:
    """The same, made once for a page's own check and for those of the pages that link to it.

    It is made anew as soon as anything differs that it is made from.
    """
    try:
        pages = tuple(equations.read_pages(root / "docs"))
    except UnicodeDecodeError:  # of another page, whose own check says so
        return to_html(text, root)
    sources, config = _sources(text, root), (root / "mkdocs.yml").read_bytes()
    if sources is None:
        return to_html(text, root)
    tested = (root / "docs" / equations.TESTS_PAGE).is_file()
    return _page_html(text, root, config, sources, pages, tested)


@lru_cache(maxsize=256)
def _page_html(text: str, root: Path, *_made_from) -> str:
    return to_html(text, root)


def _sources(text: str, root: Path) -> tuple[str, ...] | None:
    """The files that the text includes; None where that takes more than a look at its lines.

    So it is with a path on a line of its own, a missing file, an include within an include.
    """
    found = []
    for path in _includes(text):
        source = root / path.partition(":")[0]
        if not source.is_file():
            return None
        found.append(source.read_text(encoding="utf-8", errors="replace"))
        if _includes(found[-1]):
            return None
    return tuple(found)


def _includes(text: str) -> list[str]:
    lines = (line for line in text.split("\n") if "8<" in line)
    return [path for line in lines if (path := include_path(line)) is not None]


@dataclass
class Shown:
    """What a reader sees of a page: all code blocks, those that are Python, and the anchors."""

    blocks: list[str]
    python: list[str]
    anchors: set[str]


COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ANCHOR = re.compile(r"<[^<>]*?\sid=\"([^\"]+)\"")
CODE = re.compile(
    r"<div\b[^>]*class=\"(?P<names>[^\"]*\bhighlight\b[^\"]*)\""
    r"|<pre\b[^>]*>(?:(?!</pre>).)*?<code\b[^>]*>(?P<code>.*?)</code>",
    re.DOTALL,
)


def shown(page: str) -> Shown:
    """What a page's HTML shows; by patterns, because a parser takes longer than a small page."""
    page = COMMENT.sub("", page)
    found = Shown([], [], {html.unescape(name) for name in ANCHOR.findall(page)})
    python = False
    for match in CODE.finditer(page):
        if match["names"] is not None:
            languages = re.findall(r"language-(\S+)", match["names"])
            python = any(is_python(language) for language in languages)
            continue
        found.blocks.append(html.unescape(re.sub(r"<[^>]*>", "", match["code"])))
        if python:
            found.python.append(found.blocks[-1])
        python = False
    return found


def problems(chapter: Chapter, root: Path) -> list[Problem]:
    """What keeps readers from seeing exactly the Python that the press runs."""
    try:
        page = page_html(chapter.text, root)
    except PressError as error:
        return error.problems
    except SnippetMissingError:
        return []  # the include's own line is reported when its block is run
    return differences(chapter, page, root)


def differences(chapter: Chapter, page: str, root: Path) -> list[Problem]:
    """Differences between the Python in a page's HTML and the blocks of its chapter."""
    built = shown(page)
    seen = [_plain(code) for code in built.python]
    run = []
    for block in chapter.blocks:
        try:
            lines = expand_code(block.fence.lines, chapter.file, block.line + 1, root)
        except PressError:
            return []
        run.append((block, _plain("\n".join(line.text for line in lines))))
    found = []
    for block, code in run:
        if code in seen:
            seen.remove(code)
        else:
            found.append(
                Problem(
                    chapter.file,
                    block.line,
                    "readers do not see this block as the code that is run",
                    expected="a fence that the site renders as Python",
                    got=html.unescape(block.fence.info) or "(rendered otherwise)",
                    mend='the info string takes title="…", linenums="1" and hl_lines="2 3"',
                )
            )
    for code in seen:
        first = code.strip().split("\n")[0] if code.strip() else "(empty)"
        found.append(
            Problem(
                chapter.file,
                _line_of(first, chapter),
                "readers see Python that is not run",
                expected="each Python block of the built page is run",
                got=first,
            )
        )
    if not found and len(built.blocks) != len(chapter.fences):
        texts = [_plain(fence.text) for fence in chapter.fences]
        odd = next((code for code in built.blocks if _plain(code) not in texts), "")
        first = odd.strip().split("\n")[0]
        found.append(
            Problem(
                chapter.file,
                _line_of(first, chapter) if first else 1,
                "readers see other code blocks than the page has fences",
                expected=f"{len(chapter.fences)} code blocks",
                got=f"{len(built.blocks)}: {first}",
                mend="code stands in fences, not in indented lines or <pre>",
            )
        )
    return found


def _plain(code: str) -> str:
    return "\n".join(line.rstrip() for line in code.strip("\n").split("\n"))


def _line_of(first: str, chapter: Chapter) -> int:
    return next((n for n, line in enumerate(chapter.lines, 1) if first in line), 1)
