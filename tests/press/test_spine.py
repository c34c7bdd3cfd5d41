"""A chapter has the facts, downloads, exercises and ends that every chapter has."""

from pathlib import Path

import pytest

from press import chapter, spine

ROOT = Path(__file__).parents[2]
FILE = "docs/foundations/vectors.md"
TEXT = (ROOT / FILE).read_text(encoding="utf-8")


def told(text: str) -> list[str]:
    return [problem.what for problem in spine.problems(chapter.parse(text, FILE), ROOT)]


def test_chapter_one_has_all_that_a_chapter_has():
    assert told(TEXT) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("minutes: 50\n", "", "the chapter's front matter has no minutes"),
        ("chapter: 1\n", 'chapter: "1"\n', "the chapter's front matter has no chapter"),
        ("../downloads/vectors.py", "../x.py", "the chapter does not link to ../downloads/vec"),
        ("\n## Summary\n", "\n## In short\n", "the chapter does not end as chapters do"),
        ("minutes · concept*", "minutes · code*", "the chapter has 6 exercises, and kinds"),
        ("part: foundations", "part: nowhere", "the chapter's part is wrong"),
        ("builds_on: []", "builds_on: [7]", "the chapter's builds_on is wrong"),
        ("figures/vectors-signs.svg", "figures/signs.svg", "figures/signs.svg is not named"),
        ("\nimport numpy as np\n", "\nimport foundations\n", "a block imports foundations"),
        ('\n--8<-- "src', '\n;--8<-- "src', "an include with a semicolon before"),
        ("### Exercise 1.3:", "### Exercise 1.4:", "an exercise is numbered out of order"),
        ("print(\"loop  \"", "print(" + " " * 80 + "\"loop  \"", "a line of code of"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(old, new, what):
    assert old in TEXT
    assert any(words.startswith(what) for words in told(TEXT.replace(old, new, 1)))


def test_a_chapter_without_figures_is_told():
    bare = "\n".join(line for line in TEXT.split("\n") if not line.startswith("!["))
    assert "the chapter shows too few figures" in told(bare)


def test_other_pages_need_none_of_it():
    assert told("# A page\n\nWords.\n") == []


@pytest.mark.parametrize("fence", ["text", "python"])
def test_a_region_marker_that_the_page_would_lose_is_told_and_an_escaped_one_is_not(fence):
    page = f"```{fence}\n# --8<-- [start:a]\nx = 1\n```\n"
    assert "a region marker that readers will not see" in told(page)
    assert told(page.replace("--8<--", ";--8<--")) == []
