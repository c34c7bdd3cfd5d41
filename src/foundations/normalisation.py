"""Batch norm and layer norm, forward and backward: the second half of chapter 9."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from foundations.forward import relu


# --8<-- [start:standardise]
def standardise(
    X: np.ndarray, axis: int, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x − mean) / √(variance + ε) along `axis` (eq:standardise).

    The variance divides by the number of entries. Returns X_hat, shaped like X, and
    the mean and the root, shaped like X with 1 in place of `axis`.
    """
    mean = X.mean(axis=axis, keepdims=True)
    C = X - mean
    root = np.sqrt(np.mean(C**2, axis=axis, keepdims=True) + eps)
    return C / root, mean, root


# --8<-- [end:standardise]


# --8<-- [start:standardise-backward]
def standardise_backward(
    d_X_hat: np.ndarray, X_hat: np.ndarray, root: np.ndarray, axis: int
) -> np.ndarray:
    """d_X, shaped like X_hat, for `standardise` (eq:standardise-backward)."""
    mean = d_X_hat.mean(axis=axis, keepdims=True)
    along = np.mean(d_X_hat * X_hat, axis=axis, keepdims=True)
    return (d_X_hat - mean - X_hat * along) / root


# --8<-- [end:standardise-backward]


# --8<-- [start:batch-norm]
class BatchNorm:
    """Each column by its mean and variance over the batch, then γ, β (eq:norm-gain).

    In training it also keeps running estimates of the mean and the unbiased variance,
    as PyTorch does (eq:running). In evaluation it uses them, and not the batch's.
    """

    def __init__(self, d: int, momentum: float = 0.1, eps: float = 1e-5):
        self.gamma, self.beta = np.ones(d), np.zeros(d)
        self.running_mean, self.running_var = np.zeros(d), np.ones(d)
        self.momentum, self.eps = momentum, eps

    def forward(self, X: np.ndarray, training: bool) -> tuple[np.ndarray, tuple]:
        """Y (n, d) from X (n, d), and a cache. One row in training: ValueError."""
        n, d = X.shape
        if not training:
            root = np.sqrt(self.running_var + self.eps)  # (d,)
            return (X - self.running_mean) / root * self.gamma + self.beta, ()
        if n < 2:
            raise ValueError(f"BatchNorm: a batch of {n} has no variance to train on")
        X_hat, mean, root = standardise(X, axis=0, eps=self.eps)
        unbiased = X.var(axis=0, ddof=1)  # (d,)
        self.running_mean += self.momentum * (mean[0] - self.running_mean)
        self.running_var += self.momentum * (unbiased - self.running_var)
        return X_hat * self.gamma + self.beta, (X_hat, root, self.gamma)


# --8<-- [end:batch-norm]


# --8<-- [start:batch-norm-backward]
def batch_norm_backward(
    d_Y: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_X (n, d), d_gamma (d,), d_beta (d,), in training mode (eq:gain-backward)."""
    X_hat, root, gamma = cache
    d_X = standardise_backward(d_Y * gamma, X_hat, root, axis=0)
    return d_X, (d_Y * X_hat).sum(axis=0), d_Y.sum(axis=0)


# --8<-- [end:batch-norm-backward]


# --8<-- [start:layer-norm]
def layer_norm(
    X: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, tuple]:
    """Each row by its own mean and variance, then γ and β (eq:layer-norm).

    X (..., d), `gamma` and `beta` (d,). Returns Y, shaped like X, and a cache.
    """
    X_hat, _, root = standardise(X, axis=-1, eps=eps)
    return X_hat * gamma + beta, (X_hat, root, gamma)


# --8<-- [end:layer-norm]


# --8<-- [start:layer-norm-backward]
def layer_norm_backward(
    d_Y: np.ndarray, cache: tuple
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_X, shaped like X, and d_gamma and d_beta (d,): sums over all rows."""
    X_hat, root, gamma = cache
    d_X = standardise_backward(d_Y * gamma, X_hat, root, axis=-1)
    rows = tuple(range(d_Y.ndim - 1))
    return d_X, (d_Y * X_hat).sum(axis=rows), d_Y.sum(axis=rows)


# --8<-- [end:layer-norm-backward]


# --8<-- [start:deep-network]
def deep_network(
    sizes: list[int], runs: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Parameters W, b, γ, β of the hidden layers, W, b of the last, for `runs` nets.

    A W is (runs, d_in, d_out) with He's initialisation, the others (runs, 1, d_out).
    """
    params = []
    for d_in, d_out in pairwise(sizes):
        params.append(rng.normal(0, np.sqrt(2 / d_in), size=(runs, d_in, d_out)))
        params.append(np.zeros((runs, 1, d_out)))
        params += [np.ones((runs, 1, d_out)), np.zeros((runs, 1, d_out))]
    return params[:-2]


# --8<-- [end:deep-network]


# --8<-- [start:deep-forward]
def deep_forward(
    X: np.ndarray,
    params: list[np.ndarray],
    axis: int | None,
    trained: list | None = None,
) -> tuple[np.ndarray, list]:
    """Logits (runs, n, 1) of a ReLU network with a norm before each ReLU; a cache.

    `axis` −2 is batch norm, −1 layer norm; None is neither, and leaves out γ and β.
    Batch norm evaluates with the means and roots in `trained`, a training batch's
    cache.
    """
    A, cache = X, []
    for layer in range(len(params) // 4):
        W, b, gamma, beta = params[4 * layer : 4 * layer + 4]
        Z = A @ W + b
        X_hat, mean, root = Z, 0.0, 1.0
        if axis is not None:
            X_hat, mean, root = standardise(Z, axis)
            if trained:
                mean, root = trained[layer][2:]
                X_hat = (Z - mean) / root
            Z = X_hat * gamma + beta
        cache.append((A, X_hat, mean, root))
        A = relu(Z)
    return A @ params[-2] + params[-1], [*cache, A]


# --8<-- [end:deep-forward]


# --8<-- [start:deep-backward]
def deep_backward(
    d_logits: np.ndarray, params: list[np.ndarray], cache: list, axis: int | None
) -> list[np.ndarray]:
    """Gradients in the order and the shapes of `params`."""
    *layers, A = cache
    gradients = [A.mT @ d_logits, d_logits.sum(axis=-2, keepdims=True)]
    d_Z, W = d_logits, params[-2]
    for i in reversed(range(len(layers))):
        d_Z = d_Z @ W.mT * (A > 0)
        W, _, gamma, _ = params[4 * i : 4 * i + 4]
        A, X_hat, _, root = layers[i]
        d_gamma, d_beta = np.zeros_like(gamma), np.zeros_like(gamma)
        if axis is not None:
            d_gamma = (d_Z * X_hat).sum(axis=-2, keepdims=True)
            d_beta = d_Z.sum(axis=-2, keepdims=True)
            d_Z = standardise_backward(d_Z * gamma, X_hat, root, axis)
        d_b = d_Z.sum(axis=-2, keepdims=True)
        gradients = [A.mT @ d_Z, d_b, d_gamma, d_beta, *gradients]
    return gradients


# --8<-- [end:deep-backward]
