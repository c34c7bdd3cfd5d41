"""Cross-entropy from logits in NumPy: stable, any leading axes, padding left out."""

import numpy as np


def cross_entropy(
    logits: np.ndarray, targets: np.ndarray, ignore_index: int = -100
) -> float:
    """The mean of −ln p of the true class, in nats, as PyTorch's F.cross_entropy.

    `logits` (…, k) are scores before the softmax, `targets` (…) class numbers.
    Examples with the target `ignore_index` do not count, whatever their logits hold.
    Raises ValueError for shapes that do not fit, for other targets outside 0 … k − 1,
    and where no example counts.
    """
    logits, targets = np.asarray(logits), np.asarray(targets)
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"cross_entropy: logits {logits.shape} need targets {logits.shape[:-1]}, "
            f"not {targets.shape}"
        )
    counts = targets != ignore_index
    scores, classes = logits[counts], targets[counts]
    if len(classes) == 0:
        raise ValueError("cross_entropy: every target is ignored")
    if classes.min() < 0 or classes.max() >= scores.shape[1]:
        raise ValueError(f"cross_entropy: targets go from 0 to {scores.shape[1] - 1}")
    scores = scores - scores.max(axis=1, keepdims=True)
    picked = scores[np.arange(len(classes)), classes]
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - picked))


if __name__ == "__main__":
    logits = np.array([[[2.0, 0.0, 0.0], [0.0, 1000.0, 0.0], [np.nan, 0.0, 0.0]]])
    targets = np.array([[0, 1, -100]])  # one sentence of two words, and padding
    print(f"loss {cross_entropy(logits, targets):.4f}")
    print(f"knowing nothing {cross_entropy(np.zeros((1, 3)), np.array([2])):.4f}")
