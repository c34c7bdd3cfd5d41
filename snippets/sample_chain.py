"""Draw many sequences at once from a table of transition probabilities, in NumPy."""

import numpy as np


def sample_chain(
    table: np.ndarray, starts: np.ndarray, steps: int, rng: np.random.Generator
) -> np.ndarray:
    """Sequences that begin with `starts` (B,) and go on for `steps`: (B, steps + 1).

    Row h of `table` (V, V) holds the probabilities of the state after h; counts do as
    well, since each row is divided by its sum. A state of weight 0 is never drawn.
    Raises ValueError for a negative or infinite weight, for a row whose sum is 0, and
    for starts outside 0 … V − 1.
    """
    table, starts = np.asarray(table, dtype=float), np.asarray(starts)
    V = len(table)
    if table.shape != (V, V):
        raise ValueError(f"sample_chain: a square table, not {table.shape}")
    if not np.isfinite(table).all() or table.min() < 0:
        raise ValueError("sample_chain: weights are finite and 0 or more")
    if not table.sum(axis=1).all():
        row = int(table.sum(axis=1).argmin())
        raise ValueError(f"sample_chain: nothing can follow state {row}")
    if starts.min() < 0 or starts.max() >= V:
        raise ValueError(f"sample_chain: starts go from 0 to {V - 1}")
    ends = np.cumsum(table, axis=1)
    ends /= ends[:, -1:]
    drawn = np.empty((len(starts), steps + 1), dtype=int)
    drawn[:, 0] = starts
    for step in range(steps):
        dice = rng.random((len(starts), 1))  # below 1, and the last end is 1
        drawn[:, step + 1] = (dice >= ends[drawn[:, step]]).sum(axis=1)
    return drawn


if __name__ == "__main__":
    words = ["cat", "dog", "saw", "the", "."]
    counts = np.zeros((5, 5))
    sentence = [4, 3, 0, 2, 3, 1, 4]  # . the cat saw the dog .
    np.add.at(counts, (sentence[:-1], sentence[1:]), 1)
    drawn = sample_chain(counts, np.full(10_000, 4), 8, np.random.default_rng(42))
    for row in drawn[:3]:
        print(*(words[state] for state in row))
    print("dog after the:", round(float(np.mean(drawn[:, 2] == 1)), 2))
