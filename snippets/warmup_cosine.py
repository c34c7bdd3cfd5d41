"""A learning-rate schedule: warm up in a straight line, fall along half a cosine."""

import math


def warmup_cosine(
    step: int, peak: float, warmup: int, total: int, floor: float = 0.0
) -> float:
    """The rate of step 1, 2, …: `peak` at step `warmup`, `floor` from `total` on.

    `warmup` may be 0. For PyTorch's LambdaLR, which counts from 0 and multiplies the
    optimiser's own rate, pass `lambda s: warmup_cosine(s + 1, 1.0, warmup, total)`.
    Raises ValueError for a step below 1, or where `total` is not above `warmup`.
    """
    if step < 1:
        raise ValueError(f"warmup_cosine: steps count from 1, not {step}")
    if not 0 <= warmup < total:
        raise ValueError(f"warmup_cosine: {warmup} steps of warm-up, {total} in all")
    if step < warmup:
        return peak * step / warmup
    progress = min(1.0, (step - warmup) / (total - warmup))
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


if __name__ == "__main__":
    for step in (1, 50, 100, 550, 1_000, 1_200):
        rate = warmup_cosine(step, peak=3e-4, warmup=100, total=1_000, floor=3e-5)
        print(f"step {step:5}: {rate:.6f}")
