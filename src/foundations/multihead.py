"""Multi-head attention: the mathematics of chapter 16.

Shapes: B sentences of T tokens, D numbers a token, H heads of width d = D / H. S
tokens are looked at; in self-attention S = T. More leading axes, or none, work too.
Parameters are a dict: W_q, W_k, W_v, W_o, each (D, D), and b_q, b_k, b_v, b_o, (D,).
"""

from __future__ import annotations

import numpy as np

from foundations.attention import attention, masked_softmax


# --8<-- [start:multi-head-loop]
def multi_head_loop(
    X: np.ndarray, p: dict, H: int, mask: np.ndarray | None = None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Self-attention of one sentence X (T, D), a head at a time (eq:multi-head).

    Returns Y (T, D) and a list of the H heads' weights, each (T, T).
    """
    T, D = X.shape
    d = D // H
    outputs, weights = [], []
    for h in range(H):
        mine = slice(h * d, (h + 1) * d)  # this head's columns
        Q = X @ p["W_q"][:, mine] + p["b_q"][mine]  # (T, d)
        K = X @ p["W_k"][:, mine] + p["b_k"][mine]  # (T, d)
        V = X @ p["W_v"][:, mine] + p["b_v"][mine]  # (T, d)
        output, A = attention(Q, K, V, mask)
        outputs.append(output)
        weights.append(A)
    Y = np.concatenate(outputs, axis=1) @ p["W_o"] + p["b_o"]  # (T, D)
    return Y, weights


# --8<-- [end:multi-head-loop]


# --8<-- [start:split-heads]
def split_heads(X: np.ndarray, H: int) -> np.ndarray:
    """(B, T, D) → (B, H, T, d): head h gets columns h·d to (h+1)·d (eq:split).

    Raises ValueError where H does not divide D.
    """
    *batch, T, D = X.shape
    if D % H:
        raise ValueError(f"split_heads: width {D} does not divide into {H} heads")
    return X.reshape(*batch, T, H, D // H).swapaxes(-3, -2)


# --8<-- [end:split-heads]


# --8<-- [start:merge-heads]
def merge_heads(X: np.ndarray) -> np.ndarray:
    """(B, H, T, d) → (B, T, D): heads side by side again; undoes `split_heads`."""
    *batch, H, T, d = X.shape
    return X.swapaxes(-3, -2).reshape(*batch, T, H * d)


# --8<-- [end:merge-heads]


# --8<-- [start:multi-head-attention]
def multi_head_attention(
    X: np.ndarray,
    p: dict,
    H: int,
    mask: np.ndarray | None = None,
    memory: np.ndarray | None = None,
) -> tuple[np.ndarray, dict]:
    """Y (B, T, D) from X (B, T, D), H heads at once (eq:multi-head), and a cache.

    Keys and values come from `memory` (B, S, D) where it is given, else from X. A
    mask (True: may be looked at) is (T, S), or has an axis for heads: (B, 1, T, S).
    The cache holds X, source, Q, K, V, weights (B, H, T, S) and merged (B, T, D).
    Raises ValueError where H does not divide D, or a mask has no axis for the heads.
    """
    if mask is not None and 2 < np.ndim(mask) <= X.ndim:
        raise ValueError(
            f"multi_head_attention: mask {np.shape(mask)} has no axis for heads:"
            " mask[:, None]"
        )
    source = X if memory is None else memory
    Q = split_heads(X @ p["W_q"] + p["b_q"], H)
    K = split_heads(source @ p["W_k"] + p["b_k"], H)
    V = split_heads(source @ p["W_v"] + p["b_v"], H)
    heads, weights = attention(Q, K, V, mask)
    merged = merge_heads(heads)
    Y = merged @ p["W_o"] + p["b_o"]
    cache = {"X": X, "source": source, "Q": Q, "K": K, "V": V}
    return Y, cache | {"weights": weights, "merged": merged}


# --8<-- [end:multi-head-attention]


# --8<-- [start:head-contributions]
def head_contributions(cache: dict, W_o: np.ndarray) -> np.ndarray:
    """What each head adds to the output, (B, H, T, D) (eq:head-sum).

    Takes the cache of `multi_head_attention` and W_o (D, D). Summed over the heads,
    and with b_o added, the contributions are Y.
    """
    heads = cache["weights"] @ cache["V"]
    H, d = heads.shape[-3], heads.shape[-1]
    return heads @ W_o.reshape(H, d, -1)  # head h meets rows h·d to (h+1)·d of W_o


# --8<-- [end:head-contributions]


# --8<-- [start:circuits]
def circuits(p: dict, H: int) -> tuple[np.ndarray, np.ndarray]:
    """Each head's QK and OV circuit, two arrays (H, D, D) (eq:qk, eq:ov).

    The first says which token looks at which, before scaling and without biases; the
    second what a token that is looked at adds to the output. Both have rank ≤ d.
    """
    W_q, W_k, W_v = (split_heads(p[name], H) for name in ("W_q", "W_k", "W_v"))
    W_o = p["W_o"].reshape(H, W_v.shape[-1], -1)
    return W_q @ W_k.swapaxes(-1, -2), W_v @ W_o


# --8<-- [end:circuits]


# --8<-- [start:low-rank]
def low_rank(S: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Queries and keys (T, d) with Q Kᵀ as near to S (T, T) as can be (eq:low-rank).

    Near means the sum of the squared differences; the product is the sum of the d
    strongest of S's layers.
    """
    U, sigma, V_t = np.linalg.svd(S)
    root = np.sqrt(sigma[:d])
    return U[:, :d] * root, V_t[:d].T * root


# --8<-- [end:low-rank]


# --8<-- [start:fit-pattern]
def fit_pattern(
    A: np.ndarray, d: int, steps: int = 2_000, rate: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Queries and keys (T, d) whose weights come near the pattern A (T, T).

    Gradient descent on the cross-entropy of each row, from `low_rank` of ln A with
    each row's mean taken out.
    """
    S = np.log(A)
    Q, K = low_rank(S - S.mean(axis=1, keepdims=True), d)
    for _ in range(steps):
        d_S = masked_softmax(Q @ K.T) - A
        Q, K = Q - rate * d_S @ K, K - rate * d_S.T @ Q
    return Q, K


# --8<-- [end:fit-pattern]


# --8<-- [start:count-attention]
def count_attention(T: int, D: int, H: int) -> dict[str, int]:
    """Parameters, FLOPs and weights of a layer, for one sentence (eq:heads-cost)."""
    d = D // H
    projections = 4 * 2 * T * D * D  # Q, K, V and the output
    comparing = H * 2 * T * T * d  # scores
    averaging = H * 2 * T * T * d  # weights times values
    return {
        "parameters": 4 * (D * D + D),
        "flops": projections + comparing + averaging,
        "weights": H * T * T,
    }


# --8<-- [end:count-attention]
