"""Renders a page as the site will, to ask whether readers see exactly the code that is run."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import yaml
from markdown import Markdown
from pymdownx.snippets import SnippetMissingError

from press.chapter import Chapter, is_python
from press.includes import expand_code
from press.problems import PressError, Problem


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without resolving its `!!python/name:` and `!ENV` tags."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def settings(root: Path) -> dict:
    """mkdocs.yml, as data."""
    return yaml.load((root / "mkdocs.yml").read_text(encoding="utf-8"), _Loader)


def markdown(root: Path) -> Markdown:
    """Python-Markdown with the extensions of mkdocs.yml, and those MkDocs always adds."""
    names, configs = ["toc", "tables", "fenced_code"], {}
    for entry in settings(root).get("markdown_extensions", []):
        name, config = next(iter(entry.items())) if isinstance(entry, dict) else (entry, None)
        names.append(name)
        configs[name] = dict(config or {})
        if name == "pymdownx.snippets":
            configs[name]["base_path"] = [str(root / p) for p in configs[name]["base_path"]]
        if name == "press.tex":
            configs[name] |= {"docs_dir": str(root / "docs")}
    return Markdown(extensions=list(dict.fromkeys(names)), extension_configs=configs)


def to_html(text: str, root: Path) -> str:
    """The page's HTML. `text` may begin with front matter."""
    body = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    return markdown(root).convert(body)


class _Shown(HTMLParser):
    """Collects the code that a reader sees as Python, all code blocks, and a page's anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.python: list[str] = []
        self.blocks: list[str] = []
        self.anchors: set[str] = set()
        self._depth = 0
        self._pre = False
        self._code: list[str] | None = None

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if names.get("id"):
            self.anchors.add(names["id"])
        if tag == "div":
            if self._depth:
                self._depth += 1
            else:
                languages = re.findall(r"language-(\S+)", names.get("class") or "")
                self._depth = int(any(is_python(language) for language in languages))
        if tag == "pre":
            self._pre = True
        if tag == "code" and self._pre:
            self._code = []

    def handle_endtag(self, tag):
        if tag == "code" and self._code is not None:
            self.blocks.append("".join(self._code))
            if self._depth:
                self.python.append(self.blocks[-1])
            self._code = None
        if tag == "pre":
            self._pre = False
        if tag == "div" and self._depth:
            self._depth -= 1

    def handle_data(self, data):
        if self._code is not None:
            self._code.append(data)


def shown(page: str) -> _Shown:
    """What a page's HTML shows: `blocks`, `python` (those that are Python), and `anchors`."""
    parser = _Shown()
    parser.feed(page)
    return parser


def problems(chapter: Chapter, root: Path) -> list[Problem]:
    """Differences between the Python that the site shows and the Python that the press runs."""
    try:
        page = to_html(chapter.text, root)
    except PressError as error:
        return error.problems
    except SnippetMissingError:
        return []  # the include's own line is reported when its block is run
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
                    chapter.file, block.line,
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
                chapter.file, _line_of(first, chapter), "readers see Python that is not run",
                expected="each Python block of the built page is run", got=first,
            )
        )
    if not found and len(built.blocks) != len(chapter.fences):
        texts = [_plain(fence.text) for fence in chapter.fences]
        odd = next((code for code in built.blocks if _plain(code) not in texts), "")
        first = odd.strip().split("\n")[0]
        found.append(
            Problem(
                chapter.file, _line_of(first, chapter) if first else 1,
                "readers see other code blocks than the page has fences",
                expected=f"{len(chapter.fences)} code blocks", got=f"{len(built.blocks)}: {first}",
                mend="code stands in fences, not in indented lines or <pre>",
            )
        )
    return found


def _plain(code: str) -> str:
    return "\n".join(line.rstrip() for line in code.strip("\n").split("\n"))


def _line_of(first: str, chapter: Chapter) -> int:
    return next((n for n, line in enumerate(chapter.lines, 1) if first in line), 1)
