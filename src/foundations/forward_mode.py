"""Forward-mode differentiation by dual numbers, and numbers that count: chapter 8."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


# --8<-- [start:dual]
class Dual:
    """A value and its slope: value + slope ε, with ε² = 0.

    Both are numbers, or both are arrays of one shape. Anything else in a sum or a
    product is a constant: its slope is 0.
    """

    __array_ufunc__ = None  # so that `array + dual` asks the dual number

    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = other if isinstance(other, Dual) else Dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):  # eq:dual-product
        other = other if isinstance(other, Dual) else Dual(other)
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)

    def __matmul__(self, W: np.ndarray):
        return Dual(self.value @ W, self.slope @ W)

    def tanh(self):  # eq:dual-function
        value = np.tanh(self.value)
        return Dual(value, (1 - value**2) * self.slope)

    __radd__, __rmul__ = __add__, __mul__


# --8<-- [end:dual]


# --8<-- [start:jvp]
def jvp(f: Callable, x: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x), and the slope of f at `x` in the direction `v`: J v (eq:jvp).

    `v` has the shape of `x`; `f` takes a dual number and gives one.
    """
    if np.shape(x) != np.shape(v):
        shapes = f"{np.shape(x)}, and its direction {np.shape(v)}"
        raise ValueError(f"jvp: x has shape {shapes}")
    y = f(Dual(np.asarray(x), np.asarray(v)))
    return y.value, y.slope


# --8<-- [end:jvp]


# --8<-- [start:counted]
class Counted(float):
    """A float that counts multiplications, its own and those of all others."""

    multiplications = 0

    def __mul__(self, other):
        Counted.multiplications += 1
        return Counted(float.__mul__(self, other))

    def __add__(self, other):
        return Counted(float.__add__(self, other))

    __radd__, __rmul__ = __add__, __mul__


# --8<-- [end:counted]
