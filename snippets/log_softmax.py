"""Log-sum-exp and log-softmax in NumPy, without overflow, also with −∞ for masks."""

import numpy as np


def logsumexp(x: np.ndarray, axis: int = -1, keepdims: bool = False) -> np.ndarray:
    """ln Σ e^x along `axis`. Where every x is −∞ the result is −∞, as ln 0 is."""
    x = np.asarray(x)
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # −∞ − (−∞) would be nan
    with np.errstate(divide="ignore"):
        result = top + np.log(np.exp(x - top).sum(axis=axis, keepdims=True))
    return result if keepdims else result.squeeze(axis)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The logarithms of softmax(x) along `axis`; shape as `x`.

    A score of −∞ has the log-probability −∞. Raises ValueError where all are −∞.
    """
    x = np.asarray(x)
    total = logsumexp(x, axis=axis, keepdims=True)
    if np.isneginf(total).any():
        raise ValueError("log_softmax: every score is masked somewhere")
    return x - total


if __name__ == "__main__":
    for scores in ([1, 2, 3], [1001, 1002, 1003], [0, 0, -np.inf]):
        print(f"log-sum-exp {logsumexp(scores):9.4f}", log_softmax(scores).round(4))
