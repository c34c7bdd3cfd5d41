"""A network's forward pass: the mathematics of chapter 3.

Rows are examples: `X` has shape (n, d_in), and a layer's weights `W` have shape
(d_in, d_out), one column a neuron. First come neuron, layer and network, then the
functions that stand between layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from foundations.vectors import dot


# --8<-- [start:neuron]
def neuron(x: np.ndarray, w: np.ndarray, b: float) -> float:
    """What one neuron makes of one example: a dot product plus a bias (eq:neuron).

    `x` (d_in,) is the example, `w` (d_in,) are the weights. Raises ValueError where
    their lengths differ.
    """
    return dot(x, w) + b  # ()


# --8<-- [end:neuron]


# --8<-- [start:layer-loops]
def layer_by_loops(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Every neuron looks at every example, one after the other (eq:layer).

    `X` (n, d_in), `W` (d_in, d_out), `b` (d_out,); the result is (n, d_out).
    """
    n, d_out = len(X), len(b)
    Z = np.empty((n, d_out))  # (n, d_out)
    for i in range(n):
        for j in range(d_out):
            Z[i, j] = neuron(X[i], W[:, j], b[j])
    return Z


# --8<-- [end:layer-loops]


# --8<-- [start:linear]
def linear(X: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A layer before its activation: X W + b (eq:layer).

    `X` (n, d_in), `W` (d_in, d_out), `b` (d_out,); the result is (n, d_out).
    """
    return X @ W + b


# --8<-- [end:linear]


# --8<-- [start:collapse]
def collapse(
    W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The one layer that does what two layers without activation do (eq:collapse).

    `W1` (d_in, d_hidden), `W2` (d_hidden, d_out), biases to match; the result is
    weights (d_in, d_out) and biases (d_out,).
    """
    return W1 @ W2, b1 @ W2 + b2


# --8<-- [end:collapse]


# --8<-- [start:relu]
def relu(z: np.ndarray) -> np.ndarray:
    """max(z, 0), entry by entry (eq:relu). Shape in = shape out."""
    return np.maximum(z, 0)


# --8<-- [end:relu]


# --8<-- [start:sigmoid]
def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^−z), entry by entry, without overflow (eq:sigmoid).

    Shape in = shape out. Only exponentials of numbers at most 0 are taken.
    """
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1, e) / (1 + e)


# --8<-- [end:sigmoid]


# --8<-- [start:tanh]
def tanh(z: np.ndarray) -> np.ndarray:
    """(e^z − e^−z) / (e^z + e^−z), entry by entry (eq:tanh). Shape in = shape out."""
    return np.tanh(z)


# --8<-- [end:tanh]


# --8<-- [start:gelu]
def gelu(z: np.ndarray) -> np.ndarray:
    """z Φ(z), entry by entry (eq:gelu). Shape in = shape out, always float64.

    Φ(z) is the share of normal random numbers below z (eq:normal-share).
    """
    erf = np.vectorize(math.erf, otypes=[float])
    return z * (1 + erf(np.asarray(z) / math.sqrt(2))) / 2


# --8<-- [end:gelu]


# --8<-- [start:gelu-tanh]
def gelu_tanh(z: np.ndarray) -> np.ndarray:
    """The tanh approximation of GELU (eq:gelu-tanh). Shape in = shape out."""
    cube = z * z * z  # z**3 would take NumPy longer than all the rest
    return z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * cube)))


# --8<-- [end:gelu-tanh]


# --8<-- [start:softmax]
def softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Probabilities e^s / Σ e^s along `axis` (eq:softmax). Shape in = shape out.

    The maximum is subtracted first, so no score overflows (eq:softmax-shift). Raises
    ValueError where every score along `axis` is −∞: that row has no distribution.
    """
    largest = scores.max(axis=axis, keepdims=True)
    if np.isneginf(largest).any():
        raise ValueError("softmax: every score is −∞ somewhere: no distribution")
    powers = np.exp(scores - largest)
    return powers / powers.sum(axis=axis, keepdims=True)


# --8<-- [end:softmax]


# --8<-- [start:network]
class Network:
    """Two layers: ReLU after the first, sigmoid after the second (eq:network).

    `sizes` are d_in, d_hidden and d_out. The weights are drawn from a normal
    distribution of mean 0 and the given spread; the biases are 0.
    """

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator, spread=0.01):
        d_in, d_hidden, d_out = sizes
        self.W1 = rng.normal(0, spread, (d_in, d_hidden))  # (d_in, d_hidden)
        self.b1 = np.zeros(d_hidden)  # (d_hidden,)
        self.W2 = rng.normal(0, spread, (d_hidden, d_out))  # (d_hidden, d_out)
        self.b2 = np.zeros(d_out)  # (d_out,)

    def forward(self, X: np.ndarray, narrate=False) -> tuple[np.ndarray, np.ndarray]:
        """Hidden activations (n, d_hidden) and outputs (n, d_out) for `X` (n, d_in).

        With `narrate=True` it prints each stage and its shape.
        """
        H = relu(linear(X, self.W1, self.b1))
        P = sigmoid(linear(H, self.W2, self.b2))
        if narrate:
            for name, stage in (("input", X), ("hidden", H), ("output", P)):
                print(f"{name:<7}{stage.shape}")
        return H, P

    def count(self) -> int:
        """How many parameters the network has (eq:parameters)."""
        return sum(p.size for p in (self.W1, self.b1, self.W2, self.b2))


# --8<-- [end:network]
