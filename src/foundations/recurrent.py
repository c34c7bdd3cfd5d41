"""Recurrent networks: the mathematics of chapter 13.

A batch of sequences `X` has shape (B, T, D): B sequences, T steps, D numbers a step.
A cell with M units gives states `H` (B, T, M). Its parameters stand in a dictionary:
`W_x` (D, kM), `W_h` (M, kM) and `b` (kM,), with k = 1 for the RNN, 4 for the LSTM
(gates i, f, g, o) and 3 for the GRU (r, z, n), which has a `b_n` (M,) too. Many
networks run side by side on a leading axis, of `X` too; biases are then (…, 1, kM).
Inside the functions time is the first axis, so that one index picks one step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from foundations.forward import sigmoid, softmax
from foundations.optimisers import Adam


# --8<-- [start:rnn-scalar]
def rnn_scalar(
    xs: Sequence[float], h: float, w_x: float, w_h: float, b: float
) -> list[float]:
    """One unit that reads one number a step: its state after each (eq:rnn-scalar)."""
    states = []
    for x in xs:
        h = math.tanh(w_x * x + w_h * h + b)
        states.append(h)
    return states


# --8<-- [end:rnn-scalar]


# --8<-- [start:check-sizes]
def check_sizes(
    name: str, X: np.ndarray, h0: np.ndarray, p: dict, gates: int
) -> None:
    """Raises ValueError, with shapes, where the arguments of a cell do not fit."""
    D, M = p["W_x"].shape[-2], p["W_h"].shape[-2]
    if p["W_x"].shape[-1] != gates * M or p["W_h"].shape[-1] != gates * M:
        shapes = f"W_x {p['W_x'].shape} and W_h {p['W_h'].shape}"
        want = f"(D, {gates}M) and (M, {gates}M)"
        raise ValueError(f"{name}: {shapes} are not {want}; PyTorch's are transposed")
    if X.ndim < 3 or X.shape[-1] != D or h0.shape != (*X.shape[:-2], M):
        shapes = f"X {X.shape} and the state {h0.shape}"
        raise ValueError(f"{name}: {shapes} are not (B, T, {D}) and (B, {M})")
    if not X.shape[-2]:
        raise ValueError(f"{name}: X {X.shape} has no step: (B, T, {D}) wants T > 0")


# --8<-- [end:check-sizes]


# --8<-- [start:rnn]
def rnn(X: np.ndarray, h0: np.ndarray, p: dict) -> tuple[np.ndarray, dict]:
    """All states of an RNN with tanh (eq:rnn), for `X` (B, T, D) and `h0` (B, M).

    Returns `H` (B, T, M) and a cache for `rnn_backward`. Raises ValueError where the
    shapes do not fit.
    """
    check_sizes("rnn", X, h0, p, gates=1)
    inputs = np.moveaxis(X, -2, 0)  # time first
    Z = inputs @ p["W_x"] + p["b"]  # what the inputs add, all steps at once
    states = [h0]
    for Z_t in Z:
        states.append(np.tanh(Z_t + states[-1] @ p["W_h"]))
    H = np.stack(states)  # time first, h0 in front
    return np.moveaxis(H[1:], 0, -2), {"inputs": inputs, "H": H}


# --8<-- [end:rnn]


# --8<-- [start:sum-over-time]
def sum_over_time(A: np.ndarray, d_Z: np.ndarray) -> np.ndarray:
    """The gradient of a weight that every step uses: Σ Aᵀ d_Z (eq:d-shared)."""
    return (A.mT @ d_Z).sum(axis=0)


def sum_bias(d_Z: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The gradient of a bias: the sum over time and batch, shaped like `b`."""
    return d_Z.sum(axis=(0, -2)).reshape(b.shape)


# --8<-- [end:sum-over-time]


# --8<-- [start:rnn-backward]
def rnn_backward(
    d_H: np.ndarray, cache: dict, p: dict
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Back through time (eq:bptt), from `d_H` (B, T, M), the loss by each state.

    Returns d_X (B, T, D), d_h0 (B, M) and the gradients by the parameters, as in `p`.
    """
    H, d_H = cache["H"], np.moveaxis(d_H, -2, 0)
    d_Z = np.empty_like(H[1:])
    d_h = 0.0  # what comes back from later steps
    for t in reversed(range(len(d_Z))):
        d_Z[t] = (d_h + d_H[t]) * (1 - H[t + 1] ** 2)  # eq:bptt-z
        d_h = d_Z[t] @ p["W_h"].mT
    grads = {
        "W_x": sum_over_time(cache["inputs"], d_Z),
        "W_h": sum_over_time(H[:-1], d_Z),
        "b": sum_bias(d_Z, p["b"]),
    }
    return np.moveaxis(d_Z @ p["W_x"].mT, 0, -2), d_h, grads


# --8<-- [end:rnn-backward]


# --8<-- [start:state-gradients]
def state_gradients(d_last: np.ndarray, cache: dict, p: dict) -> np.ndarray:
    """The loss's gradient by every state of an RNN, where it sees the last alone.

    `d_last` (B, M) is the gradient by the last state. Returns (T + 1, B, M), that by
    h0 first (eq:bptt).
    """
    d_states = [d_last]
    for h in cache["H"][:0:-1]:  # the states, last first, without h0
        d_states.append((d_states[-1] * (1 - h**2)) @ p["W_h"].mT)
    return np.stack(d_states[::-1])


# --8<-- [end:state-gradients]


# --8<-- [start:clip-by-norm]
def clip_by_norm(
    grads: dict[str, np.ndarray], most: float
) -> tuple[dict[str, np.ndarray], float]:
    """Gradients, all scaled by one factor if they are longer than `most` (eq:clip).

    Also returns the length before. Raises ValueError where that is not finite: then
    there is no direction to keep.
    """
    norm = math.sqrt(sum(float(np.sum(g * g)) for g in grads.values()))
    if not math.isfinite(norm):
        raise ValueError(f"clip_by_norm: the gradients' norm is {norm}")
    scale = most / max(norm, most)
    return {name: g * scale for name, g in grads.items()}, norm


# --8<-- [end:clip-by-norm]


# --8<-- [start:clip-by-value]
def clip_by_value(grads: dict[str, np.ndarray], most: float) -> dict[str, np.ndarray]:
    """Gradients with every entry moved into −most … most, each for itself."""
    return {name: np.clip(g, -most, most) for name, g in grads.items()}


# --8<-- [end:clip-by-value]


# --8<-- [start:parts]
def parts(Z: np.ndarray, gates: int) -> list[np.ndarray]:
    """The last axis cut into `gates` equal parts, in order; views, not copies."""
    M = Z.shape[-1] // gates
    return [Z[..., k * M : (k + 1) * M] for k in range(gates)]


# --8<-- [end:parts]


# --8<-- [start:lstm]
def lstm(
    X: np.ndarray, start: tuple[np.ndarray, np.ndarray], p: dict
) -> tuple[np.ndarray, dict]:
    """All states of an LSTM (eq:lstm-gates to eq:lstm-state), `start` being (h0, c0).

    `X` is (B, T, D), h0 and c0 are (B, M). Returns `H` (B, T, M) and a cache; its "C"
    holds the cells, time first, c0 in front. ValueError where shapes do not fit.
    """
    h0, c0 = start
    check_sizes("lstm", X, h0, p, gates=4)
    inputs = np.moveaxis(X, -2, 0)
    Z = inputs @ p["W_x"] + p["b"]
    states, cells, gates = [h0], [c0], []
    for Z_t in Z:
        i, f, g, o = parts(Z_t + states[-1] @ p["W_h"], 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        cells.append(f * cells[-1] + i * g)
        states.append(o * np.tanh(cells[-1]))
        gates.append((i, f, g, o))
    H, C = np.stack(states), np.stack(cells)
    cache = {"inputs": inputs, "H": H, "C": C, "gates": gates}
    return np.moveaxis(H[1:], 0, -2), cache


# --8<-- [end:lstm]


# --8<-- [start:lstm-backward]
def lstm_backward(
    d_H: np.ndarray, cache: dict, p: dict
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], dict]:
    """Back through time in an LSTM (eq:d-cell, eq:d-gates), from `d_H` (B, T, M).

    Returns d_X (B, T, D), (d_h0, d_c0) and the gradients by the parameters.
    """
    H, C, d_H = cache["H"], cache["C"], np.moveaxis(d_H, -2, 0)
    d_h, d_c, d_Zs = 0.0, 0.0, []
    for t in reversed(range(len(d_H))):
        i, f, g, o = cache["gates"][t]
        d_h = d_h + d_H[t]
        tanh_c = np.tanh(C[t + 1])
        d_c = d_c + d_h * o * (1 - tanh_c**2)
        d_i = d_c * g * i * (1 - i)
        d_f = d_c * C[t] * f * (1 - f)
        d_g = d_c * i * (1 - g**2)
        d_o = d_h * tanh_c * o * (1 - o)
        d_Zs.append(np.concatenate([d_i, d_f, d_g, d_o], axis=-1))
        d_h = d_Zs[-1] @ p["W_h"].mT
        d_c = d_c * f
    d_Z = np.stack(d_Zs[::-1])
    grads = {
        "W_x": sum_over_time(cache["inputs"], d_Z),
        "W_h": sum_over_time(H[:-1], d_Z),
        "b": sum_bias(d_Z, p["b"]),
    }
    return np.moveaxis(d_Z @ p["W_x"].mT, 0, -2), (d_h, d_c), grads


# --8<-- [end:lstm-backward]


# --8<-- [start:gru]
def gru(X: np.ndarray, h0: np.ndarray, p: dict) -> tuple[np.ndarray, dict]:
    """All states of a GRU as PyTorch computes it (eq:gru-gates, eq:gru-state).

    `X` is (B, T, D), `h0` (B, M). Returns `H` (B, T, M) and a cache. ValueError
    where shapes do not fit.
    """
    check_sizes("gru", X, h0, p, gates=3)
    inputs = np.moveaxis(X, -2, 0)
    Z = inputs @ p["W_x"] + p["b"]
    states, gates = [h0], []
    for Z_t in Z:
        Z_r, Z_z, Z_n = parts(Z_t, 3)
        U_r, U_z, U_n = parts(states[-1] @ p["W_h"], 3)
        U_n = U_n + p["b_n"]
        r, z = sigmoid(Z_r + U_r), sigmoid(Z_z + U_z)
        n = np.tanh(Z_n + r * U_n)
        states.append((1 - z) * n + z * states[-1])
        gates.append((r, z, n, U_n))
    H = np.stack(states)
    return np.moveaxis(H[1:], 0, -2), {"inputs": inputs, "H": H, "gates": gates}


# --8<-- [end:gru]


# --8<-- [start:gru-backward]
def gru_backward(
    d_H: np.ndarray, cache: dict, p: dict
) -> tuple[np.ndarray, np.ndarray, dict]:
    """Back through time in a GRU (eq:d-gru), from `d_H` (B, T, M).

    Returns d_X (B, T, D), d_h0 (B, M) and the gradients by the parameters.
    """
    H, d_H = cache["H"], np.moveaxis(d_H, -2, 0)
    d_h, d_Zs, d_Us = 0.0, [], []
    for t in reversed(range(len(d_H))):
        r, z, n, U_n = cache["gates"][t]
        d_h = d_h + d_H[t]
        d_n = d_h * (1 - z) * (1 - n**2)
        d_z = d_h * (H[t] - n) * z * (1 - z)
        d_r = d_n * U_n * r * (1 - r)
        d_Zs.append(np.concatenate([d_r, d_z, d_n], axis=-1))  # beside the inputs
        d_Us.append(np.concatenate([d_r, d_z, d_n * r], axis=-1))  # beside the state
        d_h = d_h * z + d_Us[-1] @ p["W_h"].mT
    d_Z, d_U = np.stack(d_Zs[::-1]), np.stack(d_Us[::-1])
    grads = {
        "W_x": sum_over_time(cache["inputs"], d_Z),
        "W_h": sum_over_time(H[:-1], d_U),
        "b": sum_bias(d_Z, p["b"]),
        "b_n": sum_bias(parts(d_U, 3)[2], p["b_n"]),
    }
    return np.moveaxis(d_Z @ p["W_x"].mT, 0, -2), d_h, grads


# --8<-- [end:gru-backward]


# --8<-- [start:orthogonal]
def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random square matrices whose rows are orthogonal unit vectors, (…, M, M)."""
    Q, R = np.linalg.qr(rng.standard_normal(shape))
    signs = np.sign(np.diagonal(R, axis1=-2, axis2=-1))
    return Q * signs[..., None, :]


# --8<-- [end:orthogonal]


# --8<-- [start:new-cell]
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def new_cell(
    kind: str,
    D: int,
    M: int,
    rng: np.random.Generator,
    keep: float = 0.0,
    seeds: tuple[int, ...] = (),
) -> dict[str, np.ndarray]:
    """Starting parameters of an RNN, LSTM or GRU, or of as many as `seeds` says.

    Weights of the inputs are normal, variance 1/D; those of the state are orthogonal
    matrices side by side; biases are 0, but that of the gate that keeps, the LSTM's f
    and the GRU's z, is `keep`.
    """
    gates, row = GATES[kind], (*seeds, 1) if seeds else ()
    squares = [orthogonal((*seeds, M, M), rng) for _ in range(gates)]
    p = {
        "W_x": rng.normal(scale=math.sqrt(1 / D), size=(*seeds, D, gates * M)),
        "W_h": np.concatenate(squares, axis=-1),
        "b": np.zeros((*row, gates * M)),
    }
    if kind != "RNN":
        parts(p["b"], gates)[1][...] = keep
    if kind == "GRU":
        p["b_n"] = np.zeros((*row, M))
    return p


# --8<-- [end:new-cell]


# --8<-- [start:run-cell]
def run_cell(kind: str, X: np.ndarray, p: dict) -> tuple[np.ndarray, dict]:
    """The states of any of the three cells, from a start of zeros."""
    h0 = np.zeros((*X.shape[:-2], p["W_h"].shape[-2]))
    if kind == "LSTM":
        return lstm(X, (h0, h0), p)
    return {"RNN": rnn, "GRU": gru}[kind](X, h0, p)


BACKWARD = {"RNN": rnn_backward, "LSTM": lstm_backward, "GRU": gru_backward}
# --8<-- [end:run-cell]


# --8<-- [start:recall-batch]
def recall_batch(
    size: tuple[int, ...], distance: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences that begin with symbol 0 or 1 and go on with 2s and 3s, at random.

    Returns `X` (*size, distance + 1, 4), one-hot, and the first symbols `y`, (*size).
    """
    ids = rng.integers(2, 4, size=(*size, distance + 1))
    ids[..., 0] = rng.integers(0, 2, size=size)
    return np.eye(4)[ids], ids[..., 0]


# --8<-- [end:recall-batch]


# --8<-- [start:clip-each]
def clip_each(grads: dict[str, np.ndarray], most: float) -> dict[str, np.ndarray]:
    """As `clip_by_norm`, for each of many networks on the leading axis by itself."""
    squares = sum(np.sum(g * g, axis=(-2, -1), keepdims=True) for g in grads.values())
    scale = most / np.maximum(np.sqrt(squares), most)
    return {name: g * scale for name, g in grads.items()}


# --8<-- [end:clip-each]


# --8<-- [start:train-recall]
def train_recall(
    kind: str,
    cell: dict[str, np.ndarray],
    distance: int,
    rng: np.random.Generator,
    optimiser: Callable = Adam,
    lr: float = 0.01,
    steps: int = 200,
    limit: Callable = dict,
) -> tuple[np.ndarray, np.ndarray]:
    """Many networks learn to name the first symbol, `distance` steps after it.

    `cell` comes from `new_cell` with `seeds`, as (S,), and stays as it was. A step
    takes 16 fresh sequences a network; `limit` may change its gradients. Returns the
    shares of 200 more sequences answered rightly (S,), and the losses (steps, S).
    """
    (S, M, _), losses = cell["W_h"].shape, []
    p = {name: array.copy() for name, array in cell.items()}
    out = {"W_y": rng.normal(scale=math.sqrt(1 / M), size=(S, M, 2))}
    out["b_y"] = np.zeros((S, 1, 2))
    learn = optimiser([*p.values(), *out.values()], lr)
    for _ in range(steps):
        X, y = recall_batch((S, 16), distance, rng)
        H, cache = run_cell(kind, X, p)
        last = H[..., -1, :]
        P, Y = softmax(last @ out["W_y"] + out["b_y"]), np.eye(2)[y]
        losses.append(-np.mean(np.log(np.sum(P * Y, axis=-1)), axis=1))
        d_logits, d_H = (P - Y) / 16, np.zeros_like(H)
        d_H[..., -1, :] = d_logits @ out["W_y"].mT
        grads = BACKWARD[kind](d_H, cache, p)[2]
        grads["W_y"] = last.mT @ d_logits
        grads["b_y"] = d_logits.sum(axis=-2, keepdims=True)
        learn.step(list(limit(grads).values()))
    X, y = recall_batch((S, 200), distance, rng)
    logits = run_cell(kind, X, p)[0][..., -1, :] @ out["W_y"] + out["b_y"]
    return np.mean(logits.argmax(axis=-1) == y, axis=1), np.array(losses)


# --8<-- [end:train-recall]
