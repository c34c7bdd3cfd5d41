"""What chapter 14's modules promise beyond their equations: errors, edges, PyTorch's word."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import recurrent, seq2seq
from foundations.backpropagation import numerical_gradient, relative_error
from foundations.seq2seq_torch import Seq2Seq, torch_names

SEED = 42
TOLERANCE = 1e-12
BY_DIFFERENCES = 1e-6


@pytest.mark.parametrize(("dtype", "words"), [(np.float16, 5), (np.float32, 12), (np.float64, 26)])
def test_a_number_holds_as_many_words_as_its_digits(dtype, words):
    texts = np.random.default_rng(SEED).integers(0, 4, size=(50, words + 1))
    for text in texts:
        state = seq2seq.push_all(text[:-1], 4, dtype)
        assert type(state) is dtype
        assert seq2seq.pop_all(state, 4, words) == text[:-1][::-1].tolist()
    full = np.full(words, 3)
    assert seq2seq.pop_all(seq2seq.push_all(full, 4, dtype), 4, words) == full.tolist()
    longer = [seq2seq.pop_all(seq2seq.push_all(t, 4, dtype), 4, words + 1) for t in texts]
    assert longer != texts[:, ::-1].tolist()


def test_a_popped_id_is_always_in_the_vocabulary():
    assert seq2seq.pop_all(np.float64(1.0), 4, 1) == [3]


def test_pad_fills_short_rows_and_says_where():
    ids, keep = seq2seq.pad([[1, 2, 3], [4], [5, 6]], fill=9)
    assert ids.tolist() == [[1, 2, 3], [4, 9, 9], [5, 6, 9]]
    assert keep.tolist() == [[True] * 3, [True, False, False], [True, True, False]]


def test_shift_puts_the_mark_first_and_leaves_the_targets():
    targets = np.array([[1, 2, 3], [4, 3, 3]])
    assert seq2seq.shift(targets, 3).tolist() == [[3, 1, 2], [3, 4, 3]]
    assert targets[0].tolist() == [1, 2, 3]


def test_the_masked_loss_does_not_see_padding_and_gives_one_number_per_network():
    rng = np.random.default_rng(SEED)
    logits, targets = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 5, size=(2, 3, 4))
    keep = np.broadcast_to(np.arange(4) < [[4], [1], [2]], (2, 3, 4))
    loss = seq2seq.masked_cross_entropy(logits, targets, keep)
    assert loss.shape == (2,)
    alone = seq2seq.masked_cross_entropy(logits[1], targets[1], keep[1])
    assert loss[1] == pytest.approx(alone, abs=TOLERANCE)
    logits[~keep], targets[~keep] = 1e6, 0
    np.testing.assert_allclose(seq2seq.masked_cross_entropy(logits, targets, keep), loss)


def test_the_masked_loss_says_what_does_not_fit():
    logits, targets = np.zeros((2, 3, 5)), np.zeros((2, 3), dtype=int)
    with pytest.raises(ValueError, match=r"not \(2, 3, 5\), \(2, 3\), \(3,\)"):
        seq2seq.masked_cross_entropy(logits, targets, np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match=r"not \(2, 3, 5\), \(2, 4\), \(2, 4\)"):
        keep = np.ones((2, 4), dtype=bool)
        seq2seq.masked_cross_entropy(logits, np.zeros((2, 4), dtype=int), keep)
    with pytest.raises(ValueError, match="no token is kept"):
        seq2seq.masked_cross_entropy(logits, targets, np.zeros((2, 3), dtype=bool))


def test_kernel_regression_goes_from_the_nearest_value_to_the_mean():
    xs, ys = np.array([0.0, 1.0, 2.5]), np.array([3.0, -1.0, 4.0])
    assert seq2seq.kernel_regression(0.9, xs, ys, 1e-2) == pytest.approx(-1)
    assert seq2seq.kernel_regression(0.9, xs, ys, 1e4) == pytest.approx(ys.mean(), abs=1e-6)
    for width in (0, -1.0):
        with pytest.raises(ValueError, match="a width is above 0"):
            seq2seq.kernel_regression(0.9, xs, ys, width)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(0, 9))
def test_attention_with_keys_left_out_is_attention_without_them(T, n, d, seed):
    rng = np.random.default_rng(seed)
    q, K, V = rng.normal(size=(2, T, d)), rng.normal(size=(2, n, d)), rng.normal(size=(2, n, 3))
    keep = rng.random((2, n)) < 0.5
    keep[:, rng.integers(n)] = True
    y, weights = seq2seq.attention_pool(q, K, V, keep)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(a) for a in (q, K, V)), attn_mask=torch.tensor(keep[:, None]), scale=1.0
    )
    np.testing.assert_allclose(y, theirs, atol=TOLERANCE)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=TOLERANCE)
    alone, few = seq2seq.attention_pool(q[0, 0], K[0], V[0], keep[0])
    np.testing.assert_allclose(alone, y[0, 0], atol=TOLERANCE)
    np.testing.assert_allclose(few, weights[0, 0], atol=TOLERANCE)
    left = keep[0]
    without, _ = seq2seq.attention_pool(q[0], K[0, left], V[0, left])
    np.testing.assert_allclose(without, y[0], atol=TOLERANCE)


def setting(attention: bool, seeds: tuple[int, ...] = (), V: int = 5, M: int = 4):
    rng = np.random.default_rng(SEED)
    p = seq2seq.new_seq2seq(V, M, rng, attention, seeds)
    p = {name: w + 0.2 * rng.normal(size=w.shape) for name, w in p.items()}
    lengths = rng.integers(1, 5, size=(*seeds, 3))
    return p, seq2seq.reversal_batch(lengths, 4, V, rng)


def loss_of(p, batch):
    source, keep, targets, counted = batch
    given = seq2seq.shift(targets, p["b_y"].shape[-1] - 1)
    logits, cache = seq2seq.seq2seq(source, keep, given, p)
    return seq2seq.masked_cross_entropy(logits, targets, counted), logits, cache


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("seeds", [(), (2,)])
def test_gradients_by_every_parameter_equal_differences(attention, seeds):
    p, batch = setting(attention, seeds)
    _, logits, cache = loss_of(p, batch)
    d_logits = seq2seq.masked_cross_entropy_backward(logits, *batch[2:])
    grads = seq2seq.seq2seq_backward(d_logits, cache, p)
    assert grads.keys() == p.keys()
    for name, w in p.items():
        measured = numerical_gradient(
            lambda a, name=name: np.sum(loss_of({**p, name: a}, batch)[0]), w
        )
        assert relative_error(grads[name], measured) < BY_DIFFERENCES, name


@pytest.mark.parametrize("attention", [False, True])
def test_networks_side_by_side_do_not_meet(attention):
    p, batch = setting(attention, seeds=(2,))
    both, logits, _ = loss_of(p, batch)
    assert both.shape == (2,)
    for k in range(2):
        one, alone, _ = loss_of({name: w[k] for name, w in p.items()}, [a[k] for a in batch])
        np.testing.assert_allclose(alone, logits[k], atol=TOLERANCE)
        assert one == pytest.approx(both[k], abs=TOLERANCE)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.integers(1, 4), st.integers(1, 6), st.integers(2, 6), st.integers(2, 5), st.integers(0, 9)
)
def test_the_network_equals_pytorchs(B, T, V, M, seed):
    rng = np.random.default_rng(seed)
    p = seq2seq.new_seq2seq(V, M, rng, attention=True, seeds=())
    p = {name: w + 0.2 * rng.normal(size=w.shape) for name, w in p.items()}
    batch = seq2seq.reversal_batch(rng.integers(1, T + 1, size=B), T, V, rng)
    source, keep, targets, counted = batch
    loss, logits, cache = loss_of(p, batch)
    model = Seq2Seq(V, M).double()
    model.load_state_dict({name: torch.tensor(w) for name, w in torch_names(p).items()})
    arrays = (source, keep, seq2seq.shift(targets, V - 1))
    theirs = model(*(torch.tensor(a) for a in arrays))
    np.testing.assert_allclose(logits, theirs.detach(), atol=1e-10)
    wanted = torch.tensor(np.where(counted, targets, -100)).flatten()
    their_loss = torch.nn.functional.cross_entropy(theirs.flatten(0, 1), wanted)
    assert loss == pytest.approx(their_loss.item(), abs=1e-10)
    their_loss.backward()
    d_logits = seq2seq.masked_cross_entropy_backward(logits, targets, counted)
    grads = torch_names(seq2seq.seq2seq_backward(d_logits, cache, p))
    for name, parameter in model.named_parameters():
        ours, part = grads[name], slice(None)
        if "bias_hh" in name:
            part = slice(2 * M, None)  # the rest repeats the first bias
        np.testing.assert_allclose(ours[part], parameter.grad[part], atol=1e-10, err_msg=name)


@pytest.mark.parametrize("attention", [False, True])
def test_padding_changes_nothing(attention):
    p, (source, keep, targets, _) = setting(attention)
    given = seq2seq.shift(targets, 4)
    logits, _ = seq2seq.seq2seq(source, keep, given, p)
    other = np.where(keep, source, 0)
    wider = np.concatenate([other, np.full((3, 2), 1)], axis=-1)
    hidden = np.concatenate([keep, np.full((3, 2), False)], axis=-1)
    np.testing.assert_allclose(seq2seq.seq2seq(wider, hidden, given, p)[0], logits, atol=TOLERANCE)


def test_a_reversal_batch_is_reversed_up_to_the_mark():
    rng = np.random.default_rng(SEED)
    lengths = rng.integers(1, 7, size=(2, 40))
    source, keep, targets, counted = seq2seq.reversal_batch(lengths, 6, 9, rng)
    assert source.shape == keep.shape == (2, 40, 6)
    assert targets.shape == counted.shape == (2, 40, 7)
    assert set(source[keep].tolist()) == set(range(8))
    for place in np.ndindex(lengths.shape):
        n = lengths[place]
        assert keep[place].tolist() == [True] * n + [False] * (6 - n)
        assert counted[place].tolist() == [True] * (n + 1) + [False] * (6 - n)
        assert targets[place][:n].tolist() == source[place][:n][::-1].tolist()
        assert set(targets[place][n:].tolist()) == {8}
        assert set(source[place][n:].tolist()) <= {8}


@pytest.mark.parametrize("attention", [False, True])
def test_what_is_written_freely_is_what_the_decoder_says_of_it(attention):
    p, (source, keep, _, _) = setting(attention)
    written = seq2seq.translate(source, keep, 6, p)
    logits, _ = seq2seq.seq2seq(source, keep, seq2seq.shift(written, 4), p)
    np.testing.assert_array_equal(written, logits.argmax(axis=-1))
    H, encoded = seq2seq.encode(source, keep, p)
    state = np.take_along_axis(H, encoded["last"], axis=-2)[..., 0, :]
    np.testing.assert_array_equal(seq2seq.translate(source, keep, 6, p, state), written)
    assert not np.array_equal(seq2seq.translate(source, keep, 6, p, -3 * state), written)


def test_the_encoder_is_chapter_13s_gru_on_one_hot_rows():
    p, (source, keep, _, _) = setting(attention=False)
    H, encoded = seq2seq.encode(source, keep, p)
    cell = {name: p[f"encoder.{name}"] for name in ("W_x", "W_h", "b", "b_n")}
    theirs, _ = recurrent.gru(np.eye(5)[source], np.zeros((3, 4)), cell)
    np.testing.assert_array_equal(H, theirs)
    assert encoded["last"].ravel().tolist() == (keep.sum(axis=1) - 1).tolist()


def test_new_networks_start_with_the_promised_spreads():
    rng = np.random.default_rng(SEED)
    p = seq2seq.new_seq2seq(9, 64, rng, attention=True, seeds=(4,))
    for name in ("W_s", "W_c", "W_a"):
        assert p[name].std() == pytest.approx(1 / 8, rel=0.05)
    for cell in ("encoder", "decoder"):
        z = recurrent.parts(p[f"{cell}.b"], 3)[1]
        assert np.array_equal(z, np.ones_like(z))
    assert "W_a" not in seq2seq.new_seq2seq(9, 4, rng, attention=False, seeds=(2,))


@pytest.mark.parametrize("attention", [False, True])
def test_training_lowers_the_loss_and_changes_the_parameters_in_place(attention):
    rng = np.random.default_rng(SEED)
    p = seq2seq.new_seq2seq(4, 8, rng, attention, seeds=(2,))
    W = p["W_s"]
    losses = seq2seq.train_reversal(p, 120, 3, rng, B=16, lr=0.03)
    assert losses.shape == (120, 2)
    assert p["W_s"] is W
    assert losses[:5].mean() > np.log(4) * 0.9
    assert losses[-5:].mean() < 0.4
