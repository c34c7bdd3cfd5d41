"""Chapter 14's network in PyTorch: two GRUs, and attention between them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


# --8<-- [start:seq2seq-torch]
class Seq2Seq(nn.Module):
    """The network of `seq2seq` with attention: V tokens, M units in each cell."""

    def __init__(self, V: int, M: int):
        super().__init__()
        self.encoder = nn.GRU(V, M, batch_first=True)
        self.decoder = nn.GRU(V, M, batch_first=True)
        self.W_a = nn.Linear(M, M, bias=False)
        self.head = nn.Linear(2 * M, V)  # W_s and W_c, one above the other

    def forward(self, source, keep, given):
        """Logits (B, T, V); `source` and `keep` are (B, T_s), `given` is (B, T)."""
        V, dtype = self.head.out_features, self.head.weight.dtype
        inputs = F.one_hot(source, V).to(dtype)
        sizes = keep.sum(dim=1)
        packed = pack_padded_sequence(inputs, sizes, True, enforce_sorted=False)
        states, last = self.encoder(packed)
        H, _ = pad_packed_sequence(states, True, total_length=source.shape[1])
        S, _ = self.decoder(F.one_hot(given, V).to(dtype), last)
        query, mask = self.W_a(S), keep[:, None, :]
        C = F.scaled_dot_product_attention(query, H, H, attn_mask=mask, scale=1.0)
        return self.head(torch.cat([S, C], dim=-1))


# --8<-- [end:seq2seq-torch]


# --8<-- [start:seq2seq-names]
def torch_names(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Our parameters, or gradients, under PyTorch's names and in its shapes.

    Of PyTorch's second bias only the last third says anything new, our b_n (chapter
    13); the rest stays 0.
    """
    named = {"W_a.weight": p["W_a"].T, "head.bias": p["b_y"][0]}
    named["head.weight"] = np.concatenate([p["W_s"], p["W_c"]]).T
    for cell in ("encoder", "decoder"):
        b, b_n = p[f"{cell}.b"], p[f"{cell}.b_n"]
        named[f"{cell}.weight_ih_l0"] = p[f"{cell}.W_x"].T
        named[f"{cell}.weight_hh_l0"] = p[f"{cell}.W_h"].T
        named[f"{cell}.bias_ih_l0"] = b
        named[f"{cell}.bias_hh_l0"] = np.concatenate([np.zeros(2 * len(b_n)), b_n])
    return named


# --8<-- [end:seq2seq-names]
