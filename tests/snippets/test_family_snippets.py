"""The mathematics of chapter 21's snippets: PyTorch's word, the book's modules, edges, errors."""

import math

import numpy as np
import pytest
import torch
from snippet_modules import load
from torch.nn import functional

from foundations.family import corrupt, noam_rate

SEED = 42

schedule = load("noam_schedule")
smoothed = load("label_smoothing").smoothed_cross_entropy
mask_tokens = load("mask_tokens").mask_tokens
Translator = load("encoder_decoder_torch").Translator


@pytest.mark.parametrize(("width", "warmup"), [(512, 4_000), (64, 7), (8, 1)])
def test_the_schedule_is_the_papers(width, warmup):
    peak = schedule.noam_peak(width, warmup)
    assert peak == pytest.approx((width * warmup) ** -0.5)
    for step in (1, 2, warmup, warmup + 1, 4 * warmup, 99 * warmup):
        ours = schedule.inverse_sqrt(step, peak, warmup)
        assert ours == pytest.approx(noam_rate(step, width, warmup))
    assert schedule.inverse_sqrt(4 * warmup, 1.0, warmup) == pytest.approx(0.5)


@pytest.mark.parametrize(("step", "warmup"), [(0, 5), (3, 0)])
def test_the_schedule_counts_from_one(step, warmup):
    with pytest.raises(ValueError, match="both from 1"):
        schedule.inverse_sqrt(step, 1.0, warmup)


@pytest.mark.parametrize("eps", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_the_smoothed_loss_and_its_gradient_are_pytorchs(eps, shape):
    rng = np.random.default_rng(SEED)
    logits, targets = 30 * rng.normal(size=(*shape, 5)), rng.integers(0, 5, size=shape)
    targets.ravel()[[1, 4]] = -100
    z = torch.tensor(logits, requires_grad=True)
    loss = functional.cross_entropy(
        z.reshape(-1, 5), torch.tensor(targets).flatten(), label_smoothing=eps
    )
    loss.backward()
    ours, gradient = smoothed(logits, targets, eps, pad=-100)
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, z.grad.numpy(), atol=1e-12)


def test_the_default_is_the_papers_tenth_and_all_targets_count():
    logits, targets = np.array([[1.0, 2.0, 4.0]]), np.array([2])
    q, log_p = np.array([0.1 / 3, 0.1 / 3, 0.9 + 0.1 / 3]), logits[0] - np.log(np.exp(logits).sum())
    assert smoothed(logits, targets)[0] == pytest.approx(-(q * log_p).sum())


def test_huge_logits_nothing_but_padding_and_narrow_types():
    loss, gradient = smoothed(np.array([[1e4, 0.0]], np.float32), np.array([1]), 0.0)
    assert loss == 1e4
    assert gradient.dtype == np.float32
    loss, gradient = smoothed(np.zeros((2, 3)), np.array([9, 9]), pad=9)
    assert loss == 0 and not gradient.any()


def test_the_loss_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="do not fit"):
        smoothed(np.zeros((2, 3)), np.array([0]))
    for bad in (-1, 3):
        with pytest.raises(ValueError, match="from 0 to 2"):
            smoothed(np.zeros((2, 3)), np.array([0, bad]))
    for eps in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            smoothed(np.zeros((2, 3)), np.array([0, 1]), eps)


def test_holes_are_the_books():
    ids = np.random.default_rng(SEED).integers(0, 50, size=(40, 50))
    kept = ids.copy()
    inputs, labels = mask_tokens(ids, 50, 50, np.random.default_rng(SEED))
    expected, chosen = corrupt(ids, 50, 50, np.random.default_rng(SEED))
    np.testing.assert_array_equal(inputs, expected)
    np.testing.assert_array_equal(labels, np.where(chosen, ids, -100))
    np.testing.assert_array_equal(ids, kept)


def test_special_tokens_are_never_asked_for():
    ids = np.array([[1, 2, 0, 0, 3]] * 500)
    inputs, labels = mask_tokens(ids, 9, 9, np.random.default_rng(SEED), 1.0, special=(0, 3))
    np.testing.assert_array_equal(labels, np.where(np.isin(ids, (0, 3)), -100, ids))
    np.testing.assert_array_equal(inputs[:, 2:], ids[:, 2:])
    assert np.mean(inputs[:, :2] == 9) == pytest.approx(0.8, abs=0.05)
    inputs, labels = mask_tokens(ids, 9, 9, np.random.default_rng(SEED), 0.0)
    assert (inputs == ids).all() and (labels == -100).all()
    for share in (-0.1, 1.5):
        with pytest.raises(ValueError, match="between 0 and 1"):
            mask_tokens(ids, 9, 9, np.random.default_rng(SEED), share)


def small(**options):
    torch.manual_seed(SEED)
    return Translator(vocabulary=7, length=6, width=8, heads=2, layers=2, **options)


def test_padding_changes_nothing_and_the_future_is_hidden():
    model = small().double().eval()
    source, target = torch.tensor([[3, 4, 5]]), torch.tensor([[1, 2, 6, 3]])
    padded = torch.tensor([[3, 4, 5, 0, 0]])
    with torch.no_grad():
        alone = model.decode(target, model.encode(source), source)
        more = model.decode(target, model.encode(padded), padded)
        changed = target.clone()
        changed[0, 2] = 5
        other = model.decode(changed, model.encode(source), source)
    torch.testing.assert_close(more, alone)
    assert torch.equal(other[:, :2], alone[:, :2])
    assert not torch.equal(other[:, 2:], alone[:, 2:])


def test_the_loss_shifts_the_target_and_leaves_padding_out():
    model = small(pad=0, start=1).eval()
    source, target = torch.tensor([[3, 4, 5], [6, 2, 0]]), torch.tensor([[5, 4, 3], [2, 6, 0]])
    shown = torch.tensor([[1, 5, 4], [1, 2, 6]])
    logits = model.decode(shown, model.encode(source), source)
    log_p = logits.log_softmax(-1)
    rows = [log_p[b, t, target[b, t]] for b, t in np.ndindex(2, 3) if target[b, t] != 0]
    assert len(rows) == 5
    torch.testing.assert_close(model.loss(source, target), -sum(rows) / 5)


def test_translating_takes_the_likeliest_and_leaves_the_mode_as_it_was():
    model = small(dropout=0.5, start=2)
    source = torch.tensor([[3, 4, 5], [6, 3, 0]])
    written = model.translate(source, steps=4)
    assert model.training
    assert written.shape == (2, 4)
    model.eval()
    shown = torch.cat([torch.full((2, 1), 2), written[:, :-1]], dim=1)
    with torch.no_grad():
        best = model.decode(shown, model.encode(source), source).argmax(-1)
    assert torch.equal(best, written)
    model.translate(source, steps=1)
    assert not model.training


def test_the_start_is_small_and_sizes_are_checked():
    model = Translator(vocabulary=3_000, length=3_000, width=64)
    for table in (model.words, model.places):
        assert table.weight.std().item() == pytest.approx(1 / math.sqrt(64), rel=0.02)
    layer = model.encoder.layers[0]
    assert layer.linear1.out_features == 256 and layer.norm_first
    assert model.decoder.layers[1].norm_first and len(model.decoder.layers) == 2
    with pytest.raises(ValueError, match="3 heads do not divide 8"):
        Translator(vocabulary=4, length=4, width=8, heads=3)
    with pytest.raises(ValueError, match="7 tokens, too long"):
        small().encode(torch.ones(1, 7, dtype=torch.long))


def test_it_learns_to_reverse():
    torch.manual_seed(SEED)
    model = Translator(vocabulary=6, length=4, width=32, layers=1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(120):
        source = torch.randint(2, 6, (32, 3))
        optimiser.zero_grad()
        model.loss(source, source.flip(1)).backward()
        optimiser.step()
    source = torch.randint(2, 6, (100, 3))
    right = (model.translate(source, 3) == source.flip(1)).all(dim=1).double().mean()
    assert right > 0.9
