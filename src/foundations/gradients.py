"""Backward through the transformer by hand: every gradient of chapter 19's decoder.

`d_A` is the gradient of the loss with respect to `A`, and has the shape of `A`.
Shapes: B texts of T tokens, D numbers a token, H heads of width d = D / H. Each
function takes what the forward pass kept (its `cache`); leading axes may be any.
"""

from __future__ import annotations

import math

import numpy as np

from foundations.attention import softmax_backward
from foundations.backpropagation import linear_backward
from foundations.block import feed_forward_backward
from foundations.decoder import gpt, gpt_loss
from foundations.forward import softmax
from foundations.multihead import merge_heads, split_heads
from foundations.normalisation import layer_norm_backward
from foundations.optimisers import Adam, warmup_cosine
from foundations.recurrent import clip_by_norm
from foundations.text import embed_backward


# --8<-- [start:gpt-loss-backward]
def gpt_loss_backward(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """d_logits (..., T, V) of the mean cross-entropy (eq:d-gpt-logits).

    `targets` (..., T). Raises ValueError where their shapes do not fit together.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"gpt_loss_backward: logits {logits.shape} need targets "
            f"{logits.shape[:-1]}, one id a token, not {targets.shape}"
        )
    one_hot = np.arange(logits.shape[-1]) == targets[..., None]
    return (softmax(logits) - one_hot) / targets.size


# --8<-- [end:gpt-loss-backward]


# --8<-- [start:token-linear-backward]
def token_linear_backward(
    d_Y: np.ndarray, X: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chapter 5's layer, every token of every text an example (eq:d-token-weights).

    d_Y (..., d_out) and X (..., d_in) give d_X (..., d_in), d_W and d_b.
    """
    d_in, d_out = W.shape
    rows = d_Y.reshape(-1, d_out)  # all tokens under one another
    d_X, d_W, d_b = linear_backward(rows, X.reshape(-1, d_in), W)
    return d_X.reshape(X.shape), d_W, d_b


# --8<-- [end:token-linear-backward]


# --8<-- [start:attention-backward]
def attention_backward(
    d_O: np.ndarray, cache: dict
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_Q, d_K, d_V of chapter 15's attention, given d_O (..., T, d).

    The cache holds Q, K, V and the weights. Values by eq:d-values, weights by
    eq:d-attention-weights, queries and keys by eq:d-queries and eq:d-keys.
    """
    Q, K, V, A = (cache[name] for name in ("Q", "K", "V", "weights"))
    if d_O.shape != Q.shape[:-1] + V.shape[-1:]:
        raise ValueError(
            f"attention_backward: d_O {d_O.shape} must have the shape of the output, "
            f"{Q.shape[:-1] + V.shape[-1:]}; split the heads first"
        )
    d_V = A.mT @ d_O
    d_A = d_O @ V.mT
    d_S = softmax_backward(d_A, A)
    root = math.sqrt(Q.shape[-1])
    return d_S @ K / root, d_S.mT @ Q / root, d_V


# --8<-- [end:attention-backward]


# --8<-- [start:multi-head-backward]
def multi_head_backward(
    d_Y: np.ndarray, cache: dict, p: dict, H: int
) -> tuple[np.ndarray, np.ndarray, dict]:
    """d_X, d_source and the parameters' gradients, given d_Y (..., T, D).

    X asks, the source is looked at. In self-attention both are one array, whose
    gradient is d_X + d_source (eq:d-three-roles).
    """
    X, source = cache["X"], cache["source"]
    grads = {}
    d_merged, grads["W_o"], grads["b_o"] = token_linear_backward(
        d_Y, cache["merged"], p["W_o"]
    )
    d_heads = attention_backward(split_heads(d_merged, H), cache)
    d_Q, d_K, d_V = (merge_heads(d) for d in d_heads)
    d_X, grads["W_q"], grads["b_q"] = token_linear_backward(d_Q, X, p["W_q"])
    d_k, grads["W_k"], grads["b_k"] = token_linear_backward(d_K, source, p["W_k"])
    d_v, grads["W_v"], grads["b_v"] = token_linear_backward(d_V, source, p["W_v"])
    return d_X, d_k + d_v, grads


# --8<-- [end:multi-head-backward]


# --8<-- [start:block-backward]
def block_backward(
    d_Y: np.ndarray, cache: dict, p: dict, H: int
) -> tuple[np.ndarray, dict]:
    """d_X, shaped like d_Y, and gradients named like `p`, of a pre-LN block."""
    d_N, grads = feed_forward_backward(d_Y, cache["ffn"], p)
    d_branch, d_gamma2, d_beta2 = layer_norm_backward(d_N, cache["norm2"])
    d_M = d_Y + d_branch  # the skip and the branch (eq:d-residual)
    d_x, d_source, more = multi_head_backward(d_M, cache["attention"], p, H)
    d_branch, d_gamma1, d_beta1 = layer_norm_backward(d_x + d_source, cache["norm1"])
    grads |= {"gamma2": d_gamma2, "beta2": d_beta2}
    grads |= {"gamma1": d_gamma1, "beta1": d_beta1}
    return d_M + d_branch, grads | more


# --8<-- [end:block-backward]


# --8<-- [start:gpt-backward]
def gpt_backward(cache: dict, targets: np.ndarray, params: dict, H: int) -> dict:
    """Gradients of the mean cross-entropy, nested and shaped like `params`.

    `cache` comes from `gpt`. E is used twice, so its gradient is a sum (eq:d-tied).
    """
    E, P, ids = params["E"], params["P"], cache["ids"]
    d_logits = gpt_loss_backward(cache["logits"], targets)
    d_Y, d_head, _ = token_linear_backward(d_logits, cache["Y"], E.T)
    d_X, d_gamma, d_beta = layer_norm_backward(d_Y, cache["norm"])
    blocks = []
    for p, kept in zip(reversed(params["blocks"]), reversed(cache["blocks"])):
        d_X, grads = block_backward(d_X, kept, p, H)
        blocks.insert(0, grads)
    d_P, T = np.zeros_like(P), ids.shape[-1]
    d_P[:T] = d_X.reshape(-1, T, d_X.shape[-1]).sum(axis=0)
    d_E = d_head.T + embed_backward(ids, d_X, len(E))
    return {"E": d_E, "P": d_P, "blocks": blocks, "gamma": d_gamma, "beta": d_beta}


# --8<-- [end:gpt-backward]


# --8<-- [start:named]
def named(params: dict) -> dict[str, np.ndarray]:
    """The arrays of a nested dict under flat names such as `blocks.0.W_q`.

    The arrays are the same objects, not copies. Works for gradients as well.
    """
    flat = {}
    for name, value in params.items():
        if isinstance(value, list):
            for i, p in enumerate(value):
                flat |= {f"{name}.{i}.{key}": part for key, part in named(p).items()}
        else:
            flat[name] = value
    return flat


# --8<-- [end:named]


# --8<-- [start:train]
def train(
    params: dict,
    text: np.ndarray,
    H: int,
    steps: int,
    rng: np.random.Generator,
    batch: int = 8,
    rate: float = 1e-2,
) -> list[float]:
    """Adam on random pieces of `text` (n,), ids; changes `params`, gives the losses.

    A piece is as long as the table of positions; its targets lie one place further.
    Raises ValueError for a text that is shorter than that.
    """
    T, losses, slots = len(params["P"]), [], named(params)
    if len(text) <= T:
        raise ValueError(f"train: {len(text)} ids, and one piece needs {T + 1}")
    adam = Adam(list(slots.values()), lr=rate, beta2=0.99)
    for step in range(1, steps + 1):
        starts = rng.integers(0, len(text) - T, size=(batch, 1))
        places = starts + np.arange(T)
        ids, targets = text[places], text[places + 1]
        logits, cache = gpt(ids, params, H)
        losses.append(gpt_loss(logits, targets))
        grads, _ = clip_by_norm(named(gpt_backward(cache, targets, params, H)), 1.0)
        adam.lr = warmup_cosine(step, rate, warmup=20, total=steps, floor=rate / 10)
        adam.step([grads[name] for name in slots])
    return losses


# --8<-- [end:train]
