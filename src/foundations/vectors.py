"""Vectors, dot products and similarity: the mathematics of chapter 1.

A vector is a sequence of d numbers: a list, or a NumPy array of shape (d,). The first
functions use Python's own arithmetic, so that nothing stands between the formula and
the line; the last ones take whole arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


# --8<-- [start:dot]
def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """The dot product of two vectors: multiply pair by pair, add (eq:dot).

    Raises ValueError where the lengths differ.
    """
    if len(a) != len(b):
        raise ValueError(f"dot: lengths differ: {len(a)} and {len(b)}")
    total = 0
    for a_i, b_i in zip(a, b):
        total += a_i * b_i
    return total  # ()


# --8<-- [end:dot]


# --8<-- [start:norm]
def norm(a: Sequence[float]) -> float:
    """The length of a vector: the root of its dot product with itself (eq:norm)."""
    return math.sqrt(dot(a, a))  # ()


# --8<-- [end:norm]


# --8<-- [start:project]
def project(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The shadow of `a` on the line through `b` (eq:projection), a vector along `b`.

    `a` and `b` have shape (d,), and so has the result. Raises ValueError where `b` is
    all zeros: such a vector has no direction.
    """
    b_squared = dot(b, b)
    if b_squared == 0:
        raise ValueError("project: b is all zeros, so it has no direction")
    return dot(a, b) / b_squared * b


# --8<-- [end:project]


# --8<-- [start:cosine]
def cosine_similarity(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of the angle between two vectors (eq:cosine): −1 to 1, unitless.

    Raises ValueError where one of them is all zeros: such a vector has no direction.
    """
    lengths = norm(a) * norm(b)
    if lengths == 0:
        raise ValueError("cosine_similarity: a vector of zeros has no direction")
    return dot(a, b) / lengths  # ()


# --8<-- [end:cosine]


# --8<-- [start:angle]
def angle(a: Sequence[float], b: Sequence[float]) -> float:
    """The angle between two vectors in degrees, 0 to 180 (eq:angle).

    The cosine is clipped to −1…1 first: rounding can carry it a hair outside, where
    there is no angle. Raises ValueError where one of the vectors is all zeros.
    """
    cosine = min(1.0, max(-1.0, cosine_similarity(a, b)))
    return math.degrees(math.acos(cosine))  # ()


# --8<-- [end:angle]


# --8<-- [start:compare-then-average]
def compare_then_average(
    query: np.ndarray, keys: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Averages the rows of `keys` (n, d), weighted by scores with `query` (d,).

    A score is a dot product, or 0 where that is negative; the weights are the scores
    divided by their sum (eq:average). Returns the weights (n,) and the average (d,).
    Raises ValueError where no score is positive: then there is nothing to average.
    """
    n, d = keys.shape
    scores = np.maximum(keys @ query, 0)  # (n,)
    if scores.sum() == 0:
        raise ValueError("compare_then_average: no key has a positive score")
    weights = scores / scores.sum()  # (n,)
    average = weights @ keys  # (d,)
    return weights, average


# --8<-- [end:compare-then-average]


# --8<-- [start:random-pairs]
def random_pairs(
    d: int, pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Dot products and cosines of random vectors with `d` normal entries.

    The entries have mean 0 and variance 1. Returns two arrays of shape (pairs,).
    """
    a = rng.standard_normal((pairs, d))  # (pairs, d)
    b = rng.standard_normal((pairs, d))  # (pairs, d)
    dots = (a * b).sum(axis=1)  # (pairs,)
    cosines = dots / (
        np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    )  # (pairs,)
    return dots, cosines


# --8<-- [end:random-pairs]
