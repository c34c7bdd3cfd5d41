"""Scaled dot-product attention in NumPy, forward and backward, equal to PyTorch's."""

import math

import numpy as np


def attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, tuple]:
    """softmax(q kᵀ / √d) v for q (..., T, d), k (..., S, d), v (..., S, d_v).

    `mask` is boolean, True where a query may look; a row without any gives zeros.
    Returns the outputs (..., T, d_v) and a cache for `attention_backward`. Raises
    ValueError where widths or lengths do not fit.
    """
    if q.shape[-1] != k.shape[-1] or k.shape[:-1] != v.shape[:-1]:
        raise ValueError(
            f"attention: q {q.shape} and k {k.shape} need one width, k and v "
            f"{v.shape} one length"
        )
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isneginf(largest), 0, largest))
    total = powers.sum(axis=-1, keepdims=True)
    weights = powers / np.where(total == 0, 1, total)
    return weights @ v, (q, k, v, weights)


def attention_backward(
    d_out: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_q, d_k, d_v, shaped like q, k, v, given `d_out`, shaped like the outputs.

    The mask is not needed: a weight of 0 passes nothing on. q, k and v must have the
    same leading axes; where they were broadcast, sum the result over those axes.
    """
    q, k, v, weights = cache
    if d_out.shape != q.shape[:-1] + v.shape[-1:]:
        raise ValueError(
            f"attention_backward: d_out {d_out.shape} must be shaped like the "
            f"outputs, {q.shape[:-1] + v.shape[-1:]}"
        )
    d_weights = d_out @ np.swapaxes(v, -1, -2)
    average = (weights * d_weights).sum(axis=-1, keepdims=True)
    d_scores = weights * (d_weights - average) / math.sqrt(q.shape[-1])
    d_v = np.swapaxes(weights, -1, -2) @ d_out
    return d_scores @ k, np.swapaxes(d_scores, -1, -2) @ q, d_v


if __name__ == "__main__":
    q = np.array([[1.0, 0.0], [0.0, 2.0]])
    k = np.array([[1.0, 1.0], [0.0, 1.0]])
    v = np.array([[1.0, 0.0], [0.0, 1.0]])
    causal = np.tril(np.ones((2, 2), dtype=bool))
    out, cache = attention(q, k, v, causal)
    print("out", out.round(3).tolist())
    for name, d in zip("qkv", attention_backward(np.eye(2), cache), strict=True):
        print(f"d_{name}", d.round(3).tolist())
