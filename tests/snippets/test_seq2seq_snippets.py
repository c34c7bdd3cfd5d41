"""The mathematics of chapter 14's snippets: properties, edges, errors, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

smoother = load("kernel_smoother")
kernel_smoother, best_width = smoother.kernel_smoother, smoother.best_width
AdditiveAttention = load("additive_attention_torch").AdditiveAttention
padded = load("pad_and_mask")
decoder_batch, masked_loss = padded.decoder_batch, padded.masked_loss


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("k", [None, 2])
def test_kernel_smoother_is_a_weighted_mean(d, k):
    rng = np.random.default_rng(SEED)
    x, xs = rng.normal(size=(4, d)), rng.normal(size=(6, d))
    ys = rng.normal(size=6 if k is None else (6, k))
    got = kernel_smoother(x, xs, ys, 0.7)
    for place, answer in zip(x, got, strict=True):
        w = [math.exp(-((place - other) ** 2).sum() / (2 * 0.49)) for other in xs]
        np.testing.assert_allclose(answer, np.tensordot(w, ys, 1) / sum(w), atol=1e-12)
    if d == 1:
        flat = kernel_smoother(x[:, 0], xs[:, 0], ys, 0.7)
        np.testing.assert_allclose(flat, got, atol=1e-12)


def test_kernel_smoother_far_away_gives_the_nearest_value():
    assert kernel_smoother([1e3], [0.0, 1.0], [5.0, 7.0], 0.1) == [7.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((2, 3))}, r"x \(2, 3\) and xs \(4, 2\) do not fit"),
        ({"x": np.ones(2)}, r"x \(2,\) and xs \(4, 2\) do not fit"),
        ({"ys": np.ones(3)}, "4 places and 3 values"),
        ({"xs": np.ones((0, 2)), "ys": np.ones(0)}, "0 places and 0 values"),
        ({"width": 0.0}, "a width is above 0, not 0.0"),
        ({"width": math.nan}, "a width is above 0, not nan"),
    ],
)
def test_kernel_smoother_says_what_does_not_fit(change, message):
    right = {"x": np.ones((2, 2)), "xs": np.ones((4, 2)), "ys": np.ones(4), "width": 1.0}
    with pytest.raises(ValueError, match=message):
        kernel_smoother(**right | change)


def test_best_width_leaves_each_value_out():
    rng = np.random.default_rng(SEED)
    xs = np.sort(rng.uniform(0, 6, size=50))
    ys = np.sin(xs) + rng.normal(scale=0.2, size=50)
    assert best_width(xs, ys, [1e-3, 0.3, 30.0]) == 0.3
    noise = rng.normal(size=50)
    assert best_width(xs, noise, [1e-3, 0.3, 30.0]) == 30.0
    with pytest.raises(ValueError, match="at least two"):
        best_width(xs[:1], ys[:1], [1.0])


def test_additive_attention_is_its_formula():
    torch.manual_seed(SEED)
    layer = AdditiveAttention(3, 4, 5).double()
    q, K, V = (torch.randn(2, n, d).double() for n, d in ((3, 3), (6, 4), (6, 2)))
    keep = torch.arange(6) < torch.tensor([[6], [2]])
    out, weights = layer(q, K, V, keep)
    for b in range(2):
        for t in range(3):
            left = keep[b]
            hidden = torch.tanh(layer.W_q(q[b, t]) + layer.W_k(K[b, left]))
            w = (hidden @ layer.v.weight[0]).softmax(dim=0)
            torch.testing.assert_close(weights[b, t, left], w)
            torch.testing.assert_close(out[b, t], w @ V[b, left])
            assert not weights[b, t, ~left].any()
    torch.testing.assert_close(layer(q, K, V)[0][0], out[0])


def test_additive_attention_without_any_key_gives_zeros_and_no_nan():
    layer = AdditiveAttention(3, 4, 5)
    q, K = torch.randn(1, 2, 3), torch.randn(1, 6, 4)
    out, _ = layer(q, K, K, torch.zeros(1, 6, dtype=torch.bool))
    assert not out.any()
    out.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in layer.parameters())


def test_additive_attention_refuses_another_mask():
    layer, q, K = AdditiveAttention(3, 4, 5), torch.randn(1, 2, 3), torch.randn(1, 6, 4)
    with pytest.raises(ValueError, match=r"booleans \(1, 6\), not \(1, 5\)"):
        layer(q, K, K, torch.ones(1, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match="booleans"):
        layer(q, K, K, torch.ones(1, 6))


def test_decoder_batch_moves_by_one_and_marks_what_is_real():
    given, targets, keep = decoder_batch([[5, 6, 7], [8], []], start=1, end=2, fill=0)
    assert given.tolist() == [[1, 5, 6, 7], [1, 8, 0, 0], [1, 0, 0, 0]]
    assert targets.tolist() == [[5, 6, 7, 2], [8, 2, 0, 0], [2, 0, 0, 0]]
    assert keep.sum(axis=1).tolist() == [4, 2, 1]
    with pytest.raises(ValueError, match="no rows"):
        decoder_batch([], 1, 2, 0)


def test_masked_loss_and_its_gradient_agree_with_pytorch():
    rng = np.random.default_rng(SEED)
    logits, targets = 50 * rng.normal(size=(3, 4, 6)), rng.integers(0, 6, size=(3, 4))
    keep = np.arange(4) < np.array([[4], [1], [2]])
    targets[~keep] = -100
    theirs = torch.tensor(logits, requires_grad=True)
    wanted = torch.tensor(targets).flatten()
    loss = torch.nn.functional.cross_entropy(theirs.flatten(0, 1), wanted)
    loss.backward()
    ours, d_logits = masked_loss(logits, targets, keep)
    assert ours == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(d_logits, theirs.grad, atol=1e-12)


def test_masked_loss_says_what_does_not_fit():
    logits, targets, keep = np.zeros((2, 3, 4)), np.zeros((2, 3), int), np.ones((2, 3), bool)
    with pytest.raises(ValueError, match=r"not \(\(2, 3, 4\), \(2, 3\), \(3,\)\)"):
        masked_loss(logits, targets, keep[0])
    with pytest.raises(ValueError, match=r"not \(\(2, 3, 4\), \(3,\)"):
        masked_loss(logits, targets[0], keep[0])
    with pytest.raises(ValueError, match="nothing is kept"):
        masked_loss(logits, targets, ~keep)
    for wrong in (-1, 4):
        with pytest.raises(ValueError, match="targets go from 0 to 3"):
            masked_loss(logits, targets + wrong, keep)
