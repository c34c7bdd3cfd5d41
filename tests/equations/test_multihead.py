"""Each numbered equation of chapter 16 against the code that claims to compute it."""

import math

import numpy as np
import pytest

from foundations.attention import attention, causal_mask, masked_softmax
from foundations.multihead import (
    circuits,
    count_attention,
    fit_pattern,
    head_contributions,
    low_rank,
    multi_head_attention,
    multi_head_loop,
    split_heads,
)

SEED = 42
TOLERANCE = 1e-12  # float64 sums of a few dozen terms of size 1
SIZES = [(2, 5, 8, 4), (1, 3, 6, 1), (3, 4, 6, 3), (2, 1, 4, 2), (1, 6, 5, 5)]
"""B, T, D, H: heads of width 1 to 6, more heads than tokens and fewer."""


def parameters(D: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    p = {f"W_{letter}": rng.normal(size=(D, D)) / math.sqrt(D) for letter in "qkvo"}
    return p | {f"b_{letter}": rng.normal(size=D) for letter in "qkvo"}


def case(B: int, T: int, D: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(SEED)
    return rng.normal(size=(B, T, D)), parameters(D, rng)


@pytest.mark.equation(
    "eq:score-pieces",
    r"\mathbf{q} \cdot \mathbf{k} = \sum_{h=0}^{H-1} \mathbf{q}_h \cdot \mathbf{k}_h",
)
@pytest.mark.parametrize("H", [1, 2, 3, 6])
def test_a_dot_product_is_the_sum_over_the_heads_pieces(H):
    q, k = np.random.default_rng(SEED).normal(size=(2, 1, 6))
    pieces = split_heads(q, H) @ split_heads(k, H).swapaxes(-1, -2)
    assert pieces.shape == (H, 1, 1)
    assert pieces.sum() == pytest.approx(q[0] @ k[0], abs=TOLERANCE)


@pytest.mark.equation(
    "eq:multi-head",
    r"""\begin{aligned} \mathbf{A}_h &= \operatorname{softmax}\!\left( \frac{\mathbf{Q}_h
    \mathbf{K}_h^\top}{\sqrt{K}} \right) \\ \mathbf{Y} &= \bigl[\, \mathbf{A}_0 \mathbf{V}_0 \;
    \cdots \; \mathbf{A}_{H-1} \mathbf{V}_{H-1} \bigr]\, \mathbf{W}_o +
    \mathbf{b}_o \end{aligned}""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_the_layer_is_the_formula_written_out_and_the_loop_is_the_layer(B, T, D, H):
    X, p = case(B, T, D)
    Y, cache = multi_head_attention(X, p, H)
    K = D // H
    for b in range(B):
        Q, keys, V = (X[b] @ p[f"W_{letter}"] + p[f"b_{letter}"] for letter in "qkv")
        side_by_side = []
        for h in range(H):
            mine = slice(h * K, (h + 1) * K)
            powers = np.exp(Q[:, mine] @ keys[:, mine].T / math.sqrt(K))
            A = powers / powers.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(cache["weights"][b, h], A, atol=TOLERANCE)
            side_by_side.append(A @ V[:, mine])
        expected = np.hstack(side_by_side) @ p["W_o"] + p["b_o"]
        np.testing.assert_allclose(Y[b], expected, atol=TOLERANCE)
        by_loop, weights = multi_head_loop(X[b], p, H)
        np.testing.assert_allclose(by_loop, Y[b], atol=TOLERANCE)
        np.testing.assert_allclose(weights, cache["weights"][b], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:side-by-side",
    r"""\mathbf{X} \bigl[\, \mathbf{W}_0 \;\; \mathbf{W}_1 \; \cdots \; \mathbf{W}_{H-1} \bigr] =
    \bigl[\, \mathbf{X}\mathbf{W}_0 \;\; \mathbf{X}\mathbf{W}_1 \; \cdots \;
    \mathbf{X}\mathbf{W}_{H-1} \bigr]""",
)
@pytest.mark.parametrize("H", [1, 2, 4])
def test_matrices_side_by_side_give_products_side_by_side(H):
    rng = np.random.default_rng(SEED)
    X, pieces = rng.normal(size=(5, 8)), rng.normal(size=(H, 8, 3))
    together = X @ np.hstack(list(pieces))
    np.testing.assert_allclose(together, np.hstack([X @ W for W in pieces]), atol=TOLERANCE)


@pytest.mark.equation("eq:split", r"\mathbf{Q}_h[t, j] = \mathbf{Q}[t,\; h K + j]")
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_entry_t_j_of_head_h_is_entry_t_hk_plus_j(B, T, D, H):
    Q, _ = case(B, T, D)
    heads, K = split_heads(Q, H), D // H
    assert heads.shape == (B, H, T, K)
    for b, h, t, j in np.ndindex(heads.shape):
        assert heads[b, h, t, j] == Q[b, t, h * K + j]


@pytest.mark.equation(
    "eq:head-sum",
    r"""\mathbf{Y} = \sum_{h=0}^{H-1} \mathbf{A}_h \mathbf{V}_h \mathbf{W}_o^h + \mathbf{b}_o""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_the_output_is_the_sum_of_what_each_head_adds(B, T, D, H):
    X, p = case(B, T, D)
    Y, cache = multi_head_attention(X, p, H, mask=causal_mask(T))
    added = head_contributions(cache, p["W_o"])
    assert added.shape == (B, H, T, D)
    K = D // H
    for h in range(H):
        term = cache["weights"][:, h] @ cache["V"][:, h] @ p["W_o"][h * K : (h + 1) * K]
        np.testing.assert_allclose(added[:, h], term, atol=TOLERANCE)
    np.testing.assert_allclose(added.sum(axis=1) + p["b_o"], Y, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:qk",
    r"""\mathbf{Q}_h \mathbf{K}_h^\top = \mathbf{X} \bigl( \mathbf{W}_q^h \mathbf{W}_k^{h\top}
    \bigr) \mathbf{X}^\top""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_scores_come_from_the_qk_circuit(B, T, D, H):
    X, p = case(B, T, D)
    p |= {f"b_{letter}": np.zeros(D) for letter in "qkv"}
    _, cache = multi_head_attention(X, p, H)
    qk, _ = circuits(p, H)
    assert qk.shape == (H, D, D)
    scores = cache["Q"] @ cache["K"].swapaxes(-1, -2)
    through = X[:, None] @ qk @ X[:, None].swapaxes(-1, -2)
    np.testing.assert_allclose(through, scores, atol=1e-11)


@pytest.mark.equation(
    "eq:ov",
    r"""\mathbf{A}_h \mathbf{V}_h \mathbf{W}_o^h = \mathbf{A}_h\, \mathbf{X} \bigl( \mathbf{W}_v^h
    \mathbf{W}_o^h \bigr)""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_contributions_come_from_the_ov_circuit(B, T, D, H):
    X, p = case(B, T, D)
    p |= {"b_v": np.zeros(D)}
    _, cache = multi_head_attention(X, p, H)
    _, ov = circuits(p, H)
    through = cache["weights"] @ X[:, None] @ ov
    np.testing.assert_allclose(through, head_contributions(cache, p["W_o"]), atol=1e-11)


@pytest.mark.equation(
    "eq:circuit-rank",
    r"""\begin{aligned}
    \operatorname{rank}\bigl( \mathbf{W}_q^h \mathbf{W}_k^{h\top} \bigr) &\le K \\
    \operatorname{rank}\bigl( \mathbf{W}_v^h \mathbf{W}_o^h \bigr) &\le K \end{aligned}""",
)
@pytest.mark.parametrize(("D", "H"), [(8, 4), (6, 1), (6, 3), (5, 5)])
def test_circuits_have_the_rank_of_a_head(D, H):
    _, p = case(1, 1, D)
    for circuit in (*circuits(p, H)[0], *circuits(p, H)[1]):
        assert np.linalg.matrix_rank(circuit) == D // H  # of random matrices: as large as can be
        assert abs(np.linalg.svd(circuit)[1][D // H :]).max(initial=0) < TOLERANCE


@pytest.mark.equation("eq:one-row", r"E_a + E_b = 2 - \frac{w_a^2 + w_b^2}{\sum_j w_j^2} \ge 1")
@pytest.mark.parametrize("weights", [[1, 0], [0.5, 0.5], [0.2, 0.8], [0.4, 0.3, 0.2, 0.1]])
def test_one_row_of_weights_solves_at_most_half_of_two_copies(weights):
    # 40,000 sentences; a mean square of them has a relative error of √(2/40,000) = 0.7 %.
    w = np.array(weights)
    u, v = np.random.default_rng(SEED).normal(size=(2, 40_000, len(w)))
    blends = np.stack([u @ w, v @ w], axis=1)
    errors = []
    for wanted in (u[:, 0], v[:, 1]):
        m_n = np.linalg.lstsq(blends, wanted)[0]
        errors.append(np.mean((blends @ m_n - wanted) ** 2))
    expected = 2 - (w[0] ** 2 + w[1] ** 2) / np.sum(w**2)
    assert sum(errors) == pytest.approx(expected, abs=0.03)
    assert errors[0] == pytest.approx(1 - w[0] ** 2 / np.sum(w**2), abs=0.02)
    assert expected >= 1


@pytest.mark.equation(
    "eq:pattern-rank",
    r"""K \ge \operatorname{rank}(\mathbf{S}) \ge \operatorname{rank}(\mathbf{S}\,\mathbf{M}) =
    \operatorname{rank}\bigl( (\ln \mathbf{A})\, \mathbf{M} \bigr)""",
)
@pytest.mark.parametrize(("T", "K"), [(6, 2), (9, 4), (5, 8)])
def test_the_logarithm_of_the_weights_has_at_most_the_heads_rank(T, K):
    Q, keys = np.random.default_rng(SEED).normal(size=(2, T, K)) / 2
    _, A = attention(Q, keys, keys)
    M = np.eye(T) - np.ones((T, T)) / T
    S = Q @ keys.T / math.sqrt(K)
    np.testing.assert_allclose(np.log(A) @ M, S @ M, atol=TOLERANCE)
    rank = np.linalg.matrix_rank(np.log(A) @ M, tol=1e-9)
    assert rank == np.linalg.matrix_rank(S @ M, tol=1e-9) <= np.linalg.matrix_rank(S) <= K
    assert rank == min(K, T - 1)


@pytest.mark.equation(
    "eq:low-rank",
    r"""\min_{\operatorname{rank} \mathbf{B} \le K} \lVert \mathbf{S} - \mathbf{B} \rVert^2 =
    \sum_{p > K} \sigma_p^2""",
)
@pytest.mark.parametrize("K", [1, 3, 7])
def test_nothing_of_small_rank_is_nearer_than_the_strongest_layers(K):
    rng = np.random.default_rng(SEED)
    S = rng.normal(size=(8, 8))
    Q, keys = low_rank(S, K)
    assert Q.shape == keys.shape == (8, K)
    error = np.sum((S - Q @ keys.T) ** 2)
    assert error == pytest.approx(np.sum(np.linalg.svd(S)[1][K:] ** 2), abs=1e-10)
    for _ in range(50):  # least squares in turns, from random keys: as good, never better
        other = rng.normal(size=(8, K))
        for _ in range(20):
            rows = np.linalg.lstsq(other, S.T)[0].T
            other = np.linalg.lstsq(rows, S)[0].T
        assert np.sum((S - rows @ other.T) ** 2) >= error - 1e-10


@pytest.mark.equation(
    "eq:heads-cost",
    r"""\begin{aligned} \text{FLOPs} &= 8 T D^2 + 4 T^2 D \\ \text{parameters} &= 4 D^2 + 4 D \\
    \text{weights} &= H T^2 \end{aligned}""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_the_counts_are_those_of_the_arrays(B, T, D, H):
    count = count_attention(T, D, H)
    X, p = case(1, T, D)
    _, cache = multi_head_attention(X, p, H)
    assert count["parameters"] == sum(array.size for array in p.values()) == 4 * D**2 + 4 * D
    assert count["weights"] == cache["weights"].size == H * T**2
    products = 4 * [(T, D, D)] + H * [(T, D // H, T)] + H * [(T, T, D // H)]
    assert count["flops"] == sum(2 * m * k * n for m, k, n in products)
    assert count["flops"] == 8 * T * D**2 + 4 * T**2 * D


@pytest.mark.equation(
    "eq:idle-biases",
    r"""\mathbf{Y}(\mathbf{b}_q, \mathbf{b}_k, \mathbf{b}_v, \mathbf{b}_o)
    = \mathbf{Y}(\mathbf{b}_q,\, \mathbf{0},\, \mathbf{0},\; \mathbf{b}_o + \mathbf{b}_v
    \mathbf{W}_o)""",
)
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_two_of_the_biases_are_idle(B, T, D, H):
    X, p = case(B, T, D)
    zero = np.zeros(D)
    fewer = p | {"b_k": zero, "b_v": zero, "b_o": p["b_o"] + p["b_v"] @ p["W_o"]}
    for mask in (None, causal_mask(T)):
        expected, _ = multi_head_attention(X, p, H, mask=mask)
        got, _ = multi_head_attention(X, fewer, H, mask=mask)
        np.testing.assert_allclose(got, expected, atol=1e-11)


def test_a_fitted_pattern_is_nearer_than_the_nearest_scores_and_exact_at_full_width():
    rng = np.random.default_rng(SEED)
    A = masked_softmax(2 * rng.normal(size=(7, 7)))
    S = np.log(A) - np.log(A).mean(axis=1, keepdims=True)
    for d in (1, 3):
        nearest, fitted = (masked_softmax(Q @ K.T) for Q, K in (low_rank(S, d), fit_pattern(A, d)))
        cross_entropies = [-np.sum(A * np.log(P)) for P in (nearest, fitted)]
        assert cross_entropies[1] < cross_entropies[0]
    Q, K = fit_pattern(A, 6)
    np.testing.assert_allclose(masked_softmax(Q @ K.T), A, atol=1e-10)
