"""Optimisers: the mathematics of chapter 7.

An optimiser holds parameter arrays and changes them in place, as those of
torch.optim do. Each is one rule, `update`, for a single parameter `p`, its gradient
`g`, and the memories that the rule keeps from step to step, all of one shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np


# --8<-- [start:optimiser]
class Optimiser:
    """Parameters, the `memories` arrays that each is given, a count of steps."""

    def __init__(self, params: list[np.ndarray], lr: float, memories: int = 0):
        if not all(np.issubdtype(p.dtype, np.floating) for p in params):
            raise TypeError("Optimiser: parameters must be arrays of floats")
        self.params, self.lr, self.t = params, lr, 0
        self.state = [[np.zeros_like(p) for _ in range(memories)] for p in params]

    def step(self, gradients: list[np.ndarray]) -> None:
        """Changes every parameter in place. Raises ValueError where shapes differ."""
        shapes = [p.shape for p in self.params], [np.shape(g) for g in gradients]
        if shapes[0] != shapes[1]:
            raise ValueError("step: parameters {}, gradients {}".format(*shapes))
        self.t += 1
        for p, g, memory in zip(self.params, gradients, self.state):
            self.update(p, g, *memory)


# --8<-- [end:optimiser]


# --8<-- [start:sgd]
class SGD(Optimiser):
    """A step against the gradient (eq:sgd)."""

    def update(self, p: np.ndarray, g: np.ndarray) -> None:
        p -= self.lr * g


# --8<-- [end:sgd]


# --8<-- [start:momentum]
class Momentum(Optimiser):
    """A step along the velocity, in PyTorch's convention (eq:momentum)."""

    def __init__(self, params: list[np.ndarray], lr: float, beta: float = 0.9):
        super().__init__(params, lr, memories=1)
        self.beta = beta

    def update(self, p: np.ndarray, g: np.ndarray, v: np.ndarray) -> None:
        v[...] = self.beta * v + g
        p -= self.lr * v


# --8<-- [end:momentum]


# --8<-- [start:averaged-momentum]
class AveragedMomentum(Momentum):
    """A step along a running average of the gradients (eq:averaged-momentum)."""

    def update(self, p: np.ndarray, g: np.ndarray, v: np.ndarray) -> None:
        v[...] = self.beta * v + (1 - self.beta) * g
        p -= self.lr * v


# --8<-- [end:averaged-momentum]


# --8<-- [start:nesterov]
class Nesterov(Momentum):
    """A step along the velocity as it will be one step later (eq:nesterov)."""

    def update(self, p: np.ndarray, g: np.ndarray, v: np.ndarray) -> None:
        v[...] = self.beta * v + g
        p -= self.lr * (g + self.beta * v)


# --8<-- [end:nesterov]


# --8<-- [start:rmsprop]
class RMSProp(Optimiser):
    """A step divided by the root of the mean square of the gradients (eq:rmsprop)."""

    def __init__(
        self,
        params: list[np.ndarray],
        lr: float,
        beta: float = 0.99,
        eps: float = 1e-8,
    ):
        super().__init__(params, lr, memories=1)
        self.beta, self.eps = beta, eps

    def update(self, p: np.ndarray, g: np.ndarray, v: np.ndarray) -> None:
        v[...] = self.beta * v + (1 - self.beta) * g**2
        p -= self.lr * g / (np.sqrt(v) + self.eps)


# --8<-- [end:rmsprop]


# --8<-- [start:adam]
class Adam(Optimiser):
    """Momentum over root mean square, both corrected for their start (eq:adam)."""

    def __init__(
        self,
        params: list[np.ndarray],
        lr: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ):
        super().__init__(params, lr, memories=2)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def update(
        self, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray
    ) -> None:
        m[...] = self.beta1 * m + (1 - self.beta1) * g
        v[...] = self.beta2 * v + (1 - self.beta2) * g**2
        m_hat = m / (1 - self.beta1**self.t)
        v_hat = v / (1 - self.beta2**self.t)
        p -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


# --8<-- [end:adam]


# --8<-- [start:adamw]
class AdamW(Adam):
    """Adam, and apart from it a decay of the parameters by lr · decay (eq:adamw)."""

    def __init__(
        self,
        params: list[np.ndarray],
        lr: float,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        decay: float = 0.01,
    ):
        super().__init__(params, lr, beta1, beta2, eps)
        self.decay = decay

    def update(
        self, p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray
    ) -> None:
        p *= 1 - self.lr * self.decay
        super().update(p, g, m, v)


# --8<-- [end:adamw]


# --8<-- [start:descend]
def descend(
    optimiser: Optimiser, gradient: Callable[[np.ndarray], np.ndarray], steps: int
) -> np.ndarray:
    """The path of the optimiser's one parameter `p`, shape (steps + 1, *p.shape)."""
    (p,) = optimiser.params
    path = [p.copy()]
    for _ in range(steps):
        optimiser.step([gradient(p)])
        path.append(p.copy())
    return np.array(path)


# --8<-- [end:descend]


# --8<-- [start:rosenbrock]
def rosenbrock(points: np.ndarray) -> np.ndarray:
    """A curved valley with its floor's lowest point at (1, 1) (eq:rosenbrock).

    `points` has shape (..., 2), an x and a y in its last axis; the result (...).
    """
    x, y = points[..., 0], points[..., 1]
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


# --8<-- [end:rosenbrock]


# --8<-- [start:rosenbrock-gradient]
def rosenbrock_gradient(points: np.ndarray) -> np.ndarray:
    """The gradient of `rosenbrock`, shaped like `points` (eq:rosenbrock-gradient)."""
    x, y = points[..., 0], points[..., 1]
    d_x = -2 * (1 - x) - 400 * x * (y - x**2)
    d_y = 200 * (y - x**2)
    return np.stack([d_x, d_y], axis=-1)


# --8<-- [end:rosenbrock-gradient]


# --8<-- [start:minibatches]
def minibatches(n: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The numbers 0 to n − 1 in random order, `size` at a time, at the end fewer.

    Going through all of them once is one epoch.
    """
    order = rng.permutation(n)  # (n,)
    for start in range(0, n, size):
        yield order[start : start + size]


# --8<-- [end:minibatches]


# --8<-- [start:warmup-cosine]
def warmup_cosine(
    step: int, peak: float, warmup: int, total: int, floor: float = 0.0
) -> float:
    """The learning rate of step 1, 2, …, `total`: up to `peak`, down to `floor`.

    Up in a straight line for `warmup` steps, down along half a cosine
    (eq:warmup-cosine).
    """
    if step <= warmup:
        return peak * step / warmup
    progress = (step - warmup) / (total - warmup)
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


# --8<-- [end:warmup-cosine]
