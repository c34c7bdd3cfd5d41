"""The book's own models against PyTorch's, on one thread each: `python -m press.bench_models`.

`make bench` runs it in a process of its own, with the threads of NumPy and PyTorch fixed at one.
Both sides take turns and medians count; nothing is asserted as a time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from foundations import corpus, decoder, gradients, recurrent, text

ROUNDS = 9
SIZES = dict(V=28, T=64, D=64, H=4, F=256, L=2)
"""The book's model; B = 16 texts at once, float32."""
BATCH = 16


def in_turn(ours: Callable, theirs: Callable, rounds: int = ROUNDS) -> tuple[float, float]:
    """Median seconds of both, run in turn; the first turn warms up and does not count."""
    times = []
    for _ in range(rounds + 1):
        turn = []
        for run in (ours, theirs):
            started = time.perf_counter()
            run()
            turn.append(time.perf_counter() - started)
        times.append(turn)
    return tuple(statistics.median(side) for side in zip(*times[1:], strict=True))


def as_float32(tree):
    """A copy of nested parameters in float32."""
    if isinstance(tree, dict):
        return {name: as_float32(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [as_float32(value) for value in tree]
    return tree.astype(np.float32)


class TorchGPT(nn.Module):
    """The same decoder of PyTorch's own layers: pre-LN, tanh GELU, tied head."""

    def __init__(self, V: int, T: int, D: int, H: int, F: int, L: int):
        super().__init__()
        gelu = partial(nn.functional.gelu, approximate="tanh")
        self.E, self.P = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                D, H, F, dropout=0.0, activation=gelu, batch_first=True, norm_first=True
            )
            for _ in range(L)
        )
        self.norm = nn.LayerNorm(D)
        self.register_buffer("hidden", torch.ones(T, T, dtype=torch.bool).triu(1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        X = self.E(ids) + self.P.weight[: ids.shape[1]]
        for block in self.blocks:
            X = block(X, src_mask=self.hidden, is_causal=True)
        return self.norm(X) @ self.E.weight.T


def gpt() -> dict[str, tuple[float, float]]:
    """Seconds of a forward pass, and of one with the loss and all gradients: ours, PyTorch's."""
    rng = np.random.default_rng(42)
    V, T, H = SIZES["V"], SIZES["T"], SIZES["H"]
    params = as_float32(decoder.new_gpt(**SIZES, rng=rng))
    ids, targets = rng.integers(0, V, size=(2, BATCH, T))
    model = TorchGPT(**SIZES)
    parameters = sum(p.numel() for p in model.parameters())
    assert parameters == decoder.count_parameters(params), "not the same model"
    tensors = torch.tensor(ids), torch.tensor(targets)

    def our_step():
        logits, cache = decoder.gpt(ids, params, H)
        decoder.gpt_loss(logits, targets)
        gradients.gpt_backward(cache, targets, params, H)

    def their_forward():
        with torch.no_grad():
            model(tensors[0])

    def their_step():
        model.zero_grad()
        logits = model(tensors[0])
        nn.functional.cross_entropy(logits.reshape(-1, V), tensors[1].reshape(-1)).backward()

    return {
        "forward": in_turn(lambda: decoder.gpt(ids, params, H), their_forward),
        "forward and backward": in_turn(our_step, their_step),
    }


def cell(kind: str, B: int = 32, T: int = 64, D: int = 64, M: int = 128) -> tuple[float, float]:
    """Seconds of forward and backward through time in float32: ours, PyTorch's."""
    rng = np.random.default_rng(42)
    p = as_float32(recurrent.new_cell(kind, D, M, rng))
    X, d_H = (rng.normal(size=(B, T, k)).astype(np.float32) for k in (D, M))
    h0 = np.zeros((B, M), np.float32)
    start = (h0, h0) if kind == "LSTM" else h0
    forward, backward = getattr(recurrent, kind.lower()), recurrent.BACKWARD[kind]
    theirs = getattr(nn, kind)(D, M, batch_first=True)
    x, d = torch.tensor(X, requires_grad=True), torch.tensor(d_H)

    def our_step():
        _, cache = forward(X, start, p)
        backward(d_H, cache, p)

    def their_step():
        theirs.zero_grad()
        theirs(x)[0].backward(d)

    return in_turn(our_step, their_step)


def bpe(merges: int = 300) -> tuple[float, float]:
    """Seconds of training on the book's second text: kept counts, counted anew each time."""
    quick = partial(text.train_bpe, corpus.OPENINGS, merges)
    slow = partial(text.train_bpe_recount, corpus.OPENINGS, merges)
    assert quick() == slow()
    return in_turn(quick, slow, 3)


def main() -> None:
    torch.set_num_threads(1)

    def line(name: str, pair: tuple[float, float], aim: str = "") -> None:
        ours, theirs = pair
        detail = f"{1e3 * ours:.1f} ms / {1e3 * theirs:.1f} ms"
        print(f"{name:<58}{ours / theirs:8.2f} ×   {aim:<15}{detail}", flush=True)

    for what, pair in gpt().items():
        line(f"our GPT / PyTorch's, {what}", pair, "aim ≤ 3")
    for kind in ("RNN", "LSTM", "GRU"):
        line(f"our {kind} / PyTorch's, forward and backward", cell(kind))
    line("BPE with kept counts / counted anew", bpe())


if __name__ == "__main__":
    main()
