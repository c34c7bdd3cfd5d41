"""What `foundations.family` promises beyond its equations: PyTorch's word, errors, edges."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from foundations import family, family_torch
from foundations.attention import causal_mask, padding_mask

SEED = 42


def lively(V, D, F, L, seed=SEED):
    """A transformer whose biases and gains all matter."""
    rng = np.random.default_rng(seed)
    params = family.new_transformer(V, D, F, L, rng)
    for p in params["encoder"] + params["decoder"]:
        for part in (p, p.get("cross", {})):
            for array in part.values():
                if isinstance(array, np.ndarray):
                    array += rng.normal(0, 0.3, size=array.shape)
    return params


def torch_state(p):
    return {k: torch.tensor(a.copy()) for k, a in family_torch.block_weights(p).items()}


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.sampled_from([2, 4]),  # PyTorch warns of odd numbers of heads
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_the_whole_transformer_equals_pytorchs(H, half, L, S, T):
    D, rng = 2 * H * half, np.random.default_rng(SEED)
    params = lively(6, D, 5, L)
    model = family_torch.Translator(6, D, H, 5, L, dropout=0.0).double()
    family_torch.copy_weights(params, model)
    source, target = rng.integers(0, 6, (2, S)), rng.integers(0, 6, (2, T))
    ours, _ = family.encoder_decoder(source, target, params, H)
    theirs = model(torch.tensor(source), torch.tensor(target)).detach().numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.booleans(), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5))
def test_a_block_of_the_decoder_equals_pytorchs_in_both_orders(pre, H, S, T):
    D, rng = 4 * H, np.random.default_rng(SEED)
    p = lively(3, D, 7, 1)["decoder"][0]
    layer = nn.TransformerDecoderLayer(
        D, H, 7, 0.0, batch_first=True, norm_first=pre, dtype=torch.float64
    )
    layer.load_state_dict(torch_state(p))
    Y, M = rng.normal(size=(2, T, D)), rng.normal(size=(2, S, D))
    lengths = np.array([S, max(1, S - 1)])
    theirs = layer(
        torch.tensor(Y),
        torch.tensor(M),
        tgt_mask=torch.tensor(~causal_mask(T)),
        memory_key_padding_mask=torch.tensor(np.arange(S) >= lengths[:, None]),
    )
    mask = padding_mask(lengths[:, None], S)
    order = "pre" if pre else "post"
    ours, cache = family.decoder_block(Y, M, p, H, causal_mask(T), mask, order)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), atol=1e-9)
    assert cache["self"]["weights"].shape == (2, H, T, T)
    assert cache["cross"]["weights"].shape == (2, H, T, S)
    assert cache["ffn"]["A"].shape == (2, T, 7)


def test_an_encoder_equals_pytorchs_with_padding():
    params, ids = lively(6, 8, 12, 2), np.random.default_rng(SEED).integers(0, 6, (2, 5))
    X = torch.tensor(family.place(ids, params["E"]))
    hidden = torch.tensor(np.arange(5) >= np.array([[5], [2]]))
    for p in params["encoder"]:
        layer = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True, dtype=torch.float64)
        layer.load_state_dict(torch_state(p))
        X = layer(X, src_key_padding_mask=hidden)
    ours, _ = family.encoder(ids, params, 2, padding_mask(np.array([[5], [2]]), 5))
    np.testing.assert_allclose(ours, X.detach().numpy(), atol=1e-9)


def test_a_decoder_only_is_an_encoder_that_may_not_look_ahead():
    params, ids = lively(6, 8, 12, 2), np.array([[3, 1, 5, 0], [2, 2, 4, 1]])
    logits = family.decoder_only(ids, params, 2)
    X, _ = family.encoder(ids, params, 2, causal_mask(4))
    np.testing.assert_array_equal(logits, X @ params["E"].T)
    changed = ids.copy()
    changed[:, 2] = 0
    moved = (family.decoder_only(changed, params, 2) != logits).any(axis=-1)
    np.testing.assert_array_equal(moved, [[False, False, True, True]] * 2)


def test_padding_of_the_source_leaves_no_trace():
    params = lively(6, 8, 12, 2)
    source, target = np.array([[3, 1, 5, 0, 0]]), np.array([[4, 2, 2]])
    alone, _ = family.encoder_decoder(source[:, :3], target, params, 2)
    mask = padding_mask(np.array([[3]]), 5)
    padded, _ = family.encoder_decoder(source, target, params, 2, mask)
    np.testing.assert_allclose(padded, alone, atol=1e-12)
    seen, _ = family.encoder_decoder(source, target, params, 2)
    assert np.abs(seen - alone).max() > 0.01


def test_the_types_of_arrays_are_kept():
    params = lively(6, 8, 12, 1)

    def narrow(tree):
        if isinstance(tree, np.ndarray):
            return tree.astype(np.float32)
        if isinstance(tree, list):
            return [narrow(part) for part in tree]
        return {name: narrow(part) for name, part in tree.items()}

    ids = np.array([[1, 2, 3]])
    assert family.encoder_decoder(ids, ids, narrow(params), 2)[0].dtype == np.float32
    assert family.decoder_only(ids, narrow(params), 2).dtype == np.float32


@pytest.mark.parametrize("ids", [[0, 6], [-1, 2]])
def test_ids_outside_the_vocabulary_are_refused(ids):
    params = lively(6, 8, 12, 1)
    with pytest.raises(ValueError, match="ids go from 0 to 5"):
        family.encoder(np.array(ids), params, 2)
    with pytest.raises(ValueError, match="ids go from 0 to 5"):
        family.encoder_decoder(np.array([0]), np.array(ids), params, 2)


def test_new_weights_have_the_spread_and_the_ones_and_zeros_that_they_should():
    params = family.new_transformer(400, 64, 256, 1, np.random.default_rng(SEED))
    p = params["decoder"][0]
    drawn = [params["E"], p["W1"], p["W2"], p["W_q"], *(p["cross"][f"W_{i}"] for i in "qkvo")]
    np.testing.assert_allclose([array.std() for array in drawn], 1 / 8, rtol=0.05)
    assert all((p["cross"][f"b_{i}"] == 0).all() for i in "qkvo")
    assert (p["cross"]["gamma"] == 1).all() and (p["cross"]["beta"] == 0).all()
    assert len({array.tobytes() for array in drawn}) == len(drawn)
    assert "cross" not in params["encoder"][0]


def test_holes_come_in_the_shares_of_bert():
    ids = np.random.default_rng(SEED).integers(0, 50, size=200_000)
    kept = ids.copy()
    inputs, chosen = family.corrupt(ids, 50, 50, np.random.default_rng(SEED))
    np.testing.assert_array_equal(ids, kept)
    np.testing.assert_array_equal(inputs[~chosen], ids[~chosen])
    shares = [
        chosen.mean(),
        np.mean(inputs[chosen] == 50),
        np.mean(inputs[chosen] == ids[chosen]),
        np.mean((inputs[chosen] != 50) & (inputs[chosen] != ids[chosen])),
    ]  # a random id is the old one in one of fifty cases
    np.testing.assert_allclose(shares, [0.15, 0.8, 0.1 + 0.1 / 50, 0.1 - 0.1 / 50], atol=0.008)
    _, more = family.corrupt(ids, 50, 50, np.random.default_rng(SEED), share=0.4)
    assert more.mean() == pytest.approx(0.4, abs=0.005)


def test_no_holes_have_no_mean():
    with pytest.raises(ValueError, match="no place is chosen"):
        family.masked_loss(np.zeros((2, 3)), np.array([0, 1]), np.array([False, False]))


def test_steps_count_from_one():
    with pytest.raises(ValueError, match="from 1, not 0"):
        family.noam_rate(0, 512, 4_000)


@pytest.mark.parametrize("eps", [-0.1, 1.0])
def test_smoothing_outside_its_range_is_refused(eps):
    with pytest.raises(ValueError, match="0 ≤ eps < 1"):
        family.smooth_labels(np.array([0]), 3, eps)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(2, 9), st.floats(0, 0.9))
def test_the_smoothed_loss_is_pytorchs(n, V, eps):
    rng = np.random.default_rng(SEED)
    logits, targets = rng.normal(size=(n, V)), rng.integers(0, V, size=n)
    theirs = functional.cross_entropy(
        torch.tensor(logits), torch.tensor(targets), label_smoothing=eps
    )
    assert family.smoothed_loss(logits, targets, eps) == pytest.approx(theirs.item(), abs=1e-12)


def test_the_translator_drops_where_the_paper_does_and_scales_as_told():
    model = family_torch.Translator(6, 8, 2, 12, 1)
    assert model.dropout.p == 0.1
    assert model.scale == math.sqrt(8)
    assert family_torch.Translator(6, 8, 2, 12, 1, scale=1.0).scale == 1.0
    assert model.body.encoder.norm is None and model.body.decoder.norm is None
    model.eval()
    X = model.place(torch.tensor([[1, 2]])).detach().numpy()
    expected = family.place(np.array([[1, 2]]), model.words.weight.detach().numpy())
    np.testing.assert_allclose(X, expected, atol=1e-6)
    wide = family_torch.Translator(2_000, 64, 2, 12, 1).words.weight
    assert wide.std().item() == pytest.approx(1 / 8, rel=0.02)


def test_greedy_takes_the_likeliest_token_each_time():
    torch.manual_seed(SEED)
    model = family_torch.Translator(6, 8, 2, 12, 1, dropout=0.5)
    source = torch.randint(0, 6, (3, 4))
    written = family_torch.greedy(model, source, start=5, steps=4)
    assert written.shape == (3, 4)
    shown = torch.cat([torch.full((3, 1), 5), written[:, :-1]], dim=1)
    with torch.no_grad():
        best = model(source, shown).argmax(dim=-1)
    assert torch.equal(best, written)
