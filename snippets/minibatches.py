"""Shuffled mini-batches of arrays whose rows belong together, in NumPy."""

from collections.abc import Iterator

import numpy as np


def minibatches(
    *arrays: np.ndarray,
    size: int,
    rng: np.random.Generator,
    drop_last: bool = False,
) -> Iterator[tuple[np.ndarray, ...]]:
    """One epoch: tuples of `size` rows of every array, in one random order for all.

    The last batch may be smaller; `drop_last` leaves such a one out. Raises
    ValueError for a size below 1, or where the arrays' lengths differ.
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise ValueError(f"minibatches: arrays of one length, not {sorted(lengths)}")
    if size < 1:
        raise ValueError(f"minibatches: size is {size}, and must be at least 1")
    order = rng.permutation(lengths.pop())
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        if drop_last and len(rows) < size:
            return
        yield tuple(array[rows] for array in arrays)


if __name__ == "__main__":
    X, y = np.arange(10).reshape(5, 2), np.array([0, 1, 2, 3, 4])
    rng = np.random.default_rng(42)
    for epoch in range(2):
        for X_batch, y_batch in minibatches(X, y, size=2, rng=rng):
            print(f"epoch {epoch}: y {y_batch}, X {X_batch.tolist()}")
