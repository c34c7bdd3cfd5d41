"""Each numbered equation of chapter 20 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import gradients
from foundations.attention import attention, causal_mask
from foundations.backpropagation import numerical_gradient
from foundations.block import block, new_block
from foundations.decoder import Counting, counting, gpt, gpt_flops, gpt_loss, new_gpt
from foundations.forward import softmax
from foundations.multihead import merge_heads, multi_head_attention, split_heads

SEED = 42
EXACT = 1e-12  # float64, sums of at most some hundred terms of size 1
SLOPE = 1e-8  # central differences with a step of 1e-5


def assert_slopes(gradient, f, x):
    np.testing.assert_allclose(gradient, numerical_gradient(f, x), atol=SLOPE, rtol=0)


def numbers(*shapes, spread=1.0):
    rng = np.random.default_rng(SEED)
    return [rng.normal(0, spread, size=shape) for shape in shapes]


def disturbed_block(D, F):
    rng = np.random.default_rng(SEED)
    return {name: rng.normal(0, 0.5, a.shape) for name, a in new_block(D, F, rng).items()}


def disturbed_gpt(V, T, D, H, F, L):
    rng = np.random.default_rng(SEED)
    params = new_gpt(V, T, D, H, F, L, rng)
    for array in gradients.named(params).values():
        array += rng.normal(0, 0.3, array.shape)
    return params


def attention_case(T=4, S=5):
    Q, K, V, d_O = numbers((2, 3, T, 6), (2, 3, S, 6), (2, 3, S, 7), (2, 3, T, 7))
    out, A = attention(Q, K, V)
    return Q, K, V, A, out, d_O


@pytest.mark.equation("eq:d-gpt-logits", r"d_{\mathbf{Z}} = \frac{\mathbf{P} - \mathbf{Y}}{B\,T}")
def test_logits_get_probabilities_minus_targets_over_the_number_of_predictions():
    B, T, V = 2, 3, 5
    (Z,) = numbers((B, T, V))
    targets = np.random.default_rng(SEED).integers(0, V, size=(B, T))
    d_Z = gradients.gpt_loss_backward(Z, targets)
    np.testing.assert_allclose(d_Z, (softmax(Z) - np.eye(V)[targets]) / (B * T), atol=EXACT)
    assert_slopes(d_Z, lambda Z: gpt_loss(Z, targets), Z)


@pytest.mark.equation(
    "eq:d-token-weights",
    r"""d_{\mathbf{W}} = \sum_{b=1}^{B} \mathbf{X}_b^\top\, d_{\mathbf{Y}_b} , \qquad
    d_{\mathbf{b}} = \sum_{b=1}^{B} \sum_{t=1}^{T} d_{\mathbf{y}_{bt}}""",
)
def test_shared_weights_collect_from_every_token_of_every_text():
    X, W, b, d_Y = numbers((2, 3, 4), (4, 5), (5,), (2, 3, 5))
    d_X, d_W, d_b = gradients.token_linear_backward(d_Y, X, W)
    np.testing.assert_allclose(d_W, sum(X[i].T @ d_Y[i] for i in range(2)), atol=EXACT)
    np.testing.assert_allclose(d_b, sum(d_Y[i, t] for i in range(2) for t in range(3)), atol=EXACT)
    assert_slopes(d_W, lambda W: (d_Y * (X @ W + b)).sum(), W)
    assert_slopes(d_b, lambda b: (d_Y * (X @ W + b)).sum(), b)
    assert_slopes(d_X, lambda X: (d_Y * (X @ W + b)).sum(), X)


@pytest.mark.equation(
    "eq:d-tied",
    r"""(d_{\mathbf{E}})_w = \sum_{n} (d_{\mathbf{Z}})_{nw}\, \mathbf{y}_n
    + \sum_{n\,:\,\mathrm{id}_n = w} d_{\mathbf{x}_n}""",
)
def test_a_tied_embedding_collects_at_both_of_its_ends():
    params = disturbed_gpt(5, 4, 6, 2, 7, 1)
    ids, targets = np.random.default_rng(SEED).integers(0, 5, size=(2, 2, 4))
    t = {n: torch.tensor(a, requires_grad=True) for n, a in gradients.named(params).items()}
    logits, cache = gpt(ids, params, 2)
    d_Z = gradients.gpt_loss_backward(logits, targets)
    d_E = gradients.gpt_backward(cache, targets, params, 2)["E"]
    # The rows that enter the first block, moved one at a time by way of P and E untied.
    head = np.einsum("btv,btd->vd", d_Z, cache["Y"])

    def loss_by_lookup(E):
        rows = E[ids]
        X = rows + params["P"]
        for p in params["blocks"]:
            X, _ = block(X, p, 2, causal_mask(4))
        Y = (X - X.mean(-1, keepdims=True)) / np.sqrt(X.var(-1, keepdims=True) + 1e-5)
        return gpt_loss((Y * params["gamma"] + params["beta"]) @ params["E"].T, targets)

    lookup = numerical_gradient(loss_by_lookup, params["E"].copy())
    np.testing.assert_allclose(d_E, head + lookup, atol=SLOPE)
    assert len(t) == 20
    unread = [w for w in range(5) if w not in ids]
    np.testing.assert_allclose(d_E[unread], head[unread], atol=EXACT)


@pytest.mark.equation(
    "eq:d-residual", r"d_{\mathbf{X}} = d_{\mathbf{Y}} + \operatorname{back}_f(d_{\mathbf{Y}})"
)
def test_a_skip_hands_its_gradient_on_and_the_branch_adds_to_it():
    p = disturbed_block(4, 5)
    silent = p | {name: np.zeros_like(p[name]) for name in ("W_o", "b_o", "W2", "b2")}
    X, d_Y = numbers((2, 3, 4), (2, 3, 4))
    for params in (p, silent):
        cache = block(X, params, 2, causal_mask(3))[1]
        d_X, _ = gradients.block_backward(d_Y, cache, params, 2)
        assert_slopes(d_X, lambda X, q=params: (d_Y * block(X, q, 2, causal_mask(3))[0]).sum(), X)
    np.testing.assert_array_equal(d_X, d_Y)  # branches that add nothing


@pytest.mark.equation("eq:d-values", r"d_{\mathbf{V}} = \mathbf{A}^\top d_{\mathbf{O}}")
def test_values_collect_from_all_that_looked_at_them():
    Q, K, V, A, _, d_O = attention_case()
    d_V = gradients.attention_backward(d_O, {"Q": Q, "K": K, "V": V, "weights": A})[2]
    np.testing.assert_allclose(d_V, np.einsum("bhts,bhtv->bhsv", A, d_O), atol=EXACT)
    assert_slopes(d_V, lambda V: (d_O * attention(Q, K, V)[0]).sum(), V)


@pytest.mark.equation(
    "eq:d-attention-weights", r"d_{\mathbf{A}} = d_{\mathbf{O}}\, \mathbf{V}^\top"
)
@pytest.mark.equation(
    "eq:d-softmax-rows",
    r"""d_{\mathbf{S}} = \mathbf{A} \odot \bigl( d_{\mathbf{A}}
    - (\mathbf{A} \odot d_{\mathbf{A}})\, \mathbf{1}\mathbf{1}^\top \bigr)""",
)
def test_scores_move_by_weight_times_how_much_better_than_average():
    _, _, V, A, _, d_O = attention_case()
    S = np.log(A)  # scores that give these weights
    d_A = d_O @ V.mT
    d_S = gradients.softmax_backward(d_A, A)
    ones = np.ones((5, 1))
    np.testing.assert_allclose(d_S, A * (d_A - (A * d_A) @ ones @ ones.T), atol=EXACT)
    np.testing.assert_allclose(d_S.sum(axis=-1), 0, atol=EXACT)
    assert_slopes(d_S, lambda S: (d_O * (softmax(S) @ V)).sum(), S)
    assert_slopes(d_A, lambda A: (d_O * (A @ V)).sum(), A)


@pytest.mark.equation(
    "eq:d-queries", r"d_{\mathbf{Q}} = \frac{d_{\mathbf{S}}\, \mathbf{K}}{\sqrt{K}}"
)
@pytest.mark.equation(
    "eq:d-keys", r"d_{\mathbf{K}} = \frac{d_{\mathbf{S}}^\top\, \mathbf{Q}}{\sqrt{K}}"
)
def test_queries_move_along_keys_and_keys_along_queries():
    Q, K, V, A, _, d_O = attention_case()
    d_Q, d_K, _ = gradients.attention_backward(d_O, {"Q": Q, "K": K, "V": V, "weights": A})
    d_S = gradients.softmax_backward(d_O @ V.mT, A)
    np.testing.assert_allclose(d_Q, d_S @ K / math.sqrt(6), atol=EXACT)
    np.testing.assert_allclose(d_K, d_S.mT @ Q / math.sqrt(6), atol=EXACT)
    assert_slopes(d_Q, lambda Q: (d_O * attention(Q, K, V)[0]).sum(), Q)
    assert_slopes(d_K, lambda K: (d_O * attention(Q, K, V)[0]).sum(), K)


@pytest.mark.equation(
    "eq:d-three-roles",
    r"""d_{\mathbf{N}} = d_{\mathbf{Q}} \mathbf{W}_q^\top + d_{\mathbf{K}} \mathbf{W}_k^\top
    + d_{\mathbf{V}} \mathbf{W}_v^\top""",
)
def test_the_stream_collects_from_its_three_roles():
    p = disturbed_block(6, 5)
    N, d_Y = numbers((2, 3, 6), (2, 3, 6))
    cache = multi_head_attention(N, p, 2)[1]
    d_x, d_source, _ = gradients.multi_head_backward(d_Y, cache, p, 2)
    d_O = split_heads(d_Y @ p["W_o"].T, 2)
    d_Q, d_K, d_V = (merge_heads(d) for d in gradients.attention_backward(d_O, cache))
    roles = d_Q @ p["W_q"].T + d_K @ p["W_k"].T + d_V @ p["W_v"].T
    np.testing.assert_allclose(d_x + d_source, roles, atol=EXACT)
    assert_slopes(d_x + d_source, lambda N: (d_Y * multi_head_attention(N, p, 2)[0]).sum(), N)


@pytest.mark.equation(
    "eq:key-bias",
    r"""\begin{aligned}
    d_{\mathbf{b}_k} &= \sum_j \sum_i \frac{(d_{\mathbf{S}})_{ij}\, \mathbf{q}_i}{\sqrt{K}} \\
    &= \sum_i \frac{\mathbf{q}_i}{\sqrt{K}} \sum_j (d_{\mathbf{S}})_{ij} = \mathbf{0}
    \end{aligned}""",
)
@pytest.mark.parametrize("mask", [None, causal_mask(3)])
def test_the_bias_of_the_keys_has_no_effect_and_no_gradient(mask):
    p = disturbed_block(6, 5)
    X, d_Y = numbers((2, 3, 6), (2, 3, 6))
    Y, cache = multi_head_attention(X, p, 2, mask)
    grads = gradients.multi_head_backward(d_Y, cache, p, 2)[2]
    np.testing.assert_allclose(grads["b_k"], 0, atol=EXACT)
    moved = multi_head_attention(X, p | {"b_k": p["b_k"] + 3}, 2, mask)[0]
    np.testing.assert_allclose(moved, Y, atol=EXACT)


@pytest.mark.equation(
    "eq:step-cost",
    r"""C_{\text{backward}} = 2\, C_{\text{forward}} , \qquad
    C_{\text{step}} = 3\, C_{\text{forward}}""",
)
@pytest.mark.parametrize(("B", "T", "L"), [(1, 4, 1), (3, 5, 2)])
def test_backward_takes_twice_the_products_of_forward(B, T, L):
    params = disturbed_gpt(7, 5, 6, 2, 8, L)
    ids = np.random.default_rng(SEED).integers(0, 7, size=(B, T))
    Counting.products = 0
    _, cache = gpt(ids, counting(params), 2)
    forward = Counting.products
    assert forward == B * sum(gpt_flops(7, T, 6, 8, L).values())
    gradients.gpt_backward(cache, ids, counting(params), 2)
    assert Counting.products == 3 * forward


@pytest.mark.equation(
    "eq:row-shortcut",
    r"""\begin{aligned}
    \sum_j a_j\, d_{a_j} &= \sum_j a_j\, (d_{\mathbf{o}} \cdot \mathbf{v}_j) \\
    &= d_{\mathbf{o}} \cdot \sum_j a_j \mathbf{v}_j = d_{\mathbf{o}} \cdot \mathbf{o}
    \end{aligned}""",
)
def test_the_row_sum_is_a_dot_product_of_the_output():
    _, _, V, A, out, d_O = attention_case()
    np.testing.assert_allclose(
        (A * (d_O @ V.mT)).sum(axis=-1), (d_O * out).sum(axis=-1), atol=EXACT
    )
