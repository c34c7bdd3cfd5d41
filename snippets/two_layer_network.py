"""A two-layer network with its backward pass by hand, in NumPy. It learns XOR."""

import numpy as np


class TwoLayerNetwork:
    """d_in numbers → `width` leaky ReLU units → one probability.

    `fit` does gradient descent on the mean binary cross-entropy of all examples.
    """

    def __init__(
        self, d_in: int, width: int, rng: np.random.Generator, leak: float = 0.1
    ) -> None:
        self.W1 = rng.normal(size=(d_in, width)) * np.sqrt(2 / d_in)
        self.b1 = np.zeros(width)
        self.W2 = rng.normal(size=(width, 1)) * np.sqrt(2 / width)
        self.b2 = np.zeros(1)
        self.leak = leak  # the slope of a unit that is off: with 0 it can die

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Logits (n,) of the rows of `X` (n, d_in)."""
        Z1 = X @ self.W1 + self.b1
        return (np.where(Z1 > 0, Z1, self.leak * Z1) @ self.W2 + self.b2)[:, 0]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """True (n,) where the probability of a 1 is above one half."""
        return self.logits(X) > 0

    def gradients(self, X: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Gradients of the loss by name, shaped like W1, b1, W2, b2; `y` is (n,)."""
        Z1 = X @ self.W1 + self.b1
        slope = np.where(Z1 > 0, 1, self.leak)
        H = Z1 * slope
        Z2 = H @ self.W2 + self.b2
        e = np.exp(-np.abs(Z2))
        P = np.where(Z2 >= 0, 1, e) / (1 + e)
        d_Z2 = (P - y[:, None]) / len(y)  # sigmoid and cross-entropy in one
        d_Z1 = d_Z2 @ self.W2.T * slope
        return {
            "W1": X.T @ d_Z1,
            "b1": d_Z1.sum(axis=0),
            "W2": H.T @ d_Z2,
            "b2": d_Z2.sum(axis=0),
        }

    def fit(
        self, X: np.ndarray, y: np.ndarray, rate: float = 0.5, epochs: int = 1_000
    ) -> None:
        """Trains in place. `y` (n,) holds 0 or 1; ValueError for another shape."""
        if y.shape != X.shape[:1]:
            raise ValueError(f"fit: y is {y.shape} for {len(X)} rows: ({len(X)},)")
        for _ in range(epochs):
            for name, gradient in self.gradients(X, y).items():
                setattr(self, name, getattr(self, name) - rate * gradient)


if __name__ == "__main__":
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    network = TwoLayerNetwork(2, 8, np.random.default_rng(42))
    network.fit(X, y)
    print("predicted", network.predict(X).astype(int), "  target", y)
