"""The transformer block of chapter 18: stream, norms, attention, feed-forward.

The parameters of one block are a dict: gamma1, beta1 and gamma2, beta2 of the two
norms (D,), the projections W_q … W_o (D, D) with b_q … b_o (D,), and the feed-forward
network's W1 (D, F), b1 (F,), W2 (F, D), b2 (D,).
"""

from __future__ import annotations

import math

import numpy as np

from foundations.backpropagation import relu_slope
from foundations.forward import gelu, gelu_tanh, relu, sigmoid
from foundations.initialisation import gelu_slope
from foundations.multihead import multi_head_attention
from foundations.normalisation import layer_norm


# --8<-- [start:rms-norm]
def rms_norm(
    X: np.ndarray, gamma: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, tuple]:
    """Each row over the root of its mean square, then times γ (eq:rms-norm).

    X (..., D), `gamma` (D,). Returns Y, shaped like X, and a cache.
    """
    root = np.sqrt(np.mean(X**2, axis=-1, keepdims=True) + eps)
    X_hat = X / root
    return X_hat * gamma, (X_hat, root, gamma)


# --8<-- [end:rms-norm]


# --8<-- [start:rms-norm-backward]
def rms_norm_backward(d_Y: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray]:
    """d_X, shaped like X, and d_gamma (D,), a sum over all rows (eq:rms-backward)."""
    X_hat, root, gamma = cache
    d_X_hat = d_Y * gamma
    along = np.mean(d_X_hat * X_hat, axis=-1, keepdims=True)
    rows = tuple(range(d_Y.ndim - 1))
    return (d_X_hat - X_hat * along) / root, (d_Y * X_hat).sum(axis=rows)


# --8<-- [end:rms-norm-backward]


# --8<-- [start:gelu-tanh-slope]
def gelu_tanh_slope(z: np.ndarray) -> np.ndarray:
    """The derivative of `gelu_tanh` (eq:gelu-tanh-slope). Shape in = shape out."""
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (z + 0.044715 * z * z * z))
    return (1 + t) / 2 + z / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z)


# --8<-- [end:gelu-tanh-slope]


# --8<-- [start:feed-forward]
BENDS = {
    "relu": (relu, relu_slope),
    "gelu": (gelu, gelu_slope),
    "gelu_tanh": (gelu_tanh, gelu_tanh_slope),
}


def feed_forward(
    X: np.ndarray, p: dict, activation: str = "gelu_tanh"
) -> tuple[np.ndarray, dict]:
    """act(X W1 + b1) W2 + b2, for each row by itself (eq:feed-forward).

    X (..., D), W1 (D, F), W2 (F, D). Returns Y, shaped like X, and a cache. Raises
    ValueError where the widths differ or the activation is none of BENDS.
    """
    if X.shape[-1] != len(p["W1"]):
        raise ValueError(
            f"feed_forward: X {X.shape} has rows of width {X.shape[-1]}, and W1 "
            f"{p['W1'].shape} takes rows of width {len(p['W1'])}"
        )
    if activation not in BENDS:
        names = ", ".join(BENDS)
        raise ValueError(f"feed_forward: {activation!r} is none of {names}")
    Z = X @ p["W1"] + p["b1"]
    A = BENDS[activation][0](Z).astype(Z.dtype, copy=False)
    return A @ p["W2"] + p["b2"], {"X": X, "Z": Z, "A": A}


# --8<-- [end:feed-forward]


# --8<-- [start:feed-forward-backward]
def feed_forward_backward(
    d_Y: np.ndarray, cache: dict, p: dict, activation: str = "gelu_tanh"
) -> tuple[np.ndarray, dict]:
    """d_X, shaped like X, and a dict of d_W1, d_b1, d_W2, d_b2 under the names in p.

    The parameters' gradients are sums over all rows: each row used the same numbers.
    """
    rows = {name: flat(array) for name, array in cache.items()}
    d_Z = d_Y @ p["W2"].T * BENDS[activation][1](cache["Z"])
    d_Z = d_Z.astype(d_Y.dtype, copy=False)
    grads = {
        "W1": rows["X"].T @ flat(d_Z),
        "b1": flat(d_Z).sum(axis=0),
        "W2": rows["A"].T @ flat(d_Y),
        "b2": flat(d_Y).sum(axis=0),
    }
    return d_Z @ p["W1"].T, grads


def flat(X: np.ndarray) -> np.ndarray:
    """X (..., D) with all its rows under one another, (rows, D)."""
    return X.reshape(-1, X.shape[-1])


# --8<-- [end:feed-forward-backward]


# --8<-- [start:swiglu]
def silu(z: np.ndarray) -> np.ndarray:
    """z σ(z), entry by entry, also called Swish (eq:silu). Shape in = shape out."""
    return z * sigmoid(z)


def swiglu(X: np.ndarray, p: dict) -> tuple[np.ndarray, dict]:
    """(silu(X W_gate) ⊙ X W_up) W_down, for each row by itself (eq:swiglu).

    X (..., D), W_gate and W_up (D, F), W_down (F, D). Returns Y, shaped like X, and
    a cache. Raises ValueError where the widths differ.
    """
    if X.shape[-1] != len(p["W_gate"]):
        raise ValueError(
            f"swiglu: X {X.shape} has rows of width {X.shape[-1]}, and W_gate "
            f"{p['W_gate'].shape} takes rows of width {len(p['W_gate'])}"
        )
    gate, up = X @ p["W_gate"], X @ p["W_up"]
    return silu(gate) * up @ p["W_down"], {"X": X, "gate": gate, "up": up}


# --8<-- [end:swiglu]


# --8<-- [start:swiglu-backward]
def silu_slope(z: np.ndarray) -> np.ndarray:
    """The derivative of silu, σ(z) (1 + z (1 − σ(z))) (eq:silu-slope)."""
    s = sigmoid(z)
    return s * (1 + z * (1 - s))


def swiglu_backward(d_Y: np.ndarray, cache: dict, p: dict) -> tuple[np.ndarray, dict]:
    """d_X, shaped like X, and a dict of d_W_gate, d_W_up, d_W_down by their names."""
    X, gate, up = cache["X"], cache["gate"], cache["up"]
    d_H = d_Y @ p["W_down"].T
    d_gate = d_H * up * silu_slope(gate)
    d_up = d_H * silu(gate)
    grads = {
        "W_gate": flat(X).T @ flat(d_gate),
        "W_up": flat(X).T @ flat(d_up),
        "W_down": flat(silu(gate) * up).T @ flat(d_Y),
    }
    return d_gate @ p["W_gate"].T + d_up @ p["W_up"].T, grads


# --8<-- [end:swiglu-backward]


# --8<-- [start:block]
def block(
    X: np.ndarray,
    p: dict,
    H: int,
    mask: np.ndarray | None = None,
    order: str = "pre",
    activation: str = "gelu_tanh",
) -> tuple[np.ndarray, dict]:
    """Attention and feed-forward, each added to the stream, X (..., T, D) to Y.

    The norms stand before the two (eq:block-pre) or after the sums (eq:block-post).
    Returns Y, shaped like X, and the caches of the four parts with what two of them
    added. Raises ValueError for another order.
    """
    if order not in ("pre", "post"):
        raise ValueError(f"block: order is 'pre' or 'post', not {order!r}")
    gains = (p["gamma1"], p["beta1"]), (p["gamma2"], p["beta2"])
    c = {}
    if order == "pre":
        N, c["norm1"] = layer_norm(X, *gains[0])
        c["attention_out"], c["attention"] = multi_head_attention(N, p, H, mask)
        S = X + c["attention_out"]
        N, c["norm2"] = layer_norm(S, *gains[1])
        c["ffn_out"], c["ffn"] = feed_forward(N, p, activation)
        return S + c["ffn_out"], c
    c["attention_out"], c["attention"] = multi_head_attention(X, p, H, mask)
    S, c["norm1"] = layer_norm(X + c["attention_out"], *gains[0])
    c["ffn_out"], c["ffn"] = feed_forward(S, p, activation)
    Y, c["norm2"] = layer_norm(S + c["ffn_out"], *gains[1])
    return Y, c


# --8<-- [end:block]


# --8<-- [start:new-block]
def new_block(
    D: int,
    F: int,
    rng: np.random.Generator,
    spread: float = 0.02,
    shrink: float = 1.0,
) -> dict:
    """A block's parameters: normal weights, biases 0, gains 1.

    `spread` is the weights' standard deviation, GPT-2's by default. W_o and W2, which
    write into the stream, start `shrink` times as large (eq:residual-scale).
    """

    def weights(d_in: int, d_out: int) -> np.ndarray:
        return rng.normal(0, spread, size=(d_in, d_out))

    p = {"gamma1": np.ones(D), "beta1": np.zeros(D)}
    for name in "qkvo":
        p |= {f"W_{name}": weights(D, D), f"b_{name}": np.zeros(D)}
    p |= {"gamma2": np.ones(D), "beta2": np.zeros(D)}
    p |= {"W1": weights(D, F), "b1": np.zeros(F)}
    p |= {"W2": weights(F, D), "b2": np.zeros(D)}
    p["W_o"] *= shrink
    p["W2"] *= shrink
    return p


# --8<-- [end:new-block]
