"""Is a gradient right? Compare it with central differences, in NumPy."""

from collections.abc import Callable

import numpy as np


def gradient_check(
    f: Callable[[np.ndarray], float],
    gradient: np.ndarray,
    x: np.ndarray,
    h: float = 1e-5,
) -> tuple[float, tuple[int, ...]]:
    """How far `gradient` is from the slopes of `f` at `x`, and where it is worst.

    The distance is relative, from 0 to 1. In float64 a right gradient is below 1e-6;
    above that it is wrong, or `x` lies near a kink, such as a ReLU's at 0. `f` gives
    one number; `x` stays as it was. Raises ValueError where the shapes differ.
    """
    x, gradient = np.array(x, dtype=np.float64), np.asarray(gradient)
    if gradient.shape != x.shape:
        raise ValueError(
            f"gradient_check: x is {x.shape}, its gradient {gradient.shape}"
        )
    slopes = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = float(f(x))
        x[i] = kept - h
        below = float(f(x))
        x[i] = kept
        slopes[i] = (above - below) / (2 * h)
    apart = np.abs(gradient - slopes)
    where = tuple(int(i) for i in np.unravel_index(apart.argmax(), apart.shape))
    lengths = np.linalg.norm(gradient) + np.linalg.norm(slopes)
    return float(np.linalg.norm(apart) / lengths) if lengths else 0.0, where


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    X, W, target = (rng.normal(size=shape) for shape in ((5, 3), (3, 2), (5, 2)))

    def loss(W):
        return np.mean((X @ W - target) ** 2)

    right = 2 * X.T @ (X @ W - target) / target.size
    slip = right.copy()
    slip[2, 1] *= -1
    print("right, below 1e-6:", gradient_check(loss, right, W)[0] < 1e-6)
    error, where = gradient_check(loss, slip, W)
    print(f"a sign slipped:    {error:.2f} apart, worst at {where}")
