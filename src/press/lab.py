"""Labs: a chapter as a Jupyter notebook and as a plain script, both made from its Markdown.

Nothing is run here. The outputs in a notebook are those that stand in the chapter, and the tests
have verified them; the figures are the files beside it. What only the site understands (attribute
braces, labels, links inside the book, folds of code) is turned into what Jupyter understands.
"""

from __future__ import annotations

import ast
import hashlib
import html
import io
import json
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from press import chapter as chapters
from press import equations, includes
from press.chapter import DETAILS, HEADING, Block, Chapter, Exercise, Fence, Image
from press.problems import PressError, Problem
from press.scan import FRONT_MATTER
from press.vendor import write_if_changed

BOOK = "Mathematical Foundations of Transformers"
PACKAGES = ("numpy", "torch", "matplotlib")
"""All that a lab may import besides Python's own library."""
LAST_LINE = 'print(type(error).__name__ + f": {error}" * bool(str(error)))'
"""What a script says of an exception on purpose: the last line of its traceback."""

ADMONITION = re.compile(r'^(?:!!!|\?\?\?\+?)[ ]+(?P<kind>[\w-]+)[^"]*(?:"(?P<title>[^"]*)")?\s*$')
# Code and formulas, whichever starts first: what stands in them is nobody's Markdown.
OPAQUE = re.compile(
    r"(?<![`\\])(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"
    r"|(?<!\\)\$\$(?P<display>.+?)\$\$"
    r"|(?<![\\$])\$(?![\s$])(?:\\.|(?!\n[ \t>]*\n)[^$\\])+?(?<!\s)\$(?!\d)",
    re.DOTALL,
)
ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*(?:[#.][\w-]|[\w-]+=)[^{}\n]*\}")
BLOCK_ATTRIBUTES = re.compile(
    r"^[ \t>]*\{:?[ \t]*(?:[#.][\w-]|[\w-]+=)[^{}\n]*\}[ \t]*\n?", re.MULTILINE
)
LINK = re.compile(
    r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]"
    r"\(\s*<?(?P<target>(?:[^()\s<>]|\([^()\s]*\))+)>?(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)"
)
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s]+)[^)]*\)")
HTML_LINK = re.compile(
    r"<a\s[^>]*?href=[\"'](?P<target>[^\"']*)[\"'][^>]*>(?P<text>.*?)</a>", re.DOTALL
)
FOR_MKDOCS = re.compile(r"^[ \t]*</?(?:div|figure|section|article)\b[^>]*>[ \t]*\n?", re.MULTILINE)
MARKDOWN_ATTRIBUTE = re.compile(r"(<\w+[^<>]*?)\s+markdown(?:=[\"']?\w*[\"']?)?(?=[\s>])")
NOTE = re.compile(
    r"^\[\^(?P<name>[^\]]+)\]:[ \t]*(?P<text>.*(?:\n(?:[ ]{4}|\t).*)*)\n?", re.MULTILINE
)
NOTE_MARK = re.compile(r"\[\^(?P<name>[^\]]+)\](?!:)")
DEFINITION = re.compile(r"^:[ ]{1,4}(?=\S)", re.MULTILINE)
EXTERNAL = re.compile(r"(?:https?|mailto|doi):")


@dataclass
class Output:
    """What a cell shows under itself, as its chapter says it: text, an error, or a figure."""

    text: str = ""
    error: tuple[str, str] | None = None
    figure: Image | None = None


@dataclass
class Cell:
    """A piece of a lab. `role` is that of an exercise's part, "" for the chapter's own."""

    kind: str
    source: str
    role: str = ""
    outputs: list[Output] = field(default_factory=list)
    raises: str = ""
    exercise: Exercise | None = None
    line: int = 0


@dataclass
class Fold:
    """A <details> of the page. Open folds lose their tags: what they hold becomes cells."""

    first: int
    last: int
    summary: str
    role: str
    is_open: bool = False


def write(root: Path) -> list[Path]:
    """Makes docs/labs/ and docs/downloads/ what the chapters say; gives the files it wrote.

    A file that holds the right bytes is left alone, or live reload would never rest.
    """
    docs = root / "docs"
    files: dict[Path, bytes] = {}
    pages: dict[str, str] = {}
    for path in chapter_files(docs):
        name, page = path.stem, path.relative_to(root).as_posix()
        if name in pages:
            raise PressError(
                Problem(
                    page, 1, f"two chapters would make the lab {name}.ipynb",
                    expected="a file name of its own for each chapter", got=pages[name],
                    mend="rename one of the two",
                )
            )  # fmt: skip
        pages[name] = page
        chapter = chapters.read(path, root)
        parts = cells(chapter, root)
        book = notebook(chapter, root, parts).encode()
        files[docs / "labs" / f"{name}.ipynb"] = book
        files[docs / "downloads" / f"{name}.ipynb"] = book
        files[docs / "downloads" / f"{name}.py"] = script(chapter, root, parts).encode()
    for folder in (docs / "labs", docs / "downloads"):
        for path in [p for p in folder.rglob("*") if p.is_file() and p not in files]:
            path.unlink()
    return [path for path, data in files.items() if write_if_changed(path, data)]


def chapter_files(docs: Path) -> list[Path]:
    """The pages whose front matter gives them a chapter number."""
    found = []
    for path in equations.markdown_files(docs):
        front = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
        if front and re.search(r"^chapter:", front[0], re.MULTILINE):
            found.append(path)
    return found


# --- the chapter, taken apart ---------------------------------------------------------------


def cells(chapter: Chapter, root: Path) -> list[Cell]:
    """The lab's cells in the order of the page. Raises PressError for what no lab can hold."""
    text = _Text(chapter, root)
    made = _walk(chapter, root, text)
    if text.notes:
        lines = [f"{at}. {note}" for at, note in enumerate(text.notes.values(), 1) if note]
        made.append(Cell("markdown", "## Notes\n\n" + "\n".join(lines)))
    _refuse_imports(chapter, made)
    return _keep_names(made)


def _opening(chapter: Chapter, form: str, then: str) -> Cell:
    number = f"Chapter {chapter.number} of" if chapter.number is not None else "From"
    return Cell(
        "markdown",
        f"# {_title(chapter)}\n\n"
        f"{number} *{BOOK}*, as a {form}. It needs NumPy, PyTorch and matplotlib "
        f"(`pip install numpy torch matplotlib`) and runs from top to bottom. {then}\n\n"
        "Licences: the code MIT, the text CC BY 4.0.",
    )


def _title(chapter: Chapter) -> str:
    for _, line in chapter.prose:
        match = HEADING.match(line)
        if match and match["level"] == "#":
            return ATTRIBUTES.sub("", match["title"]).strip()
    return str(chapter.meta.get("title") or Path(chapter.file).stem)


def _walk(chapter: Chapter, root: Path, text: _Text) -> list[Cell]:
    """Goes down the page line by line and starts a cell wherever code does."""
    prose = dict(chapter.prose)
    fences = {fence.line: fence for fence in chapter.fences}
    blocks = {block.line: block for block in chapter.blocks}
    results = {block.output.line for block in chapter.blocks if block.output}
    drawn = {image.line for block in chapter.blocks for image in block.images}
    folds = _folds(chapter)
    opens = {fold.first: fold for fold in folds}
    closes = {fold.last: fold for fold in folds}
    skipped = _lines_of_the_page_alone(chapter)

    made: list[Cell] = []
    pending: list[str] = []
    role = ""
    indent = False  # inside an admonition

    def flush() -> None:
        source = re.sub(r"\A(?:>?\s*\n)+|(?:\n>?\s*)+\Z", "", text.convert("\n".join(pending)))
        source = source.strip()
        if source:
            made.append(Cell("markdown", source, role))
        pending.clear()

    number, last = 1, len(chapter.lines)
    while number <= last:
        if number in fences:
            fence, block = fences[number], blocks.get(number)
            inside = [f for f in folds if f.first < number < f.last]
            if block and block.not_run is None and all(f.is_open for f in inside):
                flush()
                made += _code(chapter, block, root)
            elif fence.line not in results or not all(f.is_open for f in inside):
                pending += [*_fenced(chapter, fence, block, root), ""]
            number = fence.end + 1
            continue
        line = prose.get(number, "")
        if number in opens:
            fold = opens[number]
            if fold.is_open:
                if fold.role != "check" and fold.summary:
                    pending += [f"*{fold.summary}*", ""]
            else:
                if not role:
                    flush()
                    role = fold.role
                kind = f' class="{fold.role}"' if fold.role else ""
                pending += [f"<details{kind}><summary>{fold.summary}</summary>", ""]
        elif number in closes:
            if not closes[number].is_open:
                pending += ["</details>", ""]
            if role and not any(f.first < number < f.last for f in folds):
                flush()
                role = ""
        elif number in skipped or number in drawn:
            pass
        elif match := ADMONITION.match(line):
            indent = True
            title = match["title"] if match["title"] is not None else match["kind"].capitalize()
            pending += [f"> **{title}**", ">"]
        elif indent and _goes_on(chapter.lines, number):
            pending.append(f"> {line[4:]}".rstrip())
        else:
            indent = False
            pending.append(line)
        number += 1
    flush()
    return made


def _goes_on(lines: list[str], number: int) -> bool:
    """Whether a line, or the text after its empty lines, is still inside the admonition."""
    following = next((line for line in lines[number - 1 :] if line.strip()), "")
    return following.startswith("    ")


def _lines_of_the_page_alone(chapter: Chapter) -> set[int]:
    """The title, which opens the lab already, and the row of downloads under it."""
    found: set[int] = set()
    prose = dict(chapter.prose)
    for number, line in chapter.prose:
        match = HEADING.match(line)
        if match and match["level"] == "#":
            found.add(number)
            break
    for number, line in chapter.prose:
        if re.search(r"\{[^}\n]*\.download\b[^}\n]*\}|\{[^}\n]*\.lab\b[^}\n]*\}", line):
            for step in (-1, 1):
                at = number
                while prose.get(at, "").strip():
                    found.add(at)
                    at += step
    return found


def _folds(chapter: Chapter) -> list[Fold]:
    """The page's <details>, nested ones too."""
    starters = {block.line for block in chapter.blocks if block.not_run is None}
    folds: list[Fold] = []
    stack: list[Fold] = []
    for number, line in chapter.prose:
        if match := DETAILS.match(line):
            names = chapters.DETAILS_CLASS.search(match["attributes"])
            known = names["names"].split() if names else []
            role = next((r for r in chapters.ROLES if r in known), "")
            stack.append(Fold(number, len(chapter.lines), match["summary"] or "", role))
        if "</details>" in line and stack:
            fold = stack.pop()
            fold.last = number
            folds.append(fold)
    folds += stack
    for fold in folds:
        has_code = any(fold.first < line < fold.last for line in starters)
        # Outside of exercises, a fold only tucks long code away: in a lab it is a cell.
        fold.is_open = fold.role == "check" or (has_code and not fold.role)
    for fold in folds:
        if any(o.first < fold.first < o.last and not o.is_open for o in folds):
            fold.is_open = False
    return folds


def _source(chapter: Chapter, fence: Fence, root: Path) -> str:
    """A fence's code with its includes expanded."""
    lines = includes.expand_code(fence.lines, chapter.file, fence.line + 1, root)
    return "\n".join(line.text for line in lines).strip("\n")


def _code(chapter: Chapter, block: Block, root: Path) -> list[Cell]:
    """A block as a code cell, after a line with its title where it has one of its own."""
    source = _source(chapter, block.fence, root)
    exercise = next((e for e in chapter.exercises if e.line < block.line <= e.end), None)
    role = block.role if block.role in ("starter", "check") else ""
    cell = Cell("code", source, role, raises=block.raises, exercise=exercise, line=block.line)
    shown = block.output.text.rstrip() if block.output else ""
    try:
        if role == "check":
            cell.source = guarded(
                source, "AssertionError as diagnosis", 'print("Not yet:", diagnosis)'
            )
            shown = re.sub(r"^AssertionError:? ?", "Not yet: ", shown, count=1, flags=re.MULTILINE)
        elif not block.raises:
            ast.parse(source)
    except SyntaxError:
        raise PressError(
            Problem(chapter.file, block.line, "the block is not Python", mend="mend the code")
        ) from None
    if block.raises:
        printed, error = _split_error(shown, block.raises)
        cell.outputs = [Output(text=printed)] if printed else []
        cell.outputs.append(Output(error=error))
    elif shown:
        cell.outputs = [Output(text=shown)]
    cell.outputs += [Output(figure=image) for image in block.images]
    title = block.fence.title
    if not title or title == "Starter" or title.endswith(".py"):
        return [cell]
    return [Cell("markdown", f"*{title}*"), cell]


def _split_error(shown: str, name: str) -> tuple[str, tuple[str, str]]:
    """What was printed before the exception, and the exception's name and message."""
    found = list(re.finditer(rf"^{re.escape(name)}(?:: |$)", shown, re.MULTILINE))
    if not found:
        return shown, (name, "")
    return shown[: found[-1].start()].rstrip(), (name, shown[found[-1].end() :])


def _fenced(chapter: Chapter, fence: Fence, block: Block | None, root: Path) -> list[str]:
    """A fence that stays in Markdown: console lines, a solution, code that is not run."""
    prefix = (
        fence.prefix.replace("    ", "", 1) if fence.prefix.startswith("    ") else fence.prefix
    )
    language = "text" if fence.language == "output" else fence.language
    if block:
        language, source = "python", _source(chapter, fence, root)
    else:
        source = "\n".join(includes.expand(fence.lines, root))
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", source)), 3)
    lines = [f"{ticks}{language}", *source.split("\n"), ticks]
    if block and block.not_run:
        lines = [f"*Not run: {block.not_run}*", "", *lines]
    return ["", *[(prefix + line).rstrip() for line in lines]]


# --- prose ----------------------------------------------------------------------------------


class _Text:
    """Turns the site's Markdown into Jupyter's, and remembers the footnotes on the way."""

    def __init__(self, chapter: Chapter, root: Path) -> None:
        self.chapter = chapter
        self.equations = equations.index(root / "docs")
        self.notes: dict[str, str] = {}

    def convert(self, text: str) -> str:
        kept: list[str] = []

        def hide(match: re.Match[str]) -> str:
            opaque = match[0]
            if match["display"]:
                opaque = equations.LABEL.sub(lambda m: rf"\tag{{{self.number(m)}}}", opaque)
            kept.append(opaque)
            return f"\0{len(kept) - 1}\0"

        text, fenced = _hide_fences(text)
        text = OPAQUE.sub(hide, text)
        text = NOTE.sub(self._note, text)
        text = NOTE_MARK.sub(self._note_mark, text)
        text = BLOCK_ATTRIBUTES.sub("", text)
        text = ATTRIBUTES.sub("", text)
        text = equations.EQREF.sub(lambda match: f"({self.number(match)})", text)
        text = MARKDOWN_ATTRIBUTE.sub(r"\1", FOR_MKDOCS.sub("", text))
        text = IMAGE.sub(lambda m: m[0] if EXTERNAL.match(m["path"]) else f"*({m['alt']})*", text)
        text = LINK.sub(_link, text)
        text = HTML_LINK.sub(_link, text)
        text = DEFINITION.sub("— ", text.replace("[TOC]", ""))
        text = re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)
        text = re.sub(r"\n{3,}", "\n\n", text)
        return re.sub("\1(\\d+)\1", lambda match: fenced[int(match[1])], text)

    def number(self, match: re.Match[str]) -> str:
        label = match[1].strip()
        if label not in self.equations:
            lines = self.chapter.lines
            line = next((n for n, text in enumerate(lines, 1) if match[0] in text), 1)
            raise PressError(
                equations.unknown_label(label, self.equations, self.chapter.file, line)
            )
        return self.equations[label].number

    def _note_mark(self, match: re.Match[str]) -> str:
        self.notes.setdefault(match["name"], "")
        return f"<sup>{list(self.notes).index(match['name']) + 1}</sup>"

    def _note(self, match: re.Match[str]) -> str:
        self.notes[match["name"]] = " ".join(match["text"].split())
        return ""


def _hide_fences(text: str) -> tuple[str, list[str]]:
    """The text with its code fences put aside: they are as they should be already."""
    kept: list[str] = []
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        match = re.match(r"[ \t>]*(`{3,}|~{3,})", line)
        if fence:
            kept[-1] += "\n" + line
            if match and line.lstrip(" \t>").rstrip() == fence:
                fence = ""
        elif match:
            fence = match[1]
            kept.append(line)
            lines.append(f"\1{len(kept) - 1}\1")
        else:
            lines.append(line)
    return "\n".join(lines), kept


def _link(match: re.Match[str]) -> str:
    """A link out of the book stays; one inside the book has no target in a notebook."""
    return match[0] if EXTERNAL.match(match["target"]) else match["text"]


# --- code -----------------------------------------------------------------------------------


def guarded(source: str, exception: str, otherwise: str) -> str:
    """The code in a try block; what it raises goes to `otherwise`.

    Functions that the code defines first stay in front, where they are easier to read.
    """
    before, source = _definitions(source)
    return f"{before}try:\n{indented(source)}\nexcept {exception}:\n    {otherwise}"


def _definitions(source: str) -> tuple[str, str]:
    """The functions that the code begins with, and the rest of it."""
    body = ast.parse(source).body
    last = 0
    for statement in body:
        if not isinstance(statement, ast.FunctionDef) or statement.decorator_list:
            break
        last = statement.end_lineno
    lines = source.split("\n")
    if not last or not "".join(lines[last:]).strip():
        return "", source
    return "\n".join(lines[:last]) + "\n\n\n", "\n".join(lines[last:]).strip("\n")


def indented(source: str) -> str:
    """The code four spaces further in; lines inside a string stay, or the string would change."""
    inside: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source + "\n").readline):
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            opened.append(token.start[0])
        first = opened.pop() if name in ("FSTRING_END", "TSTRING_END") else token.start[0]
        if name in ("STRING", "FSTRING_END", "TSTRING_END"):
            inside |= set(range(first + 1, token.end[0] + 1))
    return "\n".join(
        line if number in inside or not line.strip() else "    " + line
        for number, line in enumerate(source.split("\n"), start=1)
    )


def _silent(source: str) -> str:
    """The code, made not to echo its last value: Jupyter would, and the chapter does not."""
    body = ast.parse(source).body
    if not body or not isinstance(body[-1], ast.Expr) or source.rstrip().endswith(";"):
        return source
    value = body[-1].value
    called = ast.unparse(value.func) if isinstance(value, ast.Call) else ""
    if called in ("print", "plt.show"):
        return source
    lines = source.split("\n")
    at = body[-1].end_lineno - 1
    end = len(lines[at].encode()[: body[-1].end_col_offset].decode())
    lines[at] = f"{lines[at][:end]};{lines[at][end:]}"
    return "\n".join(lines)


def _refuse_imports(chapter: Chapter, made: Iterable[Cell]) -> None:
    """A lab runs on its reader's machine, where the book's own packages are not."""
    for cell in made:
        if cell.kind != "code" or cell.raises == "SyntaxError":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            for name in names:
                package = name.partition(".")[0]
                if package not in PACKAGES and package not in sys.stdlib_module_names:
                    raise PressError(
                        Problem(
                            chapter.file, cell.line, f"a lab cannot import {name}",
                            expected="Python's own library, NumPy, PyTorch and matplotlib",
                            got=ast.unparse(node),
                            mend='show the code instead: --8<-- "src/foundations/module.py:region"',
                        )
                    )  # fmt: skip


# --- one namespace --------------------------------------------------------------------------


def _keep_names(made: list[Cell]) -> list[Cell]:
    """Keeps the chapter's own values where an exercise gives their names other ones.

    The press runs each exercise in a copy of the page's namespace; a notebook has only one. Where
    a later cell needs a name that an exercise rebinds, the value is kept before and given back.
    """
    groups: list[list[Cell]] = []
    for cell in made:
        if cell.kind != "code" or cell.raises == "SyntaxError":
            continue
        if cell.exercise and groups and groups[-1][0].exercise is cell.exercise:
            groups[-1].append(cell)
        else:
            groups.append([cell])
    own: set[str] = set()
    reads: dict[str, set[str]] = {}
    taken: dict[str, int] = {}
    keep: dict[int, set[str]] = {}
    give_back: dict[int, set[str]] = {}
    for at, group in enumerate(groups):
        names = _Names(group)
        for name in sorted(_with_helpers(names.needed, reads) & set(taken)):
            keep.setdefault(id(groups[taken[name]][0]), set()).add(name)
            give_back.setdefault(id(group[0]), set()).add(name)
            del taken[name]
        if group[0].exercise:
            taken |= {name: at for name in names.bound - names.imported if name in own}
        else:
            own |= names.bound
            reads |= names.helpers
            taken = {name: by for name, by in taken.items() if name not in names.bound}
    result: list[Cell] = []
    for cell in made:
        if names := give_back.get(id(cell)):
            lines = [f"{name} = chapter_{name}" for name in sorted(names)]
            result.append(Cell("code", "# The chapter's own again.\n" + "\n".join(lines)))
        if names := keep.get(id(cell)):
            lines = [f"chapter_{name} = {name}" for name in sorted(names)]
            comment = "# Kept for later: the exercise gives this name a value of its own.\n"
            result.append(Cell("code", comment + "\n".join(lines)))
        result.append(cell)
    return result


def _with_helpers(needed: set[str], reads: dict[str, set[str]]) -> set[str]:
    """The names, and those that the functions among them read when they are called."""
    found: set[str] = set()
    queue = list(needed)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += reads.get(name, ())
    return found


class _Names:
    """The global names that cells bind, and those that they need from above."""

    def __init__(self, group: list[Cell]) -> None:
        self.bound: set[str] = set()
        self.imported: set[str] = set()
        self.needed: set[str] = set()
        self.helpers: dict[str, set[str]] = {}
        for cell in group:
            for statement in ast.parse(cell.source).body:
                self._statement(statement)

    def _statement(self, statement: ast.stmt) -> None:
        reads, writes = _uses(statement)
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self.imported |= writes
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.helpers[statement.name] = reads
        elif not isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr):
            reads = reads - writes
        self.needed |= reads - self.bound
        self.bound |= writes


def _uses(node: ast.AST) -> tuple[set[str], set[str]]:
    """Names that a piece of code reads from around it, and names that it binds around it."""
    if isinstance(node, ast.Name):
        names = {node.id}
        return (names, set()) if isinstance(node.ctx, ast.Load) else (set(), names)
    reads: set[str] = set()
    writes: set[str] = set()
    for child in ast.iter_child_nodes(node):
        inner_reads, inner_writes = _uses(child)
        reads |= inner_reads
        writes |= inner_writes
    if isinstance(node, ast.alias):
        writes.add(node.asname or node.name.partition(".")[0])
    elif isinstance(node, ast.arg):
        writes.add(node.arg)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        writes.add(node.name)
    elif isinstance(node, ast.AugAssign):
        reads |= writes
    elif isinstance(
        node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda
    ):
        return reads - writes, set()
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return reads - writes - {node.name}, {node.name}
    return reads, writes


# --- the notebook ---------------------------------------------------------------------------


def notebook(chapter: Chapter, root: Path, parts: list[Cell] | None = None) -> str:
    """The lab as the text of an .ipynb file (format 4.5)."""
    made: list[dict] = []
    ids: set[str] = set()
    opening = _opening(
        chapter, "notebook",
        "The outputs were verified when the book was built; run a cell to get your own.",
    )  # fmt: skip
    for cell in _merged([opening, *(cells(chapter, root) if parts is None else parts)]):
        data: dict = {"cell_type": cell.kind, "id": _cell_id(cell, ids), "metadata": {}}
        if cell.kind == "code":
            tags = [cell.role] if cell.role else []
            tags += ["raises-exception"] if cell.raises else []
            if tags:
                data["metadata"]["tags"] = tags
            data["execution_count"] = None
            data["outputs"] = [_output(output, chapter, root) for output in cell.outputs]
        quiet = cell.kind == "code" and not cell.raises and cell.role != "check"
        source = _silent(cell.source) if quiet else cell.source
        data["source"] = source.splitlines(keepends=True)
        made.append(data)
    whole = {
        "cells": made,
        "metadata": {
            "book": {"page": chapter.file.removeprefix("docs/"), "title": _title(chapter)},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"file_extension": ".py", "name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _merged(parts: Iterable[Cell]) -> list[Cell]:
    """The cells, with neighbouring pieces of prose as one."""
    made: list[Cell] = []
    for cell in parts:
        if made and cell.kind == made[-1].kind == "markdown":
            made[-1] = Cell("markdown", f"{made[-1].source}\n\n{cell.source}")
        else:
            made.append(cell)
    return made


def _cell_id(cell: Cell, taken: set[str]) -> str:
    """An id that depends on what the cell says, so that an edit elsewhere leaves it alone."""
    digest = hashlib.sha256(f"{cell.kind}\n{cell.source}".encode()).hexdigest()[:12]
    name, again = digest, 1
    while name in taken:
        again += 1
        name = f"{digest}-{again}"
    taken.add(name)
    return name


def _output(output: Output, chapter: Chapter, root: Path) -> dict:
    if output.figure:
        svg = _svg(output.figure, chapter, root)
        return {
            "data": {
                "image/svg+xml": svg.splitlines(keepends=True),
                "text/plain": output.figure.alt,
            },
            "metadata": {"image/svg+xml": {"alt": output.figure.alt}},
            "output_type": "display_data",
        }
    if output.error:
        name, message = output.error
        line = f"{name}: {message}" if message else name
        return {"ename": name, "evalue": message, "output_type": "error", "traceback": [line]}
    text = (output.text + "\n").splitlines(keepends=True)
    return {"name": "stdout", "output_type": "stream", "text": text}


def _svg(image: Image, chapter: Chapter, root: Path) -> str:
    """A figure for a notebook: it tells its alt text, and the site where its file is."""
    path = root / Path(chapter.file).parent / image.path
    try:
        svg = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PressError(
            Problem(
                chapter.file, image.line, f"the figure {image.path} does not exist yet",
                mend=f"make update PAGE={chapter.file}",
            )
        ) from None  # fmt: skip
    svg = svg[svg.index("<svg") :].strip()
    place = path.relative_to(root / "docs").as_posix()
    alt = html.escape(image.alt, quote=True)
    return re.sub(
        r"^<svg\b", f'<svg role="img" aria-label="{alt}" data-figure="{html.escape(place)}"', svg
    )


# --- the script -----------------------------------------------------------------------------


def script(chapter: Chapter, root: Path, parts: list[Cell] | None = None) -> str:
    """The chapter as one Python file: prose as comments, code as it is, checks guarded."""
    opening = _opening(
        chapter, "script", "Hints and solutions are on the chapter's page and in its notebook."
    )
    made = [opening, *(cells(chapter, root) if parts is None else parts)]
    pieces: list[str] = []
    for cell in _merged(cell for cell in made if cell.kind == "code" or not cell.role):
        if cell.kind == "markdown":
            pieces.append(_comment(cell.source))
        elif cell.raises:
            source = f"exec({cell.source!r})" if cell.raises == "SyntaxError" else cell.source
            pieces.append(guarded(source, "Exception as error", LAST_LINE))
        else:
            pieces.append(cell.source)
    return "\n\n".join(pieces) + "\n"


def _comment(markdown: str, width: int = 86) -> str:
    """Markdown as comment lines: paragraphs wrapped, tables, formulas and code as they are."""
    text, fenced = _hide_fences(re.sub(r"</?(?:details|summary)[^>]*>", "", markdown))
    lines: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text.strip("\n")):
        if lines:
            lines.append("")
        lines += _wrapped(block, width)
    text = re.sub("\1(\\d+)\1", lambda match: fenced[int(match[1])], "\n".join(lines))
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def _wrapped(block: str, width: int) -> list[str]:
    first = block.lstrip()
    if match := HEADING.match(block):
        title = match["title"]
        under = "=" if match["level"] == "#" else "-"
        return [title, under * min(len(title), width)]
    if first.startswith(("|", "$$", "\1", "<")) or "\1" in block:
        return block.split("\n")
    lines: list[str] = []
    if first.startswith(">"):
        paragraphs = re.split(r"\n[ \t]*>[ \t]*\n", block)
        for paragraph in paragraphs:
            body = " ".join(re.sub(r"(?m)^[ \t]*>[ \t]?", "", paragraph).split())
            lines += [">"] if lines else []
            lines += textwrap.wrap(body, width, initial_indent="> ", subsequent_indent="> ")
        return lines
    for item in re.split(r"\n(?=[ \t]*(?:[-*+]|\d+[.)])[ \t])", block):
        mark = re.match(r"[ \t]*(?:[-*+]|\d+[.)])[ \t]+", item)
        hang = " " * len(mark[0]) if mark else ""
        body = " ".join(item[mark.end() if mark else 0 :].split())
        lines += textwrap.wrap(
            body, width, initial_indent=mark[0] if mark else "", subsequent_indent=hang,
            break_long_words=False, break_on_hyphens=False,
        ) or [item.rstrip()]  # fmt: skip
    return lines
