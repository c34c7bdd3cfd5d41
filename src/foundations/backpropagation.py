"""Backpropagation by hand: the mathematics of chapter 5.

`d_A` is the gradient of the loss with respect to `A`, and has the shape of `A`. Rows
are examples; a layer is `X @ W + b`; the loss is the mean over the examples. The
parameters of a network stand in a dictionary: `W1` (d_in, width), `b1` (width,), `W2`
(width, 1) and `b2` (1,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from foundations.forward import relu, sigmoid
from foundations.losses import bce_logits


# --8<-- [start:descend]
def descend(
    slope: Callable[[float], float], x: float, rate: float, steps: int
) -> list[float]:
    """Gradient descent on one variable: all points visited (eq:descent)."""
    points = [x]
    for _ in range(steps):
        points.append(points[-1] - rate * slope(points[-1]))
    return points


# --8<-- [end:descend]


# --8<-- [start:numerical-gradient]
def numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Slopes of `f` at `x`, entry by entry, by central differences (eq:central).

    `f` takes an array shaped like `x` and gives one number. The result is shaped like
    `x`, which stays as it was.
    """
    x = np.array(x, dtype=np.float64)  # a copy
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = float(f(x))
        x[i] = kept - h
        below = float(f(x))
        x[i] = kept
        gradient[i] = (above - below) / (2 * h)
    return gradient


# --8<-- [end:numerical-gradient]


# --8<-- [start:relative-error]
def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """How far two gradients are apart: 0 where equal, 1 where opposite (eq:apart)."""
    apart = np.linalg.norm(a - b)
    if apart == 0:
        return 0.0
    return float(apart / (np.linalg.norm(a) + np.linalg.norm(b)))


# --8<-- [end:relative-error]


# --8<-- [start:linear-backward]
def linear_backward(
    d_Y: np.ndarray, X: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a layer Y = X W + b, given `d_Y` (n, d_out).

    `X` is (n, d_in), `W` is (d_in, d_out). Returns d_X (n, d_in) by eq:d-input, d_W
    (d_in, d_out) by eq:d-weights and d_b (d_out,) by eq:d-bias.
    """
    d_X = d_Y @ W.T
    d_W = X.T @ d_Y
    d_b = d_Y.sum(axis=0)
    return d_X, d_W, d_b


# --8<-- [end:linear-backward]


# --8<-- [start:slopes]
def sigmoid_slope(z: np.ndarray) -> np.ndarray:
    """The derivative of the sigmoid, entry by entry (eq:sigmoid-slope)."""
    return sigmoid(z) * (1 - sigmoid(z))


def relu_slope(z: np.ndarray) -> np.ndarray:
    """The derivative of the ReLU, and 0 where z is 0 (eq:relu-slope)."""
    return np.where(z > 0, 1.0, 0.0)


# --8<-- [end:slopes]


# --8<-- [start:bce-backward]
def bce_backward(P: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Gradient of the mean binary cross-entropy by its probabilities (eq:d-bce)."""
    return (P - y) / (P * (1 - P)) / y.size


def bce_logits_backward(Z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Gradient of the same loss by the logits before the sigmoid (eq:d-logits)."""
    return (sigmoid(Z) - y) / y.size


# --8<-- [end:bce-backward]


# --8<-- [start:forward]
def forward(X: np.ndarray, params: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Two layers, ReLU between them, sigmoid at the end; every value on the way.

    `X` is (n, d_in). Z1 and H are (n, width); Z2, the logits, and P are (n, 1).
    """
    Z1 = X @ params["W1"] + params["b1"]
    H = relu(Z1)
    Z2 = H @ params["W2"] + params["b2"]
    return {"X": X, "Z1": Z1, "H": H, "Z2": Z2, "P": sigmoid(Z2)}


# --8<-- [end:forward]


# --8<-- [start:backward]
def backward(
    values: dict[str, np.ndarray], params: dict[str, np.ndarray], y: np.ndarray
) -> dict[str, np.ndarray]:
    """Gradients of the mean binary cross-entropy by all that `forward` computed.

    `values` is what `forward` gave, `y` (n, 1) holds targets 0 or 1. The gradient by
    A stands under the name "A" and is shaped like A.
    """
    d_Z2 = bce_logits_backward(values["Z2"], y)  # eq:d-z2
    d_H, d_W2, d_b2 = linear_backward(d_Z2, values["H"], params["W2"])  # eq:d-layer2
    d_Z1 = d_H * relu_slope(values["Z1"])  # eq:d-z1
    d_X, d_W1, d_b1 = linear_backward(d_Z1, values["X"], params["W1"])  # eq:d-layer1
    return {
        "Z2": d_Z2, "W2": d_W2, "b2": d_b2, "H": d_H,
        "Z1": d_Z1, "W1": d_W1, "b1": d_b1, "X": d_X,
    }  # fmt: skip


# --8<-- [end:backward]


# --8<-- [start:start]
def start(width: int, rng: np.random.Generator, scale: float = 1.0) -> dict:
    """Parameters of a 2 → `width` → 1 network: normal weights, zero biases."""
    return {
        "W1": scale * rng.standard_normal((2, width)),
        "b1": np.zeros(width),
        "W2": scale * rng.standard_normal((width, 1)),
        "b2": np.zeros(1),
    }


# --8<-- [end:start]


# --8<-- [start:train]
def train(
    X: np.ndarray,
    y: np.ndarray,
    params: dict[str, np.ndarray],
    rate: float = 0.5,
    epochs: int = 1_000,
    gradients: Callable = backward,
) -> tuple[dict[str, np.ndarray], list[float]]:
    """Gradient descent on all the data at once: trained parameters, and all losses.

    Each loss is that before its epoch's step. `gradients` is called as `backward` is.
    """
    losses = []
    for _ in range(epochs):
        values = forward(X, params)
        losses.append(bce_logits(values["Z2"], y))
        d = gradients(values, params, y)
        params = {name: params[name] - rate * d[name] for name in params}
    return params, losses


# --8<-- [end:train]


# --8<-- [start:stack]
def stack(networks: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Parameters of many networks on a leading axis; biases become rows (…, 1, d)."""
    return {
        name: np.stack([np.atleast_2d(params[name]) for params in networks])
        for name in networks[0]
    }


# --8<-- [end:stack]


# --8<-- [start:train-many]
def train_many(
    X: np.ndarray,
    y: np.ndarray,
    params: dict[str, np.ndarray],
    rate: float = 0.5,
    epochs: int = 1_000,
    hidden: Callable = relu,
    slope: Callable = relu_slope,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Gradient descent on many networks at once, which share nothing but the data.

    `params` come from `stack`. Returns the trained ones, and the probabilities after
    the last step, (networks, n, 1).
    """
    W1, b1, W2, b2 = (params[name] for name in ("W1", "b1", "W2", "b2"))
    for _ in range(epochs):
        Z1 = X @ W1 + b1
        H = hidden(Z1)
        d_Z2 = (sigmoid(H @ W2 + b2) - y) / len(y)
        d_Z1 = d_Z2 @ W2.mT * slope(Z1)
        W2 = W2 - rate * H.mT @ d_Z2
        b2 = b2 - rate * d_Z2.sum(axis=-2, keepdims=True)
        W1 = W1 - rate * X.T @ d_Z1
        b1 = b1 - rate * d_Z1.sum(axis=-2, keepdims=True)
    P = sigmoid(hidden(X @ W1 + b1) @ W2 + b2)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, P


# --8<-- [end:train-many]
