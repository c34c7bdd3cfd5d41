"""The weights of nn.MultiheadAttention as plain NumPy arrays, and back."""

import numpy as np
import torch
from torch import nn


def arrays_of(layer: nn.MultiheadAttention) -> dict[str, np.ndarray]:
    """W_q, W_k, W_v, W_o, used as x @ W, and b_q … b_o, zeros where there is no bias.

    Raises ValueError for a layer with kdim or vdim, bias_k, or add_zero_attn.
    """
    if layer.in_proj_weight is None:
        raise ValueError("arrays_of: a layer with kdim or vdim packs nothing")
    if layer.bias_k is not None or layer.add_zero_attn:
        raise ValueError("arrays_of: add_bias_kv and add_zero_attn add keys")
    width = layer.embed_dim
    arrays = {}
    for i, letter in enumerate("qkv"):
        rows = slice(i * width, (i + 1) * width)  # PyTorch stores transposes: rows
        arrays[f"W_{letter}"] = layer.in_proj_weight[rows].T
        if layer.in_proj_bias is not None:
            arrays[f"b_{letter}"] = layer.in_proj_bias[rows]
    arrays["W_o"] = layer.out_proj.weight.T
    if layer.out_proj.bias is not None:
        arrays["b_o"] = layer.out_proj.bias
    arrays = {name: a.detach().cpu().numpy().copy() for name, a in arrays.items()}
    zeros = np.zeros(width, arrays["W_o"].dtype)
    return {f"b_{letter}": zeros.copy() for letter in "qkvo"} | arrays


@torch.no_grad()
def put_arrays(arrays: dict[str, np.ndarray], layer: nn.MultiheadAttention) -> None:
    """Copies such arrays into a layer with biases: `arrays_of` undone."""
    packed = np.hstack([arrays[f"W_{letter}"] for letter in "qkv"]).T
    layer.in_proj_weight.copy_(torch.tensor(packed))
    biases = np.hstack([arrays[f"b_{letter}"] for letter in "qkv"])
    layer.in_proj_bias.copy_(torch.tensor(biases))
    layer.out_proj.weight.copy_(torch.tensor(arrays["W_o"].T))
    layer.out_proj.bias.copy_(torch.tensor(arrays["b_o"]))


if __name__ == "__main__":
    torch.manual_seed(42)
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    arrays = arrays_of(layer)
    x = torch.randn(1, 4, 8)
    queries = x.numpy() @ arrays["W_q"] + arrays["b_q"]
    theirs = nn.functional.linear(x, layer.in_proj_weight[:8], layer.in_proj_bias[:8])
    print("arrays:", *sorted(arrays))
    print("same queries:", np.allclose(queries, theirs.detach().numpy(), atol=1e-6))
