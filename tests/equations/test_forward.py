"""Each numbered equation of chapter 3 against the code that claims to compute it."""

import itertools
import math
import statistics

import numpy as np
import pytest
import torch
from torch.nn import functional

from foundations import forward

SEED = 42
TOLERANCE = 1e-12  # float64, sums of at most 100 terms of size 1


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


@pytest.mark.equation("eq:neuron", r"z = \mathbf{x} \cdot \mathbf{w} + b")
@pytest.mark.parametrize("d", [1, 2, 64])
def test_a_neuron_is_a_dot_product_plus_a_bias(d):
    x, w = normal(2, d)
    terms = [x[i] * w[i] for i in range(d)]
    assert forward.neuron(x, w, 0.7) == pytest.approx(math.fsum(terms) + 0.7, abs=TOLERANCE)
    assert forward.neuron(x, w, -2.0) == pytest.approx(forward.neuron(x, w, 0.0) - 2, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:neuron-distance",
    r"t = \frac{\mathbf{x} \cdot \mathbf{w} + b}{\lVert \mathbf{w} \rVert}",
)
def test_a_neuron_measures_the_distance_from_its_line():
    w, b = np.array([3.0, 4.0]), -5.0
    along = np.array([4.0, -3.0])  # orthogonal to w
    line = np.array([3.0, 4.0]) / 5 + np.linspace(-9, 9, 100_001)[:, None] * along / 5
    for x in 2 * normal(20, 2):
        t = forward.neuron(x, w, b) / np.linalg.norm(w)
        nearest = np.linalg.norm(line - x, axis=1).min()
        assert abs(t) == pytest.approx(nearest, abs=1e-6)
        assert forward.neuron(x - t * w / 5, w, b) == pytest.approx(0, abs=TOLERANCE)


@pytest.mark.equation("eq:layer", r"\mathbf{Z} = \mathbf{X} \mathbf{W} + \mathbf{b}")
@pytest.mark.parametrize(("n", "d_in", "d_out"), [(1, 1, 1), (2, 3, 4), (5, 4, 2), (3, 3, 3)])
def test_a_layer_is_every_neuron_on_every_example(n, d_in, d_out):
    X, W, b = normal(n, d_in), normal(d_in, d_out), normal(d_out)
    Z = forward.linear(X, W, b)
    assert Z.shape == (n, d_out)
    np.testing.assert_allclose(forward.layer_by_loops(X, W, b), Z, atol=TOLERANCE)
    theirs = functional.linear(torch.tensor(X), torch.tensor(W).T, torch.tensor(b))
    np.testing.assert_allclose(Z, theirs.numpy(), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:collapse",
    r"""\begin{aligned}
    &(\mathbf{X} \mathbf{W}_1 + \mathbf{b}_1)\, \mathbf{W}_2 + \mathbf{b}_2 \\
    &\quad = \mathbf{X}\, (\mathbf{W}_1 \mathbf{W}_2) + (\mathbf{b}_1 \mathbf{W}_2 + \mathbf{b}_2)
    \end{aligned}""",
)
@pytest.mark.parametrize("d_hidden", [1, 4, 100])
def test_two_layers_without_an_activation_are_one(d_hidden):
    X, W1, b1 = normal(6, 3), normal(3, d_hidden), normal(d_hidden)
    W2, b2 = normal(d_hidden, 2) / d_hidden, normal(2)
    W, b = forward.collapse(W1, b1, W2, b2)
    two = forward.linear(forward.linear(X, W1, b1), W2, b2)
    np.testing.assert_allclose(forward.linear(X, W, b), two, atol=TOLERANCE)
    assert W.shape == (3, 2)
    assert b.shape == (2,)


@pytest.mark.equation("eq:relu", r"\operatorname{ReLU}(z) = \max(z, 0)")
def test_relu_is_the_larger_of_the_number_and_zero():
    z = np.array([-3.0, -0.0, 0.0, 1e-300, 2.5])
    np.testing.assert_array_equal(forward.relu(z), [max(float(entry), 0.0) for entry in z])


@pytest.mark.equation(
    "eq:abs", r"\lvert x \rvert = \operatorname{ReLU}(x) + \operatorname{ReLU}(-x)"
)
def test_two_relus_make_an_absolute_value():
    x = np.append(normal(100), 0)
    np.testing.assert_array_equal(forward.relu(x) + forward.relu(-x), np.abs(x))


@pytest.mark.equation(
    "eq:xor",
    r"""\operatorname{XOR}(x_1, x_2)
    = \operatorname{ReLU}(x_1 + x_2) - 2 \operatorname{ReLU}(x_1 + x_2 - 1)""",
)
def test_two_relus_make_an_exclusive_or():
    for x1, x2 in itertools.product((0, 1), repeat=2):
        value = forward.relu(x1 + x2) - 2 * forward.relu(x1 + x2 - 1)
        assert value == (x1 ^ x2)


ORDINARY = np.linspace(-30, 30, 601)  # where no textbook formula overflows


@pytest.mark.equation("eq:sigmoid", r"\sigma(z) = \frac{1}{1 + e^{-z}}")
def test_the_safe_sigmoid_is_the_formula():
    formula = [1 / (1 + math.exp(-z)) for z in ORDINARY]
    np.testing.assert_allclose(forward.sigmoid(ORDINARY), formula, rtol=1e-14)


@pytest.mark.equation("eq:sigmoid-other", r"\sigma(z) = \frac{e^{z}}{e^{z} + 1}")
def test_the_safe_sigmoid_is_its_other_face_too():
    formula = [math.exp(z) / (math.exp(z) + 1) for z in ORDINARY]
    np.testing.assert_allclose(forward.sigmoid(ORDINARY), formula, rtol=1e-14)


@pytest.mark.equation(
    "eq:sigmoid-symmetry",
    r"""1 - \sigma(z) = \frac{1 + e^{-z} - 1}{1 + e^{-z}}
    = \frac{e^{-z}}{1 + e^{-z}} = \sigma(-z)""",
)
def test_what_a_sigmoid_lacks_to_one_is_the_sigmoid_of_the_opposite():
    z = np.linspace(-700, 700, 141)
    np.testing.assert_allclose(1 - forward.sigmoid(z), forward.sigmoid(-z), atol=2e-16)
    fraction = np.exp(-ORDINARY) / (1 + np.exp(-ORDINARY))
    np.testing.assert_allclose(forward.sigmoid(-ORDINARY), fraction, rtol=1e-14)


@pytest.mark.equation("eq:tanh", r"\tanh(z) = \frac{e^{z} - e^{-z}}{e^{z} + e^{-z}}")
def test_tanh_is_its_formula():
    up, down = np.exp(ORDINARY), np.exp(-ORDINARY)
    np.testing.assert_allclose(forward.tanh(ORDINARY), (up - down) / (up + down), atol=1e-15)


@pytest.mark.equation(
    "eq:tanh-sigmoid",
    r"\tanh(z) = \frac{2 - (1 + e^{-2z})}{1 + e^{-2z}} = 2\, \sigma(2z) - 1",
)
def test_tanh_is_a_stretched_sigmoid():
    z = np.concatenate([ORDINARY, [-1e4, 1e4]])
    np.testing.assert_allclose(forward.tanh(z), 2 * forward.sigmoid(2 * z) - 1, atol=1e-15)
    power = np.exp(-2 * ORDINARY)
    middle = (2 - (1 + power)) / (1 + power)
    np.testing.assert_allclose(forward.tanh(ORDINARY), middle, atol=1e-15)


BELL = statistics.NormalDist()


@pytest.mark.equation("eq:gelu", r"\operatorname{GELU}(z) = z\, \Phi(z)")
def test_gelu_is_the_number_times_the_share_of_the_bell_below_it():
    z = np.linspace(-8, 8, 161)
    by_hand = [entry * BELL.cdf(entry) for entry in z]
    np.testing.assert_allclose(forward.gelu(z), by_hand, atol=1e-14)


@pytest.mark.equation(
    "eq:normal-share",
    r"\Phi(z) = \frac{1}{2} + \frac{1}{2} \operatorname{erf}\Bigl(\frac{z}{\sqrt{2}}\Bigr)",
)
@pytest.mark.parametrize("z", [-2.0, -0.3, 0.5, 1.0, 3.0])
def test_the_share_below_is_half_of_one_plus_the_error_function(z):
    assert forward.gelu(z) / z == pytest.approx(0.5 + 0.5 * math.erf(z / math.sqrt(2)))
    # The area under the bell from −12 to z, by the trapezoidal rule on 100,000 strips.
    x = np.linspace(-12, z, 100_001)
    area = np.trapezoid(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), x)
    assert forward.gelu(z) / z == pytest.approx(area, abs=1e-8)


@pytest.mark.equation(
    "eq:gelu-tanh",
    r"""\operatorname{GELU}(z) \approx \frac{z}{2}
    \Bigl(1 + \tanh\Bigl(\sqrt{\tfrac{2}{\pi}}\, \bigl(z + 0.044715\, z^3\bigr)\Bigr)\Bigr)""",
)
def test_the_tanh_form_is_its_formula_and_close_to_gelu():
    for z in np.linspace(-6, 6, 61):
        inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
        formula = z / 2 * (1 + math.tanh(inner))
        assert forward.gelu_tanh(z) == pytest.approx(formula, abs=1e-15)
    z = np.linspace(-10, 10, 20_001)
    assert 0.00047 < np.abs(forward.gelu_tanh(z) - forward.gelu(z)).max() < 0.00048


@pytest.mark.equation(
    "eq:network",
    r"""\begin{aligned}
    \mathbf{H} &= \operatorname{ReLU}(\mathbf{X} \mathbf{W}_1 + \mathbf{b}_1) \\
    \mathbf{P} &= \sigma(\mathbf{H} \mathbf{W}_2 + \mathbf{b}_2)
    \end{aligned}""",
)
def test_a_network_agrees_with_pytorch_layer_by_layer():
    network = forward.Network((3, 5, 2), np.random.default_rng(SEED), spread=1.0)
    network.b1, network.b2 = normal(5), normal(2)
    X = normal(7, 3)
    H, P = network.forward(X)
    W1, b1, W2, b2 = map(torch.tensor, (network.W1, network.b1, network.W2, network.b2))
    hidden = torch.relu(torch.tensor(X) @ W1 + b1)
    np.testing.assert_allclose(H, hidden.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(P, torch.sigmoid(hidden @ W2 + b2).numpy(), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:parameters",
    r"""d_\text{in}\, d_\text{hidden} + d_\text{hidden}
    + d_\text{hidden}\, d_\text{out} + d_\text{out}""",
)
@pytest.mark.parametrize("sizes", [(3, 4, 2), (1, 1, 1), (7, 2, 5)])
def test_parameters_are_weights_for_pairs_and_biases_for_neurons(sizes):
    d_in, d_hidden, d_out = sizes
    network = forward.Network(sizes, np.random.default_rng(SEED))
    assert network.count() == d_in * d_hidden + d_hidden + d_hidden * d_out + d_out
    theirs = torch.nn.Sequential(torch.nn.Linear(d_in, d_hidden), torch.nn.Linear(d_hidden, d_out))
    assert network.count() == sum(p.numel() for p in theirs.parameters())


@pytest.mark.equation(
    "eq:near-half",
    r"""\bigl\lvert \sigma(z) - \tfrac12 \bigr\rvert
    \le \frac{\lvert z \rvert}{4 - 2 \lvert z \rvert}""",
)
def test_a_sigmoid_of_a_small_number_is_near_one_half():
    z = np.linspace(-1.999, 1.999, 2_001)
    distance, bound = np.abs(forward.sigmoid(z) - 0.5), np.abs(z) / (4 - 2 * np.abs(z))
    assert (distance <= bound + 1e-16).all()
    assert np.abs(forward.sigmoid(1e-3) - 0.5) == pytest.approx(1e-3 / 4, rel=1e-6)


@pytest.mark.equation(
    "eq:softmax",
    r"\operatorname{softmax}(\mathbf{s})_i = \frac{e^{s_i}}{\sum_{j=1}^{n} e^{s_j}}",
)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_a_power_divided_by_the_sum_of_powers(axis):
    scores = normal(4, 5)
    powers = np.exp(scores)
    probabilities = forward.softmax(scores, axis=axis)
    np.testing.assert_allclose(
        probabilities, powers / powers.sum(axis=axis, keepdims=True), atol=TOLERANCE
    )
    np.testing.assert_allclose(probabilities.sum(axis=axis), 1, atol=TOLERANCE)
    theirs = torch.softmax(torch.tensor(scores), dim=axis).numpy()
    np.testing.assert_allclose(probabilities, theirs, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:softmax-shift",
    r"""\frac{e^{s_i + c}}{\sum_j e^{s_j + c}} = \frac{e^{c}\, e^{s_i}}{e^{c} \sum_j e^{s_j}}
    = \operatorname{softmax}(\mathbf{s})_i""",
)
@pytest.mark.parametrize("c", [-1e3, -2.5, 0.0, 1.0, 1e3])
def test_a_constant_added_to_every_score_changes_no_probability(c):
    scores = normal(3, 6)
    # 1e3 + s keeps 13 of 16 digits of s.
    np.testing.assert_allclose(
        forward.softmax(scores + c), forward.softmax(scores), rtol=1e-12, atol=TOLERANCE
    )


@pytest.mark.equation(
    "eq:softmax-sigmoid",
    r"""\frac{e^{s_1}}{e^{s_1} + e^{s_2}} = \frac{1}{1 + e^{-(s_1 - s_2)}}
    = \sigma(s_1 - s_2)""",
)
def test_a_softmax_of_two_is_a_sigmoid_of_the_difference():
    scores = 10 * normal(50, 2)
    first = forward.softmax(scores)[:, 0]
    np.testing.assert_allclose(first, forward.sigmoid(scores[:, 0] - scores[:, 1]), rtol=1e-12)
