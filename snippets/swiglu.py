"""SwiGLU, the gated feed-forward network, in NumPy: forward, backward and width."""

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(z))  # never overflows
    return np.where(z >= 0, 1, e) / (1 + e)


def hidden_width(d: int, multiple: int = 64) -> int:
    """8/3 d, rounded up to a multiple: as many weights as a plain network of 4d."""
    return -(-8 * d // (3 * multiple)) * multiple


def swiglu(
    x: np.ndarray, w_gate: np.ndarray, w_up: np.ndarray, w_down: np.ndarray
) -> tuple[np.ndarray, tuple]:
    """(silu(x w_gate) * x w_up) w_down for x (..., d), and a cache.

    w_gate and w_up are (d, f), w_down is (f, d): the transposes of PyTorch's
    nn.Linear weights. Raises ValueError where the shapes do not fit.
    """
    shapes = w_gate.shape, w_up.shape, w_down.shape
    d, f = w_gate.shape
    if x.shape[-1] != d or shapes != ((d, f), (d, f), (f, d)):
        raise ValueError(
            f"swiglu: x {x.shape} with w_gate, w_up, w_down {shapes}; "
            "not (..., d), (d, f), (d, f), (f, d). Transpose nn.Linear's weights"
        )
    gate, up = x @ w_gate, x @ w_up
    return gate * sigmoid(gate) * up @ w_down, (x, gate, up, w_gate, w_up, w_down)


def swiglu_backward(d_y: np.ndarray, cache: tuple) -> tuple[np.ndarray, ...]:
    """d_x, d_w_gate, d_w_up, d_w_down, each in the shape of its array."""
    x, gate, up, w_gate, w_up, w_down = cache

    def flat(a: np.ndarray) -> np.ndarray:
        return a.reshape(-1, a.shape[-1])

    s = sigmoid(gate)
    d_hidden = d_y @ w_down.T
    d_gate = d_hidden * up * s * (1 + gate * (1 - s))
    d_up = d_hidden * gate * s
    d_x = d_gate @ w_gate.T + d_up @ w_up.T
    d_w_gate, d_w_up = flat(x).T @ flat(d_gate), flat(x).T @ flat(d_up)
    return d_x, d_w_gate, d_w_up, flat(gate * s * up).T @ flat(d_y)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    d, f = 6, hidden_width(6, multiple=8)
    weights = [rng.normal(0, 0.5, shape) for shape in ((d, f), (d, f), (f, d))]
    x = rng.normal(size=(2, 3, d))
    y, cache = swiglu(x, *weights)
    print("hidden width", f, "result", y.shape)
    print("gradients", *(g.shape for g in swiglu_backward(np.ones_like(y), cache)))
    print("LLaMA 7B:", hidden_width(4096, multiple=256))
