"""Rotate, scale, shear and move points of the plane, and undo it, in NumPy."""

import math

import numpy as np


def affine(
    degrees: float = 0.0,
    scale: float | tuple[float, float] = 1.0,
    shear: float = 0.0,
    move: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """The (3, 3) matrix that scales, then shears, then rotates, then moves.

    `degrees` turns anticlockwise where y points up (clockwise on a screen, where
    it points down); `shear` is how far x goes for each step of y. Points are rows, so
    maps are chained from left to right: `first @ second`.
    """
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    scaled = np.eye(2) * scale
    turned = scaled @ [[1, 0], [shear, 1]] @ [[c, s], [-s, c]]
    M = np.eye(3)
    M[:2, :2], M[2, :2] = turned, move
    return M


def transform(points: np.ndarray, M: np.ndarray) -> np.ndarray:
    """`points` (…, 2), one to a row, mapped by an affine matrix `M` (3, 3)."""
    points = np.asarray(points)
    if points.shape[-1:] != (2,):
        raise ValueError(f"transform: points are rows (x, y), not {points.shape}")
    if M.shape != (3, 3) or not np.array_equal(M[:, 2], [0, 0, 1]):
        raise ValueError("transform: M is (3, 3) with the last column 0, 0, 1")
    return points @ M[:2, :2] + M[2, :2]


if __name__ == "__main__":
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    M = affine(degrees=90, scale=2, move=(5, 0))
    print(transform(square, M).round(3).tolist())
    back = transform(transform(square, M), np.linalg.inv(M))
    print("and back:", np.allclose(back, square))
