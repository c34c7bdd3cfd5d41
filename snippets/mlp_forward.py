"""The forward pass of a fully connected network of any depth, in NumPy."""

from collections.abc import Callable, Sequence

import numpy as np


def relu(z: np.ndarray) -> np.ndarray:
    """max(z, 0), entry by entry."""
    return np.maximum(z, 0)


def mlp_forward(
    x: np.ndarray,
    layers: Sequence[tuple[np.ndarray, np.ndarray]],
    activation: Callable[[np.ndarray], np.ndarray] = relu,
) -> list[np.ndarray]:
    """The input, each hidden layer's activations, and the output, which has none.

    `x` is (n, d_in); a layer is a pair of weights (d_in, d_out) and biases (d_out,).
    The last layer stays linear: put a sigmoid or a softmax on the last result. Raises
    ValueError where the sizes of a layer do not fit, and says which layer.
    """
    stages = [np.asarray(x)]
    for number, (weights, biases) in enumerate(layers, 1):
        before = stages[-1]
        if before.shape[-1] != len(weights) or biases.shape != weights.shape[1:]:
            raise ValueError(
                f"mlp_forward: layer {number}: {before.shape} @ {weights.shape} + "
                f"{biases.shape} does not fit; of weights from PyTorch take .T"
            )
        z = before @ weights + biases
        stages.append(z if number == len(layers) else activation(z))
    return stages


if __name__ == "__main__":
    xor = [
        (np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([0.0, -1.0])),
        (np.array([[1.0], [-2.0]]), np.array([0.0])),
    ]
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    _, hidden, answer = mlp_forward(bits, xor)
    print("hidden", hidden.tolist())
    print("xor   ", answer.tolist())
