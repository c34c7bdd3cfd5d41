"""A classifier's decision boundary as text: no window, no file, works over ssh."""

from collections.abc import Callable

import numpy as np


def decision_map(
    predict: Callable[[np.ndarray], np.ndarray],
    x: tuple[float, float],
    y: tuple[float, float],
    columns: int = 40,
    shades: str = " .:#",
) -> str:
    """Rows of letters, the darker the larger `predict` is there; y grows upwards.

    `predict` gives a number from 0 to 1 for each of the points (n, 2). A letter is
    about twice as high as wide, so a square has half as many rows as columns. Raises
    ValueError where `predict` gives another shape.
    """
    rows = max(1, round(columns * (y[1] - y[0]) / (x[1] - x[0]) / 2))
    across = np.linspace(*x, columns)
    up = np.linspace(y[1], y[0], rows)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    values = np.asarray(predict(points), dtype=float)
    if values.shape != (len(points),):
        raise ValueError(
            f"decision_map: predict gave {values.shape} for {len(points)} points"
        )
    dark = np.clip((values * len(shades)).astype(int), 0, len(shades) - 1)
    letters = np.array(list(shades))[dark].reshape(rows, columns)
    return "\n".join("".join(row).rstrip() for row in letters)


if __name__ == "__main__":

    def ring(points: np.ndarray) -> np.ndarray:
        """Near 1 between two circles, near 0 elsewhere."""
        radius = np.linalg.norm(points, axis=1)
        return 1 / (1 + np.exp(20 * (np.abs(radius - 1) - 0.4)))

    print(decision_map(ring, x=(-1.4, 1.4), y=(-1.4, 1.4), columns=24))
