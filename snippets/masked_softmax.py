"""Softmax with a mask, where a row may have nothing to choose: zeros, never NaN."""

import numpy as np


def masked_softmax(
    scores: np.ndarray, mask: np.ndarray, axis: int = -1
) -> np.ndarray:
    """Probabilities along `axis` where `mask` is True, and 0 elsewhere.

    `mask` is boolean and broadcasts to the shape of `scores`, which the result has. A
    row without a True gives zeros: check `mask.any(axis)` if that should not happen.
    Hidden scores may be anything, NaN and infinities too. Types stay as they are.
    """
    scores, mask = np.asarray(scores), np.asarray(mask)
    if mask.dtype != bool:
        raise ValueError(f"masked_softmax: a mask of {mask.dtype}; give booleans")
    hidden = np.where(np.broadcast_to(mask, scores.shape), scores, -np.inf)
    largest = hidden.max(axis=axis, keepdims=True)
    powers = np.exp(hidden - np.where(np.isneginf(largest), 0, largest))
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1, total)


if __name__ == "__main__":
    scores = np.array([[1000.0, 999.0, np.nan], [0.0, 0.0, 0.0]])
    mask = np.array([[True, True, False], [False, False, False]])
    print(masked_softmax(scores, mask).round(4))
