"""The mutation check: that it damages what it says, restores it, and sees what gets away."""

import re
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from press import chapter as chapters
from press import execute, mutate

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "docs/foundations/vectors.md"

PAGE = """\
    # A page

    Six pairs make 12, and 7 is a number that nothing checks. So is $3 \\times 4 = 12$.

    <!-- says: f"Six pairs make {2 * n}" -->

    ```python
    import math
    n = 6
    print(math.sqrt(n * n))
    ```

    ```output
    6.0
    ```
"""


@pytest.fixture
def book(tmp_path):
    """A small project with one page whose prose check comes after its block."""
    text = textwrap.dedent(PAGE)
    prose, code = text.split("```python")
    heading, sentence = prose.split("\n\n", 1)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs/page.md"
    page.write_text(f"{heading}\n\n```python{code}\n{sentence}", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(
        "markdown_extensions:\n"
        "  - pymdownx.highlight: {pygments_lang_class: true}\n"
        "  - pymdownx.superfences\n"
    )
    (tmp_path / "tests").mkdir()
    return tmp_path


def damages(book) -> list[mutate.Damage]:
    return list(mutate.sites(chapters.read(book / "docs/page.md", book), book))


def test_every_digit_of_an_output_and_of_a_checked_sentence_is_a_site(book):
    counted = Counter(damage.kind for damage in damages(book))
    assert counted["output"] == 3  # two digits, and the output as a whole
    assert counted["says"] >= 2  # the digits of 12
    assert counted["import"] == 1


def test_damage_changes_one_place_and_is_undone(book):
    page = book / "docs/page.md"
    before = page.read_text(encoding="utf-8")
    for damage in damages(book):
        after = damage.apply(before)
        assert after != before
        assert after[: damage.start] == before[: damage.start]
        assert after[damage.start + len(damage.new) :] == before[damage.end :]
        mutate.try_damage(damage, book)
        assert page.read_text(encoding="utf-8") == before


def test_every_damage_to_a_small_page_is_noticed(book):
    assert not mutate.noticed(book / "docs/page.md", book)
    away = [damage.what for damage in damages(book) if not mutate.try_damage(damage, book)]
    assert away == []


def test_damage_that_changes_nothing_visible_is_reported_as_got_away(book):
    page = book / "docs/page.md"
    text = page.read_text(encoding="utf-8").replace("n = 6", "n = 6\nunused = 41")
    page.write_text(text, encoding="utf-8")
    away, _ = mutate.escaped([page], book, budget=100, seed=0)
    assert ["41" in damage.what for damage in away] == [True]


def test_damage_that_only_the_time_limit_notices_is_told(book, monkeypatch, capsys):
    page = book / "docs/page.md"
    text = page.read_text(encoding="utf-8").replace("import math", "import math, time")
    text = text.replace("n = 6", "n = 6\ntime.sleep(0 if n < 7 else 60)")
    page.write_text(text, encoding="utf-8")
    monkeypatch.setattr(mutate, "LIMIT", 2)
    slow = next(d for d in damages(book) if d.kind == "code" and d.what.endswith("6 → 7"))
    assert mutate.try_damage(slow, book)
    assert "noticed only by taking over 2 s" in capsys.readouterr().out


LIBRARY = """\
# --8<-- [start:sign]
def sign(x):
    \"\"\"1 for positive numbers, else −1.\"\"\"
    return 1 if x > 0 else -1
# --8<-- [end:sign]
"""
SHOWN = """\
# A page

```python
--8<-- "src/foundations/signs.py:sign"
```

```python
print(sign(5))
```

```output
1
```
"""
TEST = """\
from foundations.signs import sign

def test_the_sign_of_other_numbers():
    assert [sign(-5), sign(0)] == [-1, -1]
"""


@pytest.fixture
def library(book):
    """A page that shows a function, of which it uses only one half; a test may use the other."""
    (book / "src/foundations").mkdir(parents=True)
    (book / "src/foundations/__init__.py").touch()
    (book / "src/foundations/signs.py").write_text(LIBRARY, encoding="utf-8")
    (book / "docs/signs.md").write_text(SHOWN, encoding="utf-8")
    with (book / "mkdocs.yml").open("a") as settings:
        settings.write("  - pymdownx.snippets: {base_path: ['.'], dedent_subsections: true}\n")
    (book / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return book


def test_damage_that_the_page_cannot_notice_is_shown_to_the_tests_of_its_file(library):
    def away() -> list[str]:
        found, tried = mutate.escaped([library / "docs/signs.md"], library, 100, 0, ("code",))
        assert tried["code"] == 6
        return sorted(damage.what.rpartition(": ")[2] for damage in found)

    assert away() == ["- → +", "0 → 1", "1 → 2", "5 → 6"]  # of `else -1`, `x > 0`, `sign(5)`
    (library / "tests/foundations").mkdir()
    (library / "tests/foundations/test_signs.py").write_text(TEST, encoding="utf-8")
    assert away() == ["0 → 1", "5 → 6"]


def test_a_child_that_goes_on_from_the_damage_finds_what_a_whole_run_finds(book):
    chapter = chapters.read(book / "docs/page.md", book)
    starts = {mutate.first_touched(damage, chapter) for damage in damages(book)}
    assert starts == {0, 1}  # the block, and the prose check under it
    for damage in damages(book):
        run = execute.PageRun(chapter, book)
        for item in chapter.steps()[: mutate.first_touched(damage, chapter)]:
            run.step(item)
        assert mutate.try_damage(damage, book, run) == mutate.try_damage(damage, book)


def test_numbers_that_no_says_covers_are_listed_with_their_lines(book):
    chapter = chapters.read(book / "docs/page.md", book)
    listed = [(number, chapter.lines[line - 1]) for line, number, _ in
              mutate.unchecked_numbers(chapter, book)]  # fmt: skip
    assert [number for number, _ in listed] == ["7", "3", "4", "12"]
    assert all(number in line for number, line in listed)


def test_wrong_answers_and_the_seeds_of_checks_are_left_alone():
    chapter = chapters.read(VECTORS, ROOT)
    wrong = [block for block in chapter.blocks if block.role in ("starter", "mistake")]
    lines = {n for block in wrong for n in range(block.fence.line, block.fence.end)}
    code = [d for d in mutate.sites(chapter, ROOT) if d.kind == "code" and d.file == chapter.file]
    starts = [chapter.text.count("\n", 0, damage.start) + 1 for damage in code]
    assert lines and not lines & set(starts)
    checks = [b.fence for e in chapter.exercises for b in [e.check]]
    seeds = [n for f in checks for n, text in enumerate(f.lines, f.line + 1) if "rng(" in text]
    damaged = {n: damage.what for n, damage in zip(starts, code, strict=True) if n in seeds}
    assert seeds and not any("7 → 8" in what or "0 → 1" in what for what in damaged.values())


@pytest.mark.parametrize(
    ("code", "left_alone"),
    [
        ("X = np.array([[3.0, 4.0]])\nassert f(X) == 5", ["3.0", "4.0"]),
        ("for n, d in ((1, 3), (4, 2)):\n    X = rng.normal(size=(n, d))", ["1", "3", "4", "2"]),
        ("for n in [5, 6]:\n    X = rng.normal(size=n + 7)\nassert n < 8", ["5", "6", "7"]),
        ("all(ok(rng.random(n)) for n in (5, 6))", ["5", "6"]),
        ("why, X = 'é 你', np.array([3.0])", ["3.0"]),
        # the loop's numbers do something else as well as, or in place of, making an example:
        ("for n, right in ((1, 3), (4, 2)):\n    assert f(rng.random(n)) == right", []),
        ("for at in (4, 5):\n    assert f(at)", []),
        ("for n in (4, 5):\n    assert f(n)\nX = rng.normal(size=n)", []),
        ("for n in range(6):\n    X = rng.normal(size=n)", []),
        ("for n, why in ((4, 'four'), (5, 'five')):\n    f(rng.random(n), why)", []),
        ("assert abs(f(0.5) - 2) < 1e-9", []),
        ("not Python at all (", []),
    ],
)
def test_only_numbers_that_make_a_checks_examples_are_left_alone(code, left_alone):
    lines = code.splitlines()
    found = sorted(mutate._examples(code))
    assert [re.match(r"[\d.]+", lines[row - 1][column:])[0] for row, column in found] == left_alone


def test_the_same_seed_chooses_the_same_damage_and_each_kind_gets_its_turn():
    found = list(mutate.sites(chapters.read(VECTORS, ROOT), ROOT))
    chosen = mutate.sample(found, 35, seed=7)
    assert chosen == mutate.sample(found, 35, seed=7)
    assert chosen != mutate.sample(found, 35, seed=8)
    assert set(Counter(damage.kind for damage in chosen).values()) == {5}


def test_every_damage_to_a_figures_data_changes_a_number():
    figures = [d for d in mutate.sites(chapters.read(VECTORS, ROOT), ROOT) if d.kind == "figure"]
    numbers = [d for d in figures if d.file.endswith(".data.json")]
    old = [(ROOT / d.file).read_text(encoding="utf-8")[d.start : d.end] for d in numbers]
    assert "-1.0" in old
    assert all(float(a) != float(d.new) for a, d in zip(old, numbers, strict=True))


def test_nothing_that_chapter_one_states_can_be_damaged_unnoticed():
    away, tried = mutate.escaped([VECTORS], ROOT, budget=20, seed=0, kinds=mutate.STRICT)
    assert tried == dict.fromkeys(mutate.STRICT, 4)
    assert [damage.what for damage in away] == []
