"""The form of the book's Markdown, by markdownlint: `python -m press.form`.

Its settings, with what the book does on purpose, stand in tests/web/.markdownlint-cli2.jsonc.
"""

from __future__ import annotations

import sys
from pathlib import Path

from press import vendor
from press.check import find_root

SETTINGS = ".markdownlint-cli2.jsonc"


def complaints(root: Path, web: Path) -> list[str]:
    """What markdownlint says of the pages under `root`, a line each: file:line and what."""
    ran = vendor.run_node(
        "markdownlint-cli2/markdownlint-cli2-bin.mjs",
        ["--config", str((web / SETTINGS).resolve())],
        web, root,
    )  # fmt: skip
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"markdownlint failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return [line for line in (ran.stdout + ran.stderr).splitlines() if line.strip()]


def main() -> int:
    root = find_root()
    vendor.install(root / vendor.CHECKS)
    found = complaints(root, root / vendor.CHECKS)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
