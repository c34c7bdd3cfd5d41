"""What `foundations.decoder` promises beyond its equations: PyTorch's word, errors, edges."""

import runpy
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from foundations import decoder

SEED = 42


def lively(V, T, D, H, F, L, seed=SEED):
    """A GPT whose biases, gains and branches all matter."""
    rng = np.random.default_rng(seed)
    params = decoder.new_gpt(V, T, D, H, F, L, rng)
    for array in decoder.arrays(params):
        array += rng.normal(0, 0.3, size=array.shape)
    return params


def torch_logits(ids, params, H):
    """The same model of PyTorch's own layers."""
    E = torch.tensor(params["E"])
    D, T = E.shape[1], ids.shape[-1]
    X = E[torch.tensor(ids)] + torch.tensor(params["P"])[:T]
    bend = partial(functional.gelu, approximate="tanh")
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    for p in params["blocks"]:
        F = p["W1"].shape[1]
        layer = nn.TransformerEncoderLayer(
            D, H, F, 0.0, bend, batch_first=True, norm_first=True, dtype=torch.float64
        )
        t = {name: torch.tensor(array) for name, array in p.items()}
        names = {"self_attn.in_proj_weight": torch.cat([t["W_" + i] for i in "qkv"], 1).T}
        names["self_attn.in_proj_bias"] = torch.cat([t["b_" + i] for i in "qkv"])
        names |= {"self_attn.out_proj.weight": t["W_o"].T, "self_attn.out_proj.bias": t["b_o"]}
        for i in "12":
            names |= {f"linear{i}.weight": t["W" + i].T, f"linear{i}.bias": t["b" + i]}
            names |= {f"norm{i}.weight": t["gamma" + i], f"norm{i}.bias": t["beta" + i]}
        layer.load_state_dict(names)
        X = layer(X, src_mask=hidden)
    X = functional.layer_norm(X, (D,), torch.tensor(params["gamma"]), torch.tensor(params["beta"]))
    return X @ E.T


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    B=st.integers(1, 3),
    T=st.integers(1, 6),
    H=st.integers(1, 3),
    d=st.integers(1, 4),
    F=st.integers(1, 9),
    L=st.integers(1, 3),
    seed=st.integers(0, 999),
)
def test_logits_and_loss_are_pytorchs(B, T, H, d, F, L, seed):
    params = lively(5, T + 1, H * d, H, F, L, seed)
    ids = np.random.default_rng(seed).integers(0, 5, size=(B, T + 1))
    logits, _ = decoder.gpt(ids[:, :-1], params, H)
    with torch.no_grad():
        theirs = torch_logits(ids[:, :-1], params, H)
    np.testing.assert_allclose(logits, theirs.numpy(), atol=1e-10)
    loss = functional.cross_entropy(theirs.flatten(0, 1), torch.tensor(ids[:, 1:]).flatten())
    assert decoder.gpt_loss(logits, ids[:, 1:]) == pytest.approx(loss.item(), abs=1e-10)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(T=st.integers(2, 7), H=st.integers(1, 3), L=st.integers(1, 3), seed=st.integers(0, 999))
def test_no_bit_before_a_changed_token_changes(T, H, L, seed):
    params = lively(5, T, 4 * H, H, 8, L, seed)
    rng = np.random.default_rng(seed)
    ids, j = rng.integers(0, 5, size=T), int(rng.integers(1, T))
    altered = ids.copy()
    altered[j] = (ids[j] + 1) % 5
    before, after = (decoder.gpt(x, params, H)[0] for x in (ids, altered))
    np.testing.assert_array_equal(after[:j], before[:j])
    assert (after[j] != before[j]).any()


def test_a_text_is_the_same_alone_in_a_batch_and_padded():
    params = lively(5, 8, 6, 2, 12, 2)
    ids = np.random.default_rng(SEED).integers(0, 5, size=(3, 2, 8))
    logits, _ = decoder.gpt(ids, params, 2)
    assert logits.shape == (3, 2, 8, 5)
    alone, _ = decoder.gpt(ids[1, 1], params, 2)
    np.testing.assert_allclose(alone, logits[1, 1], atol=1e-12)
    short, _ = decoder.gpt(ids[1, 1, :5], params, 2)
    np.testing.assert_allclose(short, alone[:5], atol=1e-12)


def test_float32_stays_float32():
    params = lively(5, 8, 6, 2, 12, 2)
    for tree in [params, *params["blocks"]]:
        tree |= {n: a.astype(np.float32) for n, a in tree.items() if n != "blocks"}
    ids = np.zeros((2, 8), dtype=int)
    logits, cache = decoder.gpt(ids, params, 2)
    kinds = {array.dtype for array in decoder.arrays(cache) if array.dtype != ids.dtype}
    assert logits.dtype == np.float32
    assert kinds == {np.dtype(np.float32)}


def test_the_cache_holds_what_the_way_back_needs():
    params = lively(5, 8, 6, 2, 12, 2)
    ids = np.array([[1, 2, 3]])
    logits, cache = decoder.gpt(ids, params, 2)
    assert set(cache) == {"ids", "blocks", "norm", "Y", "logits"}
    assert cache["ids"] is ids
    assert cache["logits"] is logits
    assert len(cache["blocks"]) == 2
    assert cache["blocks"][0]["attention"]["weights"].shape == (1, 2, 3, 3)


def test_a_new_gpt_has_gpt2s_spreads():
    params = decoder.new_gpt(100, 90, 64, 4, 256, 8, np.random.default_rng(SEED))
    for array in (params["E"], params["P"], params["blocks"][3]["W_q"]):
        assert array.std() == pytest.approx(0.02, rel=0.05)
    for name in ("W_o", "W2"):  # √(2 · 8) = 4
        assert params["blocks"][7][name].std() == pytest.approx(0.005, rel=0.05)
    assert params["E"].shape == (100, 64)
    assert params["P"].shape == (90, 64)
    assert (params["gamma"] == 1).all()
    assert not params["beta"].any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        decoder.new_gpt(4, 4, 8, 3, 8, 1, np.random.default_rng(SEED))
    params = lively(5, 4, 6, 2, 12, 1)
    with pytest.raises(ValueError, match="5 tokens, and the table of positions has 4"):
        decoder.gpt(np.zeros(5, dtype=int), params, 2)
    for ids in ([-1, 0], [0, 5]):
        with pytest.raises(ValueError, match="ids go from 0 to 4"):
            decoder.gpt(np.array(ids), params, 2)
    decoder.gpt(np.array([0, 4, 4, 0]), params, 2)


def test_generation_runs_the_model_on_all_so_far_and_reads_only_the_end():
    params = lively(5, 4, 6, 2, 12, 1)
    seen = []

    def choose(z):
        seen.append(z)
        return int(np.argmax(z))

    ids = decoder.generate(np.array([1, 2]), params, 2, 5, choose)
    assert ids.shape == (7,)
    assert ids[:2].tolist() == [1, 2]
    for step, z in enumerate(seen):
        read = ids[max(0, step + 2 - 4) : step + 2]
        np.testing.assert_array_equal(z, decoder.gpt(read, params, 2)[0][-1])
        assert ids[step + 2] == np.argmax(z)


def test_arrays_are_found_in_dicts_lists_and_tuples_and_nothing_else_is():
    a, b, c = np.zeros(1), np.zeros(2), np.zeros(3)
    tree = {"x": a, "y": [b, {"z": (c, 1.0, "text", None)}]}
    assert [array.size for array in decoder.arrays(tree)] == [1, 2, 3]
    assert decoder.count_parameters(tree) == 6


def test_the_same_memory_counts_once_and_parameters_not_at_all():
    X, gamma = np.zeros((2, 3)), np.zeros(3)
    cache = {"X": X, "again": [X.T, X.reshape(3, 2)], "gamma": gamma}
    assert decoder.count_bytes(cache) == 8 * 9
    assert decoder.count_bytes(cache, {"gamma": gamma}) == 8 * 6


def test_a_counting_array_counts_every_product_and_gives_the_same_numbers():
    rng = np.random.default_rng(SEED)
    A, B = rng.normal(size=(3, 4, 5)), rng.normal(size=(5, 2))
    decoder.Counting.products = decoder.Counting.others = 0
    C = A.view(decoder.Counting) @ B
    assert isinstance(C, decoder.Counting)
    assert decoder.Counting.products == 2 * 3 * 4 * 5 * 2
    np.testing.assert_array_equal(np.asarray(C), A @ B)
    D = B @ rng.normal(size=(2, 7)).view(decoder.Counting)
    assert decoder.Counting.products == 2 * 3 * 4 * 5 * 2 + 2 * 5 * 2 * 7
    assert decoder.Counting.others == 0
    D += 1  # in place, 35 entries
    assert decoder.Counting.others == 35
    assert D.sum().size == 1  # touches all 35
    assert decoder.Counting.others == 70
    kept = np.where(np.asarray(D) > 0, D, 0)
    assert isinstance(kept, decoder.Counting)


def test_a_count_begins_at_zero():
    fresh = runpy.run_path(decoder.__file__)["Counting"]
    assert (fresh.products, fresh.others) == (0, 0)


def test_counting_leaves_the_parameters_and_the_logits_as_they_are():
    params = lively(5, 4, 6, 2, 12, 2)
    ids = np.array([1, 2, 0, 4])
    counted, _ = decoder.gpt(ids, decoder.counting(params), 2)
    plain, _ = decoder.gpt(ids, params, 2)
    np.testing.assert_array_equal(np.asarray(counted), plain)
    assert type(params["blocks"][0]["W1"]) is np.ndarray
    first = decoder.count_flops(ids, params, 2)
    assert decoder.count_flops(ids, params, 2) == first
    twice = np.stack([ids, ids])
    both = decoder.count_flops(twice, params, 2)
    assert both[0] == 2 * first[0]
    assert first[1] < both[1] <= 2 * first[1]
