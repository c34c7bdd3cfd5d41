"""Runs a page's blocks for its reader, in Pyodide; in plain Python for the tests.

The blocks of a page are run in order, in one namespace, as the book runs them: what a block finds
is always what the blocks above it left, however often and in whatever order the reader presses Run.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import linecache
import symtable
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from press import figures
from press.namespaces import forget_settings, own_copy

KEPT = 8
"""How many states of the namespace are kept, so that running a block again need not begin anew."""
PAUSE = 0.05
"""Seconds between two messages of printed text: a loop that prints must not drown the page."""
MOST = 100_000
"""Characters that one run may print; what comes after is not sent."""


class Session:
    """One page and its reader. `tell` gets events, each a dictionary with a `type`.

    `live` says which blocks can run here, the others are passed over; `raises` says which fail in
    the book too, so that those below them run all the same.
    """

    def __init__(
        self,
        blocks: list[str],
        live: list[bool],
        raises: list[bool],
        tell: Callable[[dict], None],
        drawn: Callable[[], list[figures.Drawn]] = figures.collect,
    ) -> None:
        self.blocks, self.live, self.raises, self.tell = list(blocks), live, raises, tell
        self.drawn = drawn
        self.ran: list = []
        """The code of the blocks that made `namespace` what it is, from the first one on."""
        self.namespace: dict = {"__name__": "__main__"}
        self.states: dict[int, tuple[list, dict]] = {}
        """Before which block, what had been run, and a copy of the namespace then."""
        self.answers: dict[tuple, dict] = {}
        """Namespaces for answers: by the blocks that went into them."""
        forget_settings()

    # --- running -----------------------------------------------------------------------------

    def run(self, index: int, code: str) -> bool:
        """Runs block `index` with this code, and first what stands above it and is not up to date.

        Stops at the first block that fails. Whether all went well.
        """
        self.blocks[index] = code
        self._go_back_to(index)
        while len(self.ran) < index:
            if not self._run_next():
                return False
        self._remember(index)
        return self._run_next()

    def _run_next(self) -> bool:
        index = len(self.ran)
        code = self.blocks[index]
        self.tell({"type": "start", "block": index})
        fine = not self.live[index] or self._execute(code, self.namespace, _name(index), index)
        fine = fine or self.raises[index]
        self.tell({"type": "done", "block": index, "fine": fine})
        if fine:
            self.ran.append(code)
        else:
            self._forget_from(index)  # half a block may have run
        return fine

    def _go_back_to(self, index: int) -> None:
        """Makes the namespace one from which block `index` can be reached by going on."""
        wanted = self.blocks[:index]
        if self.ran == wanted[: len(self.ran)] and len(self.ran) <= index:
            return
        fits = [at for at, (ran, _) in self.states.items() if at <= index and ran == wanted[:at]]
        if fits:
            at = max(fits)
            ran, saved = self.states[at]
            memo: dict = {}
            self.ran = list(ran)
            self.namespace = {name: own_copy(value, memo) for name, value in saved.items()}
        else:
            self.ran, self.namespace = [], {"__name__": "__main__"}
            forget_settings()

    def _remember(self, index: int) -> None:
        memo: dict = {}
        self.states.pop(index, None)
        saved = {name: own_copy(value, memo) for name, value in self.namespace.items()}
        self.states[index] = list(self.ran), saved
        while len(self.states) > KEPT:
            del self.states[next(iter(self.states))]

    def _forget_from(self, index: int) -> None:
        """A block failed half-way: the state before it, if there is one, else nothing."""
        self.ran = [object()]  # equals no code, so the next run finds a state or begins anew
        self._go_back_to(index)

    # --- exercises ---------------------------------------------------------------------------

    def check(self, answer: str, check: str) -> bool:
        """Runs an answer, and its check after it, in a namespace of their own. Whether it passes.

        Only those blocks of the page are run that the two need.
        """
        wanted = needed(self.blocks, f"{answer}\n{check}")
        if not all(self.live[at] for at in wanted):
            text = "This answer needs a block that cannot run in the browser."
            self.tell({"type": "error", "block": -1, "where": "", "text": text, "line": 0})
            return False
        key = tuple((at, self.blocks[at]) for at in wanted)
        if key not in self.answers:
            namespace: dict = {"__name__": "__main__"}
            for at in wanted:
                self.tell({"type": "start", "block": at})
                fine = self._execute(self.blocks[at], namespace, _name(at), at, quiet=True)
                fine = fine or self.raises[at]
                self.tell({"type": "done", "block": at, "fine": fine})
                if not fine:
                    return False
            self.answers = {key: namespace}
        memo: dict = {}
        own = {name: own_copy(value, memo) for name, value in self.answers[key].items()}
        if not self._execute(answer, own, "<your answer>", -1):
            return False
        return self._execute(check, own, "<the check>", -1)

    # --- one piece of code -------------------------------------------------------------------

    def _execute(
        self, code: str, namespace: dict, name: str, index: int, quiet: bool = False
    ) -> bool:
        """Runs code, and tells what it prints, draws, warns of and raises."""
        out = _Out(
            lambda text: quiet or self.tell({"type": "stdout", "block": index, "text": text})
        )
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        fine = True
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out):
            warnings.simplefilter("always")
            try:
                exec(compile(code, name, "exec", dont_inherit=True), namespace)
            except BaseException as error:
                fine = False
                told = _told(error, name)
            finally:
                out.close()
        for figure in self.drawn():
            if figure.shown and not quiet:
                self.tell({"type": "figure", "block": index, "svg": figure.svg()})
        for text in dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught):
            if not quiet:
                self.tell({"type": "warning", "block": index, "text": text})
        if not fine and not quiet:
            self.tell({"type": "error", "block": index, "where": name, **told})
        return fine


def _name(index: int) -> str:
    return f"<block {index}>"


class _Out(io.TextIOBase):
    """Collects what is printed and hands it on now and then."""

    def __init__(self, send: Callable[[str], object]) -> None:
        self.send, self.waiting, self.sent, self.last = send, "", 0, time.monotonic()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.sent <= MOST:
            self.waiting += text
            if time.monotonic() - self.last > PAUSE or len(self.waiting) > MOST:
                self.flush()
        return len(text)

    def flush(self) -> None:
        if self.closed or not self.waiting:
            return
        text = self.waiting[: MOST - self.sent]
        self.sent += len(self.waiting)
        if self.sent > MOST:
            text += f"\n… more than {MOST:,} characters: the rest is not shown"
        self.waiting, self.last = "", time.monotonic()
        self.send(text)

    def close(self) -> None:
        self.flush()
        super().close()


def _told(error: BaseException, name: str) -> dict:
    """An error in the reader's terms: its last line, and the line of the reader's own code."""
    kind = type(error)
    home = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    message = str(error)
    if isinstance(error, SyntaxError):
        line, message = error.lineno or 0, error.msg
    else:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno or 0 for f in reversed(frames) if f.filename == name), 0)
    last = home + kind.__qualname__ + (f": {message}" if message else "")
    return {"kind": kind.__name__, "message": message, "text": last, "line": line}


# --- what code needs of the blocks above ---------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What a piece of code does with the page's names."""

    used: frozenset[str] = frozenset()
    """Read, at the top or within functions, and not the functions' own."""
    given: frozenset[str] = frozenset()
    """Bound at the top: assigned, imported, defined."""
    fixed: frozenset[str] = frozenset()
    """Of these, modules, functions and classes: a call does not change them in place."""
    changed: frozenset[str] = frozenset()
    """Changed in place, as far as one can see: `x[0] = …`, `x += …`, `x.append(…)`."""
    extended: frozenset[str] = frozenset()
    """Given an attribute, as `Tensor.exp = exp` does: so even classes change."""


@lru_cache(maxsize=1000)
def names(code: str) -> Names:
    """The names of a piece of code; none where it does not parse."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return Names()
    used: set[str] = set()
    given: set[str] = set()
    fixed: set[str] = set()
    changed: set[str] = set()
    extended: set[str] = set()
    for statement in tree.body:
        reads, binds, fixes = _of_statement(statement)
        used |= reads - given  # what the code has bound itself, it does not need
        given |= binds
        fixed |= fixes
        changed |= _changes(statement)
        extended |= {
            name
            for node in _top(statement)
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            for name in _base(node)
        }
    return Names(*map(frozenset, (used, given, fixed, changed, extended)))


def _of_statement(statement: ast.stmt) -> tuple[set[str], set[str], set[str]]:
    """The page's names that a statement reads, that it binds, and those bound to code."""
    top = symtable.symtable(ast.unparse(_Lazy().visit(copy.deepcopy(statement))), "<code>", "exec")
    reads = {
        node.target.id
        for node in _top(statement)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                reads.add(symbol.get_name())
    for node in _top(statement):  # `for name in …` binds the name before its body reads it
        if isinstance(node, ast.For):
            reads -= _names_in(node.target)
        elif isinstance(node, ast.With):
            for item in node.items:
                reads -= _names_in(item.optional_vars)
        elif isinstance(node, ast.ExceptHandler):
            reads -= {node.name}
    symbols = top.get_symbols()
    fixes = {s.get_name() for s in symbols if s.is_imported() or s.is_namespace()}
    return reads, fixes | {s.get_name() for s in symbols if s.is_assigned()}, fixes


def _names_in(target: ast.AST | None) -> set[str]:
    """The names that a target binds: of `x[i]` and `x.y` none, they are only read."""
    parts = ast.walk(target) if target else ()
    return {
        part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


class _Lazy(ast.NodeTransformer):
    """Writes comprehensions as generators: from Python 3.12 on, the others' variables count as
    names of the code around them."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.GeneratorExp(node.elt, node.generators), node)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        pair = ast.Tuple([node.key, node.value], ast.Load())
        return ast.copy_location(ast.GeneratorExp(pair, node.generators), node)


def _changes(statement: ast.stmt) -> set[str]:
    found: set[str] = set()
    for node in _top(statement):
        if isinstance(node, ast.AugAssign):
            found |= _base(node.target)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found |= _base(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # Called for its effect alone: on what it belongs to, or on what it is given.
            if getattr(node.value.func, "id", "") == "print":
                continue
            found |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found


def _top(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement that run where it stands: not those of functions' bodies."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        for inner in ast.iter_child_nodes(node):
            yield from _top(inner)


def _base(node: ast.AST) -> set[str]:
    """The name that `x[0].y` begins with."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def needed(blocks: list[str], code: str) -> list[int]:
    """Which blocks must have run before `code` can, which comes after all of them.

    For each name that it uses: the last block that binds the name, those after it that change it in
    place, and what these need in their turn.
    """
    given = set().union(*(names(block).given for block in blocks))
    lasting = given - set().union(*(names(block).fixed for block in blocks))
    wanted: set[int] = set()
    open_ends = {(name, len(blocks)) for name in names(code).used}
    seen: set[tuple[str, int]] = set()
    while open_ends:
        name, before = open_ends.pop()
        if (name, before) in seen:
            continue
        seen.add((name, before))
        for at in range(before - 1, -1, -1):
            here = names(blocks[at])
            changed = (name in here.changed and name in lasting) or name in here.extended
            if name not in here.given and not changed:
                continue
            wanted.add(at)
            open_ends |= {(other, at) for other in here.used}
            if name in here.given and name not in here.used:
                break  # bound anew: what it was before does not matter
    return sorted(wanted)
