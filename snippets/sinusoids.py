"""Sinusoidal position encodings in NumPy, in both orders of columns in use."""

import numpy as np


def sinusoids(
    positions: np.ndarray, width: int, layout: str = "pairs", base: float = 10_000.0
) -> np.ndarray:
    """One row of `width` entries per position: (..., T) gives (..., T, width).

    "pairs" alternates sine and cosine, as the paper does; "halves" has all sines
    first. Positions may be any numbers, not only whole ones. Raises ValueError for an
    odd width or another layout.
    """
    if width < 2 or width % 2:
        raise ValueError(f"sinusoids: the width is an even number, not {width}")
    frequencies = base ** (-np.arange(0, width, 2) / width)
    angles = np.multiply.outer(np.asarray(positions, dtype=np.float64), frequencies)
    if layout == "pairs":
        pairs = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        return pairs.reshape(*angles.shape[:-1], width)
    if layout == "halves":
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
    raise ValueError(f'sinusoids: layout is "pairs" or "halves", not {layout!r}')


if __name__ == "__main__":
    print(sinusoids(np.arange(3), 4).round(3))
    print(sinusoids(np.arange(3), 4, layout="halves").round(3))
    rows = sinusoids(np.arange(1000), 64)
    print("5 apart:", (rows @ rows[500])[[495, 505]].round(2), "and equal")
