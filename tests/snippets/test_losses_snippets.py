"""The mathematics of chapter 4's snippets: properties, edges, errors, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from snippet_modules import load

SEED = 42

log_softmax_module = load("log_softmax")
logsumexp, log_softmax = log_softmax_module.logsumexp, log_softmax_module.log_softmax
cross_entropy = load("cross_entropy_ignore").cross_entropy
text_scores = load("perplexity").text_scores
kl_divergence = load("kl_divergence").kl_divergence
sample = load("sample_with_temperature").sample


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_log_softmax_and_logsumexp_agree_with_pytorch(axis):
    x = 5 * rng().normal(size=(3, 4, 5))
    theirs = torch.logsumexp(torch.tensor(x), axis)
    np.testing.assert_allclose(logsumexp(x, axis), theirs, atol=1e-12)
    theirs = F.log_softmax(torch.tensor(x), axis)
    np.testing.assert_allclose(log_softmax(x, axis), theirs, atol=1e-12)
    assert logsumexp(x, axis, keepdims=True).shape == x.max(axis=axis, keepdims=True).shape


def test_logsumexp_takes_thousands_infinities_and_lists():
    assert logsumexp([1000.0, 1000.0]) == pytest.approx(1000 + math.log(2))
    assert logsumexp([-1000.0, -1000.0]) == pytest.approx(-1000 + math.log(2))
    assert logsumexp([-np.inf, 3.0]) == 3
    assert logsumexp([-np.inf, -np.inf]) == -np.inf
    assert logsumexp([np.inf, 0.0]) == np.inf


def test_log_softmax_gives_masked_scores_minus_infinity_and_refuses_rows_of_them():
    np.testing.assert_allclose(log_softmax([0.0, -np.inf]), [0, -np.inf])
    with pytest.raises(ValueError, match="every score is masked somewhere"):
        log_softmax(np.array([[0.0, 1.0], [-np.inf, -np.inf]]))


@pytest.mark.parametrize("shape", [(4,), (3, 5)])
def test_cross_entropy_with_padding_agrees_with_pytorch(shape):
    logits, targets = 5 * rng().normal(size=(*shape, 6)), rng().integers(6, size=shape)
    targets[..., 0] = -100
    theirs = F.cross_entropy(torch.tensor(logits).reshape(-1, 6), torch.tensor(targets).reshape(-1))
    assert cross_entropy(logits, targets) == pytest.approx(theirs.item(), abs=1e-12)
    logits[..., 0, :] = np.nan
    assert cross_entropy(logits, targets) == pytest.approx(theirs.item(), abs=1e-12)


def test_cross_entropy_takes_another_index_to_ignore_and_logits_of_thousands():
    assert cross_entropy([[1000.0, 0.0], [0.0, 0.0]], [1, 7], ignore_index=7) == 1000
    assert cross_entropy([1000.0, 0.0], 0) == 0


def test_cross_entropy_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"logits \(2, 3\) need targets \(2,\), not \(3,\)"):
        cross_entropy(np.zeros((2, 3)), np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="every target is ignored"):
        cross_entropy(np.zeros((2, 3)), [-100, -100])
    for wrong in (3, -1):
        with pytest.raises(ValueError, match="targets go from 0 to 2"):
            cross_entropy(np.zeros((2, 3)), [0, wrong])


def test_text_scores_count_every_token_alike():
    log_p = np.log(rng().uniform(0.1, 1, size=(2, 9)))
    scores = text_scores([log_p[0], log_p[1, :3]])
    kept = np.concatenate([log_p[0], log_p[1, :3]])
    assert scores["nats"] == pytest.approx(-kept.mean(), abs=1e-12)
    assert 2 ** scores["bits"] == pytest.approx(scores["perplexity"], rel=1e-12)
    assert math.log(scores["perplexity"]) == pytest.approx(scores["nats"], rel=1e-12)


def test_text_scores_of_uniform_certain_and_impossible_models():
    assert text_scores([[-math.log(50)] * 7])["perplexity"] == pytest.approx(50)
    assert text_scores([[0.0], [0.0, 0.0]]) == {"nats": 0, "bits": 0, "perplexity": 1}
    assert not math.copysign(1, text_scores([[0.0]])["nats"]) < 0
    assert text_scores([[-math.inf]])["perplexity"] == math.inf
    assert text_scores([[-800.0]])["perplexity"] == math.inf


def test_text_scores_refuses_nothing_and_probabilities():
    with pytest.raises(ValueError, match="no tokens"):
        text_scores([[], []])
    with pytest.raises(ValueError, match=r"0\.5 is no logarithm of a probability"):
        text_scores([[-1.0], [0.5]])
    with pytest.raises(ValueError, match="nan is no logarithm"):
        text_scores([[-1.0, math.nan]])


def test_kl_divergence_agrees_with_pytorch_and_broadcasts():
    p, q = np.exp(log_softmax(rng().normal(size=(2, 4, 5))))
    theirs = F.kl_div(torch.tensor(np.log(q)), torch.tensor(p), reduction="none").sum(-1)
    np.testing.assert_allclose(kl_divergence(p, q), theirs, atol=1e-12)
    one = kl_divergence(p[0], q)
    assert one.shape == (4,)
    assert one[0] == pytest.approx(theirs[0].item(), abs=1e-12)
    np.testing.assert_array_equal(kl_divergence(p, p), 0)


def test_kl_divergence_takes_zeros_and_bits():
    assert kl_divergence([1, 0], [0.5, 0.5], base=2) == pytest.approx(1)
    assert kl_divergence([0.5, 0.5], [1, 0]) == np.inf
    assert kl_divergence([1, 0], [1, 0]) == 0


def test_kl_divergence_refuses_what_is_no_distribution():
    with pytest.raises(ValueError, match="p has a negative entry"):
        kl_divergence([1.5, -0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match="q does not add up to 1"):
        kl_divergence([0.5, 0.5], [0.5, 0.6])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_samples_come_as_often_as_the_softmax_says(temperature):
    scores, n = np.array([2.0, 1.0, 0.0, -np.inf]), 40_000
    drawn = sample(np.tile(scores, (n, 1)), temperature, rng())
    shares = np.bincount(drawn, minlength=4) / n
    p = np.exp(log_softmax(scores / temperature))
    # Four standard deviations of a share measured on n draws: 4·√(¼/n) = 0.01.
    np.testing.assert_allclose(shares, p, atol=0.01)
    assert shares[3] == 0


def test_temperature_zero_and_nearly_zero_take_the_highest_logit():
    logits = rng().normal(size=(3, 4, 5))
    for temperature in (0, 1e-12, 1e-310):
        drawn = sample(logits, temperature, rng())
        np.testing.assert_array_equal(drawn, logits.argmax(axis=-1))
    assert sample(np.array([1000.0, -np.inf]), 1.0, rng()) == 0


def test_sample_refuses_negative_temperatures_and_rows_without_a_choice():
    with pytest.raises(ValueError, match="not -1"):
        sample(np.zeros(3), -1, rng())
    for bad in (-np.inf, np.nan, np.inf):
        with pytest.raises(ValueError, match="a largest logit that is finite"):
            sample(np.full((2, 3), bad), 1.0, rng())
