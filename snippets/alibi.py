"""ALiBi, attention's price on distance: for any number of heads, with a cache."""

import numpy as np


def alibi_slopes(heads: int) -> np.ndarray:
    """The slope of each head (heads,): a geometric sequence that ends at 1/256.

    For a number of heads that is no power of two: the slopes of the power below, then
    every second one of the power above, as in the authors' code.
    """
    if heads < 1:
        raise ValueError(f"alibi_slopes: at least one head, not {heads}")
    below = 2 ** (heads.bit_length() - 1)
    slopes = 2.0 ** (-8 * np.arange(1, below + 1) / below)
    between = 2.0 ** (-4 * np.arange(1, 2 * below + 1, 2) / below)
    return np.concatenate([slopes, between[: heads - below]])


def alibi_bias(heads: int, queries: int, keys: int) -> np.ndarray:
    """Add this to scores (..., heads, queries, keys) before the softmax.

    The queries are the last of the keys' places, as when a model writes on with a
    cache. Keys after their query get −∞. Raises ValueError where queries exceed keys.
    """
    if queries > keys:
        raise ValueError(f"alibi_bias: {queries} queries, but only {keys} keys")
    onward = np.arange(keys) - np.arange(keys - queries, keys)[:, None]
    bias = alibi_slopes(heads)[:, None, None] * onward  # (heads, queries, keys)
    return np.where(onward <= 0, bias, -np.inf)


if __name__ == "__main__":
    print("8 heads: ", alibi_slopes(8))
    print("12 heads:", alibi_slopes(12)[8:].round(3), "after those")
    print("one new query, first of 8 heads:", alibi_bias(8, 1, 5)[0, 0])
