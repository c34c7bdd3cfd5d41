"""Squared distances between all rows of two matrices, fast and safe, in NumPy."""

import numpy as np


def squared_distances(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Squared distances between the rows of X (n, d) and of Y (m, d), shape (n, m).

    By one matrix product, so it needs no (n, m, d) array. The points are centred
    first and tiny negative results become 0; the error is about 1e-15 times the
    squared size of the cloud, so distances far below 1e-7 of its size are lost.
    Raises ValueError where the widths differ.
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"squared_distances: (n, d) and (m, d), not {X.shape} and {Y.shape}"
        )
    if len(X) == 0 or len(Y) == 0:
        return np.zeros((len(X), len(Y)))
    middle = (X.mean(axis=0) + Y.mean(axis=0)) / 2
    X, Y = X - middle, Y - middle
    squares = (X**2).sum(axis=1)[:, None] + (Y**2).sum(axis=1)
    return np.maximum(squares - 2 * X @ Y.T, 0)


if __name__ == "__main__":
    X = np.array([[0.0, 0.0], [3.0, 4.0]]) + 1e6  # far from the origin
    Y = np.array([[0.0, 1.0], [3.0, 0.0], [3.0, 4.0]]) + 1e6
    print(squared_distances(X, Y).round(6))
    print("nearest rows of Y:", squared_distances(X, Y).argmin(axis=1))
