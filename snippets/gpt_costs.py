"""What a GPT costs, from its sizes: parameters, FLOPs, and bytes of activations."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """GPT-2's architecture: biases everywhere, learned positions, tied head."""

    vocabulary: int
    length: int
    width: int
    heads: int
    layers: int
    hidden: int = 0  # of the feed-forward layer; 0 means four times the width

    @property
    def ffn(self) -> int:
        return self.hidden or 4 * self.width

    def parameters(self, tied: bool = True) -> int:
        """All of them; without tying, the head is a second matrix."""
        D, F = self.width, self.ffn
        block = 4 * (D * D + D) + (D * F + F) + (F * D + D) + 4 * D
        tables = ((1 if tied else 2) * self.vocabulary + self.length) * D
        return tables + self.layers * block + 2 * D

    def flops(self, tokens: int, skip_masked: bool = False) -> int:
        """Of one forward pass over one text, matrix products only; 2 per product.

        `skip_masked`: attention leaves out the scores that the causal mask hides.
        Training costs three times this, as backward is two forwards.
        """
        D, pairs = self.width, tokens * tokens
        if skip_masked:
            pairs = tokens * (tokens + 1) // 2
        block = 8 * tokens * D * D + 4 * pairs * D + 4 * tokens * D * self.ffn
        return self.layers * block + 2 * tokens * D * self.vocabulary

    def activation_bytes(self, batch: int, tokens: int, bytes_each: int = 4) -> int:
        """What a plain implementation keeps for backward, weights of attention too.

        Per token and block: ten rows of `width`, two of `ffn`, a row per head.
        """
        block = 10 * self.width + 2 * self.ffn + self.heads * tokens
        per_token = self.layers * block + 2 * self.width + self.vocabulary
        return batch * tokens * per_token * bytes_each


if __name__ == "__main__":
    gpt2 = Sizes(vocabulary=50257, length=1024, width=768, heads=12, layers=12)
    print(f"parameters  {gpt2.parameters():>15,}")
    print(f"untied head {gpt2.parameters(tied=False):>15,}")
    print(f"FLOPs       {gpt2.flops(1024):>15,}")
    print(f"causal half {gpt2.flops(1024, skip_masked=True):>15,}")
    print(f"bytes       {gpt2.activation_bytes(batch=1, tokens=1024):>15,}")
