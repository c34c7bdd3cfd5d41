"""Losses and probability: the mathematics of chapter 4.

A loss is one number that says how wrong the predictions are. All logarithms are
natural, so a loss is in nats; all losses are means over the examples.
"""

from __future__ import annotations

import math

import numpy as np


# --8<-- [start:mse]
def mse(predicted: np.ndarray, target: np.ndarray) -> float:
    """The mean of the squared differences (eq:mse); both arguments have one shape.

    Raises ValueError where the shapes differ: NumPy would broadcast them.
    """
    if np.shape(predicted) != np.shape(target):
        shapes = f"{np.shape(predicted)} and {np.shape(target)}"
        raise ValueError(f"mse: shapes differ: {shapes}")
    return float(np.mean((predicted - target) ** 2))


# --8<-- [end:mse]


# --8<-- [start:coin-likelihood]
def coin_likelihood(p: float | np.ndarray, flips: np.ndarray) -> float | np.ndarray:
    """How probable the `flips` (n,), zeros and ones, are together (eq:likelihood).

    `p`, a number or an array, is the probability of a one; the result has its shape.
    """
    likelihood = np.ones_like(p)
    for flip in flips:
        likelihood = likelihood * p**flip * (1 - p) ** (1 - flip)
    return likelihood


# --8<-- [end:coin-likelihood]


# --8<-- [start:bce]
def bce(p: np.ndarray, y: np.ndarray) -> float:
    """Binary cross-entropy of probabilities `p`, targets `y` of one shape (eq:bce).

    In nats. Each `p` lies strictly between 0 and 1; otherwise use `bce_logits`.
    """
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


# --8<-- [end:bce]


# --8<-- [start:gaussian-nll]
def gaussian_nll(predicted: np.ndarray, target: np.ndarray, sigma: float) -> float:
    """The mean of −ln density, noise normal, spread `sigma` (eq:gaussian-nll)."""
    constant = math.log(2 * math.pi * sigma**2) / 2
    return mse(predicted, target) / (2 * sigma**2) + constant


# --8<-- [end:gaussian-nll]


# --8<-- [start:logsumexp]
def logsumexp(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """ln Σ e^s along `axis`, which goes away (eq:logsumexp, eq:lse-shift).

    The maximum is subtracted first, so no score overflows. Raises ValueError where
    every score along `axis` is −∞.
    """
    largest = scores.max(axis=axis, keepdims=True)
    if np.isneginf(largest).any():
        raise ValueError("logsumexp: every score is −∞ somewhere: no distribution")
    sums = np.exp(scores - largest).sum(axis=axis)
    return largest.squeeze(axis) + np.log(sums)


# --8<-- [end:logsumexp]


# --8<-- [start:log-softmax]
def log_softmax(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """The logarithms of softmax(scores) along `axis` (eq:log-softmax).

    Shape in = shape out; in nats. A score of −∞ has probability 0, logarithm −∞.
    """
    return scores - np.expand_dims(logsumexp(scores, axis), axis)


# --8<-- [end:log-softmax]


# --8<-- [start:cross-entropy]
def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """The mean of −ln p of the true class, in nats (eq:cross-entropy).

    `logits` (n, C) are scores before the softmax, `targets` (n,) numbers from 0 to
    C − 1. Raises ValueError for others: NumPy would count −1 from the end.
    """
    n, C = logits.shape
    if targets.min() < 0 or targets.max() >= C:
        raise ValueError(f"cross_entropy: targets go from 0 to {C - 1}")
    log_p = log_softmax(logits)  # (n, C)
    return float(-np.mean(log_p[np.arange(n), targets]))


# --8<-- [end:cross-entropy]


# --8<-- [start:bce-logits]
def bce_logits(z: np.ndarray, y: np.ndarray) -> float:
    """Binary cross-entropy of logits `z`, targets `y` of one shape (eq:bce-logits).

    In nats. No exponential overflows, and no logarithm meets a 0.
    """
    return float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))))


# --8<-- [end:bce-logits]


# --8<-- [start:entropy]
def entropy(p: np.ndarray) -> np.ndarray:
    """The mean surprise of distributions along the last axis, in nats (eq:entropy).

    `p` (…, C) gives (…,). A probability of 0 adds 0.
    """
    logs = np.log(np.where(p > 0, p, 1))
    return 0 - (p * logs).sum(axis=-1)  # 0 - x where -x would give −0.0


# --8<-- [end:entropy]


# --8<-- [start:kl]
def kl(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The extra surprise of who believes `q` where `p` is true, in nats (eq:kl).

    Distributions (…, C) along the last axis give (…,): 0 where they are equal, ∞
    where something possible under `p` is impossible under `q`.
    """
    possible = p > 0
    with np.errstate(divide="ignore"):  # ln 0 = −∞ is meant
        logs = np.log(np.where(possible, p, 1)) - np.log(np.where(possible, q, 1))
    return (p * logs).sum(axis=-1)


# --8<-- [end:kl]


# --8<-- [start:perplexity]
def perplexity(log_p: np.ndarray) -> float:
    """e to the mean surprise (eq:perplexity): among how many a model hesitates.

    `log_p` holds the natural logarithms of the probabilities of what really came.
    """
    return float(np.exp(-np.mean(log_p)))


# --8<-- [end:perplexity]
