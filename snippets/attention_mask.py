"""One boolean mask from a causal rule, padding and a window."""

import numpy as np


def attention_mask(
    lengths: np.ndarray,
    T: int,
    causal: bool = True,
    window: int | None = None,
    left: bool = False,
) -> np.ndarray:
    """A mask (B, T, T), True where a query (row) may look at a key (column).

    `lengths` (B,) says how many tokens of each row are real; the others are padding,
    at the end, or at the beginning with `left`. With `window` a token sees only keys
    fewer than `window` places away. Rows of padded queries may be all False.
    For scores of shape (B, H, T, T) the mask is mask[:, None].
    """
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or lengths.min() < 0 or lengths.max() > T:
        raise ValueError(f"attention_mask: lengths (B,) from 0 to {T}, not {lengths}")
    if window is not None and window < 1:
        raise ValueError(f"attention_mask: a window of {window} sees nothing")
    place = np.arange(T)
    back = place[:, None] - place
    allowed = back >= 0 if causal else np.ones((T, T), dtype=bool)
    if window is not None:
        allowed = allowed & (abs(back) < window)
    key = place >= T - lengths[:, None] if left else place < lengths[:, None]
    return allowed & key[:, None, :]


if __name__ == "__main__":
    mask = attention_mask(np.array([2, 4]), T=4, window=2, left=True)
    print(mask.astype(int))
