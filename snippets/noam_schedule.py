"""The learning rate of the 2017 transformer: up in a line, down like 1/√step."""

import math


def inverse_sqrt(step: int, peak: float, warmup: int) -> float:
    """The rate of step 1, 2, …: `peak` at step `warmup`, half of it at 4 · warmup.

    The paper's peak is `noam_peak(width, warmup)`. For PyTorch's LambdaLR, which
    counts from 0 and multiplies the optimiser's own rate, give the optimiser lr=1.0
    and pass `lambda s: inverse_sqrt(s + 1, peak, warmup)`. Raises ValueError for a
    step or a warm-up below 1.
    """
    if step < 1 or warmup < 1:
        raise ValueError(f"inverse_sqrt: step {step}, warm-up {warmup}; both from 1")
    return peak * min(step / warmup, math.sqrt(warmup / step))


def noam_peak(width: int, warmup: int) -> float:
    """The highest rate of Vaswani et al. (2017): 1/√(width · warmup)."""
    return 1 / math.sqrt(width * warmup)


if __name__ == "__main__":
    peak = noam_peak(width=512, warmup=4_000)
    for step in (1, 2_000, 4_000, 16_000, 100_000):
        print(f"step {step:7,}: {inverse_sqrt(step, peak, warmup=4_000):.7f}")
