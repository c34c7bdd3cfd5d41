"""AdamW for a dictionary of NumPy arrays, equal to PyTorch's step by step."""

import numpy as np


class AdamW:
    """Changes the arrays of `params` in place; `lr` may be set before any step."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, decay=0.01):
        for name, p in params.items():
            if not np.issubdtype(p.dtype, np.floating):
                raise TypeError(
                    f"AdamW: {name} holds {p.dtype}, and floats are needed"
                )
        self.params, self.lr, self.betas = params, lr, betas
        self.eps, self.decay, self.t = eps, decay, 0
        self.mean = {name: np.zeros_like(p) for name, p in params.items()}
        self.square = {name: np.zeros_like(p) for name, p in params.items()}

    def step(self, gradients):
        """One step; `gradients` has the names and the shapes of the parameters.

        Raises ValueError, and changes nothing, where a name or a shape does not fit.
        """
        if gradients.keys() != self.params.keys():
            names = sorted(gradients.keys() ^ self.params.keys())
            raise ValueError(
                f"step: in only one of parameters and gradients: {names}"
            )
        for name, p in self.params.items():
            if gradients[name].shape != p.shape:
                raise ValueError(
                    f"step: {name} is {p.shape}, its gradient {gradients[name].shape}"
                )
        self.t += 1
        beta1, beta2 = self.betas
        for name, p in self.params.items():
            g, m, v = gradients[name], self.mean[name], self.square[name]
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            root = np.sqrt(v / (1 - beta2**self.t))
            p *= 1 - self.lr * self.decay
            p -= self.lr / (1 - beta1**self.t) * m / (root + self.eps)


if __name__ == "__main__":
    rng = np.random.default_rng(42)
    X = rng.normal(size=(200, 3))
    y = X @ np.array([1.0, -2.0, 0.5]) + 4
    params = {"w": np.zeros(3), "b": np.zeros(1)}
    optimiser = AdamW(params, lr=0.05)
    for _ in range(2_000):
        error = X @ params["w"] + params["b"] - y
        gradients = {"w": 2 * X.T @ error / 200, "b": 2 * error.mean(keepdims=True)}
        optimiser.step(gradients)
    print("w", params["w"].round(2), "b", params["b"].round(2))
