"""PyTorch's AdamW with weight decay on matrices, and none on biases and gains."""

import torch
from torch import nn


def adamw_for(
    model: nn.Module, lr: float, weight_decay: float = 0.1, **options
) -> torch.optim.AdamW:
    """AdamW in two groups: parameters of two or more dimensions decay, others do not.

    Frozen parameters are left out, and one that occurs twice counts once. Raises
    ValueError where nothing is left to train. `options` go on to torch.optim.AdamW.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError("adamw_for: no parameter of the model requires a gradient")
    groups = [
        {
            "params": [p for p in trained if p.dim() >= 2],
            "weight_decay": weight_decay,
        },
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=lr, **options)


if __name__ == "__main__":
    model = nn.Sequential(nn.Linear(8, 32), nn.LayerNorm(32), nn.Linear(32, 2))
    for group in adamw_for(model, lr=3e-4).param_groups:
        numbers = sum(p.numel() for p in group["params"])
        print(f"decay {group['weight_decay']}: {numbers} numbers")
