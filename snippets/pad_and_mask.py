"""Token sequences of unequal length as a batch for a decoder, and a loss for it."""

import numpy as np


def decoder_batch(
    rows: list[list[int]], start: int, end: int, fill: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a decoder is given, what it must say, and where both are real: (B, T).

    Each row [a, b] gives the inputs [start, a, b] and the targets [a, b, end]. T is
    one more than the longest row. `fill` stands where `keep` is False.
    """
    if not rows:
        raise ValueError("decoder_batch: no rows")
    keep = np.arange(max(map(len, rows)) + 1) <= np.array([[len(r)] for r in rows])
    given, targets = np.full((2, *keep.shape), fill)
    for i, row in enumerate(rows):
        given[i, : len(row) + 1] = [start, *row]
        targets[i, : len(row) + 1] = [*row, end]
    return given, targets, keep


def masked_loss(
    logits: np.ndarray, targets: np.ndarray, keep: np.ndarray
) -> tuple[float, np.ndarray]:
    """The mean of −ln p over the tokens kept, and its gradient by the logits.

    `logits` (B, T, V); `targets` and boolean `keep` (B, T). What stands in `targets`
    where nothing is kept does not matter, not even −100.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if targets.shape != logits.shape[:2] or keep.shape != targets.shape:
        shapes = logits.shape, targets.shape, keep.shape
        raise ValueError(f"masked_loss: (B, T, V), (B, T), (B, T), not {shapes}")
    V, real = logits.shape[2], targets[keep]
    if len(real) == 0:
        raise ValueError("masked_loss: nothing is kept")
    if real.min() < 0 or real.max() >= V:
        raise ValueError(f"masked_loss: targets go from 0 to {V - 1}")
    scores = logits[keep] - logits[keep].max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    d_logits = np.zeros_like(logits)
    d_logits[keep] = (np.exp(log_p) - np.eye(V)[real]) / len(real)
    return float(-log_p[np.arange(len(real)), real].mean()), d_logits


if __name__ == "__main__":
    given, targets, keep = decoder_batch([[5, 6, 7], [8]], start=1, end=2, fill=0)
    print("given  ", given.tolist())
    print("targets", targets.tolist())
    loss, d_logits = masked_loss(np.zeros((2, 4, 9)), targets, keep)
    print(f"loss {loss:.4f} = ln 9; at padding {np.abs(d_logits[~keep]).max()}")
