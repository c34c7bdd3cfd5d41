"""Rewrites the outputs and figures of a page from what its blocks give now, and nothing else.

Everything is worked out first; files are written at the end, each in one step, and only if every
block ran and nobody changed the chapter meanwhile. A page is never left half written.
"""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from press import chapter as chapters
from press import check, execute, figures, outputs
from press.chapter import Block, Exercise
from press.problems import PressError, Problem


@dataclass
class Plan:
    """What an update would write: the chapter's new text, and files beside it.

    `before` and `after` have the line ends of the file on disk.
    """

    path: Path
    before: str
    after: str
    files: dict[Path, str] = field(default_factory=dict)
    left: list[Problem] = field(default_factory=list)
    """Problems that no update can mend: a sentence, a shape comment, a missing image."""

    def diff(self, root: Path) -> str:
        """The change as a unified diff; of a figure, only its name and what moved on it."""
        name = self.path.relative_to(root).as_posix()
        lines = difflib.unified_diff(
            self.before.splitlines(),
            self.after.splitlines(),
            name,
            name + " (updated)",
            lineterm="",
            n=2,
        )
        drawn = [
            f"drawn: {path.relative_to(root).as_posix()}"
            for path in self.files
            if path.suffix == ".svg"
        ]
        return "\n".join([*lines, *drawn])

    @property
    def changes(self) -> bool:
        return self.before != self.after or bool(self.files)


def plan(path: Path, root: Path) -> Plan:
    """Runs the page and works out its update. Raises PressError if a block fails."""
    chapter = chapters.read(path, root)
    run = execute.PageRun(chapter, root)
    problems = run.problems()
    _require_that_all_ran(run, chapter, problems)
    _require_own_figures(chapter, root)
    edits: list[tuple[int, int, list[str]]] = []
    before = path.read_bytes().decode("utf-8")
    ends = _line_ends(before, chapter)
    made = Plan(path, before, before)
    for step in run.steps:
        for block, ran in step.results:
            if _shows_output(block, ran, step):
                edits += _output_edits(block, ran)
            for image, drawn in zip(block.images, ran.figures, strict=False):
                _redraw(run.svg_path(image.path), drawn, made.files)
    lines = list(chapter.lines)
    for start, end, new in sorted(edits, reverse=True):
        lines[start - 1 : end - 1] = new
    if edits:
        made.after = ends.join(lines)
    made.left = [p for p in problems if not p.mend.startswith("make update")]
    return made


def _require_own_figures(chapter: chapters.Chapter, root: Path) -> None:
    """A figure belongs to one page: to draw it here would change the other."""
    folder = (root / chapter.file).parent
    drawn = {image.path: image for block in chapter.blocks for image in block.images}
    for other in folder.glob("*.md"):
        if other != root / chapter.file:
            for image in chapters.read(other, root).images:
                if image.path in drawn:
                    raise PressError(
                        Problem(
                            chapter.file, drawn[image.path].line,
                            f"{image.path} belongs to {other.relative_to(root).as_posix()}; "
                            "nothing was written",
                            expected="a figure of this page's own",
                            mend=f"choose another name, figures/{Path(chapter.file).stem}-….svg",
                        )
                    )  # fmt: skip


def _line_ends(before: str, chapter: chapters.Chapter) -> str:
    """The line ends of the file, to be kept."""
    for ends in ("\n", "\r\n"):
        if before == chapter.text.replace("\n", ends):
            return ends
    ends = before.replace("\r\n", "\n").replace("\r", "\n")
    what = "the file mixes line ends" if ends == chapter.text else "the chapter changed on disk"
    raise PressError(
        Problem(
            chapter.file,
            1,
            f"{what}; nothing was written",
            expected="LF, or CRLF, throughout",
            mend=f"save it with one kind, then make update PAGE={chapter.file}",
        )
    )


def _shows_output(block: Block, ran: execute.Ran, step: execute.Step) -> bool:
    """Whether the page may show what this run gave: a diagnosis, but no surprise."""
    if isinstance(step.item, Exercise) and block.role in ("check", "mistake"):
        return isinstance(ran.error, AssertionError)
    return ran.error is None or type(ran.error).__name__ == block.raises


def _require_that_all_ran(
    run: execute.PageRun, chapter: chapters.Chapter, problems: list[Problem]
) -> None:
    stop = [
        problem
        for step in run.steps
        for block, ran in step.results
        if ran.error is not None and not _shows_output(block, ran, step)
        for problem in step.problems
        if not problem.mend.startswith("make update")
    ]
    unread = [p for p in chapter.problems if "never closes" in p.what]
    # A block that could not even be put together has no result that could be shown.
    unread += [
        problem
        for step in run.steps
        for _, ran in step.results
        if not ran.started
        for problem in ran.problems
    ]
    if stop or unread:
        told = list(dict.fromkeys([*unread, *stop]))
        told.append(Problem(chapter.file, 1, "nothing was written", mend="mend this first"))
        raise PressError(*told)


def _output_edits(block: Block, ran: execute.Ran) -> list[tuple[int, int, list[str]]]:
    """Line edits (from, up to, new lines) that make the page show what was printed."""
    fence, got = block.fence, ran.shown
    if block.output is None:
        if not got:
            return []
        prefix, marks = fence.prefix, _marks(got)
        new = [prefix.rstrip(), f"{prefix}{marks}output", *_prefixed(got, prefix), prefix + marks]
        return [(fence.end + 1, fence.end + 1, new)]
    shown = block.output
    if not got:
        return [(fence.end + 1, shown.end + 1, [])]
    if outputs.same(shown.text, got):
        return []
    prefix, marks = shown.prefix, _marks(got, shown.marks)
    if marks == shown.marks:
        return [(shown.line + 1, shown.end, _prefixed(got, prefix))]
    new = [prefix + marks + shown.info, *_prefixed(got, prefix), prefix + marks]
    return [(shown.line, shown.end + 1, new)]


def _marks(text: str, marks: str = "```") -> str:
    """Fence marks that no line of the text closes, here or on GitHub."""
    while any(line.lstrip(" \t>").startswith(marks) for line in text.split("\n")):
        marks += marks[0]
    return marks


def _prefixed(text: str, prefix: str) -> list[str]:
    return [(prefix + line).rstrip() for line in text.split("\n")]


def _redraw(svg: Path, drawn: figures.Drawn, files: dict[Path, str]) -> None:
    if figures.stored_problem(svg, drawn) is None:
        return
    text = drawn.svg()
    files[svg] = text
    files[figures.data_path(svg)] = figures.data_text(json.loads(json.dumps(drawn.data)), text)


def write(made: Plan, root: Path) -> None:
    """Writes a plan, the chapter last. Raises PressError if the chapter changed meanwhile."""
    now = made.path.read_bytes() if made.path.is_file() else b""
    if now != made.before.encode():
        name = made.path.relative_to(root).as_posix()
        raise PressError(
            Problem(
                name,
                1,
                "the chapter changed on disk while its blocks ran; nothing was written",
                mend=f"make update PAGE={name}  again",
            )
        )
    for path, text in made.files.items():
        replace(path, text)
    if made.after != made.before:
        replace(made.path, made.after)


def replace(path: Path, text: str) -> None:
    """Writes a text file in one step: readers of the file see the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def main(paths: list[str]) -> int:
    """`make update`: updates one page, or all; prints the diff and what is left to mend by hand."""
    check.fix_threads()
    check.hasten_imports()
    root = check.find_root()
    failed = False
    for path in [check.resolve(name, root) for name in paths] or check.pages(root):
        name = path.relative_to(root).as_posix()
        try:
            made = plan(path, root)
            if made.changes:
                print(made.diff(root))
                write(made, root)
            left = [*check.static_problems(chapters.read(path, root), root), *made.left]
        except PressError as error:
            print(error)
            failed = True
            continue
        done = "updated" if made.changes else "nothing to update"
        if left:
            done += f"; {check.count(len(left), 'problem')} that no update can mend:"
        print(f"{name}: {done}")
        causes, consequences = check.causes_first(sorted(left, key=lambda p: (p.file, p.line)))
        for problem in [*causes, *consequences]:
            print(problem)
        failed = failed or bool(left)
    return int(failed)
