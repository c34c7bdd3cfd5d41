"""Shape comments, `scores = Q @ K.T  # (T, T)`: found in code, and asked of the real arrays.

A comment that begins with a tuple of integers and names is a shape comment. The statement that
ends on its line is made to report the value it assigns, returns or shows, and the tuple is
evaluated where the line runs, so names may be the page's or the function's own.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

COMMENT = re.compile(r"^#\s*(?P<shape>\([^()]*\))(?=$|[\s:;,.])")
NEARLY = re.compile(
    r"^#\s*(?:\[[\w\s*+,-]*\]|\(\d+\)|\([\w\s*+-]*,[\w\s*+,-]*|[\w*+-]+,[\w\s*+,-]*\))\s*$"
)
"""`# [T, D]`, `# (4)`, `# (T, D`, `# T, D)`: slips of the pen that would go unchecked."""
PERHAPS = re.compile(r"#\s*\([^()]*\)(?:$|[\s:;,.])", re.MULTILINE)
PERHAPS_SLIP = re.compile(NEARLY.pattern.removeprefix("^"), re.MULTILINE)
"""Found in all code that holds a shape comment, or a slip: most has none, and to tokenize it takes
longer than to run it."""
REPORT = "__press_shape__"
"""Stands in instrumented code for the function that asks for a shape."""


@dataclass
class ShapeComment:
    """A shape comment; `line` counts from 1 in the code that was searched."""

    line: int
    text: str
    reached: bool = False
    failures: list[str] = field(default_factory=list)

    @property
    def names(self) -> bool:
        """Whether the shape depends on names of the code: `(n, 3)` does, `(2, 3)` does not."""
        return re.search(r"[^\W\d]", self.text) is not None


def find(code: str) -> list[ShapeComment]:
    """The shape comments of valid Python code."""
    found = []
    if not PERHAPS.search(code):
        return found
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type != tokenize.COMMENT:
            continue
        match = COMMENT.match(token.string)
        if match and _is_shape(match["shape"]):
            found.append(ShapeComment(token.start[0], match["shape"]))
    return found


def slips(code: str) -> list[tuple[int, str]]:
    """Comments of valid Python code that were nearly shape comments, with their lines."""
    if not PERHAPS_SLIP.search(code):
        return []
    return [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.type == tokenize.COMMENT and NEARLY.match(token.string)
    ]


def _is_shape(text: str) -> bool:
    """Whether the text is a tuple of integers, names and arithmetic on them: not `(see below)`."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False
    allowed = (ast.Tuple, ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.Load, ast.Attribute)
    return isinstance(tree, ast.Tuple) and all(
        isinstance(node, allowed)
        and not (isinstance(node, ast.Constant) and not isinstance(node.value, int))
        for node in ast.walk(tree)
    )


def _bodies(body: list) -> Iterator[list]:
    """Every list of statements at or below this one; expressions hold none."""
    yield body
    for statement in list(body):
        for part in (
            statement,
            *getattr(statement, "handlers", ()),
            *getattr(statement, "cases", ()),
        ):
            for name in ("body", "orelse", "finalbody"):
                if inner := getattr(part, name, None):
                    yield from _bodies(inner)


def instrument(
    tree: ast.Module, comments: list[ShapeComment], name: str = REPORT
) -> list[ShapeComment]:
    """Makes the statements of `tree` report to `name`; gives the comments that none carries.

    Statements that a comment can belong to: an assignment, a return, an expression.
    """
    by_line = {comment.line: index for index, comment in enumerate(comments)}
    carried: set[int] = set()

    def report(value: ast.expr, index: int) -> ast.expr:
        names = "locals()" if comments[index].names else "{}"
        call = ast.parse(f"{name}(None, {index}, {names})", mode="eval").body
        for node in ast.walk(call):
            ast.copy_location(node, value)
        call.args[0] = value
        return call

    for body in _bodies(tree.body):
        for statement in reversed(list(body)):  # of `a = 1; b = x  # (T,)` the last counts
            index = by_line.get(statement.end_lineno)
            if index is None or index in carried:
                continue
            if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr):
                if statement.value is None:
                    continue
                statement.value = report(statement.value, index)
            elif isinstance(statement, ast.AugAssign):
                target = ast.parse(ast.unparse(statement.target), mode="eval").body
                for part in ast.walk(target):
                    ast.copy_location(part, statement)
                told = ast.copy_location(ast.Expr(report(target, index)), statement)
                body.insert(body.index(statement) + 1, told)
            else:
                continue
            carried.add(index)
    return [comment for index, comment in enumerate(comments) if index not in carried]


def reporter(comments: list[ShapeComment], namespace: dict) -> Callable:
    """The function that instrumented code calls: it compares, and hands the value on."""

    def shape_of(value) -> tuple | None:
        if hasattr(value, "shape"):
            return tuple(value.shape)
        if isinstance(value, int | float | complex):
            return ()
        if isinstance(value, list):
            inner = {shape_of(item) for item in value}
            return (len(value), *inner.pop()) if len(inner) == 1 and None not in inner else None
        return None

    # Compiled once, and a shape without names evaluated once: a line in a loop asks thousands of
    # times, so what is usual, a right answer to a shape without names, must cost next to nothing.
    said_by = [compile(comment.text, "<shape comment>", "eval") for comment in comments]
    fixed = [None if c.names else eval(code) for c, code in zip(comments, said_by, strict=True)]

    def ask(value, index: int, local: dict):
        comment = comments[index]
        comment.reached = True
        said = fixed[index]
        if said is not None and (
            getattr(value, "shape", None) == said or (said == () and type(value) in (float, int))
        ):
            return value
        try:
            said = eval(said_by[index], namespace, local)
        except Exception as error:
            comment.failures.append(f"{type(error).__name__}: {error}")
            return value
        if getattr(value, "shape", None) == said:
            return value
        # Several names assigned at once, `q, k = …  # (T, K)`: each has the shape.
        for one in value if isinstance(value, tuple) else (value,):
            real = shape_of(one)
            if real is None:
                comment.failures.append(f"a {type(one).__name__}, which has no shape")
            elif real != said:
                comment.failures.append(_shown(real))
        return value

    return ask


def _shown(shape: tuple) -> str:
    return "(" + ", ".join(str(size) for size in shape) + ("," if len(shape) == 1 else "") + ")"
