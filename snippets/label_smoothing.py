"""Label-smoothed cross-entropy and its gradient, with padding left out."""

import numpy as np


def smoothed_cross_entropy(
    logits: np.ndarray, targets: np.ndarray, eps: float = 0.1, pad: int | None = None
) -> tuple[float, np.ndarray]:
    """Mean loss in nats, and its gradient, shaped like `logits` (…, V).

    A target gives up `eps`, shared by all V classes, as in PyTorch's
    `F.cross_entropy(label_smoothing=eps)`. Targets (…) equal to `pad` do not count.
    Raises ValueError for other shapes, for targets outside 0 … V − 1 and for an eps
    outside 0 … 1.
    """
    logits, targets = np.asarray(logits), np.asarray(targets)
    V = logits.shape[-1]
    if targets.shape != logits.shape[:-1]:
        raise ValueError(f"targets {targets.shape} do not fit logits {logits.shape}")
    if not 0 <= eps <= 1:
        raise ValueError(f"eps lies between 0 and 1, and is {eps}")
    keep = np.ones(targets.shape, bool) if pad is None else targets != pad
    if ((targets < 0) | (targets >= V))[keep].any():
        raise ValueError(f"targets go from 0 to {V - 1}")
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    true = np.arange(V) == targets[..., None]
    q = ((1 - eps) * true + eps / V).astype(log_p.dtype)
    count = max(int(keep.sum()), 1)
    loss = -(q * log_p).sum(axis=-1)[keep].sum() / count
    gradient = (np.exp(log_p) - q) * keep[..., None] / count
    return float(loss), gradient.astype(log_p.dtype, copy=False)


if __name__ == "__main__":
    logits = np.array([[2.0, 0.5, -1.0], [0.0, 3.0, 0.0], [1.0, 1.0, 1.0]])
    targets = np.array([0, 1, -100])  # the last row is padding
    for eps in (0.0, 0.1):
        loss, gradient = smoothed_cross_entropy(logits, targets, eps, pad=-100)
        print(f"eps {eps}: loss {loss:.4f}")
    print(gradient.round(3))
