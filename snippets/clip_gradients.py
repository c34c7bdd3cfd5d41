"""Clip gradients by their global norm: one factor for all, so the direction stays."""

import math

import numpy as np


def clip_gradients(grads, most):
    """Scales arrays in place to a global norm of `most` at most; gives the old norm.

    `grads` is a list of arrays of floats, or a dictionary of them. The norm is summed
    in float64. Raises ValueError where it is inf or nan, and changes nothing then.
    """
    if not most > 0:
        raise ValueError(f"clip_gradients: the limit must be above 0, not {most}")
    arrays = list(grads.values()) if isinstance(grads, dict) else list(grads)
    norm = math.sqrt(
        sum(float(np.sum(np.square(g, dtype=np.float64))) for g in arrays)
    )
    if not math.isfinite(norm):
        raise ValueError(f"clip_gradients: the norm is {norm}; skip this step")
    if norm > most:
        for g in arrays:
            g *= most / norm
    return norm


if __name__ == "__main__":
    grads = {"W": np.array([[3.0, 0.0], [0.0, 4.0]]), "b": np.array([12.0])}
    print("norm before", clip_gradients(grads, 1.0))
    print("norm after ", round(clip_gradients(grads, 1.0), 6))
    print(grads["W"].round(3).tolist(), grads["b"].round(3).tolist())
