"""Language models: the mathematics of chapter 12.

A language model gives the next token a probability, from the tokens before it. `ids`
(T,) are the tokens of a text, numbers below V. An n-gram model looks at the last
n − 1 of them and at counts. All logarithms are natural; losses are means over tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from foundations.forward import softmax
from foundations.losses import cross_entropy
from foundations.text import check_ids, embed_backward


# --8<-- [start:ngram-counts]
def ngram_counts(ids: np.ndarray, n: int, V: int) -> np.ndarray:
    """How often each run of n tokens stands in `ids` (T,): a table (V, …, V)."""
    ids = check_ids(ids, V)
    counts = np.zeros((V,) * n)
    runs = max(len(ids) - n + 1, 0)
    np.add.at(counts, tuple(ids[k : runs + k] for k in range(n)), 1)
    return counts


# --8<-- [end:ngram-counts]


# --8<-- [start:bigram-model]
def bigram_model(ids: np.ndarray, V: int, alpha: float = 0.0) -> np.ndarray:
    """Row h holds the probabilities of the token after h: (V, V) (eq:add-alpha).

    `alpha` is added to every count. Raises ValueError where a row would be 0 / 0.
    """
    counts = ngram_counts(ids, 2, V) + alpha
    totals = counts.sum(axis=1, keepdims=True)  # (V, 1)
    if not totals.all():
        row = int(np.argmin(totals))
        raise ValueError(f"bigram_model: nothing follows token {row}: alpha > 0")
    return counts / totals


# --8<-- [end:bigram-model]


# --8<-- [start:split]
def split(ids: np.ndarray, fraction: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """The first `fraction` of a text, to learn from, and the rest, held out."""
    if not 0 < fraction < 1:
        raise ValueError(f"split: a fraction between 0 and 1, not {fraction}")
    cut = int(len(ids) * fraction)
    return ids[:cut], ids[cut:]


# --8<-- [end:split]


# --8<-- [start:ngram-numbers]
def ngram_numbers(ids: np.ndarray, n: int, V: int) -> np.ndarray:
    """Each run of n tokens as one number in base V: (T,) gives (T − n + 1,).

    number // V is the run without its last token. Raises ValueError where V**n does
    not fit into 63 bits.
    """
    if V**n >= 2**63:
        raise ValueError(f"ngram_numbers: {V}**{n} is too large for one number")
    ids = check_ids(ids, V)
    runs = max(len(ids) - n + 1, 0)
    numbers = np.zeros(runs, dtype=np.int64)
    for k in range(n):
        numbers = numbers * V + ids[k : runs + k]
    return numbers


def count(numbers: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """How often each number of `asked` is among `numbers`; shaped like `asked`."""
    ranked = np.sort(numbers)
    ends = np.searchsorted(ranked, asked, side="right")
    return ends - np.searchsorted(ranked, asked, side="left")


# --8<-- [end:ngram-numbers]


# --8<-- [start:smoothed]
def smoothed(
    numbers: np.ndarray, asked: np.ndarray, V: int, alpha: float
) -> np.ndarray:
    """p(last token | the others) of the n-grams `asked` (eq:add-alpha).

    `numbers` are the n-grams to count. A context never seen gives 1 / V, and with
    alpha = 0 it gives 0: such a model has nothing to say.
    """
    seen = count(numbers, asked) + alpha
    total = count(numbers // V, asked // V) + alpha * V
    return np.divide(seen, total, out=np.zeros(np.shape(asked)), where=total > 0)


def ngram_probabilities(
    train: np.ndarray, text: np.ndarray, n: int, V: int, alpha: float = 0.0
) -> np.ndarray:
    """p of each token of `text` (T,) from the n − 1 before it: (T − n + 1,).

    Counted in `train`. The first n − 1 tokens of `text` serve as context alone.
    """
    numbers, asked = (ngram_numbers(ids, n, V) for ids in (train, text))
    return smoothed(numbers, asked, V, alpha)


# --8<-- [end:smoothed]


# --8<-- [start:held-out]
def all_orders(
    train: np.ndarray, held: np.ndarray, orders: list[int], V: int, alpha: float
) -> np.ndarray:
    """p of every token of `held` (T,), one row for each n of `orders`: (n's, T).

    The text goes on where `train` ended, so the first tokens have a context too.
    """
    text = np.concatenate([train, held])
    start = len(train) + 1
    return np.array(
        [ngram_probabilities(train, text[start - n :], n, V, alpha) for n in orders]
    )


# --8<-- [end:held-out]


# --8<-- [start:sample]
def sample(
    row: Callable[[list[int]], np.ndarray],
    start: list[int],
    length: int,
    rng: np.random.Generator,
) -> list[int]:
    """`start` and `length` more tokens, each drawn from row(tokens so far) (V,)."""
    ids = list(start)
    for _ in range(length):
        p = row(ids)
        ids.append(int(rng.choice(len(p), p=p)))
    return ids


# --8<-- [end:sample]


# --8<-- [start:mixture-step]
def mixture_step(weights: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Better weights (K,) of K models that gave the T tokens P (K, T) (eq:em-step).

    The result sums to 1, and the mixture's loss on these tokens never grows.
    """
    shares = weights[:, None] * P
    return (shares / shares.sum(axis=0)).mean(axis=1)


# --8<-- [end:mixture-step]


# --8<-- [start:bits-per-byte]
def bits_per_byte(log_p: np.ndarray, text: str) -> float:
    """What all tokens of `text` cost in bits, over its bytes (eq:bits-per-byte).

    `log_p` holds the natural logarithms of their probabilities.
    """
    return float(-np.sum(log_p) / math.log(2) / len(text.encode("utf-8")))


# --8<-- [end:bits-per-byte]


# --8<-- [start:cross-entropy-backward]
def cross_entropy_backward(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss by the logits (N, V): (P − Y) / N."""
    N = len(targets)
    d_logits = softmax(logits)
    d_logits[np.arange(N), targets] -= 1
    return d_logits / N


# --8<-- [end:cross-entropy-backward]


# --8<-- [start:neural-bigram]
def neural_bigram(W: np.ndarray, ids: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss of the logits W[ids] on a text (T,), and its gradient (V, V).

    Row h of `W` (V, V) holds the logits of the token after h (eq:bigram-logits).
    """
    context, targets = ids[:-1], ids[1:]
    logits = W[context]
    d_logits = cross_entropy_backward(logits, targets)
    return cross_entropy(logits, targets), embed_backward(context, d_logits, len(W))


# --8<-- [end:neural-bigram]


# --8<-- [start:counted-gradient]
def counted_gradient(W: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The gradient of `neural_bigram` from the pair counts (V, V) (eq:d-bigram)."""
    totals = counts.sum(axis=1, keepdims=True)
    return (totals * softmax(W) - counts) / counts.sum()


# --8<-- [end:counted-gradient]


# --8<-- [start:neural-ngram]
def new_neural_ngram(
    V: int, D: int, M: int, n: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """E (V, D), W1 ((n − 1) D, M), b1 (M,), W2 (M, V), b2 (V,)."""
    wide = (n - 1) * D
    return {
        "E": rng.normal(size=(V, D)),
        "W1": rng.normal(size=(wide, M)) / math.sqrt(wide),
        "b1": np.zeros(M),
        "W2": 0.1 * rng.normal(size=(M, V)) / math.sqrt(M),
        "b2": np.zeros(V),
    }


def neural_ngram(
    windows: np.ndarray, p: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Logits (B, V) after the contexts `windows` (B, n − 1) (eq:neural-ngram)."""
    B = len(windows)
    X = p["E"][check_ids(windows, len(p["E"]))].reshape(B, -1)  # side by side
    H = np.tanh(X @ p["W1"] + p["b1"])
    return H @ p["W2"] + p["b2"], {"windows": windows, "X": X, "H": H}


# --8<-- [end:neural-ngram]


# --8<-- [start:neural-ngram-backward]
def neural_ngram_backward(
    d_logits: np.ndarray, cache: dict[str, np.ndarray], p: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The gradient of every parameter, from that of the logits (B, V)."""
    X, H, windows = cache["X"], cache["H"], cache["windows"]
    d_Z = d_logits @ p["W2"].T * (1 - H**2)
    d_X = (d_Z @ p["W1"].T).reshape(*windows.shape, -1)
    return {
        "E": embed_backward(windows, d_X, len(p["E"])),
        "W1": X.T @ d_Z,
        "b1": d_Z.sum(axis=0),
        "W2": H.T @ d_logits,
        "b2": d_logits.sum(axis=0),
    }


# --8<-- [end:neural-ngram-backward]
