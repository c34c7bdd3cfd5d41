"""The mathematics of chapter 20's snippets: PyTorch's word, edges, errors."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from snippet_modules import load

SEED = 42

snippet = load("attention_backward")
compare_gradients = load("compare_gradients_torch").compare_gradients
small = load("train_gpt_numpy")


@pytest.mark.parametrize("shape", [(3, 4), (2, 5, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_and_its_backward_agree_with_pytorch(shape, masked):
    rng = np.random.default_rng(SEED)
    q, d_out = rng.normal(size=(2, *shape))
    k, v = rng.normal(size=(2, *shape[:-2], shape[-2] + 2, shape[-1]))
    mask = np.tri(shape[-2], shape[-2] + 2, dtype=bool) if masked else None
    t = [torch.tensor(x, requires_grad=True) for x in (q, k, v)]
    theirs = F.scaled_dot_product_attention(*t, torch.tensor(mask) if masked else None)
    theirs.backward(torch.tensor(d_out))
    out, cache = snippet.attention(q, k, v, mask)
    np.testing.assert_allclose(out, theirs.detach(), atol=1e-12)
    for ours, tensor in zip(snippet.attention_backward(d_out, cache), t, strict=True):
        np.testing.assert_allclose(ours, tensor.grad, atol=1e-12)


def test_a_row_without_anything_to_look_at_is_zero_both_ways():
    q, k, v = np.random.default_rng(SEED).normal(size=(3, 2, 4))
    mask = np.array([[False, False], [True, True]])
    out, cache = snippet.attention(q, k, v, mask)
    np.testing.assert_array_equal(out[0], 0)
    d_q, d_k, d_v = snippet.attention_backward(np.eye(2, 4), cache)
    np.testing.assert_array_equal(d_q[0], 0)
    assert np.isfinite([d_k, d_v]).all()


def test_attention_keeps_float32():
    q, k, v = np.random.default_rng(SEED).normal(size=(3, 2, 4)).astype(np.float32)
    out, cache = snippet.attention(q, k, v, np.tri(2, dtype=bool))
    grads = snippet.attention_backward(out, cache)
    assert {x.dtype for x in (out, *grads)} == {np.dtype(np.float32)}


def test_attention_refuses_shapes_that_do_not_fit():
    q, k = np.ones((2, 4)), np.ones((3, 4))
    with pytest.raises(ValueError, match="need one width"):
        snippet.attention(q, np.ones((3, 5)), k)
    with pytest.raises(ValueError, match=r"k and v \(2, 4\) one length"):
        snippet.attention(q, k, q)
    _, cache = snippet.attention(q, k, k)
    with pytest.raises(ValueError, match=r"shaped like the outputs, \(2, 4\)"):
        snippet.attention_backward(np.ones((4, 2)), cache)


def tensors(**values):
    made = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    sum((t * t).sum() for t in made.values()).backward()
    return made


def test_every_verdict_of_the_comparison():
    theirs = tensors(a=[1.0, 2.0], b=[1.0, 2.0], c=[1.0, 2.0], d=[1.0, 2.0], e=[1.0, 2.0])
    ours = {
        "a": np.array([2, 4], np.float32),
        "b": np.array([2, 4 + 1e-11]),
        "c": np.array([2, 5.0]),
        "d": np.array([[2.0, 4.0]]),
        "e": np.array([2, np.nan]),
    }
    rows = {
        name: (shape, verdict, apart)
        for name, shape, verdict, apart in compare_gradients(ours, theirs)
    }
    assert rows["a"] == ((2,), "exact", 0.0)
    assert rows["b"][1] == "close"
    assert rows["b"][2] == pytest.approx(1e-11, rel=1e-3)
    assert rows["c"] == ((2,), "wrong", 1.0)
    assert rows["d"] == ((1, 2), "shape", np.inf)
    assert rows["e"][1] == "wrong"


def test_the_tolerance_grows_with_large_gradients_and_not_with_small():
    theirs = tensors(large=[1e6], small=[1e-6])
    off = {"large": np.array([2e6 + 1e-5]), "small": np.array([2e-6 + 1e-9])}
    verdicts = {row[0]: row[2] for row in compare_gradients(off, theirs)}
    assert verdicts == {"large": "close", "small": "wrong"}


def test_the_comparison_takes_empty_gradients():
    ((_, _, verdict, apart),) = compare_gradients({"a": np.zeros(0, np.float32)}, tensors(a=[]))
    assert (verdict, apart) == ("exact", 0.0)


def test_the_comparison_refuses_missing_names_and_gradients():
    with pytest.raises(ValueError, match="only on one side: a, b"):
        compare_gradients({"a": np.ones(1)}, tensors(b=[1.0]))
    with pytest.raises(ValueError, match="a has no grad: call backward first"):
        compare_gradients({"a": np.ones(1)}, {"a": torch.ones(1, requires_grad=True)})


def test_the_small_gpt_has_autograds_gradients():
    rng = np.random.default_rng(SEED)
    model = small.GPT(7, 6, 8, 2, 2, rng)
    for array in model.p.values():
        array += rng.normal(0, 0.3, array.shape)
    ids, targets = rng.integers(0, 7, size=(2, 3, 5))
    t = {name: torch.tensor(array, requires_grad=True) for name, array in model.p.items()}
    x = t["E"][torch.tensor(ids)] + t["P"][:5]
    for i in range(2):
        n = F.layer_norm(x, (8,), t[f"{i}.norm1"], t[f"{i}.norm1.b"])
        q, k, v = (n @ t[f"{i}.qkv"] + t[f"{i}.qkv.b"]).chunk(3, dim=-1)
        q, k, v = (a.unflatten(-1, (2, 4)).transpose(1, 2) for a in (q, k, v))
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + heads.transpose(1, 2).flatten(2) @ t[f"{i}.out"] + t[f"{i}.out.b"]
        n = F.layer_norm(x, (8,), t[f"{i}.norm2"], t[f"{i}.norm2.b"])
        z = n @ t[f"{i}.up"] + t[f"{i}.up.b"]
        x = x + F.gelu(z, approximate="tanh") @ t[f"{i}.down"] + t[f"{i}.down.b"]
    logits = F.layer_norm(x, (8,), t["norm"], t["norm.b"]) @ t["E"].T
    theirs = F.cross_entropy(logits.flatten(0, 1), torch.tensor(targets.ravel()))
    theirs.backward()
    loss, grads = model.loss_and_gradients(ids, targets)
    assert loss == pytest.approx(theirs.item(), abs=1e-12)
    np.testing.assert_allclose(model.forward(ids)[0], logits.detach(), atol=1e-11)
    assert {row[2] for row in compare_gradients(grads, t)} <= {"exact", "close"}


def test_a_step_is_adams_with_clipping():
    rng = np.random.default_rng(SEED)
    model = small.GPT(5, 4, 6, 2, 1, rng)
    t = [torch.tensor(array.copy(), requires_grad=True) for array in model.p.values()]
    adam = torch.optim.Adam(t, lr=1e-2, betas=(0.9, 0.99))
    for _ in range(3):
        ids, targets = rng.integers(0, 5, size=(2, 2, 4))
        _, grads = model.loss_and_gradients(ids, targets)
        for tensor, name in zip(t, model.p, strict=True):
            tensor.grad = torch.tensor(grads[name])
        torch.nn.utils.clip_grad_norm_(t, 1.0)
        adam.step()
        model.step(ids, targets, 1e-2)
        for tensor, array in zip(t, model.p.values(), strict=True):
            np.testing.assert_allclose(array, tensor.detach(), atol=1e-6)


def test_the_small_gpt_learns_and_starts_at_the_logarithm_of_its_vocabulary():
    ids = np.arange(40) % 5
    model = small.GPT(5, 8, 16, 2, 1, np.random.default_rng(SEED))
    losses = small.train(model, ids, 60, np.random.default_rng(SEED), batch=4)
    assert losses[0] == pytest.approx(math.log(5), abs=0.1)
    assert losses[-1] < 0.3
    logits, _ = model.forward(ids[None, :8])
    np.testing.assert_array_equal(logits[0].argmax(axis=-1), ids[1:9])


def test_the_small_gpt_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        small.GPT(5, 4, 8, 3, 1, np.random.default_rng(SEED))
    model = small.GPT(5, 4, 8, 2, 1, np.random.default_rng(SEED))
    with pytest.raises(ValueError, match="5 tokens; the model reads 4"):
        model.forward(np.zeros((1, 5), dtype=int))
    with pytest.raises(ValueError, match="4 ids; a piece needs 5"):
        small.train(model, np.zeros(4, dtype=int), 1, np.random.default_rng(SEED))
