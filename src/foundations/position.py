"""Position: the mathematics of chapter 17.

T places, counted from 0; width D or d; H heads. Angles are in radians, computed in
float64 whatever the type of the arrays that they turn.
"""

from __future__ import annotations

import numpy as np


# --8<-- [start:frequencies]
def frequencies(D: int, base: float = 10_000.0) -> np.ndarray:
    """The angle per place of each of the D/2 pairs, in radians (eq:pe-frequencies).

    Shape (D // 2,): from 1 down to nearly 1/base. Raises ValueError where D is odd.
    """
    if D % 2:
        raise ValueError(f"frequencies: the width makes pairs, so {D} must be even")
    return base ** (-np.arange(0, D, 2) / D)  # (D // 2,)


# --8<-- [end:frequencies]


# --8<-- [start:sinusoids]
def sinusoids(T: int, D: int, base: float = 10_000.0) -> np.ndarray:
    """Sine and cosine of each pair's angle, for T places (eq:pe-sinusoid): (T, D)."""
    angles = np.outer(np.arange(T), frequencies(D, base))  # (T, D // 2)
    P = np.empty((T, D))  # (T, D)
    P[:, 0::2], P[:, 1::2] = np.sin(angles), np.cos(angles)
    return P


# --8<-- [end:sinusoids]


# --8<-- [start:shift]
def shift(k: float, D: int, base: float = 10_000.0) -> np.ndarray:
    """The matrix (D, D) that carries `sinusoids` k places on (eq:pe-shift).

    A block of two by two for each pair, zeros elsewhere: pairs do not mix.
    """
    S = np.zeros((D, D))  # (D, D)
    for i, angle in enumerate(k * frequencies(D, base)):
        c, s = np.cos(angle), np.sin(angle)
        S[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
    return S


# --8<-- [end:shift]


# --8<-- [start:halves-order]
def halves_order(D: int) -> np.ndarray:
    """The columns 0, 2, 4, … and then 1, 3, 5, … of a width D: pairs to halves."""
    return np.concatenate([np.arange(0, D, 2), np.arange(1, D, 2)])  # (D,)


# --8<-- [end:halves-order]


# --8<-- [start:learned]
def learned(X: np.ndarray, P: np.ndarray) -> np.ndarray:
    """Row t of the table P (T_max, D) added to row t of each sequence in X (B, T, D).

    Raises IndexError where a sequence has more places than the table has rows.
    """
    return X + P[np.arange(X.shape[-2])]


def learned_backward(d_Y: np.ndarray, T_max: int) -> np.ndarray:
    """d_P (T_max, D) from d_Y (B, T, D) (eq:pe-learned-backward)."""
    B, T, D = d_Y.shape
    d_P = np.zeros((T_max, D), dtype=d_Y.dtype)  # (T_max, D)
    np.add.at(d_P, np.tile(np.arange(T), B), d_Y.reshape(B * T, D))
    return d_P


# --8<-- [end:learned]


# --8<-- [start:rope]
def cos_and_sin(
    X: np.ndarray, positions: np.ndarray, base: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine for X (..., T, d): (T, d // 2) each, computed in float64."""
    if np.shape(positions)[-1] != X.shape[-2]:
        raise ValueError(
            f"rope: {np.shape(positions)[-1]} positions for {X.shape[-2]} rows: X is "
            f"(..., T, d), here {X.shape}, with one position for each of the T rows"
        )
    angles = np.multiply.outer(positions, frequencies(X.shape[-1], base))
    kind = np.result_type(X, np.float16)  # the type of X, and float for whole numbers
    return np.cos(angles).astype(kind), np.sin(angles).astype(kind)


def rope(X: np.ndarray, positions: np.ndarray, base: float = 10_000.0) -> np.ndarray:
    """Turns the pairs (0, 1), (2, 3), … of each row by its position (eq:rope).

    X (..., T, d), positions (T,); shape and type of X are kept.
    """
    cos, sin = cos_and_sin(X, positions, base)
    x, y = X[..., 0::2], X[..., 1::2]
    turned = np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
    return turned.reshape(X.shape)


# --8<-- [end:rope]


# --8<-- [start:rope-halves]
def rope_halves(
    X: np.ndarray, positions: np.ndarray, base: float = 10_000.0
) -> np.ndarray:
    """As `rope`, with entry i paired with entry i + d/2 (eq:rope-halves)."""
    cos, sin = cos_and_sin(X, positions, base)
    x, y = np.split(X, 2, axis=-1)
    return np.concatenate([x * cos - y * sin, x * sin + y * cos], axis=-1)


# --8<-- [end:rope-halves]


# --8<-- [start:columns-to-halves]
def columns_to_halves(W: np.ndarray, H: int) -> np.ndarray:
    """W_q or W_k (D, D) for `rope`, made ready for `rope_halves`.

    The columns of each head change their order; none leaves its head.
    """
    D = W.shape[-1]
    order = halves_order(D // H)  # (D // H,)
    starts = np.arange(0, D, D // H)[:, None]  # (H, 1)
    return W[..., (starts + order).ravel()]


# --8<-- [end:columns-to-halves]


# --8<-- [start:alibi]
def alibi_slopes(H: int) -> np.ndarray:
    """How much each head takes off the score per place (eq:alibi-slopes): (H,).

    Raises ValueError where H is not a power of two, for which the formula is made.
    """
    if H < 1 or H & (H - 1):
        raise ValueError(f"alibi_slopes: H is a power of two, not {H}")
    return 2.0 ** (-8 * np.arange(1, H + 1) / H)  # (H,)


def alibi(H: int, T: int) -> np.ndarray:
    """The bias −m·(t − s) on the score of query t and key s (eq:alibi): (H, T, T).

    Above the diagonal it is positive: it belongs with a causal mask.
    """
    places = np.arange(T)
    onward = places - places[:, None]  # (T, T): s − t
    return alibi_slopes(H)[:, None, None] * onward  # (H, T, T)


# --8<-- [end:alibi]
