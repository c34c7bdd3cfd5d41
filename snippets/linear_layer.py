"""A linear layer, forward and backward, for any number of axes, in NumPy."""

import numpy as np


def linear(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x W + b for `x` (…, d_in), `W` (d_in, d_out), `b` (d_out,): (…, d_out).

    PyTorch's `nn.Linear` keeps the transpose of this `W`, (d_out, d_in).
    """
    return x @ W + b


def linear_backward(
    d_y: np.ndarray, x: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients by `x`, `W` and `b`, given that by the output, `d_y` (…, d_out).

    They are shaped like `x`, `W` and `b`. Those by `W` and `b` are sums over all axes
    but the last: where the loss is a mean, `d_y` holds its 1/n already. Raises
    ValueError where the shapes do not fit.
    """
    if x.shape[-1:] + d_y.shape[-1:] != W.shape or x.shape[:-1] != d_y.shape[:-1]:
        raise ValueError(
            f"linear_backward: x {x.shape}, W {W.shape}, d_y {d_y.shape} do not fit"
        )
    d_in, d_out = W.shape
    rows = d_y.reshape(-1, d_out)
    return d_y @ W.T, x.reshape(-1, d_in).T @ rows, rows.sum(axis=0)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    x = rng.normal(size=(2, 5, 3))  # 2 texts, 5 tokens, 3 numbers each
    W, b = rng.normal(size=(3, 4)), np.zeros(4)
    d_y = np.ones_like(linear(x, W, b))
    for name, gradient in zip("xWb", linear_backward(d_y, x, W), strict=True):
        print(f"d_{name}", gradient.shape)
    print("d_b", linear_backward(d_y, x, W)[2], "one for each of 10 tokens")
