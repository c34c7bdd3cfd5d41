"""Binary cross-entropy from logits, and its gradient, without overflow, in NumPy."""

import numpy as np


def bce_with_logits(
    logits: np.ndarray, targets: np.ndarray
) -> tuple[float, np.ndarray]:
    """The mean binary cross-entropy in nats, and its gradient by the logits.

    Both arguments have one shape; targets lie from 0 to 1. The gradient, shaped like
    the logits, is (sigmoid(logits) − targets) / how many there are. Raises ValueError
    where the shapes differ: (n,) and (n, 1) would broadcast to a wrong mean.
    """
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if z.shape != y.shape:
        raise ValueError(f"bce_with_logits: shapes differ: {z.shape} and {y.shape}")
    if y.min() < 0 or y.max() > 1:
        raise ValueError("bce_with_logits: targets lie from 0 to 1")
    e = np.exp(-np.abs(z))  # never above 1
    loss = np.maximum(z, 0) - z * y + np.log1p(e)
    p = np.where(z >= 0, 1, e) / (1 + e)
    return float(loss.mean()), (p - y) / y.size


if __name__ == "__main__":
    loss, gradient = bce_with_logits([-2.0, 0.5, 3.0], [0.0, 1.0, 0.0])
    print(f"loss {loss:.4f}   gradient {gradient.round(4)}")
    loss, gradient = bce_with_logits([1e4, -1e4], [0.0, 0.0])
    print(f"loss {loss:.0f}   gradient {gradient}")
