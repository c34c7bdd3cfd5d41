"""Takeaways: what chapter 10 adds to the nine before it.

The network of this chapter is chapter 5's, two layers with a sigmoid at the end, many
at once: every array has one more axis at the front, `runs`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from foundations.backpropagation import relu_slope
from foundations.forward import relu, sigmoid
from foundations.optimisers import Optimiser


# --8<-- [start:turn-and-scale]
def turn_and_scale(M: np.ndarray) -> tuple[float, float]:
    """The angle, in degrees, and the factor of a matrix that does no more than these.

    M (2, 2) maps points as rows, x @ M, and has the form of eq:turn-and-scale. Raises
    ValueError for a matrix of another form: it changes angles.
    """
    (a, b), (c, d) = M
    if (a, b) != (d, -c):
        raise ValueError("turn_and_scale: rows (a, b) and (−b, a) are needed")
    return math.degrees(math.atan2(b, a)), math.hypot(a, b)


# --8<-- [end:turn-and-scale]


# --8<-- [start:start]
def start(
    width: int, spread: tuple[float, float], runs: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Parameters W1, b1, W2, b2 of `runs` networks, 2 → `width` → 1; biases are 0.

    `spread` gives the standard deviations of the weights of both layers.
    """
    W1 = rng.normal(0, spread[0], size=(runs, 2, width))
    W2 = rng.normal(0, spread[1], size=(runs, width, 1))
    return [W1, np.zeros((runs, 1, width)), W2, np.zeros((runs, 1, 1))]


# --8<-- [end:start]


# --8<-- [start:logits]
def logits(X: np.ndarray, params: list[np.ndarray], hidden: Callable) -> np.ndarray:
    """A layer, an activation, a layer: (runs, n, 1) for X (runs, n, 2) or (n, 2)."""
    W1, b1, W2, b2 = params
    return hidden(X @ W1 + b1) @ W2 + b2


# --8<-- [end:logits]


# --8<-- [start:gradients]
def gradients(
    X: np.ndarray,
    y: np.ndarray,
    params: list[np.ndarray],
    hidden: Callable = relu,
    slope: Callable = relu_slope,
) -> list[np.ndarray]:
    """Gradients of each run's mean binary cross-entropy, in the order of `params`.

    X (runs, n, 2), y (runs, n, 1); `slope` is the derivative of `hidden`.
    """
    W1, b1, W2, b2 = params
    Z1 = X @ W1 + b1  # chapters 1 to 3: dot products, a layer
    H = hidden(Z1)  # chapter 3: and something that is not linear
    P = sigmoid(H @ W2 + b2)
    d_Z2 = (P - y) / y.shape[-2]  # chapter 4's loss, chapter 5's chain rule
    d_Z1 = d_Z2 @ W2.mT * slope(Z1)
    d_W1, d_W2 = X.mT @ d_Z1, H.mT @ d_Z2
    d_b1, d_b2 = (d_Z.sum(axis=-2, keepdims=True) for d_Z in (d_Z1, d_Z2))
    return [d_W1, d_b1, d_W2, d_b2]


# --8<-- [end:gradients]


# --8<-- [start:fit]
def fit(
    X: np.ndarray,
    y: np.ndarray,
    optimiser: Optimiser,
    steps: int,
    hidden: Callable = relu,
    slope: Callable = relu_slope,
) -> None:
    """Trains the optimiser's parameters in place, on all examples at each step."""
    for _ in range(steps):
        optimiser.step(gradients(X, y, optimiser.params, hidden, slope))


# --8<-- [end:fit]


# --8<-- [start:block-parameters]
def block_parameters(d_model: int) -> int:
    """How many parameters one block of a transformer has (eq:block-parameters)."""
    attention = 4 * (d_model * d_model + d_model)
    d_ff = 4 * d_model
    feed_forward = d_model * d_ff + d_ff + d_ff * d_model + d_model
    norms = 2 * 2 * d_model
    return attention + feed_forward + norms


# --8<-- [end:block-parameters]
