"""What `foundations.multihead` promises beyond its equations: errors, edges, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from foundations import toy
from foundations.attention import attention, causal_mask, masked_softmax, padding_mask
from foundations.backpropagation import numerical_gradient
from foundations.multihead import (
    fit_pattern,
    head_contributions,
    merge_heads,
    multi_head_attention,
    multi_head_loop,
    split_heads,
)

SEED = 42
sizes = st.tuples(  # B, T, H, d
    st.integers(1, 3), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4)
)


def parameters(D, rng, dtype=np.float64):
    p = {f"W_{letter}": rng.normal(size=(D, D)) / math.sqrt(D) for letter in "qkvo"}
    p |= {f"b_{letter}": rng.normal(size=D) for letter in "qkvo"}
    return {name: array.astype(dtype) for name, array in p.items()}


def theirs(p, H):
    """PyTorch's layer with our weights: transposed, packed, in float64."""
    D = len(p["b_q"])
    layer = nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        packed = np.hstack([p["W_q"], p["W_k"], p["W_v"]]).T
        layer.in_proj_weight.copy_(torch.tensor(packed))
        layer.in_proj_bias.copy_(torch.tensor(np.hstack([p["b_q"], p["b_k"], p["b_v"]])))
        layer.out_proj.weight.copy_(torch.tensor(p["W_o"].T))
        layer.out_proj.bias.copy_(torch.tensor(p["b_o"]))
    return layer


@given(sizes, st.booleans(), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_the_layer_equals_pytorchs_with_copied_weights(size, causal, seed):
    B, T, H, d = size
    rng = np.random.default_rng(seed)
    X, p = rng.normal(size=(B, T, H * d)), parameters(H * d, rng)
    mask = causal_mask(T) if causal else None
    Y, cache = multi_head_attention(X, p, H, mask=mask)
    x = torch.tensor(X)
    forbidden = torch.tensor(~mask) if causal else None
    y, weights = theirs(p, H)(x, x, x, attn_mask=forbidden, average_attn_weights=False)
    np.testing.assert_allclose(Y, y.detach(), atol=1e-12)
    np.testing.assert_allclose(cache["weights"], weights.detach(), atol=1e-12)
    assert weights.shape == (B, H, T, T)


@given(sizes, st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_cross_attention_equals_pytorchs(size, S, seed):
    B, T, H, d = size
    rng = np.random.default_rng(seed)
    X, memory = rng.normal(size=(B, T, H * d)), rng.normal(size=(B, S, H * d))
    p = parameters(H * d, rng)
    lengths = rng.integers(1, S + 1, size=(B, 1))
    Y, cache = multi_head_attention(X, p, H, mask=padding_mask(lengths, S), memory=memory)
    x, m = torch.tensor(X), torch.tensor(memory)
    padded = torch.tensor(~padding_mask(lengths[:, 0], S)[:, 0])
    y, _ = theirs(p, H)(x, m, m, key_padding_mask=padded)
    np.testing.assert_allclose(Y, y.detach(), atol=1e-12)
    assert cache["weights"].shape == (B, H, T, S)
    assert cache["source"] is memory


@given(sizes, st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_what_lies_between_split_and_merge_is_pytorchs_scaled_dot_product_attention(size, seed):
    B, T, H, d = size
    rng = np.random.default_rng(seed)
    X, p = rng.normal(size=(B, T, H * d)), parameters(H * d, rng)
    _, cache = multi_head_attention(X, p, H, mask=causal_mask(T))
    parts = [torch.tensor(cache[name]) for name in ("Q", "K", "V")]
    mixed = nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
    np.testing.assert_allclose(cache["merged"], merge_heads(mixed.numpy()), atol=1e-12)


@pytest.mark.parametrize("H", [1, 2, 4])
def test_slopes_of_our_layer_are_pytorchs_gradients(H):
    # Central differences with h = 1e-5: the error is about h² and rounding's 1e-16 / h.
    rng = np.random.default_rng(SEED)
    D, T = 4, 3
    X, p, G = rng.normal(size=(2, T, D)), parameters(D, rng), rng.normal(size=(2, T, D))
    layer, x = theirs(p, H), torch.tensor(X, requires_grad=True)
    y, _ = layer(x, x, x, attn_mask=torch.tensor(~causal_mask(T)))
    (y * torch.tensor(G)).sum().backward()
    packed, bias = layer.in_proj_weight.grad.numpy(), layer.in_proj_bias.grad.numpy()
    expected = {
        "W_o": layer.out_proj.weight.grad.numpy().T,
        "b_o": layer.out_proj.bias.grad.numpy(),
    }
    for i, letter in enumerate("qkv"):
        expected[f"W_{letter}"] = packed[i * D : (i + 1) * D].T
        expected[f"b_{letter}"] = bias[i * D : (i + 1) * D]

    def loss(X, p):
        return np.sum(G * multi_head_attention(X, p, H, mask=causal_mask(T))[0])

    for name, gradient in expected.items():
        slopes = numerical_gradient(lambda array, name=name: loss(X, p | {name: array}), p[name])
        np.testing.assert_allclose(slopes, gradient, atol=1e-8)
    np.testing.assert_allclose(
        numerical_gradient(lambda X: loss(X, p), X), x.grad.numpy(), atol=1e-8
    )


@given(st.lists(st.integers(1, 3), max_size=3), sizes)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_merging_undoes_splitting_for_any_leading_axes(batch, size):
    _, T, H, d = size
    X = np.random.default_rng(SEED).normal(size=(*batch, T, H * d))
    heads = split_heads(X, H)
    assert heads.shape == (*batch, H, T, d)
    np.testing.assert_array_equal(merge_heads(heads), X)


def test_leading_axes_or_none_give_the_same_rows():
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 5, 6)), parameters(6, rng)
    Y, cache = multi_head_attention(X, p, 3, mask=causal_mask(5))
    assert Y.shape == X.shape
    assert cache["weights"].shape == (2, 3, 3, 5, 5)
    one, small = multi_head_attention(X[1, 2], p, 3, mask=causal_mask(5))
    np.testing.assert_allclose(one, Y[1, 2], atol=1e-12)
    np.testing.assert_allclose(
        head_contributions(small, p["W_o"]), head_contributions(cache, p["W_o"])[1, 2], atol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_type(dtype):
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 6)).astype(dtype), parameters(6, rng, dtype)
    Y, cache = multi_head_attention(X, p, 2, mask=causal_mask(3))
    assert Y.dtype == dtype
    assert all(array.dtype == dtype for array in cache.values())
    assert head_contributions(cache, p["W_o"]).dtype == dtype


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="width 6 does not divide into 4 heads"):
        split_heads(np.zeros((2, 6)), 4)


@pytest.mark.parametrize("shape", [(2, 3, 3), (1, 3, 3), (2, 1, 3)])
def test_a_mask_without_an_axis_for_the_heads_is_refused(shape):
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 4)), parameters(4, rng)
    with pytest.raises(ValueError, match=r"has no axis for heads: mask\[:, None\]"):
        multi_head_attention(X, p, 2, mask=np.ones(shape, dtype=bool))
    with pytest.raises(ValueError, match="has no axis for heads"):
        multi_head_attention(X[None], p, 2, mask=np.ones((2, *shape), dtype=bool)[:1])


def test_masks_of_two_and_four_axes_and_a_single_number_are_taken():
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 4)), parameters(4, rng)
    causal = causal_mask(3)
    expected, _ = multi_head_attention(X, p, 2, mask=causal)
    for mask in (causal[None, None], np.broadcast_to(causal, (2, 2, 3, 3))):
        np.testing.assert_array_equal(multi_head_attention(X, p, 2, mask=mask)[0], expected)
    free, _ = multi_head_attention(X, p, 2)
    np.testing.assert_array_equal(multi_head_attention(X, p, 2, mask=True)[0], free)
    one, _ = multi_head_attention(X[0], p, 2, mask=np.broadcast_to(causal, (2, 3, 3)))
    np.testing.assert_allclose(one, expected[0], atol=1e-12)


def test_each_head_may_have_a_mask_of_its_own():
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 4)), parameters(4, rng)
    mask = np.stack([causal_mask(3), np.eye(3, dtype=bool)])[None]  # (1, 2, 3, 3)
    _, cache = multi_head_attention(X, p, 2, mask=mask)
    np.testing.assert_array_equal(cache["weights"][:, 1], np.stack([np.eye(3)] * 2))
    assert not np.triu(cache["weights"][:, 0], k=1).any()


def test_a_token_that_may_look_at_nothing_gets_the_bias_alone():
    rng = np.random.default_rng(SEED)
    X, p = rng.normal(size=(2, 3, 4)), parameters(4, rng)
    Y, _ = multi_head_attention(X, p, 2, mask=np.zeros((3, 3), dtype=bool))
    np.testing.assert_allclose(Y, np.broadcast_to(p["b_o"], Y.shape))


def test_exchanging_tokens_exchanges_outputs_and_a_plain_reshape_does_not():
    rng = np.random.default_rng(SEED)
    X, p, order = rng.normal(size=(5, 6)), parameters(6, rng), [3, 0, 4, 1, 2]
    Y, _ = multi_head_attention(X, p, 3)
    np.testing.assert_allclose(multi_head_attention(X[order], p, 3)[0], Y[order], atol=1e-12)

    def mixed(X):
        Z = X.reshape(3, 5, 2)
        return attention(Z, Z, Z)[0].reshape(5, 6)

    assert abs(mixed(X[order]) - mixed(X)[order]).max() > 0.1


@pytest.mark.parametrize(("T", "H"), [(1, 3), (5, 1)])
def test_a_plain_reshape_hides_behind_one_token_and_behind_one_head(T, H):
    X = np.random.default_rng(SEED).normal(size=(T, 6))
    np.testing.assert_array_equal(X.reshape(H, T, 6 // H), split_heads(X, H))


def test_the_toy_sentence_has_chapter_15s_weights_with_one_head():
    X, zero = toy.E[toy.IDS], np.zeros(4)
    p = {f"W_{letter}": getattr(toy, f"W_{letter}") for letter in "qkvo"}
    p |= {f"b_{letter}": zero for letter in "qkvo"}
    _, (one,) = multi_head_loop(X, p, 1)
    np.testing.assert_allclose(one[1], [0.095, 0.095, 0.702, 0.095, 0.013], atol=5e-4)
    _, two = multi_head_loop(X, p, 2, mask=causal_mask(5))
    np.testing.assert_allclose(two[0][2], [0.053, 0.894, 0.053, 0, 0], atol=5e-4)


def test_each_step_of_the_fit_goes_down_the_slope_of_the_cross_entropy():
    rng = np.random.default_rng(SEED)
    A = masked_softmax(rng.normal(size=(4, 4)))
    Q, K = fit_pattern(A, 2, steps=0)

    def cross_entropy(Q, K):
        return -np.sum(A * np.log(masked_softmax(Q @ K.T)))

    after_Q, after_K = fit_pattern(A, 2, steps=1, rate=0.1)
    d_Q = numerical_gradient(lambda Q: cross_entropy(Q, K), Q)
    d_K = numerical_gradient(lambda K: cross_entropy(Q, K), K)
    np.testing.assert_allclose(after_Q, Q - 0.1 * d_Q, atol=1e-9)
    np.testing.assert_allclose(after_K, K - 0.1 * d_K, atol=1e-9)
