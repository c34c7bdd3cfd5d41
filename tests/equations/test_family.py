"""Each numbered equation of chapter 21 against the code that claims to compute it."""

import math

import numpy as np
import pytest

from foundations import family
from foundations.block import block, feed_forward
from foundations.losses import entropy, log_softmax
from foundations.multihead import multi_head_attention
from foundations.normalisation import layer_norm
from foundations.position import sinusoids

SEED = 42
TOLERANCE = 1e-12  # float64, a few layers of width 8


def lively(V=7, D=8, F=12, L=2, seed=SEED):
    """A transformer whose biases and gains all matter."""
    rng = np.random.default_rng(seed)
    params = family.new_transformer(V, D, F, L, rng)
    for p in params["encoder"] + params["decoder"]:
        for part in (p, p.get("cross", {})):
            for array in part.values():
                if isinstance(array, np.ndarray):
                    array += rng.normal(0, 0.3, size=array.shape)
    return params


@pytest.mark.equation(
    "eq:prefix-mask",
    r"\text{place } t \text{ may look at } s \iff s \le t \;\text{ or }\; s \le n",
)
@pytest.mark.parametrize(("n", "T"), [(0, 4), (1, 4), (3, 5), (5, 5), (2, 1)])
def test_a_prefix_is_open_and_the_rest_causal(n, T):
    mask = family.prefix_mask(n, T)
    assert mask.dtype == bool
    for t in range(1, T + 1):
        for s in range(1, T + 1):
            assert mask[t - 1, s - 1] == (s <= t or s <= n)


@pytest.mark.equation(
    "eq:embed-place", r"\mathbf{x}_t = \sqrt{D}\; \mathbf{e}_{i_t} + \mathbf{p}_t"
)
@pytest.mark.parametrize("D", [2, 8, 32])
def test_words_are_scaled_by_the_root_of_the_width_and_places_added(D):
    E = np.random.default_rng(SEED).normal(size=(5, D))
    ids = np.array([[3, 0, 3], [4, 4, 1]])
    X = family.place(ids, E)
    P = sinusoids(3, D)
    for b, t in np.ndindex(2, 3):
        np.testing.assert_allclose(X[b, t], D**0.5 * E[ids[b, t]] + P[t], atol=TOLERANCE)


@pytest.mark.equation(
    "eq:encoder-stack",
    r"""\begin{gathered}
    \mathbf{X}_0 = [\mathbf{x}_1; \ldots; \mathbf{x}_T] \\
    \mathbf{X}_l = \operatorname{block}_l^{\text{post}}(\mathbf{X}_{l-1}),
    \quad l = 1, \ldots, L
    \end{gathered}""",
)
@pytest.mark.parametrize("L", [1, 3])
def test_an_encoder_is_post_norm_blocks_on_words_and_places(L):
    params, ids = lively(L=L), np.array([3, 0, 6, 3])
    X = family.place(ids, params["E"])
    for p in params["encoder"]:
        X, _ = block(X, p, 2, None, "post", "relu")
    Y, caches = family.encoder(ids, params, 2)
    np.testing.assert_allclose(Y, X, atol=TOLERANCE)
    assert len(caches) == L


@pytest.mark.equation(
    "eq:hole-loss",
    r"""\text{loss} = -\frac{1}{\vert C \vert} \sum_{t \in C}
    \ln p(i_t \mid \text{the text with holes})""",
)
def test_only_the_holes_count():
    rng = np.random.default_rng(SEED)
    logits, ids = rng.normal(size=(2, 5, 7)), rng.integers(0, 7, size=(2, 5))
    chosen = np.array([[True, False, False, True, False], [False, True, False, False, False]])
    log_p = log_softmax(logits)
    expected = -(log_p[0, 0, ids[0, 0]] + log_p[0, 3, ids[0, 3]] + log_p[1, 1, ids[1, 1]]) / 3
    assert family.masked_loss(logits, ids, chosen) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:decoder-block",
    r"""\begin{aligned}
    \mathbf{A} &= \operatorname{LN}(\mathbf{Y}
    + \operatorname{MHA}(\mathbf{Y}, \mathbf{Y};\ \text{causal})) \\
    \mathbf{C} &= \operatorname{LN}(\mathbf{A}
    + \operatorname{MHA}(\mathbf{A}, \mathbf{M};\ \text{padding})) \\
    \mathbf{Y}' &= \operatorname{LN}(\mathbf{C} + \operatorname{FFN}(\mathbf{C}))
    \end{aligned}""",
)
def test_a_block_of_the_decoder_looks_at_itself_looks_across_and_thinks():
    rng = np.random.default_rng(SEED)
    p = lively()["decoder"][0]
    Y, M = rng.normal(size=(2, 4, 8)), rng.normal(size=(2, 6, 8))
    mask = np.tril(np.ones((4, 4), dtype=bool))
    padding = np.arange(6) < np.array([6, 3])[:, None, None, None]
    out, _ = multi_head_attention(Y, p, 2, mask)
    A, _ = layer_norm(Y + out, p["gamma1"], p["beta1"])
    out, _ = multi_head_attention(A, p["cross"], 2, padding, M)
    C, _ = layer_norm(A + out, p["cross"]["gamma"], p["cross"]["beta"])
    expected, _ = layer_norm(C + feed_forward(C, p, "relu")[0], p["gamma2"], p["beta2"])
    got, _ = family.decoder_block(Y, M, p, 2, mask, padding)
    np.testing.assert_allclose(got, expected, atol=TOLERANCE)


def size(tree):
    if isinstance(tree, np.ndarray):
        return tree.size
    return sum(size(part) for part in (tree.values() if isinstance(tree, dict) else tree))


@pytest.mark.equation(
    "eq:transformer-parameters", r"N = V D + L \bigl(12 D^2 + 4 D F + 2 F + 24 D\bigr)"
)
@pytest.mark.parametrize("sizes", [(5, 8, 16, 2), (11, 6, 5, 1), (3, 4, 32, 3)])
def test_parameters_are_those_that_the_arrays_hold(sizes):
    V, D, F, L = sizes
    params = family.new_transformer(*sizes, np.random.default_rng(SEED))
    parts = family.transformer_parameters(*sizes)
    assert sum(parts.values()) == V * D + L * (12 * D**2 + 4 * D * F + 2 * F + 24 * D)
    assert size(params["E"]) == parts["embedding"]
    assert size(params["encoder"]) == parts["encoder"]
    assert size(params["decoder"]) == parts["decoder"]


@pytest.mark.equation(
    "eq:place-norms",
    r"""\lVert \mathbf{p}_t \rVert^2 = \frac{D}{2}, \qquad
    \operatorname{E}\bigl[\lVert \mathbf{e} \rVert^2\bigr] = 1, \qquad
    \operatorname{E}\bigl[\lVert \sqrt{D}\, \mathbf{e} \rVert^2\bigr] = D""",
)
@pytest.mark.parametrize("D", [16, 64])
def test_places_have_half_the_squared_length_of_scaled_words(D):
    np.testing.assert_allclose((sinusoids(50, D) ** 2).sum(axis=1), D / 2)
    E = family.new_transformer(4_000, D, 1, 0, np.random.default_rng(SEED))["E"]
    mean = (E**2).sum(axis=1).mean()
    assert mean == pytest.approx(1, abs=4 * math.sqrt(2 / D / 4_000))  # 4 spreads of a mean
    assert (D * E**2).sum(axis=1).mean() == pytest.approx(D * mean)


@pytest.mark.equation("eq:noam-peak", r"\max_s \eta_s = \eta_w = \frac{1}{\sqrt{D\, w}}")
@pytest.mark.parametrize(("D", "w"), [(512, 4_000), (64, 10), (1, 1)])
def test_the_rate_is_highest_at_the_end_of_the_warm_up(D, w):
    rates = [family.noam_rate(s, D, w) for s in range(1, 3 * w + 1)]
    assert np.argmax(rates) + 1 == w
    assert max(rates) == pytest.approx((D * w) ** -0.5)
    assert rates[0] == pytest.approx((D * w) ** -0.5 / w)
    assert rates[2 * w] == pytest.approx((D * (2 * w + 1)) ** -0.5)


@pytest.mark.equation("eq:smooth", r"q_w = (1 - \varepsilon)\,[w = i] + \frac{\varepsilon}{V}")
@pytest.mark.parametrize("eps", [0.0, 0.1, 0.5])
def test_a_smooth_label_gives_a_part_to_every_word(eps):
    q = family.smooth_labels(np.array([[2, 0], [1, 4]]), 5, eps)
    assert q.shape == (2, 2, 5)
    for index, true in np.ndenumerate(np.array([[2, 0], [1, 4]])):
        for w in range(5):
            assert q[index][w] == pytest.approx((1 - eps) * (w == true) + eps / 5, abs=1e-15)
    np.testing.assert_allclose(q.sum(axis=-1), 1)


@pytest.mark.equation(
    "eq:smoothed-loss",
    r"""\text{loss} = (1 - \varepsilon)\,(-\ln p_i) + \varepsilon\,
    \frac{1}{V} \sum_{w=1}^{V} (-\ln p_w)""",
)
@pytest.mark.parametrize("eps", [0.0, 0.1, 0.7])
def test_the_smoothed_loss_mixes_two_means(eps):
    rng = np.random.default_rng(SEED)
    logits, targets = rng.normal(size=(6, 9)), rng.integers(0, 9, size=6)
    log_p = log_softmax(logits)
    rows = -(1 - eps) * log_p[np.arange(6), targets] - eps * log_p.mean(axis=1)
    assert family.smoothed_loss(logits, targets, eps) == pytest.approx(rows.mean(), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:smoothed-gap",
    r"""\text{loss} \ge H(\mathbf{q}), \qquad
    z_i - z_w = \ln \frac{1 - \varepsilon + \varepsilon/V}{\varepsilon / V}
    = \ln\Bigl(1 + \frac{(1 - \varepsilon) V}{\varepsilon}\Bigr)""",
)
@pytest.mark.parametrize(("V", "eps"), [(4, 0.2), (50, 0.1), (3, 0.9)])
def test_the_best_logits_stand_a_finite_gap_apart_and_cost_the_entropy(V, eps):
    target = np.array([1])
    floor = entropy(family.smooth_labels(target, V, eps))[0]
    gap = math.log(1 + (1 - eps) * V / eps)
    assert gap == pytest.approx(math.log((1 - eps + eps / V) / (eps / V)))
    best = gap * np.eye(V)[target]
    assert family.smoothed_loss(best, target, eps) == pytest.approx(floor, abs=TOLERANCE)
    rng = np.random.default_rng(SEED)
    for _ in range(50):
        other = best + rng.normal(size=(1, V))
        assert family.smoothed_loss(other, target, eps) > floor
