"""Runs a page's steps from top to bottom in one namespace, and says what came of each.

The one engine under `make check`, `make update`, the sybil tests and the mutation check.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import io
import itertools
import os
import re
import traceback
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from press import figures, outputs, shapes
from press.chapter import Block, Chapter, Exercise, Says
from press.includes import SourceLine, expand_code
from press.namespaces import forget_settings, own_copy
from press.problems import PressError, Problem, count


@dataclass
class Ran:
    """What running one or two blocks gave: printed text, an exception, figures, problems."""

    started: bool = False
    """Whether there was code to run: its includes could be followed."""
    printed: str = ""
    error: BaseException | None = None
    file: str = ""
    line: int = 0
    figures: list[figures.Drawn] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The text that the page's `output` must hold: what was printed, then the error, if any."""
        text = self.printed.rstrip("\n")
        if self.error is None:
            return text
        last = _last_line(self.error)
        return f"{text}\n{last}" if text else last


def _last_line(error: BaseException) -> str:
    """`Type: message`, as the traceback's last lines say it, without notes."""
    kind, message = type(error), str(error)
    home = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    name = home + kind.__qualname__
    return f"{name}: {message}" if message else name


@dataclass
class Step:
    """A step that was run: the part of the page, the blocks with what they gave, the problems."""

    item: Block | Says | Exercise
    results: list[tuple[Block, Ran]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class _Compiled:
    """A block's code objects, with the shape comments that they report to `report`."""

    code: list[types.CodeType]
    comments: list[shapes.ShapeComment] = field(default_factory=list)
    report: str = ""
    problems: list[Problem] = field(default_factory=list)


class PageRun:
    """One run of a page. Steps run in order; asking for a later one runs the earlier ones first."""

    def __init__(self, chapter: Chapter, root: Path) -> None:
        self.chapter, self.root = chapter, root
        self.items = chapter.steps()
        self.steps: list[Step] = []
        self.namespace: dict = {"__name__": "__main__"}
        self.comments: list[tuple[str, shapes.ShapeComment]] = []
        self._reporters = itertools.count()
        self._compiled: dict[tuple[SourceLine, ...], _Compiled] = {}
        figures.stage()
        forget_settings()

    def step(self, item: Block | Says | Exercise) -> Step:
        """The outcome of `item`, running it, and what stands above it, if that has not happened."""
        while True:
            for step in reversed(self.steps):  # steps are asked for in order: mostly the last one
                if step.item is item:
                    return step
            self.steps.append(self._run(self.items[len(self.steps)]))

    def resume(self, chapter: Chapter, done: int) -> None:
        """Goes on in another reading of the page, whose first `done` steps are as they were run.

        For the mutation check: what a damage cannot have touched need not run again.
        """
        self.chapter, self.items = chapter, chapter.steps()
        self.steps = [Step(item) for item in self.items[:done]]

    def finish(self) -> list[Problem]:
        """Runs what is left; gives the problems that only the whole page can show."""
        if self.items:
            self.step(self.items[-1])
        # A line shown twice on the page has two comments: reached once is reached.
        reached = {(file, comment.line) for file, comment in self.comments if comment.reached}
        never = {
            (file, comment.line): comment.text
            for file, comment in self.comments
            if (file, comment.line) not in reached
        }
        return self._false_shapes() + [
            Problem(
                file,
                line,
                f"the line of the shape comment {text} is never run",
                expected="a line that the page runs: only then can the shape be compared",
                mend="call the function on this page, or take the comment away",
            )
            for (file, line), text in never.items()
        ]

    def problems(self) -> list[Problem]:
        """Every problem of the page: its Markdown's, its steps', and those of the whole."""
        whole = self.finish()
        return [*self.chapter.problems, *(p for s in self.steps for p in s.problems), *whole]

    # --- one step ------------------------------------------------------------------------

    def _run(self, item: Block | Says | Exercise) -> Step:
        step = Step(item)
        if isinstance(item, Says):
            step.problems += self._says(item)
        elif isinstance(item, Exercise):
            self._exercise(item, step)
        elif item.not_run is None:
            ran = self.run_block(item, self.namespace)
            step.results.append((item, ran))
            step.problems += ran.problems + self._unexpected(item, ran) + self._compare(item, ran)
        elif item.output or item.images:
            step.problems.append(
                Problem(
                    self.chapter.file,
                    item.line,
                    "a block that is not run shows a result",
                    expected="no output and no figure: nothing can verify them",
                    mend="delete them, or let the block run",
                )
            )
        return step

    def run_block(self, block: Block, namespace: dict) -> Ran:
        """Runs a block in a namespace and collects what it gave."""
        ran = Ran(file=self.chapter.file, line=block.line)
        try:
            lines = expand_code(
                block.fence.lines, self.chapter.file, block.fence.line + 1, self.root
            )
            code = self._compile(lines, namespace, ran)
        except PressError as error:
            ran.problems += error.problems
            return ran
        except SyntaxError as error:
            ran.started, ran.error = True, error
            at = lines[min(error.lineno or 1, len(lines)) - 1] if lines else None
            ran.file, ran.line = (at.file, at.line) if at else (ran.file, ran.line)
            return ran
        ran.started = True
        stdout = io.StringIO()
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(stdout):
            warnings.simplefilter("always")
            try:
                for part in code:
                    exec(part, namespace)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # SystemExit too: a chapter must not end the press
                ran.error = error
                ran.file, ran.line = self._where(error, ran)
        ran.printed = stdout.getvalue()
        ran.figures = figures.collect()
        for warning in caught:
            ran.problems += self._warning(warning, block)
        ran.problems += self._false_shapes()
        return ran

    def _false_shapes(self) -> list[Problem]:
        """The shape comments that were found false since the last call; each is told once."""
        found = []
        for file, comment in self.comments:
            if comment.failures:
                found.append(
                    Problem(
                        file,
                        comment.line,
                        "a shape comment is false",
                        expected=comment.text,
                        got=comment.failures[0],
                        mend="write the shape that it has, or mend the code",
                    )
                )
                comment.failures.clear()
        return list(dict.fromkeys(found))

    def _compile(self, lines: list[SourceLine], namespace: dict, ran: Ran) -> list:
        """The block's code objects; its shape comments will be asked in `namespace`.

        An exercise's check runs after each answer and is compiled once: the same lines of the same
        files are the same code.
        """
        key = tuple(lines)
        if key not in self._compiled:
            self._compiled[key] = self._compile_anew(lines)
        compiled = self._compiled[key]
        ran.problems += compiled.problems
        if compiled.comments:
            namespace[compiled.report] = shapes.reporter(compiled.comments, namespace)
        return compiled.code

    def _compile_anew(self, lines: list[SourceLine]) -> _Compiled:
        """Code objects, one a run of statements from the same file, at their true lines."""
        text = "\n".join(line.text for line in lines) + "\n"
        comments = shapes.find(text)
        slips = shapes.slips(text)
        if not comments and not slips and (code := self._compile_plain(lines, text)):
            return _Compiled([code])
        problems: list[Problem] = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tree = ast.parse(text)
        for warning in caught:  # an escape that Python does not know, `"\s"`, for one
            at = lines[warning.lineno - 1]
            problems.append(_warns(at.file, at.line, warning))
        # Its own name, so that functions of earlier blocks still report to theirs; with marks on
        # both sides, so that a class does not mangle it.
        report = f"__press_shape_{next(self._reporters)}__"
        for comment in shapes.instrument(tree, comments, report):
            at = lines[comment.line - 1]
            problems.append(
                Problem(
                    at.file,
                    at.line,
                    f"shape comment {comment.text} on a line that gives no value",
                    expected="an assignment, a return or an expression that ends on this line",
                )
            )
            comment.reached = True
        for line, comment in slips:
            problems.append(
                Problem(
                    lines[line - 1].file,
                    lines[line - 1].line,
                    "nearly a shape comment",
                    expected="# (T, D), or # (T,) where there is one axis",
                    got=comment,
                    mend="write the shape so, or what it is in words",
                )
            )
        for comment in comments:
            at = lines[comment.line - 1]
            comment.line = at.line
            self.comments.append((at.file, comment))
        if _is_straight(lines):
            ast.increment_lineno(tree, lines[0].line - 1)
            code = compile(tree, str(self.root / lines[0].file), "exec", dont_inherit=True)
            return _Compiled([code], comments, report, problems)
        groups: list[tuple[str, list[ast.stmt]]] = []
        for statement in tree.body:
            file = lines[statement.lineno - 1].file
            if not groups or groups[-1][0] != file:
                groups.append((file, []))
            groups[-1][1].append(statement)
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                node.lineno = lines[node.lineno - 1].line if node.lineno else 1
            if getattr(node, "end_lineno", None):
                node.end_lineno = lines[min(node.end_lineno, len(lines)) - 1].line
        code = [
            compile(ast.Module(body, []), str(self.root / file), "exec", dont_inherit=True)
            for file, body in groups
        ]
        return _Compiled(code, comments, report, problems)

    def _compile_plain(self, lines: list[SourceLine], text: str) -> types.CodeType | None:
        """Code without shape comments, from one place: its tree need not be seen.

        None where it is other code, and where Python has something to say about it.
        """
        if not _is_straight(lines):
            return None
        file, above = str(self.root / lines[0].file), "\n" * (lines[0].line - 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return compile(above + text, file, "exec", dont_inherit=True)
            except (SyntaxError, Warning):
                return None

    def _where(self, error: BaseException, ran: Ran) -> tuple[str, int]:
        """The innermost place of an error that is in the book, not in a library."""
        place = (ran.file, ran.line)
        below = str(self.root) + os.sep
        for frame, line in traceback.walk_tb(error.__traceback__):
            file = frame.f_code.co_filename
            if not file.startswith(below):  # most frames; paths take their time
                continue
            path = Path(file)
            name = path.relative_to(self.root).as_posix()
            if ".venv" not in path.parts and not name.startswith("src/press/"):
                place = (name, line or 1)
        return place

    def _warning(self, warning: warnings.WarningMessage, block: Block) -> list[Problem]:
        path = Path(warning.filename)
        inside = path.is_relative_to(self.root) and ".venv" not in path.parts
        quiet = (DeprecationWarning, PendingDeprecationWarning)
        if issubclass(warning.category, quiet) and not inside:
            return []  # a library about itself: readers are not shown these either
        file = path.relative_to(self.root).as_posix() if inside else self.chapter.file
        line = warning.lineno if inside else block.line
        return [_warns(file, line, warning)]

    # --- what came against what the page says ---------------------------------------------

    def _unexpected(self, block: Block, ran: Ran) -> list[Problem]:
        """The exception that should not have come, or the one that should have."""
        if ran.error is None:
            if not block.raises or not ran.started:
                return []
            return [
                Problem(
                    self.chapter.file,
                    block.line,
                    "the block raises nothing",
                    expected=block.raises,
                    got="it runs to its end",
                    mend="take the title away, or show the failure that it promises",
                )
            ]
        return [] if _is_announced(block, ran) else [self._failed(block, ran, block.raises)]

    def _failed(self, block: Block, ran: Ran, expected: str = "") -> Problem:
        name = type(ran.error).__name__
        inside = ran.file == self.chapter.file and block.line <= ran.line <= block.fence.end
        via = "" if inside else f" (from {self.chapter.file}:{block.line})"
        mend = f'mend the code; a failure on purpose is titled title="Raises {name}"'
        if isinstance(ran.error, NameError):
            mend = "was an import or a definition above removed or renamed? Blocks of a page run "
            mend += "top to bottom in one namespace"
            if above := self._first_failed():
                mend = f"mend the block at line {above.line} first: it failed, and this may follow"
        return Problem(
            ran.file,
            ran.line,
            f"the block fails{via}",
            expected=expected or "it runs to its end",
            got=_last_line(ran.error),
            mend=mend,
        )

    def _first_failed(self) -> Block | None:
        """The page's first block that did not run to the end it should have."""
        results = [result for step in self.steps for result in step.results]
        wrong = (b for b, r in results if not b.role and (not r.started or r.error is not None))
        return next((block for block in wrong if not block.raises), None)

    def _compare(self, block: Block, ran: Ran) -> list[Problem]:
        """The block's output and figures against those that the page shows."""
        if not ran.started or (ran.error is not None and not _is_announced(block, ran)):
            return []  # that is the news, not the output that is missing or cut short
        return self._compare_output(block, ran.shown) + self._compare_figures(block, ran)

    def _compare_output(self, block: Block, got: str) -> list[Problem]:
        file, mend = self.chapter.file, f"make update PAGE={self.chapter.file}"
        if block.output is None:
            if not got:
                return []
            return [
                Problem(
                    file,
                    block.line,
                    "the block prints, but the page shows no output",
                    expected="```output under the block",
                    got=got,
                    mend=mend,
                )
            ]
        expected = block.output.text
        if not got:
            return [
                Problem(
                    file,
                    block.output.line,
                    "the page shows an output that the block does not print",
                    expected=expected,
                    got="(nothing)",
                    mend=mend,
                )
            ]
        if outputs.same(expected, got):
            return []
        return [self._wrong_output(block, expected, got, mend)]

    def _wrong_output(self, block: Block, expected: str, got: str, mend: str) -> Problem:
        """Points at the first line that differs, in the Markdown file."""
        a, b = expected.rstrip().split("\n"), got.rstrip().split("\n")
        pairs = enumerate(zip(a, b, strict=False))
        at = next((n for n, (x, y) in pairs if not outputs.same(x, y)), min(len(a), len(b)))
        if len(a) == len(b) == 1 or (len(a) == len(b) and at < len(a)):
            texts = a[at], b[at]
        else:
            texts = expected, got
        line = block.output.line + 1 + min(at, len(a) - 1)
        return Problem(
            self.chapter.file,
            line,
            "the output is not what the block prints",
            expected=texts[0] + "   (on the page)" if "\n" not in texts[0] else texts[0],
            got=texts[1] + "   (printed now)" if "\n" not in texts[1] else texts[1],
            mend=f"{mend}  if the code is right; else mend the code",
        )

    def _compare_figures(self, block: Block, ran: Ran) -> list[Problem]:
        file, found = self.chapter.file, []
        for drawn in ran.figures:
            if not drawn.shown:
                found.append(
                    Problem(
                        file,
                        block.line,
                        "the block draws a figure and never shows it",
                        expected="plt.show() after the drawing: who copies the block needs it",
                    )
                )
            if lost := figures.lost_colors(drawn.data):
                found.append(
                    Problem(
                        file,
                        block.line,
                        "a figure uses greys that vanish in light or in dark",
                        expected="the book's colours: C0 to C3, or none given",
                        got=", ".join(lost),
                    )
                )
        if len(ran.figures) > len(block.images):
            found.append(
                Problem(
                    file,
                    block.line,
                    "the block draws a figure that the page does not show",
                    expected=f"{count(len(ran.figures), 'image')} right after the block",
                    got=str(len(block.images)),
                    mend="write ![what it shows](figures/name.svg) under the block, then "
                    f"make update PAGE={file}",
                )
            )
        for image in block.images[len(ran.figures) :]:
            found.append(
                Problem(
                    file,
                    image.line,
                    f"the block above does not draw {image.path}",
                    expected=count(len(block.images), "figure"),
                    got=str(len(ran.figures)),
                    mend="draw it there, or delete the image",
                )
            )
        for image, drawn in zip(block.images, ran.figures, strict=False):
            wrong = figures.stored_problem(self.svg_path(image.path), drawn)
            if wrong:
                what, expected, got = wrong
                found.append(
                    Problem(
                        file,
                        image.line,
                        what,
                        expected,
                        got,
                        mend=f"make update PAGE={file}  if the new figure is right",
                    )
                )
        return found

    def svg_path(self, path: str) -> Path:
        return (self.root / self.chapter.file).parent / path

    def _says(self, item: Says) -> list[Problem]:
        file = self.chapter.file
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = str(eval(item.code, self.namespace))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return [
                Problem(
                    file,
                    item.line,
                    "a prose check cannot be evaluated",
                    expected="an expression on names of the blocks above",
                    got=f"{_last_line(error)}   in   {item.code}",
                )
            ]
        paragraph = outputs.words(self.chapter.paragraph(item))
        count = outputs.times(outputs.words(said), paragraph)
        if count == 1 and said.strip():
            return []
        if count > 1:
            return [
                Problem(
                    file,
                    item.line,
                    f"a prose check finds its words {count} times",
                    expected="words that stand once in the paragraph, so that each is checked",
                    got=said,
                    mend="quote more of the sentence",
                )
            ]
        return [
            Problem(
                file,
                item.first,
                "the prose does not say what the code gives",
                expected=f"{said}   (from {item.code})",
                got=_nearest(outputs.words(said), paragraph),
                mend="mend the sentence (or the code), then make check PAGE=" + file,
            )
        ]

    # --- exercises ------------------------------------------------------------------------

    def fresh_namespace(self, *blocks: Block) -> dict:
        """The page's namespace for one answer: what its blocks could change in place is copied.

        Only what they name: an answer need not pay for the page's pictures and samples.
        """
        named: set[str] = set()
        for block in blocks:
            named |= set(re.findall(r"[^\W\d]\w*", block.fence.text))
        memo: dict = {}
        return {
            name: own_copy(value, memo) if name in named else value
            for name, value in self.namespace.items()
        }

    def _exercise(self, exercise: Exercise, step: Step) -> None:
        """Runs starter, solutions and mistakes, each before the check, each on its own."""
        if exercise.starter is None or exercise.check is None:
            return  # the parser has said so
        diagnoses: dict[str, int] = {}
        alone, judged = self._answer(exercise, exercise.starter)
        step.results += [(exercise.starter, alone), (exercise.check, judged)]
        step.problems += alone.problems + self._unexpected(exercise.starter, alone)
        if alone.error is None:
            step.problems += self._compare(exercise.starter, alone)
            step.problems += judged.problems
            step.problems += self._diagnosis(exercise, exercise.check, judged, "starter", diagnoses)
        for block in exercise.solutions:
            both = self._joined(exercise, block)
            step.results.append((block, both))
            step.problems += both.problems
            if both.error is not None:
                problem = self._failed(block, both)
                what = f"a solution of Exercise {exercise.number} does not pass its check"
                step.problems.append(
                    Problem(self.chapter.file, block.line, what, "it passes", problem.got)
                )
            else:
                step.problems += self._compare(block, both)
        for block in exercise.mistakes:
            both = self._joined(exercise, block)
            step.results.append((block, both))
            step.problems += both.problems
            step.problems += self._diagnosis(exercise, block, both, "known mistake", diagnoses)

    def _answer(self, exercise: Exercise, block: Block) -> tuple[Ran, Ran]:
        namespace = self.fresh_namespace(block, exercise.check)
        alone = self.run_block(block, namespace)
        if alone.error is not None or not alone.started:
            return alone, Ran()
        return alone, self.run_block(exercise.check, namespace)

    def _joined(self, exercise: Exercise, block: Block) -> Ran:
        """An answer and the check on it, as one result: what the reader sees of the two."""
        alone, judged = self._answer(exercise, block)
        if alone.error is not None or not alone.started:
            return alone
        return Ran(
            judged.started,
            alone.printed + judged.printed,
            judged.error,
            judged.file,
            judged.line,
            alone.figures + judged.figures,
            alone.problems + judged.problems,
        )

    def _diagnosis(
        self, exercise: Exercise, block: Block, ran: Ran, whose: str, diagnoses: dict[str, int]
    ) -> list[Problem]:
        """A wrong answer must be told what is wrong with it, and no other answer the same."""
        file, name = self.chapter.file, f"the check of Exercise {exercise.number}"
        if not ran.started:
            return []
        if ran.error is None:
            return [
                Problem(
                    file,
                    block.line,
                    f"{name} accepts the {whose}",
                    expected="AssertionError with a message that says what is wrong",
                    got="it passes",
                )
            ]
        message = str(ran.error)
        if not isinstance(ran.error, AssertionError) or len(message.split()) < 4:
            return [
                Problem(
                    file,
                    block.line,
                    f"{name} gives the {whose} no useful message",
                    expected="AssertionError with a sentence that helps",
                    got=_last_line(ran.error),
                )
            ]
        if message in diagnoses:
            return [
                Problem(
                    file,
                    block.line,
                    f"{name} tells two wrong answers the same",
                    expected="a diagnosis of its own for each",
                    got=f"{message}   (also at line {diagnoses[message]})",
                )
            ]
        diagnoses[message] = block.line
        return self._compare_output(block, ran.shown) + self._compare_figures(block, ran)


def _is_straight(lines: list[SourceLine]) -> bool:
    """Whether the lines follow one another in one file, as most blocks' and regions' do."""
    return bool(lines) and all(
        line.file == lines[0].file and line.line == number
        for number, line in enumerate(lines, start=lines[0].line)
    )


def _warns(file: str, line: int, warning: warnings.WarningMessage) -> Problem:
    return Problem(
        file,
        line,
        "the block warns, and readers would see it",
        expected="code that runs without warnings",
        got=f"{warning.category.__name__}: {warning.message}",
        mend="mend the cause, or catch the warning in the block and print it",
    )


def _is_announced(block: Block, ran: Ran) -> bool:
    """Whether the error is of the type that the block's title promises."""
    return block.raises.rpartition(".")[2] == type(ran.error).__name__


def _nearest(said: str, paragraph: str) -> str:
    """The words of the paragraph that are most like the words that should stand there."""
    words, length = paragraph.split(" "), len(said.split(" "))
    best = max(
        (" ".join(words[at : at + length]) for at in range(max(1, len(words) - length + 1))),
        key=lambda candidate: difflib.SequenceMatcher(None, said, candidate).ratio(),
    )
    return f"… {best} …"
