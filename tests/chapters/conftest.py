"""Answers to a page's exercises, run as the lab runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from press import chapter, execute

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def answered(request) -> Callable[[str, str], None]:
    """A function that runs an answer and its exercise's check after it, as the lab does.

    The test module names its page, as `PAGE = "docs/foundations/vectors.md"`. The page is run once.
    """
    read = chapter.read(ROOT / request.module.PAGE, ROOT)
    run = execute.PageRun(read, ROOT)
    run.finish()
    exercises = {exercise.number: exercise for exercise in read.exercises}

    def answer(number: str, code: str) -> None:
        namespace = dict(run.namespace)
        exec(code, namespace)
        exec(exercises[number].check.fence.text, namespace)

    return answer
