"""Each numbered equation of chapter 18 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import block as b
from foundations.attention import causal_mask
from foundations.forward import gelu_tanh, relu, sigmoid
from foundations.initialisation import mean_over_normal
from foundations.multihead import multi_head_attention
from foundations.normalisation import layer_norm

SEED = 42
TOLERANCE = 1e-12  # float64 sums of some dozen terms of size 1


def some(*shape: int, seed: int = SEED) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def parameters(D: int, F: int, seed: int = SEED) -> dict:
    """A block with every array random, gains and biases too."""
    rng = np.random.default_rng(seed)
    return {k: rng.normal(0, 0.5, a.shape) for k, a in b.new_block(D, F, rng).items()}


def slopes(f, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of a number f(x), entry by entry."""
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        out[i] = (f(x + step) - f(x - step)) / (2 * h)
    return out


def stack(X, blocks, order="pre"):
    streams, caches = [X], []
    for p in blocks:
        X, cache = b.block(X, p, 4, causal_mask(X.shape[-2]), order)
        streams.append(X)
        caches.append(cache)
    return streams, caches


@pytest.mark.equation(
    "eq:feed-forward",
    r"\operatorname{ffn}(\mathbf{X})"
    r" = \varphi(\mathbf{X} \mathbf{W}_1 + \mathbf{b}_1)\, \mathbf{W}_2 + \mathbf{b}_2",
)
@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh"])
def test_the_network_is_two_layers_and_an_activation(activation):
    X, p = some(3, 4), parameters(4, 6)
    bend = {
        "relu": torch.relu,
        "gelu": torch.nn.functional.gelu,
        "gelu_tanh": lambda Z: torch.nn.functional.gelu(Z, approximate="tanh"),
    }[activation]
    hidden = bend(torch.tensor(X @ p["W1"] + p["b1"])).numpy()
    Y, _ = b.feed_forward(X, p, activation)
    np.testing.assert_allclose(Y, hidden @ p["W2"] + p["b2"], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:memory",
    r"\operatorname{ffn}(\mathbf{x}) = \sum_{j=1}^{F}"
    r" \varphi(\mathbf{x} \cdot \mathbf{k}_j + b_{1,j})\, \mathbf{v}_j + \mathbf{b}_2",
)
def test_the_network_is_a_sum_over_keys_and_values():
    x, p = some(4), parameters(4, 6)
    total = p["b2"].copy()
    for j in range(6):
        total += relu(x @ p["W1"][:, j] + p["b1"][j]) * p["W2"][j]
    np.testing.assert_allclose(b.feed_forward(x, p, "relu")[0], total, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:gelu-tanh-slope",
    r"\frac{d}{dz} \operatorname{GELU}(z) = \frac{1 + \tanh u}{2}"
    r" + \frac{z}{2}\, (1 - \tanh^2 u)\, \sqrt{2/\pi}\, (1 + 3 a z^2)",
)
def test_the_slope_of_the_tanh_form_is_pytorchs():
    z = np.linspace(-6, 6, 241)
    torch_z = torch.tensor(z, requires_grad=True)
    torch.nn.functional.gelu(torch_z, approximate="tanh").sum().backward()
    np.testing.assert_allclose(b.gelu_tanh_slope(z), torch_z.grad.numpy(), atol=TOLERANCE)


@pytest.mark.equation("eq:silu", r"\operatorname{silu}(z) = z\, \sigma(z)")
def test_silu_is_a_number_times_its_sigmoid():
    z = np.linspace(-40, 40, 321)
    theirs = torch.nn.functional.silu(torch.tensor(z)).numpy()
    np.testing.assert_allclose(b.silu(z), theirs, atol=TOLERANCE)
    np.testing.assert_allclose(b.silu(z), z * sigmoid(z), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:swiglu",
    r"\operatorname{swiglu}(\mathbf{X}) = \bigl( \operatorname{silu}(\mathbf{X}"
    r" \mathbf{W}_{\text{gate}}) \odot \mathbf{X} \mathbf{W}_{\text{up}} \bigr)\,"
    r" \mathbf{W}_{\text{down}}",
)
def test_swiglu_gates_one_layer_by_another():
    X, gate, up, down = some(3, 4), some(4, 6), some(4, 6, seed=1), some(6, 4, seed=2)
    hidden = torch.nn.functional.silu(torch.tensor(X @ gate)).numpy() * (X @ up)
    Y, _ = b.swiglu(X, {"W_gate": gate, "W_up": up, "W_down": down})
    np.testing.assert_allclose(Y, hidden @ down, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:swiglu-backward",
    r"d_{\mathbf{G}} = d_{\mathbf{H}} \odot \mathbf{U} \odot \operatorname{silu}'(\mathbf{G})"
    r" \qquad d_{\mathbf{U}} = d_{\mathbf{H}} \odot \operatorname{silu}(\mathbf{G})",
)
def test_each_factor_of_the_gate_gets_the_gradient_times_the_other():
    G, U, d_H = some(3, 4), some(3, 4, seed=1), some(3, 4, seed=2)
    d_G = slopes(lambda g: np.sum(b.silu(g) * U * d_H), G)
    d_U = slopes(lambda u: np.sum(b.silu(G) * u * d_H), U)
    np.testing.assert_allclose(d_H * U * b.silu_slope(G), d_G, atol=1e-8)
    np.testing.assert_allclose(d_H * b.silu(G), d_U, atol=1e-8)
    # The module's function, with matrices that leave G, U and H as they are:
    eye = {"W_gate": np.eye(4), "W_up": np.zeros((4, 4)), "W_down": np.eye(4)}
    d_X, grads = b.swiglu_backward(d_H, {"X": G, "gate": G, "up": U}, eye)
    np.testing.assert_allclose(d_X, d_G, atol=1e-8)
    np.testing.assert_allclose(grads["W_up"], G.T @ d_U, atol=1e-7)


@pytest.mark.equation(
    "eq:silu-slope",
    r"\operatorname{silu}'(z) = \sigma(z) + z\, \sigma(z)\, (1 - \sigma(z))"
    r" = \sigma(z)\, \bigl( 1 + z\, (1 - \sigma(z)) \bigr)",
)
def test_the_slope_of_silu_is_pytorchs():
    z = np.linspace(-9, 9, 181)
    torch_z = torch.tensor(z, requires_grad=True)
    torch.nn.functional.silu(torch_z).sum().backward()
    np.testing.assert_allclose(b.silu_slope(z), torch_z.grad.numpy(), atol=TOLERANCE)
    s = sigmoid(z)
    np.testing.assert_allclose(s + z * s * (1 - s), b.silu_slope(z), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:swiglu-width", r"3 D F = 8 D^2 \quad\Longrightarrow\quad F = \tfrac{8}{3} D"
)
def test_three_matrices_of_eight_thirds_hold_as_much_as_two_of_four():
    D, F = 96, 256
    assert 3 * F == 8 * D
    p = b.new_block(D, 4 * D, np.random.default_rng(SEED))
    assert p["W1"].size + p["W2"].size == 3 * D * F


@pytest.mark.equation(
    "eq:rms-norm",
    r"\mathbf{y} = \boldsymbol{\gamma} \odot \frac{\mathbf{x}}{r} \qquad\text{with}\qquad"
    r" r = \sqrt{\frac{1}{D} \sum_{i=1}^{D} x_i^2 + \varepsilon}",
)
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_rms_norm_divides_by_the_root_of_the_mean_square(eps):
    x, gamma = some(7), some(7, seed=1)
    r = math.sqrt(sum(v * v for v in x) / 7 + eps)
    ours, _ = b.rms_norm(x, gamma, eps)
    np.testing.assert_allclose(ours, gamma * x / r, atol=TOLERANCE)
    theirs = torch.nn.functional.rms_norm(torch.tensor(x), (7,), torch.tensor(gamma), eps)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=TOLERANCE)


@pytest.mark.equation(
    "eq:centred-rms",
    r"\operatorname{layernorm}(\mathbf{x}) = \operatorname{rmsnorm}(\mathbf{x} - \mu)",
)
def test_layer_norm_is_rms_norm_of_the_centred_row():
    X, gamma = 3 + some(5, 7), some(7, seed=1)
    centred = X - X.mean(axis=-1, keepdims=True)
    ours, _ = b.rms_norm(centred, gamma)
    np.testing.assert_allclose(ours, layer_norm(X, gamma, np.zeros(7))[0], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:mean-square",
    r"\frac{1}{D} \sum_{i=1}^{D} x_i^2"
    r" = \frac{1}{D} \sum_{i=1}^{D} \bigl( (x_i - \mu) + \mu \bigr)^2"
    r" = \frac{1}{D} \sum_{i=1}^{D} (x_i - \mu)^2 + \mu^2",
)
def test_a_mean_square_is_the_variance_and_the_squared_mean():
    X = 2 + some(50, 9)
    split = X.var(axis=1) + X.mean(axis=1) ** 2
    np.testing.assert_allclose(np.mean(X**2, axis=1), split, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:rms-backward",
    r"\frac{\partial L}{\partial x_i} = \frac{1}{r} \Bigl( g_i - \hat{x}_i"
    r" \cdot \frac{1}{D} \sum_{j=1}^{D} g_j \hat{x}_j \Bigr)",
)
def test_the_gradient_of_rms_norm_is_that_of_finite_differences_and_orthogonal():
    x, g = some(6), some(6, seed=1)
    _, cache = b.rms_norm(x, np.ones(6), eps=0.01)
    d_x, d_gamma = b.rms_norm_backward(g, cache)
    measured = slopes(lambda v: b.rms_norm(v, np.ones(6), eps=0.01)[0] @ g, x)
    np.testing.assert_allclose(d_x, measured, atol=1e-9)
    np.testing.assert_allclose(d_gamma, g * cache[0], atol=TOLERANCE)
    _, cache = b.rms_norm(x, np.ones(6), eps=0.0)
    assert b.rms_norm_backward(g, cache)[0] @ x == pytest.approx(0, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:block-pre",
    r"\mathbf{S} = \mathbf{X} + \operatorname{attention}(\operatorname{norm}_1(\mathbf{X}))"
    r" \qquad \mathbf{Y} = \mathbf{S} + \operatorname{ffn}(\operatorname{norm}_2(\mathbf{S}))",
)
def test_pre_ln_normalises_what_a_branch_reads():
    X, p = some(2, 5, 8), parameters(8, 12)
    N, _ = layer_norm(X, p["gamma1"], p["beta1"])
    S = X + multi_head_attention(N, p, 2)[0]
    N, _ = layer_norm(S, p["gamma2"], p["beta2"])
    Y = S + b.feed_forward(N, p)[0]
    np.testing.assert_allclose(b.block(X, p, 2)[0], Y, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:block-post",
    r"\mathbf{S} = \operatorname{norm}_1(\mathbf{X} + \operatorname{attention}(\mathbf{X}))"
    r" \qquad \mathbf{Y} = \operatorname{norm}_2(\mathbf{S} + \operatorname{ffn}(\mathbf{S}))",
)
def test_post_ln_normalises_the_sums():
    X, p = some(2, 5, 8), parameters(8, 12)
    S, _ = layer_norm(X + multi_head_attention(X, p, 2)[0], p["gamma1"], p["beta1"])
    Y, _ = layer_norm(S + b.feed_forward(S, p)[0], p["gamma2"], p["beta2"])
    np.testing.assert_allclose(b.block(X, p, 2, order="post")[0], Y, atol=TOLERANCE)


@pytest.mark.equation("eq:block-flops", r"24\, T D^2 + 4\, T^2 D")
def test_the_operations_of_a_block_are_those_of_its_matrix_products():
    T, D = 5, 8
    p = parameters(D, 4 * D)
    _, cache = b.block(some(1, T, D), p, 2)
    matrices = [p[name].size for name in ("W_q", "W_k", "W_v", "W_o", "W1", "W2")]
    weights, V = cache["attention"]["weights"], cache["attention"]["V"]
    d = V.shape[-1]
    products = 2 * T * sum(matrices) + 2 * (2 * weights.size * d)
    assert products == 24 * T * D**2 + 4 * T**2 * D


@pytest.mark.equation(
    "eq:stream-sum",
    r"\mathbf{X}_L = \mathbf{X}_0 + \sum_{l=1}^{L} (\mathbf{A}_l + \mathbf{F}_l)",
)
def test_the_stream_of_pre_ln_is_the_embedding_and_all_contributions():
    X, blocks = some(2, 5, 8), [parameters(8, 12, seed) for seed in range(6)]
    streams, caches = stack(X, blocks)
    added = sum(c["attention_out"] + c["ffn_out"] for c in caches)
    np.testing.assert_allclose(X + added, streams[-1], atol=1e-11)
    streams, caches = stack(X, blocks, "post")
    added = sum(c["attention_out"] + c["ffn_out"] for c in caches)
    assert np.abs(X + added - streams[-1]).max() > 1


def fresh(L: int, D: int, shrink: float = 1.0) -> list[dict]:
    rng = np.random.default_rng(SEED)
    return [b.new_block(D, 4 * D, rng, 1 / math.sqrt(D), shrink) for _ in range(L)]


@pytest.mark.equation(
    "eq:stream-growth", r"\operatorname{E}[x_l^2] = \operatorname{E}[x_0^2] + l\, c"
)
def test_mean_squares_of_the_stream_grow_in_a_straight_line():
    streams, caches = stack(some(8, 16, 64), fresh(16, 64))
    squares = [np.mean(X**2) for X in streams]
    added = [np.mean(c["attention_out"] ** 2) + np.mean(c["ffn_out"] ** 2) for c in caches]
    # Random signs: the straight line is met within a tenth.
    assert squares[16] == pytest.approx(squares[0] + 16 * np.mean(added), rel=0.1)
    network = [np.mean(c["ffn_out"] ** 2) for c in caches]
    predicted = 4 * mean_over_normal(lambda z: gelu_tanh(z) ** 2)
    assert np.mean(network) == pytest.approx(predicted, rel=0.05)


@pytest.mark.equation(
    "eq:residual-scale",
    r"s = \frac{1}{\sqrt{2L}} \quad\Longrightarrow\quad \operatorname{E}[x_L^2] ="
    r" \operatorname{E}[x_0^2] + L\, \frac{c}{2L} = \operatorname{E}[x_0^2] + \frac{c}{2}",
)
def test_the_stream_keeps_its_size_where_the_writing_matrices_are_scaled():
    ends = []
    for L in (6, 24):
        streams, _ = stack(some(8, 16, 64), fresh(L, 64, 1 / math.sqrt(2 * L)))
        ends.append(np.mean(streams[-1] ** 2))
    assert ends[0] == pytest.approx(ends[1], rel=0.1)
    _, caches = stack(some(8, 16, 64), fresh(1, 64))
    c = np.mean(caches[0]["attention_out"] ** 2) + np.mean(caches[0]["ffn_out"] ** 2)
    assert ends[1] == pytest.approx(1 + c / 2, rel=0.1)


@pytest.mark.equation(
    "eq:gradient-growth",
    r"\operatorname{E}[g_l^2] = \frac{1 + L c}{1 + l c}\, \operatorname{E}[g_L^2]",
)
def test_gradients_by_the_stream_grow_towards_the_input_as_the_stream_falls():
    """Autograd through L pre-LN branches with ReLU, whose gain is c in both directions.

    GELU's is 7% larger backward, and the page's figure shows it beside the curve.
    """
    L, D = 16, 64
    rng = np.random.default_rng(SEED)
    X = torch.tensor(rng.normal(size=(64, D)), requires_grad=True)
    streams = [X]
    for p in fresh(L, D):
        N = torch.nn.functional.layer_norm(streams[-1], (D,))
        hidden = torch.relu(N @ torch.tensor(p["W1"]))
        streams.append(streams[-1] + hidden @ torch.tensor(p["W2"]))
    for S in streams:
        S.retain_grad()
    streams[-1].backward(torch.tensor(rng.normal(size=(64, D))))
    c = (float((streams[-1].detach() ** 2).mean()) - 1) / L
    measured = [float((S.grad**2).mean()) for S in streams]
    for depth in (0, 4, 8, 12):
        formula = (1 + L * c) / (1 + depth * c) * measured[L]
        assert measured[depth] == pytest.approx(formula, rel=0.2)
