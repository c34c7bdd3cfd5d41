"""Checks pages: everything that `make check` and the sybil tests say comes from here."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable
from pathlib import Path

from press import chapter as chapters
from press import equations, execute, includes, links, render, spine, verified
from press.moving import marks as moving
from press.problems import PressError, Problem, count

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
GENERATED = verified.GENERATED
NOT_RUN_SHARE = 0.02
"""At most this share of the book's blocks may be marked not to run."""


def fix_threads() -> None:
    """One thread: the order of a sum, and so its last bits, must not depend on the machine.

    To be called before NumPy or PyTorch is first imported.
    """
    for name in THREADS:
        os.environ[name] = "1"


def hasten_imports() -> None:
    """Has Python look for garbage less often: NumPy, matplotlib and PyTorch make little at import.

    Measured: 0.2 to 0.4 s less for the three, of about 2.5.
    """
    gc.set_threshold(50_000, 20, 100)


def find_root(start: Path | None = None) -> Path:
    """The project's folder: the nearest one at or above `start` that holds mkdocs.yml."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "mkdocs.yml").is_file():
            return folder
    raise PressError(
        Problem(str(start), 1, "not inside the book's project", expected="a folder with mkdocs.yml")
    )


def pages(root: Path) -> list[Path]:
    """The Markdown pages that people write."""
    return [
        path
        for path in sorted((root / "docs").glob("**/*.md"))
        if not verified.is_generated(path.relative_to(root).as_posix())
    ]


def static_problems(chapter: chapters.Chapter, root: Path) -> list[Problem]:
    """What is wrong with a page before anything is run, beyond what its parser saw."""
    try:
        numbered = equations.problems(root / "docs", root / "tests")
    except UnicodeDecodeError:  # of another page, whose own check says so
        numbered = []
    return [
        *render.problems(chapter, root),
        *links.problems(chapter, root),
        *spine.problems(chapter, root),
        *moving.problems(chapter),
        # A test that is bound to another formula than this page shows is this page's news too.
        *(p for p in numbered if p.file == chapter.file or f"({chapter.file}:" in p.what),
    ]


def check_page(path: Path, root: Path) -> list[Problem]:
    """Every problem of one page, in the order of its lines."""
    return page_problems(chapters.read(path, root), root)


def page_problems(chapter: chapters.Chapter, root: Path) -> list[Problem]:
    """The same, of a page that was read."""
    found = [*static_problems(chapter, root), *execute.PageRun(chapter, root).problems()]
    return sorted(dict.fromkeys(found), key=lambda p: (p.file != chapter.file, p.file, p.line))


def check_book(root: Path) -> list[Problem]:
    """What only the whole book shows: what nothing uses, marks without labels, too many not run."""
    found = [p for p in equations.problems(root / "docs", root / "tests") if p.file[:5] != "docs/"]
    try:
        regions = includes.all_regions(root)
    except PressError as error:
        return [*found, *error.problems]
    read = [chapters.read(path, root) for path in pages(root)]
    used = set()
    for chapter in read:
        for fence in chapter.fences:
            used |= {includes.include_path(line) for line in fence.lines}
    for region in regions:
        if f"{region.file}:{region.name}" not in used and region.file not in used:
            found.append(
                Problem(
                    region.file,
                    region.first - 1,
                    f"no page uses the region '{region.name}'",
                    mend=f'include it, --8<-- "{region.file}:{region.name}", or delete its markers',
                )
            )
    return [*found, *_forgotten_figures(read, root), *not_run_problems(read)]


def _forgotten_figures(read: Iterable[chapters.Chapter], root: Path) -> list[Problem]:
    """Drawings that no page shows any more."""
    shown = {(root / page.file).parent / image.path for page in read for image in page.images}
    return [
        Problem(
            path.relative_to(root).as_posix(),
            1,
            "no page shows this figure",
            mend="delete it, and its .data.json",
        )
        for path in sorted((root / "docs").glob("**/figures/*.svg"))
        if path not in shown
    ]


def not_run_problems(read: Iterable[chapters.Chapter]) -> list[Problem]:
    """Blocks marked not to run, once they are more than the share that the book allows."""
    blocks = [(chapter, block) for chapter in read for block in chapter.blocks]
    resting = [(chapter, block) for chapter, block in blocks if block.not_run is not None]
    if len(resting) <= NOT_RUN_SHARE * len(blocks):
        return []
    return [
        Problem(
            chapter.file,
            block.line,
            "too many blocks of the book are not run",
            expected=f"at most {NOT_RUN_SHARE:.0%} of {len(blocks)}",
            got=str(len(resting)),
            mend="let the block run on something smaller",
        )
        for chapter, block in resting
    ]


def main(paths: list[str]) -> int:
    """`make check`: checks one page, or all of them; prints what is wrong and a closing line."""
    fix_threads()
    hasten_imports()
    root = find_root()
    chosen = [resolve(path, root) for path in paths] or pages(root)
    told: dict[Problem, None] = {}
    blocks = 0
    started = time.perf_counter()
    for path in chosen:
        try:
            chapter = chapters.read(path, root)
            before = verified.before(chapter, root)
            found = page_problems(chapter, root)
            if found:
                verified.forget(chapter, root)
            else:
                verified.write(chapter, root, before)
            blocks += len(chapter.blocks)
        except PressError as error:
            found = error.problems
        _tell(found, told)
    if not paths:
        _tell(check_book(root), told)
    seconds = time.perf_counter() - started
    names = f"{len(chosen)} pages" if len(chosen) != 1 else chosen[0].relative_to(root).as_posix()
    if told:
        print(f"\n{names}: {count(len(told), 'problem')} ({seconds:.1f} s)")
        return 1
    print(f"{names}: {count(blocks, 'block')}, all as the page says ({seconds:.1f} s)")
    return 0


def _tell(found: Iterable[Problem], told: dict[Problem, None]) -> None:
    """Prints the problems not told yet: causes first, what follows from them as a count."""
    new = [problem for problem in dict.fromkeys(found) if problem not in told]
    told |= dict.fromkeys(new)
    causes, consequences = causes_first(new)
    for problem in causes:
        print(problem)
    if consequences:
        follow = "follows" if len(consequences) == 1 else "follow"
        print(
            f"… and {count(len(consequences), 'problem')} that {follow} from the above: "
            "check again once that is mended"
        )


def causes_first(found: list[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Problems to mend, in that order, and those that will go with them.

    A source file whose regions are broken breaks every block that includes from it; a block that
    failed leaves its names undefined for all that follows.
    """
    regions = [p for p in found if not p.file.endswith(".md") and "region '" in p.what]
    broken = [p for p in regions if "no page uses" not in p.what]
    if broken:
        return broken, [p for p in found if p not in broken]
    later = [p for p in found if p.mend.startswith("mend the block at line")]
    if later or any(p.what.startswith("the block fails") for p in found):
        undefined = ("a prose check cannot", "a solution of", "the check of")
        later += [p for p in found if p.what.startswith(undefined) and "NameError" in p.got]
    sources = [p for p in found if p not in later and not p.file.endswith(".md")]
    return [*sources, *(p for p in found if p not in later and p not in sources)], later


def resolve(path: str, root: Path) -> Path:
    """The page that a contributor named, relative to where they stand or to the project."""
    for candidate in (Path(path), root / path, root / "docs" / path):
        if candidate.is_file() and candidate.suffix == ".md":
            return candidate.resolve()
    names = ", ".join(p.relative_to(root).as_posix() for p in pages(root))
    raise PressError(
        Problem(path, 1, "no such page", f"one of {names}", mend="make check PAGE=docs/…md")
    )
