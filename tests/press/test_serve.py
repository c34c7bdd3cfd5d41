"""Serving with live reload, as a reader and a contributor meet it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import lab_sample
import pytest

PAGE = "/foundations/doubling/"
LAB = "/labs/doubling/"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.read().decode("utf-8")
    except (OSError, urllib.error.URLError):
        return ""


def wait_for(words: str, port: int, path: str, server: subprocess.Popen, seconds=60) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, "the server ended"
        page = get(port, path)
        if words in page:
            return page
        time.sleep(0.1)
    raise AssertionError(f"{words!r} did not come to {path} within {seconds} s")


@pytest.fixture
def served(tmp_path: Path):
    root = lab_sample.make(tmp_path / "book")
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "press", "serve", "--port", str(port)],
            cwd=root, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield root, port, server, log
        finally:
            server.terminate()
            server.wait(timeout=20)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.timeout(240)
def test_serving_follows_edits_of_pages_and_sources_and_survives_mistakes(served):
    root, port, server, log = served
    wait_for("Twice a number", port, PAGE, server)
    assert f"http://127.0.0.1:{port}/" in log.read_text()
    assert "livereload(" in get(port, PAGE)

    edit(root / "docs/foundations/doubling.md", "can be doubled", "may be doubled")
    wait_for("may be doubled", port, PAGE, server)
    wait_for("may be doubled", port, LAB, server)

    # Code from src/ stands on the page and in its lab: both follow.
    edit(root / "src/foundations/sums.py", "Twice a number", "The double of a number")
    wait_for("The double of a number", port, PAGE, server)
    wait_for("The double of a number", port, LAB, server)

    # A mistake is told, the old pages stay, and the mended page comes.
    edit(root / "docs/foundations/doubling.md", "y = 2x", "y = \\frac{2x")
    end = time.monotonic() + 30
    while "docs/foundations/doubling.md:23:" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.1)
    assert "docs/foundations/doubling.md:23:" in log.read_text()
    assert "Traceback" not in log.read_text()
    wait_for("may be doubled", port, PAGE, server)
    assert "The pages stay as they were until this is mended." in log.read_text()
    edit(root / "docs/foundations/doubling.md", "y = \\frac{2x", "y = 2x")
    edit(root / "docs/foundations/doubling.md", "may be doubled", "is often doubled")
    wait_for("is often doubled", port, PAGE, server)

    # What the press itself writes must not set off another build: it would never end.
    time.sleep(2.5)
    quiet = log.read_text().count("Detected file changes")
    time.sleep(2.5)
    assert log.read_text().count("Detected file changes") == quiet


def test_a_taken_port_is_told_with_the_way_out(tmp_path):
    root = lab_sample.make(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = subprocess.run(
            [sys.executable, "-m", "press", "serve", "--port", str(port)],
            cwd=root, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert ran.returncode == 1
    assert f"Port {port} is taken" in ran.stderr
    assert "make serve PORT=" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (root / "site").exists()
