"""Two toy problems for classifiers in the plane: two moons and two spirals."""

import numpy as np


def two_moons(
    n: int, noise: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles of radius 1 that reach into each other.

    Points (n, 2) and labels (n,), 0 and 1 in turn; `noise` is a standard deviation.
    """
    y = np.arange(n) % 2
    angle = rng.uniform(0, np.pi, size=n)
    x = np.column_stack([np.cos(angle), np.sin(angle)])
    x[y == 1] = np.array([1.0, 0.5]) - x[y == 1]
    return x + rng.normal(0, noise, size=(n, 2)), y


def two_spirals(
    n: int, noise: float, rng: np.random.Generator, turns: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Two spirals round each other, from radius 0.2 to 2 in `turns` turns.

    Points (n, 2) and labels (n,), 0 and 1 in turn; `noise` is a standard deviation.
    """
    y = np.arange(n) % 2
    way = rng.uniform(0, 1, size=n)
    angle = 2 * np.pi * turns * way + np.pi * y
    x = (0.2 + 1.8 * way) * np.stack([np.cos(angle), np.sin(angle)])
    return x.T + rng.normal(0, noise, size=(n, 2)), y


if __name__ == "__main__":
    for make in (two_moons, two_spirals):
        x, y = make(200, 0.1, np.random.default_rng(42))
        means = [x[y == label].mean(axis=0).round(2).tolist() for label in (0, 1)]
        print(f"{make.__name__:<12}{x.shape}, means of the two kinds: {means}")
