"""Multi-head attention in PyTorch, equal to nn.MultiheadAttention."""

import torch
import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    """Self- or cross-attention; `heads` must divide the width."""

    def __init__(
        self, width: int, heads: int, bias: bool = True, dropout: float = 0.0
    ):
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} does not divide into {heads} heads")
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, width, bias=bias)
        self.value = nn.Linear(width, width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(
        self,
        x: torch.Tensor,
        memory: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        causal: bool = False,
    ) -> torch.Tensor:
        """(B, T, width) from x, with keys from memory (B, S, width) or from x.

        `mask` is boolean, True = may be looked at: (T, S), or (B, 1, T, S).
        """
        if mask is not None and mask.dim() == 3:
            raise ValueError(
                f"mask {tuple(mask.shape)}: use mask[:, None] for the heads"
            )
        source = x if memory is None else memory
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(x), self.key(source), self.value(source))
        )
        rate = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, mask, rate, causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


@torch.no_grad()
def copy_weights(theirs: nn.MultiheadAttention, ours: MultiHeadAttention) -> None:
    """Copies the weights of an nn.MultiheadAttention into ours."""
    parts = ours.query, ours.key, ours.value
    for part, weight in zip(parts, theirs.in_proj_weight.chunk(3), strict=True):
        part.weight.copy_(weight)
    if theirs.in_proj_bias is not None:
        for part, bias in zip(parts, theirs.in_proj_bias.chunk(3), strict=True):
            part.bias.copy_(bias)
    ours.out.load_state_dict(theirs.out_proj.state_dict())


if __name__ == "__main__":
    torch.manual_seed(42)
    theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    ours = MultiHeadAttention(12, 3)
    copy_weights(theirs, ours)
    x = torch.randn(2, 5, 12)
    forbidden = torch.ones(5, 5, dtype=torch.bool).triu(1)  # theirs: True = forbidden
    expected = theirs(x, x, x, attn_mask=forbidden)[0]
    print("causal flag:", torch.allclose(ours(x, causal=True), expected, atol=1e-6))
    print(
        "mask:       ", torch.allclose(ours(x, mask=~forbidden), expected, atol=1e-6)
    )
