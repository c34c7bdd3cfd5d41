"""Does a language model look ahead? Change a token, compare what came before."""

from collections.abc import Callable

import numpy as np


def first_leak(
    model: Callable, ids: np.ndarray, vocabulary: int, tolerance: float = 0.0
) -> tuple[int, int] | None:
    """(place, token): the first place whose outputs see that later token; else None.

    `model` maps ids (T,) to outputs (T, ...), without dropout. Each token is replaced
    by the next id. The comparison is exact; on a GPU a `tolerance` may be needed.
    Raises ValueError where the text is too short to tell, or ids are out of range.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) < 2 or vocabulary < 2:
        raise ValueError(
            "first_leak: needs ids (T,), two or more, of two or more words"
        )
    if ids.min() < 0 or ids.max() >= vocabulary:
        raise ValueError(f"first_leak: ids go from 0 to {vocabulary - 1}")
    before = np.asarray(model(ids.copy()))
    for token in range(1, len(ids)):
        altered = ids.copy()
        altered[token] = (ids[token] + 1) % vocabulary
        moved = np.abs(np.asarray(model(altered))[:token] - before[:token])
        places = np.flatnonzero(moved.reshape(token, -1).max(axis=1) > tolerance)
        if places.size:
            return int(places[0]), token
    return None


if __name__ == "__main__":
    table = np.random.default_rng(42).normal(size=(10, 10))

    def averages_the_past(ids):
        return np.cumsum(table[ids], axis=0) / np.arange(1, len(ids) + 1)[:, None]

    def averages_all(ids):
        return table[ids] - table[ids].mean(axis=0)  # a norm over the wrong axis

    ids = np.array([3, 1, 4, 1, 5])
    print(first_leak(averages_the_past, ids, vocabulary=10))
    print(first_leak(averages_all, ids, vocabulary=10))
