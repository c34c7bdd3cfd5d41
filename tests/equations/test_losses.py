"""Each numbered equation of chapter 4 against the code that claims to compute it.

A mark gives the equation's label and its TeX, word for word: change a sign on the page, and the
test fails until its author has looked at both.
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from foundations import losses
from foundations.forward import sigmoid, softmax

SEED = 42
TOLERANCE = 1e-12  # float64 sums of at most 64 terms of size 1
SLOPE_TOLERANCE = 1e-8  # central differences with h = 1e-5: h² and rounding over h


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def distributions(*shape: int) -> np.ndarray:
    return softmax(rng().normal(size=shape))


def slope(f, at: float, h: float = 1e-5) -> float:
    return (f(at + h) - f(at - h)) / (2 * h)


# --- numbers ---------------------------------------------------------------------------------


@pytest.mark.equation(
    "eq:mse", r"\operatorname{MSE} = \frac{1}{n} \sum_{i=1}^{n} (\hat{y}_i - y_i)^2"
)
@pytest.mark.parametrize("n", [1, 2, 64])
def test_the_mean_squared_error_is_the_mean_of_the_squares(n):
    predicted, target = rng().normal(size=(2, n))
    terms = [(predicted[i] - target[i]) ** 2 for i in range(n)]
    assert losses.mse(predicted, target) == pytest.approx(math.fsum(terms) / n, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:mse-split",
    r"""\frac{1}{n} \sum_{i=1}^{n} (c - y_i)^2
    = (c - \bar{y})^2 + \frac{1}{n} \sum_{i=1}^{n} (\bar{y} - y_i)^2""",
)
@pytest.mark.parametrize("c", [-3.0, 0.0, 0.4, 7.0])
def test_a_constant_guess_costs_its_distance_from_the_mean_and_the_variance(c):
    y = rng().normal(size=50)
    split = (c - y.mean()) ** 2 + y.var()
    assert losses.mse(np.full(50, c), y) == pytest.approx(split, abs=TOLERANCE)


@pytest.mark.equation("eq:mse-slope", r"\frac{1}{n} \sum_{i=1}^{n} 2\,(c - y_i) = 2\,(c - \bar{y})")
@pytest.mark.parametrize("c", [-3.0, 0.0, 0.4, 7.0])
def test_the_slope_of_the_squared_error_is_twice_the_distance_from_the_mean(c):
    y = rng().normal(size=50)
    measured = slope(lambda c: losses.mse(np.full(50, c), y), c)
    assert measured == pytest.approx(2 * (c - y.mean()), abs=SLOPE_TOLERANCE)
    assert np.mean(2 * (c - y)) == pytest.approx(2 * (c - y.mean()), abs=TOLERANCE)


# --- likelihood ------------------------------------------------------------------------------


@pytest.mark.equation("eq:likelihood", r"P(y_1, \ldots, y_n) = \prod_{i=1}^{n} P(y_i)")
def test_probabilities_of_independent_flips_multiply():
    flips = rng().integers(2, size=12)
    each = [0.3 if flip else 0.7 for flip in flips]
    assert losses.coin_likelihood(0.3, flips) == pytest.approx(math.prod(each), rel=TOLERANCE)


@pytest.mark.equation("eq:bernoulli", r"P(y) = p^{\,y}\, (1 - p)^{1 - y}")
@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_one_flip_has_the_probability_p_or_one_minus_p(p):
    assert losses.coin_likelihood(p, np.array([1])) == p
    assert losses.coin_likelihood(p, np.array([0])) == 1 - p


@pytest.mark.equation(
    "eq:nll",
    r"""-\frac{1}{n} \ln P(y_1, \ldots, y_n) = -\frac{1}{n} \sum_{i=1}^{n} \ln P(y_i)""",
)
def test_the_logarithm_of_the_product_is_the_sum_of_the_logarithms():
    flips = rng().integers(2, size=12)
    p = np.full(12, 0.3)
    whole = -math.log(losses.coin_likelihood(0.3, flips)) / 12
    assert losses.bce(p, flips) == pytest.approx(whole, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:frequency", r"-\frac{f}{p} + \frac{1 - f}{1 - p} = \frac{p - f}{p\,(1 - p)}"
)
@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_the_slope_of_the_coins_loss_is_zero_at_the_frequency(p):
    flips = np.array([1, 0, 0, 0])
    measured = slope(lambda p: losses.bce(np.full(4, p), flips), p)
    # The third derivative, which limits a central difference, is about 1,500 at p = 0.9.
    formula = (p - 0.25) / (p * (1 - p))
    assert measured == pytest.approx(formula, abs=1e-7)
    assert -0.25 / p + 0.75 / (1 - p) == pytest.approx(formula, abs=TOLERANCE)


# --- three losses from one recipe ------------------------------------------------------------


@pytest.mark.equation(
    "eq:bce",
    r"""\operatorname{BCE}
    = -\frac{1}{n} \sum_{i=1}^{n} \bigl( y_i \ln p_i + (1 - y_i) \ln (1 - p_i) \bigr)""",
)
def test_binary_cross_entropy_is_the_mean_surprise_and_pytorchs():
    p, y = rng().uniform(0.01, 0.99, size=20), rng().integers(2, size=20)
    surprises = [-math.log(p_i if y_i else 1 - p_i) for p_i, y_i in zip(p, y, strict=True)]
    assert losses.bce(p, y) == pytest.approx(math.fsum(surprises) / 20, abs=TOLERANCE)
    theirs = F.binary_cross_entropy(torch.tensor(p), torch.tensor(y).double())
    assert losses.bce(p, y) == pytest.approx(theirs.item(), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:gaussian",
    r"P(y) = \frac{1}{\sqrt{2\pi}\,\sigma}\, e^{-(y - \hat{y})^2 / (2\sigma^2)}",
)
@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_the_normal_density_has_area_one_its_mean_and_its_spread(sigma):
    y, width = np.linspace(2 - 10 * sigma, 2 + 10 * sigma, 20_001, retstep=True)
    two = np.full(1, 2.0)
    density = np.exp([-losses.gaussian_nll(two, np.array([y_i]), sigma) for y_i in y])
    formula = np.exp(-((y - 2) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
    np.testing.assert_allclose(density, formula, rtol=1e-12)
    assert density.sum() * width == pytest.approx(1, abs=1e-10)
    assert (density * y).sum() * width == pytest.approx(2, abs=1e-9)
    assert (density * (y - 2) ** 2).sum() * width == pytest.approx(sigma**2, abs=1e-9)


@pytest.mark.equation(
    "eq:gaussian-nll",
    r"""-\frac{1}{n} \sum_{i=1}^{n} \ln P(y_i)
    = \frac{1}{2\sigma^2} \operatorname{MSE} + \frac{1}{2} \ln (2\pi\sigma^2)""",
)
@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_the_gaussian_loss_is_the_squared_error_and_a_constant(sigma):
    predicted, target = rng().normal(size=(2, 30))
    law = torch.distributions.Normal(torch.tensor(predicted), sigma)
    theirs = -law.log_prob(torch.tensor(target)).mean().item()
    ours = losses.gaussian_nll(predicted, target, sigma)
    assert ours == pytest.approx(theirs, rel=TOLERANCE)
    constant = 0.5 * math.log(2 * math.pi * sigma**2)
    by_mse = losses.mse(predicted, target) / (2 * sigma**2) + constant
    assert ours == pytest.approx(by_mse, rel=TOLERANCE)


@pytest.mark.equation("eq:categorical", r"P(\mathbf{t}) = \prod_{k=1}^{C} p_k^{\,t_k}")
def test_the_product_over_a_one_hot_vector_picks_one_probability():
    p = distributions(6)
    for k, one_hot in enumerate(np.eye(6)):
        assert np.prod(p**one_hot) == p[k]
        picked = math.exp(-losses.cross_entropy(np.log(p)[None], np.array([k])))
        assert picked == pytest.approx(p[k], abs=TOLERANCE)


@pytest.mark.equation(
    "eq:cross-entropy", r"\operatorname{CE} = -\frac{1}{n} \sum_{i=1}^{n} \ln p_{i, y_i}"
)
@pytest.mark.parametrize(("n", "k"), [(1, 2), (7, 5), (64, 3)])
def test_cross_entropy_is_the_mean_surprise_at_the_true_class_and_pytorchs(n, k):
    logits, targets = 3 * rng().normal(size=(n, k)), rng().integers(k, size=n)
    p = softmax(logits)
    surprises = [-math.log(p[i, targets[i]]) for i in range(n)]
    ours = losses.cross_entropy(logits, targets)
    assert ours == pytest.approx(math.fsum(surprises) / n, abs=TOLERANCE)
    theirs = F.cross_entropy(torch.tensor(logits), torch.tensor(targets)).item()
    assert ours == pytest.approx(theirs, abs=TOLERANCE)


# --- logits ----------------------------------------------------------------------------------


@pytest.mark.equation("eq:log-softmax", r"\ln p_k = s_k - \operatorname{lse}(\mathbf{s})")
def test_log_softmax_is_the_logarithm_of_softmax():
    scores = 3 * rng().normal(size=(4, 6))
    log_p = losses.log_softmax(scores)
    np.testing.assert_allclose(log_p, np.log(softmax(scores)), atol=TOLERANCE)
    np.testing.assert_allclose(log_p, scores - losses.logsumexp(scores)[:, None], atol=0)


@pytest.mark.equation(
    "eq:logsumexp", r"\operatorname{lse}(\mathbf{s}) = \ln \sum_{j=1}^{C} e^{s_j}"
)
def test_logsumexp_is_the_logarithm_of_the_sum_of_exponentials():
    scores = 3 * rng().normal(size=(4, 6))
    long_way = [math.log(math.fsum(math.exp(s) for s in row)) for row in scores]
    np.testing.assert_allclose(losses.logsumexp(scores), long_way, atol=TOLERANCE)
    theirs = torch.logsumexp(torch.tensor(scores), dim=-1)
    np.testing.assert_allclose(losses.logsumexp(scores), theirs, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:lse-shift",
    r"\operatorname{lse}(\mathbf{s}) = m + \ln \sum_{j=1}^{C} e^{s_j - m}",
)
@pytest.mark.parametrize("m", [-20.0, 0.0, 1.5, 30.0])
def test_any_number_may_be_taken_out_of_logsumexp(m):
    scores = 3 * rng().normal(size=6)
    shifted = m + math.log(np.exp(scores - m).sum())
    assert losses.logsumexp(scores) == pytest.approx(shifted, abs=1e-11)
    far = losses.logsumexp(scores + 100 * m) - 100 * m
    assert far == pytest.approx(losses.logsumexp(scores), abs=1e-11)


@pytest.mark.equation(
    "eq:lse-bounds",
    r"\max_j s_j \le \operatorname{lse}(\mathbf{s}) \le \max_j s_j + \ln C",
)
@pytest.mark.parametrize("k", [1, 2, 50])
def test_logsumexp_lies_between_the_largest_and_ln_k_more(k):
    scores = 5 * rng().normal(size=(1_000, k))
    above = losses.logsumexp(scores) - scores.max(axis=1)
    assert (above >= 0).all()
    assert (above <= math.log(k) + TOLERANCE).all()
    equal = losses.logsumexp(np.full(k, 2.0))
    assert equal == pytest.approx(2 + math.log(k), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:bce-logits",
    r"""\operatorname{BCE} = \frac{1}{n} \sum_{i=1}^{n}
    \Bigl( \max(z_i, 0) - z_i y_i + \ln\bigl(1 + e^{-\lvert z_i \rvert}\bigr) \Bigr)""",
)
@pytest.mark.parametrize("spread", [0.1, 3.0])
def test_binary_cross_entropy_from_logits_is_that_from_probabilities(spread):
    z, y = spread * rng().normal(size=30), rng().integers(2, size=30)
    assert losses.bce_logits(z, y) == pytest.approx(losses.bce(sigmoid(z), y), abs=1e-11)
    two_classes = np.stack([np.zeros(30), z], axis=1)
    assert losses.bce_logits(z, y) == pytest.approx(
        losses.cross_entropy(two_classes, y), abs=TOLERANCE
    )


# --- entropy ---------------------------------------------------------------------------------


@pytest.mark.equation("eq:entropy", r"H(\mathbf{p}) = -\sum_{k=1}^{C} p_k \ln p_k")
def test_entropy_is_the_mean_surprise():
    p = distributions(5, 7)
    long_way = [-math.fsum(p_k * math.log(p_k) for p_k in row) for row in p]
    np.testing.assert_allclose(losses.entropy(p), long_way, atol=TOLERANCE)
    theirs = torch.distributions.Categorical(torch.tensor(p)).entropy()
    np.testing.assert_allclose(losses.entropy(p), theirs, atol=1e-7)  # they clamp with ε


@pytest.mark.equation(
    "eq:cross-entropy-of-two",
    r"H(\mathbf{p}, \mathbf{q}) = -\sum_{k=1}^{C} p_k \ln q_k",
)
def test_the_loss_of_a_constant_prediction_is_the_cross_entropy_of_two_distributions():
    targets = np.array([0, 0, 0, 1, 1, 2])
    frequencies, q = np.array([3, 2, 1]) / 6, distributions(3)
    loss = losses.cross_entropy(np.tile(np.log(q), (6, 1)), targets)
    assert loss == pytest.approx(-(frequencies @ np.log(q)), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:kl",
    r"""\operatorname{KL}(\mathbf{p} \,\Vert\, \mathbf{q})
    = \sum_{k=1}^{C} p_k \ln \frac{p_k}{q_k}""",
)
def test_kl_is_the_mean_logarithm_of_the_quotient_and_pytorchs():
    p, q = distributions(2, 5, 7)
    long_way = [
        math.fsum(a * math.log(a / b) for a, b in zip(*rows, strict=True))
        for rows in zip(p, q, strict=True)
    ]
    np.testing.assert_allclose(losses.kl(p, q), long_way, atol=TOLERANCE)
    theirs = F.kl_div(torch.tensor(np.log(q)), torch.tensor(p), reduction="none").sum(-1)
    np.testing.assert_allclose(losses.kl(p, q), theirs, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:decomposition",
    r"""H(\mathbf{p}, \mathbf{q})
    = H(\mathbf{p}) + \operatorname{KL}(\mathbf{p} \,\Vert\, \mathbf{q})""",
)
def test_cross_entropy_is_entropy_and_kl():
    p, q = distributions(2, 100, 7)
    crossed = -(p * np.log(q)).sum(axis=1)
    np.testing.assert_allclose(crossed, losses.entropy(p) + losses.kl(p, q), atol=TOLERANCE)


@pytest.mark.equation("eq:ln-bound", r"\ln x \le x - 1")
def test_the_logarithm_lies_below_its_tangent_at_one():
    x = np.geomspace(1e-6, 1e6, 1_001)
    gap = x - 1 - np.log(x)
    assert (gap >= 0).all()
    assert x[gap.argmin()] == pytest.approx(1)
    assert gap.min() == pytest.approx(0, abs=TOLERANCE)


@pytest.mark.equation("eq:gibbs", r"\operatorname{KL}(\mathbf{p} \,\Vert\, \mathbf{q}) \ge 0")
@pytest.mark.parametrize("k", [2, 5, 100])
def test_kl_is_never_negative_and_zero_for_equals(k):
    p, q = distributions(2, 1_000, k)
    assert (losses.kl(p, q) > 0).all()
    np.testing.assert_array_equal(losses.kl(p, p), 0)
    uniform = np.full(k, 1 / k)
    to_uniform = math.log(k) - losses.entropy(p)
    np.testing.assert_allclose(losses.kl(p, uniform), to_uniform, atol=TOLERANCE)


# --- perplexity and temperature --------------------------------------------------------------


@pytest.mark.equation(
    "eq:perplexity",
    r"\operatorname{PPL} = \exp\Bigl( -\frac{1}{n} \sum_{i=1}^{n} \ln p_{i, y_i} \Bigr)",
)
def test_perplexity_is_one_over_the_geometric_mean_and_v_for_a_uniform_model():
    log_p = np.log(rng().uniform(0.1, 1, size=10))
    geometric = math.prod(math.exp(x) for x in log_p) ** (1 / 10)
    assert losses.perplexity(log_p) == pytest.approx(1 / geometric, rel=TOLERANCE)
    for v in (2, 6, 50_257):
        assert losses.perplexity(np.full(4, -math.log(v))) == pytest.approx(v, rel=1e-11)


@pytest.mark.equation("eq:temperature", r"p_k = \frac{e^{s_k / T}}{\sum_{j=1}^{C} e^{s_j / T}}")
@pytest.mark.parametrize("T", [0.1, 1.0, 7.0])
def test_temperature_divides_the_scores(T):
    scores = rng().normal(size=6)
    powers = [math.exp(s / T) for s in scores]
    p = np.exp(losses.log_softmax(scores / T))
    np.testing.assert_allclose(p, np.array(powers) / math.fsum(powers), atol=TOLERANCE)
    np.testing.assert_array_equal(np.argsort(p), np.argsort(scores))


@pytest.mark.equation("eq:temperature-ratio", r"\frac{p_i}{p_k} = e^{(s_i - s_k) / T}")
def test_quotients_of_probabilities_depend_on_differences_of_scores_over_the_temperature():
    scores = rng().normal(size=6)
    for T in (0.5, 2.0):
        p = softmax(scores / T)
        expected = np.exp((scores[:, None] - scores) / T)
        np.testing.assert_allclose(p[:, None] / p, expected, rtol=1e-12)
    np.testing.assert_allclose(softmax(scores / 1e9), 1 / 6, atol=1e-9)
    np.testing.assert_allclose(softmax(scores / 1e-9), scores == scores.max(), atol=0)
