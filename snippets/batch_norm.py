"""Batch norm in NumPy: forward, backward, running statistics; equal to PyTorch's."""

import numpy as np


class BatchNorm:
    """Normalises each of `d` features over the batch, as torch.nn.BatchNorm1d does.

    `gamma` and `beta` (d,) are the learned factor and shift. The batch is normalised
    with the variance that divides by n; the running variance takes the one that
    divides by n − 1. `momentum` is the weight of the new batch.
    """

    def __init__(self, d: int, momentum: float = 0.1, eps: float = 1e-5):
        self.gamma, self.beta = np.ones(d), np.zeros(d)
        self.running_mean, self.running_var = np.zeros(d), np.ones(d)
        self.momentum, self.eps = momentum, eps

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        """y (n, d) from x (n, d). Raises ValueError for one row in training."""
        if training:
            if len(x) < 2:
                raise ValueError(f"BatchNorm: {len(x)} row has no variance")
            mean, var = x.mean(axis=0), x.var(axis=0)
            unbiased = var * len(x) / (len(x) - 1)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (unbiased - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        self.training, self.root = training, np.sqrt(var + self.eps)
        self.x_hat = (x - mean) / self.root
        return self.gamma * self.x_hat + self.beta

    def backward(self, d_y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """d_x (n, d), d_gamma (d,), d_beta (d,), for the last forward pass."""
        d_gamma, d_beta = (d_y * self.x_hat).sum(axis=0), d_y.sum(axis=0)
        d_x_hat = d_y * self.gamma
        if self.training:  # in evaluation the statistics are constants
            along = (d_x_hat * self.x_hat).mean(axis=0)
            d_x_hat = d_x_hat - d_x_hat.mean(axis=0) - self.x_hat * along
        return d_x_hat / self.root, d_gamma, d_beta


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    norm = BatchNorm(2)
    for _ in range(100):
        y = norm.forward(rng.normal([5, -3], [2, 0.5], size=(32, 2)), training=True)
    print(
        "last batch: mean",
        y.mean(axis=0).round(3) + 0.0,
        "spread",
        y.std(axis=0).round(3),
    )
    print(
        "running:    mean",
        norm.running_mean.round(1),
        "var",
        norm.running_var.round(1),
    )
    print(
        "one row    ", norm.forward(np.array([[7.0, -3.0]]), training=False).round(1)
    )
