"""The family: encoder, decoder and encoder–decoder, and the recipe of 2017.

The parameters are a dict: the embedding E (V, D), which is also the head, and lists
of chapter 18's blocks under "encoder" and "decoder". A block of the decoder has one
more dict, "cross": W_q … b_o of its second attention, gamma and beta of its norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from foundations.attention import causal_mask
from foundations.block import block, feed_forward, new_block
from foundations.losses import cross_entropy, log_softmax
from foundations.multihead import multi_head_attention
from foundations.normalisation import layer_norm
from foundations.position import sinusoids


# --8<-- [start:prefix-mask]
def prefix_mask(prefix: int, T: int) -> np.ndarray:
    """True at the first `prefix` keys, at the token itself and before it. (T, T)."""
    return causal_mask(T) | (np.arange(T) < prefix)


# --8<-- [end:prefix-mask]


# --8<-- [start:place]
def place(ids: np.ndarray, E: np.ndarray) -> np.ndarray:
    """√D times the rows of E, plus sinusoids (eq:embed-place).

    ids (..., T) give (..., T, D). Raises ValueError for ids outside the vocabulary.
    """
    V, D = E.shape
    if ids.min() < 0 or ids.max() >= V:
        raise ValueError(f"place: ids go from 0 to {V - 1}")
    return E[ids] * math.sqrt(D) + sinusoids(ids.shape[-1], D).astype(E.dtype)


# --8<-- [end:place]


# --8<-- [start:encoder]
def encoder(
    ids: np.ndarray, params: dict, H: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, list[dict]]:
    """A vector for each token, in sight of all (eq:encoder-stack).

    ids (..., T) give (..., T, D), and the blocks' caches. The mask hides padding.
    """
    X, caches = place(ids, params["E"]), []
    for p in params["encoder"]:
        X, cache = block(X, p, H, mask, order="post", activation="relu")
        caches.append(cache)
    return X, caches


# --8<-- [end:encoder]


# --8<-- [start:decoder-only]
def decoder_only(ids: np.ndarray, params: dict, H: int) -> np.ndarray:
    """Logits (..., T, V): an encoder that may not look ahead, and the head."""
    X, _ = encoder(ids, params, H, causal_mask(ids.shape[-1]))
    return X @ params["E"].T


# --8<-- [end:decoder-only]


# --8<-- [start:decoder-block]
def decoder_block(
    X: np.ndarray,
    memory: np.ndarray,
    p: dict,
    H: int,
    mask: np.ndarray | None = None,
    memory_mask: np.ndarray | None = None,
    order: str = "post",
) -> tuple[np.ndarray, dict]:
    """Looks at itself, at the memory, then thinks (eq:decoder-block).

    X (..., T, D) and memory (..., S, D) give Y, shaped like X, and the caches of its
    three branches. In order "pre" the norms stand before the branches.
    """
    cross, c = p["cross"], {}
    gains = (p["gamma1"], p["beta1"]), (cross["gamma"], cross["beta"])
    gains += ((p["gamma2"], p["beta2"]),)

    def look(N: np.ndarray) -> tuple[np.ndarray, dict]:
        return multi_head_attention(N, p, H, mask)

    def look_across(N: np.ndarray) -> tuple[np.ndarray, dict]:
        return multi_head_attention(N, cross, H, memory_mask, memory)

    def think(N: np.ndarray) -> tuple[np.ndarray, dict]:
        return feed_forward(N, p, "relu")

    A, c["self"] = branch(X, gains[0], order, look)
    C, c["cross"] = branch(A, gains[1], order, look_across)
    Y, c["ffn"] = branch(C, gains[2], order, think)
    return Y, c


def branch(
    X: np.ndarray, gains: tuple, order: str, f: Callable
) -> tuple[np.ndarray, dict]:
    """X and what f adds, with the norm after the sum ("post") or before f ("pre")."""
    if order == "pre":
        out, cache = f(layer_norm(X, *gains)[0])
        return X + out, cache
    out, cache = f(X)
    return layer_norm(X + out, *gains)[0], cache


# --8<-- [end:decoder-block]


# --8<-- [start:encoder-decoder]
def decode(
    target: np.ndarray,
    memory: np.ndarray,
    params: dict,
    H: int,
    memory_mask: np.ndarray | None = None,
) -> tuple[np.ndarray, list[dict]]:
    """Logits (..., T, V) for the token after each of `target`, given the memory."""
    Y, caches = place(target, params["E"]), []
    for p in params["decoder"]:
        mask = causal_mask(target.shape[-1])
        Y, cache = decoder_block(Y, memory, p, H, mask, memory_mask)
        caches.append(cache)
    return Y @ params["E"].T, caches


def encoder_decoder(
    source: np.ndarray,
    target: np.ndarray,
    params: dict,
    H: int,
    source_mask: np.ndarray | None = None,
) -> tuple[np.ndarray, list[dict]]:
    """The transformer of 2017: source (..., S), target (..., T), logits (..., T, V).

    `source_mask` hides padding in the source, for both stacks.
    """
    memory, _ = encoder(source, params, H, source_mask)
    return decode(target, memory, params, H, source_mask)


# --8<-- [end:encoder-decoder]


# --8<-- [start:new-transformer]
def new_transformer(V: int, D: int, F: int, L: int, rng: np.random.Generator) -> dict:
    """Random parameters, spread 1/√D: L blocks in each stack, one embedding."""
    spread = D**-0.5
    params = {"E": rng.normal(0, spread, size=(V, D))}
    for name in ("encoder", "decoder"):
        params[name] = [new_block(D, F, rng, spread) for _ in range(L)]
    for p in params["decoder"]:
        cross = {"gamma": np.ones(D), "beta": np.zeros(D)}
        for letter in "qkvo":
            cross[f"W_{letter}"] = rng.normal(0, spread, size=(D, D))
            cross[f"b_{letter}"] = np.zeros(D)
        p["cross"] = cross
    return params


# --8<-- [end:new-transformer]


# --8<-- [start:transformer-parameters]
def transformer_parameters(V: int, D: int, F: int, L: int) -> dict[str, int]:
    """Numbers in the transformer of 2017, by part (eq:transformer-parameters)."""
    attention, norm = 4 * (D * D + D), 2 * D
    network = D * F + F + F * D + D
    return {
        "embedding": V * D,
        "encoder": L * (attention + network + 2 * norm),
        "decoder": L * (2 * attention + network + 3 * norm),
    }


# --8<-- [end:transformer-parameters]


# --8<-- [start:corrupt]
def corrupt(
    ids: np.ndarray,
    mask_id: int,
    V: int,
    rng: np.random.Generator,
    share: float = 0.15,
) -> tuple[np.ndarray, np.ndarray]:
    """BERT's exercise: a text with holes, and which places are asked for.

    Of the chosen places 80% show `mask_id`, 10% a random id below V, 10% themselves.
    """
    chosen = rng.random(ids.shape) < share
    dice = rng.random(ids.shape)
    inputs = np.where(chosen & (dice < 0.8), mask_id, ids)
    strangers = rng.integers(0, V, size=ids.shape)
    return np.where(chosen & (dice >= 0.9), strangers, inputs), chosen


def masked_loss(logits: np.ndarray, ids: np.ndarray, chosen: np.ndarray) -> float:
    """Mean cross-entropy of the chosen places alone (eq:hole-loss).

    Raises ValueError where no place is chosen.
    """
    if not chosen.any():
        raise ValueError("masked_loss: no place is chosen, so there is no mean")
    return cross_entropy(logits[chosen], ids[chosen])


# --8<-- [end:corrupt]


# --8<-- [start:noam-rate]
def noam_rate(step: int, D: int, warmup: int) -> float:
    """The learning rate of step 1, 2, …: up in a line, down like 1/√step.

    It is highest at step `warmup` (eq:noam-peak). Raises ValueError for step 0.
    """
    if step < 1:
        raise ValueError(f"noam_rate: steps count from 1, not {step}")
    return D**-0.5 * min(step**-0.5, step * warmup**-1.5)


# --8<-- [end:noam-rate]


# --8<-- [start:smooth-labels]
def smooth_labels(targets: np.ndarray, V: int, eps: float) -> np.ndarray:
    """Targets (...) as distributions (..., V): 1 − ε, and ε for all (eq:smooth).

    Raises ValueError unless 0 ≤ ε < 1.
    """
    if not 0 <= eps < 1:
        raise ValueError(f"smooth_labels: 0 ≤ eps < 1, and not {eps}")
    return (1 - eps) * (np.arange(V) == targets[..., None]) + eps / V


def smoothed_loss(logits: np.ndarray, targets: np.ndarray, eps: float) -> float:
    """Mean cross-entropy of logits (..., V) with smooth labels (eq:smoothed-loss)."""
    q = smooth_labels(targets, logits.shape[-1], eps)
    return float(-(q * log_softmax(logits)).sum(axis=-1).mean())


# --8<-- [end:smooth-labels]
