"""The mathematics of chapter 9's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42
TOLERANCE = 1e-12

Dropout = load("dropout").Dropout
BatchNorm = load("batch_norm").BatchNorm
layer_norm, layer_norm_backward = (
    getattr(load("layer_norm"), name) for name in ("layer_norm", "layer_norm_backward")
)
EarlyStopping = load("early_stopping").EarlyStopping
two_moons, two_spirals = (
    getattr(load("moons_and_spirals"), name) for name in ("two_moons", "two_spirals")
)


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_scales_what_stays(p):
    layer = Dropout(p, rng())
    out = layer.forward(np.full((400, 500), 2.0), training=True)
    assert set(np.unique(out)) == {0.0, 2 / (1 - p)}
    # 200,000 masks: the spread of the mean is at most 2 · √(9 / 200,000) = 0.013.
    assert out.mean() == pytest.approx(2, abs=0.05)
    np.testing.assert_array_equal(layer.backward(np.full((400, 500), 2.0)), out)


def test_dropout_in_evaluation_and_of_nothing_is_the_identity():
    x = rng().normal(size=(3, 4))
    for layer, training in ((Dropout(0.5, rng()), False), (Dropout(0.0, rng()), True)):
        layer.forward(x, training=True)
        assert layer.forward(x, training) is x
        assert layer.backward(x) is x


def test_dropout_keeps_the_type_and_its_argument():
    x = np.ones((5, 5), dtype=np.float32)
    assert Dropout(0.3, rng()).forward(x, training=True).dtype == np.float32
    assert (x == 1).all()


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_dropout_refuses_what_is_no_probability_below_one(p):
    with pytest.raises(ValueError, match="Dropout: p is the probability of dropping"):
        Dropout(p, rng())


@pytest.mark.parametrize("momentum", [0.1, 0.5])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_agrees_with_pytorch_in_both_modes(momentum, eps):
    ours = BatchNorm(3, momentum=momentum, eps=eps)
    theirs = torch.nn.BatchNorm1d(3, momentum=momentum, eps=eps, dtype=torch.float64)
    ours.gamma, ours.beta = rng().normal(size=(2, 3))
    with torch.no_grad():
        theirs.weight[:], theirs.bias[:] = torch.tensor(ours.gamma), torch.tensor(ours.beta)
    for training in (True, True, False):
        theirs.train(training)
        x, d_y = rng().normal(2, 3, size=(2, 6, 3))
        torch_x = torch.tensor(x, requires_grad=True)
        theirs.zero_grad()
        torch_y = theirs(torch_x)
        torch_y.backward(torch.tensor(d_y))
        y = ours.forward(x, training)
        np.testing.assert_allclose(y, torch_y.detach().numpy(), atol=TOLERANCE)
        expected = torch_x.grad, theirs.weight.grad, theirs.bias.grad
        for our, their in zip(ours.backward(d_y), expected, strict=True):
            np.testing.assert_allclose(our, their.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(ours.running_mean, theirs.running_mean, atol=TOLERANCE)
    np.testing.assert_allclose(ours.running_var, theirs.running_var, atol=TOLERANCE)


def test_batch_norm_refuses_to_train_on_one_row():
    with pytest.raises(ValueError, match="BatchNorm: 1 row has no variance"):
        BatchNorm(2).forward(np.ones((1, 2)), training=True)


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 3, 4)])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_agrees_with_pytorch_forward_and_backward(shape, eps):
    random = rng()
    x, d_y = random.normal(1, 2, size=(2, *shape))
    gamma, beta = random.normal(size=(2, 4))
    theirs = [torch.tensor(part, requires_grad=True) for part in (x, gamma, beta)]
    torch_y = torch.nn.functional.layer_norm(theirs[0], (4,), *theirs[1:], eps)
    torch_y.backward(torch.tensor(d_y))
    y, cache = layer_norm(x, gamma, beta, eps)
    np.testing.assert_allclose(y, torch_y.detach().numpy(), atol=TOLERANCE)
    for our, their in zip(layer_norm_backward(d_y, cache), theirs, strict=True):
        np.testing.assert_allclose(our, their.grad.numpy(), atol=TOLERANCE)


def test_layer_norm_says_which_shapes_do_not_fit():
    for gamma, beta in ((np.ones(2), np.ones(2)), (np.ones(3), np.ones(2))):
        with pytest.raises(ValueError, match=r"the last axis of \(5, 3\) needs gamma and beta"):
            layer_norm(np.ones((5, 3)), gamma, beta)


def test_early_stopping_keeps_the_best_state_and_counts_in_a_row():
    stopper = EarlyStopping(patience=2)
    state = {"w": [0]}
    told = []
    for step, loss in enumerate([3.0, 2.0, 2.0, 1.0, 1.5, 1.2, 0.1]):
        state["w"][0] = step
        told.append(stopper.should_stop(loss, state))
    assert told[:6] == [False, False, False, False, False, True]
    stopper = EarlyStopping(patience=2)
    for step, loss in enumerate([3.0, 1.0, 1.5, 1.2]):
        state["w"][0] = step
        stopped = stopper.should_stop(loss, state)
    assert stopped
    assert (stopper.best_loss, stopper.best_check) == (1.0, 1)
    assert stopper.best_state == {"w": [1]}


def test_a_gain_that_is_too_small_is_none():
    stopper = EarlyStopping(patience=2, min_gain=0.5)
    assert [stopper.should_stop(loss) for loss in (3.0, 2.6, 2.55)] == [False, False, True]
    assert stopper.best_loss == 3


def test_early_stopping_says_what_makes_no_sense():
    with pytest.raises(ValueError, match="patience is at least 1, not 0"):
        EarlyStopping(patience=0)
    with pytest.raises(ValueError, match="the loss is not a number"):
        EarlyStopping(patience=1).should_stop(float("nan"))


def test_the_moons_are_half_circles_and_the_spirals_turn():
    x, y = two_moons(100, 0.0, rng())
    assert y.tolist() == [0, 1] * 50
    np.testing.assert_allclose(np.hypot(*x[y == 0].T), 1, atol=TOLERANCE)
    np.testing.assert_allclose(np.hypot(*(x[y == 1] - [1, 0.5]).T), 1, atol=TOLERANCE)
    for turns in (0.5, 1.5):
        x, y = two_spirals(100, 0.0, rng(), turns)
        radius = np.hypot(*x.T)
        assert 0.2 <= radius.min() < radius.max() <= 2
        angle = 2 * np.pi * turns * (radius - 0.2) / 1.8 + np.pi * y
        np.testing.assert_allclose(np.cos(angle), x[:, 0] / radius, atol=1e-9)
        np.testing.assert_allclose(np.sin(angle), x[:, 1] / radius, atol=1e-9)


@pytest.mark.parametrize("make", [two_moons, two_spirals])
def test_noise_is_a_standard_deviation(make):
    clean, _ = make(20_000, 0.0, rng())
    noisy, _ = make(20_000, 0.25, rng())
    assert (noisy - clean).std() == pytest.approx(0.25, rel=0.03)
