"""An n-gram model with smoothing: count tokens, give probabilities, write text."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence


class NgramModel:
    """Predicts a token from the n − 1 before it, and falls back on shorter contexts.

    Each context keeps `discount` of every count that is not 0 for the shorter context
    below it; below the empty context all tokens are equally likely. So every token of
    the vocabulary has a probability above 0, and those of one context sum to 1.
    """

    def __init__(self, n: int, discount: float = 0.75):
        if n < 1 or not 0 < discount < 1:
            raise ValueError(f"NgramModel: n >= 1, 0 < discount < 1: {n}, {discount}")
        self.n, self.discount = n, discount
        self.counts = defaultdict(Counter)
        self.vocabulary = {}  # a dict keeps its order, so samples can be repeated

    def learn(self, tokens: Sequence[Hashable]) -> None:
        """Counts one document; no pair is counted across the border of two."""
        self.vocabulary.update(dict.fromkeys(tokens))
        for end, token in enumerate(tokens):
            for length in range(min(self.n - 1, end) + 1):
                self.counts[tuple(tokens[end - length : end])][token] += 1

    def probability(self, token: Hashable, before: Sequence[Hashable] = ()) -> float:
        """p(token | the last n − 1 tokens of `before`); 0 for an unknown token."""
        if token not in self.vocabulary:
            return 0.0
        context = tuple(before[max(len(before) - self.n + 1, 0) :])
        p = 1 / len(self.vocabulary)
        for length in range(len(context) + 1):
            seen = self.counts.get(context[len(context) - length :])
            if seen:  # else the shorter context has the only word
                kept = max(seen[token] - self.discount, 0)
                p = (kept + self.discount * len(seen) * p) / seen.total()
        return p

    def loss(self, tokens: Sequence[Hashable]) -> float:
        """The mean of −ln p over the tokens, in nats; inf where one is unknown."""
        ps = [self.probability(token, tokens[:t]) for t, token in enumerate(tokens)]
        if not ps:
            raise ValueError("loss: no tokens")
        return math.inf if min(ps) == 0 else -math.fsum(map(math.log, ps)) / len(ps)

    def write(self, start: Sequence[Hashable], length: int, seed: int) -> list:
        """`start` and `length` more tokens, drawn with a generator of its own."""
        if not self.vocabulary:
            raise ValueError("write: nothing is learned yet")
        draw, tokens = random.Random(seed), list(start)
        for _ in range(length):
            weights = [self.probability(token, tokens) for token in self.vocabulary]
            tokens += draw.choices(list(self.vocabulary), weights)
        return tokens


if __name__ == "__main__":
    model = NgramModel(3)
    for line in ("the cat saw the dog .", "the dog ran .", "the dog saw the bird ."):
        model.learn(line.split())
    for after in ("the dog", "a dog"):
        ps = {word: model.probability(word, after.split()) for word in ("saw", "cat")}
        print(after, {word: round(p, 3) for word, p in ps.items()})
    print("perplexity", round(math.exp(model.loss(["the", "cat", "ran", "."])), 2))
    print(*model.write(["the"], 9, seed=1))
