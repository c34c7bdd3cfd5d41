"""Copy a layer's weights between NumPy and nn.Linear, transposed and checked."""

import numpy as np
import torch
from torch import nn


def to_linear(W: np.ndarray, b: np.ndarray) -> nn.Linear:
    """An nn.Linear that computes X @ W + b, with its own memory and the type of `W`.

    `W` is (d_in, d_out), `b` is (d_out,). Raises ValueError for other shapes: `copy_`
    would broadcast some of them without a word.
    """
    if W.ndim != 2 or b.shape != W.shape[1:]:
        raise ValueError(
            f"to_linear: W (d_in, d_out) and b (d_out,), not {W.shape} and {b.shape}"
        )
    weight = torch.tensor(W.T)
    layer = nn.Linear(*W.shape, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)  # nn.Linear keeps (d_out, d_in)
        layer.bias.copy_(torch.tensor(b))
    return layer


def from_linear(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    """Copies of its W (d_in, d_out) and b (d_out,); b is 0 where it has none."""
    W = layer.weight.detach().cpu().numpy().T.copy()
    if layer.bias is None:
        return W, np.zeros(W.shape[1], dtype=W.dtype)
    return W, layer.bias.detach().cpu().numpy().copy()


if __name__ == "__main__":
    W, b = np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.1, 0.2])
    layer = to_linear(W, b)
    x = np.array([1.0, 2.0])
    print("NumPy  ", x @ W + b)
    print("PyTorch", layer(torch.tensor(x)).detach().numpy())
    print("and back:", np.array_equal(from_linear(layer)[0], W))
