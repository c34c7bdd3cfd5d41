"""What chapter 15's module promises beyond its equations: types, edges, errors, PyTorch's word."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import attention

SEED = 42
TOLERANCE = 1e-12
sdpa = torch.nn.functional.scaled_dot_product_attention


def some_rows(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    batch=st.lists(st.integers(1, 3), max_size=2),
    T_q=st.integers(1, 6),
    T_k=st.integers(1, 6),
    d=st.integers(1, 9),
    d_v=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_attention_is_pytorchs_for_random_shapes_and_masks(batch, T_q, T_k, d, d_v, seed):
    rng = np.random.default_rng(seed)
    Q = rng.normal(size=(*batch, T_q, d))
    K, V = rng.normal(size=(*batch, T_k, d)), rng.normal(size=(*batch, T_k, d_v))
    mask = rng.random((*batch, T_q, T_k)) < 0.7  # some rows may look at nothing
    for given_mask in (None, mask, mask[..., :1, :]):
        theirs = sdpa(
            *map(torch.tensor, (Q, K, V)),
            attn_mask=None if given_mask is None else torch.tensor(given_mask),
        )
        out, weights = attention.attention(Q, K, V, given_mask)
        np.testing.assert_allclose(out, theirs, atol=TOLERANCE)
        seen = np.ones((*batch, T_q, T_k)) if given_mask is None else given_mask
        sums = np.broadcast_to(seen, weights.shape).any(axis=-1)
        np.testing.assert_allclose(weights.sum(axis=-1), sums, atol=TOLERANCE)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(T=st.integers(1, 8), t=st.integers(0, 7), seed=st.integers(0, 2**32 - 1))
def test_no_future_token_moves_an_earlier_output_by_a_single_bit(T, t, seed):
    rng = np.random.default_rng(seed)
    X, (W_q, W_k, W_v) = rng.normal(size=(T, 5)), rng.normal(size=(3, 5, 4))
    changed = X.copy()
    changed[min(t, T - 1) :] = rng.normal(size=5)
    mask = attention.causal_mask(T)
    before, after = (attention.attention(x @ W_q, x @ W_k, x @ W_v, mask)[0] for x in (X, changed))
    np.testing.assert_array_equal(before[: min(t, T - 1)], after[: min(t, T - 1)])


def test_outputs_lie_between_the_smallest_and_the_largest_value_of_each_column():
    Q, K, V = 3 * some_rows(3, 8, 6)
    out, _ = attention.attention(Q, K, V)
    assert np.all(out <= V.max(axis=0) + TOLERANCE)
    assert np.all(out >= V.min(axis=0) - TOLERANCE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_type(dtype):
    Q, K, V = some_rows(3, 2, 4, 6).astype(dtype)
    mask = attention.causal_mask(4) & attention.padding_mask(np.array([0, 3]), 4)
    for out, weights in (
        attention.plain_attention(Q, K, V),
        attention.attention(Q, K, V),
        attention.attention(Q, K, V, mask),
    ):
        assert out.dtype == weights.dtype == dtype
        assert attention.softmax_jacobian(weights).dtype == dtype
        assert attention.softmax_backward(out @ V.swapaxes(1, 2), weights).dtype == dtype


def test_rows_that_may_look_at_nothing_give_zeros_without_a_warning():
    mask = np.array([[True, False], [False, False]])
    Q, K, V = some_rows(3, 2, 4)
    out, weights = attention.attention(Q, K, V, mask)
    np.testing.assert_array_equal(weights, [[1, 0], [0, 0]])
    np.testing.assert_array_equal(out, [V[0], [0, 0, 0, 0]])
    nothing = np.full((2, 3), -np.inf)
    np.testing.assert_array_equal(attention.masked_softmax(nothing), np.zeros((2, 3)))


def test_masked_softmax_takes_huge_scores_and_hidden_nan():
    scores = np.array([[1e4, 1e4, np.nan], [-1e4, -1e4 + 1, np.inf]])
    got = attention.masked_softmax(scores, np.array([True, True, False]))
    half = 1 / (1 + np.e)
    np.testing.assert_allclose(got, [[0.5, 0.5, 0], [half, 1 - half, 0]], atol=TOLERANCE)


def test_masked_softmax_leaves_its_arguments_alone():
    scores, mask = some_rows(3, 4), some_rows(2, 3, 4)[1] > 0
    kept = scores.copy(), mask.copy()
    attention.masked_softmax(scores, mask)
    np.testing.assert_array_equal(scores, kept[0])
    np.testing.assert_array_equal(mask, kept[1])


def test_masks_that_are_no_masks_are_refused():
    scores = np.zeros((2, 3, 4))
    with pytest.raises(ValueError, match="a mask is boolean, not float64"):
        attention.masked_softmax(scores, np.zeros((3, 4)))
    with pytest.raises(ValueError, match="a mask is boolean, not int"):
        attention.masked_softmax(scores, [1, 0, 1, 1])
    for shape in ((2, 3), (2, 4), (3, 3, 4), (1, 2, 3, 4), (3,)):
        with pytest.raises(ValueError, match=r"does not fit scores \(2, 3, 4\)"):
            attention.masked_softmax(scores, np.ones(shape, dtype=bool))
    for shape in ((), (1,), (4,), (3, 1), (1, 4), (2, 1, 4), (1, 3, 4), (2, 3, 4)):
        got = attention.masked_softmax(scores, np.ones(shape, dtype=bool))
        np.testing.assert_allclose(got, np.full((2, 3, 4), 0.25))


def test_shapes_that_do_not_fit_are_refused_by_name():
    x = some_rows(5, 8)
    with pytest.raises(ValueError, match="queries have width 8 and keys 6; both come from X @ W"):
        attention.attention(x, x[:, :6], x)
    with pytest.raises(ValueError, match="5 keys and 4 values"):
        attention.attention(x, x, x[:4])


def test_one_query_alone_is_a_row_of_many():
    Q, K, V = some_rows(3, 5, 4)
    out, weights = attention.attention(Q[2], K, V, np.array([True, True, False, True, True]))
    assert out.shape == (4,) and weights.shape == (5,)
    rows, _ = attention.attention(Q, K, V, np.array([True, True, False, True, True]))
    np.testing.assert_allclose(out, rows[2], atol=TOLERANCE)


@pytest.mark.parametrize("T", [1, 2, 5])
def test_the_causal_mask_hides_what_comes_after(T):
    mask = attention.causal_mask(T)
    assert mask.dtype == bool and mask.shape == (T, T)
    for i, j in np.ndindex(T, T):
        assert mask[i, j] == (j <= i)


def test_the_padding_mask_shows_the_first_keys_to_all_queries_and_heads():
    mask = attention.padding_mask(np.array([0, 2, 3]), 3)
    np.testing.assert_array_equal(mask[:, 0], [[0, 0, 0], [1, 1, 0], [1, 1, 1]])
    assert mask.dtype == bool and mask.shape == (3, 1, 3)
    assert attention.padding_mask([[1], [2]], 4).shape == (2, 1, 1, 4)
    assert attention.padding_mask(2, 4).shape == (1, 4)
    for lengths in ([-1, 2], [2, 4]):
        with pytest.raises(ValueError, match=r"lengths go from 0 to T = 3"):
            attention.padding_mask(lengths, 3)


def test_padding_keys_change_nothing_whatever_they_hold():
    X, (W_q, W_k, W_v) = some_rows(2, 5, 6), some_rows(3, 6, 4)
    other = X.copy()
    other[0, 3:] = 1e6
    mask = attention.padding_mask([3, 5], 5) & attention.causal_mask(5)
    ours, theirs = (attention.attention(x @ W_q, x @ W_k, x @ W_v, mask)[0] for x in (X, other))
    np.testing.assert_array_equal(ours[0, :3], theirs[0, :3])
    np.testing.assert_array_equal(ours[1], theirs[1])
    alone, _ = attention.attention(
        *(X[0, :3] @ W for W in (W_q, W_k, W_v)), attention.causal_mask(3)
    )
    np.testing.assert_allclose(ours[0, :3], alone, atol=TOLERANCE)


def test_pytorchs_is_causal_is_our_causal_mask():
    Q, K, V = some_rows(3, 2, 6, 4)
    theirs = sdpa(*map(torch.tensor, (Q, K, V)), is_causal=True)
    out, _ = attention.attention(Q, K, V, attention.causal_mask(6))
    np.testing.assert_allclose(out, theirs, atol=TOLERANCE)


def test_the_gradient_by_scores_flows_as_pytorchs_does():
    Q, K, V = some_rows(3, 5, 4)
    scores = torch.tensor(Q @ K.T / 2, requires_grad=True)
    mask = attention.causal_mask(5)
    hidden = scores.masked_fill(~torch.tensor(mask), -torch.inf)
    (torch.softmax(hidden, -1) @ torch.tensor(V)).sin().sum().backward()
    out, weights = attention.attention(Q, K, V, mask)
    got = attention.softmax_backward(np.cos(out) @ V.T, weights)
    np.testing.assert_allclose(got, scores.grad, atol=TOLERANCE)
