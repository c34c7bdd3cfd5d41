"""Layer norm in NumPy, forward and backward, equal to PyTorch's."""

import numpy as np


def layer_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, tuple]:
    """Normalises the last axis of x (..., d), then times gamma (d,) plus beta (d,).

    Returns y, shaped like x, and a cache for `layer_norm_backward`. Raises ValueError
    where the shapes do not fit.
    """
    if gamma.shape != x.shape[-1:] or beta.shape != gamma.shape:
        raise ValueError(
            f"layer_norm: the last axis of {x.shape} needs gamma and beta of shape "
            f"{x.shape[-1:]}, not {gamma.shape} and {beta.shape}"
        )
    centred = x - x.mean(axis=-1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    x_hat = centred / root
    return x_hat * gamma + beta, (x_hat, root, gamma)


def layer_norm_backward(
    d_y: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_x, shaped like x, and d_gamma, d_beta (d,), given d_y, shaped like y."""
    x_hat, root, gamma = cache
    d_x_hat = d_y * gamma
    mean = d_x_hat.mean(axis=-1, keepdims=True)
    along = (d_x_hat * x_hat).mean(axis=-1, keepdims=True)
    rows = tuple(range(d_y.ndim - 1))
    d_gamma, d_beta = (d_y * x_hat).sum(axis=rows), d_y.sum(axis=rows)
    return (d_x_hat - mean - x_hat * along) / root, d_gamma, d_beta


if __name__ == "__main__":
    x = np.array([[1.0, 1.0, 5.0, 5.0], [0.0, 2.0, 4.0, 6.0]])
    y, cache = layer_norm(x, gamma=np.ones(4), beta=np.zeros(4))
    print(y.round(3))
    d_x, d_gamma, d_beta = layer_norm_backward(np.eye(2, 4), cache)
    print(d_x.round(3) + 0.0)
