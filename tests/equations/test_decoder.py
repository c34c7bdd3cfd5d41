"""Each numbered equation of chapter 19 against the code that claims to compute it."""

import math

import numpy as np
import pytest

from foundations import decoder
from foundations.attention import causal_mask
from foundations.block import block
from foundations.normalisation import layer_norm

SEED = 42
TOLERANCE = 1e-12  # float64, a few layers of width 8


def small(V=7, T=6, D=8, H=2, F=12, L=3, seed=SEED):
    """A GPT whose biases, gains and branches all matter."""
    rng = np.random.default_rng(seed)
    params = decoder.new_gpt(V, T, D, H, F, L, rng)
    for array in decoder.arrays(params):
        array += rng.normal(0, 0.3, size=array.shape)
    return params


@pytest.mark.equation(
    "eq:gpt",
    r"""\begin{gathered}
    \mathbf{X}_0 = \mathbf{E}[i_1 \ldots i_T] + \mathbf{P} \\
    \mathbf{X}_l = \operatorname{block}_l(\mathbf{X}_{l-1}), \quad l = 1, \ldots, L \\
    \mathbf{Z} = \operatorname{LN}(\mathbf{X}_L)\, \mathbf{E}^\top
    \end{gathered}""",
)
@pytest.mark.parametrize("L", [1, 2, 3])
def test_a_gpt_is_tables_blocks_a_norm_and_the_table_again(L):
    params = small(L=L)
    ids = np.array([3, 0, 6, 3])
    X = np.array([params["E"][i] + params["P"][t] for t, i in enumerate(ids)])
    for p in params["blocks"]:
        X, _ = block(X, p, 2, causal_mask(4))
    Y, _ = layer_norm(X, params["gamma"], params["beta"])
    expected = [[y @ e for e in params["E"]] for y in Y]
    logits, _ = decoder.gpt(ids, params, 2)
    np.testing.assert_allclose(logits, expected, atol=TOLERANCE)


@pytest.mark.equation("eq:tied", r"Z_{tw} = \mathbf{y}_t \cdot \mathbf{e}_w")
def test_a_logit_is_the_dot_product_with_the_words_own_embedding():
    params = small()
    logits, cache = decoder.gpt(np.array([[1, 2, 3], [4, 5, 6]]), params, 2)
    for b, t, w in np.ndindex(logits.shape):
        assert logits[b, t, w] == pytest.approx(cache["Y"][b, t] @ params["E"][w], abs=TOLERANCE)


@pytest.mark.equation(
    "eq:gpt-loss",
    r"""\text{loss} = -\frac{1}{B T} \sum_{b=1}^{B} \sum_{t=1}^{T}
    \ln \operatorname{softmax}(\mathbf{z}_{b,t})_{i_{b,t+1}}""",
)
def test_the_loss_is_the_mean_surprise_of_the_next_token():
    rng = np.random.default_rng(SEED)
    B, T, V = 3, 5, 7
    z, ids = rng.normal(size=(B, T, V)), rng.integers(0, V, size=(B, T + 1))
    total = 0.0
    for b in range(B):
        for t in range(T):
            total -= math.log(math.exp(z[b, t, ids[b, t + 1]]) / np.exp(z[b, t]).sum())
    assert decoder.gpt_loss(z, ids[:, 1:]) == pytest.approx(total / (B * T), abs=TOLERANCE)


@pytest.mark.equation("eq:mean-exp", r"\operatorname{E}\bigl[e^{s x}\bigr] = e^{s^2/2}")
@pytest.mark.parametrize("s", [0.0, 0.16, 0.64, 1.5, -1.0])
def test_the_mean_of_e_to_a_normal_number(s):
    x = np.linspace(-12, 12, 20_001)  # the bell curve beyond 12 is below 1e-31
    heights = np.exp(s * x - x**2 / 2) / math.sqrt(2 * math.pi)
    assert heights.sum() * (x[1] - x[0]) == pytest.approx(math.exp(s**2 / 2), rel=1e-10)


@pytest.mark.equation(
    "eq:start-loss",
    r"\operatorname{E}[\text{loss}] \approx \ln V + \tfrac12 \cdot 0.02^2 D",
)
@pytest.mark.parametrize("D", [64, 256])
def test_the_first_loss_lies_above_the_logarithm_by_half_the_variance_of_a_logit(D):
    rng = np.random.default_rng(SEED)
    params = decoder.new_gpt(2000, 8, D, 4, D, 1, rng)
    logits, _ = decoder.gpt(rng.integers(0, 2000, size=(4, 8)), params, 4)
    every_target = np.log(np.exp(logits).sum(axis=-1)) - logits.mean(axis=-1)
    excess = every_target.mean() - math.log(2000)
    assert excess == pytest.approx(0.02**2 * D / 2, rel=0.06)
    assert logits.var() == pytest.approx(0.02**2 * D, rel=0.1)


@pytest.mark.equation("eq:gpt-parameters", r"N = V D + T D + L\,(12 D^2 + 13 D) + 2 D")
@pytest.mark.parametrize(("V", "T", "D", "H", "L"), [(4, 5, 4, 2, 1), (28, 64, 16, 4, 3)])
def test_parameters_by_formula_are_those_in_the_arrays(V, T, D, H, L):
    params = decoder.new_gpt(V, T, D, H, 4 * D, L, np.random.default_rng(SEED))
    formula = V * D + T * D + L * (12 * D**2 + 13 * D) + 2 * D
    assert decoder.count_parameters(params) == formula
    assert decoder.gpt_parameters(V, T, D, 4 * D, L) == formula


@pytest.mark.equation("eq:gpt-flops", r"\text{FLOPs} = L\,(24\, T D^2 + 4\, T^2 D) + 2\, T D V")
@pytest.mark.parametrize(("V", "T", "D", "H", "L"), [(4, 3, 4, 2, 1), (11, 6, 8, 4, 2)])
def test_flops_by_formula_are_those_that_are_done(V, T, D, H, L):
    params = decoder.new_gpt(V, T, D, H, 4 * D, L, np.random.default_rng(SEED))
    formula = L * (24 * T * D**2 + 4 * T**2 * D) + 2 * T * D * V
    products, _ = decoder.count_flops(np.arange(T) % V, params, H)
    assert products == formula
    assert sum(decoder.gpt_flops(V, T, D, 4 * D, L).values()) == formula


@pytest.mark.equation(
    "eq:attention-share",
    r"\frac{4\, T^2 D}{24\, T D^2 + 4\, T^2 D} = \frac{T}{T + 6 D}",
)
@pytest.mark.parametrize(("T", "D"), [(1, 1), (64, 64), (384, 64), (5000, 16)])
def test_attentions_share_of_a_block(T, D):
    flops = decoder.gpt_flops(1, T, D, 4 * D, 1)
    a_block = sum(flops.values()) - flops["head"]
    assert flops["attention"] / a_block == pytest.approx(T / (T + 6 * D), rel=1e-14)


@pytest.mark.equation("eq:two-n", r"\frac{\text{FLOPs}}{T} \approx 2 N + 4\, L\, T D")
@pytest.mark.parametrize(("D", "L"), [(768, 12), (1600, 48)])
@pytest.mark.parametrize("T", [64, 1024])
def test_two_flops_per_parameter_and_token_and_attention(D, L, T):
    exact = sum(decoder.gpt_flops(50257, T, D, 4 * D, L).values()) / T
    rule = 2 * decoder.gpt_parameters(50257, 1024, D, 4 * D, L) + 4 * L * T * D
    assert rule == pytest.approx(exact, rel=0.01)
    left_out = 1024 * D + L * 13 * D + 2 * D  # positions, biases, gains
    assert rule - 2 * left_out == exact


@pytest.mark.equation(
    "eq:gpt-bytes",
    r"""\begin{aligned}
    \text{bytes} = s B T \bigl(&L\,(10 D + 2 F + 2 + H T) \\
    &+ 2 D + 1 + V\bigr) + 8 B T
    \end{aligned}""",
)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize(("B", "T", "H", "L"), [(1, 1, 2, 1), (3, 5, 4, 2), (2, 6, 1, 3)])
def test_bytes_by_formula_are_those_in_the_cache(kind, B, T, H, L):
    V, D, F, s = 7, 8, 20, np.dtype(kind).itemsize
    params = decoder.new_gpt(V, 6, D, H, F, L, np.random.default_rng(SEED))
    for tree in [params, *params["blocks"]]:
        tree |= {n: a.astype(kind) for n, a in tree.items() if n != "blocks"}
    _, cache = decoder.gpt(np.zeros((B, T), dtype=int), params, H)
    formula = s * B * T * (L * (10 * D + 2 * F + 2 + H * T) + 2 * D + 1 + V) + 8 * B * T
    assert decoder.count_bytes(cache, params) == formula
    assert decoder.gpt_bytes(B, V, T, D, H, F, L, s) == formula
