"""Bits per byte: compare language models that use different tokens."""

import math
from collections.abc import Iterable


def bits_per_byte(log_probs: Iterable[float], text: str) -> float:
    """What the tokens of `text` cost in bits, divided by its bytes in UTF-8.

    `log_probs` holds the natural logarithm of the probability that the model gave to
    each token; together the tokens must be the whole text (special tokens at its end
    count as part of the cost). An impossible token, −∞, gives inf. Raises ValueError
    for an empty text, and for a number above 0 or nan, which is no logarithm of a
    probability.
    """
    logs = [float(log_p) for log_p in log_probs]
    size = len(text.encode("utf-8"))
    if not size:
        raise ValueError("bits_per_byte: the text is empty")
    wrong = [log_p for log_p in logs if not log_p <= 0]  # nan too
    if wrong:
        raise ValueError(
            f"bits_per_byte: {wrong[0]} is no logarithm of a probability"
        )
    return (0 - math.fsum(logs)) / math.log(2) / size


def from_perplexity(perplexity: float, tokens: int, text: str) -> float:
    """The same, from a perplexity per token and how many tokens `text` has."""
    if not perplexity >= 1:
        raise ValueError(f"from_perplexity: 1 or more, not {perplexity}")
    return bits_per_byte([-math.log(perplexity) * tokens], text)


if __name__ == "__main__":
    text = "le café"  # 7 characters, 8 bytes
    letters = [math.log(1 / 4)] * 7  # each of 7 characters has 1/4
    words = [math.log(1 / 64)] * 2  # each of 2 words has 1/64
    print(
        f"characters: perplexity  4, {bits_per_byte(letters, text):.2f} bits per byte"
    )
    print(
        f"words:      perplexity 64, {bits_per_byte(words, text):.2f} bits per byte"
    )
    print(f"from the perplexity: {from_perplexity(64, 2, text):.2f}")
