"""Scaled dot-product attention, its masks and its cost: the mathematics of chapter
15.

Rows are tokens: queries Q (…, T_q, d), keys K (…, T_k, d), values V (…, T_k, d_v),
with any number of batch axes first. A mask is boolean: True says that this query may
look at this key. Arrays keep their type: float32 in, float32 out.
"""

from __future__ import annotations

import math

import numpy as np

from foundations.forward import softmax
from foundations.matrices import matmul_flops


# --8<-- [start:attention-loops]
def attention_by_loops(Q, K, V):
    """Attention with one loop per sum (eq:attention-weights, eq:attention-output).

    Q, K and V are rows of numbers, lists or arrays. Returns lists of rows.
    """
    out, weights = [], []
    for q in Q:  # one query after the other
        scores = [sum(a * b for a, b in zip(q, k)) / math.sqrt(len(q)) for k in K]
        powers = [math.exp(s) for s in scores]
        total = sum(powers)
        w = [power / total for power in powers]
        columns = zip(*V)  # one after the other, each as long as K
        out.append([sum(a * b for a, b in zip(w, column)) for column in columns])
        weights.append(w)
    return out, weights


# --8<-- [end:attention-loops]


# --8<-- [start:plain-attention]
def plain_attention(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """softmax(Q Kᵀ / √d) V for any batch axes (eq:attention), without a mask.

    Q (…, T_q, d), K (…, T_k, d) and V (…, T_k, d_v) give the outputs (…, T_q, d_v)
    and the weights (…, T_q, T_k).
    """
    d = Q.shape[-1]
    scores = Q @ np.swapaxes(K, -1, -2) / math.sqrt(d)
    weights = softmax(scores)
    return weights @ V, weights


# --8<-- [end:plain-attention]


# --8<-- [start:softmax-jacobian]
def softmax_jacobian(p: np.ndarray) -> np.ndarray:
    """Slopes of weights p (…, n) by their scores (eq:softmax-jacobian): (…, n, n).

    Entry (i, j) says how fast weight i grows with score j.
    """
    n = p.shape[-1]
    return p[..., :, None] * (np.eye(n, dtype=p.dtype) - p[..., None, :])


# --8<-- [end:softmax-jacobian]


# --8<-- [start:softmax-backward]
def softmax_backward(d_weights: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient by the scores from that by the weights (eq:softmax-vjp).

    Both have shape (…, n), and so has the result; no (n, n) table is made.
    """
    along = (d_weights * weights).sum(axis=-1, keepdims=True)
    return weights * (d_weights - along)


# --8<-- [end:softmax-backward]


# --8<-- [start:causal-mask]
def causal_mask(T: int) -> np.ndarray:
    """True where a token may look: at itself and at those before it. Shape (T, T)."""
    return np.tril(np.ones((T, T), dtype=bool))


# --8<-- [end:causal-mask]


# --8<-- [start:padding-mask]
def padding_mask(lengths: np.ndarray, T: int) -> np.ndarray:
    """True for the first `lengths` of T keys: lengths (…,) give a mask (…, 1, T).

    The axis of size 1 stands for all queries. Where scores are (B, H, T, T), give
    lengths of shape (B, 1). Raises ValueError for lengths outside 0 to T.
    """
    lengths = np.asarray(lengths)
    if lengths.min() < 0 or lengths.max() > T:
        raise ValueError(f"padding_mask: lengths go from 0 to T = {T}, not {lengths}")
    return np.arange(T) < lengths[..., None, None]


# --8<-- [end:padding-mask]


# --8<-- [start:masked-softmax]
def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """softmax over the last axis, where `mask` is True (eq:masked-softmax).

    Shape in = shape out; the mask may have axes of size 1, or fewer axes. A row that
    may look at nothing gives zeros. Raises ValueError for a mask that is not boolean
    or does not fit.
    """
    if mask is not None:
        mask = np.asarray(mask)
        if mask.dtype != bool:
            raise ValueError(f"masked_softmax: a mask is boolean, not {mask.dtype}")
        pairs = zip(mask.shape[::-1], scores.shape[::-1])
        if mask.ndim > scores.ndim or any(m not in (1, s) for m, s in pairs):
            raise ValueError(
                f"masked_softmax: a mask {mask.shape} does not fit scores"
                f" {scores.shape}; padded keys are masked by (..., 1, T_k)"
            )
        scores = np.where(mask, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isneginf(largest), 0, largest))
    total = powers.sum(axis=-1, keepdims=True)
    return powers / np.where(total == 0, 1, total)


# --8<-- [end:masked-softmax]


# --8<-- [start:attention]
def attention(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """softmax(Q Kᵀ / √d) V among the keys that `mask` allows (eq:masked-softmax).

    Q (…, T_q, d), K (…, T_k, d), V (…, T_k, d_v) and a mask that fits (…, T_q, T_k)
    give the outputs (…, T_q, d_v) and the weights (…, T_q, T_k). Raises ValueError
    for widths, lengths or a mask that do not fit.
    """
    d = Q.shape[-1]
    if K.shape[-1] != d:
        raise ValueError(
            f"attention: queries have width {d} and keys {K.shape[-1]};"
            " both come from X @ W with the same d"
        )
    if K.shape[-2] != V.shape[-2]:
        raise ValueError(
            f"attention: {K.shape[-2]} keys and {V.shape[-2]} values;"
            " each key comes with one value, from the same row of X"
        )
    weights = masked_softmax(Q @ np.swapaxes(K, -1, -2) / math.sqrt(d), mask)
    return weights @ V, weights


# --8<-- [end:attention]


# --8<-- [start:attention-flops]
def attention_flops(T: int, D: int) -> dict[str, int]:
    """Multiplications and additions of self-attention (eq:attention-flops)."""
    return {
        "projections": 4 * matmul_flops(T, D, D),  # to queries, keys, values, and out
        "scores": matmul_flops(T, D, T),
        "averages": matmul_flops(T, T, D),
    }


# --8<-- [end:attention-flops]
