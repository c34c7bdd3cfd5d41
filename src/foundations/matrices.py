"""Matrices: the mathematics of chapter 2.

A matrix of m rows and n columns is a NumPy array of shape (m, n). Rows are examples:
a vector x stands on the left of the matrix that maps it, x @ W.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np


# --8<-- [start:show]
def show(name: str, matrix: np.ndarray) -> None:
    """Print a matrix under its name and its shape."""
    print(f"{name}, shape {np.shape(matrix)}:")
    print(matrix)


# --8<-- [end:show]


# --8<-- [start:matmul]
def matmul(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The product of A (m, k) and B (k, n), shape (m, n), by three loops (eq:matmul).

    Raises ValueError where the inner sizes differ.
    """
    if A.shape[1] != B.shape[0]:
        hint = "; did you mean B.T?" if A.shape[1] == B.shape[1] else ""
        sizes = f"{A.shape} @ {B.shape}"
        raise ValueError(f"matmul: inner sizes differ: {sizes}{hint}")
    (m, k), n = A.shape, B.shape[1]
    C = np.zeros((m, n), dtype=np.result_type(A, B))  # (m, n)
    for i in range(m):
        for j in range(n):
            for p in range(k):
                C[i, j] += A[i, p] * B[p, j]
    return C


# --8<-- [end:matmul]


# --8<-- [start:matmul-rows]
def matmul_rows(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The same product: row i is a blend of B's rows, weighted by A's row i.

    (eq:row-blend) A is (m, k), B is (k, n), the result (m, n).
    """
    m, n = A.shape[0], B.shape[1]
    C = np.zeros((m, n), dtype=np.result_type(A, B))  # (m, n)
    for i in range(m):
        for weight, row in zip(A[i], B, strict=True):
            C[i] += weight * row
    return C


# --8<-- [end:matmul-rows]


# --8<-- [start:matmul-outer]
def matmul_outer(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The same product: one layer for each column of A and row of B (eq:outer-sum).

    A is (m, k), B is (k, n), the result (m, n).
    """
    m, n = A.shape[0], B.shape[1]
    C = np.zeros((m, n), dtype=np.result_type(A, B))  # (m, n)
    for column, row in zip(A.T, B, strict=True):
        C += np.outer(column, row)
    return C


# --8<-- [end:matmul-outer]


# --8<-- [start:matmul-flops]
def matmul_flops(m: int, k: int, n: int) -> int:
    """Multiplications plus additions of (m, k) @ (k, n) (eq:matmul-flops)."""
    return 2 * m * k * n


# --8<-- [end:matmul-flops]


# --8<-- [start:broadcast-shape]
def broadcast_shape(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    """The shape that arrays of shapes `a` and `b` make together, entry by entry.

    Raises ValueError where two sizes differ and neither is 1.
    """
    width = max(len(a), len(b))
    left = (1,) * (width - len(a)) + tuple(a)
    right = (1,) * (width - len(b)) + tuple(b)
    shape = []
    for x, y in zip(left, right):
        if x != y and 1 not in (x, y):
            sizes = f"{tuple(a)} and {tuple(b)}"
            raise ValueError(f"broadcast_shape: {sizes} do not fit: {x} against {y}")
        shape.append(y if x == 1 else x)
    return tuple(shape)


# --8<-- [end:broadcast-shape]


# --8<-- [start:row-major]
def row_major_place(index: Sequence[int], shape: Sequence[int]) -> int:
    """Where entry `index` stands in memory, counted in entries (eq:row-major)."""
    place = 0
    for i, size in zip(index, shape, strict=True):
        place = place * size + i
    return place


# --8<-- [end:row-major]


# --8<-- [start:fastest]
def fastest(run: Callable, *arguments: object, repeats: int) -> float:
    """Seconds that `run(*arguments)` takes: the shortest of `repeats` runs.

    Whatever else the machine does makes a run longer, never shorter.
    """
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


# --8<-- [end:fastest]


# --8<-- [start:measure]
def measure(
    sizes: Sequence[int], repeats: int, rng: np.random.Generator
) -> dict[int, tuple[float, float]]:
    """How many times longer than `@` the three loops take, and `matmul_outer`.

    Each size n gives one pair, for the product of two random (n, n) matrices.
    """
    ratios = {}
    for n in sizes:
        A, B = rng.normal(size=(2, n, n))
        blas = fastest(np.matmul, A, B, repeats=repeats)
        loops = fastest(matmul, A, B, repeats=repeats)
        outer = fastest(matmul_outer, A, B, repeats=repeats)
        ratios[n] = loops / blas, outer / blas
    return ratios


# --8<-- [end:measure]


# --8<-- [start:measure-strides]
def measure_strides(n: int, repeats: int) -> float:
    """How many times longer it takes to add up columns than rows, one at a time.

    The matrix is (n, n), in float32, row by row in memory.
    """

    def add_up(lines: np.ndarray) -> list[float]:
        return [line.sum() for line in lines]

    A = np.ones((n, n), dtype=np.float32)  # (n, n)
    return fastest(add_up, A.T, repeats=repeats) / fastest(add_up, A, repeats=repeats)


# --8<-- [end:measure-strides]


# --8<-- [start:measure-order]
def measure_order(T: int, K: int, repeats: int, rng: np.random.Generator) -> float:
    """How many times longer (A Bᵀ) C takes than A (Bᵀ C); all three are (T, K)."""
    A, B, C = rng.normal(size=(3, T, K))
    left = fastest(lambda: (A @ B.T) @ C, repeats=repeats)
    right = fastest(lambda: A @ (B.T @ C), repeats=repeats)
    return left / right


# --8<-- [end:measure-order]


# --8<-- [start:rotation]
def rotation(theta: float) -> np.ndarray:
    """The matrix that turns the plane anticlockwise by `theta` (eq:rotation).

    `theta` is in radians. Shape (2, 2), for points as rows: points @ rotation(theta).
    """
    c, s = math.cos(theta), math.sin(theta)
    return np.array([[c, s], [-s, c]])  # (2, 2)


# --8<-- [end:rotation]


# --8<-- [start:determinant]
def determinant(W: np.ndarray) -> float:
    """The factor by which W (2, 2) multiplies areas (eq:determinant).

    It is negative where W flips the plane over.
    """
    (a, b), (c, d) = W
    return a * d - b * c  # ()


# --8<-- [end:determinant]


# --8<-- [start:inverse]
def inverse(W: np.ndarray) -> np.ndarray:
    """The matrix that undoes W (2, 2) (eq:inverse), shape (2, 2).

    Raises ValueError where the determinant is 0: what is flat stays flat.
    """
    (a, b), (c, d) = W
    area = determinant(W)
    if area == 0:
        raise ValueError("inverse: the determinant is 0, so nothing undoes this map")
    return np.array([[d, -b], [-c, a]]) / area  # (2, 2)


# --8<-- [end:inverse]


# --8<-- [start:intensity]
def intensity(m: int, k: int, n: int) -> float:
    """FLOPs per number read or written in (m, k) @ (k, n) (eq:intensity)."""
    return matmul_flops(m, k, n) / (m * k + k * n + m * n)


# --8<-- [end:intensity]


# --8<-- [start:strassen]
def strassen(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """A @ B for shapes (…, n, n), n a power of 2, by 7 half-size products for 8."""
    half = A.shape[-1] // 2
    if half == 0:
        return A * B
    one, two = np.s_[..., :half], np.s_[..., half:]  # columns
    (a, c), (b, d) = (np.split(A[side], 2, axis=-2) for side in (one, two))
    (e, g), (f, h) = (np.split(B[side], 2, axis=-2) for side in (one, two))
    p1, p2 = strassen(a + d, e + h), strassen(c + d, e)
    p3, p4 = strassen(a, f - h), strassen(d, g - e)
    p5, p6 = strassen(a + b, h), strassen(c - a, e + f)
    p7 = strassen(b - d, g + h)
    left = np.concatenate([p1 + p4 - p5 + p7, p2 + p4], axis=-2)
    right = np.concatenate([p3 + p5, p1 - p2 + p3 + p6], axis=-2)
    return np.concatenate([left, right], axis=-1)


# --8<-- [end:strassen]
