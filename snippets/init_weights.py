"""Starting weights by Xavier's or He's rule, in NumPy, for layers `x @ W`."""

import math

import numpy as np


def init_weights(
    d_in: int,
    d_out: int,
    rng: np.random.Generator,
    rule: str = "he",
    uniform: bool = False,
) -> np.ndarray:
    """Random weights of shape (d_in, d_out) with mean 0.

    The variance is 2 / d_in for "he" (before ReLU), 2 / (d_in + d_out) for "xavier"
    (before tanh) and 1 / d_in for "linear". They are normal, or uniform on request.
    Raises ValueError for another rule, or for sizes below 1.
    """
    if d_in < 1 or d_out < 1:
        raise ValueError(f"init_weights: sizes must be positive: {d_in}, {d_out}")
    variances = {"he": 2 / d_in, "xavier": 2 / (d_in + d_out), "linear": 1 / d_in}
    if rule not in variances:
        raise ValueError(f"init_weights: rule is one of {[*variances]}, not {rule!r}")
    if uniform:
        bound = math.sqrt(3 * variances[rule])  # from −r to r the variance is r²/3
        return rng.uniform(-bound, bound, size=(d_in, d_out))
    return rng.normal(scale=math.sqrt(variances[rule]), size=(d_in, d_out))


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    x = rng.normal(size=(64, 256))
    for rule in ("xavier", "he"):
        a = x
        for _ in range(20):
            a = np.maximum(a @ init_weights(256, 256, rng, rule), 0)
        print(f"{rule:<7}after 20 ReLU layers: RMS {np.sqrt(np.mean(a**2)):.4f}")
