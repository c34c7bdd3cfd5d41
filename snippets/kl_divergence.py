"""Kullback–Leibler divergence of distributions in NumPy, with zeros done right."""

import numpy as np


def kl_divergence(p: np.ndarray, q: np.ndarray, base: float = np.e) -> np.ndarray:
    """KL(p ‖ q) along the last axis: the extra surprise of believing q if p is true.

    In nats; `base=2` gives bits. Leading axes broadcast. Where p is 0 nothing is
    added, and where only q is 0 the result is ∞. Raises ValueError for negative
    entries, and where a distribution does not add up to 1.
    """
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    for name, x in (("p", p), ("q", q)):
        if (x < 0).any():
            raise ValueError(f"kl_divergence: {name} has a negative entry")
        if not np.allclose(x.sum(axis=-1), 1):
            raise ValueError(f"kl_divergence: {name} does not add up to 1")
    p, q = np.broadcast_arrays(p, q)
    possible = p > 0
    with np.errstate(divide="ignore"):  # ln 0 = −∞ is meant
        logs = np.log(np.where(possible, p, 1)) - np.log(np.where(possible, q, 1))
    return (p * logs).sum(axis=-1) / np.log(base)


if __name__ == "__main__":
    fair, bent, sure = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
    print(f"fair coin, bent model {kl_divergence(fair, bent):.4f} nats")
    print(f"bent coin, fair model {kl_divergence(bent, fair):.4f} nats")
    print(f"sure coin, fair model {kl_divergence(sure, fair, base=2):.4f} bits")
    print(f"fair coin, sure model {kl_divergence(fair, sure):.4f} nats")
