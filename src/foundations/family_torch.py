"""The transformer of 2017 in PyTorch: chapter 21's model, and weights copied.

Parameters in NumPy's form are the dicts of `foundations.family`. PyTorch's masks say
True where a token may not be looked at.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from foundations.position import sinusoids


# --8<-- [start:translator]
class Translator(nn.Module):
    """Source (B, S) and target (B, T) to logits (B, T, V), as in 2017.

    `scale` multiplies the embeddings, √D by default. Dropout acts on what each branch
    adds and on embeddings plus positions, as in the paper; nn.Transformer's own adds
    two places more.
    """

    def __init__(
        self,
        V: int,
        D: int,
        H: int,
        F: int,
        L: int,
        dropout: float = 0.1,
        scale: float | None = None,
    ):
        super().__init__()
        self.scale = math.sqrt(D) if scale is None else scale
        self.words = nn.Embedding(V, D)
        nn.init.normal_(self.words.weight, std=D**-0.5)
        self.body = nn.Transformer(D, H, L, L, F, dropout, batch_first=True)
        self.body.encoder.norm = self.body.decoder.norm = None  # as in the paper
        self.dropout = nn.Dropout(dropout)

    def place(self, ids: torch.Tensor) -> torch.Tensor:
        X = self.words(ids) * self.scale
        places = torch.tensor(sinusoids(*X.shape[-2:]), dtype=X.dtype)
        return self.dropout(X + places)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        T = target.shape[-1]
        hidden = torch.ones(T, T, dtype=torch.bool).triu(1)  # True: not to be seen
        X, Y = self.place(source), self.place(target)
        return self.body(X, Y, tgt_mask=hidden) @ self.words.weight.T


# --8<-- [end:translator]


# --8<-- [start:greedy]
@torch.no_grad()
def greedy(
    model: Translator, source: torch.Tensor, start: int, steps: int
) -> torch.Tensor:
    """The likeliest token, `steps` times, after `start`: (B, steps)."""
    model.eval()
    target = torch.full((len(source), 1), start)
    for _ in range(steps):
        best = model(source, target)[:, -1].argmax(dim=1)
        target = torch.cat([target, best[:, None]], dim=1)
    return target[:, 1:]


# --8<-- [end:greedy]


# --8<-- [start:copy-weights]
def attention_weights(p: dict, name: str) -> dict[str, np.ndarray]:
    """Our W_q … b_o under PyTorch's names, transposed, the first three in one."""
    return {
        f"{name}.in_proj_weight": np.hstack([p["W_q"], p["W_k"], p["W_v"]]).T,
        f"{name}.in_proj_bias": np.hstack([p["b_q"], p["b_k"], p["b_v"]]),
        f"{name}.out_proj.weight": p["W_o"].T,
        f"{name}.out_proj.bias": p["b_o"],
    }


def block_weights(p: dict) -> dict[str, np.ndarray]:
    """One of our blocks under PyTorch's names; with "cross", one of the decoder's."""
    state = attention_weights(p, "self_attn")
    for i in "12":
        state |= {f"linear{i}.weight": p[f"W{i}"].T, f"linear{i}.bias": p[f"b{i}"]}
    norms = [(p["gamma1"], p["beta1"]), (p["gamma2"], p["beta2"])]
    if "cross" in p:
        state |= attention_weights(p["cross"], "multihead_attn")
        norms.insert(1, (p["cross"]["gamma"], p["cross"]["beta"]))
    for i, (gamma, beta) in enumerate(norms, start=1):
        state |= {f"norm{i}.weight": gamma, f"norm{i}.bias": beta}
    return state


def copy_weights(params: dict, model: Translator) -> None:
    """Gives `model` the numbers of `params`, in the model's own type."""
    state = {"words.weight": params["E"]}
    for name in ("encoder", "decoder"):
        for i, p in enumerate(params[name]):
            named = block_weights(p).items()
            state |= {f"body.{name}.layers.{i}.{key}": array for key, array in named}
    model.load_state_dict({k: torch.tensor(a.copy()) for k, a in state.items()})


# --8<-- [end:copy-weights]
