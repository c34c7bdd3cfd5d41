"""Dropout in NumPy, forward and backward, scaled in training (inverted dropout)."""

import numpy as np


class Dropout:
    """In training, zeroes entries with probability `p`, scales the rest by 1/(1 − p).

    >>> layer = Dropout(0.5, np.random.default_rng(0))
    >>> layer.forward(x, training=True)  # then layer.backward(d_out)
    """

    def __init__(self, p: float, rng: np.random.Generator):
        if not 0 <= p < 1:
            raise ValueError(
                f"Dropout: p is the probability of dropping, 0 ≤ p < 1, not {p}"
            )
        self.p, self.rng, self.mask = p, rng, None

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        """x with some entries dropped, or x itself in evaluation. Any shape."""
        self.mask = None
        if not training or self.p == 0:
            return x
        self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        self.mask = self.mask.astype(x.dtype)  # float32 stays float32
        return x * self.mask

    def backward(self, d_out: np.ndarray) -> np.ndarray:
        """The gradient for x, through the mask of the last forward pass."""
        return d_out if self.mask is None else d_out * self.mask


if __name__ == "__main__":
    layer = Dropout(0.25, np.random.default_rng(42))
    x = np.arange(1.0, 9.0)
    print("training  ", layer.forward(x, training=True).round(2))
    print("backward  ", layer.backward(np.ones(8)).round(2))
    print("evaluation", layer.forward(x, training=False))
    many = np.mean([layer.forward(x, training=True) for _ in range(20_000)], axis=0)
    print("mean      ", many.round(1))
