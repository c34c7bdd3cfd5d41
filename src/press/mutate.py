"""Damages chapters on purpose, one thing at a time, and reports which damage no check noticed.

    python -m press.mutate                       every page, 120 damages, seed 0
    python -m press.mutate docs/foundations/vectors.md --budget 400 --seed 7
    python -m press.mutate --kind output --kind says

Each damage is done to a copy of the project, never to the project itself. A page is run once; for
each damage a child goes on from the first step that the damage can touch, and stops at the first
thing that it finds. Damage to code that the page does not notice is shown to the tests of that page
and of that file. Some damage to code is no damage: a constant that no result depends on. So for
code a few may get away; for what the page *states* (outputs, figures, shape comments, regions,
checked prose) none may.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from press import chapter as chapters
from press import check, execute, figures, outputs
from press.chapter import Block, Chapter, Exercise, Says
from press.includes import MARKER, include_path
from press.problems import PressError

STRICT = ("output", "says", "figure", "shape", "region")
"""The kinds of which nothing may get away."""
KINDS = (*STRICT, "import", "code")
COPIED = ("docs", "src/foundations", "snippets", "tests", "mkdocs.yml", "pyproject.toml")
TESTED = ("equations", "foundations", "chapters", "snippets")
"""The folders of tests/ that exercise the book; the others exercise the press and the site."""
LIMIT = 180
"""Seconds after which a damaged page counts as noticed: nobody waits for ever."""
OPERATORS = {
    "+": "-", "-": "+", "*": "+", "/": "*", "@": "*", "<": ">=", ">": "<=", "<=": ">", ">=": "<",
    "==": "!=", "!=": "==", "+=": "-=", "*=": "+=", "-=": "+=",
}  # fmt: skip


EXAMPLES = {
    "array", "arange", "choice", "default_rng", "full", "integers", "linspace", "manual_seed",
    "normal", "random", "standard_normal", "uniform",
}  # fmt: skip
"""What makes the arrays that an exercise's check tries answers on."""


@dataclass(frozen=True)
class Damage:
    """One thing to damage: characters `start` to `end` of `file` become `new`."""

    kind: str
    page: str
    file: str
    start: int
    end: int
    new: str
    what: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]


# --- what can be damaged ---------------------------------------------------------------------


def sites(chapter: Chapter, root: Path) -> Iterator[Damage]:
    """Every damage that this module knows how to do to a page."""
    yield from _outputs(chapter)
    yield from _says(chapter, root)
    yield from _figures(chapter, root)
    yield from _code(chapter, root)


def _starts(text: str) -> list[int]:
    """Where each line begins; line n begins at index n − 1 of the list."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _other_digit(digit: str) -> str:
    return str((int(digit) + 3) % 10)


def _digits(text: str, offset: int, kind: str, page: str, file: str, what: str) -> Iterator[Damage]:
    for match in re.finditer(r"\d", text):
        at = offset + match.start()
        new = _other_digit(match[0])
        yield Damage(kind, page, file, at, at + 1, new, f"{what}: {match[0]} → {new} in {text!r}")


def _outputs(chapter: Chapter) -> Iterator[Damage]:
    """A digit, and a letter, in each line of each output; an output gone, and one too many."""
    starts = _starts(chapter.text)
    for block in chapter.blocks:
        if block.output is None:
            continue
        first, end = block.output.line, block.output.end
        for number in range(first + 1, end):
            line = chapter.lines[number - 1]
            name = f"{chapter.file}:{number}: output"
            offset = starts[number - 1]
            yield from _digits(line, offset, "output", chapter.file, chapter.file, name)
            if match := re.search(r"[a-z]", line):
                at = offset + match.start()
                yield Damage(
                    "output", chapter.file, chapter.file, at, at + 1, "#",
                    f"{name}: {match[0]} → # in {line!r}",
                )  # fmt: skip
        yield Damage(
            "output", chapter.file, chapter.file, starts[first - 1], starts[end], "",
            f"{chapter.file}:{first}: output removed",
        )  # fmt: skip


def _says(chapter: Chapter, root: Path) -> Iterator[Damage]:
    """Each digit of the prose that a `says:` speaks of, and each word of it."""
    starts = _starts(chapter.text)
    for item, raw, (begin, end) in spoken(chapter, root):
        offset = starts[item.first - 1] + begin
        name = f"{chapter.file}:{item.first}: prose"
        yield from _digits(raw[begin:end], offset, "says", chapter.file, chapter.file, name)
        for match in re.finditer(r"[A-Za-z]{4,}", raw[begin:end]):
            at = offset + match.start()
            yield Damage(
                "says", chapter.file, chapter.file, at, at + len(match[0]), match[0][::-1] + "x",
                f"{name}: the word {match[0]!r}",
            )  # fmt: skip


def spoken(chapter: Chapter, root: Path) -> list[tuple[Says, str, tuple[int, int]]]:
    """For each prose check: its paragraph as written, and where in it the checked words stand."""
    run = execute.PageRun(chapter, root)
    found = []
    for item in chapter.steps():
        if isinstance(item, Exercise):
            continue  # exercises change nothing that prose checks can see
        run.step(item)
        if not isinstance(item, Says):
            continue
        said = outputs.words(str(eval(item.code, run.namespace)))
        raw = "\n".join(chapter.lines[item.first - 1 : item.last])
        plain, places = _plain(raw)
        match = outputs.pattern(said).search(plain)
        if match:
            found.append((item, raw, (places[match.start()], places[match.end() - 1] + 1)))
    return found


def _plain(raw: str) -> tuple[str, list[int]]:
    """The text as `outputs.words` makes it, and for each of its characters the place in `raw`.

    Built by asking `outputs.words` itself, so that the two cannot drift apart.
    """
    plain, places = "", []
    for at in range(len(raw)):
        longer = outputs.words(raw[: at + 1])
        if len(longer) > len(plain) and longer.startswith(plain):
            # A space is only known to count once a word follows it.
            places += [at] * (len(longer) - len(plain))
            plain = longer
    return plain, places


def _figures(chapter: Chapter, root: Path) -> Iterator[Damage]:
    """A stored number of each artist, a path of the drawing, and the image's own line."""
    starts = _starts(chapter.text)
    folder = (root / chapter.file).parent
    for block in chapter.blocks:
        for image in block.images:
            svg = folder / image.path
            data = figures.data_path(svg)
            if not data.is_file():
                continue
            name = svg.relative_to(root).as_posix()
            beside = data.relative_to(root).as_posix()
            text = data.read_text(encoding="utf-8")
            begin = text.index('"figure"')
            for match in re.finditer(r"(?<=[\[ ])-?\d+\.\d+(?=[,\]])", text[begin:]):
                at = begin + match.start()
                value = float(match[0])
                new = json.dumps(value * 1.01 + math.copysign(0.01, value))  # away from 0
                yield Damage(
                    "figure", chapter.file, beside, at, at + len(match[0]), new,
                    f"{beside}: {match[0]} → {new}",
                )  # fmt: skip
            drawing = svg.read_text(encoding="utf-8")
            for match in re.finditer(r"(?<=L )\d+\.\d+", drawing):
                yield Damage(
                    "figure", chapter.file, name, match.start(), match.end(), "7.5",
                    f"{name}: a path moved from {match[0]}",
                )  # fmt: skip
            yield Damage(
                "figure", chapter.file, chapter.file, starts[image.line - 1], starts[image.line],
                "", f"{chapter.file}:{image.line}: image removed",
            )  # fmt: skip


def _code(chapter: Chapter, root: Path) -> Iterator[Damage]:
    """Operators, constants, imports, shape comments and region names of the code that is shown.

    Starters and known mistakes are wrong already: what the page says of them is their diagnosis.
    """
    starts = _starts(chapter.text)
    for block in chapter.blocks:
        if block.role in ("starter", "mistake"):
            continue
        fence = block.fence
        for number, line in enumerate(fence.lines, start=fence.line + 1):
            path = include_path(line)
            if path is None:
                continue
            file, _, region = path.partition(":")
            if region:
                at = starts[number - 1] + chapter.lines[number - 1].index(region + '"')
                yield Damage(
                    "region", chapter.file, chapter.file, at, at + len(region), region + "-x",
                    f"{chapter.file}:{number}: region renamed in the include",
                )  # fmt: skip
                yield from _source(chapter, root, file, region)
            else:
                whole = (root / file).read_text(encoding="utf-8")
                yield from _tokens(whole, 0, "", chapter.file, file, 0)
        if not any(include_path(line) is not None for line in fence.lines):
            offset = starts[fence.line]
            # What a check tries answers on is an example (see _examples).
            examples = {
                starts[fence.line + row - 1] + len(fence.prefix) + column
                for row, column in (_examples(fence.text) if block.role == "check" else ())
            }
            for damage in _tokens(
                fence.text, offset, fence.prefix, chapter.file, chapter.file, fence.line
            ):
                if damage.kind != "code" or damage.start not in examples:
                    yield damage


def _examples(code: str) -> set[tuple[int, int]]:
    """Line and column of each number of a check's own examples: other numbers would do as well.

    These are the numbers within a call that makes an array or a random draw (`EXAMPLES`), and the
    sizes and scales that a loop hands to such a call: `for n, d in ((1, 3), (4, 2)):` with
    `rng.normal(size=(n, d))` in its body, since a right answer is right, and a wrong one wrong, for
    the next size too. No operator is left alone, nor a loop's numbers if one of its names makes no
    example.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return set()
    makers = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in EXAMPLES
    ]
    sizes = []
    for node in ast.walk(tree):
        calls = [call for call in ast.walk(node) if call in makers]
        used = {n.id for call in calls for n in ast.walk(call) if isinstance(n, ast.Name)}
        loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", [])
        for loop in loops:
            named = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
            if named <= used and _numbers_alone(loop.iter):
                sizes.append(loop.iter)
    lines = [line.encode() for line in code.splitlines()]  # ast counts bytes
    return {
        (number.lineno, len(lines[number.lineno - 1][: number.col_offset].decode()))
        for example in (*makers, *sizes)
        for number in ast.walk(example)
        if isinstance(number, ast.Constant) and isinstance(number.value, int | float)
    }


def _numbers_alone(node: ast.expr) -> bool:
    """Whether the node is a tuple or list of numbers, or of tuples or lists of numbers."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    return isinstance(node, ast.Tuple | ast.List) and all(map(_numbers_alone, node.elts))


def _source(chapter: Chapter, root: Path, file: str, region: str) -> Iterator[Damage]:
    """The markers of an included region, and the code between them."""
    text = (root / file).read_text(encoding="utf-8")
    starts = _starts(text)
    inside: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = MARKER.match(line)
        if match and match["name"].strip() == region:
            at = starts[number - 1] + line.index(region)
            yield Damage(
                "region", chapter.file, file, at, at + len(region), region + "-x",
                f"{file}:{number}: {match['type']} marker renamed",
            )  # fmt: skip
            yield Damage(
                "region", chapter.file, file, starts[number - 1], starts[number], "",
                f"{file}:{number}: {match['type']} marker removed",
            )  # fmt: skip
            inside.append(number)
    if len(inside) == 2:
        first, last = inside
        body = "\n".join(text.split("\n")[first : last - 1])
        yield from _tokens(body, starts[first], "", chapter.file, file, first)


def _tokens(
    code: str, offset: int, prefix: str, page: str, file: str, line: int
) -> Iterator[Damage]:
    """Damage to Python code that begins at `offset` of `file`, each line after `prefix`."""
    starts, docstrings = _starts(code), _docstring_lines(code)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return

    def damage(kind: str, token: tokenize.TokenInfo, new: str, begin: int = 0) -> Damage:
        row, column = token.start
        at = offset + starts[row - 1] + len(prefix) * row + column + begin
        old = token.string[begin:]
        return Damage(
            kind, page, file, at, at + len(old), new, f"{file}:{line + row}: {old} → {new}"
        )

    for token in tokens:
        if token.start[0] in docstrings:
            continue
        if token.type == tokenize.NUMBER:
            yield damage("code", token, _other_number(token.string))
        elif token.type == tokenize.OP and token.string in OPERATORS:
            yield damage("code", token, OPERATORS[token.string])
        elif token.type == tokenize.COMMENT and re.match(r"#\s*\([^()]*\)", token.string):
            for match in re.finditer(r"\d+", token.string.partition(")")[0]):
                new = str(int(match[0].replace("_", "")) + 1)
                changed = token.string[: match.start()] + new + token.string[match.end() :]
                yield damage("shape", token, changed)
            if match := re.search(r"\((\w+), (\w+)\)", token.string):
                swapped = token.string.replace(match[0], f"({match[2]}, {match[1]}, 1)", 1)
                yield damage("shape", token, swapped)
        elif token.type == tokenize.NAME and token.string in ("import", "from"):
            first = token.line.lstrip()
            if token.start[1] == len(token.line) - len(first) and token.start[1] == 0:
                row = token.start[0]
                at = offset + starts[row - 1] + len(prefix) * row
                yield Damage(
                    "import", page, file, at, at + len(token.line.rstrip("\n")), "",
                    f"{file}:{line + row}: removed: {token.line.strip()}",
                )  # fmt: skip


def _docstring_lines(code: str) -> set[int]:
    lines: set[int] = set()
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return lines
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                lines |= set(range(value.lineno, value.end_lineno + 1))
    return lines


def _other_number(text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text + "1"
    return repr(value + 1) if isinstance(value, int) else repr(value * 1.5 + 0.1)


# --- whether the damage is noticed -----------------------------------------------------------


def noticed(page: Path, root: Path, run: execute.PageRun | None = None) -> bool:
    """Whether the page's check finds anything; stops at the first thing it finds.

    A `run` of the undamaged page, as far as it goes, is gone on with.
    """
    try:
        chapter = chapters.read(page, root)
        if chapter.problems:
            return True
        if run is not None and len(run.items) == len(chapter.steps()):
            run.resume(chapter, len(run.steps))
        else:
            run = execute.PageRun(chapter, root)
        for item in chapter.steps()[len(run.steps) :]:
            if run.step(item).problems:
                return True
        return bool(run.finish() or check.static_problems(chapter, root))
    except PressError:
        return True


def own_tests(damage: Damage, root: Path) -> list[Path]:
    """The tests that speak of the damaged page or file: by their names, snippets' by their text.

    Of a page's own text only tests/chapters can say anything: the other tests do not read pages.
    """
    names = "|".join(re.escape(Path(path).stem) for path in (damage.page, damage.file))
    found = []
    for folder in ("chapters",) if damage.file == damage.page else TESTED:
        for path in sorted((root / "tests" / folder).glob("test_*.py")):
            if re.match(rf"test_(?:{names})(?:_|$)", path.stem) or (
                damage.file.startswith("snippets/")
                and f'"{Path(damage.file).stem}"' in path.read_text(encoding="utf-8")
            ):
                found.append(path)
    return found


def tests_notice(damage: Damage, root: Path) -> bool:
    """Whether a test of the damaged page or file fails."""
    return _fail(own_tests(damage, root), root)


def _fail(paths: list[Path], root: Path) -> bool:
    """Whether any of these test files fails."""
    if not paths:
        return False
    # The damaged foundations, not the installed ones; an interpreter that knows nothing of ours.
    own = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ["-q", "-x", "-p", "no:cacheprovider", "-c", str(root / "pyproject.toml")]
    command = [sys.executable, "-m", "pytest", *options, *map(str, paths)]
    return subprocess.run(command, cwd=root, env=own, capture_output=True).returncode != 0


def try_damage(damage: Damage, copy: Path, run: execute.PageRun | None = None) -> bool:
    """Does the damage in the copied project, checks the page in a child, undoes it."""
    path = copy / damage.file
    before = path.read_text(encoding="utf-8")
    path.write_text(damage.apply(before), encoding="utf-8")
    try:
        child = os.fork()  # NumPy, matplotlib and PyTorch are already in memory
        if child == 0:
            signal.alarm(LIMIT)
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 1)
            os.dup2(devnull, 2)
            try:
                found = noticed(copy / damage.page, copy, run)
                found = found or (damage.kind == "code" and tests_notice(damage, copy))
            except BaseException:
                found = True  # the press itself fell over: nobody would miss that
            os._exit(0 if found else 1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended == -signal.SIGALRM:  # told, since a slow machine would flatter the share
            print(f"  noticed only by taking over {LIMIT} s: {damage.what}")
        return ended != 1
    finally:
        path.write_text(before, encoding="utf-8")


def first_touched(damage: Damage, chapter: Chapter) -> int:
    """How many of the page's steps stand before everything that the damage can touch."""
    items = chapter.steps()
    if damage.file == chapter.file:
        line = chapter.text.count("\n", 0, damage.start) + 1
        spans = [
            (item.first, item.line) if isinstance(item, Says)
            else (item.line, item.end if isinstance(item, Exercise) else item.fence.end)
            for item in items
        ]  # fmt: skip
        above = [at for at, (first, _) in enumerate(spans) if first <= line]
        within = [at for at in above if line <= spans[at][1]]
        return min([*within, *above[-1:]], default=0)
    # A source file, a figure, its data: the first step that names it.
    name = Path(damage.file).name.removesuffix(".data.json").removesuffix(".svg")
    for at, item in enumerate(items):
        last = item.end if isinstance(item, Exercise) else item.line + 1
        if isinstance(item, Block):
            last = max([item.fence.end, *(image.line for image in item.images)])
        if any(name in line for line in chapter.lines[item.line - 1 : last]):
            return at
    return 0


def survivors(page: Path, copy: Path, damages: list[Damage]) -> list[Damage]:
    """The damages of one page that no check notices; the copied page is run once."""
    chapter = chapters.read(page, copy)
    run = execute.PageRun(chapter, copy)
    away = []
    for damage in sorted(damages, key=lambda damage: first_touched(damage, chapter)):
        for item in chapter.steps()[len(run.steps) : first_touched(damage, chapter)]:
            run.step(item)
        if not try_damage(damage, copy, run):
            away.append(damage)
    return away


def copy_project(root: Path, target: Path) -> Path:
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(
                source, target / name,
                ignore=shutil.ignore_patterns("__pycache__", "labs", "downloads", "vendor"),
            )  # fmt: skip
        elif source.is_file():
            shutil.copy(source, target / name)
    return target


def sample(found: list[Damage], budget: int, seed: int) -> list[Damage]:
    """At most `budget` damages, the kinds in turn, so that a frequent kind hides no rare one."""
    rng = random.Random(seed)
    piles = {kind: [d for d in found if d.kind == kind] for kind in KINDS}
    for pile in piles.values():
        rng.shuffle(pile)
    chosen: list[Damage] = []
    while len(chosen) < budget and any(piles.values()):
        for pile in piles.values():
            if pile and len(chosen) < budget:
                chosen.append(pile.pop())
    return chosen


def escaped(
    pages: list[Path], root: Path, budget: int, seed: int, kinds: tuple[str, ...] = KINDS
) -> tuple[list[Damage], Counter]:
    """The damages that no check noticed, and how many of each kind were tried."""
    read = [chapters.read(page, root) for page in pages]
    found = [d for chapter in read for d in sites(chapter, root) if d.kind in kinds]
    chosen = sample(found, budget, seed)
    with tempfile.TemporaryDirectory(prefix="press-mutate-") as folder:
        copy = copy_project(root, Path(folder).resolve())
        away = []
        for page in pages:
            name = page.relative_to(root)
            if noticed(copy / name, copy):
                raise SystemExit(f"{name} has problems before any damage: make check PAGE={name}")
            own = [damage for damage in chosen if damage.page == name.as_posix()]
            tests = {path for d in own if d.kind == "code" for path in own_tests(d, copy)}
            if _fail(sorted(tests), copy):  # they could not tell damage from none
                raise SystemExit(f"tests of {name} fail before any damage: make test")
            away += survivors(copy / name, copy, own)
    return away, Counter(damage.kind for damage in chosen)


# --- numbers that nothing checks ---------------------------------------------------------------


def unchecked_numbers(chapter: Chapter, root: Path) -> list[tuple[int, str, str]]:
    """Numbers in the prose that no `says:` covers: line, number, and the words around it.

    Headings, inline code, links' targets, the exercises' own numbering and formulas with letters in
    them are no prose; a formula of numbers alone, `$3 \\times 4 = 12$`, is.
    """
    covered: set[tuple[int, int]] = set()
    for item, raw, (begin, end) in spoken(chapter, root):
        for at in range(begin, end):
            line = item.first + raw.count("\n", 0, at)
            column = at - (raw.rfind("\n", 0, at) + 1)
            covered.add((line, column))
    found = []
    formula = False
    for number, line in chapter.prose:
        bare = chapters.INLINE_CODE.sub(lambda m: " " * len(m[0]), line)
        marks = bare.count("$$")
        if formula or marks:
            formula ^= marks % 2 == 1
            continue
        if bare.startswith("#") or chapters.ABOUT.match(bare.strip()) or "<summary>" in bare:
            continue
        bare = re.sub(r"\$[^$]*\$", lambda m: m[0] if _all_numbers(m[0]) else " " * len(m[0]), bare)
        for shape in (r"<[^>]*>", r"\]\([^)]*\)", r"\{[^}]*\}", r"\\eqref\{[^}]*\}", r"^\s*\d+\."):
            bare = re.sub(shape, lambda m: " " * len(m[0]), bare)
        for match in re.finditer(r"\d[\d,.]*(?<![,.])", bare):
            if (number, match.start()) not in covered:
                around = line[max(0, match.start() - 30) : match.end() + 30].strip()
                found.append((number, match[0], around))
    return found


def _all_numbers(formula: str) -> bool:
    return not re.search(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", formula))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m press.mutate",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("pages", nargs="*", metavar="docs/….md", help="default: every page")
    parser.add_argument("--budget", type=int, default=120, help="how many damages (default 120)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind; repeatable")
    options = parser.parse_args(argv)
    check.fix_threads()
    root = check.find_root()
    pages = [check.resolve(name, root) for name in options.pages] or [
        path for path in check.pages(root) if chapters.read(path, root).blocks
    ]
    started = time.perf_counter()
    away, tried = escaped(pages, root, options.budget, options.seed, tuple(options.kind or KINDS))
    lost = Counter(damage.kind for damage in away)
    for kind in KINDS:
        if tried[kind]:
            print(f"{kind:<8}{tried[kind]:5} damaged, {lost[kind]:3} got away")
    for damage in away:
        print(f"  got away ({damage.kind}): {damage.what}")
    for page in pages:
        chapter = chapters.read(page, root)
        numbers = unchecked_numbers(chapter, root)
        if numbers:
            print(f"\n{chapter.file}: {len(numbers)} numbers in prose that no says: covers")
            for line, number, around in numbers:
                print(f"  {chapter.file}:{line}: {number:>8}   … {around} …")
    print(f"\nseed {options.seed}, {time.perf_counter() - started:.0f} s")
    return int(any(damage.kind in STRICT for damage in away))


if __name__ == "__main__":
    sys.exit(main())
