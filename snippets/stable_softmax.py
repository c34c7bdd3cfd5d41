"""Softmax along any axis, with an optional mask, in NumPy: no overflow and no NaN."""

import numpy as np


def softmax(
    scores: np.ndarray, axis: int = -1, mask: np.ndarray | None = None
) -> np.ndarray:
    """Probabilities along `axis`; shape in = shape out.

    Where `mask` (a shape that broadcasts to that of `scores`) is False, the
    probability is exactly 0, whatever the score. Raises ValueError where a mask
    leaves nothing to choose, and for other scores that are NaN or infinite.
    """
    scores = np.asarray(scores)
    allowed = np.broadcast_to(True if mask is None else mask, scores.shape)
    if not allowed.any(axis=axis).all():
        raise ValueError(f"softmax: the mask leaves nothing along axis {axis}")
    if not np.isfinite(scores[allowed]).all():
        raise ValueError("softmax: scores must be finite where the mask allows them")
    hidden = np.where(allowed, scores, -np.inf)
    powers = np.exp(hidden - hidden.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


if __name__ == "__main__":
    scores = np.array([[1000.0, 999.0, 998.0], [2.0, 1.0, 0.0]])
    print(softmax(scores).round(4))
    earlier = np.tril(np.ones((2, 3), dtype=bool))  # row i sees columns 0 to i
    print(softmax(scores, mask=earlier).round(4))
