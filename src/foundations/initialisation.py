"""Gradient flow and initialisation: the mathematics of chapter 6.

A deep network here is a list of weight matrices without biases, with one activation
after each. Arrays may carry a leading axis of seeds: weights (seeds, width, width)
are as many networks as there are seeds, and `@` runs them side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from foundations.backpropagation import relu_slope, sigmoid_slope
from foundations.forward import gelu, relu, sigmoid, tanh


# --8<-- [start:tanh-slope]
def tanh_slope(z: np.ndarray) -> np.ndarray:
    """The derivative of tanh, at most 1 (eq:slope-tanh). Shape in = shape out."""
    return 1 - np.tanh(z) ** 2


# --8<-- [end:tanh-slope]


# --8<-- [start:gelu-slope]
def gelu_slope(z: np.ndarray) -> np.ndarray:
    """GELU's derivative Φ(z) + z φ(z) (eq:slope-gelu). Shape in = shape out."""
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    erf = np.vectorize(math.erf, otypes=[float])
    return (1 + erf(z / math.sqrt(2))) / 2 + z * density  # Φ(z) + z φ(z)


# --8<-- [end:gelu-slope]


# --8<-- [start:activations]
ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_slope),
    "tanh": (tanh, tanh_slope),
    "ReLU": (relu, relu_slope),
    "GELU": (gelu, gelu_slope),
}
# --8<-- [end:activations]


# --8<-- [start:chain]
def chain_slope(weights: Sequence[float], x: float) -> tuple[float, float]:
    """One sigmoid unit a layer: the output, and its slope (eq:depth-product)."""
    a, product = x, 1.0
    for w in weights:
        z = w * a
        a = sigmoid(z)
        product *= w * sigmoid_slope(z)
    return float(a), float(product)


# --8<-- [end:chain]


# --8<-- [start:weight-spread]
def weight_spread(scheme: str, d_in: int, d_out: int) -> float:
    """The standard deviation of a (d_in, d_out) layer's weights under a scheme.

    The schemes are "0.01" and "1" (the spread itself, whatever the sizes), "Xavier"
    (eq:xavier), "He" (eq:he) and "PyTorch", the default of nn.Linear. Raises
    ValueError for another name.
    """
    spreads = {
        "0.01": 0.01,
        "1": 1.0,
        "Xavier": math.sqrt(2 / (d_in + d_out)),
        "He": math.sqrt(2 / d_in),
        "PyTorch": math.sqrt(1 / (3 * d_in)),
    }
    if scheme not in spreads:
        raise ValueError(f"weight_spread: {scheme!r} is none of {', '.join(spreads)}")
    return spreads[scheme]


# --8<-- [end:weight-spread]


# --8<-- [start:deep-forward]
def deep_forward(
    X: np.ndarray, weights: Sequence[np.ndarray], f: Callable
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """All activations of a deep network without biases, the input `X` (n, d) first.

    Returns the list of activations, one longer than `weights`, and the list of
    pre-activations Z = A W, as long as `weights`.
    """
    As, Zs = [X], []
    for W in weights:
        Zs.append(As[-1] @ W)
        As.append(f(Zs[-1]))
    return As, Zs


# --8<-- [end:deep-forward]


# --8<-- [start:deep-backward]
def deep_backward(
    d_A: np.ndarray,
    Zs: Sequence[np.ndarray],
    weights: Sequence[np.ndarray],
    slope: Callable,
) -> list[np.ndarray]:
    """The loss's gradient by each activation, the input's first (eq:layer-back).

    `d_A` is the gradient by the last activation; `Zs` and `weights` are as in
    `deep_forward`. The list is one longer than `weights`.
    """
    d_As = [d_A]
    for Z, W in zip(reversed(Zs), reversed(weights)):
        d_Z = d_As[-1] * slope(Z)
        d_As.append(d_Z @ W.mT)
    return d_As[::-1]


# --8<-- [end:deep-backward]


# --8<-- [start:rms]
def rms(values: np.ndarray) -> np.ndarray:
    """The root of the mean square over the last two axes: rows and columns."""
    return np.sqrt(np.mean(values**2, axis=(-2, -1)))


# --8<-- [end:rms]


# --8<-- [start:flow]
def flow(
    depth: int,
    width: int,
    activation: str,
    scheme: str,
    rng: np.random.Generator,
    rows: int = 12,
    seeds: int = 10,
) -> tuple[np.ndarray, np.ndarray]:
    """How large signals and gradients are, layer by layer, in fresh random networks.

    The `rows` inputs and the gradient at the output are normal, with variance 1.
    Returns two arrays of shape (depth + 1, seeds): the root mean squares of the
    activations, the input's first, and of the loss's gradients by them.
    """
    f, slope = ACTIVATIONS[activation]
    spread = weight_spread(scheme, width, width)
    X = rng.standard_normal((seeds, rows, width))
    weights = rng.normal(scale=spread, size=(depth, seeds, width, width))
    As, Zs = deep_forward(X, weights, f)
    d_out = rng.standard_normal(X.shape)
    d_As = deep_backward(d_out, Zs, weights, slope)
    return np.array([rms(A) for A in As]), np.array([rms(d) for d in d_As])


# --8<-- [end:flow]


# --8<-- [start:mean-over-normal]
def mean_over_normal(f: Callable, spread: float = 1.0) -> float:
    """E[f(z)] for normal z with mean 0: an average over 4,000 points, by density."""
    x = np.linspace(-8, 8, 4000)
    density = np.exp(-(x**2) / 2)
    return float(np.sum(f(spread * x) * density) / np.sum(density))


# --8<-- [end:mean-over-normal]


# --8<-- [start:predicted-flow]
def predicted_flow(
    depth: int, width: int, activation: str, scheme: str
) -> tuple[np.ndarray, np.ndarray]:
    """What `flow` measures, predicted (eq:signal-map, eq:gradient-factor).

    Two arrays of shape (depth + 1,): root mean squares of activations and gradients.
    """
    f, slope = ACTIVATIONS[activation]
    n_var = width * weight_spread(scheme, width, width) ** 2
    signal, factors = [1.0], []
    for _ in range(depth):
        spread = math.sqrt(n_var * signal[-1])
        signal.append(mean_over_normal(lambda z: f(z) ** 2, spread))
        factors.append(n_var * mean_over_normal(lambda z: slope(z) ** 2, spread))
    gradients = np.append(np.cumprod(factors[::-1])[::-1], 1.0)
    return np.sqrt(signal), np.sqrt(gradients)


# --8<-- [end:predicted-flow]


# --8<-- [start:dead]
def dead_fraction(A: np.ndarray) -> np.ndarray:
    """The share of units, columns of `A` (…, n, d), that are 0 on all n rows."""
    return np.mean(np.all(A == 0, axis=-2), axis=-1)


# --8<-- [end:dead]


# --8<-- [start:residual-flow]
def residual_flow(
    blocks: int, width: int, shrink: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """As `flow`, for blocks X + shrink · relu(X W) V (eq:residual), ten seeds.

    W has He's spread, and V Xavier's. Both results have the shape (blocks + 1, 10).
    """
    size = (blocks, 10, width, width)
    W = rng.normal(scale=weight_spread("He", width, width), size=size)
    V = rng.normal(scale=weight_spread("Xavier", width, width), size=size)
    Xs, Zs = [rng.standard_normal((10, 12, width))], []
    for k in range(blocks):
        Zs.append(Xs[-1] @ W[k])
        Xs.append(Xs[-1] + shrink * relu(Zs[-1]) @ V[k])
    d_Xs = [rng.standard_normal(Xs[0].shape)]
    for k in reversed(range(blocks)):
        d_Z = shrink * d_Xs[-1] @ V[k].mT * relu_slope(Zs[k])
        d_Xs.append(d_Xs[-1] + d_Z @ W[k].mT)
    return np.array([rms(X) for X in Xs]), np.array([rms(d) for d in d_Xs[::-1]])


# --8<-- [end:residual-flow]


# --8<-- [start:train-deep]
def train_deep(
    X: np.ndarray,
    y: np.ndarray,
    activation: str,
    scheme: str,
    rng: np.random.Generator,
    depth: int = 20,
    seeds: int = 8,
    rate: float = 0.05,
    steps: int = 200,
) -> np.ndarray:
    """Losses (steps, seeds) of deep networks of width 32, by gradient descent.

    `X` (n, d_in) should hold a column of ones, since there are no biases; `y` (n, 1)
    holds targets 0 or 1. The last layer gives logits; the loss is the mean binary
    cross-entropy.
    """
    f, slope = ACTIVATIONS[activation]
    sizes = [X.shape[1]] + [32] * (depth - 1) + [1]
    weights = [
        rng.normal(scale=weight_spread(scheme, a, b), size=(seeds, a, b))
        for a, b in pairwise(sizes)
    ]
    losses = []
    for _ in range(steps):
        *hidden, last = weights
        As, Zs = deep_forward(X, hidden, f)
        logits = As[-1] @ last
        losses.append(np.mean(np.logaddexp(0, logits) - y * logits, axis=(1, 2)))
        d_logits = (sigmoid(logits) - y) / len(y)
        d_As = deep_backward(d_logits @ last.mT, Zs, hidden, slope)
        steps_back = zip(As, d_As[1:], Zs)
        gradients = [A.mT @ (d_A * slope(Z)) for A, d_A, Z in steps_back]
        gradients.append(As[-1].mT @ d_logits)
        weights = [W - rate * d_W for W, d_W in zip(weights, gradients)]
    return np.array(losses)


# --8<-- [end:train-deep]
