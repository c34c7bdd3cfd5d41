"""Each numbered equation of chapter 12 against the code that claims to compute it."""

import math
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from foundations import language
from foundations.backpropagation import numerical_gradient
from foundations.corpus import TALE
from foundations.forward import softmax
from foundations.losses import entropy, kl, log_softmax
from foundations.text import one_hot

SEED = 42
LETTERS = sorted(set(TALE))
V = len(LETTERS)
IDS = np.array([LETTERS.index(letter) for letter in TALE])
TRAIN, HELD = language.split(IDS)
C = language.ngram_counts(TRAIN, 2, V)
TINY = np.array([4, 3, 0, 2, 3, 1, 4])  # . the cat saw the dog .


@pytest.mark.equation(
    "eq:text-chain", r"p(i_1, \ldots, i_T) = \prod_{t=1}^{T} p(i_t \mid i_1, \ldots, i_{t-1})"
)
def test_the_factors_make_a_distribution_over_texts():
    rng = np.random.default_rng(SEED)
    joint = rng.uniform(size=(3, 3, 3))
    joint /= joint.sum()
    for a, b, c in product(range(3), repeat=3):
        first = joint[a].sum()
        second = joint[a, b].sum() / joint[a].sum()
        third = joint[a, b, c] / joint[a, b].sum()
        assert first * second * third == pytest.approx(joint[a, b, c])
    table = language.bigram_model(TINY, 5)
    total = 0.0  # all sentences of up to 60 words that begin and end with the mark
    state = table[4].copy()
    for _ in range(60):
        total += state[4]
        state[4] = 0
        state = state @ table
    assert total == pytest.approx(1)
    assert table[TINY[:-1], TINY[1:]].prod() == 0.25


@pytest.mark.equation(
    "eq:ngram", r"p(i_t \mid i_1, \ldots, i_{t-1}) \approx p(i_t \mid i_{t-n+1}, \ldots, i_{t-1})"
)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_only_the_last_tokens_matter(n):
    text = HELD[:40].copy()
    before = language.ngram_probabilities(TRAIN, text, n, V, 0.1)
    text[: 20 - n + 1] = 7  # too far back for token 20
    after = language.ngram_probabilities(TRAIN, text, n, V, 0.1)
    assert len(before) == 40 - n + 1
    assert before[20 - n + 1 :] == pytest.approx(after[20 - n + 1 :])
    if n > 1:
        text[19] = (text[19] + 1) % V
        assert not np.isclose(language.ngram_probabilities(TRAIN, text, n, V, 0.1), after).all()


@pytest.mark.equation(
    "eq:count-loss",
    r"""L = \sum_{h} \frac{c(h)}{N}
    \bigl( H(\mathbf{f}_h) + \operatorname{KL}(\mathbf{f}_h \,\Vert\, \mathbf{p}_h) \bigr)""",
)
def test_the_loss_of_any_table_is_entropy_plus_divergence():
    rng = np.random.default_rng(SEED)
    totals = C.sum(axis=1)
    shares = C / totals[:, None]
    for _ in range(5):
        P = softmax(rng.normal(size=(V, V)))
        loss = -np.log(P[TRAIN[:-1], TRAIN[1:]]).mean()
        parts = totals / totals.sum() @ (entropy(shares) + kl(shares, P))
        assert parts == pytest.approx(loss)


@pytest.mark.equation("eq:relative-counts", r"p(v \mid h) = \frac{c(h, v)}{c(h)}")
@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_table_gives_the_text_more_than_the_relative_counts(n):
    counts = language.ngram_counts(TRAIN, n, V)
    best = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    asked = tuple(TRAIN[k : len(TRAIN) - n + 1 + k] for k in range(n))
    assert language.ngram_probabilities(TRAIN, TRAIN, n, V) == pytest.approx(best[asked])
    rng = np.random.default_rng(SEED)
    lowest = -np.log(best[asked]).mean()
    for scale in (0.01, 0.1, 1):
        other = softmax(np.log(best + 1e-12) + scale * rng.normal(size=best.shape))
        assert -np.log(other[asked]).mean() > lowest
    if n == 2:
        assert language.bigram_model(TRAIN, V) == pytest.approx(best)


@pytest.mark.equation("eq:add-alpha", r"p(v \mid h) = \frac{c(h, v) + \alpha}{c(h) + \alpha V}")
@pytest.mark.parametrize("alpha", [0.01, 1.0, 3.5])
def test_every_count_gets_alpha(alpha):
    formula = (C + alpha) / (C.sum(axis=1, keepdims=True) + alpha * V)
    assert language.bigram_model(TRAIN, V, alpha) == pytest.approx(formula)
    text = np.arange(V).repeat(2)[1:-1]
    got = language.ngram_probabilities(TRAIN, text, 2, V, alpha)
    assert got == pytest.approx(formula[text[:-1], text[1:]])
    row = language.bigram_model(TINY, 5, 1.0)[3]
    assert row == pytest.approx(np.array([2, 2, 1, 1, 1]) / 7)


@pytest.mark.equation(
    "eq:alpha-mixture",
    r"""\frac{c(h, v) + \alpha}{c(h) + \alpha V} = (1 - u)\, \frac{c(h, v)}{c(h)} + u\, \frac{1}{V}
    \qquad\text{with}\qquad u = \frac{\alpha V}{c(h) + \alpha V}""",
)
@pytest.mark.parametrize("alpha", [0.01, 1.0])
def test_smoothing_mixes_the_shares_with_no_idea(alpha):
    totals = C.sum(axis=1, keepdims=True)
    u = alpha * V / (totals + alpha * V)
    mixture = (1 - u) * C / totals + u / V
    assert language.bigram_model(TRAIN, V, alpha) == pytest.approx(mixture)


@pytest.mark.equation(
    "eq:alpha-prior", r"\bar{p} = \frac{a}{a + b} = \frac{c + \alpha}{n + 2 \alpha}"
)
@pytest.mark.parametrize(("c", "n"), [(0, 3), (2, 3), (7, 9)])
@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0])
def test_the_mean_of_what_is_believed_is_the_smoothed_share(c, n, alpha):
    p = (np.arange(200_000) + 0.5) / 200_000
    a, b = c + alpha, n - c + alpha
    density = p ** (a - 1) * (1 - p) ** (b - 1)
    mean = (p * density).sum() / density.sum()
    assert mean == pytest.approx(a / (a + b), abs=1e-6)  # strips of width 5e-6
    flips = np.array([1] * c + [0] * (n - c))
    asked = np.array([1])
    got = language.smoothed(flips, asked, 2, alpha)
    assert got == pytest.approx(mean, abs=1e-6)


@pytest.mark.equation(
    "eq:interpolation",
    r"""p(v \mid h) = \sum_{k=1}^{K} w_k\, p_k(v \mid h)
    \qquad\text{with}\qquad w_k \ge 0, \quad \sum_{k} w_k = 1""",
)
def test_a_mixture_of_models_is_a_model():
    weights = np.array([0.2, 0.5, 0.3])
    context = [5, 1]
    numbers = [language.ngram_numbers(TRAIN, n, V) for n in (1, 2, 3)]
    begins = (0, context[1], context[0] * V + context[1])
    rows = np.array(
        [
            language.smoothed(counted, begin * V + np.arange(V), V, 0.1)
            for counted, begin in zip(numbers, begins, strict=True)
        ]
    )
    mixture = weights @ rows
    assert mixture.min() > 0
    assert mixture.sum() == pytest.approx(1)


def mixture_data():
    rng = np.random.default_rng(SEED)
    weights = rng.dirichlet(np.ones(4))
    P = rng.uniform(0.01, 1, size=(4, 200))
    return weights, P, language.mixture_step(weights, P)


@pytest.mark.equation("eq:em-step", r"w_k' = \frac{1}{T} \sum_{t=1}^{T} r_{tk}")
def test_the_new_weight_is_the_mean_part():
    weights, P, new = mixture_data()
    for k in range(4):
        parts = [weights[k] * P[k, t] / sum(weights * P[:, t]) for t in range(200)]
        assert new[k] == pytest.approx(sum(parts) / 200)
    assert new.sum() == pytest.approx(1)


@pytest.mark.equation(
    "eq:em-gain",
    r"""\frac{1}{T} \sum_{t} \ln \frac{p_t'}{p_t}
    = \operatorname{KL}(\mathbf{w}' \,\Vert\, \mathbf{w})
    + \frac{1}{T} \sum_{t} \operatorname{KL}(\mathbf{r}_t \,\Vert\, \mathbf{r}_t')""",
)
def test_what_a_step_gains_is_a_sum_of_divergences():
    weights, P, new = mixture_data()
    gain = np.log((new @ P) / (weights @ P)).mean()
    r, r_new = (w[:, None] * P / (w @ P) for w in (weights, new))
    divergences = kl(new, weights) + kl(r.T, r_new.T).mean()
    assert gain == pytest.approx(divergences)
    assert gain > 0
    for _ in range(500):
        new = language.mixture_step(new, P)
    assert language.mixture_step(new, P) == pytest.approx(new, abs=1e-4)
    rng = np.random.default_rng(SEED)
    best = np.log(new @ P).mean()
    assert all(np.log(w @ P).mean() <= best + 1e-6 for w in rng.dirichlet(np.ones(4), 200))


@pytest.mark.equation(
    "eq:bits-per-byte",
    r"""\text{bits per byte}
    = -\frac{1}{B \ln 2} \sum_{t=1}^{T} \ln p(i_t \mid i_1, \ldots, i_{t-1})""",
)
@pytest.mark.parametrize("text", ["the cat", "café", "你 \U0001f600"])
def test_bits_per_byte_is_the_cost_over_the_bytes(text):
    p = np.random.default_rng(SEED).uniform(0.1, 1, size=5)
    B = len(text.encode())
    assert language.bits_per_byte(np.log(p), text) == pytest.approx(-np.log2(p).sum() / B)
    perplexity = math.exp(-np.log(p).mean())
    assert language.bits_per_byte(np.log(p), text) == pytest.approx(5 / B * math.log2(perplexity))


@pytest.mark.equation(
    "eq:bigram-logits",
    r"""\mathbf{z}_t = \mathbf{o}_t \mathbf{W} = \mathbf{W}_{i_t}
    \qquad\text{and}\qquad p(v \mid h) = \operatorname{softmax}(\mathbf{W}_h)_v""",
)
def test_the_neural_bigram_looks_its_logits_up():
    W = np.random.default_rng(SEED).normal(size=(V, V))
    logits = one_hot(TRAIN[:-1], V) @ W
    assert np.array_equal(logits, W[TRAIN[:-1]])
    loss = -np.log(softmax(W)[TRAIN[:-1], TRAIN[1:]]).mean()
    assert language.neural_bigram(W, TRAIN)[0] == pytest.approx(loss)


@pytest.mark.equation(
    "eq:d-bigram", r"(d_{\mathbf{W}})_{hv} = \frac{c(h)\, p(v \mid h) - c(h, v)}{N}"
)
def test_the_gradient_is_expected_minus_counted_pairs():
    rng = np.random.default_rng(SEED)
    W, ids = rng.normal(size=(5, 5)), rng.integers(0, 5, size=40)
    _, d_W = language.neural_bigram(W, ids)
    counts = language.ngram_counts(ids, 2, 5)
    formula = (counts.sum(axis=1, keepdims=True) * softmax(W) - counts) / 39
    assert d_W == pytest.approx(formula)
    assert language.counted_gradient(W, counts) == pytest.approx(formula)
    slopes = numerical_gradient(lambda W: language.neural_bigram(W, ids)[0], W)
    assert d_W == pytest.approx(slopes, abs=1e-8)
    at_counts = np.log(language.bigram_model(ids, 5, 1e-300))
    assert language.counted_gradient(at_counts, counts) == pytest.approx(0, abs=1e-12)


@pytest.mark.equation("eq:decay-counts", r"p(v \mid h) = \frac{c(h, v) - \lambda N\, W_{hv}}{c(h)}")
@pytest.mark.parametrize("decay", [1e-3, 1e-2])
def test_weight_decay_comes_to_rest_at_smoothed_counts(decay):
    counts = language.ngram_counts(TINY, 2, 5)
    W = np.zeros((5, 5))
    for _ in range(20_000):
        W -= 1.0 * (language.counted_gradient(W, counts) + decay * W)
    formula = (counts - decay * 6 * W) / counts.sum(axis=1, keepdims=True)
    assert softmax(W) == pytest.approx(formula, abs=1e-9)
    assert (W[counts == 0] < 0).all()
    assert W.sum(axis=1) == pytest.approx(0, abs=1e-9)  # what some gain, others pay


@pytest.mark.equation(
    "eq:bigram-rank",
    r"""\mathbf{W} = \mathbf{E}\, \mathbf{U}, \quad
    d_{\mathbf{E}} = d_{\mathbf{W}} \mathbf{U}^\top, \quad
    d_{\mathbf{U}} = \mathbf{E}^\top d_{\mathbf{W}}""",
)
def test_the_gradients_of_the_two_factors():
    rng = np.random.default_rng(SEED)
    E, U = rng.normal(size=(V, 3)), rng.normal(size=(3, V))
    assert np.linalg.matrix_rank(E @ U) == 3
    d_W = language.counted_gradient(E @ U, C)

    def loss(E, U):
        return -(C * log_softmax(E @ U)).sum() / C.sum()

    assert d_W @ U.T == pytest.approx(numerical_gradient(lambda E: loss(E, U), E), abs=1e-8)
    assert E.T @ d_W == pytest.approx(numerical_gradient(lambda U: loss(E, U), U), abs=1e-8)


@pytest.mark.equation(
    "eq:neural-ngram",
    r"""\mathbf{z}_t = \tanh\bigl( [\mathbf{E}_{i_{t-n+2}}, \ldots, \mathbf{E}_{i_t}]\,
    \mathbf{W}_1 + \mathbf{b}_1 \bigr)\, \mathbf{W}_2 + \mathbf{b}_2""",
)
def test_the_embeddings_stand_side_by_side():
    rng = np.random.default_rng(SEED)
    p = language.new_neural_ngram(V, 4, 6, 4, rng)
    p |= {"b1": rng.normal(size=6), "b2": rng.normal(size=V)}
    windows = rng.integers(0, V, size=(9, 3))
    logits, _ = language.neural_ngram(windows, p)
    for window, row in zip(windows, logits, strict=True):
        x = np.concatenate([p["E"][token] for token in window])
        formula = np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        assert row == pytest.approx(formula)


def discounted(pairs, delta, q):
    total = pairs.sum(axis=1, keepdims=True)
    kinds = (pairs > 0).sum(axis=1, keepdims=True)
    return np.maximum(pairs - delta, 0) / total + delta * kinds / total * q


@pytest.mark.equation(
    "eq:discount",
    r"""p(v \mid h) = \frac{\max(c(h, v) - \delta, 0)}{c(h)}
    + \frac{\delta\, m(h)}{c(h)}\, q(v)""",
)
@pytest.mark.parametrize("delta", [0.3, 0.75, 1.0])
def test_discounting_shares_out_what_it_took(delta):
    q = C.sum(axis=0) / C.sum()
    P = discounted(C, delta, q)
    assert P.sum(axis=1) == pytest.approx(1)
    assert P.min() >= 0
    assert discounted(C, 0.0, q) == pytest.approx(language.bigram_model(TRAIN, V))


def test_pytorch_agrees_on_the_neural_bigram():
    W = np.random.default_rng(SEED).normal(size=(V, V))
    theirs = torch.tensor(W, requires_grad=True)
    ids = torch.tensor(TRAIN)
    loss = F.cross_entropy(theirs[ids[:-1]], ids[1:])
    loss.backward()
    ours, d_W = language.neural_bigram(W, TRAIN)
    assert ours == pytest.approx(loss.item())
    assert d_W == pytest.approx(theirs.grad.numpy())
