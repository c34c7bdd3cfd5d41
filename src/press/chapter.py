"""Reads a chapter's Markdown: prose, code, outputs, figures, prose checks, exercises.

Nothing is run here. What a reader is shown as Python becomes a `Block`, whatever its info string
says besides (a title, highlighted lines, `py`), and wherever it stands (a list, a quotation, a
fold); what a reader is not shown (HTML comments, the inside of a longer fence) does not. Anything
that the rest of the press would have to skip becomes a `Problem` instead.
"""

from __future__ import annotations

import ast
import difflib
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path

import yaml
from pygments.lexers import get_lexer_by_name
from pygments.lexers.python import PythonConsoleLexer, PythonLexer
from pygments.util import ClassNotFound

from press.problems import PressError, Problem

FENCE = re.compile(r"^(?P<prefix>[> \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*?)[ \t]*$")
LANGUAGE = re.compile(r"^(?:\{[ \t]*)?\.?(?P<name>[\w#.+-]+)")
TITLE = re.compile(r"(?<![\w-])title=(?P<quote>[\"'])(?P<title>.*?)(?P=quote)")
RAISES = re.compile(r"^Raises (?P<type>[A-Za-z_][\w.]*)$")
NOT_RUN = re.compile(r"^Not run:?\s*$|^Not run:\s*(?P<reason>.+)$")
INLINE_CODE = re.compile(r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)")
IMAGE = re.compile(r"!\[(?P<alt>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<path>[^)\s]+)[^)]*\)")
OTHER_IMAGE = re.compile(r"(?<!\\)!\[|<img\b(?![^>]*\balt=[\"'][^\"'])|<img\b[^>]*figures/", re.I)
"""An image in a form that the press does not read: over two lines, by reference, in HTML."""
LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)[^)]*\)")
SAYS = re.compile(r"<!--\s*says:(?P<code>.*?)-->", re.DOTALL)
HEADING = re.compile(r"^(?P<level>#{1,6})\s+(?P<title>.*?)\s*$")
LEVELS, KINDS = "Easy|Medium|Hard", "on paper|concept|code"
EXERCISE = re.compile(
    r"^Exercise (?P<number>\d+\.\d+): (?P<title>.+?)\s*\{[^}]*#(?P<id>ex-[\w-]+)[^}]*\}$"
)
ABOUT = re.compile(rf"^\*(?P<level>{LEVELS}) · (?P<minutes>\d+) minutes? · (?P<kind>{KINDS})\*$")
DETAILS = re.compile(
    r"^\s*<details(?P<attributes>[^>]*)>\s*(?:<summary>(?P<summary>.*?)</summary>)?"
)
DETAILS_CLASS = re.compile(r"""class=["'](?P<names>[^"']*)["']""")
ROLES = ("hint", "check", "solution", "mistake")


@dataclass
class Fence:
    """A code fence: lines are numbered from 1, `lines` have the fence's own prefix taken off."""

    line: int
    end: int
    prefix: str
    info: str
    lines: list[str]
    marks: str = "```"

    @property
    def language(self) -> str:
        match = LANGUAGE.match(self.info)
        return match["name"].lower() if match else ""

    @property
    def title(self) -> str:
        match = TITLE.search(self.info)
        return match["title"] if match else ""

    @property
    def is_python(self) -> bool:
        return is_python(self.language)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass
class Image:
    """An image of the page; `path` is as written, relative to the page."""

    line: int
    alt: str
    path: str


@dataclass
class Block:
    """A Python fence that readers see, with what the page says it prints, draws or raises."""

    fence: Fence
    output: Fence | None = None
    images: list[Image] = field(default_factory=list)
    role: str = ""
    """Empty for the chapter's own code; else starter, check, solution or mistake."""

    @property
    def line(self) -> int:
        return self.fence.line

    @property
    def raises(self) -> str:
        match = RAISES.match(self.fence.title)
        return match["type"] if match else ""

    @property
    def not_run(self) -> str | None:
        """The reason why the block is not run; None where it is run."""
        match = NOT_RUN.match(self.fence.title)
        return (match["reason"] or "").strip() if match else None


@dataclass
class Says:
    """A prose check: `code` gives text that must stand in the paragraph above the comment."""

    line: int
    code: str
    first: int
    last: int
    """The paragraph's first and last line, from 1."""


@dataclass
class Hint:
    line: int
    summary: str


@dataclass
class Exercise:
    """The reader's turn. One form for the page, the lab, the tests and live checking.

    The answer (starter, a solution, a mistake) runs first, then the check, in one namespace. A
    check that is content runs to its end; one that is not raises AssertionError with a diagnosis.
    """

    line: int
    end: int
    number: str
    id: str
    title: str
    level: str = ""
    minutes: int = 0
    kind: str = ""
    starter: Block | None = None
    check: Block | None = None
    hints: list[Hint] = field(default_factory=list)
    solutions: list[Block] = field(default_factory=list)
    mistakes: list[Block] = field(default_factory=list)


@dataclass
class Chapter:
    """A page of the book as its Markdown says it."""

    file: str
    text: str
    meta: dict
    fences: list[Fence]
    blocks: list[Block]
    says: list[Says]
    exercises: list[Exercise]
    images: list[Image]
    prose: list[tuple[int, str]]
    """Line number and text of every line that is prose: no fence, no comment, no front matter."""
    problems: list[Problem]
    comments: list[tuple[int, str]] = field(default_factory=list)
    """First line and text of every HTML comment."""

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.split("\n"))

    @property
    def number(self) -> int | None:
        return self.meta.get("chapter")

    def steps(self) -> list[Block | Says | Exercise]:
        """What is run, top to bottom: the chapter's own blocks, its prose checks, its exercises."""
        own = [block for block in self.blocks if not block.role]
        return sorted([*own, *self.says, *self.exercises], key=lambda step: step.line)

    def paragraph(self, says: Says) -> str:
        """The paragraph above a prose check, as one line, without HTML comments."""
        first, end = (
            bisect_left(self.prose, number, key=itemgetter(0))
            for number in (says.first, says.last + 1)
        )
        return " ".join(line.strip() for _, line in self.prose[first:end])


@lru_cache
def is_python(language: str) -> bool:
    """Whether the site would highlight a fence in this language as Python."""
    try:
        return isinstance(get_lexer_by_name(language), PythonLexer)
    except ClassNotFound:
        return False


@lru_cache
def _language_problem(language: str) -> str:
    """Why a fence must not be in this language; empty where it may."""
    if not language:
        return "a fence without a language"
    try:
        session = isinstance(get_lexer_by_name(language), PythonConsoleLexer)
    except ClassNotFound:
        return f"a fence in a language that nobody knows: {language}"
    return f"a fence that shows a Python session ({language})" if session else ""


def read(path: Path, root: Path) -> Chapter:
    """Reads the Markdown file `path` of the project at `root`."""
    file = path.resolve().relative_to(root.resolve()).as_posix()
    try:
        return parse(path.read_text(encoding="utf-8"), file)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise PressError(
            Problem(file, line, "the file is not UTF-8", got=str(error), mend="save it as UTF-8")
        ) from error


def parse(text: str, file: str) -> Chapter:
    """Reads Markdown `text`; `file` is the name that problems give."""
    problems: list[Problem] = []
    if text.startswith("\ufeff"):
        problems.append(
            Problem(
                file,
                1,
                "the file starts with a byte-order mark",
                got="U+FEFF, unseen",
                mend="save it as UTF-8 without BOM",
            )
        )
    lines = text.removeprefix("\ufeff").split("\n")
    meta, first = _front_matter(lines, file, problems)
    fences, shown = _fences(lines, first, file, problems)
    prose, comments = _without_comments(shown, file, problems)
    images = [
        Image(number, match["alt"].strip(), match["path"])
        for number, line in prose
        for match in IMAGE.finditer(without_code(line))
    ]
    chapter = Chapter(file, text, meta, fences, [], [], [], images, prose, problems, comments)
    chapter.blocks = _blocks(chapter)
    chapter.says = _says(chapter, comments)
    chapter.exercises = _exercises(chapter)
    _orphans(chapter)
    problems.sort(key=lambda problem: problem.line)
    return chapter


def _front_matter(lines: list[str], file: str, problems: list[Problem]) -> tuple[dict, int]:
    """The page's metadata, and the number of the first line after it."""
    if not lines or lines[0].rstrip() != "---":
        return {}, 1
    for end, line in enumerate(lines[1:], start=2):
        if line.rstrip() in ("---", "..."):
            try:
                meta = yaml.safe_load("\n".join(lines[1 : end - 1])) or {}
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                at = mark.line + 2 if mark else 1
                problems.append(Problem(file, at, f"front matter is not YAML: {error}"))
                meta = {}
            return (meta if isinstance(meta, dict) else {}), end + 1
    problems.append(Problem(file, 1, "front matter never closes", mend="end it with a line of ---"))
    return {}, 1


def _fences(
    lines: list[str], first: int, file: str, problems: list[Problem]
) -> tuple[list[Fence], list[tuple[int, str]]]:
    """The fences as pymdownx.superfences sees them, and the numbered lines between them.

    As there: a fence closes with exactly the marks that opened it, after the same prefix, and
    what stands between, other fences too, is its content. Fences in HTML comments come back
    among the lines, for `_without_comments` to report.
    """
    fences: list[Fence] = []
    rest: list[tuple[int, str]] = []
    number, comment = first, False
    while number <= len(lines):
        line = lines[number - 1]
        if comment or not (match := FENCE.match(line)):
            comment = _comment_open(line, comment)
            rest.append((number, line))
            number += 1
            continue
        prefix, marks = match["prefix"], match["fence"]
        end = _fence_end(lines, number, prefix, marks)
        if end is None:
            problems.append(
                Problem(
                    file,
                    number,
                    f"a fence opens with {marks}{match['info']} and never closes",
                    expected=f"a line of exactly {marks} with the same indentation",
                    mend="close the fence; readers would see it as broken text",
                )
            )
            rest.append((number, line))
            number += 1
            continue
        body = [_unprefixed(text, prefix) for text in lines[number : end - 1]]
        fences.append(Fence(number, end, prefix, match["info"], body, marks))
        number = end + 1
    return fences, rest


def _fence_end(lines: list[str], opening: int, prefix: str, marks: str) -> int | None:
    for number in range(opening + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.rstrip() == (prefix + marks):
            return number
        inside = prefix.rstrip(" ") if ">" in prefix else prefix
        if line.strip(" \t>") and not line.startswith(inside):
            return None  # less indented than its opening: superfences gives the fence up
    return None


def _unprefixed(line: str, prefix: str) -> str:
    return line[len(prefix) :] if line.startswith(prefix) else line.lstrip(" \t>")


def _comment_open(line: str, inside: bool) -> bool:
    """Whether an HTML comment is open at the line's end."""
    text = line if inside else without_code(line)
    while True:
        at = text.find("-->" if inside else "<!--")
        if at < 0:
            return inside
        text = text[at + (3 if inside else 4) :]
        inside = not inside


def without_code(line: str) -> str:
    """The line with inline code blanked, its length kept."""
    return INLINE_CODE.sub(lambda match: " " * len(match[0]), line)


def _without_comments(
    shown: list[tuple[int, str]], file: str, problems: list[Problem]
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Prose lines with HTML comments taken out, and the comments with their first lines."""
    prose: list[tuple[int, str]] = []
    comments: list[tuple[int, str]] = []
    inside, text, opened = False, "", 0
    for number, line in shown:
        kept = ""
        rest = line
        while True:
            if inside:
                at = rest.find("-->")
                if at < 0:
                    text += rest + "\n"
                    break
                comments.append((opened, text + rest[: at + 3]))
                inside, rest = False, rest[at + 3 :]
            else:
                at = without_code(rest).find("<!--")
                if at < 0:
                    kept += rest
                    break
                kept, text, opened = kept + rest[:at], "<!--", number
                inside, rest = True, rest[at + 4 :]
        if inside and (match := FENCE.match(line)):
            language = Fence(number, number, "", match["info"], []).language
            if is_python(language):
                problems.append(
                    Problem(
                        file,
                        number,
                        "a Python fence inside an HTML comment",
                        expected="code that readers see: this they do not, so it is never run",
                        mend="take it out of the comment, or delete it",
                    )
                )
        prose.append((number, kept))
    if inside:
        problems.append(
            Problem(file, opened, "an HTML comment never closes", mend="close it with -->")
        )
    return prose, comments


def _blocks(chapter: Chapter) -> list[Block]:
    """The Python fences with the output and the figures that follow them."""
    file, problems = chapter.file, chapter.problems
    by_line = {fence.line: fence for fence in chapter.fences}
    prose = dict(chapter.prose)
    blocks: list[Block] = []
    claimed: set[int] = set()
    for fence in chapter.fences:
        if what := _language_problem(fence.language):
            problems.append(
                Problem(
                    file,
                    fence.line,
                    what,
                    expected="python for code that is run, output for what it prints;"
                    " text, console, … for what is neither",
                    mend="name the language after the opening marks",
                )
            )
        plain = chapter.number is not None and fence.language in ("text", "plain", "txt")
        if plain and _reads_as_python(fence.text):
            problems.append(
                Problem(
                    file,
                    fence.line,
                    f"a {fence.language} fence holds Python, which nothing runs",
                    expected="```python",
                    got=fence.lines[0],
                    mend='call it python; title="Not run: the reason" if it must not run',
                )
            )
        if not fence.is_python:
            continue
        block = Block(fence)
        number = _next(chapter, fence.end + 1)
        following = by_line.get(number)
        if following and following.language == "output":
            block.output = following
            claimed.add(following.line)
            number = _next(chapter, following.end + 1)
        while number in prose and IMAGE.match(prose[number].lstrip(" \t>")):
            drawn = [
                image
                for image in chapter.images
                if image.line == number and image.path.startswith("figures/")
            ]
            if not drawn:
                break
            block.images += drawn
            number = _next(chapter, number + 1)
        blocks.append(block)
        _marks(block, file, problems)
    for fence in chapter.fences:
        if fence.language == "output" and fence.line not in claimed:
            problems.append(
                Problem(
                    file,
                    fence.line,
                    "an output that follows no Python block",
                    expected="```output right after the block that prints it",
                    mend="move it there, or call it text",
                )
            )
    return blocks


def _reads_as_python(text: str) -> bool:
    """Whether a text is a program: it imports, defines or calls. Sums by hand are none."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    programs = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    return any(
        isinstance(node, programs) or isinstance(getattr(node, "value", None), ast.Call)
        for node in body
    )


def _next(chapter: Chapter, number: int) -> int:
    """The next line with content; a fold's end may stand between a block and what it gave."""
    lines = chapter.lines
    while number <= len(lines) and lines[number - 1].lstrip(" \t>").strip() in ("", "</details>"):
        number += 1
    return number


def _marks(block: Block, file: str, problems: list[Problem]) -> None:
    """Titles that nearly say `Raises …` or `Not run: …` must not be taken for plain titles."""
    title = block.fence.title
    if block.not_run == "":
        problems.append(
            Problem(
                file,
                block.line,
                "a block is not run and gives no reason",
                expected='title="Not run: the reason, in words that readers see"',
                got=f'title="{title}"',
                mend="say why, or let it run",
            )
        )
    elif re.match(r"raise[sd]?\b|not[- ]run\b|skip", title, re.I) and not (
        block.raises or block.not_run
    ):
        problems.append(
            Problem(
                file,
                block.line,
                f'a title the press does not understand: "{title}"',
                expected='title="Raises ValueError" or title="Not run: the reason"',
            )
        )


def _says(chapter: Chapter, comments: list[tuple[int, str]]) -> list[Says]:
    """The prose checks, each with the lines of the paragraph above it."""
    found: list[Says] = []
    prose = dict(chapter.prose)
    for number, comment in comments:
        match = SAYS.fullmatch(comment)
        if not match:
            if _nearly_says(comment):
                chapter.problems.append(
                    Problem(
                        chapter.file,
                        number,
                        "a prose check that the press cannot read",
                        expected='<!-- says: f"{value:.2f} metres" -->',
                        got=comment,
                    )
                )
            continue
        last = number - 1 if not prose.get(number, "").strip() else number
        while last >= 1 and last in prose and not prose[last].strip():
            last -= 1
        first = last
        while first - 1 in prose and prose[first - 1].strip():
            first -= 1
        if last not in prose:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    number,
                    "a prose check with no paragraph above it",
                    mend="put the comment right under the paragraph that states the number",
                )
            )
            continue
        found.append(Says(number, match["code"].strip(), first, last))
    return found


def _nearly_says(comment: str) -> bool:
    """Whether a comment seems meant as a prose check, but is mistyped: `say:`, `Says`, `f"…"`."""
    word = re.match(r"<!--\W*(\w*)", comment)[1].lower()
    near = difflib.get_close_matches(word, ["says"], cutoff=0.74)
    return bool(near) or bool(re.search(r"""\bf(["']).*\{.*\}.*\1""", comment))


def _exercises(chapter: Chapter) -> list[Exercise]:
    """The exercises: from a heading `Exercise 1.2: …` to the next heading as high."""
    headings = [
        (number, len(match["level"]), match["title"])
        for number, line in chapter.prose
        if (match := HEADING.match(line))
    ]
    found: list[Exercise] = []
    for at, (number, level, title) in enumerate(headings):
        if not title.startswith("Exercise "):
            continue
        match = EXERCISE.match(title)
        if not match:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    number,
                    "an exercise's heading is not in form",
                    expected="### Exercise 1.2: Its title { #ex-its-name }",
                    got=title,
                )
            )
            following = [n for n, _, _ in headings[at + 1 :]]
            for block in chapter.blocks:  # whose starter or check? They are not run until it is
                if number < block.line < (following[0] if following else len(chapter.lines) + 1):
                    block.role = "extra"
            continue
        ends = [n - 1 for n, other, _ in headings[at + 1 :] if other <= level]
        end = ends[0] if ends else len(chapter.lines)
        exercise = Exercise(number, end, match["number"], match["id"], match["title"])
        _fill(exercise, chapter)
        found.append(exercise)
    return found


def _fill(exercise: Exercise, chapter: Chapter) -> None:
    """Gives an exercise its parts, and reports what is missing."""
    role, where = "", 0
    parts: list[tuple[int, int, str]] = []
    for number, line in chapter.prose:
        if not exercise.line < number <= exercise.end:
            continue
        if match := ABOUT.match(line.strip()):
            exercise.level, exercise.kind = match["level"], match["kind"]
            exercise.minutes = int(match["minutes"])
        if match := DETAILS.match(line):
            names = DETAILS_CLASS.search(match["attributes"])
            role = next((r for r in ROLES if names and r in names["names"].split()), "")
            where = number
            if role == "hint":
                exercise.hints.append(Hint(number, match["summary"] or ""))
        if "</details>" in line:
            parts.append((where, number, role))
            role = ""
    for block in chapter.blocks:
        if not exercise.line < block.line <= exercise.end:
            continue
        role = next((r for a, b, r in parts if a < block.line < b), "")
        if role == "check" and exercise.check is None:
            block.role, exercise.check = role, block
        elif role == "solution":
            block.role = role
            exercise.solutions.append(block)
        elif role == "mistake":
            block.role = role
            exercise.mistakes.append(block)
        elif not role and exercise.starter is None:
            block.role, exercise.starter = "starter", block
        else:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    block.line,
                    f"a block of Exercise {exercise.number} that has no part in it",
                    expected="one starter, one check, and folds of class solution or mistake",
                )
            )
            block.role = "extra"
    form = "docs/reference/contributing.md shows an exercise in full"
    for missing, name in (
        (not exercise.level, "a line like *Easy · 5 minutes · on paper* (or concept, or code)"),
        (exercise.starter is None, "a starter: a Python block before any fold"),
        (not exercise.hints, 'a hint: <details class="hint" markdown="1">'),
        (exercise.check is None, 'a check: <details class="check" markdown="1">'),
        (not exercise.solutions, 'a solution: <details class="solution" markdown="1">'),
        (not exercise.mistakes, 'a known wrong answer: <details class="mistake" markdown="1">'),
    ):
        if missing:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    exercise.line,
                    f"Exercise {exercise.number} is not complete",
                    expected=name,
                    got="none",
                    mend=form,
                )
            )


def _orphans(chapter: Chapter) -> None:
    """Images that no block draws, images without words, includes outside code."""
    drawn = {image.line for block in chapter.blocks for image in block.images}
    first: dict[str, int] = {}
    for image in chapter.images:
        name = Path(image.path).name
        if not image.alt or image.alt.lower() in (name.lower(), Path(name).stem.lower()):
            chapter.problems.append(
                Problem(
                    chapter.file,
                    image.line,
                    f"{name} has no alt text that says what it shows",
                    expected="![what a reader who cannot see it must know](figures/name.svg)",
                    got=f"![{image.alt}]({image.path})",
                )
            )
        if image.line in drawn and first.setdefault(image.path, image.line) != image.line:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    image.line,
                    f"two blocks of the page draw {image.path}",
                    expected="a file of its own for each figure",
                    got=f"the same file as at line {first[image.path]}",
                )
            )
        if "figures/" in image.path and image.line not in drawn:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    image.line,
                    f"no block above draws {image.path}",
                    expected="the image right after the block (and its output) that draws it",
                )
            )
    from press.includes import INCLUDE

    for number, line in chapter.prose:
        if OTHER_IMAGE.search(IMAGE.sub("", without_code(line))):
            chapter.problems.append(
                Problem(
                    chapter.file,
                    number,
                    "an image that the press cannot check",
                    expected="![what it shows](path) on one line",
                    got=line.strip(),
                    mend="write it so; an HTML <img> needs alt text and may not show a figure",
                )
            )
    outputs = [fence for fence in chapter.fences if fence.language == "output"]
    shown = [(f.line + at, line) for f in outputs for at, line in enumerate(f.lines, start=1)]
    for number, line in [*chapter.prose, *shown]:
        match = INCLUDE.match(line)
        if match and not match["escape"]:
            chapter.problems.append(
                Problem(
                    chapter.file,
                    number,
                    "an include outside of code",
                    expected="includes only inside ```python (or another language's) fences",
                    got=line.strip(),
                )
            )
