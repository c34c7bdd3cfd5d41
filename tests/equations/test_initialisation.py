"""Each numbered equation of chapter 6 against the code that claims to compute it.

Laws of chance are tested on samples, with the tolerance stated beside them; everything else by
central differences in float64, or exactly.
"""

import math

import numpy as np
import pytest

from foundations import initialisation
from foundations.backpropagation import numerical_gradient, sigmoid_slope
from foundations.forward import relu, tanh

SEED = 42


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.equation(
    "eq:depth-product",
    r"\frac{\partial a_L}{\partial a_0} = \prod_{l=1}^{L} w_l\, \sigma'(z_l)",
)
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [-2.0, 0.5], [3.0], []])
def test_the_slope_through_a_chain_is_the_product_of_weights_and_slopes(weights):
    _, slope = initialisation.chain_slope(weights, 0.3)
    measured = numerical_gradient(
        lambda x: initialisation.chain_slope(weights, x[0])[0], np.array([0.3])
    )
    assert slope == pytest.approx(measured[0], abs=1e-9)


@pytest.mark.equation(
    "eq:slope-bound",
    r"""0 < \sigma'(z) \le \tfrac14, \qquad\text{and therefore}\qquad
    \Bigl\lvert \frac{\partial a_L}{\partial a_0} \Bigr\rvert
    \le \frac{\lvert w_1 w_2 \cdots w_L \rvert}{4^L}""",
)
def test_no_slope_of_the_sigmoid_exceeds_a_quarter_and_no_product_the_bound():
    z = np.linspace(-30, 30, 6_001)
    slopes = sigmoid_slope(z)
    assert slopes.min() > 0
    assert slopes.max() == slopes[3_000] == 0.25
    for weights in rng().normal(scale=3, size=(200, 6)):
        _, slope = initialisation.chain_slope(weights, 0.5)
        assert 0 < abs(slope) <= abs(np.prod(weights)) / 4**6


@pytest.mark.equation("eq:slope-tanh", r"\tanh'(z) = 1 - \tanh^2(z)")
@pytest.mark.equation("eq:slope-gelu", r"\operatorname{gelu}'(z) = \Phi(z) + z\,\varphi(z)")
@pytest.mark.parametrize("name", ["tanh", "GELU", "sigmoid", "ReLU"])
def test_slopes_agree_with_central_differences(name):
    f, slope = initialisation.ACTIVATIONS[name]
    z = np.linspace(-6, 6, 500)  # an even number: none lies on ReLU's kink
    measured = (f(z + 1e-5) - f(z - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope(z), measured, rtol=0, atol=1e-9)


# A variance measured on n products of normal numbers is off by about √(2/n) to √(8/n) of itself.
# With 1,000 rows and 200 columns, which share inputs and weights, 3 % is four times that.
SAMPLE, TOLERANCE = (1_000, 200), 0.03


@pytest.mark.equation(
    "eq:forward-variance",
    r"\operatorname{Var}(z) = n \operatorname{Var}(w) \operatorname{E}[x^2]",
)
@pytest.mark.parametrize("mean", [0.0, 2.0])
@pytest.mark.parametrize("spread", [0.05, 0.7])
def test_the_variance_of_a_sum_is_fan_in_times_both_mean_squares(mean, spread):
    chance = rng()
    x = chance.normal(mean, 1.0, size=(SAMPLE[0], 300))
    ones = chance.choice([-spread, spread], size=(300, SAMPLE[1]))  # neither shape matters
    for W in (chance.normal(scale=spread, size=(300, SAMPLE[1])), ones):
        expected = 300 * spread**2 * np.mean(x**2)
        # With a mean of 2 all rows share most of their sum, so only 200 columns count: √(2/200).
        tolerance = TOLERANCE if mean == 0 else 0.3
        assert np.mean((x @ W) ** 2) == pytest.approx(expected, rel=tolerance)


@pytest.mark.equation(
    "eq:layer-back",
    r"""d_{\mathbf{A}_{l-1}}
    = \bigl( d_{\mathbf{A}_l} \odot f'(\mathbf{Z}_l) \bigr) \mathbf{W}_l^\top""",
)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU", "GELU"])
def test_the_gradient_through_a_stack_agrees_with_central_differences(name):
    f, slope = initialisation.ACTIVATIONS[name]
    chance = rng()
    weights = [chance.normal(size=size) for size in ((3, 5), (5, 4), (4, 2))]
    X, G = chance.normal(size=(6, 3)), chance.normal(size=(6, 2))
    _, Zs = initialisation.deep_forward(X, weights, f)
    d_As = initialisation.deep_backward(G, Zs, weights, slope)

    def loss(x):
        return np.sum(G * initialisation.deep_forward(x, weights, f)[0][-1])

    np.testing.assert_allclose(d_As[0], numerical_gradient(loss, X), rtol=0, atol=1e-8)
    np.testing.assert_array_equal(d_As[-1], G)
    for layer, W in enumerate(weights):
        by_hand = (d_As[layer + 1] * slope(Zs[layer])) @ W.T
        np.testing.assert_allclose(d_As[layer], by_hand, rtol=1e-13)


@pytest.mark.equation(
    "eq:backward-variance",
    r"""\operatorname{Var}(d_x) =
    n_{\text{out}} \operatorname{Var}(w) \operatorname{E}[d_z^2]""",
)
def test_the_variance_of_a_gradient_is_multiplied_by_the_fan_out():
    chance = rng()
    W, d_Z = chance.normal(scale=0.2, size=(SAMPLE[1], 300)), chance.normal(size=(SAMPLE[0], 300))
    expected = 300 * 0.2**2 * np.mean(d_Z**2)
    assert np.var(d_Z @ W.T) == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.equation(
    "eq:xavier", r"\operatorname{Var}(w) = \frac{2}{n_{\text{in}} + n_{\text{out}}}"
)
def test_xaviers_variance_lies_between_what_signal_and_gradient_ask_for():
    assert initialisation.weight_spread("Xavier", 300, 100) ** 2 == pytest.approx(2 / 400)
    for d_in, d_out in ((3, 50), (50, 3), (7, 7)):
        variance = initialisation.weight_spread("Xavier", d_in, d_out) ** 2
        assert (d_in * variance + d_out * variance) / 2 == pytest.approx(1)


@pytest.mark.equation(
    "eq:uniform-variance",
    r"""\operatorname{Var}(w) = \frac{1}{2r} \int_{-r}^{r} w^2 \,dw
    = \frac{1}{2r} \cdot \frac{2 r^3}{3} = \frac{r^2}{3}""",
)
@pytest.mark.parametrize("r", [0.1, 1.0, 4.0])
def test_the_variance_of_an_even_draw_is_a_third_of_the_squared_bound(r):
    middles = (np.arange(10_000) + 0.5) / 10_000 * 2 * r - r
    assert np.mean(middles**2) == pytest.approx(r**2 / 3, rel=1e-7)
    drawn = rng().uniform(-r, r, size=400_000)
    assert drawn.var() == pytest.approx(r**2 / 3, rel=0.01)  # √(0.8/n) is 0.0014


@pytest.mark.equation(
    "eq:relu-half",
    r"\operatorname{E}[\operatorname{relu}(z)^2] = \tfrac12 \operatorname{Var}(z)",
)
@pytest.mark.parametrize("spread", [0.1, 1.0, 30.0])
def test_relu_keeps_half_of_the_mean_square(spread):
    kept = initialisation.mean_over_normal(lambda z: relu(z) ** 2, spread)
    assert kept == pytest.approx(spread**2 / 2, rel=1e-9)
    evenly = np.linspace(-spread, spread, 1_001)  # any symmetric numbers do, not the normal alone
    assert np.mean(relu(evenly) ** 2) == pytest.approx(np.mean(evenly**2) / 2, rel=1e-12)


@pytest.mark.equation("eq:he", r"\operatorname{Var}(w) = \frac{2}{n_{\text{in}}}")
def test_he_keeps_the_mean_square_through_a_layer_with_relu():
    for d_in, d_out in ((50, 400), (400, 50)):
        variance = initialisation.weight_spread("He", d_in, d_out) ** 2
        assert d_in * variance / 2 == pytest.approx(1)
    predicted, gradients = initialisation.predicted_flow(30, 64, "ReLU", "He")
    np.testing.assert_allclose(predicted, 1, rtol=1e-9)
    np.testing.assert_allclose(gradients, 1, rtol=1e-9)


@pytest.mark.equation(
    "eq:activation-gain",
    r"""n_{\text{in}} \operatorname{Var}(w) = g^2 \qquad\text{with}\qquad
    g = \frac{1}{\sqrt{\operatorname{E}[f(z)^2]}}""",
)
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU", "GELU"])
def test_weights_with_the_gain_keep_the_mean_square_of_a_wide_layer(name):
    f, _ = initialisation.ACTIVATIONS[name]
    gain = 1 / math.sqrt(initialisation.mean_over_normal(lambda z: f(z) ** 2))
    chance = rng()
    A = f(chance.normal(size=(100, 500)))  # as a layer before would give it
    W = chance.normal(scale=gain / math.sqrt(500), size=(30, 500, 500))
    # The sigmoid's mean makes all rows alike: then 15,000 columns count, √(2/15,000) is 1 %.
    assert np.mean((A @ W) ** 2) == pytest.approx(1, rel=0.04)
    assert np.mean(f(A @ W[0]) ** 2) * gain**2 == pytest.approx(1, rel=0.06)


@pytest.mark.equation(
    "eq:signal-map",
    r"""q_l = \operatorname{E}[f(z)^2] \quad\text{for normal } z \text{ with variance}\quad
    v_l = n \operatorname{Var}(w)\, q_{l-1}""",
)
@pytest.mark.equation(
    "eq:gradient-factor", r"\chi_l = n \operatorname{Var}(w) \operatorname{E}[f'(z)^2]"
)
@pytest.mark.parametrize("scheme", ["0.01", "Xavier", "He", "PyTorch"])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU"])
def test_measured_signals_and_gradients_follow_the_predicted_factors(name, scheme):
    depth, width = 6, 200
    signals, gradients = initialisation.flow(depth, width, name, scheme, rng())
    predicted = initialisation.predicted_flow(depth, width, name, scheme)
    # Typical sizes of ten networks of width 200; 6 % covers six layers' chance.
    for sizes, expected in zip((signals, gradients), predicted, strict=True):
        typical = np.exp(np.log(sizes).mean(axis=1))
        np.testing.assert_allclose(typical, expected, rtol=0.06)


@pytest.mark.equation(
    "eq:signal-map",
    r"""q_l = \operatorname{E}[f(z)^2] \quad\text{for normal } z \text{ with variance}\quad
    v_l = n \operatorname{Var}(w)\, q_{l-1}""",
)
@pytest.mark.equation(
    "eq:gradient-factor", r"\chi_l = n \operatorname{Var}(w) \operatorname{E}[f'(z)^2]"
)
def test_the_first_two_predicted_factors_are_those_of_the_formula():
    n_var = 2.0
    signals, gradients = initialisation.predicted_flow(2, 100, "tanh", "He")
    q = [1.0]
    chi = []
    for _ in range(2):
        v = n_var * q[-1]
        q.append(initialisation.mean_over_normal(lambda z: tanh(z) ** 2, math.sqrt(v)))
        slopes = initialisation.mean_over_normal(
            lambda z: initialisation.tanh_slope(z) ** 2, math.sqrt(v)
        )
        chi.append(n_var * slopes)
    np.testing.assert_allclose(signals**2, q, rtol=1e-12)
    np.testing.assert_allclose(gradients**2, [chi[0] * chi[1], chi[1], 1], rtol=1e-12)


def residual_by_hand(blocks: int, width: int, shrink: float):
    """The same network as `residual_flow` draws it, block by block: inputs, weights, output."""
    chance = rng()
    size = (blocks, 10, width, width)
    W = chance.normal(scale=math.sqrt(2 / width), size=size)
    V = chance.normal(scale=math.sqrt(1 / width), size=size)
    X = chance.standard_normal((10, 12, width))
    G = chance.standard_normal(X.shape)

    def output(x, seed):
        for k in range(blocks):
            x = x + shrink * relu(x @ W[k, seed]) @ V[k, seed]
        return x

    return X, G, output


@pytest.mark.equation(
    "eq:residual",
    r"""\mathbf{X}_{k} = \mathbf{X}_{k-1}
    + s \operatorname{relu}(\mathbf{X}_{k-1} \mathbf{W}_k)\, \mathbf{V}_k""",
)
@pytest.mark.parametrize("shrink", [1.0, 0.3])
def test_a_residual_block_adds_to_its_input_forward_and_backward(shrink):
    signals, gradients = initialisation.residual_flow(3, 4, shrink, rng())
    X, G, output = residual_by_hand(3, 4, shrink)
    for seed in range(2):
        assert signals[0, seed] == pytest.approx(initialisation.rms(X[seed]), rel=1e-12)
        assert signals[-1, seed] == pytest.approx(
            initialisation.rms(output(X[seed], seed)), rel=1e-12
        )
        d_X = numerical_gradient(lambda x, s=seed: np.sum(G[s] * output(x, s)), X[seed])
        assert gradients[0, seed] == pytest.approx(initialisation.rms(d_X), rel=1e-8)
        assert gradients[-1, seed] == pytest.approx(initialisation.rms(G[seed]), rel=1e-12)


@pytest.mark.equation(
    "eq:residual-growth",
    r"\operatorname{E}[x_K^2] = (1 + s^2 c)^K \operatorname{E}[x_0^2]",
)
@pytest.mark.parametrize("shrink", [1.0, 0.5, 0.1])
def test_each_residual_block_multiplies_the_mean_square_by_one_plus_its_branch(shrink):
    signals, gradients = initialisation.residual_flow(6, 200, shrink, rng())
    expected = (1 + shrink**2) ** 6  # c = 1: He's rule, then 1/n
    # Ten networks of width 200, six blocks: a few per cent of chance.
    for sizes in (signals, gradients[::-1]):
        growth = np.mean(sizes[-1] ** 2) / np.mean(sizes[0] ** 2)
        assert growth == pytest.approx(expected, rel=0.1)
