"""Kernel regression (Nadaraya–Watson) in NumPy, with a width chosen from the data."""

import numpy as np


def kernel_smoother(
    x: np.ndarray, xs: np.ndarray, ys: np.ndarray, width: float
) -> np.ndarray:
    """The mean of `ys`, weighted by exp(−‖x − xᵢ‖² / 2 width²), at each `x`.

    Places `xs` (n, d) and `x` (m, d), or (n,) and (m,) for numbers; values `ys` (n,)
    or (n, k). Far from all places the nearest decides: no division by 0.
    """
    x, xs, ys = (np.asarray(a, dtype=np.float64) for a in (x, xs, ys))
    if xs.ndim == 1:
        x, xs = x[..., None], xs[:, None]
    if x.ndim != 2 or xs.ndim != 2 or x.shape[1] != xs.shape[1]:
        raise ValueError(f"kernel_smoother: x {x.shape} and xs {xs.shape} do not fit")
    if len(xs) != len(ys) or len(xs) == 0:
        raise ValueError(f"kernel_smoother: {len(xs)} places and {len(ys)} values")
    if not width > 0:
        raise ValueError(f"kernel_smoother: a width is above 0, not {width}")
    scores = -((x[:, None] - xs) ** 2).sum(axis=-1) / (2 * width**2)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights @ ys / weights.sum(axis=1).reshape(-1, *[1] * (ys.ndim - 1))


def best_width(xs: np.ndarray, ys: np.ndarray, widths: list[float]) -> float:
    """The width that best predicts each value from all the others."""
    if len(xs) < 2:
        raise ValueError("best_width: at least two places are needed")
    errors = []
    for width in widths:
        error = 0.0
        for i in range(len(xs)):
            others = np.arange(len(xs)) != i
            guess = kernel_smoother(xs[i : i + 1], xs[others], ys[others], width)
            error += float(np.sum((guess - ys[i]) ** 2))
        errors.append(error)
    return widths[int(np.argmin(errors))]


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    xs = np.sort(rng.uniform(0, 6, size=60))
    ys = np.sin(xs) + rng.normal(scale=0.2, size=60)
    width = best_width(xs, ys, [0.03, 0.1, 0.3, 1.0, 3.0])
    x = np.array([1.0, 3.0, 5.0])
    print("width", width)
    print("sin  ", np.sin(x).round(2))
    print("guess", kernel_smoother(x, xs, ys, width).round(2))
