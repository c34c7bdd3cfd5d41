"""What `foundations.losses` promises beyond its equations: errors, edges, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from foundations import losses
from foundations.forward import sigmoid, softmax

SEED = 42
FLOATS = np.float16, np.float32, np.float64


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def test_the_squared_error_of_the_page_is_2():
    assert losses.mse(np.array([2.0, 2.0, 5.0]), np.array([1.0, 4.0, 4.0])) == 2


def test_mse_takes_matrices_and_agrees_with_pytorch():
    predicted, target = rng().normal(size=(2, 4, 3))
    theirs = F.mse_loss(torch.tensor(predicted), torch.tensor(target)).item()
    assert losses.mse(predicted, target) == pytest.approx(theirs, abs=1e-12)


def test_shapes_that_would_broadcast_are_refused_by_name_and_size():
    with pytest.raises(ValueError, match=r"mse: shapes differ: \(3, 1\) and \(3,\)"):
        losses.mse(np.ones((3, 1)), np.ones(3))


def test_the_likelihood_of_a_coin_takes_many_models_at_once():
    flips = np.array([1, 1, 0, 1])
    ps = np.linspace(0, 1, 11)
    np.testing.assert_allclose(losses.coin_likelihood(ps, flips), ps**3 * (1 - ps), atol=1e-15)
    assert losses.coin_likelihood(0.25, np.array([], dtype=int)) == 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_binary_cross_entropy_from_logits_stays_finite_and_right_far_out(dtype):
    z = np.array([1000, -1000, 1000, -1000], dtype=dtype)
    y = np.array([0, 1, 1, 0], dtype=dtype)
    assert losses.bce_logits(z, y) == 500
    assert losses.bce_logits(z[2:], y[2:]) == 0


def test_binary_cross_entropy_from_logits_keeps_the_digits_of_tiny_losses():
    # ln(1 + e⁻⁵⁰) is e⁻⁵⁰ to 22 digits; by way of the sigmoid, which rounds to 1, it is 0.
    one = np.ones(1)
    assert losses.bce_logits(np.array([50.0]), one) == pytest.approx(math.exp(-50), rel=1e-12)


def test_binary_cross_entropy_from_logits_agrees_with_pytorch_also_for_soft_targets():
    z, y = 10 * rng().normal(size=40), rng().uniform(size=40)
    theirs = F.binary_cross_entropy_with_logits(torch.tensor(z), torch.tensor(y)).item()
    assert losses.bce_logits(z, y) == pytest.approx(theirs, abs=1e-12)


def test_the_slope_of_binary_cross_entropy_in_its_logit_is_the_mistake():
    h = 1e-5
    for z in np.linspace(-8, 8, 17):
        for y in (0.0, 1.0):
            up, down = (losses.bce_logits(np.array([z + s]), np.array([y])) for s in (h, -h))
            assert (up - down) / (2 * h) == pytest.approx(sigmoid(z) - y, abs=1e-9)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shift", [-1000, 0, 1000])
def test_log_softmax_survives_scores_of_a_thousand_in_every_type(dtype, shift):
    log_p = losses.log_softmax(np.array([0, 1, 2], dtype=dtype) + dtype(shift))
    assert log_p.dtype == dtype
    digits = 3 * np.finfo(dtype).eps * max(1, abs(shift))
    np.testing.assert_allclose(log_p, [-2.407606, -1.407606, -0.407606], atol=digits + 1e-6)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_logsumexp_and_log_softmax_agree_with_pytorch_along_every_axis(axis):
    scores = rng().normal(size=(3, 4, 5))
    torch_scores = torch.tensor(scores)
    np.testing.assert_allclose(
        losses.logsumexp(scores, axis), torch.logsumexp(torch_scores, axis), atol=1e-12
    )
    np.testing.assert_allclose(
        losses.log_softmax(scores, axis), F.log_softmax(torch_scores, axis), atol=1e-12
    )


def test_a_masked_score_has_the_log_probability_minus_infinity():
    log_p = losses.log_softmax(np.array([0.0, -np.inf, 0.0]))
    np.testing.assert_allclose(log_p, [-math.log(2), -np.inf, -math.log(2)])


def test_a_row_without_any_finite_score_is_refused():
    scores = np.array([[0.0, 1.0], [-np.inf, -np.inf]])
    for function in (losses.logsumexp, losses.log_softmax):
        with pytest.raises(ValueError, match="logsumexp: every score is −∞ somewhere"):
            function(scores)


@pytest.mark.parametrize("targets", [[0, 3], [-1, 0], [0, -100]])
def test_targets_that_are_no_class_are_refused(targets):
    with pytest.raises(ValueError, match="cross_entropy: targets go from 0 to 2"):
        losses.cross_entropy(np.zeros((2, 3)), np.array(targets))


def test_cross_entropy_of_far_logits_is_their_distance():
    logits = np.array([[1000.0, 0.0], [0.0, -1000.0]])
    assert losses.cross_entropy(logits, np.array([1, 1])) == 1000
    assert losses.cross_entropy(logits, np.array([0, 0])) == 0


def test_a_model_that_knows_nothing_starts_at_ln_k():
    logits = np.zeros((3, 10))
    assert losses.cross_entropy(logits, np.array([0, 5, 9])) == pytest.approx(math.log(10))


def test_entropy_takes_zeros_and_lies_between_0_and_ln_k():
    assert losses.entropy(np.array([1.0, 0.0])) == 0
    assert not np.signbit(losses.entropy(np.array([1.0, 0.0])))
    assert losses.entropy(np.full(8, 1 / 8)) == pytest.approx(math.log(8), abs=1e-15)
    assert losses.entropy(np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8])) == pytest.approx(
        1.75 * math.log(2), abs=1e-15
    )
    h = losses.entropy(softmax(3 * rng().normal(size=(1_000, 6))))
    assert (h > 0).all()
    assert (h < math.log(6)).all()


def test_entropy_of_a_coin_has_the_slope_of_its_log_odds():
    h = 1e-5
    for p in (0.1, 0.5, 0.7):
        up, down = (losses.entropy(np.array([p + s, 1 - p - s])) for s in (h, -h))
        assert (up - down) / (2 * h) == pytest.approx(math.log((1 - p) / p), abs=1e-8)


def test_kl_takes_zeros_and_is_infinite_where_the_possible_was_impossible():
    sure, fair = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    assert losses.kl(sure, fair) == pytest.approx(math.log(2))
    assert losses.kl(fair, sure) == np.inf
    assert losses.kl(sure, sure) == 0


def test_kl_is_not_symmetric_and_broadcasts():
    fair, bent = np.array([0.5, 0.5]), np.array([[0.9, 0.1], [0.5, 0.5]])
    np.testing.assert_allclose(losses.kl(fair, bent), [0.510826, 0], atol=1e-6)
    np.testing.assert_allclose(losses.kl(bent, fair), [0.368064, 0], atol=1e-6)


def test_perplexity_takes_any_shape_and_is_1_for_certainty():
    assert losses.perplexity(np.zeros((2, 3))) == 1
    assert losses.perplexity(np.log([[0.5, 0.5], [0.125, 0.125]])) == pytest.approx(4)


def test_no_loss_changes_its_arguments():
    a, b = rng().uniform(0.1, 0.9, size=(2, 3, 4))
    a /= a.sum(axis=1, keepdims=True)
    before = a.copy(), b.copy()
    for function in (losses.mse, losses.bce, losses.bce_logits, losses.kl):
        function(a, b)
    for function in (losses.logsumexp, losses.log_softmax, losses.entropy, losses.perplexity):
        function(a)
    losses.cross_entropy(a, np.array([0, 1, 2]))
    losses.gaussian_nll(a, b, 2.0)
    np.testing.assert_array_equal((a, b), before)
