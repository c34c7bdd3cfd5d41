"""A classifier of any depth in NumPy: He's start, ReLU, softmax, Adam."""

import itertools

import numpy as np


class Classifier:
    """Fully connected, ReLU between layers; `sizes` are as in (2, 16, 3)."""

    def __init__(self, sizes: tuple[int, ...], seed: int = 0):
        rng = np.random.default_rng(seed)
        self.params = []
        for d_in, d_out in itertools.pairwise(sizes):
            self.params.append(rng.normal(0, np.sqrt(2 / d_in), (d_in, d_out)))
            self.params.append(np.zeros(d_out))
        self.means = [np.zeros_like(p) for p in self.params]
        self.squares = [np.zeros_like(p) for p in self.params]
        self.steps = 0

    def activations(self, X: np.ndarray) -> list[np.ndarray]:
        """The input (n, d), each hidden layer, and the probabilities (n, classes)."""
        stages = [np.asarray(X, dtype=np.float64)]
        for W, b in zip(self.params[::2], self.params[1::2], strict=True):
            stages.append(np.maximum(stages[-1] @ W + b, 0))
        scores = stages[-2] @ self.params[-2] + self.params[-1]  # no ReLU at the end
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return [*stages[:-1], powers / powers.sum(axis=1, keepdims=True)]

    def gradients(self, X: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        """Of the mean cross-entropy; `y` (n,) holds class numbers from 0."""
        *stages, P = self.activations(X)
        d_Z = P.copy()
        d_Z[np.arange(len(y)), y] -= 1
        d_Z /= len(y)
        found = []
        for at in range(len(stages) - 1, -1, -1):
            found = [stages[at].T @ d_Z, d_Z.sum(axis=0), *found]
            d_Z = d_Z @ self.params[2 * at].T * (stages[at] > 0)
        return found

    def fit(self, X: np.ndarray, y: np.ndarray, steps: int, lr: float = 0.01) -> None:
        """Steps of Adam on all examples. Raises ValueError for unknown classes."""
        y, classes = np.asarray(y), len(self.params[-1])
        if y.min() < 0 or y.max() >= classes:
            raise ValueError(f"fit: classes go from 0 to {classes - 1}")
        for _ in range(steps):
            self.steps += 1
            rows = self.params, self.gradients(X, y), self.means, self.squares
            for p, d_p, m, v in zip(*rows, strict=True):
                m += 0.1 * (d_p - m)
                v += 0.001 * (d_p**2 - v)
                m_hat, v_hat = m / (1 - 0.9**self.steps), v / (1 - 0.999**self.steps)
                p -= lr * m_hat / (np.sqrt(v_hat) + 1e-8)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        return self.activations(X)[-1].argmax(axis=1)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    y = np.arange(600) % 3  # three rings round one another
    radius, angle = 1 + y + 0.6 * rng.random(600), 2 * np.pi * rng.random(600)
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    model = Classifier((2, 32, 16, 3))
    print(f"before {np.mean(model.predict(X[300:]) == y[300:]):.0%}")
    model.fit(X[:300], y[:300], steps=150)
    print(f"after  {np.mean(model.predict(X[300:]) == y[300:]):.0%} of unseen points")
