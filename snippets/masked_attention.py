"""Scaled dot-product attention in NumPy: batches, heads, masks, no NaN."""

import math

import numpy as np


def attention(
    query: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    mask: np.ndarray | None = None,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """softmax(query keyᵀ · scale) value, and the weights; `scale` is 1/√d if None.

    query (..., T_q, d), key (..., T_k, d), value (..., T_k, d_v). The boolean mask
    fits (..., T_q, T_k) and is True where a query may look at a key; a query that may
    look at nothing gets zeros. float32 stays float32.
    """
    d = query.shape[-1]
    if key.shape[-1] != d or key.shape[-2] != value.shape[-2]:
        shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
        raise ValueError(f"attention: shapes do not fit: {shapes}")
    scale = 1 / math.sqrt(d) if scale is None else scale
    scores = query @ np.swapaxes(key, -1, -2) * scale
    if mask is not None:
        if np.asarray(mask).dtype != bool:
            raise ValueError("attention: the mask is boolean: True may look")
        scores = np.where(np.broadcast_to(mask, scores.shape), scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isneginf(largest), 0, largest))
    total = powers.sum(axis=-1, keepdims=True)
    weights = powers / np.where(total == 0, 1, total)
    return weights @ value, weights


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    query, key, value = rng.standard_normal((3, 2, 3, 4)).astype(np.float32)
    out, weights = attention(query, key, value, mask=np.tril(np.ones((3, 3), bool)))
    print(out.shape, out.dtype)
    print(weights[0].round(3))
