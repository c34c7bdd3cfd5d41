"""Loss, bits and perplexity of texts of different lengths, from log-probabilities."""

import math
from collections.abc import Iterable, Sequence


def text_scores(log_probs: Iterable[Sequence[float]]) -> dict[str, float]:
    """Nats and bits per token, and the perplexity, of all texts together.

    Each text is a sequence of natural logarithms of the probabilities that the model
    gave to the tokens that came. Every token counts alike, so a long text counts for
    more than a short one. Raises ValueError where there is no token, and for a
    number above 0 (a probability, perhaps, or the sign turned) or nan.
    """
    tokens = [float(log_p) for text in log_probs for log_p in text]
    if not tokens:
        raise ValueError("text_scores: no tokens")
    wrong = [log_p for log_p in tokens if not log_p <= 0]  # nan too
    if wrong:
        raise ValueError(f"text_scores: {wrong[0]} is no logarithm of a probability")
    nats = 0 - math.fsum(tokens) / len(tokens)
    bits = nats / math.log(2)
    try:
        perplexity = math.exp(nats)
    except OverflowError:
        perplexity = math.inf
    return {"nats": nats, "bits": bits, "perplexity": perplexity}


if __name__ == "__main__":
    texts = [[math.log(0.5), math.log(0.25), math.log(0.125)], [math.log(0.25)]]
    for name, value in text_scores(texts).items():
        print(f"{name:<11}{value:.4f}")
