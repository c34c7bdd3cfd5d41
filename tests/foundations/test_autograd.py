"""What the engine, the tape and the dual numbers promise beyond their equations."""

import itertools
import math
import pathlib

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from foundations import autograd, backpropagation, forward_mode, tape
from foundations.autograd import Tensor
from foundations.backpropagation import numerical_gradient

SEED = 42
PROPERTY = hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)


def same(ours, theirs, tolerance=1e-9):
    """The engine's gradient and PyTorch's agree, in shape and relative to the largest entry."""
    theirs = theirs.numpy()
    assert ours.shape == theirs.shape
    scale = 1 + np.abs(theirs).max(initial=0)
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=tolerance)


def both(f, *arrays):
    """f on tensors and on PyTorch's, with `backward` from a weighted sum of the results."""
    ours = [Tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    result, expected = f(*ours), f(*theirs)
    same(result.data, expected.detach())
    d = np.random.default_rng(SEED).normal(size=result.shape)
    result.backward(d)
    expected.backward(torch.tensor(d))
    for tensor, torch_tensor in zip(ours, theirs, strict=True):
        same(tensor.grad, torch_tensor.grad)


# --- random expressions against PyTorch -----------------------------------------------------


def products(a, b):
    """A matrix product where the last axes fit, a product of entries elsewhere."""
    return a.tanh() @ b.swapaxes(-1, -2) if a.shape[-1] == b.shape[-1] else a * b


BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1.5 + b * b),
    products,
]
UNARY = [
    lambda a: -a,
    lambda a: a.tanh(),
    lambda a: a.relu(),
    lambda a: a.tanh().exp(),
    lambda a: (1 + a * a).log(),
    lambda a: (2 + a.tanh()) ** 3,
    lambda a: 1 / (1 + a**2),
    lambda a: 3 - a,
    lambda a: a.sum() * 0.1,
    lambda a: a.mean(axis=-1, keepdims=True) if isinstance(a, Tensor) else a.mean(-1, True),
    lambda a: a.sum(axis=0) * a,
    lambda a: a[0] + a,
    lambda a: a[..., [0, 0]].sum() + a,
    lambda a: a.reshape(-1)[0] * a,
]
SHAPES = [(2, 3), (3,), (2, 1), (1, 3), (1,), (4, 2, 3), (4, 1, 1)]


@st.composite
def programs(draw):
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=4))
    steps, count = [], len(shapes)
    for made in range(draw(st.integers(1, 7))):
        index = st.integers(0, count + made - 1)
        two = draw(st.booleans())
        operation = draw(st.integers(0, len(BINARY if two else UNARY) - 1))
        steps.append((two, operation, draw(index), draw(index)))
    return shapes, steps, draw(st.integers(0, 2**16))


def run(steps, values):
    for two, operation, p, q in steps:
        a, b = values[p], values[q]
        if not two:
            new = UNARY[operation](a) if len(a.shape) > 0 else a.tanh()
        elif BINARY[operation] is products and min(len(a.shape), len(b.shape)) < 2:
            new = a * b
        else:
            new = BINARY[operation](a, b)
        values = [*values, new]
    total = sum((value.tanh().sum() for value in values), start=values[0].sum())
    total.backward()
    return total


@PROPERTY
@hypothesis.given(programs())
def test_random_programs_have_pytorchs_gradients(program):
    shapes, steps, seed = program
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=shape) for shape in shapes]
    ours = [Tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    try:
        expected = run(steps, theirs)
    except RuntimeError:  # shapes that do not fit: we refuse them as well
        with pytest.raises(ValueError, match=r"shapes .* do not broadcast|do not fit"):
            run(steps, ours)
        return
    total = run(steps, ours)
    assert total.item() == pytest.approx(expected.item(), rel=1e-9)
    for tensor, torch_tensor in zip(ours, theirs, strict=True):
        same(tensor.grad, torch_tensor.grad)


@PROPERTY
@hypothesis.given(
    st.sampled_from([(), (2,), (3, 1), (1, 2), (4, 1, 1)]),
    st.sampled_from([(), (2,), (3, 2), (4, 3, 1), (1,)]),
)
def test_broadcast_operands_get_gradients_of_their_own_shape(left, right):
    rng = np.random.default_rng(SEED)
    both(lambda a, b: a * b + a - b / 2, rng.normal(size=left), rng.normal(size=right))


# --- one operation at a time ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4), (4, 5)),
        ((4,), (4,)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((6, 1, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
    ],
)
def test_matrix_products_of_vectors_matrices_and_stacks(left, right):
    rng = np.random.default_rng(SEED)
    both(lambda a, b: a @ b, rng.normal(size=left), rng.normal(size=right))


@pytest.mark.parametrize(
    "f",
    [
        lambda a: a.exp(),
        lambda a: (a * a).log(),
        lambda a: a.tanh(),
        lambda a: a.relu(),
        lambda a: a**3,
        lambda a: (a * a) ** 0.5,
        lambda a: a.sum(axis=1),
        lambda a: a.sum(axis=(0, -1), keepdims=True),
        lambda a: a.sum(axis=-2),
        lambda a: a.mean(axis=(0, 1)),
        lambda a: a.mean(),
        lambda a: a.reshape(4, 6),
        lambda a: a.reshape(-1),
        lambda a: a.mT,
        lambda a: a.swapaxes(0, 1),
        lambda a: a[1],
        lambda a: a[:, [0, 2, 0]],
        lambda a: a[..., 1:],
        lambda a: 2 - a,
        lambda a: 2 / (a * a + 1),
        lambda a: a.detach() * a,
        lambda a: a * 1.5,
    ],
)
def test_each_operation_has_pytorchs_gradient(f):
    both(f, np.random.default_rng(SEED).normal(size=(2, 3, 4)))


def test_softplus_has_pytorchs_gradient():
    a = np.linspace(-15, 15, 31)
    tensor, torch_tensor = Tensor(a, True), torch.tensor(a, requires_grad=True)
    tensor.softplus().sum().backward()
    torch.nn.functional.softplus(torch_tensor, threshold=50).sum().backward()
    same(tensor.grad, torch_tensor.grad, 1e-12)


def test_arrays_may_stand_on_the_left():
    rng = np.random.default_rng(SEED)
    W = rng.normal(size=(3, 2))
    X = rng.normal(size=(4, 3))
    tensor = Tensor(W, requires_grad=True)
    (X @ tensor).sum().backward()
    np.testing.assert_allclose(tensor.grad, X.T @ np.ones((4, 2)))
    for result in (W + tensor, W * tensor, W - tensor, W / (2 + tensor * tensor)):
        assert isinstance(result, Tensor) and result.requires_grad


# --- chapter 5 and the source ---------------------------------------------------------------


def test_the_sum_of_squares_of_the_source_notebook():
    x, y = Tensor([1, 2, 3], requires_grad=True), Tensor([4, 5, 6], requires_grad=True)
    loss = ((x + y) ** 2).mean()
    loss.backward()
    assert loss.item() == pytest.approx(155 / 3, rel=1e-15)
    np.testing.assert_allclose(x.grad, [10 / 3, 14 / 3, 6], rtol=1e-15)
    np.testing.assert_allclose(y.grad, x.grad)


def test_the_network_of_the_source_notebook_gives_1_42():
    W1, b1 = Tensor([[0.1, 0.2], [0.3, 0.4]]), Tensor([0.1, 0.2])
    W2, b2 = Tensor([[0.5], [0.6]]), Tensor([0.3])
    out = (Tensor([1, 2]) @ W1 + b1).relu() @ W2 + b2
    np.testing.assert_allclose(out.data, [1.42], rtol=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_chapter_5s_gradients_come_out(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(6, 2)), rng.integers(2, size=(6, 1)).astype(float)
    params = backpropagation.start(4, rng)
    by_hand = backpropagation.backward(backpropagation.forward(X, params), params, y)
    tensors = {name: Tensor(p, requires_grad=True) for name, p in params.items()}
    H = (X @ tensors["W1"] + tensors["b1"]).relu()
    Z = H @ tensors["W2"] + tensors["b2"]
    ((1 - 2 * y) * Z).softplus().mean().backward()
    for name, tensor in tensors.items():
        np.testing.assert_allclose(tensor.grad, by_hand[name], atol=1e-15)


# --- graphs ---------------------------------------------------------------------------------


def test_inputs_stand_before_what_is_made_from_them():
    a, b = Tensor(2.0, True), Tensor(3.0, True)
    u = a * b
    v = u + a
    end = v * u + v
    order = autograd.topological_order(end)
    place = {id(tensor): at for at, tensor in enumerate(order)}
    assert order[-1] is end and len(place) == len(order)
    for tensor in order:
        for source, _ in tensor.edges:
            assert place[id(source)] < place[id(tensor)]


def test_depth_is_no_limit():
    leaf = Tensor(1.0, requires_grad=True)
    chain = leaf
    for _ in range(20_000):
        chain = chain * 1.0
    chain.backward()
    assert leaf.grad == 1


def test_sharing_costs_one_visit_and_not_one_for_each_path():
    leaf = Tensor(1.0, requires_grad=True)
    doubled = leaf
    for _ in range(60):  # 2**60 paths
        doubled = doubled + doubled
    doubled.backward()
    assert len(autograd.topological_order(doubled)) == 61
    assert leaf.grad == 2.0**60


def test_grad_adds_up_over_calls_and_only_in_leaves():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    loss.backward()
    np.testing.assert_array_equal(w.grad, [4.0, 8.0])
    assert loss.grad is None
    w.grad = None
    (3 * w).sum().backward()
    np.testing.assert_array_equal(w.grad, [3.0, 3.0])


def test_a_leaf_that_is_the_end_gets_its_own_gradient():
    w = Tensor(5.0, requires_grad=True)
    w.backward()
    assert w.grad == 1


def test_a_second_gradient_does_not_write_into_the_first():
    a, b = Tensor([1.0, 2.0], True), Tensor([3.0, 4.0], True)
    (a + b).sum().backward()
    first = a.grad
    (a + b).sum().backward()
    np.testing.assert_array_equal(first, [1, 1])
    np.testing.assert_array_equal(b.grad, [2, 2])


def test_constants_are_not_remembered():
    product = Tensor([1.0, 2.0]) * 3
    assert product.edges == () and not product.requires_grad
    mixed = Tensor([1.0, 2.0], requires_grad=True) * Tensor([3.0, 4.0])
    assert len(mixed.edges) == 1


def test_no_grad_records_nothing_and_ends_even_after_an_error():
    w = Tensor(2.0, requires_grad=True)
    with autograd.no_grad():
        assert (w * w).edges == ()
        with autograd.no_grad():
            pass
        assert not (w * w).requires_grad  # the inner block did not end the outer
    with pytest.raises(KeyError), autograd.no_grad():
        raise KeyError
    assert len((w * w).edges) == 2


def test_detached_is_the_same_data_without_a_past():
    w = Tensor([1.0, 2.0], requires_grad=True)
    still = (w * w).detach()
    assert still.edges == () and not still.requires_grad
    np.testing.assert_array_equal(still.data, [1, 4])


def test_new_values_in_a_weight_do_not_disturb_an_older_graph():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.data = w.data - 1
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_kept_bytes_counts_results_and_no_leaves():
    w = Tensor(np.ones((5, 2)), requires_grad=True)
    assert autograd.kept_bytes(w) == 0
    assert autograd.kept_bytes((w * 2).sum()) == 5 * 2 * 8 + 8
    with autograd.no_grad():
        assert autograd.kept_bytes((w * 2).sum()) == 0


def test_the_engine_is_shorter_than_200_lines():
    text = pathlib.Path(autograd.__file__).read_text(encoding="utf-8").splitlines()
    lines = [line for line in text if line.strip() and "--8<--" not in line]
    assert len(lines) < 200


# --- errors in the user's terms -------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda: Tensor(np.ones((2, 3))) + np.ones(2), r"add: shapes \(2, 3\) and \(2,\)"),
        (lambda: Tensor(np.ones(3)) * np.ones(2), r"multiply: shapes \(3,\) and \(2,\)"),
        (lambda: Tensor(np.ones(3)) / Tensor(np.ones(2)), r"multiply: shapes \(3,\) and \(2,\)"),
        (lambda: Tensor(np.ones((2, 3))) @ np.ones((2, 3)), r"matmul: \(2, 3\) @ \(2, 3\) do"),
        (lambda: Tensor(np.ones(3)) @ np.ones(2), r"matmul: \(3,\) @ \(2,\) do not fit"),
        (lambda: Tensor(1.0) @ np.ones(2), r"matmul: \(\) @ \(2,\) do not fit"),
        (
            lambda: Tensor(np.ones((2, 3, 4))) @ np.ones((5, 4, 2)),
            r"matmul: \(2, 3, 4\) @ \(5, 4, 2\) do not fit",
        ),
        (lambda: Tensor(1.0).backward(), "backward: nothing here wants a gradient"),
        (
            lambda: (Tensor(np.ones(3), True) * 2).backward(),
            r"backward: a tensor of shape \(3,\) needs d",
        ),
        (
            lambda: (Tensor(np.ones(3), True) * 2).backward(np.ones(2)),
            r"backward: d is \(2,\), and the tensor is \(3,\)",
        ),
        (
            lambda: forward_mode.jvp(lambda x: x, np.ones(3), np.ones(2)),
            r"jvp: x has shape \(3,\), and its direction \(2,\)",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_shape(f, message):
    with pytest.raises(ValueError, match=message):
        f()


# --- the tape, the dual numbers, the counting numbers ---------------------------------------


def test_the_tape_of_the_page():
    line = []
    w, x, b, y = (tape.Number(value, line) for value in (2.0, 3.0, 1.0, 5.0))
    e = w * x + b - y
    end = e * e
    assert end.value == 4
    assert tape.sweep(end) == [12, 8, 4, -4, 4, 4, 4, 1]
    assert tape.sweep(e)[-1] == 0  # nothing flows into what was made later


def test_dual_numbers_take_constants_on_both_sides():
    a = forward_mode.Dual(2.0, 1.0)
    for result, value, slope in ((3 + a, 5, 1), (a + 3, 5, 1), (3 * a, 6, 3), (a * 3, 6, 3)):
        assert (result.value, result.slope) == (value, slope)
    shifted = np.ones(2) + forward_mode.Dual(np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(shifted.value, [1, 1])
    assert math.isclose((a * a * a).slope, 12)


def test_a_jvp_is_the_slope_in_a_direction():
    rng = np.random.default_rng(SEED)
    x, v, W = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(3, 2))
    _, slope = forward_mode.jvp(lambda x: (x @ W).tanh() * x_sum(x), x, v)
    expected = numerical_gradient(
        lambda t: float((np.tanh((x + t * v) @ W) * (x + t * v)[0]).sum()), np.zeros(())
    )
    assert slope.sum() == pytest.approx(expected, abs=1e-8)


def x_sum(x):
    """The first entry as a dual number, by a product with a column."""
    return x @ np.array([[1.0], [0.0], [0.0]])


def test_counted_numbers_count_products_and_nothing_else():
    a, b = forward_mode.Counted(2.0), forward_mode.Counted(3.0)
    before = forward_mode.Counted.multiplications
    total = a * b + a * 2 + 2 * a + b
    assert (total, forward_mode.Counted.multiplications - before) == (17, 3)
    assert isinstance(total, forward_mode.Counted)


@pytest.mark.parametrize("n", [2, 5, 9])
def test_reverse_mode_costs_three_times_the_function_and_forward_mode_n_times_that(n):
    def f(x):
        total = x[0] * x[1]
        for left, right in itertools.pairwise(x[1:]):
            total = total + left * right
        return total

    values = [forward_mode.Counted(1 + i) for i in range(n)]
    start = forward_mode.Counted.multiplications
    line = []
    reverse = tape.sweep(f([tape.Number(value, line) for value in values]))[:n]
    middle = forward_mode.Counted.multiplications
    forwards = [
        f([forward_mode.Dual(v, forward_mode.Counted(i == j)) for j, v in enumerate(values)]).slope
        for i in range(n)
    ]
    end = forward_mode.Counted.multiplications
    np.testing.assert_allclose(reverse, forwards)
    assert (middle - start, end - middle) == (3 * (n - 1), 3 * n * (n - 1))
