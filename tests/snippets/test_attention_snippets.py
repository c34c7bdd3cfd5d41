"""The mathematics of chapter 15's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

masked_softmax = load("masked_softmax").masked_softmax
masked_attention = load("masked_attention").attention
attention_torch = load("attention_torch").attention
attention_mask = load("attention_mask").attention_mask

sdpa = torch.nn.functional.scaled_dot_product_attention


def some_rows(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_masked_softmax_is_pytorchs_softmax_of_scores_with_minus_infinity(axis):
    scores = some_rows(4, 5)
    mask = some_rows(4, 5, 2)[..., 1] > -0.5
    assert mask.any(axis=axis).all()
    hidden = torch.tensor(scores).masked_fill(~torch.tensor(mask), -torch.inf)
    theirs = torch.softmax(hidden, dim=axis)
    np.testing.assert_allclose(masked_softmax(scores, mask, axis), theirs, atol=1e-15)


def test_masked_softmax_gives_zeros_for_a_row_without_a_choice_and_no_warning():
    scores = np.array([[np.nan, np.inf, -np.inf], [800.0, 1.0, 800.0]])
    got = masked_softmax(scores, np.array([[False] * 3, [True, False, True]]))
    np.testing.assert_array_equal(got, [[0, 0, 0], [0.5, 0, 0.5]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masked_softmax_keeps_its_type_and_broadcasts_its_mask(dtype):
    got = masked_softmax(some_rows(2, 3, 4).astype(dtype), np.array([True, True, False, True]))
    assert got.dtype == dtype and got.shape == (2, 3, 4)
    assert np.all(got[..., 2] == 0)


def test_masked_softmax_refuses_masks_that_are_not_boolean_or_do_not_fit():
    with pytest.raises(ValueError, match="a mask of float64"):
        masked_softmax(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="broadcast"):
        masked_softmax(np.zeros((2, 2)), np.ones((2, 3), dtype=bool))


@pytest.mark.parametrize("scale", [None, 0.3])
def test_masked_attention_is_pytorchs(scale):
    query, key = some_rows(2, 3, 4, 6), some_rows(2, 3, 5, 6) + 1
    value = some_rows(2, 3, 5, 7)
    mask = some_rows(2, 1, 4, 5) > -1
    for given in (None, mask, mask[0, 0]):
        tensors = [torch.tensor(x) for x in (query, key, value)]
        theirs = sdpa(
            *tensors, attn_mask=None if given is None else torch.tensor(given), scale=scale
        )
        out, weights = masked_attention(query, key, value, given, scale)
        np.testing.assert_allclose(out, theirs, atol=1e-12)
        assert weights.shape == (2, 3, 4, 5)


def test_masked_attention_gives_zeros_to_a_query_that_may_look_at_nothing():
    mask = np.array([[True, True], [False, False]])
    out, weights = masked_attention(*some_rows(3, 2, 4), mask)
    assert np.all(out[1] == 0) and np.all(weights[1] == 0)
    assert weights[0].sum() == pytest.approx(1)


def test_masked_attention_keeps_float32_and_takes_huge_scores():
    rows = 1e4 * some_rows(3, 2, 3).astype(np.float32)
    out, weights = masked_attention(*rows)
    assert out.dtype == weights.dtype == np.float32
    assert np.isfinite(out).all()


def test_masked_attention_refuses_shapes_that_do_not_fit_and_masks_of_numbers():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"query \(2, 3\), key \(2, 2\)"):
        masked_attention(x, x[:, :2], x)
    with pytest.raises(ValueError, match=r"value \(1, 3\)"):
        masked_attention(x, x, x[:1])
    with pytest.raises(ValueError, match="boolean"):
        masked_attention(x, x, x, np.ones((2, 2)))


def test_attention_torch_is_pytorchs_forward_and_backward():
    rows = torch.tensor(some_rows(3, 2, 4, 6))
    mask = torch.ones(4, 4, dtype=torch.bool).tril()
    mask[2] = False
    for given in (None, mask):
        gradients = []
        for attend in (lambda *x: attention_torch(*x)[0], sdpa):
            inputs = [x.clone().requires_grad_() for x in rows]
            out = attend(*inputs, given)
            out.sin().sum().backward()
            gradients.append([out.detach(), *(x.grad for x in inputs)])
        for ours, theirs in zip(*gradients, strict=True):
            assert torch.allclose(ours, theirs)
            assert not ours.isnan().any()


def test_attention_torch_gives_zeros_for_an_empty_row_and_refuses_numbers():
    x = torch.tensor(some_rows(2, 3))
    out, weights = attention_torch(x, x, x, torch.zeros(2, 2, dtype=torch.bool))
    assert torch.all(out == 0) and torch.all(weights == 0)
    with pytest.raises(ValueError, match=r"a mask of torch\.float32"):
        attention_torch(x, x, x, torch.ones(2, 2))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("window", [None, 1, 2, 9])
@pytest.mark.parametrize("left", [True, False])
def test_attention_mask_is_its_three_rules_one_after_the_other(causal, window, left):
    lengths, T = [0, 2, 5], 5
    mask = attention_mask(np.array(lengths), T, causal, window, left)
    assert mask.shape == (3, T, T) and mask.dtype == bool
    for b, i, j in np.ndindex(mask.shape):
        real = j >= T - lengths[b] if left else j < lengths[b]
        past = not causal or j <= i
        near = window is None or abs(i - j) < window
        assert mask[b, i, j] == (real and past and near)


def test_attention_mask_refuses_lengths_and_windows_that_make_no_sense():
    for lengths in ([-1, 2], [6], 3, [[1, 2]]):
        with pytest.raises(ValueError, match="from 0 to 5"):
            attention_mask(np.array(lengths), 5)
    with pytest.raises(ValueError, match="a window of 0 sees nothing"):
        attention_mask(np.array([1]), 5, window=0)
