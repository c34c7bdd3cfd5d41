"""A transformer block in NumPy: attention and feed-forward, pre-LN or post-LN.

Equal to torch.nn.TransformerEncoderLayer with dropout 0 (activation ReLU), whose
matrices are the transposes of these.
"""

import math

import numpy as np


def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + 1e-5) * gamma + beta


def attend(x: np.ndarray, p: dict, heads: int, causal: bool) -> np.ndarray:
    *batch, t, d = x.shape

    def split(name: str) -> np.ndarray:  # (..., t, d) to (..., heads, t, d / heads)
        y = x @ p["w_" + name] + p["b_" + name]
        return y.reshape(*batch, t, heads, d // heads).swapaxes(-3, -2)

    q, k, v = split("q"), split("k"), split("v")
    scores = q @ k.swapaxes(-1, -2) / math.sqrt(d // heads)
    if causal:
        scores = np.where(np.tri(t, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    merged = (weights @ v).swapaxes(-3, -2).reshape(x.shape)
    return merged @ p["w_o"] + p["b_o"]


def block(
    x: np.ndarray, p: dict, heads: int, causal: bool = True, pre: bool = True
) -> np.ndarray:
    """The result, shaped like x (..., t, d), for parameters as in `new_block`.

    `pre` puts the norms before the branches (GPT-2), otherwise they stand after the
    sums (2017). Raises ValueError where `heads` does not divide d.
    """
    if x.shape[-1] % heads:
        raise ValueError(
            f"block: {heads} heads do not divide a width of {x.shape[-1]}"
        )

    def norm(y: np.ndarray, i: str) -> np.ndarray:
        return layer_norm(y, p["gamma" + i], p["beta" + i])

    def think(y: np.ndarray) -> np.ndarray:
        return np.maximum(y @ p["w1"] + p["b1"], 0) @ p["w2"] + p["b2"]

    if pre:  # a stack of these needs one more norm after the last block
        x = x + attend(norm(x, "1"), p, heads, causal)
        return x + think(norm(x, "2"))
    x = norm(x + attend(x, p, heads, causal), "1")
    return norm(x + think(x), "2")


def new_block(d: int, f: int, blocks: int, rng: np.random.Generator) -> dict:
    """Weights of spread 0.02; those that write into the stream over √(2 · blocks)."""
    p = {"gamma1": np.ones(d), "beta1": np.zeros(d)}
    p |= {"gamma2": np.ones(d), "beta2": np.zeros(d)}
    for name in "qkvo":
        p["w_" + name], p["b_" + name] = rng.normal(0, 0.02, (d, d)), np.zeros(d)
    p["w1"], p["b1"] = rng.normal(0, 0.02, (d, f)), np.zeros(f)
    p["w2"], p["b2"] = rng.normal(0, 0.02, (f, d)), np.zeros(d)
    for name in ("w_o", "w2"):
        p[name] /= math.sqrt(2 * blocks)
    return p


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    blocks = [new_block(d=16, f=64, blocks=4, rng=rng) for _ in range(4)]
    x = y = rng.normal(size=(2, 5, 16))
    changed = x.copy()
    changed[:, -1] += 1
    for p in blocks:
        y, changed = block(y, p, heads=4), block(changed, p, heads=4)
    print("parameters", sum(a.size for p in blocks for a in p.values()))
    print("result", y.shape)
    print("future unseen:", np.array_equal(y[:, :-1], changed[:, :-1]))
