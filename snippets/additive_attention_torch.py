"""Additive (Bahdanau) attention as a PyTorch layer, with padding hidden."""

import torch
from torch import nn


class AdditiveAttention(nn.Module):
    """Scores v · tanh(W_q q + W_k k), a softmax over the keys, a mean of the values.

    Queries (B, T, d_q) and keys (B, n, d_k) may differ in width.
    """

    def __init__(self, d_q: int, d_k: int, hidden: int):
        super().__init__()
        self.W_q = nn.Linear(d_q, hidden, bias=False)
        self.W_k = nn.Linear(d_k, hidden)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(
        self,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        keep: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs (B, T, d_v) and weights (B, T, n).

        `keep` (B, n), boolean, is True for the keys that are real. A sequence with no
        real key gets zeros.
        """
        hidden = self.W_q(query)[:, :, None] + self.W_k(keys)[:, None]
        scores = self.v(torch.tanh(hidden))[..., 0]
        if keep is None:
            weights = scores.softmax(dim=-1)
        else:
            if keep.dtype != torch.bool or keep.shape != keys.shape[:2]:
                want = tuple(keys.shape[:2])
                raise ValueError(f"keep: booleans {want}, not {tuple(keep.shape)}")
            lowest = torch.finfo(scores.dtype).min  # not −∞: no NaN, no NaN gradient
            scores = scores.masked_fill(~keep[:, None], lowest)
            weights = scores.softmax(dim=-1) * keep[:, None]
        return weights @ values, weights


if __name__ == "__main__":
    torch.manual_seed(42)
    layer = AdditiveAttention(d_q=3, d_k=4, hidden=5)
    states, keep = torch.randn(2, 6, 4), torch.arange(6) < torch.tensor([[6], [2]])
    out, weights = layer(torch.randn(2, 3, 3), states, states, keep)
    print(tuple(out.shape), tuple(weights.shape))
    print("weights of padding:", weights[1, :, 2:].sum().item())
