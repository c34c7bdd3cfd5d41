"""The spelling of the book's prose, British, by cspell with a word list of the project.

`python -m press.spelling` looks over every page, the README, and the docstrings and comments of
the library, the snippets and the pages' code. cspell gets the files with everything that is not
prose blanked, so that it needs no rules of its own about Markdown, TeX or Python, and every
character keeps its line and column. It is run without the word list: what it does not know is
compared with the list here, and so a word that nobody uses any more is noticed as well.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import tokenize
from itertools import zip_longest
from pathlib import Path

from press import vendor
from press.check import find_root
from press.problems import Problem
from press.scan import FENCE, prose

WORDS = vendor.CHECKS / "words.txt"
LEFT_OUT = (
    "docs/labs/", "docs/downloads/", "docs/assets/", "docs/figures/",
    "docs/reference/equation-tests.md", "docs/reference/equation-tests/",
)  # fmt: skip
"""Written by the press or come from elsewhere."""
SETTINGS = {
    "version": "0.2",
    "language": "en-GB",
    "import": ["@cspell/dict-en-gb-ise/cspell-ext.json"],
    "dictionaries": ["!en_us", "!softwareTerms", "!companies", "!filetypes", "!misc", "!words"],
    "caseSensitive": False,
    "allowCompoundWords": False,
    "minWordLength": 3,
    "maxNumberOfProblems": 100_000,
    "maxDuplicateProblems": 100_000,
}

TITLE = re.compile(r"\(\d{4}[a-z]?\)[,:]?\s+(?::\s+)?[*“\"\[].*?[*”\"\]]", re.DOTALL)
"""The title of a cited work, after its year: it keeps its own -ize."""
FORMULA = re.compile(r"(?<!\\)\$\$.*?\$\$|(?<![\\$])\$(?=\S)[^$]*?(?<=\S)\$", re.DOTALL)
NOT_WORDS = re.compile(
    r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"  # where a link or an image leads
    r"|\\eqref\{[^}]*\}"
    r"|\{[ :][^{}\n]*\}"  # an attribute list
    r"|</?[a-zA-Z][^<>]*>"  # a tag of HTML
    r"|<?https?://[^\s>)]+>?"
    r"|\bdoi:\S+|\b10\.\d{4,}/\S+|\barXiv:\S+"
    r"|\S+\.(?:ac|com|org|net|io|edu|uk)\b\S*"
    r"|&[a-z]+;"
    r"|^\[\^[^\]]*\]:?|\[\^[^\]]*\]",  # a footnote's mark
    re.MULTILINE,
)
QUOTED = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)
NAMES = re.compile(
    r"\beq:[\w-]+|;?--8<--.*|# (?:fmt|noqa|type):.*"
    r"|\b\w*[_\d]\w*\b|\b\w+(?:\.\w+)+\b|\b\w+\(\S*\)|\S*/\S+\.\w+\b"
)
"""In comments: names of the code, calls and paths, words to other tools."""
WORD = re.compile(r"[^\W\d_]+")
UNKNOWN = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+) - Unknown word \((?P<word>[^)]+)\)"
)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def words_of_markdown(text: str) -> str:
    """A page's prose and the comments of its Python, everything else blanked."""
    whole = re.sub(r"\A---\n", "   \n", text)  # a title and a description are prose
    words = prose(whole)
    words = TITLE.sub(lambda match: match[0].replace("iz", "is"), words)
    for pattern in (FORMULA, NOT_WORDS):
        words = pattern.sub(_blank, words)
    shown = words.split("\n")
    for first, code in _python_fences(text):
        lines = words_of_python(code).split("\n")
        for number, line in enumerate(lines, start=first):
            if line.strip():
                shown[number] = line
    return "\n".join(shown)


def words_of_python(text: str) -> str:
    """A file's docstrings and comments, everything else blanked."""
    lines = [" " * len(line) for line in text.split("\n")]
    source = text.split("\n")

    def show(start: tuple[int, int], end: tuple[int, int]) -> None:
        for row in range(start[0], end[0] + 1):
            left = start[1] if row == start[0] else 0
            right = end[1] if row == end[0] else len(source[row - 1])
            line = lines[row - 1]
            lines[row - 1] = line[:left] + source[row - 1][left:right] + line[right:]

    try:
        before = tokenize.NEWLINE
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT or (
                token.type == tokenize.STRING and before in (tokenize.NEWLINE, tokenize.INDENT)
            ):
                show(token.start, token.end)
            if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.DEDENT):
                before = token.type
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass  # a piece of code that stops in the middle: up to there it was read
    words = "\n".join(lines)
    for pattern in (QUOTED, FORMULA, NOT_WORDS, NAMES):
        words = pattern.sub(_blank, words)
    return words


def _python_fences(text: str) -> list[tuple[int, str]]:
    """Index of the first line and text of each fence of Python, its margin kept."""
    found, start, fence = [], 0, ""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        opening = FENCE.match(line)
        if fence:
            if line.strip() == fence:
                if start:
                    margin = len(lines[start]) - len(lines[start].lstrip())
                    code = [row[margin:] for row in lines[start:index]]
                    found.append((start, "\n".join(code)))
                fence, start = "", 0
        elif opening:
            fence = opening[1] or opening[2]
            start = index + 1 if re.match(r"\s*`{3,}python\b", line) else 0
    return found


def files(root: Path) -> dict[str, str]:
    """What is looked over, by name: the words of each file."""
    found = {}
    for path in [*sorted(root.glob("docs/**/*.md")), root / "README.md"]:
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith(LEFT_OUT):
            found[name] = words_of_markdown(path.read_text(encoding="utf-8"))
    for folder in ("src/foundations", "snippets"):
        for path in sorted((root / folder).glob("*.py")):
            found[path.relative_to(root).as_posix()] = words_of_python(
                path.read_text(encoding="utf-8")
            )
    return found


def unknown(texts: dict[str, str], web: Path) -> list[tuple[str, int, int, str]]:
    """File, line, column and word, for each word that is in no dictionary of British English."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder).resolve()
        for name, text in texts.items():
            # Prose to cspell, whatever the file is.
            (top / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
            (top / f"{name}.txt").write_text(text, encoding="utf-8")
        modules = (web / "node_modules").resolve()
        settings = {**SETTINGS, "import": [str(modules / path) for path in SETTINGS["import"]]}
        (top / "cspell.json").write_text(json.dumps(settings), encoding="utf-8")
        ran = vendor.run_node(
            "cspell/bin.mjs",
            ["lint", "--no-progress", "--no-summary", "--no-color", "--no-gitignore", "--no-cache",
             "--relative", "--config", "cspell.json", "**/*.txt"],
            web, top,
        )  # fmt: skip
    found = []
    for line in ran.stdout.splitlines():
        match = UNKNOWN.match(line)
        if match:
            name = match["file"].removesuffix(".txt")
            found.append((name, int(match["line"]), int(match["column"]), match["word"]))
    if ran.returncode not in (0, 1) or (ran.returncode == 1 and not found):
        raise RuntimeError(f"cspell failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return found


def problems(texts: dict[str, str], listed: list[str], web: Path) -> list[Problem]:
    """Words that are in no dictionary and not in the list; words of the list that nobody uses.

    A word of the list in small letters stands for itself at a sentence's start as well; one with a
    capital (a name, an American word of a paper's title) for nothing but itself.
    """
    found: list[Problem] = []
    known, used = set(listed), set()
    for name, line, column, part in unknown(texts, web):
        word = _whole(texts[name].split("\n")[line - 1], column - 1) or part
        written = next((form for form in (word, word.lower()) if form in known), None)
        if written:
            used.add(written)
            continue
        mend = f"mend it; if it is right, add it to {WORDS.as_posix()}"
        found.append(Problem(name, line, f"a word that is not known: {word}", mend=mend))
    ordered = sorted(known, key=_order)
    if listed != ordered:
        at = next(n for n, pair in enumerate(zip_longest(listed, ordered)) if pair[0] != pair[1])
        found.append(
            Problem(
                WORDS.as_posix(), at + 1, "the words do not stand in the order of the alphabet",
                expected=ordered[at] if at < len(ordered) else "nothing more", got=listed[at],
                mend="sort them, capitals as small letters",
            )
        )  # fmt: skip
    for word in sorted(known - used, key=_order):
        what = f"a word that no page uses or that a dictionary knows: {word}"
        mend = "take it out of the list"
        found.append(Problem(WORDS.as_posix(), listed.index(word) + 1, what, mend=mend))
    return found


def _order(word: str) -> tuple[str, str]:
    return word.lower(), word


def _whole(line: str, at: int) -> str:
    """The word that stands at a place: cspell says only which part of NumPy it does not know."""
    for match in WORD.finditer(line):
        if match.start() <= at < match.end():
            return match[0]
    return ""


def main() -> int:
    root = find_root()
    vendor.install(root / vendor.CHECKS)
    listed = (root / WORDS).read_text(encoding="utf-8").splitlines()
    found = problems(files(root), listed, root / vendor.CHECKS)
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
