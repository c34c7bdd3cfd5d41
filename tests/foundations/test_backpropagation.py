"""What `foundations.backpropagation` promises beyond its equations: edges, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch

from foundations import backpropagation as bp
from foundations.losses import bce_logits

SEED = 42
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 4)])
def test_the_numerical_gradient_takes_any_shape_and_leaves_it_as_it_was(shape):
    x = rng().normal(size=shape)
    before = np.copy(x)
    found = bp.numerical_gradient(lambda x: (x**2).sum(), x)
    assert found.shape == shape
    assert found.dtype == np.float64
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(found, 2 * x, atol=1e-9)


def test_the_numerical_gradient_moves_one_entry_at_a_time_by_h_both_ways():
    seen = []

    def f(x):
        seen.append(x.copy())
        return 0.0

    bp.numerical_gradient(f, np.zeros(2), h=0.25)
    np.testing.assert_array_equal(seen, [[0.25, 0], [-0.25, 0], [0, 0.25], [0, -0.25]])


def test_the_step_is_a_hundred_thousandth_unless_told_otherwise():
    found = bp.numerical_gradient(lambda x: 1e9 * x**3, np.zeros(()))
    assert found == pytest.approx(1e9 * 1e-5**2, rel=1e-9)


def test_the_numerical_gradient_of_integers_is_taken_in_float64():
    np.testing.assert_allclose(bp.numerical_gradient(lambda x: x @ x, np.array([1, 2])), [2, 4])


def test_the_numerical_gradient_of_the_argument_itself_is_one():
    assert bp.numerical_gradient(lambda x: x, np.array(3.0)) == pytest.approx(1)


def test_a_function_that_gives_more_than_one_number_is_refused():
    with pytest.raises(TypeError):
        bp.numerical_gradient(lambda x: 2 * x, np.ones(3))


def test_two_gradients_of_zeros_are_not_apart():
    assert bp.relative_error(np.zeros(3), np.zeros(3)) == 0
    assert bp.relative_error(np.zeros(3), np.ones(3)) == 1


def test_descending_no_steps_stays():
    assert bp.descend(lambda x: 1.0, 2.0, 0.1, 0) == [2.0]


@pytest.mark.parametrize("z", [-1e4, -800.0, 0.0, 800.0, 1e4])
def test_no_slope_overflows_where_the_network_is_sure(z):
    z, y = np.array([z]), np.array([1.0])
    assert 0 <= bp.sigmoid_slope(z)[0] <= 0.25
    assert -1 <= bp.bce_logits_backward(z, y)[0] <= 0


def test_the_slope_at_zero_is_pytorchs():
    z = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    torch.relu(z).sum().backward()
    np.testing.assert_array_equal(bp.relu_slope(np.zeros(1)), z.grad.numpy())


@pytest.mark.parametrize(("n", "d", "width"), [(5, 3, 4), (1, 2, 1), (4, 4, 4)])
def test_every_gradient_is_pytorchs(n, d, width):
    r = rng()
    shapes = {"W1": (d, width), "b1": (width,), "W2": (width, 1), "b2": (1,)}
    params = {name: r.normal(size=shape) for name, shape in shapes.items()}
    inputs, y = r.normal(size=(n, d)), r.integers(0, 2, size=(n, 1)).astype(float)
    values = bp.forward(inputs, params)
    found = bp.backward(values, params, y)

    t = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    t["X"] = torch.tensor(inputs, requires_grad=True)
    t["Z1"] = t["X"] @ t["W1"] + t["b1"]
    t["H"] = torch.relu(t["Z1"])
    t["Z2"] = t["H"] @ t["W2"] + t["b2"]
    t["P"] = torch.sigmoid(t["Z2"])
    for name in ("Z1", "H", "Z2"):
        t[name].retain_grad()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(t["Z2"], torch.tensor(y))
    loss.backward()
    for name, value in values.items():
        np.testing.assert_allclose(value, t[name].detach().numpy(), atol=1e-12)
    assert sorted(found) == ["H", "W1", "W2", "X", "Z1", "Z2", "b1", "b2"]
    for name, d_value in found.items():
        assert d_value.shape == t[name].shape
        np.testing.assert_allclose(d_value, t[name].grad.numpy(), atol=1e-12)


def test_backward_and_the_layer_leave_their_arguments_alone():
    params = bp.start(3, rng())
    values = bp.forward(X, params)
    kept = {name: value.copy() for name, value in (values | params).items()}
    bp.backward(values, params, Y)
    for name, value in (values | params).items():
        np.testing.assert_array_equal(value, kept[name])


def test_a_network_starts_with_zero_biases_and_weights_of_the_spread_asked_for():
    params = bp.start(5_000, rng(), scale=0.01)
    assert {name: value.shape for name, value in params.items()} == {
        "W1": (2, 5_000), "b1": (5_000,), "W2": (5_000, 1), "b2": (1,)
    }  # fmt: skip
    assert not params["b1"].any()
    assert not params["b2"].any()
    for name in ("W1", "W2"):  # the spread of n draws is known to about 1/√(2n) of itself, 1 %
        assert params[name].std() == pytest.approx(0.01, rel=0.05)
    assert bp.start(5_000, rng())["W1"].std() == pytest.approx(1, rel=0.05)


def test_training_returns_the_loss_before_each_step_and_new_parameters():
    params = bp.start(4, rng())
    kept = {name: value.copy() for name, value in params.items()}
    trained, losses = bp.train(X, Y, params, rate=0.3, epochs=2)
    assert losses[0] == pytest.approx(bce_logits(bp.forward(X, params)["Z2"], Y), abs=1e-15)
    for name in params:
        np.testing.assert_array_equal(params[name], kept[name])
    for _ in range(2):
        d = bp.backward(bp.forward(X, params), params, Y)
        params = {name: params[name] - 0.3 * d[name] for name in params}
    for name in params:
        np.testing.assert_allclose(trained[name], params[name], atol=1e-15)


def test_the_seed_of_the_chapter_learns_xor_in_a_thousand_epochs():
    trained, losses = bp.train(X, Y, bp.start(4, rng()))
    assert len(losses) == 1_000
    assert losses[-1] < 0.004
    np.testing.assert_array_equal(bp.forward(X, trained)["P"] > 0.5, Y > 0.5)


def test_training_calls_the_gradients_that_it_is_given():
    def nothing(values, params, y):
        return {name: np.zeros_like(value) for name, value in params.items()}

    params = bp.start(2, rng())
    trained, losses = bp.train(X, Y, params, epochs=3, gradients=nothing)
    np.testing.assert_array_equal(trained["W1"], params["W1"])
    assert losses[0] == losses[2]


def test_many_networks_at_once_are_the_same_networks_one_by_one():
    networks = [bp.start(width=3, rng=np.random.default_rng(seed)) for seed in range(5)]
    for rate, epochs in ((0.5, 60), (0.1, 20)):
        trained, P = bp.train_many(X, Y, bp.stack(networks), rate, epochs)
        assert P.shape == (5, 4, 1)
        for k, params in enumerate(networks):
            alone, _ = bp.train(X, Y, params, rate, epochs)
            np.testing.assert_allclose(P[k], bp.forward(X, alone)["P"], atol=1e-10)
            for name in params:
                np.testing.assert_allclose(trained[name][k], np.atleast_2d(alone[name]), atol=1e-10)


def test_many_networks_take_half_a_step_for_a_thousand_epochs_unless_told_otherwise():
    params = bp.start(4, rng())
    _, P = bp.train_many(X, Y, bp.stack([params]))
    alone, _ = bp.train(X, Y, params, rate=0.5, epochs=1_000)
    np.testing.assert_allclose(P[0], bp.forward(X, alone)["P"], atol=1e-9)


def test_another_activation_brings_its_own_slope():
    params = bp.start(4, rng())
    trained, _ = bp.train_many(
        X, Y, bp.stack([params]), 0.5, 1, np.tanh, lambda z: 1 - np.tanh(z) ** 2
    )
    t = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    logits = torch.tanh(torch.tensor(X) @ t["W1"] + t["b1"]) @ t["W2"] + t["b2"]
    torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(Y)).backward()
    for name, value in t.items():
        after = (value - 0.5 * value.grad).detach().numpy()
        np.testing.assert_allclose(trained[name][0], np.atleast_2d(after), atol=1e-12)


@pytest.mark.parametrize(("width", "expected"), [(4, 120), (8, 182)])
def test_the_rates_of_the_source_notebook_come_out(width, expected):
    networks = [bp.start(width, np.random.RandomState(seed)) for seed in range(200)]
    _, P = bp.train_many(X, Y, bp.stack(networks))
    solved = ((P > 0.5) == (Y > 0.5)).all(axis=(1, 2)).sum()
    assert solved == expected  # 60 % and 91 %


def test_equal_units_stay_equal_and_a_network_of_zeros_stays_zero():
    same = {name: np.full(value.shape, 0.5) for name, value in bp.start(3, rng()).items()}
    trained, losses = bp.train(X, Y, same, epochs=50)
    np.testing.assert_array_equal(trained["W1"][:, 0], trained["W1"][:, 2])
    assert losses[-1] > 0.69
    zeros, losses = bp.train(X, Y, bp.start(3, rng(), scale=0.0), epochs=5)
    assert not any(value.any() for value in zeros.values())
    assert losses[-1] == pytest.approx(math.log(2))


def test_no_single_neuron_has_a_smaller_loss_on_xor_than_one_half_everywhere():
    neurons = rng().normal(size=(1_000, 3)) * np.geomspace(1e-3, 100, 1_000)[:, None]
    losses = [bce_logits(X @ w[:2, None] + w[2], Y) for w in neurons]
    assert min(losses) >= math.log(2)
    assert min(losses) < math.log(2) + 1e-6
