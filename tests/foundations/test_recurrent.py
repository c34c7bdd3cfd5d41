"""What `foundations.recurrent` promises beyond its equations: errors, edges, PyTorch's word."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foundations import recurrent
from foundations.backpropagation import numerical_gradient, relative_error
from foundations.optimisers import SGD

SEED = 42
KINDS = ["RNN", "LSTM", "GRU"]


def random_cell(kind: str, D: int, M: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        name: rng.normal(size=w.shape) for name, w in recurrent.new_cell(kind, D, M, rng).items()
    }


def to_torch(kind: str, p: dict[str, np.ndarray]) -> torch.nn.Module:
    D, M = p["W_x"].shape[0], p["W_h"].shape[0]
    cell = getattr(torch.nn, kind)(D, M, batch_first=True, dtype=torch.float64)
    second = np.zeros_like(p["b"])
    if kind == "GRU":
        second[2 * M :] = p["b_n"]
    arrays = p["W_x"].T, p["W_h"].T, p["b"], second
    with torch.no_grad():
        for parameter, array in zip(cell.parameters(), arrays, strict=True):
            parameter.copy_(torch.tensor(array))
    return cell


@given(
    kind=st.sampled_from(KINDS),
    B=st.integers(1, 4),
    T=st.integers(1, 7),
    D=st.integers(1, 5),
    M=st.integers(1, 6),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_cell_equals_pytorchs_forward_and_backward(kind, B, T, D, M, seed):
    rng = np.random.default_rng(seed)
    p, X, d_H = random_cell(kind, D, M, rng), rng.normal(size=(B, T, D)), rng.normal(size=(B, T, M))
    h0, c0 = rng.normal(size=(2, B, M))
    start = (h0, c0) if kind == "LSTM" else h0
    H, cache = getattr(recurrent, kind.lower())(X, start, p)
    d_X, d_start, grads = recurrent.BACKWARD[kind](d_H, cache, p)

    cell = to_torch(kind, p)
    x, h, c = (torch.tensor(a, requires_grad=True) for a in (X, h0[None], c0[None]))
    theirs, _ = cell(x, (h, c) if kind == "LSTM" else h)
    theirs.backward(torch.tensor(d_H))
    pairs = [(H, theirs.detach()), (d_X, x.grad), (grads["W_x"].T, cell.weight_ih_l0.grad)]
    pairs += [(grads["W_h"].T, cell.weight_hh_l0.grad), (grads["b"], cell.bias_ih_l0.grad)]
    if kind == "LSTM":
        pairs += [(d_start[0], h.grad[0]), (d_start[1], c.grad[0])]
    else:
        pairs += [(d_start, h.grad[0])]
    if kind == "GRU":
        pairs += [(grads["b_n"], cell.bias_hh_l0.grad[2 * M :])]
    for ours, their in pairs:
        np.testing.assert_allclose(ours, their.numpy(), rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_networks_on_a_leading_axis_do_not_know_of_each_other(kind):
    rng = np.random.default_rng(SEED)
    p = recurrent.new_cell(kind, 4, 3, rng, keep=1.0, seeds=(5,))
    X, d_H = rng.normal(size=(5, 2, 6, 4)), rng.normal(size=(5, 2, 6, 3))
    H, cache = recurrent.run_cell(kind, X, p)
    d_X, _, grads = recurrent.BACKWARD[kind](d_H, cache, p)
    for s in range(5):
        one = {name: w[s, 0] if name.startswith("b") else w[s] for name, w in p.items()}
        H_one, kept = recurrent.run_cell(kind, X[s], one)
        np.testing.assert_allclose(H[s], H_one, atol=1e-13)
        d_X_one, _, grads_one = recurrent.BACKWARD[kind](d_H[s], kept, one)
        np.testing.assert_allclose(d_X[s], d_X_one, atol=1e-12)
        for name, g in grads_one.items():
            assert grads[name].shape == p[name].shape
            np.testing.assert_allclose(grads[name][s].reshape(g.shape), g, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind):
    rng = np.random.default_rng(SEED)
    p = {name: w.astype(np.float32) for name, w in recurrent.new_cell(kind, 4, 3, rng).items()}
    X, h = rng.normal(size=(2, 5, 4)).astype(np.float32), np.zeros((2, 3), np.float32)
    H, cache = getattr(recurrent, kind.lower())(X, (h, h) if kind == "LSTM" else h, p)
    d_X, _, grads = recurrent.BACKWARD[kind](np.ones_like(H), cache, p)
    assert {a.dtype for a in (H, d_X, *grads.values())} == {np.dtype(np.float32)}


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_that_do_not_fit_are_named(kind):
    rng = np.random.default_rng(SEED)
    p, X = recurrent.new_cell(kind, 4, 3, rng), np.zeros((2, 5, 4))
    k = recurrent.GATES[kind]
    run = getattr(recurrent, kind.lower())

    def start(h):
        return (h, h) if kind == "LSTM" else h

    right = start(np.zeros((2, 3)))
    name = kind.lower()
    with pytest.raises(ValueError, match=rf"{name}: X \(2, 5, 3\) .* are not \(B, T, 4\)"):
        run(X[..., :3], right, p)
    with pytest.raises(ValueError, match=rf"{name}: X \(5, 4\)"):
        run(X[0], start(np.zeros(3)), p)
    with pytest.raises(ValueError, match=rf"{name}: X \(2, 0, 4\) has no step"):
        run(X[:, :0], right, p)
    with pytest.raises(ValueError, match=r"the state \(1, 3\) are not .* and \(B, 3\)"):
        run(X, start(np.zeros((1, 3))), p)
    with pytest.raises(ValueError, match=rf"{name}: W_x \({3 * k}, 4\) .* transposed"):
        run(X, right, {**p, "W_x": p["W_x"].T})
    with pytest.raises(ValueError, match=rf"are not \(D, {k}M\) and \(M, {k}M\)"):
        run(X, right, {**p, "W_h": p["W_h"][:, :-1]})


def test_one_unit_finds_the_numbers_of_the_page():
    states = recurrent.rnn_scalar([0.0, 1.0, 0.0], 0.0, 1.0, 0.5, 0.2)
    np.testing.assert_allclose(states, [0.1974, 0.8614, 0.5585], atol=5e-5)
    assert recurrent.rnn_scalar([], 0.0, 1.0, 0.5, 0.2) == []


def test_clipping_leaves_short_gradients_and_zeros_alone_and_refuses_nan():
    grads = {"a": np.array([0.3, 0.4]), "b": np.zeros(2)}
    clipped, norm = recurrent.clip_by_norm(grads, 1.0)
    assert norm == 0.5
    np.testing.assert_array_equal(clipped["a"], grads["a"])
    assert recurrent.clip_by_norm({"b": np.zeros(2)}, 1.0) == ({"b": pytest.approx(np.zeros(2))}, 0)
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=f"norm is {bad}"):
            recurrent.clip_by_norm({"a": np.array([1.0, bad])}, 1.0)


def test_clipping_agrees_with_pytorch():
    rng = np.random.default_rng(SEED)
    grads = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=7)}
    weights = [
        torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads.values()
    ]
    for weight, g in zip(weights, grads.values(), strict=True):
        weight.grad = torch.tensor(g)
    clipped, norm = recurrent.clip_by_norm(grads, 2.0)
    theirs = torch.nn.utils.clip_grad_norm_(weights, 2.0)
    assert norm == pytest.approx(theirs.item())
    for weight, g in zip(weights, clipped.values(), strict=True):
        np.testing.assert_allclose(
            g, weight.grad.numpy(), rtol=1e-6
        )  # theirs adds 1e-6 to the norm


def test_clipping_by_value_moves_each_entry_by_itself():
    clipped = recurrent.clip_by_value({"a": np.array([-3.0, 0.4, 2.0])}, 1.0)
    np.testing.assert_array_equal(clipped["a"], [-1, 0.4, 1])


def test_each_of_many_networks_is_clipped_by_its_own_norm():
    rng = np.random.default_rng(SEED)
    grads = {"W": 10.0 ** np.arange(-1, 2)[:, None, None] * rng.normal(size=(3, 2, 4))}
    grads["b"] = rng.normal(size=(3, 1, 4))
    clipped = recurrent.clip_each(grads, 2.5)
    for s in range(3):
        alone, _ = recurrent.clip_by_norm({name: g[s] for name, g in grads.items()}, 2.5)
        for name in grads:
            np.testing.assert_allclose(clipped[name][s], alone[name], rtol=1e-12)


def test_orthogonal_matrices_keep_lengths_and_point_anywhere():
    Q = recurrent.orthogonal((4_000, 3, 3), np.random.default_rng(SEED))
    np.testing.assert_allclose(Q @ Q.mT, np.broadcast_to(np.eye(3), Q.shape), atol=1e-12)
    # Each entry has mean 0 and variance 1/3; the means of 4,000 have a spread of 0.009.
    assert np.abs(Q.mean(axis=0)).max() < 0.04
    np.testing.assert_allclose((Q**2).mean(axis=0), 1 / 3, atol=0.03)


def test_new_cells_start_as_they_say():
    rng = np.random.default_rng(SEED)
    lstm = recurrent.new_cell("LSTM", 50, 8, rng, keep=3.0)
    np.testing.assert_array_equal(lstm["b"], np.repeat([0.0, 3.0, 0.0, 0.0], 8))
    assert lstm["W_x"].std() * 50**0.5 == pytest.approx(1, abs=0.1)
    for W in recurrent.parts(lstm["W_h"], 4):
        np.testing.assert_allclose(W @ W.T, np.eye(8), atol=1e-12)
    gru = recurrent.new_cell("GRU", 2, 8, rng, keep=2.0, seeds=(6,))
    np.testing.assert_array_equal(gru["b"][5, 0], np.repeat([0.0, 2.0, 0.0], 8))
    assert gru["b_n"].shape == (6, 1, 8)
    rnn = recurrent.new_cell("RNN", 2, 8, rng, keep=2.0)
    assert not rnn["b"].any()
    assert rnn["W_x"].shape == (2, 8)


def test_a_batch_of_the_task_begins_with_a_symbol_and_goes_on_with_others():
    X, y = recurrent.recall_batch((3, 50), 7, np.random.default_rng(SEED))
    ids = X.argmax(axis=-1)
    assert X.shape == (3, 50, 8, 4)
    np.testing.assert_array_equal(X.sum(axis=-1), 1)
    np.testing.assert_array_equal(ids[..., 0], y)
    assert set(np.unique(y)) == {0, 1}
    assert set(np.unique(ids[..., 1:])) == {2, 3}


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_learns_to_remember_over_three_steps(kind):
    rng = np.random.default_rng(SEED)
    cell = recurrent.new_cell(kind, 4, 8, rng, keep=1.0, seeds=(4,))
    before = {name: w.copy() for name, w in cell.items()}
    right, losses = recurrent.train_recall(kind, cell, 3, rng, steps=120)
    assert (right > 0.95).all()
    assert losses.shape == (120, 4)
    assert losses[0] == pytest.approx(np.log(2), abs=0.5)
    assert losses[-1].max() < 0.4
    for name, w in cell.items():
        np.testing.assert_array_equal(w, before[name])


@pytest.mark.parametrize("kind", KINDS)
def test_training_descends_the_mean_loss_of_a_step(kind):
    def first_step(name, value):
        seen = []
        rng = np.random.default_rng(SEED)
        _, losses = recurrent.train_recall(
            kind, {**cell, name: value}, 3, rng, steps=1, limit=lambda g: seen.append(g) or g
        )
        return losses[0].sum(), seen[0][name]

    rng = np.random.default_rng(SEED)
    cell = recurrent.new_cell(kind, 4, 2, rng, keep=1.0, seeds=(2,))
    for name, w in cell.items():
        measured = numerical_gradient(lambda v, n=name: first_step(n, v)[0], w)
        assert relative_error(first_step(name, w)[1], measured) < 1e-8


def test_a_training_ends_in_shares_of_200_sequences():
    rng = np.random.default_rng(SEED)
    cell = recurrent.new_cell("RNN", 4, 2, rng, seeds=(5,))
    right, _ = recurrent.train_recall("RNN", cell, 3, rng, steps=1)
    np.testing.assert_allclose(right * 200, np.round(right * 200))
    assert 0 < right.min() < right.max() < 1  # 0 and 1 are shares of any number


def test_training_takes_an_optimiser_and_a_limit_on_the_gradients():
    rng = np.random.default_rng(SEED)
    cell = recurrent.new_cell("RNN", 4, 8, rng, seeds=(2,))
    seen = []

    def stop(grads):
        seen.append(sorted(grads))
        return {name: 0 * g for name, g in grads.items()}

    _, losses = recurrent.train_recall("RNN", cell, 3, rng, SGD, 1.0, 5, limit=stop)
    assert seen == [["W_h", "W_x", "W_y", "b", "b_y"]] * 5
    assert losses[-1] == pytest.approx(losses[0], abs=0.5)  # fresh sequences, no learning
