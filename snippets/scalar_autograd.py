"""Automatic differentiation of Python arithmetic, in reverse, in one class."""

from __future__ import annotations

import math


class Number:
    """A float that remembers its inputs, each with the slope of this number by it."""

    def __init__(self, value: float, inputs: tuple = ()):
        self.value, self.inputs = float(value), inputs

    def __add__(self, other):
        other = as_number(other)
        return Number(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = as_number(other)
        inputs = (self, other.value), (other, self.value)
        return Number(self.value * other.value, inputs)

    def __pow__(self, n: float):
        return Number(self.value**n, ((self, n * self.value ** (n - 1)),))

    def exp(self):
        value = math.exp(self.value)
        return Number(value, ((self, value),))

    def log(self):
        return Number(math.log(self.value), ((self, 1 / self.value),))

    def tanh(self):
        value = math.tanh(self.value)
        return Number(value, ((self, 1 - value**2),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -as_number(other)

    def __rsub__(self, other):
        return as_number(other) - self

    def __truediv__(self, other):
        return self * as_number(other) ** -1

    def __rtruediv__(self, other):
        return as_number(other) / self

    __radd__, __rmul__ = __add__, __mul__


def as_number(value) -> Number:
    return value if isinstance(value, Number) else Number(value)


def slopes(end: Number, *inputs: Number) -> list[float]:
    """The slope of `end` by each of `inputs`; 0 where `end` does not depend on it."""
    order, seen, to_do = [], set(), [(end, False)]
    while to_do:  # a list, not recursion: depth is no limit
        number, inputs_are_done = to_do.pop()
        if inputs_are_done:
            order.append(number)
        elif id(number) not in seen:
            seen.add(id(number))
            to_do.append((number, True))
            to_do.extend((source, False) for source, _ in number.inputs)
    found = {id(end): 1.0}
    for number in reversed(order):
        for source, slope in number.inputs:
            share = slope * found[id(number)]
            found[id(source)] = found.get(id(source), 0.0) + share
    return [found.get(id(number), 0.0) for number in inputs]


if __name__ == "__main__":
    x, y = Number(2.0), Number(3.0)
    z = (x * y).tanh() + x**2 / y - (y - 1).log()
    print(f"z = {z.value:.6f}")
    print("slopes", [round(slope, 6) for slope in slopes(z, x, y)])
