"""GPT-2's forward pass in NumPy: logits, loss and sampling, in float32."""

import math

import numpy as np


class GPT:
    """Pre-norm blocks, learned positions, tied head. No gradients: it only runs.

    `params` is a flat dict; a block's arrays are under "0.W_qkv", "0.W_o" and so on.
    """

    def __init__(self, vocabulary, length, width, heads, layers, seed=0):
        if width % heads:
            raise ValueError(f"GPT: {heads} heads do not divide a width of {width}")
        self.heads, self.layers = heads, layers
        rng, end = np.random.default_rng(seed), 0.02 / math.sqrt(2 * layers)
        shapes = {"W_qkv": (3 * width, 0.02), "W_o": (width, end)}
        shapes |= {"W1": (4 * width, 0.02), "W2": (width, end)}
        p = {"E": rng.normal(0, 0.02, (vocabulary, width))}
        p["P"] = rng.normal(0, 0.02, (length, width))
        for i in range(layers):
            for name, (d_out, spread) in shapes.items():
                d_in = 4 * width if name == "W2" else width
                p[f"{i}.{name}"] = rng.normal(0, spread, (d_in, d_out))
                p[f"{i}.{name.replace('W', 'b')}"] = np.zeros(d_out)
        for norm in [*(f"{i}.{n}" for i in range(layers) for n in "12"), "end"]:
            p[f"{norm}.gain"], p[f"{norm}.shift"] = np.ones(width), np.zeros(width)
        self.params = {name: array.astype(np.float32) for name, array in p.items()}

    def _norm(self, x, name):
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-5)
        return x * self.params[f"{name}.gain"] + self.params[f"{name}.shift"]

    def _linear(self, x, i, name):
        return x @ self.params[f"{i}.W{name}"] + self.params[f"{i}.b{name}"]

    def logits(self, ids: np.ndarray) -> np.ndarray:
        """(..., T, vocabulary) from ids (..., T): row t is for the token after t."""
        E, P, T = self.params["E"], self.params["P"], ids.shape[-1]
        if len(P) < T or ids.min() < 0 or ids.max() >= len(E):
            raise ValueError(
                f"GPT: at most {len(P)} ids, each from 0 to {len(E) - 1}"
            )
        x = E[ids] + P[:T]
        future = np.triu(np.full((T, T), -np.inf, dtype=x.dtype), 1)
        for i in range(self.layers):
            qkv = self._linear(self._norm(x, f"{i}.1"), i, "_qkv")
            heads = qkv.reshape(*ids.shape, 3, self.heads, -1)
            q, k, v = np.moveaxis(heads, -3, 0).swapaxes(-3, -2)  # (..., heads, T, d)
            scores = q @ k.mT / math.sqrt(q.shape[-1]) + future
            powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
            mixed = powers @ v / powers.sum(axis=-1, keepdims=True)
            x = x + self._linear(mixed.swapaxes(-3, -2).reshape(x.shape), i, "_o")
            z = self._linear(self._norm(x, f"{i}.2"), i, "1")
            z *= (
                1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z))
            ) / 2
            x = x + self._linear(z, i, "2")
        return self._norm(x, "end") @ E.T

    def loss(self, ids: np.ndarray) -> float:
        """Mean cross-entropy in nats of each token after the first, ids (..., T)."""
        z = self.logits(ids[..., :-1]).astype(np.float64)
        z -= z.max(axis=-1, keepdims=True)
        z -= np.log(np.exp(z).sum(axis=-1, keepdims=True))  # now log-probabilities
        return -float(np.take_along_axis(z, ids[..., 1:, None], axis=-1).mean())

    def sample(self, ids: np.ndarray, steps: int, seed: int = 0) -> np.ndarray:
        """`ids` (T,) and `steps` tokens more, drawn one after the other."""
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            z = self.logits(ids[-len(self.params["P"]) :])[-1].astype(np.float64)
            p = np.exp(z - z.max())
            ids = np.append(ids, rng.choice(len(p), p=p / p.sum()))
        return ids


if __name__ == "__main__":
    model = GPT(vocabulary=100, length=32, width=64, heads=4, layers=3)
    ids = np.random.default_rng(42).integers(0, 100, size=(8, 33))
    print("logits", model.logits(ids[:, :-1]).shape, model.logits(ids[0, :5]).dtype)
    print(f"loss {model.loss(ids):.2f}, ln 100 = {math.log(100):.2f}")
    print(f"{sum(p.size for p in model.params.values()):,} parameters")
    print(f"a text of {len(model.sample(ids[0, :4], steps=40))} tokens")
