"""A small GPT in PyTorch that trains, in one file: GPT-2's shape, tied head."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        """x (B, T, width); a head's queries, keys and values are (B, heads, T, d)."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    """Logits (B, T, vocabulary) from ids (B, T), with T at most `length`."""

    def __init__(
        self, vocabulary: int, length: int, width: int, heads: int, layers: int
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"GPT: {heads} heads do not divide a width of {width}")
        self.words, self.places = (
            nn.Embedding(n, width) for n in (vocabulary, length)
        )
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif p.ndim == 2:  # matrices; the gains of the norms stay 1
                branch = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(
                    p, std=0.02 / math.sqrt(2 * layers) if branch else 0.02
                )

    def forward(self, ids):
        if ids.shape[1] > self.places.num_embeddings:
            raise ValueError(f"GPT: {ids.shape[1]} tokens do not fit the positions")
        x = self.words(ids) + self.places(
            torch.arange(ids.shape[1], device=ids.device)
        )
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.words.weight.T

    def loss(self, ids):
        """Mean cross-entropy of each token after the first."""
        return F.cross_entropy(self(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())

    @torch.no_grad()
    def continue_greedily(self, ids, steps: int):
        """`ids` (B, T) with the likeliest `steps` tokens after them."""
        for _ in range(steps):
            logits = self(ids[:, -self.places.num_embeddings :])
            ids = torch.cat([ids, logits[:, -1:].argmax(dim=-1)], dim=1)
        return ids


def train(model: GPT, text: torch.Tensor, steps: int, lr: float = 1e-2) -> float:
    """Steps of AdamW on random windows of `text` (n,); the last loss."""
    length = model.places.num_embeddings
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    for _ in range(steps):
        starts = torch.randint(len(text) - length, (8, 1))
        loss = model.loss(text[starts + torch.arange(length + 1)])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return loss.item()


if __name__ == "__main__":
    torch.manual_seed(42)
    rhyme = "the cat sat on the mat. " * 12
    characters = sorted(set(rhyme))
    ids = torch.tensor([characters.index(c) for c in rhyme])
    model = GPT(len(characters), length=24, width=32, heads=4, layers=2)
    print(f"first loss {model.loss(ids[None, :25]).item():.1f}")
    print("last loss below 0.2:", train(model, ids, steps=100) < 0.2)
    written = model.continue_greedily(ids[None, :8], steps=39)[0]
    print("".join(characters[i] for i in written))
