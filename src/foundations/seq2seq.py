"""Sequence to sequence, and attention as weighted retrieval: the mathematics of
chapter 14.

Tokens are whole numbers below V, and the last of them, V − 1, is the mark that starts
and ends a sequence. A batch of sequences of unequal length is padded to (B, T), and
`keep` (B, T), True for what is real, says where. Many networks run side by side on a
leading axis of everything, as in chapter 13. Queries, keys and values are rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from foundations.forward import softmax
from foundations.losses import log_softmax
from foundations.optimisers import Adam
from foundations.recurrent import clip_each, gru, gru_backward, new_cell


# --8<-- [start:push]
def push_all(ids: Sequence[int], V: int, dtype: type = np.float64) -> np.floating:
    """A sentence as one number: each id is pushed on top of the last (eq:push)."""
    state = dtype(0)
    for token in ids:
        state = (state + dtype(token)) / dtype(V)
    return state


def pop_all(state: np.floating, V: int, length: int) -> list[int]:
    """Takes `length` ids off the state, the last one first (eq:pop)."""
    ids = []
    for _ in range(length):
        state = state * type(state)(V)
        ids.append(min(int(state), V - 1))  # rounded up, a state can be 1
        state = state - type(state)(ids[-1])
    return ids


# --8<-- [end:push]


# --8<-- [start:pad]
def pad(rows: Sequence[Sequence[int]], fill: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of unequal length as one table, and where it is real: both (B, T)."""
    lengths = np.array([len(row) for row in rows])
    keep = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(keep.shape, fill)
    ids[keep] = np.concatenate(rows)
    return ids, keep


# --8<-- [end:pad]


# --8<-- [start:masked-cross-entropy]
def masked_cross_entropy(
    logits: np.ndarray, targets: np.ndarray, keep: np.ndarray
) -> np.ndarray:
    """The mean of −log p over the tokens that are real, in nats (eq:masked-loss).

    `logits` (…, B, T, V), `targets` (…, B, T) and `keep`, boolean, of the same shape.
    One loss for each network on the axes before B. Raises ValueError where shapes do
    not fit or nothing is kept.
    """
    if targets.shape != logits.shape[:-1] or keep.shape != targets.shape:
        shapes = f"{logits.shape}, {targets.shape}, {keep.shape}"
        raise ValueError(
            f"masked_cross_entropy: (B, T, V), (B, T), (B, T), not {shapes}"
        )
    if not keep.any(axis=(-2, -1)).all():
        raise ValueError("masked_cross_entropy: no token is kept: keep is all False")
    log_p = np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]
    return -np.where(keep, log_p, 0).sum(axis=(-2, -1)) / keep.sum(axis=(-2, -1))


def masked_cross_entropy_backward(
    logits: np.ndarray, targets: np.ndarray, keep: np.ndarray
) -> np.ndarray:
    """Its gradient by the logits: (p − one-hot) / count, and 0 for padding."""
    d_logits = softmax(logits) - np.eye(logits.shape[-1])[targets]
    count = keep.sum(axis=(-2, -1), keepdims=True)
    return d_logits * (keep / count)[..., None]


# --8<-- [end:masked-cross-entropy]


# --8<-- [start:kernel-regression]
def kernel_regression(
    x: np.ndarray, xs: np.ndarray, ys: np.ndarray, width: float
) -> np.ndarray:
    """A weighted mean of `ys` (n,), near `xs` first (eq:kernel-regression).

    `x` is one place or many, (…). `width` h is in the units of x; ValueError where it
    is not above 0.
    """
    if width <= 0:
        raise ValueError(f"kernel_regression: a width is above 0, not {width}")
    apart = np.asarray(x)[..., None] - xs  # (…, n)
    return softmax(-(apart**2) / (2 * width**2)) @ ys


# --8<-- [end:kernel-regression]


# --8<-- [start:attention-pool]
def attention_pool(
    q: np.ndarray, K: np.ndarray, V: np.ndarray, keep: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the values, weighted by softmax(q · k) (eq:attention-pool).

    One query (d,) or many (…, T, d), keys (…, n, d), values (…, n, d_v); `keep`
    (…, n) is True for the keys that are real, at least one. Returns the outputs,
    (d_v,) or (…, T, d_v), and the weights, (n,) or (…, T, n).
    """
    scores = q @ K.mT
    if keep is not None:
        scores = np.where(keep[..., None, :] if q.ndim > 1 else keep, scores, -np.inf)
    weights = softmax(scores)
    return weights @ V, weights


# --8<-- [end:attention-pool]


# --8<-- [start:attention-pool-backward]
def attention_pool_backward(
    d_out: np.ndarray,
    q: np.ndarray,
    K: np.ndarray,
    V: np.ndarray,
    weights: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients by queries (…, T, d), keys and values (eq:d-pool), from `d_out`."""
    d_V = weights.mT @ d_out
    d_weights = d_out @ V.mT
    mean = (weights * d_weights).sum(axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    return d_scores @ K, d_scores.mT @ q, d_V


# --8<-- [end:attention-pool-backward]


# --8<-- [start:additive-scores]
def additive_scores(
    q: np.ndarray, K: np.ndarray, W_q: np.ndarray, W_k: np.ndarray, v: np.ndarray
) -> np.ndarray:
    """Scores by a small network, v · tanh(q W_q + k W_k) (eq:additive).

    One query (d_q,), keys (n, d_k), W_q (d_q, a), W_k (d_k, a), v (a,). Returns (n,).
    Queries (T, 1, d_q) give (T, n).
    """
    return np.tanh(q @ W_q + K @ W_k) @ v


# --8<-- [end:additive-scores]


# --8<-- [start:multiplicative-scores]
def multiplicative_scores(q: np.ndarray, K: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Scores q W kᵀ (eq:multiplicative): q (d_q,), K (n, d_k), W (d_q, d_k)."""
    return q @ W @ K.T


# --8<-- [end:multiplicative-scores]


# --8<-- [start:new-seq2seq]
def new_seq2seq(
    V: int, M: int, rng: np.random.Generator, attention: bool, seeds: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Parameters of as many networks as `seeds` says, with two GRUs of M units."""
    p = {}
    for name in ("encoder", "decoder"):
        cell = new_cell("GRU", V, M, rng, keep=1.0, seeds=seeds)
        p |= {f"{name}.{key}": value for key, value in cell.items()}
    spread = math.sqrt(1 / M)
    p["W_s"] = rng.normal(scale=spread, size=(*seeds, M, V))
    p["b_y"] = np.zeros((*seeds, 1, V))
    if attention:
        p["W_c"] = rng.normal(scale=spread, size=(*seeds, M, V))
        p["W_a"] = rng.normal(scale=spread, size=(*seeds, M, M))
    return p


def part(p: dict, name: str) -> dict:
    """The parameters of one of the two cells, under chapter 13's names."""
    return {k.split(".")[1]: v for k, v in p.items() if k.startswith(name)}


# --8<-- [end:new-seq2seq]


# --8<-- [start:encode]
def encode(source: np.ndarray, keep: np.ndarray, p: dict) -> tuple[np.ndarray, dict]:
    """All states of the encoder (…, B, T, M), and a cache; `source` is (…, B, T)."""
    V, M = p["encoder.W_x"].shape[-2], p["encoder.W_h"].shape[-2]
    start = np.zeros((*source.shape[:-1], M))
    H, cache = gru(np.eye(V)[source], start, part(p, "encoder"))
    return H, cache | {"last": keep.sum(axis=-1)[..., None, None] - 1}


# --8<-- [end:encode]


# --8<-- [start:decode]
def decode(
    given: np.ndarray, state: np.ndarray, H: np.ndarray, keep: np.ndarray, p: dict
) -> tuple[np.ndarray, dict]:
    """Logits (…, B, T, V) for the tokens that follow those `given` (…, B, T).

    Begins in `state` (…, B, M). Where there is a W_a, each state of the decoder looks
    at those of the encoder, `H`, that are real.
    """
    inputs = np.eye(p["b_y"].shape[-1])[given]
    S, cache = gru(inputs, state, part(p, "decoder"))
    logits = S @ p["W_s"][..., None, :, :] + p["b_y"][..., None, :, :]
    if "W_a" in p:
        cache["Q"] = S @ p["W_a"][..., None, :, :]
        cache["C"], cache["weights"] = attention_pool(cache["Q"], H, H, keep)
        logits = logits + cache["C"] @ p["W_c"][..., None, :, :]
    return logits, cache | {"S": S}


# --8<-- [end:decode]


# --8<-- [start:seq2seq]
def seq2seq(
    source: np.ndarray, keep: np.ndarray, given: np.ndarray, p: dict
) -> tuple[np.ndarray, dict]:
    """Encoder, then decoder from its last real state: logits and a cache."""
    H, encoded = encode(source, keep, p)
    state = np.take_along_axis(H, encoded["last"], axis=-2)[..., 0, :]
    logits, decoded = decode(given, state, H, keep, p)
    return logits, {"H": H, "encoder": encoded, "decoder": decoded}


# --8<-- [end:seq2seq]


# --8<-- [start:seq2seq-backward]
def seq2seq_backward(d_logits: np.ndarray, cache: dict, p: dict) -> dict:
    """Gradients by all parameters, from `d_logits` (…, B, T, V)."""
    H, encoded, decoded = cache["H"], cache["encoder"], cache["decoder"]
    S, d_H = decoded["S"], np.zeros_like(H)
    over_batch = {"W_s": S.mT @ d_logits, "b_y": d_logits.sum(axis=-2, keepdims=True)}
    d_S = d_logits @ p["W_s"][..., None, :, :].mT
    if "W_a" in p:
        over_batch["W_c"] = decoded["C"].mT @ d_logits
        d_C = d_logits @ p["W_c"][..., None, :, :].mT
        found = attention_pool_backward(d_C, decoded["Q"], H, H, decoded["weights"])
        d_H = found[1] + found[2]  # the states are keys and values
        over_batch["W_a"] = S.mT @ found[0]
        d_S = d_S + found[0] @ p["W_a"][..., None, :, :].mT
    grads = {name: d.sum(axis=-3) for name, d in over_batch.items()}
    _, d_state, d_cell = gru_backward(d_S, decoded, part(p, "decoder"))
    grads |= {f"decoder.{k}": d for k, d in d_cell.items()}
    at = encoded["last"]
    there = np.take_along_axis(d_H, at, axis=-2) + d_state[..., None, :]
    np.put_along_axis(d_H, at, there, axis=-2)
    d_cell = gru_backward(d_H, encoded, part(p, "encoder"))[2]
    return grads | {f"encoder.{k}": d for k, d in d_cell.items()}


# --8<-- [end:seq2seq-backward]


# --8<-- [start:reversal-batch]
def reversal_batch(
    lengths: np.ndarray, T: int, V: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Random sequences of the given `lengths` (…, B), and the same backwards.

    Returns `source` and `keep` (…, B, T), `targets` (…, B, T + 1), which end with the
    mark V − 1, and `counted` (…, B, T + 1), True up to that mark.
    """
    places, ends = np.arange(T + 1), lengths[..., None]
    symbols = rng.integers(0, V - 1, size=(*lengths.shape, T))
    keep = places[:-1] < ends
    source = np.where(keep, symbols, V - 1)
    backwards = np.take_along_axis(source, np.maximum(ends - 1 - places, 0), axis=-1)
    targets = np.where(places < ends, backwards, V - 1)
    return source, keep, targets, places <= ends


# --8<-- [end:reversal-batch]


# --8<-- [start:shift]
def shift(targets: np.ndarray, mark: int) -> np.ndarray:
    """What the decoder is given: the mark, then all targets but the last."""
    return np.concatenate(
        [np.full_like(targets[..., :1], mark), targets[..., :-1]], -1
    )


# --8<-- [end:shift]


# --8<-- [start:train-reversal]
def train_reversal(
    p: dict,
    steps: int,
    T: int,
    rng: np.random.Generator,
    B: int = 24,
    lr: float = 0.03,
) -> np.ndarray:
    """Trains networks to reverse, teacher forced, in place; losses (steps, …)."""
    V, seeds = p["b_y"].shape[-1], p["b_y"].shape[:-2]
    learn, losses = Adam(list(p.values()), lr=lr), []
    for step in range(steps):
        lengths = rng.integers(2, T + 1, size=(*seeds, B))
        source, keep, targets, counted = reversal_batch(lengths, T, V, rng)
        logits, cache = seq2seq(source, keep, shift(targets, V - 1), p)
        losses.append(masked_cross_entropy(logits, targets, counted))
        d_logits = masked_cross_entropy_backward(logits, targets, counted)
        grads = clip_each(seq2seq_backward(d_logits, cache, p), 1.0)
        learn.lr = lr * (1 - step / steps)
        learn.step([grads[name] for name in p])
    return np.array(losses)


# --8<-- [end:train-reversal]


# --8<-- [start:translate]
def translate(
    source: np.ndarray,
    keep: np.ndarray,
    steps: int,
    p: dict,
    state: np.ndarray | None = None,
) -> np.ndarray:
    """What the decoder writes on its own, the likeliest token each time.

    Starts in the encoder's last real state, or in `state` where one is given. Gives
    (…, B, steps) tokens.
    """
    H, encoded = encode(source, keep, p)
    if state is None:
        state = np.take_along_axis(H, encoded["last"], axis=-2)[..., 0, :]
    token = np.full(source.shape[:-1], p["b_y"].shape[-1] - 1)
    written = []
    for _ in range(steps):
        logits, cache = decode(token[..., None], state, H, keep, p)
        token, state = logits[..., 0, :].argmax(axis=-1), cache["S"][..., 0, :]
        written.append(token)
    return np.stack(written, axis=-1)


# --8<-- [end:translate]
