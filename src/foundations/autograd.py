"""Reverse-mode differentiation of NumPy code: the engine of chapter 8.

A `Tensor` is an array that remembers its inputs. In every function below, `d` is the
gradient of the end result with respect to what the function gives, and has its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np


# --8<-- [start:tensor]
class Tensor:
    """A float64 array; where it wants a gradient, it remembers its inputs.

    `edges` holds a pair for each input that wants a gradient: the input, and the
    function that makes its share of the gradient from the result's (its VJP).
    """

    recording = True
    __array_ufunc__ = None  # so that `array * tensor` asks the tensor

    def __init__(self, data, requires_grad: bool = False, edges: tuple = ()):
        self.data = np.asarray(data, dtype=np.float64)
        self.shape = self.data.shape
        self.requires_grad, self.edges = requires_grad, edges
        self.grad = None


def as_tensor(data) -> Tensor:
    """A tensor as it is; anything else as a constant."""
    return data if isinstance(data, Tensor) else Tensor(data)


def record(value: np.ndarray, *edges: tuple[Tensor, Callable]) -> Tensor:
    """A tensor of `value` that keeps the edges whose input wants a gradient."""
    kept = tuple(edge for edge in edges if Tensor.recording and edge[0].requires_grad)
    return Tensor(value, requires_grad=len(kept) > 0, edges=kept)


# --8<-- [end:tensor]


# --8<-- [start:topological-order]
def topological_order(end: Tensor) -> list[Tensor]:
    """All tensors that `end` depends on, each after its inputs; `end` comes last.

    A list of what is still to do takes the place of recursion, so depth is no limit.
    """
    order, seen, to_do = [], set(), [(end, False)]
    while to_do:
        tensor, inputs_are_done = to_do.pop()
        if inputs_are_done:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            to_do.append((tensor, True))
            to_do.extend((source, False) for source, _ in tensor.edges)
    return order


# --8<-- [end:topological-order]


# --8<-- [start:backward]
def backward_pass(end: Tensor, d=None) -> None:
    """Adds the gradient of `end` to the `grad` of each leaf (eq:adjoint).

    A leaf is a tensor without edges. `d` has the shape of `end`, and may be left out
    where `end` is one number: then it is 1.
    """
    if not end.requires_grad:
        raise ValueError("backward: nothing here wants a gradient")
    if d is None and end.shape != ():
        raise ValueError(f"backward: a tensor of shape {end.shape} needs d")
    d = np.ones(()) if d is None else np.asarray(d, dtype=np.float64)
    if d.shape != end.shape:
        raise ValueError(f"backward: d is {d.shape}, and the tensor is {end.shape}")
    gradients = {id(end): d}
    for tensor in reversed(topological_order(end)):
        d = gradients.pop(id(tensor))
        if not tensor.edges:
            tensor.grad = d if tensor.grad is None else tensor.grad + d
        for source, vjp in tensor.edges:
            gradients[id(source)] = gradients.get(id(source), 0) + vjp(d)


# --8<-- [end:backward]


# --8<-- [start:unbroadcast]
def unbroadcast(d: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sums `d` over the axes that broadcasting made or stretched (eq:unbroadcast)."""
    made = d.ndim - len(shape)
    d = d.sum(axis=tuple(range(made)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return d.sum(axis=stretched, keepdims=True)


# --8<-- [end:unbroadcast]


# --8<-- [start:add-multiply]
def operands(name: str, a, b) -> tuple[Tensor, Tensor]:
    """Both as tensors. Raises ValueError where their shapes do not broadcast."""
    a, b = as_tensor(a), as_tensor(b)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        shapes = f"{a.shape} and {b.shape}"
        raise ValueError(f"{name}: shapes {shapes} do not broadcast") from None
    return a, b


def add(a, b) -> Tensor:
    a, b = operands("add", a, b)
    return record(
        a.data + b.data,
        (a, lambda d: unbroadcast(d, a.shape)),
        (b, lambda d: unbroadcast(d, b.shape)),
    )


def multiply(a, b) -> Tensor:  # eq:d-product
    a, b = operands("multiply", a, b)
    x, y = a.data, b.data
    return record(
        x * y,
        (a, lambda d: unbroadcast(d * y, a.shape)),
        (b, lambda d: unbroadcast(d * x, b.shape)),
    )


# --8<-- [end:add-multiply]


# --8<-- [start:power]
def power(a: Tensor, n: float) -> Tensor:
    """a to the power n, entry by entry; n is one number, and a constant."""
    x = a.data
    return record(x**n, (a, lambda d: d * n * x ** (n - 1)))


# --8<-- [end:power]


# --8<-- [start:functions]
def exp(a: Tensor) -> Tensor:
    value = np.exp(a.data)
    return record(value, (a, lambda d: d * value))


def log(a: Tensor) -> Tensor:
    x = a.data
    return record(np.log(x), (a, lambda d: d / x))


def tanh(a: Tensor) -> Tensor:
    value = np.tanh(a.data)
    return record(value, (a, lambda d: d * (1 - value**2)))


def rectify(a: Tensor) -> Tensor:
    """The ReLU, max(a, 0); its slope at 0 is taken as 0."""
    x = a.data
    return record(np.maximum(x, 0), (a, lambda d: d * (x > 0)))


# --8<-- [end:functions]


# --8<-- [start:softplus]
def softplus(a: Tensor) -> Tensor:
    """ln(1 + e^a) without overflow (eq:softplus); its slope is the sigmoid of a."""
    x = a.data
    value = np.logaddexp(0, x)
    return record(value, (a, lambda d: d * np.exp(x - value)))


# --8<-- [end:softplus]


# --8<-- [start:shapes]
def add_up(a: Tensor, axis=None, keepdims: bool = False) -> Tensor:
    """The sum along `axis` (one, several, or all): each entry gets its gradient."""
    axes = tuple(range(len(a.shape))) if axis is None else axis

    def d_a(d):
        d = d if keepdims else np.expand_dims(d, axes)
        return np.broadcast_to(d, a.shape)

    return record(a.data.sum(axis=axes, keepdims=keepdims), (a, d_a))


def average(a: Tensor, axis=None, keepdims: bool = False) -> Tensor:
    total = add_up(a, axis, keepdims)
    return multiply(total, total.data.size / a.data.size)


def reshape(a: Tensor, *shape: int) -> Tensor:
    return record(a.data.reshape(shape), (a, lambda d: d.reshape(a.shape)))


def swap_axes(a: Tensor, first: int = -1, second: int = -2) -> Tensor:
    """The transpose of each matrix in `a`, or two other axes exchanged."""

    def swap(x):
        return np.swapaxes(x, first, second)

    return record(swap(a.data), (a, swap))


def pick(a: Tensor, index) -> Tensor:
    """a[index], as NumPy indexes. An entry picked twice gets both gradients."""

    def d_a(d):
        d_x = np.zeros(a.shape)
        np.add.at(d_x, index, d)
        return d_x

    return record(a.data[index], (a, d_a))


# --8<-- [end:shapes]


# --8<-- [start:matmul]
def matmul(a, b) -> Tensor:
    """a @ b for vectors, matrices, or stacks of matrices (eq:d-matmul)."""
    a, b = as_tensor(a), as_tensor(b)
    try:
        value = a.data @ b.data
    except ValueError:
        raise ValueError(f"matmul: {a.shape} @ {b.shape} do not fit") from None
    if len(b.shape) == 1:
        return pick(matmul(a, reshape(b, -1, 1)), (..., 0))
    if len(a.shape) == 1:
        return pick(matmul(reshape(a, 1, -1), b), (..., 0, slice(None)))
    x, y = a.data, b.data
    return record(
        value,
        (a, lambda d: unbroadcast(d @ y.mT, a.shape)),
        (b, lambda d: unbroadcast(x.mT @ d, b.shape)),
    )


# --8<-- [end:matmul]


# --8<-- [start:operators]
Tensor.__add__ = Tensor.__radd__ = add
Tensor.__mul__ = Tensor.__rmul__ = multiply
Tensor.__neg__ = lambda a: multiply(a, -1)
Tensor.__sub__ = lambda a, b: add(a, multiply(b, -1))
Tensor.__rsub__ = lambda a, b: add(b, multiply(a, -1))
Tensor.__pow__ = power
Tensor.__truediv__ = lambda a, b: multiply(a, power(as_tensor(b), -1))
Tensor.__rtruediv__ = lambda a, b: multiply(b, power(a, -1))
Tensor.__matmul__, Tensor.__rmatmul__ = matmul, lambda a, b: matmul(b, a)
Tensor.__getitem__ = pick
Tensor.exp, Tensor.log, Tensor.tanh, Tensor.relu = exp, log, tanh, rectify
Tensor.softplus, Tensor.sum, Tensor.mean = softplus, add_up, average
Tensor.reshape, Tensor.swapaxes, Tensor.mT = reshape, swap_axes, property(swap_axes)
Tensor.backward = backward_pass
Tensor.detach = lambda a: Tensor(a.data)
Tensor.item = lambda a: a.data.item()
# --8<-- [end:operators]


# --8<-- [start:no-grad]
@contextmanager
def no_grad() -> Iterator[None]:
    """Inside `with no_grad():` nothing is recorded."""
    before, Tensor.recording = Tensor.recording, False
    try:
        yield
    finally:
        Tensor.recording = before


# --8<-- [end:no-grad]


# --8<-- [start:vjp]
def vjp(f: Callable, x: np.ndarray, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x), and d J at `x`, shaped like `x` (eq:vjp). `d` is shaped like f(x)."""
    x = Tensor(x, requires_grad=True)
    y = f(x)
    y.backward(d)
    return y.data, x.grad


# --8<-- [end:vjp]


# --8<-- [start:kept-bytes]
def kept_bytes(end: Tensor) -> int:
    """How many bytes of results the graph below `end` keeps, leaves left out."""
    return sum(t.data.nbytes for t in topological_order(end) if t.edges)


# --8<-- [end:kept-bytes]
