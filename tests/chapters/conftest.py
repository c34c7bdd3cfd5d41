"""Answers to a page's exercises, run as the lab runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from press import chapter, execute

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(request) -> execute.PageRun:
    """The page that the test module names, as `PAGE = "docs/foundations/vectors.md"`, run once."""
    run = execute.PageRun(chapter.read(ROOT / request.module.PAGE, ROOT), ROOT)
    run.finish()
    return run


@pytest.fixture(scope="module")
def answered(run) -> Callable[[str, str], None]:
    """A function that runs an answer and its exercise's check after it, as the lab does."""
    exercises = {exercise.number: exercise for exercise in run.chapter.exercises}

    def answer(number: str, code: str) -> None:
        namespace = dict(run.namespace)
        exec(code, namespace)
        exec(exercises[number].check.fence.text, namespace)

    return answer
