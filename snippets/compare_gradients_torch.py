"""Your own gradients beside PyTorch's: which differ, and by how much."""

import numpy as np
import torch


def compare_gradients(
    ours: dict[str, np.ndarray],
    theirs: dict[str, torch.Tensor],
    tolerance: float = 1e-10,
) -> list[tuple[str, tuple, str, float]]:
    """One row for each name: name, shape, verdict, largest difference of entries.

    `theirs` holds tensors after `backward` (of intermediate values too, if
    `retain_grad` was called on them before). A verdict is "exact" (every bit is the
    same), "close" (within `tolerance` times the largest entry, or times 1 where that
    is smaller), "wrong", or "shape". Raises ValueError where a name or a gradient is
    missing.
    """
    odd = sorted(set(ours) ^ set(theirs))
    if odd:
        raise ValueError(f"compare_gradients: only on one side: {', '.join(odd)}")
    rows = []
    for name, gradient in ours.items():
        if theirs[name].grad is None:
            raise ValueError(
                f"compare_gradients: {name} has no grad: call backward first, and "
                f"retain_grad before it where {name} is no leaf"
            )
        right = theirs[name].grad.numpy()
        if gradient.shape != right.shape:
            rows.append((name, gradient.shape, "shape", np.inf))
            continue
        apart = float(np.abs(gradient - right).max(initial=0.0))
        limit = tolerance * max(1.0, float(np.abs(right).max(initial=0.0)))
        near = "close" if apart <= limit else "wrong"  # not close where it is NaN
        verdict = "exact" if np.array_equal(gradient, right) else near
        rows.append((name, gradient.shape, verdict, apart))
    return rows


if __name__ == "__main__":
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    w = torch.tensor([[1.0], [-1.0]], dtype=torch.float64, requires_grad=True)
    y = x @ w
    y.retain_grad()
    (y**2).mean().backward()
    d_y = 2 * y.detach().numpy() / 2
    ours = {"y": d_y, "w": x.numpy().T @ d_y * 2}  # a factor too many
    for name, shape, verdict, apart in compare_gradients(ours, {"y": y, "w": w}):
        print(f"d_{name} {shape!s:<7} {verdict:<6} {apart:.1f}")
