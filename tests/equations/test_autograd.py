"""Each numbered equation of chapter 8 against the code that claims to compute it."""

import itertools

import numpy as np
import pytest
import torch

from foundations import autograd, forward_mode, tape
from foundations.autograd import Tensor
from foundations.backpropagation import numerical_gradient

SEED = 42
TOLERANCE = 1e-12  # float64, sums of at most 64 terms of size 1
DIFFERENCES = 1e-8  # central differences with h = 1e-5 of functions of size 1


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


def gradients(f, *arrays):
    """The engine's gradients of the number f(*tensors)."""
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    f(*tensors).backward()
    return [tensor.grad for tensor in tensors]


def by_differences(f, *arrays):
    """The same by central differences."""
    found = []
    for at, array in enumerate(arrays):

        def of_one(x, at=at):
            return f(*(Tensor(x if i == at else a) for i, a in enumerate(arrays))).item()

        found.append(numerical_gradient(of_one, array))
    return found


@pytest.mark.equation(
    "eq:torch-linear",
    r"""\mathbf{Y} = \mathbf{X} \mathbf{V}^\top + \mathbf{b}
    \qquad\text{so}\qquad \mathbf{V} = \mathbf{W}^\top""",
)
@pytest.mark.parametrize("shape", [(3, 5), (2, 2), (4, 1)])
def test_pytorch_stores_the_transpose_of_our_weights(rng, shape):
    W, b, X = rng.normal(size=shape), rng.normal(size=shape[1]), rng.normal(size=(6, shape[0]))
    layer = torch.nn.Linear(*shape).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W.T))
        layer.bias.copy_(torch.tensor(b))
        theirs = layer(torch.tensor(X)).numpy()
    np.testing.assert_allclose(theirs, X @ W + b, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:mean-square-sum",
    r"""\frac{\partial L}{\partial x_i} = \frac{2\, (x_i + y_i)}{n}
    = \frac{\partial L}{\partial y_i}""",
)
@pytest.mark.parametrize("n", [1, 3, 10])
def test_the_gradient_of_the_mean_square_of_a_sum(rng, n):
    x, y = rng.normal(size=(2, n))
    d_x, d_y = gradients(lambda x, y: ((x + y) ** 2).mean(), x, y)
    np.testing.assert_allclose(d_x, 2 * (x + y) / n, atol=TOLERANCE)
    np.testing.assert_allclose(d_y, d_x, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:adjoint", r"d_p = \sum_{r \text{ made from } p} \frac{\partial r}{\partial p}\, d_r"
)
@pytest.mark.parametrize("seed", range(20))
def test_slopes_along_all_paths_add_on_the_tape_and_in_the_engine(seed):
    rng = np.random.default_rng(seed)
    names = [("__add__", "__sub__", "__mul__")[i] for i in rng.integers(3, size=6)]
    pairs = [rng.integers(3 + made, size=2) for made in range(6)]

    def program(values):
        for name, (p, q) in zip(names, pairs, strict=True):
            values = [*values, getattr(values[p], name)(values[q])]
        return values[-1]

    inputs = rng.normal(size=3)
    line = []
    end = program([tape.Number(value, line) for value in inputs])
    slopes = tape.sweep(end)[:3]
    expected = numerical_gradient(lambda x: program(list(x)), inputs)
    np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-6)
    tensors = [Tensor(value, requires_grad=True) for value in inputs]
    program(tensors).backward()
    for slope, tensor in zip(slopes, tensors, strict=True):
        assert slope == pytest.approx(0 if tensor.grad is None else tensor.grad, rel=1e-12)


@pytest.mark.equation(
    "eq:d-product",
    r"""d_{\mathbf{A}} = d_{\mathbf{C}} \odot \mathbf{B}, \qquad
    d_{\mathbf{B}} = d_{\mathbf{C}} \odot \mathbf{A}""",
)
def test_a_product_gives_each_factor_the_gradient_times_the_other(rng):
    A, B, d_C = rng.normal(size=(3, 4, 5))
    d_A, d_B = gradients(lambda A, B: (A * B * d_C).sum(), A, B)
    np.testing.assert_allclose(d_A, d_C * B, atol=TOLERANCE)
    np.testing.assert_allclose(d_B, d_C * A, atol=TOLERANCE)


@pytest.mark.equation("eq:unbroadcast", r"d_{b_j} = \sum_{i=1}^{n} (d_{\mathbf{C}})_{ij}")
@pytest.mark.parametrize("shape", [(5,), (1, 5), (4, 1), (1, 1), (1,), (), (4, 5)])
def test_where_broadcasting_copied_the_gradient_sums(rng, shape):
    A, d_C, b = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=shape)
    _, d_b = gradients(lambda A, b: ((A + b) * d_C).sum(), A, b)
    assert d_b.shape == shape
    (expected,) = by_differences(lambda b: ((A + b) * d_C).sum(), b)
    np.testing.assert_allclose(d_b, expected, atol=DIFFERENCES)
    if shape == (5,):
        np.testing.assert_allclose(d_b, sum(d_C[i] for i in range(4)), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:d-matmul",
    r"""d_{\mathbf{A}} = d_{\mathbf{C}} \mathbf{B}^\top, \qquad
    d_{\mathbf{B}} = \mathbf{A}^\top d_{\mathbf{C}}""",
)
def test_a_matrix_product_transposes_the_other_factor(rng):
    A, B, d_C = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(3, 5))
    d_A, d_B = gradients(lambda A, B: (A @ B * d_C).sum(), A, B)
    np.testing.assert_allclose(d_A, d_C @ B.T, atol=TOLERANCE)
    np.testing.assert_allclose(d_B, A.T @ d_C, atol=TOLERANCE)
    for ours, expected in zip(
        (d_A, d_B), by_differences(lambda A, B: (A @ B * d_C).sum(), A, B), strict=True
    ):
        np.testing.assert_allclose(ours, expected, atol=DIFFERENCES)


@pytest.mark.equation(
    "eq:softplus",
    r"""\begin{aligned} L &= \operatorname{softplus}\bigl((1 - 2y)\, z\bigr) , \\
    \operatorname{softplus}(a) &= \ln(1 + e^a) \end{aligned}""",
)
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_softplus_is_the_binary_cross_entropy_of_a_logit(target):
    z = np.array([-800.0, -3.0, -0.5, 0.0, 0.5, 3.0, 800.0])
    ours = ((1 - 2 * target) * Tensor(z)).softplus().data
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(z), torch.full((7,), target, dtype=torch.float64), reduction="none"
    )
    np.testing.assert_allclose(ours, theirs.numpy(), atol=TOLERANCE)
    small = z[1:-1]
    np.testing.assert_allclose(
        Tensor(small).softplus().data, np.log(1 + np.exp(small)), atol=TOLERANCE
    )
    (d_z,) = gradients(lambda z: ((1 - 2 * target) * z).softplus().sum(), small)
    np.testing.assert_allclose(d_z, 1 / (1 + np.exp(-small)) - target, atol=TOLERANCE)


@pytest.mark.equation("eq:uncleared", r"(w_{t+1} - w_t) - (w_t - w_{t-1}) = -\eta\, \lambda\, w_t")
@pytest.mark.parametrize(("curvature", "rate"), [(1.0, 0.1), (3.0, 0.5), (0.2, 1.0)])
def test_gradients_that_are_never_cleared_make_a_spring(curvature, rate):
    w, path = Tensor(1.0, requires_grad=True), [1.0]
    for _ in range(200):
        (0.5 * curvature * w**2).backward()  # grad is never cleared
        w.data = w.data - rate * w.grad
        path.append(w.item())
    path = np.array(path)
    np.testing.assert_allclose(np.diff(path, 2), -rate * curvature * path[1:-1], atol=1e-10)
    assert np.abs(path[-50:]).max() > 0.9  # it has not come to rest


@pytest.mark.equation(
    "eq:dual-product",
    r"(a + a' \varepsilon)(b + b' \varepsilon) = a b + (a' b + a b')\, \varepsilon",
)
def test_dual_numbers_multiply_by_the_product_rule():
    product = forward_mode.Dual(2.0, 5.0) * forward_mode.Dual(3.0, 7.0)
    assert (product.value, product.slope) == (6, 5 * 3 + 2 * 7)
    # The same numbers as matrices, with [[0, 1], [0, 0]] for ε: its square is 0.
    left, right = np.array([[2.0, 5.0], [0.0, 2.0]]), np.array([[3.0, 7.0], [0.0, 3.0]])
    np.testing.assert_array_equal(left @ right, [[6, 29], [0, 6]])


@pytest.mark.equation("eq:dual-function", r"f(a + a' \varepsilon) = f(a) + f'(a)\, a' \varepsilon")
@pytest.mark.parametrize("at", [-2.0, 0.0, 0.3, 1.5])
def test_a_function_of_a_dual_number_carries_its_slope(at):
    result = forward_mode.Dual(at, 0.7).tanh()
    slope = numerical_gradient(np.tanh, at)
    assert result.value == np.tanh(at)
    assert result.slope == pytest.approx(0.7 * slope, abs=DIFFERENCES)


def layers(rng):
    """A function from 3 numbers to 2 for tensors and dual numbers, and its Jacobian."""
    W1, W2 = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))

    def f(x):
        return (x @ W1 + 0.1).tanh() @ W2

    def jacobian(x):
        def entry(x, i):
            return (np.tanh(x @ W1 + 0.1) @ W2)[i]

        return np.stack([numerical_gradient(lambda x, i=i: entry(x, i), x) for i in range(2)])

    return f, jacobian


@pytest.mark.equation(
    "eq:jvp",
    r"""\mathbf{y}' = \mathbf{J}\, \mathbf{v},
    \qquad y'_i = \sum_{j=1}^{d} \frac{\partial y_i}{\partial x_j}\, v_j""",
)
def test_forward_mode_multiplies_the_jacobian_by_a_column(rng):
    f, jacobian = layers(rng)
    x, v = rng.normal(size=(2, 3))
    value, slope = forward_mode.jvp(f, x, v)
    np.testing.assert_allclose(value, f(Tensor(x)).data, atol=TOLERANCE)
    np.testing.assert_allclose(slope, jacobian(x) @ v, atol=DIFFERENCES)


@pytest.mark.equation(
    "eq:both-ends",
    r"""d_{\mathbf{y}} \cdot (\mathbf{J}\, \mathbf{v})
    = (d_{\mathbf{y}}\, \mathbf{J}) \cdot \mathbf{v}""",
)
def test_a_jacobian_between_a_row_and_a_column_is_one_number_from_both_ends(rng):
    f, jacobian = layers(rng)
    for _ in itertools.repeat(None, 20):
        x, v, d_y = rng.normal(size=3), rng.normal(size=3), rng.normal(size=2)
        _, forwards = forward_mode.jvp(f, x, v)
        value, backwards = autograd.vjp(f, x, d_y)
        assert d_y @ forwards == pytest.approx(backwards @ v, abs=TOLERANCE)
        np.testing.assert_allclose(backwards, d_y @ jacobian(x), atol=1e-7)
        np.testing.assert_allclose(value, f(Tensor(x)).data, atol=TOLERANCE)
