"""The gain of any activation, for initialising layers before it, in NumPy."""

from collections.abc import Callable

import numpy as np


def activation_gain(f: Callable[[np.ndarray], np.ndarray]) -> float:
    """The gain g = 1 / √E[f(z)²] for normal z with mean 0 and variance 1.

    Weights of variance g² / fan_in keep the mean square of a signal through the layer
    and `f`, which works entry by entry. Raises ValueError where f gives only zeros,
    or something that is not finite.
    """
    z = np.linspace(-10, 10, 20_000)  # an even number: no point on a kink at 0
    density = np.exp(-(z**2) / 2)
    kept = float(np.sum(np.asarray(f(z)) ** 2 * density) / np.sum(density))
    if not 0 < kept < np.inf:
        raise ValueError(f"activation_gain: the mean of f(z)² is {kept}")
    return kept**-0.5


if __name__ == "__main__":
    activations = {
        "ReLU": lambda z: np.maximum(z, 0),
        "leaky ReLU": lambda z: np.where(z > 0, z, 0.1 * z),
        "tanh": np.tanh,
        "SiLU": lambda z: z / (1 + np.exp(-z)),
    }
    for name, f in activations.items():
        print(f"{name:<11}{activation_gain(f):.4f}")
