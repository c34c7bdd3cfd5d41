"""Try learning rates over powers of ten; diverged runs count as infinite loss."""

from collections.abc import Callable

import numpy as np


def sweep_rates(
    train: Callable[[float], float], low: float, high: float, count: int = 13
) -> tuple[float, dict[float, float]]:
    """The best of `count` rates from `low` to `high`, and the loss at every rate.

    `train(rate)` trains afresh and returns its final loss. NaN, overflow and
    FloatingPointError count as infinity. Raises ValueError where every run diverged,
    or where the best rate is the first or the last: then search further that way.
    """
    losses = {}
    for rate in np.geomspace(low, high, count).tolist():
        try:
            with np.errstate(all="ignore"):
                loss = float(train(rate))
        except (FloatingPointError, OverflowError):
            loss = np.inf
        losses[rate] = loss if np.isfinite(loss) else np.inf
    best = min(losses, key=losses.get)
    if losses[best] == np.inf:
        raise ValueError(f"sweep_rates: every run diverged, from {low:g} on")
    if best in (min(losses), max(losses)):
        raise ValueError(f"sweep_rates: best at the edge, {best:g}: search beyond it")
    return best, losses


if __name__ == "__main__":

    def train(rate: float) -> float:
        """Fifty steps of descent in a valley of curvatures 1 and 30."""
        p, curvatures = np.ones(2), np.array([1.0, 30.0])
        for _ in range(50):
            p = p - rate * curvatures * p
        return curvatures @ p**2 / 2

    best, losses = sweep_rates(train, 0.001, 1.0)
    for rate, loss in losses.items():
        print("best" if rate == best else "    ", f"{rate:.4f} {min(loss, 999):9.4f}")
