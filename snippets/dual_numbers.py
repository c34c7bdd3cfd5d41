"""The derivative of a Python function of one number, by dual numbers."""

from __future__ import annotations

import math
from collections.abc import Callable


class Dual:
    """A value and its slope; arithmetic and functions carry both along."""

    def __init__(self, value: float, slope: float = 0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        other = as_dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        other = as_dual(other)
        slope = self.slope * other.value + self.value * other.slope
        return Dual(self.value * other.value, slope)

    def __pow__(self, n: float):
        return Dual(self.value**n, n * self.value ** (n - 1) * self.slope)

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -as_dual(other)

    def __rsub__(self, other):
        return as_dual(other) - self

    def __truediv__(self, other):
        return self * as_dual(other) ** -1

    def __rtruediv__(self, other):
        return as_dual(other) / self

    __radd__, __rmul__ = __add__, __mul__


def as_dual(value) -> Dual:
    return value if isinstance(value, Dual) else Dual(value)


def exp(x):
    x = as_dual(x)
    return Dual(math.exp(x.value), math.exp(x.value) * x.slope)


def sin(x):
    x = as_dual(x)
    return Dual(math.sin(x.value), math.cos(x.value) * x.slope)


def derivative(f: Callable, x: float) -> float:
    """f'(x), exact up to rounding. `f` uses + − × ÷ **, and this module's functions.

    `if` and loops are allowed: the derivative is that of the branch that ran.
    """
    return as_dual(f(Dual(x, 1.0))).slope


if __name__ == "__main__":
    print(derivative(lambda x: x**3 - 2 / x, 2.0), "is 12.5")
    print(f"{derivative(lambda x: exp(-x * x) * sin(x), 1.0):.12f}")
