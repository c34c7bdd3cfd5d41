"""RMSNorm in NumPy, forward and backward, safe in 16 bits, equal to PyTorch's."""

import numpy as np


def rms_norm(
    x: np.ndarray, gamma: np.ndarray, eps: float = 1e-6
) -> tuple[np.ndarray, tuple]:
    """x (..., d) over the root of its mean square, times gamma (d,), and a cache.

    The square is taken in 32 bits at least: in float16 it overflows above 255. Shape
    and type of y are those of x. Raises ValueError where the widths differ.
    """
    if gamma.shape != x.shape[-1:]:
        raise ValueError(
            f"rms_norm: the last axis of {x.shape} needs gamma of shape "
            f"{x.shape[-1:]}, not {gamma.shape}"
        )
    wide = x.astype(np.result_type(x.dtype, np.float32))
    root = np.sqrt((wide**2).mean(axis=-1, keepdims=True) + eps)
    x_hat = wide / root
    return (x_hat * gamma).astype(x.dtype), (x_hat, root, gamma)


def rms_norm_backward(d_y: np.ndarray, cache: tuple) -> tuple[np.ndarray, np.ndarray]:
    """d_x, shaped like x, and d_gamma (d,), given d_y, shaped like y."""
    x_hat, root, gamma = cache
    d_x_hat = d_y * gamma
    along = (d_x_hat * x_hat).mean(axis=-1, keepdims=True)
    rows = tuple(range(d_y.ndim - 1))
    return (d_x_hat - x_hat * along) / root, (d_y * x_hat).sum(axis=rows)


if __name__ == "__main__":
    x = np.array([[1.0, 7.0], [300.0, -400.0]], dtype=np.float16)
    y, cache = rms_norm(x, gamma=np.ones(2, dtype=np.float16))
    print(y.dtype, y.astype(float).round(3).tolist())
    d_x, d_gamma = rms_norm_backward(np.array([[1.0, 0.0], [0.0, 0.0]]), cache)
    print(d_x[0].round(3), d_gamma.round(3))
