"""A tape of numbers: reverse-mode differentiation at its smallest: chapter 8."""

from __future__ import annotations


# --8<-- [start:number]
class Number:
    """A number that notes on a tape what it was computed from.

    The tape is a list. Its line `place` belongs to this number and holds a pair for
    each input: the input's place, and the slope of this number by that input.
    """

    def __init__(self, value: float, tape: list, inputs: tuple = ()):
        self.value, self.tape, self.place = value, tape, len(tape)
        tape.append(inputs)

    def __add__(self, other):
        inputs = (self.place, 1), (other.place, 1)
        return Number(self.value + other.value, self.tape, inputs)

    def __sub__(self, other):
        inputs = (self.place, 1), (other.place, -1)
        return Number(self.value - other.value, self.tape, inputs)

    def __mul__(self, other):
        inputs = (self.place, other.value), (other.place, self.value)
        return Number(self.value * other.value, self.tape, inputs)


# --8<-- [end:number]


# --8<-- [start:sweep]
def sweep(end: Number) -> list[float]:
    """The slope of `end` by each number on its tape, in their order (eq:adjoint)."""
    slopes = [0.0] * len(end.tape)
    slopes[end.place] = 1.0
    for place in reversed(range(len(end.tape))):
        for input_place, slope in end.tape[place]:
            slopes[input_place] += slope * slopes[place]
    return slopes


# --8<-- [end:sweep]
