"""Spelling and form of the prose: mistakes are told with file and line, and code is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from press import form, spelling, vendor

ROOT = Path(__file__).parents[2]
WEB = ROOT / vendor.CHECKS

PAGE = """---
title: A vektor
---

# Colours

The `colr` of $\\mathrm{colr}$ is [grey](colr.md#colr){ .colr } <span class="colr">here</span>.

$$
colr \\label{eq:colr}
$$

```python title="colr"
colr = "colr"  # a coment about colr_two and `colr`
def f():
    \"\"\"A docstrin.\"\"\"
```

```output
colr
```

- Somebody (2016), *Layer Normalization and optimization*, https://example.org/colr

It is a color; we optimize it. A model's layers and Zorks. The zorks' zork.
<!-- says: colr -->
"""


@pytest.fixture(scope="module", autouse=True)
def installed():
    vendor.install(WEB)


def test_prose_is_read_and_code_formulas_and_addresses_are_not():
    words = spelling.words_of_markdown(PAGE)
    assert "colr" not in words.replace("about colr_two", "")
    assert [len(line) for line in words.split("\n")][4:] == [
        len(line) for line in PAGE.split("\n")
    ][4:]
    for kept in ("A vektor", "# a coment", "A docstrin.", "Colours", "grey", "here", "zorks"):
        assert kept in words, kept
    for left_out in ("mathrm", "label", "example", "output", "python", "span"):
        assert left_out not in words, left_out


def test_misspelt_and_american_words_are_told_where_they_stand():
    texts = {"docs/a.md": spelling.words_of_markdown(PAGE)}
    told = spelling.problems(texts, ["zork", "zorks"], WEB)
    assert [(p.line, p.what.rpartition(" ")[2]) for p in told] == [
        (2, "vektor"), (14, "coment"), (16, "docstrin"), (25, "color"), (25, "optimize"),
    ]  # fmt: skip


def test_the_word_list_is_sorted_and_holds_nothing_needless():
    texts = {"docs/a.md": "A zork met a wrug."}
    told = spelling.problems(texts, ["zork", "blib", "model", "wrug"], WEB)
    assert [(p.file, p.line) for p in told] == [("tests/web/words.txt", n) for n in (1, 2, 3)]
    assert "order" in told[0].what and "blib" in told[1].what and "model" in told[2].what
    assert spelling.problems(texts, ["wrug", "zork"], WEB) == []


def test_a_name_stands_for_nothing_but_itself():
    texts = {"docs/a.md": "Zork zork."}
    (problem,) = spelling.problems(texts, ["Zork"], WEB)
    assert problem.what.endswith(": zork")


def test_comments_and_docstrings_are_read_and_strings_and_names_are_not():
    words = spelling.words_of_python(
        '"""Top wrd."""\nimport colr\ncolr = """colr"""  # aftr colr_x (eq:colr)\n'
        'def f(a, b="colr"):\n    "inner wrd"\n    return colr  # --8<-- [end:colr]\n'
    )
    assert words.split() == ['"""Top', 'wrd."""', "#", "aftr", "(", ")", '"inner', 'wrd"', "#"]


def test_all_pages_and_modules_are_looked_over():
    names = set(spelling.files(ROOT))
    assert names >= {
        "README.md", "docs/index.md", "docs/foundations/vectors.md", "docs/reference/glossary.md",
        "src/foundations/vectors.py", "snippets/affine.py",
    }  # fmt: skip
    assert not [name for name in names if "labs/" in name or "equation-tests" in name]


def test_markdown_that_is_not_in_form_is_told_with_file_and_line(tmp_path):
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs/a.md"
    page.write_text("---\ntitle: A\n---\n\n# A\n\nText.\n\n- one\n- two\n", encoding="utf-8")
    assert form.complaints(tmp_path, WEB) == []
    page.write_text("# A\n\n### C\nThe value is about\n1. What now?\n", encoding="utf-8")
    told = form.complaints(tmp_path, WEB)
    assert [line.partition(" ")[0].split(":")[:2] for line in told] == [
        ["docs/a.md", "3"], ["docs/a.md", "3"], ["docs/a.md", "5"],
    ]  # fmt: skip
    assert "MD001" in told[0] and "MD022" in told[1] and "MD032" in told[2]


def test_the_lock_files_name_no_registry():
    """Or an install would ask that one, and not the reader's own."""
    for web in (WEB, vendor.WEB):
        packages = json.loads((web / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        assert len(packages) > 10
        assert all("resolved" not in package for package in packages.values())
        assert all("integrity" in package for name, package in packages.items() if name)
