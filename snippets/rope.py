"""Rotary position embedding (RoPE) in NumPy: both pairings, and the way across."""

import numpy as np


def rope(
    x: np.ndarray, positions: np.ndarray, pairing: str, base: float = 10_000.0
) -> np.ndarray:
    """Turns queries or keys x (..., T, d) by their positions (T,).

    `pairing` is "neighbours" for (0, 1), (2, 3), … as in the paper, GPT-J and Meta's
    LLaMA code, or "halves" for (0, d/2), (1, d/2 + 1), … as in GPT-NeoX and
    Transformers. Angles are in float64, and the result has the type of x. Raises
    ValueError for an odd d, for positions that do not fit, or for another pairing.
    """
    T, d = x.shape[-2:]
    if d % 2:
        raise ValueError(f"rope: the width makes pairs, so {d} must be even")
    if np.shape(positions) != (T,):
        shape = np.shape(positions)
        raise ValueError(f"rope: {T} rows, but positions of shape {shape}")
    angles = np.outer(positions, base ** (-np.arange(0, d, 2) / d))  # (T, d / 2)
    kind = np.result_type(x, np.float16)
    cos, sin = np.cos(angles).astype(kind), np.sin(angles).astype(kind)
    if pairing == "neighbours":
        a, b = x[..., 0::2], x[..., 1::2]
        return np.stack([a * cos - b * sin, a * sin + b * cos], -1).reshape(x.shape)
    if pairing == "halves":
        a, b = np.split(x, 2, axis=-1)
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
    raise ValueError(f'rope: pairing is "neighbours" or "halves", not {pairing!r}')


def convert(weight: np.ndarray, heads: int, to: str) -> np.ndarray:
    """W_q or W_k (d_in, heads · d), or a bias (heads · d,), for the other pairing.

    Reorders the last axis within each head; `to` is "halves" or "neighbours". For
    nn.Linear, which holds (d_out, d_in), convert its transpose. Raises ValueError if
    the last axis does not make `heads` even widths.
    """
    width = weight.shape[-1]
    if width % (2 * heads):
        raise ValueError(f"convert: {width} columns are not {heads} even heads")
    inner = {"halves": (-1, 2), "neighbours": (2, width // heads // 2)}
    if to not in inner:
        raise ValueError(f'convert: to "halves" or "neighbours", not {to!r}')
    split = weight.reshape(*weight.shape[:-1], heads, *inner[to])
    return np.swapaxes(split, -1, -2).reshape(weight.shape)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    x, places = rng.normal(size=(6, 32)), np.arange(6)
    W_q, W_k = rng.normal(size=(2, 32, 8)) / 32**0.5  # one head of width 8

    def scores(pairing, W_q, W_k, start=0):
        q, k = (rope(x @ W, places + start, pairing) for W in (W_q, W_k))
        return q @ k.T

    right = scores("neighbours", W_q, W_k)
    print("moved on: ", np.allclose(right, scores("neighbours", W_q, W_k, start=500)))
    print("mixed up: ", np.allclose(right, scores("halves", W_q, W_k)))
    converted = (convert(W, heads=1, to="halves") for W in (W_q, W_k))
    print("converted:", np.allclose(right, scores("halves", *converted)))
