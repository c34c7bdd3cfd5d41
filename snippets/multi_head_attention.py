"""Multi-head attention in NumPy: self or cross, with a mask, for any batch axes."""

import math

import numpy as np


def multi_head_attention(
    x: np.ndarray,
    p: dict[str, np.ndarray],
    heads: int,
    mask: np.ndarray | None = None,
    memory: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Output (..., T, D) and weights (..., heads, T, S) from x (..., T, D).

    `p` has W_q, W_k, W_v, W_o, used as x @ W, and may have b_q, b_k, b_v, b_o. Keys
    and values come from `memory` (..., S, D), or from x. A boolean mask, True = may
    be looked at, fits (..., heads, T, S); a row that may look at nothing gets zeros.
    """

    def split(rows: np.ndarray, letter: str) -> np.ndarray:
        rows = rows @ p[f"W_{letter}"] + p.get(f"b_{letter}", 0.0)
        *batch, length, width = rows.shape
        if width % heads:
            raise ValueError(f"width {width} does not divide into {heads} heads")
        rows = rows.reshape(*batch, length, heads, width // heads)
        return rows.swapaxes(-3, -2)

    source = x if memory is None else memory
    q, k, v = split(x, "q"), split(source, "k"), split(source, "v")
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(q.shape[-1])
    if mask is not None:
        if 2 < np.ndim(mask) < scores.ndim:
            raise ValueError(
                f"mask {np.shape(mask)} beside scores {scores.shape}: an axis for the"
                " heads is missing; use mask[..., None, :, :]"
            )
        scores = np.where(mask, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    powers = np.exp(scores - np.where(np.isneginf(largest), 0.0, largest))
    total = powers.sum(axis=-1, keepdims=True)
    weights = powers / np.where(total == 0, 1.0, total)
    merged = (weights @ v).swapaxes(-3, -2)
    merged = merged.reshape(*merged.shape[:-2], -1)
    return merged @ p["W_o"] + p.get("b_o", 0.0), weights


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    x = rng.normal(size=(2, 5, 12))  # two sentences, five tokens, width 12
    p = {f"W_{letter}": rng.normal(size=(12, 12)) / 12**0.5 for letter in "qkvo"}
    causal = np.tril(np.ones((5, 5), dtype=bool))
    y, weights = multi_head_attention(x, p, heads=3, mask=causal)
    print("output ", y.shape)
    print("weights", weights.shape)
    print("second token, head 0:", weights[0, 0, 1].round(3))
