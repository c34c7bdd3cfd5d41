"""What `foundations.takeaways` promises: gradients by finite differences and PyTorch, training."""

import numpy as np
import pytest
import torch

from foundations import takeaways
from foundations.backpropagation import numerical_gradient
from foundations.forward import relu, sigmoid, tanh
from foundations.optimisers import SGD, Adam

SEED = 42
NAMES = ("W1", "b1", "W2", "b2")


def identity(z):
    return z


def tanh_slope(z):
    return 1 - np.tanh(z) ** 2


def some_runs(runs: int = 2, n: int = 7, width: int = 5):
    rng = np.random.default_rng(SEED)
    X = rng.normal(size=(runs, n, 2))
    y = (rng.random((runs, n, 1)) < 0.5).astype(float)
    params = takeaways.start(width, (1.0, 0.7), runs, rng)
    params[1] += rng.normal(size=params[1].shape)
    params[3] += rng.normal(size=params[3].shape)
    return X, y, params


def losses(X, y, params, hidden) -> np.ndarray:
    P = sigmoid(takeaways.logits(X, params, hidden))
    return -(y * np.log(P) + (1 - y) * np.log(1 - P)).mean(axis=(1, 2))


def test_a_matrix_that_changes_angles_is_refused():
    with pytest.raises(ValueError, match="turn_and_scale: rows"):
        takeaways.turn_and_scale(np.array([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="turn_and_scale: rows"):
        takeaways.turn_and_scale(np.array([[1.0, 0.5], [0.5, 1.0]]))


def test_the_notebooks_matrix_turns_clockwise_and_shrinks():
    degrees, r = takeaways.turn_and_scale(np.array([[0.7, -0.7], [0.7, 0.7]]))
    assert degrees == pytest.approx(-45, abs=1e-12)
    assert r == pytest.approx(0.98**0.5, rel=1e-12)


def test_networks_start_with_the_spread_asked_for_and_zero_biases():
    W1, b1, W2, b2 = takeaways.start(400, (0.5, 2.0), 30, np.random.default_rng(SEED))
    assert [p.shape for p in (W1, b1, W2, b2)] == [
        (30, 2, 400), (30, 1, 400), (30, 400, 1), (30, 1, 1),
    ]  # fmt: skip
    assert W1.std() == pytest.approx(0.5, rel=0.03)  # 24,000 draws: √(1/2n) is 0.5 %
    assert W2.std() == pytest.approx(2.0, rel=0.03)
    assert not b1.any() and not b2.any()


@pytest.mark.parametrize(
    ("hidden", "slope"),
    [(relu, takeaways.relu_slope), (tanh, tanh_slope), (identity, np.ones_like)],
)
def test_gradients_of_every_run_agree_with_central_differences(hidden, slope):
    X, y, params = some_runs()
    got = takeaways.gradients(X, y, params, hidden, slope)
    for at, d_p in enumerate(got):
        assert d_p.shape == params[at].shape, NAMES[at]

        def total(p, at=at):  # runs share nothing, so the sum's gradient holds each run's own
            return losses(X, y, [*params[:at], p, *params[at + 1 :]], hidden).sum()

        np.testing.assert_allclose(d_p, numerical_gradient(total, params[at]), atol=1e-9)


def test_gradients_agree_with_autograd():
    X, y, params = some_runs(runs=1)
    theirs = [torch.tensor(p, requires_grad=True) for p in params]
    W1, b1, W2, b2 = theirs
    z = torch.relu(torch.tensor(X) @ W1 + b1) @ W2 + b2
    torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(y)).backward()
    for d_p, q in zip(takeaways.gradients(X, y, params), theirs, strict=True):
        np.testing.assert_allclose(d_p, q.grad.numpy(), atol=1e-12)


def test_fitting_is_a_step_along_the_gradients_again_and_again():
    X, y, params = some_runs()
    by_hand = [p.copy() for p in params]
    takeaways.fit(X, y, SGD(params, lr=0.3), steps=3)
    for _ in range(3):
        for p, d_p in zip(by_hand, takeaways.gradients(X, y, by_hand), strict=True):
            p -= 0.3 * d_p
    for p, q in zip(params, by_hand, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-12)


def test_fitting_learns_xor_in_every_run_of_width_16():
    X = np.broadcast_to([[0.0, 0], [0, 1], [1, 0], [1, 1]], (10, 4, 2))
    y = np.broadcast_to([[0.0], [1], [1], [0]], (10, 4, 1))
    params = takeaways.start(16, (1.0, 0.35), 10, np.random.default_rng(SEED))
    takeaways.fit(X, y, Adam(params, lr=0.05), 400)
    assert np.array_equal(takeaways.logits(X, params, relu) > 0, y == 1)
