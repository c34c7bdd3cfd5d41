"""A sigmoid that never overflows, in NumPy, in float16, float32 or float64."""

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + e^−z), entry by entry; shape in = shape out, and a float type stays.

    Only powers of numbers at most 0 are taken. For 1 − sigmoid(z) ask sigmoid(−z): it
    keeps its digits where sigmoid(z) has become 1.
    """
    z = np.asarray(z)
    power = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, power) / (1 + power)


if __name__ == "__main__":
    z = np.array([-1000, -2, 0, 2, 1000], dtype=np.float32)
    print(sigmoid(z).round(4), sigmoid(z).dtype)
    print(f"1 - sigmoid(40) = {1 - sigmoid(40)}, sigmoid(-40) = {sigmoid(-40):.2e}")
