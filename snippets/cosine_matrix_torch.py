"""Cosines between all rows of two matrices in PyTorch, differentiable."""

import torch


def cosine_matrix(
    x: torch.Tensor, y: torch.Tensor, eps: float = 1e-8
) -> torch.Tensor:
    """Cosines between the rows of `x` (n, d) and of `y` (m, d), shape (n, m).

    A row of zeros gets 0, as in torch.nn.functional.cosine_similarity: no NaN, and no
    NaN gradient.
    """
    x = x / x.norm(dim=-1, keepdim=True).clamp_min(eps)
    y = y / y.norm(dim=-1, keepdim=True).clamp_min(eps)
    return x @ y.T


if __name__ == "__main__":
    x = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    y = torch.tensor([[5.0, 12.0], [4.0, 3.0], [-3.0, -4.0]])
    for row in cosine_matrix(x, y).tolist():
        print("  ".join(f"{cosine:7.4f}" for cosine in row))
