"""A whole decoder: GPT-2's architecture in NumPy, and what it costs.

The parameters are a dict: the embedding E (V, D), the table of positions P (T, D), a
list of blocks (chapter 18's dicts), and the last LayerNorm's gamma and beta (D,).
V is the vocabulary, T the longest text, D the width, H the heads, F the width of the
feed-forward layer, L the number of blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from foundations.attention import causal_mask
from foundations.block import block, new_block
from foundations.losses import cross_entropy
from foundations.matrices import matmul_flops
from foundations.normalisation import layer_norm


# --8<-- [start:new-gpt]
def new_gpt(
    V: int, T: int, D: int, H: int, F: int, L: int, rng: np.random.Generator
) -> dict:
    """Random parameters: spread 0.02, and 0.02/√(2L) where a branch ends.

    Biases are 0 and gains 1. Raises ValueError where H does not divide D.
    """
    if D % H:
        raise ValueError(f"new_gpt: {H} heads do not divide a width of {D}")
    E = rng.normal(0, 0.02, size=(V, D))
    P = rng.normal(0, 0.02, size=(T, D))
    blocks = [new_block(D, F, rng, shrink=1 / math.sqrt(2 * L)) for _ in range(L)]
    return {
        "E": E,
        "P": P,
        "blocks": blocks,
        "gamma": np.ones(D),
        "beta": np.zeros(D),
    }


# --8<-- [end:new-gpt]


# --8<-- [start:gpt]
def gpt(ids: np.ndarray, params: dict, H: int) -> tuple[np.ndarray, dict]:
    """Logits (..., T, V) for the token after each of `ids` (..., T) (eq:gpt).

    The cache holds what chapter 20 needs to go back. Raises ValueError for a text
    that is longer than the table of positions, and for ids outside the vocabulary.
    """
    E, P, T = params["E"], params["P"], ids.shape[-1]
    if len(P) < T:
        raise ValueError(f"gpt: {T} tokens, and the table of positions has {len(P)}")
    if ids.min() < 0 or ids.max() >= len(E):
        raise ValueError(f"gpt: ids go from 0 to {len(E) - 1}")
    X, mask, caches = E[ids] + P[:T], causal_mask(T), []
    for p in params["blocks"]:
        X, cache = block(X, p, H, mask)
        caches.append(cache)
    Y, norm = layer_norm(X, params["gamma"], params["beta"])
    logits = Y @ E.T
    return logits, {
        "ids": ids,
        "blocks": caches,
        "norm": norm,
        "Y": Y,
        "logits": logits,
    }


# --8<-- [end:gpt]


# --8<-- [start:gpt-loss]
def gpt_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Mean cross-entropy over all B·T predictions (eq:gpt-loss).

    `logits` (..., T, V); `targets` (..., T): the ids, one place to the left.
    """
    V = logits.shape[-1]
    return cross_entropy(logits.reshape(-1, V), targets.reshape(-1))


# --8<-- [end:gpt-loss]


# --8<-- [start:generate]
def generate(
    ids: np.ndarray, params: dict, H: int, steps: int, choose: Callable
) -> np.ndarray:
    """`ids` (T,) and `steps` more; each step runs the whole model on all so far.

    `choose` gets the logits (V,) of the next token and returns an id. Of a text that
    outgrows the table of positions only the end is read.
    """
    for _ in range(steps):
        logits, _ = gpt(ids[-len(params["P"]) :], params, H)
        ids = np.append(ids, choose(logits[-1]))
    return ids


# --8<-- [end:generate]


# --8<-- [start:arrays]
def arrays(tree: object) -> Iterator[np.ndarray]:
    """Every array in nested dicts, lists and tuples."""
    if isinstance(tree, np.ndarray):
        yield tree
    elif isinstance(tree, dict | list | tuple):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from arrays(part)


# --8<-- [end:arrays]


# --8<-- [start:count-parameters]
def count_parameters(params: object) -> int:
    """How many numbers the arrays in `params` hold together."""
    return sum(array.size for array in arrays(params))


# --8<-- [end:count-parameters]


# --8<-- [start:gpt-parameters]
def gpt_parameters(V: int, T: int, D: int, F: int, L: int) -> int:
    """Parameters of a GPT, by formula (eq:gpt-parameters)."""
    block = 4 * (D * D + D) + D * F + F + F * D + D + 2 * 2 * D
    return V * D + T * D + L * block + 2 * D


# --8<-- [end:gpt-parameters]


# --8<-- [start:counting]
class Counting(np.ndarray):
    """An array that counts: FLOPs of matrix products, and entries of all else.

    Whatever is computed from a counting array is one again, so the count goes on.
    """

    products, others = 0, 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        inputs = [np.asarray(x) if isinstance(x, Counting) else x for x in inputs]
        if out:
            options["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*inputs, **options)
        if ufunc is np.matmul:
            Counting.products += 2 * result.size * inputs[0].shape[-1]
        else:  # a sum along an axis touches every entry that goes in
            Counting.others += np.size(inputs[0] if method == "reduce" else result)
        return np.asarray(result).view(Counting)

    def __array_function__(self, function, types, arguments, options):
        result = super().__array_function__(function, types, arguments, options)
        return np.asarray(result).view(Counting)


# --8<-- [end:counting]


# --8<-- [start:count-flops]
def count_flops(ids: np.ndarray, params: dict, H: int) -> tuple[int, int]:
    """What `gpt` does, counted as it runs: FLOPs in products, entries of all else."""
    Counting.products = Counting.others = 0
    gpt(ids, counting(params), H)
    return Counting.products, Counting.others


def counting(tree: object) -> object:
    """The same nested dicts and lists, with counting arrays in them."""
    if isinstance(tree, dict):
        return {name: counting(part) for name, part in tree.items()}
    if isinstance(tree, list):
        return [counting(part) for part in tree]
    return tree.view(Counting)


# --8<-- [end:count-flops]


# --8<-- [start:gpt-flops]
def gpt_flops(V: int, T: int, D: int, F: int, L: int) -> dict[str, int]:
    """FLOPs of the matrix products in one text's forward pass (eq:gpt-flops)."""
    return {
        "projections": L * 4 * matmul_flops(T, D, D),  # W_q, W_k, W_v and W_o
        "attention": L * 2 * matmul_flops(T, D, T),  # scores, then weights times V
        "feed-forward": L * 2 * matmul_flops(T, D, F),  # up, then down
        "head": matmul_flops(T, D, V),
    }


# --8<-- [end:gpt-flops]


# --8<-- [start:count-bytes]
def count_bytes(cache: object, params: object = ()) -> int:
    """Bytes of memory behind the arrays of a cache, each counted once.

    Two names for the same memory count once, and those for parameters not at all.
    """
    given = {array.ctypes.data for array in arrays(params)}
    kept = {array.ctypes.data: array.nbytes for array in arrays(cache)}
    return sum(size for place, size in kept.items() if place not in given)


# --8<-- [end:count-bytes]


# --8<-- [start:gpt-bytes]
def gpt_bytes(
    B: int, V: int, T: int, D: int, H: int, F: int, L: int, size: int = 4
) -> int:
    """Bytes in the cache of `gpt` for ids (B, T), `size` a number (eq:gpt-bytes)."""
    numbers = L * (10 * D + 2 * F + 2 + H * T) + 2 * D + 1 + V  # for each token
    return B * T * (size * numbers + 8)  # an id has 8 bytes


# --8<-- [end:gpt-bytes]
