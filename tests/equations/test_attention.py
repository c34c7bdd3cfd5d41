"""Each numbered equation of chapter 15 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import attention, toy
from foundations.backpropagation import numerical_gradient
from foundations.forward import softmax
from foundations.forward_mode import Counted

SEED = 42
TOLERANCE = 1e-12  # float64 sums of at most 64 terms of size 1


def some_rows(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


def permutation(n: int) -> np.ndarray:
    return np.eye(n)[np.random.default_rng(SEED).permutation(n)]


@pytest.mark.equation(
    "eq:attention-scores", r"s_{ij} = \frac{\mathbf{q}_i \cdot \mathbf{k}_j}{\sqrt{K}}"
)
def test_a_score_is_a_dot_product_over_the_root_of_the_width():
    Q, K = some_rows(2, 5, 9)
    _, weights = attention.plain_attention(Q, K, K)
    for i in range(5):
        scores = np.log(weights[i]) - np.log(weights[i, 0])
        for j in range(5):
            expected = (math.fsum(Q[i] * K[j]) - math.fsum(Q[i] * K[0])) / 3
            assert scores[j] == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.equation("eq:attention-weights", r"w_{ij} = \frac{e^{s_{ij}}}{\sum_{l} e^{s_{il}}}")
def test_weights_are_powers_divided_by_their_sum_over_the_keys():
    Q, K = some_rows(2, 4, 6)
    for weights in (
        attention.attention_by_loops(Q, K, K)[1],
        attention.plain_attention(Q, K, K)[1],
        attention.attention(Q, K, K)[1],
    ):
        powers = np.exp(Q @ K.T / math.sqrt(6))
        np.testing.assert_allclose(weights, powers / powers.sum(axis=1)[:, None], atol=TOLERANCE)
        np.testing.assert_allclose(np.sum(weights, axis=1), 1, atol=TOLERANCE)


@pytest.mark.equation("eq:attention-output", r"\mathbf{y}_i = \sum_{j} w_{ij}\, \mathbf{v}_j")
def test_an_output_is_the_average_of_the_values():
    Q, K, V = some_rows(3, 4, 6)
    for attend in (
        attention.attention_by_loops,
        attention.plain_attention,
        attention.attention,
    ):
        out, weights = attend(Q, K, V[:, :2])
        for y, w in zip(out, weights, strict=True):
            expected = sum(w_j * v for w_j, v in zip(w, V[:, :2], strict=True))
            np.testing.assert_allclose(y, expected, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:attention",
    r"""\mathbf{Y} = \operatorname{softmax}\!\left(\frac{\mathbf{Q}\mathbf{K}^\top}{\sqrt{K}}\right)
    \mathbf{V}""",
)
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_attention_in_matrices_is_attention_in_loops_and_pytorchs(batch):
    Q, K, V = some_rows(*batch, 4, 8), some_rows(*batch, 6, 8) + 1, some_rows(*batch, 6, 3)
    theirs = torch.nn.functional.scaled_dot_product_attention(*map(torch.tensor, (Q, K, V)))
    for attend in (attention.plain_attention, attention.attention):
        out, weights = attend(Q, K, V)
        np.testing.assert_allclose(out, theirs, atol=TOLERANCE)
        for place in np.ndindex(batch):
            y, w = attention.attention_by_loops(Q[place], K[place], V[place])
            np.testing.assert_allclose(out[place], y, atol=TOLERANCE)
            np.testing.assert_allclose(weights[place], w, atol=TOLERANCE)


def test_the_toy_sentence_has_the_weights_of_part_three():
    X = toy.E[toy.IDS]
    Q, K, V = X @ toy.W_q, X @ toy.W_k, X @ toy.W_v
    _, weights = attention.attention(Q, K, V)
    expected = [
        [0.119, 0.322, 0.119, 0.119, 0.322],
        [0.095, 0.095, 0.702, 0.095, 0.013],
        [0.056, 0.416, 0.056, 0.056, 0.416],
        [0.119, 0.322, 0.119, 0.119, 0.322],
        [0.095, 0.013, 0.702, 0.095, 0.095],
    ]
    np.testing.assert_allclose(weights, expected, atol=5e-4)


@pytest.mark.equation(
    "eq:score-variance",
    r"\operatorname{Var}(\mathbf{q} \cdot \mathbf{k}) = K \sigma_q^2 \sigma_k^2",
)
@pytest.mark.parametrize("K", [1, 4, 64])
def test_the_variance_of_a_score_is_the_width_times_both_variances(K):
    rng = np.random.default_rng(SEED)
    q = rng.uniform(-3, 3, size=(100_000, K))  # variance 3
    k = rng.choice([-0.5, 0.5], size=(100_000, K))  # variance 1/4
    # The variance of 100,000 numbers is off by 0.5 % or so; 3 % are six times that.
    assert (q * k).sum(axis=1).var() == pytest.approx(K * 3 * 0.25, rel=0.03)
    assert ((q * k).sum(axis=1) / math.sqrt(K)).var() == pytest.approx(0.75, rel=0.03)


@pytest.mark.equation(
    "eq:softmax-jacobian",
    r"\frac{\partial w_i}{\partial s_j} = w_i\, (\delta_{ij} - w_j)",
)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_slopes_of_a_softmax_agree_with_differences_and_pytorch(n):
    (scores,) = some_rows(1, n)
    J = attention.softmax_jacobian(softmax(scores))
    measured = [numerical_gradient(lambda s, i=i: softmax(s)[i], scores) for i in range(n)]
    np.testing.assert_allclose(J, measured, atol=1e-9)  # central differences, h = 1e-5
    theirs = torch.func.jacrev(lambda s: torch.softmax(s, -1))(torch.tensor(scores))
    np.testing.assert_allclose(J, theirs, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:softmax-vjp",
    r"""d_{\mathbf{s}} = \mathbf{w} \odot (d_{\mathbf{w}} - d_{\mathbf{w}} \cdot \mathbf{w})""",
)
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_backward_through_a_softmax_is_the_jacobian_without_the_table(batch):
    scores, d_weights = some_rows(2, *batch, 5)
    weights = softmax(scores)
    got = attention.softmax_backward(d_weights, weights)
    table = np.einsum("...i,...ij->...j", d_weights, attention.softmax_jacobian(weights))
    np.testing.assert_allclose(got, table, atol=TOLERANCE)
    measured = numerical_gradient(lambda s: (softmax(s) * d_weights).sum(), scores)
    np.testing.assert_allclose(got, measured, atol=1e-9)


@pytest.mark.equation(
    "eq:masked-softmax",
    r"""w_{ij} = \frac{m_{ij}\, e^{s_{ij}}}{\sum_{l} m_{il}\, e^{s_{il}}}, \qquad
    m_{ij} \in \{0, 1\}""",
)
def test_a_mask_takes_powers_out_of_the_weights_and_out_of_their_sum():
    scores = some_rows(2, 5, 6)
    mask = some_rows(3, 2, 5, 6)[2] > -0.5
    assert mask.any(axis=-1).all() and not mask.all()
    powers = mask * np.exp(scores)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(attention.masked_softmax(scores, mask), expected, atol=TOLERANCE)
    Q, K, V = some_rows(3, 2, 5, 4)
    out, weights = attention.attention(Q, K, V, mask[..., :5] | np.eye(5, dtype=bool))
    powers = (mask[..., :5] | np.eye(5, dtype=bool)) * np.exp(Q @ K.swapaxes(1, 2) / 2)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(weights, expected, atol=TOLERANCE)
    np.testing.assert_allclose(out, expected @ V, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:equivariance",
    r"""\begin{aligned}
    \operatorname{attention}(\mathbf{P}\mathbf{X})
    &= \mathbf{P}\mathbf{A}\mathbf{P}^\top\, \mathbf{P}\mathbf{V}
    = \mathbf{P}\mathbf{A}\mathbf{V} \\
    &= \mathbf{P} \operatorname{attention}(\mathbf{X})
    \end{aligned}""",
)
@pytest.mark.parametrize("T", [1, 2, 5, 9])
def test_outputs_change_places_as_the_inputs_do(T):
    X, P = some_rows(T, 6), permutation(T)
    W_q, W_k, W_v = some_rows(3, 6, 4)
    out, A = attention.attention(X @ W_q, X @ W_k, X @ W_v)
    moved, moved_A = attention.attention(P @ X @ W_q, P @ X @ W_k, P @ X @ W_v)
    np.testing.assert_allclose(moved, P @ out, atol=TOLERANCE)
    np.testing.assert_allclose(moved_A, P @ A @ P.T, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:attention-flops",
    r"""\text{FLOPs} = \underbrace{8\, T D^2}_{\text{four projections}}
    + \underbrace{4\, T^2 D}_{\text{scores and averages}}""",
)
@pytest.mark.parametrize(("T", "D"), [(1, 1), (3, 5), (16, 4), (1024, 768)])
def test_flops_are_counted_by_floats_that_count(T, D):
    flops = attention.attention_flops(T, D)
    assert flops["projections"] == 8 * T * D**2
    assert flops["scores"] == flops["averages"] == 2 * T**2 * D
    if T < 100:
        rows = [[Counted(x) for x in row] for row in some_rows(T, D)]
        Counted.multiplications = 0
        attention.attention_by_loops(rows, rows, rows)
        assert 2 * Counted.multiplications == flops["scores"] + flops["averages"]
