"""The mathematics of chapter 16's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load
from torch import nn

SEED = 42

multi_head_attention = load("multi_head_attention").multi_head_attention
module = load("multi_head_attention_torch")
weights_module = load("mha_weights")
arrays_of, put_arrays = weights_module.arrays_of, weights_module.put_arrays


def layer_of(width, heads, bias=True, **options):
    torch.manual_seed(SEED)
    layer = nn.MultiheadAttention(width, heads, bias=bias, batch_first=True, **options).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()  # PyTorch's biases start at 0, where a slip would not show
    return layer


def text(*shape):
    return torch.tensor(np.random.default_rng(SEED).normal(size=shape))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("width", "heads"), [(6, 1), (6, 3), (8, 4)])
def test_numpy_equals_pytorchs_layer_with_its_arrays(width, heads, bias):
    layer, x, memory = layer_of(width, heads, bias), text(2, 4, width), text(2, 5, width)
    causal = np.tril(np.ones((4, 4), dtype=bool))
    y, weights = multi_head_attention(x.numpy(), arrays_of(layer), heads, mask=causal)
    forbidden = torch.tensor(~causal)
    expected = layer(x, x, x, attn_mask=forbidden, average_attn_weights=False)
    np.testing.assert_allclose(y, expected[0].detach(), atol=1e-12)
    np.testing.assert_allclose(weights, expected[1].detach(), atol=1e-12)
    y, weights = multi_head_attention(x.numpy(), arrays_of(layer), heads, memory=memory.numpy())
    np.testing.assert_allclose(y, layer(x, memory, memory)[0].detach(), atol=1e-12)
    assert weights.shape == (2, heads, 4, 5)


def test_numpy_takes_weights_without_biases_any_batch_axes_and_float32():
    rng = np.random.default_rng(SEED)
    p = {f"W_{letter}": rng.normal(size=(6, 6)).astype(np.float32) for letter in "qkvo"}
    x = rng.normal(size=(2, 3, 4, 6)).astype(np.float32)
    y, weights = multi_head_attention(x, p, 2)
    assert y.dtype == weights.dtype == np.float32
    assert weights.shape == (2, 3, 2, 4, 4)
    np.testing.assert_allclose(
        multi_head_attention(x[1, 2], p, 2)[0], y[1, 2], rtol=1e-3, atol=1e-5
    )


def test_numpy_gives_a_row_that_may_look_at_nothing_zeros_and_no_nan():
    rng = np.random.default_rng(SEED)
    p = {f"W_{letter}": rng.normal(size=(4, 4)) for letter in "qkvo"}
    mask = np.array([[False, False], [True, False]])
    y, weights = multi_head_attention(rng.normal(size=(2, 4)), p, 2, mask=mask)
    np.testing.assert_array_equal(weights[:, 0], 0)
    np.testing.assert_array_equal(weights[:, 1], [[1, 0]] * 2)
    np.testing.assert_array_equal(y[0], 0)


def test_numpy_does_not_overflow_for_large_scores():
    p = {f"W_{letter}": 1e3 * np.eye(4) for letter in "qkvo"}
    _, weights = multi_head_attention(np.eye(4), p, 1)
    np.testing.assert_array_equal(weights[0], np.eye(4))


def test_numpy_says_what_does_not_fit():
    p = {f"W_{letter}": np.eye(6) for letter in "qkvo"}
    with pytest.raises(ValueError, match="width 6 does not divide into 4 heads"):
        multi_head_attention(np.ones((2, 6)), p, 4)
    with pytest.raises(ValueError, match=r"mask \(3, 2, 2\) beside scores \(3, 3, 2, 2\)"):
        multi_head_attention(np.ones((3, 2, 6)), p, 3, mask=np.ones((3, 2, 2), dtype=bool))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("width", "heads"), [(6, 1), (6, 3), (8, 4)])
def test_our_module_equals_pytorchs_forward_and_backward(width, heads, bias):
    theirs, x, memory = layer_of(width, heads, bias), text(2, 4, width), text(2, 5, width)
    ours = module.MultiHeadAttention(width, heads, bias=bias).double()
    module.copy_weights(theirs, ours)
    forbidden = torch.ones(4, 4, dtype=torch.bool).triu(1)
    for got, expected in (
        (ours(x), theirs(x, x, x)[0]),
        (ours(x, causal=True), theirs(x, x, x, attn_mask=forbidden)[0]),
        (ours(x, mask=~forbidden), theirs(x, x, x, attn_mask=forbidden)[0]),
        (ours(x, mask=~forbidden[None, None]), theirs(x, x, x, attn_mask=forbidden)[0]),
        (ours(x, memory), theirs(x, memory, memory)[0]),
    ):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)
        ours.zero_grad(), theirs.zero_grad()
        (got**2).sum().backward(), (expected**2).sum().backward()
        packed = torch.cat([part.weight.grad for part in (ours.query, ours.key, ours.value)])
        torch.testing.assert_close(packed, theirs.in_proj_weight.grad, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            ours.out.weight.grad, theirs.out_proj.weight.grad, rtol=1e-9, atol=1e-9
        )


def test_dropout_acts_in_training_alone():
    torch.manual_seed(SEED)
    ours, x = module.MultiHeadAttention(6, 2, dropout=0.5).double(), text(2, 4, 6)
    assert not torch.equal(ours(x), ours(x))
    ours.eval()
    torch.testing.assert_close(ours(x), ours(x))
    still = module.MultiHeadAttention(6, 2).double()
    torch.testing.assert_close(still(x), still(x))


def test_our_module_says_what_does_not_fit():
    with pytest.raises(ValueError, match="width 6 does not divide into 4 heads"):
        module.MultiHeadAttention(6, 4)
    with pytest.raises(ValueError, match=r"mask \(2, 3, 3\): use mask\[:, None\]"):
        module.MultiHeadAttention(4, 2)(torch.ones(2, 3, 4), mask=torch.ones(2, 3, 3).bool())


def test_arrays_are_copies_and_come_back():
    layer = layer_of(6, 2)
    arrays = arrays_of(layer)
    kept = {name: array.copy() for name, array in arrays.items()}
    other = layer_of(6, 2)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    put_arrays(arrays, other)
    for name, parameter in layer.named_parameters():
        torch.testing.assert_close(dict(other.named_parameters())[name], parameter)
    arrays["W_q"][:] = 0
    arrays["b_o"][:] = 0
    for name, array in arrays_of(layer).items():
        np.testing.assert_array_equal(array, kept[name])


def test_a_layer_without_biases_gets_four_arrays_of_zeros():
    arrays = arrays_of(layer_of(6, 2, bias=False))
    for letter in "qkvo":
        np.testing.assert_array_equal(arrays[f"b_{letter}"], np.zeros(6))
    arrays["b_q"][:] = 1
    assert not arrays["b_k"].any()


def test_layers_that_do_not_fit_into_these_arrays_are_refused():
    with pytest.raises(ValueError, match="kdim or vdim"):
        arrays_of(layer_of(6, 2, kdim=4))
    with pytest.raises(ValueError, match="add_bias_kv and add_zero_attn"):
        arrays_of(layer_of(6, 2, add_bias_kv=True))
    with pytest.raises(ValueError, match="add_bias_kv and add_zero_attn"):
        arrays_of(layer_of(6, 2, add_zero_attn=True))
