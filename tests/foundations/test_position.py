"""What `foundations.position` promises beyond its equations: errors, types, PyTorch's word."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import position
from foundations.attention import attention, causal_mask, masked_softmax
from foundations.toy import IDS, E, W_k, W_q, W_v

SEED = 42
sizes = st.integers(1, 5)
random_cases = settings(max_examples=20, deadline=None, derandomize=True)


def some(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


def torch_rope(X: torch.Tensor, places: torch.Tensor, base: float) -> torch.Tensor:
    """RoPE by complex numbers, written without ours."""
    d = X.shape[-1]
    omega = base ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    angles = torch.outer(places.to(torch.float64), omega)
    turns = torch.polar(torch.ones_like(angles), angles)
    return torch.view_as_real(torch.view_as_complex(X.unflatten(-1, (-1, 2))) * turns).flatten(-2)


@given(B=sizes, H=sizes, T=sizes, half=sizes, start=st.integers(0, 300))
@random_cases
def test_rope_and_its_gradient_agree_with_complex_numbers_in_pytorch(B, H, T, half, start):
    X, d_Y = some(2, B, H, T, 2 * half)
    places = start + np.arange(T)
    x = torch.tensor(X, requires_grad=True)
    y = torch_rope(x, torch.tensor(places), 10_000.0)
    y.backward(torch.tensor(d_Y))
    np.testing.assert_allclose(position.rope(X, places), y.detach(), atol=1e-11)
    np.testing.assert_allclose(position.rope(d_Y, -places), x.grad, atol=1e-11)
    order = position.halves_order(2 * half)
    halves = position.rope_halves(X[..., order], places)
    np.testing.assert_allclose(halves, y.detach()[..., order], atol=1e-11)


@given(H=sizes, half=sizes, T=sizes)
@random_cases
def test_converted_columns_give_the_same_weights_in_the_other_pairing(H, half, T):
    d, D = 2 * half, 2 * half * H
    X = some(T, D)
    W_q, W_k = np.random.default_rng(7).normal(size=(2, D, D))

    def heads(Z):
        return Z.reshape(T, H, d).swapaxes(0, 1)

    def scores(turn, W_q, W_k):
        q, k = (turn(heads(X @ W), np.arange(T)) for W in (W_q, W_k))
        return q @ np.swapaxes(k, -1, -2)

    right = scores(position.rope, W_q, W_k)
    converted = [position.columns_to_halves(W, H) for W in (W_q, W_k)]
    np.testing.assert_allclose(scores(position.rope_halves, *converted), right, atol=1e-9)
    bias = np.arange(D)  # a bias is reordered in the same way
    assert sorted(position.columns_to_halves(bias, H)) == list(bias)
    for h in range(H):
        inside = position.columns_to_halves(bias, H)[h * d : (h + 1) * d]
        assert set(inside) == set(range(h * d, (h + 1) * d))


@given(H=st.sampled_from([1, 2, 4, 8]), T=st.integers(1, 9), d=sizes)
@random_cases
def test_alibi_is_an_additive_mask_of_pytorchs_attention(H, T, d):
    q, k, v = some(3, 2, H, T, d)
    bias = np.where(causal_mask(T), position.alibi(H, T), -np.inf)
    theirs = F.scaled_dot_product_attention(*map(torch.tensor, (q, k, v, bias)))
    raw = q @ np.swapaxes(k, -1, -2) / np.sqrt(d) + position.alibi(H, T)
    np.testing.assert_allclose(masked_softmax(raw, causal_mask(T)) @ v, theirs, atol=1e-12)


@given(B=sizes, T=sizes, D=sizes, more=st.integers(0, 3))
@random_cases
def test_the_table_is_an_embedding_of_places(B, T, D, more):
    X, d_Y = some(2, B, T, D)
    table = torch.nn.Embedding(T + more, D, dtype=torch.float64)
    y = torch.tensor(X) + table(torch.arange(T))
    y.backward(torch.tensor(d_Y))
    ours = position.learned(X, table.weight.detach().numpy())
    np.testing.assert_allclose(ours, y.detach(), atol=1e-14)
    d_P = position.learned_backward(d_Y, T + more)
    np.testing.assert_allclose(d_P, table.weight.grad, atol=1e-13)


def test_the_table_ends():
    with pytest.raises(IndexError):
        position.learned(np.zeros((1, 4, 2)), np.zeros((3, 2)))
    with pytest.raises(IndexError):
        position.learned_backward(np.zeros((1, 4, 2)), 3)


def test_an_odd_width_is_refused():
    with pytest.raises(ValueError, match="the width makes pairs, so 5 must be even"):
        position.sinusoids(3, 5)
    for turn in (position.rope, position.rope_halves):
        with pytest.raises(ValueError, match="5 must be even"):
            turn(np.zeros((3, 5)), np.arange(3))


@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
def test_positions_that_do_not_fit_are_refused(turn):
    # As where somebody forgets to exchange the axes of (B, T, H, d).
    with pytest.raises(ValueError, match=r"rope: 7 positions for 2 rows.*\(1, 7, 2, 4\)"):
        turn(np.zeros((1, 7, 2, 4)), np.arange(7))


@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_types_are_kept_and_angles_do_not_suffer(turn, kind):
    X, places = some(3, 32), np.array([5, 1_000, 60_000])
    Y = turn(X.astype(kind), places)
    assert Y.dtype == kind
    np.testing.assert_allclose(Y, turn(X, places), atol=8 * np.finfo(kind).eps)


def test_whole_numbers_become_floats():
    Y = position.rope(np.array([[1, 0]]), np.array([1]))
    np.testing.assert_allclose(Y, [[np.cos(1), np.sin(1)]])
    assert position.learned_backward(np.zeros((1, 2, 3), dtype=np.float32), 4).dtype == np.float32


@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
def test_rope_keeps_lengths_leaves_place_0_and_its_argument(turn):
    X = some(2, 6, 8)
    before = X.copy()
    Y = turn(X, np.arange(6))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(Y[:, 0], X[:, 0], atol=0)
    np.testing.assert_allclose(np.linalg.norm(Y, axis=-1), np.linalg.norm(X, axis=-1), rtol=1e-12)


@pytest.mark.parametrize("turn", [position.rope, position.rope_halves])
def test_the_base_slows_all_but_the_first_pair(turn):
    X, places = some(4, 6), np.arange(4)
    near, far = turn(X, places), turn(X, places, base=500_000.0)
    assert not np.allclose(near, far)
    order = position.halves_order(6) if turn is position.rope_halves else np.arange(6)
    first = np.flatnonzero(order < 2)
    np.testing.assert_allclose(near[:, first], far[:, first])
    one = position.shift(3, 6, base=500_000.0)
    P = position.sinusoids(8, 6, base=500_000.0)
    np.testing.assert_allclose(P[2] @ one, P[5], atol=1e-12)


@pytest.mark.parametrize("H", [0, 3, 12, -4])
def test_a_number_of_heads_that_is_no_power_of_two_is_refused(H):
    with pytest.raises(ValueError, match=f"H is a power of two, not {H}"):
        position.alibi_slopes(H)


def test_sinusoids_have_the_length_root_half_the_width():
    P = position.sinusoids(50, 30)
    np.testing.assert_allclose((P**2).sum(axis=1), 15)


def test_the_two_the_of_the_toy_sentence_part():
    X = E[IDS]
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    out, _ = attention(Q, K, V)
    np.testing.assert_allclose(out[0], out[3])
    places = np.arange(5)
    turned, _ = attention(position.rope(Q, places), position.rope(K, places), V)
    placed = X + position.sinusoids(5, 4)
    summed, _ = attention(placed @ W_q, placed @ W_k, placed @ W_v)
    for parted in (turned, summed):
        assert np.abs(parted[0] - parted[3]).max() > 0.1
