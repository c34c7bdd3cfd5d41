"""Draw class numbers from logits at a temperature, in NumPy."""

import numpy as np


def sample(
    logits: np.ndarray, temperature: float, rng: np.random.Generator
) -> np.ndarray:
    """One class number for each row of `logits` (…, k): an array of shape (…).

    Class k is drawn with the probability softmax(logits / temperature)[k]; at the
    temperature 0 the highest logit wins (the first of several). A logit of −∞ is
    never drawn. Raises ValueError for a negative temperature, and where the largest
    logit of a row is not finite.
    """
    logits = np.asarray(logits, dtype=np.float64)
    top = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("sample: each row needs a largest logit that is finite")
    if temperature < 0:
        raise ValueError(f"sample: a temperature is 0 or more, not {temperature}")
    if temperature == 0:
        return logits.argmax(axis=-1)
    # The largest of score + Gumbel noise falls on each class with its probability.
    with np.errstate(over="ignore"):  # a tiny temperature may give −∞: never drawn
        scores = (logits - top) / temperature
    return (scores + rng.gumbel(size=logits.shape)).argmax(axis=-1)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    logits = np.tile([2.0, 1.0, 0.0], (10_000, 1))
    for temperature in (0, 0.5, 1, 5):
        drawn = sample(logits, temperature, rng)
        shares = np.bincount(drawn, minlength=3) / len(drawn)
        print(f"T = {temperature:<4}", shares.round(2))
