"""What the press's engine and the one in the reader's browser share: copies and settings."""

from __future__ import annotations

import copy
import sys
import types


def is_picture(value) -> bool:
    """Whether it is matplotlib's, or an array or list of such, as `plt.subplots(1, 2)` gives."""
    parts = value if isinstance(value, list | tuple) else getattr(value, "flat", (value,))
    return len(parts) > 0 and all(type(p).__module__.startswith("matplotlib") for p in parts)


def own_copy(value, memo: dict):
    """A copy that an answer may change, where there is one; code and pictures are shared."""
    kinds = types.ModuleType | types.FunctionType | types.BuiltinFunctionType | type
    if isinstance(value, kinds) or is_picture(value):
        return value
    if hasattr(value, "clone_state"):  # torch.Generator
        return value.clone_state()
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        return value


def forget_settings() -> None:
    """Undoes what a page before may have set for the whole process: how numbers are printed."""
    if numpy := sys.modules.get("numpy"):
        numpy.set_printoptions(
            precision=8,
            threshold=1000,
            edgeitems=3,
            linewidth=75,
            suppress=False,
            nanstr="nan",
            infstr="inf",
            formatter=None,
            sign="-",
            floatmode="maxprec",
            legacy=False,
        )
        numpy.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    if torch := sys.modules.get("torch"):
        torch.set_printoptions(profile="default", sci_mode=None)
        torch.set_default_dtype(torch.float32)
