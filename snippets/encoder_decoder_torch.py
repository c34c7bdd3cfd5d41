"""A small translator in PyTorch: two stacks, shared embedding, greedy writing."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Translator(nn.Module):
    """Source ids (B, S) and target ids (B, T) to logits (B, T, vocabulary).

    Pre-norm, learned positions, one embedding for both texts and the head. Id `pad`
    fills up sources and targets; `start` is what a target begins with.
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        dropout: float = 0.0,
        pad: int = 0,
        start: int = 1,
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"Translator: {heads} heads do not divide {width}")
        self.pad, self.start = pad, start
        self.words = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(length, width)
        for table in (self.words, self.places):
            nn.init.normal_(table.weight, std=1 / math.sqrt(width))
        sizes = {"dim_feedforward": 4 * width, "dropout": dropout}
        options = sizes | {"batch_first": True, "norm_first": True}
        one = nn.TransformerEncoderLayer(width, heads, **options)
        norm = nn.LayerNorm(width)
        self.encoder = nn.TransformerEncoder(
            one, layers, norm, enable_nested_tensor=False
        )
        two = nn.TransformerDecoderLayer(width, heads, **options)
        self.decoder = nn.TransformerDecoder(two, layers, nn.LayerNorm(width))

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        T = ids.shape[1]
        if self.places.num_embeddings < T:
            raise ValueError(f"Translator: {T} tokens, too long for this model")
        return self.words(ids) + self.places(torch.arange(T, device=ids.device))

    def encode(self, source: torch.Tensor) -> torch.Tensor:
        return self.encoder(
            self.embed(source), src_key_padding_mask=source == self.pad
        )

    def decode(
        self, target: torch.Tensor, memory: torch.Tensor, source: torch.Tensor
    ) -> torch.Tensor:
        T = target.shape[1]
        future = torch.ones(T, T, dtype=torch.bool, device=target.device).triu(1)
        hidden = source == self.pad  # in the memory too
        Y = self.decoder(
            self.embed(target), memory, future, memory_key_padding_mask=hidden
        )
        return Y @ self.words.weight.T

    def loss(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of `target` (B, T), given without the start token."""
        start = torch.full_like(target[:, :1], self.start)
        shown = torch.cat([start, target[:, :-1]], dim=1)  # one place to the right
        logits = self.decode(shown, self.encode(source), source)
        return F.cross_entropy(
            logits.flatten(0, 1), target.flatten(), ignore_index=self.pad
        )

    @torch.no_grad()
    def translate(self, source: torch.Tensor, steps: int) -> torch.Tensor:
        """The likeliest token, `steps` times: (B, steps). The source is read once."""
        was_training = self.training
        self.eval()
        memory = self.encode(source)
        target = torch.full_like(source[:, :1], self.start)
        for _ in range(steps):
            best = self.decode(target, memory, source)[:, -1].argmax(dim=-1)
            target = torch.cat([target, best[:, None]], dim=1)
        self.train(was_training)
        return target[:, 1:]


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Translator(vocabulary=8, length=6, width=32, layers=1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(200):
        source = torch.randint(2, 8, (32, 4))
        optimiser.zero_grad()
        model.loss(source, source.flip(1)).backward()
        optimiser.step()
    source = torch.tensor([[2, 3, 4, 5], [7, 7, 3, 2]])
    print("read   ", source.tolist())
    print("written", model.translate(source, steps=4).tolist())
