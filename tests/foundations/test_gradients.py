"""What `foundations.gradients` promises beyond its equations: PyTorch's word, shapes, training."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import gradients
from foundations.attention import attention, causal_mask, padding_mask
from foundations.backpropagation import numerical_gradient
from foundations.block import new_block
from foundations.corpus import TALE
from foundations.decoder import gpt, gpt_loss, new_gpt
from foundations.multihead import multi_head_attention
from foundations.text import character_vocabulary

SEED = 42
EXACT = 1e-11  # float64, against autograd
few = settings(max_examples=20, deadline=None, derandomize=True)


def disturbed(V, T, D, H, F, L, seed=SEED):
    rng = np.random.default_rng(seed)
    params = new_gpt(V, T, D, H, F, L, rng)
    for array in gradients.named(params).values():
        array += rng.normal(0, 0.3, array.shape)
    return params


def torch_gpt(ids, t, H, blocks):
    T = ids.shape[-1]
    X = t["E"][ids] + t["P"][:T]
    D = X.shape[-1]
    for i in range(blocks):
        p = {name: t[f"blocks.{i}.{name}"] for name in new_block(2, 2, np.random.default_rng())}
        N = F.layer_norm(X, (D,), p["gamma1"], p["beta1"])
        Q, K, V = (
            (N @ p[f"W_{n}"] + p[f"b_{n}"]).unflatten(-1, (H, -1)).transpose(1, 2) for n in "qkv"
        )
        heads = F.scaled_dot_product_attention(Q, K, V, is_causal=True)
        X = X + heads.transpose(1, 2).flatten(2) @ p["W_o"] + p["b_o"]
        N = F.layer_norm(X, (D,), p["gamma2"], p["beta2"])
        X = X + F.gelu(N @ p["W1"] + p["b1"], approximate="tanh") @ p["W2"] + p["b2"]
    return F.layer_norm(X, (D,), t["gamma"], t["beta"]) @ t["E"].T


@few
@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 3), st.integers(1, 3),
    st.integers(1, 6), st.integers(0, 3), st.integers(2, 7), st.integers(0, 2**16),
)  # fmt: skip
def test_every_gradient_of_a_gpt_is_autograds(B, T, H, d, F_, L, V, seed):
    params = disturbed(V, T + 1, H * d, H, F_, L, seed)
    ids, targets = np.random.default_rng(seed).integers(0, V, size=(2, B, T))
    t = {n: torch.tensor(a, requires_grad=True) for n, a in gradients.named(params).items()}
    logits = torch_gpt(torch.tensor(ids), t, H, L)
    F.cross_entropy(logits.flatten(0, 1), torch.tensor(targets.ravel())).backward()
    grads = gradients.named(gradients.gpt_backward(gpt(ids, params, H)[1], targets, params, H))
    assert list(grads) and set(grads) == set(t)
    for name, d_p in grads.items():
        # LayerNorm over a width of 1 or 2 divides by roots near ε: large slopes there.
        size = max(1.0, float(t[name].grad.abs().max()))
        np.testing.assert_allclose(d_p / size, t[name].grad / size, atol=EXACT, err_msg=name)


def test_differences_find_every_gradient_of_a_tiny_gpt():
    params = disturbed(5, 4, 6, 2, 7, 2)
    ids, targets = np.random.default_rng(SEED).integers(0, 5, size=(2, 2, 3))
    grads = gradients.named(gradients.gpt_backward(gpt(ids, params, 2)[1], targets, params, 2))
    for name, array in gradients.named(params).items():

        def loss(x, array=array):
            kept = array.copy()
            array[...] = x
            value = gpt_loss(gpt(ids, params, 2)[0], targets)
            array[...] = kept
            return value

        np.testing.assert_allclose(
            grads[name], numerical_gradient(loss, array), atol=1e-8, err_msg=name
        )


@few
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5),
    st.integers(1, 6), st.integers(0, 2**16), st.booleans(),
)  # fmt: skip
def test_attention_backward_is_autograds_for_any_shape_and_mask(B, H, T, S, d, seed, masked):
    rng = np.random.default_rng(seed)
    Q, K, V, d_O = (rng.normal(size=(B, H, n, d)) for n in (T, S, S, T))
    mask = rng.random((T, S)) < 0.6 if masked else np.ones((T, S), dtype=bool)
    mask[:, 0] = True  # PyTorch gives NaN for a row that may look at nothing
    t = [torch.tensor(x, requires_grad=True) for x in (Q, K, V)]
    out = F.scaled_dot_product_attention(*t, attn_mask=torch.tensor(mask))
    out.backward(torch.tensor(d_O))
    cache = {"Q": Q, "K": K, "V": V, "weights": attention(Q, K, V, mask)[1]}
    for ours, theirs in zip(gradients.attention_backward(d_O, cache), t, strict=True):
        np.testing.assert_allclose(ours, theirs.grad, atol=EXACT)


def test_a_row_that_may_look_at_nothing_sends_nothing_back():
    Q, K, V, d_O = np.random.default_rng(SEED).normal(size=(4, 2, 3, 4))
    weights = attention(Q, K, V, padding_mask(np.array([0, 2]), 3))[1]
    grads = gradients.attention_backward(d_O, {"Q": Q, "K": K, "V": V, "weights": weights})
    for d in grads:
        np.testing.assert_array_equal(d[0], 0)
        assert np.isfinite(d).all()


def test_masked_scores_get_exactly_nothing():
    rng = np.random.default_rng(SEED)
    Q, K, V, d_O = rng.normal(size=(4, 2, 5, 3))
    weights = attention(Q, K, V, causal_mask(5))[1]
    d_S = gradients.softmax_backward(d_O @ V.mT, weights)
    np.testing.assert_array_equal(d_S[:, ~causal_mask(5)], 0)


@pytest.mark.parametrize("H", [1, 2, 3])
def test_cross_attention_gives_both_texts_their_gradient(H):
    rng = np.random.default_rng(SEED)
    p = {name: rng.normal(0, 0.5, a.shape) for name, a in new_block(6, 5, rng).items()}
    X, memory, d_Y = (rng.normal(size=(2, n, 6)) for n in (3, 4, 3))
    cache = multi_head_attention(X, p, H, memory=memory)[1]
    d_X, d_memory, grads = gradients.multi_head_backward(d_Y, cache, p, H)
    theirs = torch.nn.MultiheadAttention(6, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.tensor(np.hstack([p[f"W_{n}"] for n in "qkv"]).T))
        theirs.in_proj_bias.copy_(torch.tensor(np.hstack([p[f"b_{n}"] for n in "qkv"])))
        theirs.out_proj.weight.copy_(torch.tensor(p["W_o"].T))
        theirs.out_proj.bias.copy_(torch.tensor(p["b_o"]))
    t_X, t_memory = (torch.tensor(x, requires_grad=True) for x in (X, memory))
    theirs(t_X, t_memory, t_memory)[0].backward(torch.tensor(d_Y))
    np.testing.assert_allclose(d_X, t_X.grad, atol=EXACT)
    np.testing.assert_allclose(d_memory, t_memory.grad, atol=EXACT)
    packed = np.hstack([grads[f"W_{n}"] for n in "qkv"]).T
    np.testing.assert_allclose(packed, theirs.in_proj_weight.grad, atol=EXACT)
    biases = np.hstack([grads[f"b_{n}"] for n in "qkv"])
    np.testing.assert_allclose(biases, theirs.in_proj_bias.grad, atol=EXACT)
    np.testing.assert_allclose(grads["W_o"], theirs.out_proj.weight.grad.T, atol=EXACT)
    np.testing.assert_allclose(grads["b_o"], theirs.out_proj.bias.grad, atol=EXACT)


def test_gradients_are_nested_named_and_shaped_like_the_parameters():
    params = disturbed(5, 6, 4, 2, 7, 3)
    ids = np.random.default_rng(SEED).integers(0, 5, size=(2, 4))
    grads = gradients.gpt_backward(gpt(ids, params, 2)[1], ids, params, 2)
    assert len(grads["blocks"]) == 3
    flat, ours = gradients.named(params), gradients.named(grads)
    assert set(ours) == set(flat)
    assert all(ours[name].shape == array.shape for name, array in flat.items())
    assert "blocks.2.W_q" in flat
    assert flat["blocks.2.W_q"] is params["blocks"][2]["W_q"]
    np.testing.assert_array_equal(grads["P"][4:], 0)  # rows that no text reached
    assert np.abs(grads["P"][:4]).min() > 0


def test_one_text_without_a_batch_axis_is_a_batch_of_one():
    params = disturbed(5, 4, 6, 2, 7, 2)
    ids, targets = np.random.default_rng(SEED).integers(0, 5, size=(2, 4))
    alone = gradients.gpt_backward(gpt(ids, params, 2)[1], targets, params, 2)
    batch = gradients.gpt_backward(gpt(ids[None], params, 2)[1], targets[None], params, 2)
    for name, d in gradients.named(alone).items():
        np.testing.assert_allclose(d, gradients.named(batch)[name], atol=EXACT)


def test_a_batch_gives_the_mean_of_its_texts():
    params = disturbed(5, 4, 6, 2, 7, 2)
    ids, targets = np.random.default_rng(SEED).integers(0, 5, size=(2, 3, 4))

    def grads(rows):
        cache = gpt(ids[rows], params, 2)[1]
        return gradients.named(gradients.gpt_backward(cache, targets[rows], params, 2))

    each = [grads([i]) for i in range(3)]
    for name, d in grads([0, 1, 2]).items():
        np.testing.assert_allclose(d, sum(one[name] for one in each) / 3, atol=EXACT)


def test_float32_stays_float32():
    params = disturbed(5, 4, 6, 2, 7, 2)
    for part in (params, *params["blocks"]):
        for name, value in part.items():
            part[name] = value if name == "blocks" else value.astype(np.float32)
    ids = np.random.default_rng(SEED).integers(0, 5, size=(2, 4))
    grads = gradients.gpt_backward(gpt(ids, params, 2)[1], ids, params, 2)
    assert {d.dtype for d in gradients.named(grads).values()} == {np.dtype(np.float32)}


def test_nothing_that_is_given_is_changed():
    params = disturbed(5, 4, 6, 2, 7, 1)
    ids = np.random.default_rng(SEED).integers(0, 5, size=(2, 4))
    logits, cache = gpt(ids, params, 2)
    before = [a.copy() for a in (logits, cache["Y"], *gradients.named(params).values())]
    gradients.gpt_backward(cache, ids, params, 2)
    after = [logits, cache["Y"], *gradients.named(params).values()]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"need targets \(2, 3\), one id a token, not \(2, 4\)"):
        gradients.gpt_loss_backward(np.zeros((2, 3, 5)), np.zeros((2, 4), dtype=int))
    Q = np.zeros((1, 2, 3, 4))
    cache = {"Q": Q, "K": Q, "V": Q, "weights": np.full((1, 2, 3, 3), 1 / 3)}
    with pytest.raises(ValueError, match=r"\(1, 2, 3, 4\); split the heads first"):
        gradients.attention_backward(np.zeros((1, 3, 8)), cache)


def characters():
    vocabulary = character_vocabulary(TALE)
    return np.array([vocabulary.index(c) for c in TALE]), len(vocabulary)


def test_training_starts_at_the_logarithm_of_the_vocabulary_and_falls():
    text, V = characters()
    params = new_gpt(V, 16, 16, 2, 32, 1, np.random.default_rng(SEED))
    table = params["E"]
    losses = gradients.train(params, text, 2, 60, np.random.default_rng(SEED), batch=4)
    assert len(losses) == 60
    assert losses[0] == pytest.approx(math.log(V), abs=0.1)
    assert np.mean(losses[-10:]) < 2.6
    assert params["E"] is table


def test_training_repeats_itself_with_the_same_seed():
    text, V = characters()
    runs = []
    for _ in range(2):
        params = new_gpt(V, 8, 8, 2, 16, 1, np.random.default_rng(SEED))
        runs.append(gradients.train(params, text, 2, 5, np.random.default_rng(1), rate=1e-3))
    assert runs[0] == runs[1]


def test_targets_lie_one_place_further():
    """A text that counts in a circle: after training, the most probable is the next number."""
    params = new_gpt(4, 6, 8, 1, 16, 1, np.random.default_rng(SEED))
    ids = np.arange(60) % 4
    losses = gradients.train(params, ids, 1, 80, np.random.default_rng(1), batch=4)
    assert losses[-1] < 0.2
    logits, _ = gpt(ids[:6], params, 1)
    np.testing.assert_array_equal(logits.argmax(axis=-1), ids[1:7])


def test_a_text_that_is_too_short_is_refused():
    params = new_gpt(4, 6, 8, 1, 16, 1, np.random.default_rng(SEED))
    with pytest.raises(ValueError, match="6 ids, and one piece needs 7"):
        gradients.train(params, np.arange(6) % 4, 1, 1, np.random.default_rng(1))
    assert len(gradients.train(params, np.arange(7) % 4, 1, 1, np.random.default_rng(1))) == 1
