"""Cosine similarity of two vectors in NumPy, safe for float16 and for rounding."""

import numpy as np


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine of the angle between two vectors of shape (d,), from −1 to 1.

    Raises ValueError where the shapes differ, or where a vector is all zeros.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(
            f"cosine_similarity: two vectors of one length, not {a.shape}, {b.shape}"
        )
    if not a.any() or not b.any():
        raise ValueError("cosine_similarity: a vector of zeros has no direction")
    # Scaled by the largest entry first, so that no square overflows or vanishes.
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return float(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))


if __name__ == "__main__":
    king, man = np.array([0.9, 0.1]), np.array([0.8, -0.1])
    woman = np.array([0.75, -0.05])
    print(f"king and man   {cosine_similarity(king, man):.3f}")
    print(f"king and woman {cosine_similarity(king, woman):.3f}")
    print(f"huge numbers   {cosine_similarity(1e200 * king, 1e-200 * man):.3f}")
