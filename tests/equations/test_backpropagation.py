"""Each numbered equation of chapter 5 against the code that claims to compute it.

Gradients are compared with central differences in float64, whose error is about 1e-10 of the size
of the values here; 1e-8 leaves room. Where a formula and code do the same sums, 1e-12 does.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from foundations import backpropagation as bp
from foundations.forward import relu, sigmoid
from foundations.losses import bce, bce_logits

SEED = 42
EXACT = 1e-12
BY_DIFFERENCES = 1e-8


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


def some_network(n: int = 6, d: int = 3, width: int = 5):
    """Parameters, inputs (n, d) and targets (n, 1): sizes that differ, nothing zero or equal."""
    rng = np.random.default_rng(SEED)
    shapes = {"W1": (d, width), "b1": (width,), "W2": (width, 1), "b2": (1,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return params, rng.normal(size=(n, d)), rng.integers(0, 2, size=(n, 1)).astype(float)


def by_differences(f, x):
    return bp.numerical_gradient(f, x)


@pytest.mark.equation("eq:derivative", r"f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}")
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: 7.0, lambda x: 0.0),
        (lambda x: 3 * x + 1, lambda x: 3.0),
        (lambda x: x**2, lambda x: 2 * x),
        (lambda x: 1 / x, lambda x: -1 / x**2),
        (lambda x: x**3, lambda x: 3 * x**2),
        (lambda x: x**-2, lambda x: -2 * x**-3),
        (math.log, lambda x: 1 / x),
        (math.exp, math.exp),
        (lambda x: math.exp(x) * x**2, lambda x: math.exp(x) * x**2 + math.exp(x) * 2 * x),
    ],
)
def test_the_quotient_comes_close_to_each_rule_of_the_table(f, slope):
    for x in (0.5, 1.3, 3.0):
        quotients = [(f(x + h) - f(x)) / h for h in (1e-2, 1e-4, 1e-6)]
        errors = [abs(quotient - slope(x)) for quotient in quotients]
        assert errors[-1] < 1e-3
        assert errors[1] <= errors[0] / 50 + 1e-9, (
            "a hundredth of the step, about that of the error"
        )


@pytest.mark.equation("eq:descent", r"x_{t+1} = x_t - \eta\, f'(x_t)")
def test_each_step_goes_against_the_slope_by_the_rate():
    points = bp.descend(math.cos, 0.3, rate=0.2, steps=30)
    assert points[0] == 0.3
    assert len(points) == 31
    for before, after in pairwise(points):
        assert after == pytest.approx(before - 0.2 * math.cos(before), abs=EXACT)


@pytest.mark.equation("eq:descent-factor", r"x_t - 3 = (1 - 2\eta)^t\, (x_0 - 3)")
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 1.0, 1.05])
def test_the_distance_is_multiplied_by_one_factor_a_step(rate):
    for t, x in enumerate(bp.descend(lambda x: 2 * (x - 3), -1.5, rate, 20)):
        assert x - 3 == pytest.approx((1 - 2 * rate) ** t * (-1.5 - 3), abs=1e-10)


@pytest.mark.equation(
    "eq:gradient",
    r"""\nabla f = \left[ \frac{\partial f}{\partial x_1}, \ldots,
    \frac{\partial f}{\partial x_d} \right]""",
)
def test_the_gradient_holds_one_slope_for_each_variable_in_their_shape():
    found = by_differences(lambda v: v[0] ** 2 + 3 * v[0] * v[1], np.array([1.0, 2.0]))
    np.testing.assert_allclose(found, [8, 3], atol=BY_DIFFERENCES)
    A, M = normal(2, 3, 4)
    found = by_differences(lambda X: (A * X**3).sum(), M)
    assert found.shape == M.shape
    np.testing.assert_allclose(found, 3 * A * M**2, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:central",
    r"""\frac{\partial f}{\partial x_i} \approx
    \frac{f(\ldots, x_i + h, \ldots) - f(\ldots, x_i - h, \ldots)}{2h}""",
)
@pytest.mark.parametrize("h", [0.5, 0.01])
def test_the_central_difference_of_a_cube_is_off_by_exactly_h_squared(h):
    x = normal(4)
    found = bp.numerical_gradient(lambda x: (x**3).sum(), x, h)
    np.testing.assert_allclose(found, 3 * x**2 + h**2, atol=1e-11)


@pytest.mark.equation(
    "eq:directional",
    r"""\lim_{h \to 0} \frac{f(\mathbf{x} + h\, \mathbf{u}) - f(\mathbf{x})}{h}
    = \nabla f \cdot \mathbf{u} = \lVert \nabla f \rVert \cos\theta
    \qquad\text{for}\qquad \lVert \mathbf{u} \rVert = 1""",
)
def test_the_slope_in_a_direction_is_the_length_of_the_gradient_times_a_cosine():
    def f(v):
        return math.exp(v[0]) * v[1] + v[0] * v[1] ** 2

    x = np.array([0.3, -1.2])
    gradient = np.array([math.exp(x[0]) * x[1] + x[1] ** 2, math.exp(x[0]) + 2 * x[0] * x[1]])
    angle = math.atan2(gradient[1], gradient[0])
    for theta in np.linspace(0, 2 * math.pi, 9):
        u = np.array([math.cos(angle + theta), math.sin(angle + theta)])
        slope = (f(x + 1e-6 * u) - f(x)) / 1e-6
        assert slope == pytest.approx(gradient @ u, abs=1e-4)
        assert gradient @ u == pytest.approx(np.linalg.norm(gradient) * math.cos(theta), abs=EXACT)


@pytest.mark.equation("eq:chain-rule", r"\frac{d y}{d x} = \frac{d y}{d u}\, \frac{d u}{d x}")
def test_slopes_multiply_along_a_chain():
    for x in (-0.7, 0.2, 1.0):
        u = 3 * x + 1
        found = by_differences(lambda x: (3 * x + 1) ** 2, np.array(x))
        assert found == pytest.approx(2 * u * 3, abs=BY_DIFFERENCES)
        u = x**2
        found = by_differences(lambda x: math.exp(x**2), np.array(x))
        assert found == pytest.approx(math.exp(u) * 2 * x, abs=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:chain-sum",
    r"""\frac{d y}{d x} = \frac{\partial y}{\partial u}\, \frac{d u}{d x}
    + \frac{\partial y}{\partial v}\, \frac{d v}{d x}""",
)
def test_slopes_of_two_paths_add():
    for x in (-0.7, 0.2, 1.0):
        u, v = x**2, math.exp(x)  # y = u² v
        found = by_differences(lambda x: (x**2) ** 2 * math.exp(x), np.array(x))
        assert found == pytest.approx(2 * u * v * 2 * x + u**2 * v, abs=BY_DIFFERENCES)


def two_outputs(x):
    return np.array([x[0] * x[1], x[1] + x[2] ** 2])


JACOBIAN = np.array([[3.0, 2.0, 0.0], [0.0, 1.0, 2.0]])


@pytest.mark.equation(
    "eq:jacobian",
    r"""\mathbf{J} \in \mathbb{R}^{m \times d}, \qquad
    J_{ij} = \frac{\partial y_i}{\partial x_j}""",
)
def test_a_row_of_the_jacobian_is_the_gradient_of_one_output():
    x = np.array([2.0, 3.0, 1.0])
    for i in range(2):
        found = by_differences(lambda x, i=i: two_outputs(x)[i], x)
        np.testing.assert_allclose(found, JACOBIAN[i], atol=BY_DIFFERENCES)


@pytest.mark.equation("eq:vjp", r"d_{\mathbf{x}} = d_{\mathbf{y}}\, \mathbf{J}")
def test_a_row_of_slopes_times_the_jacobian_gives_the_slopes_before():
    x, d_y = np.array([2.0, 3.0, 1.0]), np.array([1.0, 10.0])
    found = by_differences(lambda x: two_outputs(x) @ d_y, x)
    np.testing.assert_allclose(d_y @ JACOBIAN, [3, 12, 20])
    np.testing.assert_allclose(found, d_y @ JACOBIAN, atol=BY_DIFFERENCES)


LAYER_SHAPES = [(5, 3, 2), (1, 4, 3), (4, 4, 4), (2, 1, 6)]


def a_layer(n, d_in, d_out):
    rng = np.random.default_rng(SEED)
    X, W, b = rng.normal(size=(n, d_in)), rng.normal(size=(d_in, d_out)), rng.normal(size=d_out)
    return X, W, b, rng.normal(size=(n, d_out))


@pytest.mark.equation("eq:d-input", r"d_{\mathbf{X}} = d_{\mathbf{Y}}\, \mathbf{W}^\top")
@pytest.mark.parametrize("shape", LAYER_SHAPES)
def test_the_slope_of_an_input_sums_over_the_outputs(shape):
    X, W, b, d_Y = a_layer(*shape)
    d_X, _, _ = bp.linear_backward(d_Y, X, W)
    by_index = [[sum(d_Y[a, j] * W[i, j] for j in range(shape[2])) for i in range(shape[1])]
                for a in range(shape[0])]  # fmt: skip
    np.testing.assert_allclose(d_X, by_index, atol=EXACT)
    numerical = by_differences(lambda X: (d_Y * (X @ W + b)).sum(), X)
    np.testing.assert_allclose(d_X, numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation("eq:d-weights", r"d_{\mathbf{W}} = \mathbf{X}^\top d_{\mathbf{Y}}")
@pytest.mark.parametrize("shape", LAYER_SHAPES)
def test_the_slope_of_a_weight_sums_over_the_examples(shape):
    X, W, b, d_Y = a_layer(*shape)
    _, d_W, _ = bp.linear_backward(d_Y, X, W)
    by_index = [[sum(X[i, a] * d_Y[i, b] for i in range(shape[0])) for b in range(shape[2])]
                for a in range(shape[1])]  # fmt: skip
    np.testing.assert_allclose(d_W, by_index, atol=EXACT)
    numerical = by_differences(lambda W: (d_Y * (X @ W + b)).sum(), W)
    np.testing.assert_allclose(d_W, numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation("eq:d-bias", r"(d_{\mathbf{b}})_j = \sum_{i=1}^{n} (d_{\mathbf{Y}})_{ij}")
@pytest.mark.parametrize("shape", LAYER_SHAPES)
def test_the_slope_of_a_bias_is_the_sum_of_a_column(shape):
    X, W, b, d_Y = a_layer(*shape)
    _, _, d_b = bp.linear_backward(d_Y, X, W)
    np.testing.assert_allclose(d_b, sum(d_Y), atol=EXACT)
    numerical = by_differences(lambda b: (d_Y * (X @ W + b)).sum(), b)
    np.testing.assert_allclose(d_b, numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:d-activation",
    r"d_{\mathbf{Z}} = d_{\mathbf{A}} \odot f'(\mathbf{Z})",
)
@pytest.mark.parametrize(("phi", "slope"), [(sigmoid, bp.sigmoid_slope), (relu, bp.relu_slope)])
def test_an_activation_multiplies_entry_by_entry_by_its_slope(phi, slope):
    Z, d_A = normal(2, 4, 3)
    numerical = by_differences(lambda Z: (d_A * phi(Z)).sum(), Z)
    np.testing.assert_allclose(d_A * slope(Z), numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:relu-slope",
    r"\operatorname{relu}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
)
def test_the_slope_of_the_relu_is_one_where_it_is_on_and_zero_at_the_kink():
    z = np.array([-3.0, -1e-300, -0.0, 0.0, 1e-300, 2.0])
    np.testing.assert_array_equal(bp.relu_slope(z), [0, 0, 0, 0, 1, 1])


@pytest.mark.equation("eq:sigmoid-slope", r"\sigma'(z) = \sigma(z)\, (1 - \sigma(z))")
def test_the_slope_of_the_sigmoid_is_its_value_times_what_is_missing_to_one():
    z = np.linspace(-8, 8, 33)
    s = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(bp.sigmoid_slope(z), s * (1 - s), atol=EXACT)
    numerical = by_differences(lambda z: sigmoid(z).sum(), z)
    np.testing.assert_allclose(bp.sigmoid_slope(z), numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:d-bce",
    r"\frac{\partial L}{\partial p_i} = \frac{1}{n}\, \frac{p_i - y_i}{p_i\, (1 - p_i)}",
)
def test_the_slope_of_the_cross_entropy_at_a_probability():
    P, y = np.array([[0.1], [0.5], [0.8], [0.3]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    numerical = by_differences(lambda P: bce(P, y), P)
    np.testing.assert_allclose(bp.bce_backward(P, y), numerical, atol=BY_DIFFERENCES)
    np.testing.assert_allclose(bp.bce_backward(P, y), (P - y) / (P * (1 - P)) / 4, atol=EXACT)


@pytest.mark.equation("eq:d-logits", r"\frac{\partial L}{\partial z_i} = \frac{p_i - y_i}{n}")
def test_at_the_logit_the_slope_is_prediction_minus_target():
    Z = normal(7, 1)
    y = (Z > 0.3).astype(float)
    found = bp.bce_logits_backward(Z, y)
    np.testing.assert_allclose(found, (sigmoid(Z) - y) / 7, atol=EXACT)
    in_two_steps = bp.bce_backward(sigmoid(Z), y) * bp.sigmoid_slope(Z)
    np.testing.assert_allclose(found, in_two_steps, atol=EXACT)
    numerical = by_differences(lambda Z: bce_logits(Z, y), Z)
    np.testing.assert_allclose(found, numerical, atol=BY_DIFFERENCES)


def loss_with(params, X, y, **changed):
    return bce_logits(bp.forward(X, params | changed)["Z2"], y)


@pytest.mark.equation("eq:d-z2", r"d_{\mathbf{Z}_2} = \frac{1}{n}\, (\mathbf{P} - \mathbf{y})")
def test_the_network_starts_backward_with_prediction_minus_target():
    params, X, y = some_network()
    values = bp.forward(X, params)
    found = bp.backward(values, params, y)["Z2"]
    np.testing.assert_allclose(found, (values["P"] - y) / 6, atol=EXACT)
    numerical = by_differences(lambda Z2: bce_logits(Z2, y), values["Z2"])
    np.testing.assert_allclose(found, numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:d-layer2",
    r"""\begin{aligned}
    d_{\mathbf{W}_2} &= \mathbf{H}^\top d_{\mathbf{Z}_2} \\
    d_{\mathbf{b}_2} &= \mathbf{1}^\top d_{\mathbf{Z}_2} \\
    d_{\mathbf{H}} &= d_{\mathbf{Z}_2} \mathbf{W}_2^\top
    \end{aligned}""",
)
def test_the_second_layer_gives_its_weights_its_bias_and_the_hidden_layer_their_slopes():
    params, X, y = some_network()
    values = bp.forward(X, params)
    d = bp.backward(values, params, y)
    np.testing.assert_allclose(d["W2"], values["H"].T @ d["Z2"], atol=EXACT)
    np.testing.assert_allclose(d["b2"], np.ones(6) @ d["Z2"], atol=EXACT)
    np.testing.assert_allclose(d["H"], d["Z2"] @ params["W2"].T, atol=EXACT)
    for name in ("W2", "b2"):
        numerical = by_differences(
            lambda value, name=name: loss_with(params, X, y, **{name: value}), params[name]
        )
        np.testing.assert_allclose(d[name], numerical, atol=BY_DIFFERENCES)
    numerical = by_differences(
        lambda H: bce_logits(H @ params["W2"] + params["b2"], y), values["H"]
    )
    np.testing.assert_allclose(d["H"], numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:d-z1",
    r"""d_{\mathbf{Z}_1} = d_{\mathbf{H}} \odot \operatorname{relu}'(\mathbf{Z}_1)""",
)
def test_the_relu_lets_slopes_through_where_it_was_on():
    params, X, y = some_network()
    values = bp.forward(X, params)
    d = bp.backward(values, params, y)
    assert (values["Z1"] > 0).any()
    assert (values["Z1"] < 0).any()
    np.testing.assert_array_equal(d["Z1"], d["H"] * (values["Z1"] > 0))
    numerical = by_differences(
        lambda Z1: bce_logits(relu(Z1) @ params["W2"] + params["b2"], y), values["Z1"]
    )
    np.testing.assert_allclose(d["Z1"], numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:d-layer1",
    r"""\begin{aligned}
    d_{\mathbf{W}_1} &= \mathbf{X}^\top d_{\mathbf{Z}_1} \\
    d_{\mathbf{b}_1} &= \mathbf{1}^\top d_{\mathbf{Z}_1} \\
    d_{\mathbf{X}} &= d_{\mathbf{Z}_1} \mathbf{W}_1^\top
    \end{aligned}""",
)
def test_the_first_layer_gives_its_weights_its_bias_and_the_input_their_slopes():
    params, X, y = some_network()
    d = bp.backward(bp.forward(X, params), params, y)
    np.testing.assert_allclose(d["W1"], X.T @ d["Z1"], atol=EXACT)
    np.testing.assert_allclose(d["b1"], np.ones(6) @ d["Z1"], atol=EXACT)
    np.testing.assert_allclose(d["X"], d["Z1"] @ params["W1"].T, atol=EXACT)
    for name in ("W1", "b1"):
        numerical = by_differences(
            lambda value, name=name: loss_with(params, X, y, **{name: value}), params[name]
        )
        np.testing.assert_allclose(d[name], numerical, atol=BY_DIFFERENCES)
    numerical = by_differences(lambda X: loss_with(params, X, y), X)
    np.testing.assert_allclose(d["X"], numerical, atol=BY_DIFFERENCES)


@pytest.mark.equation(
    "eq:apart",
    r"""\text{apart}(\mathbf{a}, \mathbf{b}) =
    \frac{\lVert \mathbf{a} - \mathbf{b} \rVert}
    {\lVert \mathbf{a} \rVert + \lVert \mathbf{b} \rVert}""",
)
def test_how_far_apart_two_gradients_are_does_not_depend_on_their_size():
    a, b = normal(2, 3, 4)
    expected = np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))
    assert bp.relative_error(a, b) == pytest.approx(expected, abs=EXACT)
    assert bp.relative_error(1e-9 * a, 1e-9 * b) == pytest.approx(expected, abs=EXACT)
    assert bp.relative_error(a, -a) == pytest.approx(1, abs=EXACT)
    assert bp.relative_error(a, 2 * a) == pytest.approx(1 / 3, abs=EXACT)
    assert bp.relative_error(a, a) == 0


def worst_error(h: float, x: np.ndarray) -> float:
    """Of the central difference of 1/x, whose slope is −1/x²."""
    return float(np.abs((1 / (x + h) - 1 / (x - h)) / (2 * h) + 1 / x**2).max())


@pytest.mark.equation(
    "eq:difference-error",
    r"""E(h) = \frac{h^2}{6}\, \lvert f'''(x) \rvert
    + \frac{\varepsilon}{h}\, \lvert f(x) \rvert""",
)
@pytest.mark.parametrize("h", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10])
def test_the_error_of_a_central_difference_stays_below_its_bound_and_near_it(h):
    eps = np.finfo(np.float64).eps
    error = worst_error(h, np.linspace(1, 2, 2_000))
    bound = h**2 / 6 * 6 + eps / h  # at x = 1, where f is 1 and f''' is −6
    assert bound / 6 < error < 1.001 * bound  # terms in h⁴ are a thousandth at the largest step


@pytest.mark.equation(
    "eq:best-step",
    r"""h_{\text{best}} = \sqrt[3]{3\, \varepsilon\,
    \left\lvert \frac{f(x)}{f'''(x)} \right\rvert}""",
)
def test_no_other_step_is_much_better_than_the_best_step():
    eps = np.finfo(np.float64).eps
    best = (3 * eps * 1 / 6) ** (1 / 3)

    def bound(h):
        return h**2 + eps / h

    for factor in (0.5, 0.9, 1.1, 2.0):
        assert bound(best) < bound(factor * best)
    x = np.linspace(1, 2, 2_000)
    for h in (best / 30, best * 30):
        assert worst_error(h, x) > 10 * worst_error(best, x)


@pytest.mark.equation("eq:plateau", r"L = \frac{m}{n} \bigl( -q \ln q - (1 - q) \ln (1 - q) \bigr)")
@pytest.mark.parametrize(("m", "ones"), [(2, 1), (3, 1), (3, 2), (4, 2)])
def test_inputs_that_share_a_row_leave_the_loss_of_their_best_common_probability(m, ones):
    n, q = 4, ones / m
    level = m / n * (-q * math.log(q) - (1 - q) * math.log(1 - q))
    shared = np.array([1.0] * ones + [0.0] * (m - ones))

    def loss(p):  # the others are learned: they add nothing
        return -np.sum(shared * np.log(p) + (1 - shared) * np.log(1 - p)) / n

    assert loss(q) == pytest.approx(level, abs=EXACT)
    assert min(loss(p) for p in np.linspace(0.01, 0.99, 99)) >= level - EXACT
