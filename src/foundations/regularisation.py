"""Overfitting, weight decay and dropout: the first half of chapter 9's mathematics.

The classifier trains many networks at once: every array has one more axis at the
front, `runs`, and run number r sees its own examples, weights and masks at index r.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from foundations.forward import relu, sigmoid
from foundations.optimisers import Adam


# --8<-- [start:two-moons]
def two_moons(
    n: int, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other: points (n, 2), labels (n,).

    Labels 0 and 1 alternate. `noise` is the spread that is added to each coordinate;
    the circles have radius 1.
    """
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, size=n)
    X = np.column_stack([np.cos(angle), np.sin(angle)])  # (n, 2)
    X[y == 1] = np.array([1.0, 0.5]) - X[y == 1]
    return X + rng.normal(0, noise, size=(n, 2)), y


# --8<-- [end:two-moons]


# --8<-- [start:spirals]
def spirals(
    n: int, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two spirals round each other: points (n, 2), labels (n,), alternately 0 and 1.

    Each makes one turn and a half while its radius grows from 0.2 to 2.
    """
    y = np.arange(n) % 2
    way = rng.uniform(0, 1, size=n)
    angle = 3 * np.pi * way + np.pi * y
    radius = 0.2 + 1.8 * way
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])  # (n, 2)
    return X + rng.normal(0, noise, size=(n, 2)), y


# --8<-- [end:spirals]


# --8<-- [start:l2-penalty]
def l2_penalty(weights: list[np.ndarray], decay: float) -> float:
    """λ/2 times the sum of all squared weights, with λ = `decay` (eq:l2-penalty)."""
    return decay / 2 * sum(float(np.sum(W**2)) for W in weights)


# --8<-- [end:l2-penalty]


# --8<-- [start:dropout]
def dropout(
    H: np.ndarray, p: float | np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Zeroes entries of `H` with probability `p`, scales the others up (eq:dropout).

    Returns the result and its mask, 0 or 1/(1 − p), both shaped like `H`. Backward is
    `d_H = d_out * mask`. Raises ValueError unless 0 ≤ p < 1.
    """
    if not np.all((np.asarray(p) >= 0) & (np.asarray(p) < 1)):
        raise ValueError(f"dropout: p is a probability below 1, not {p}")
    mask = (rng.random(H.shape) >= p) / (1 - p)
    return H * mask, mask


# --8<-- [end:dropout]


# --8<-- [start:new-network]
def new_network(
    sizes: list[int], runs: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Parameters W₁, b₁, W₂, b₂, … for `runs` networks, with He's initialisation.

    `sizes` are the widths from input to output; a W is (runs, d_in, d_out), a b is
    (runs, 1, d_out).
    """
    params = []
    for d_in, d_out in pairwise(sizes):
        params.append(rng.normal(0, np.sqrt(2 / d_in), size=(runs, d_in, d_out)))
        params.append(np.zeros((runs, 1, d_out)))
    return params


# --8<-- [end:new-network]


# --8<-- [start:classifier]
def classifier(
    X: np.ndarray,
    params: list[np.ndarray],
    p: float | np.ndarray = 0.0,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, tuple]:
    """Logits (runs, n, 1) of examples X (runs, n, 2) or (n, 2), and a cache.

    Hidden layers are ReLUs, each followed by dropout where an `rng` is given: that
    means training. Without one, nothing is dropped: evaluation.
    """
    A, inputs, masks = X, [], []
    for W, b in zip(params[:-2:2], params[1:-2:2]):
        inputs.append(A)
        A, mask = relu(A @ W + b), 1.0
        if rng is not None:
            A, mask = dropout(A, p, rng)
        masks.append(mask)
    inputs.append(A)
    return A @ params[-2] + params[-1], (inputs, masks)


# --8<-- [end:classifier]


# --8<-- [start:classifier-backward]
def classifier_backward(
    d_logits: np.ndarray, params: list[np.ndarray], cache: tuple
) -> list[np.ndarray]:
    """Gradients, ordered and shaped like `params`. `.mT` swaps the last two axes."""
    inputs, masks = cache
    gradients, d_Z = [], d_logits
    for i in reversed(range(len(inputs))):
        A, W = inputs[i], params[2 * i]
        gradients = [A.mT @ d_Z, d_Z.sum(axis=-2, keepdims=True), *gradients]
        if i > 0:
            d_Z = d_Z @ W.mT * masks[i - 1] * (A > 0)
    return gradients


# --8<-- [end:classifier-backward]


# --8<-- [start:run-losses]
def run_losses(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Binary cross-entropy of each run, (runs,): chapter 4's, with one mean a run."""
    losses = np.maximum(logits, 0) - logits * y + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean(axis=(-2, -1))


# --8<-- [end:run-losses]


# --8<-- [start:train]
def train(
    X: np.ndarray,
    y: np.ndarray,
    params: list[np.ndarray],
    steps: int,
    lr: float = 0.01,
    decay: float | np.ndarray = 0.0,
    p: float | np.ndarray = 0.0,
    rng: np.random.Generator | None = None,
    watch: Callable[[int, list[np.ndarray]], None] = lambda step, params: None,
) -> None:
    """Trains all runs in place with Adam, on all examples at each step.

    X (runs, n, 2), y (runs, n, 1). `decay` is λ of the L2 penalty on the weights, `p`
    the dropout; both may differ by run, shape (runs, 1, 1). `watch` is called before
    each step and after the last.
    """
    optimiser = Adam(params, lr)
    for step in range(steps):
        watch(step, params)
        logits, cache = classifier(X, params, p, rng)
        d_logits = (sigmoid(logits) - y) / y.shape[-2]
        gradients = classifier_backward(d_logits, params, cache)
        for i in range(0, len(params), 2):
            gradients[i] += decay * params[i]
        optimiser.step(gradients)
    watch(steps, params)


# --8<-- [end:train]
