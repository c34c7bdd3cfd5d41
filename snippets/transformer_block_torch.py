"""A transformer block of today in PyTorch: RMSNorm, attention, SwiGLU, no biases."""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Adds attention and a gated network to x (batch, tokens, d); causal by default.

    Put one more RMSNorm after the last block of a stack. Positions are not its
    business: add them before the first block, or rotate queries and keys.
    """

    def __init__(self, d: int, heads: int, hidden: int, dropout: float = 0.0):
        super().__init__()
        if d % heads:
            raise ValueError(f"Block: {heads} heads do not divide a width of {d}")
        self.heads, self.dropout = heads, dropout
        self.norm1, self.norm2 = nn.RMSNorm(d, eps=1e-6), nn.RMSNorm(d, eps=1e-6)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.out = nn.Linear(d, d, bias=False)
        self.gate_up = nn.Linear(d, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, d, bias=False)

    def forward(self, x: torch.Tensor, causal: bool = True) -> torch.Tensor:
        x = x + self._drop(self._attend(self.norm1(x), causal))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, dim=-1)
        return x + self._drop(self.down(F.silu(gate) * up))

    def _attend(self, x: torch.Tensor, causal: bool) -> torch.Tensor:
        heads = self.qkv(x).unflatten(-1, (3, self.heads, -1))  # q, k, v
        q, k, v = heads.permute(
            2, 0, 3, 1, 4
        )  # each (batch, heads, tokens, d / heads)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(y.transpose(1, 2).flatten(-2))

    def _drop(self, y: torch.Tensor) -> torch.Tensor:
        return F.dropout(y, self.dropout, self.training)


def scale_writers(blocks: list[Block]) -> None:
    """GPT-2's start: what writes into the stream is divided by √(2 · blocks)."""
    with torch.no_grad():
        for block in blocks:
            for layer in (block.out, block.down):
                layer.weight /= (2 * len(blocks)) ** 0.5


if __name__ == "__main__":
    torch.manual_seed(0)
    blocks = [Block(d=64, heads=4, hidden=192) for _ in range(6)]
    scale_writers(blocks)
    x = torch.randn(2, 10, 64)
    y = nn.Sequential(*blocks)(x)
    print("parameters of a block", sum(p.numel() for p in blocks[0].parameters()))
    print("result", tuple(y.shape), f"RMS {y.pow(2).mean().sqrt():.1f}")
