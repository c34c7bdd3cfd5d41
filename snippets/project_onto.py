"""Project vectors onto a direction, or take that direction out, in NumPy."""

import numpy as np


def project_onto(direction: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The part of each row along `direction` (d,); shape as `rows`, (n, d) or (d,).

    `rows - project_onto(direction, rows)` is what is left, orthogonal to `direction`.
    Raises ValueError where `direction` is all zeros.
    """
    squared = direction @ direction
    if squared == 0:
        raise ValueError("project_onto: a direction of zeros is no direction")
    return np.expand_dims(rows @ direction / squared, -1) * direction


if __name__ == "__main__":
    gender = np.array([0.8, -0.1]) - np.array([0.75, -0.05])  # man minus woman
    words = np.array([[0.9, 0.1], [0.85, 0.15]])  # king, queen
    rest = words - project_onto(gender, words)
    print(rest.round(4))
    print("orthogonal:", np.allclose(rest @ gender, 0))
