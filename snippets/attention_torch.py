"""Scaled dot-product attention in PyTorch, written out, and its weights with it.

torch.nn.functional.scaled_dot_product_attention is faster but keeps the weights to
itself. Same masks here: boolean, True where a query may look at a key.
"""

import math

import torch


def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The outputs (..., T_q, d_v) and the weights (..., T_q, T_k).

    A query that may look at nothing gets zeros, and so do all gradients through it.
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        if mask.dtype != torch.bool:
            raise ValueError(f"attention: a mask of {mask.dtype}; give booleans")
        empty = ~mask.any(dim=-1, keepdim=True)
        # An empty row is softmaxed unmasked, then cleared: no NaN either way.
        weights = scores.masked_fill(~(mask | empty), -torch.inf).softmax(dim=-1)
        weights = weights.masked_fill(empty, 0)
    return weights @ value, weights


if __name__ == "__main__":
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 5, 8)
    mask = torch.ones(5, 5, dtype=torch.bool).tril()
    out, weights = attention(query, key, value, mask)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask
    )
    print("equal to PyTorch's:", torch.allclose(out, theirs, atol=1e-6))
    print("largest weight on the future:", weights.triu(1).max().item())
