"""The mathematics of chapter 5's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

gradient_check = load("gradient_check").gradient_check
layer = load("linear_layer")
bce_with_logits = load("bce_with_logits").bce_with_logits
TwoLayerNetwork = load("two_layer_network").TwoLayerNetwork

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = np.array([0, 1, 1, 0])


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=shape)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_a_right_gradient_passes_and_leaves_x_alone(shape):
    x = normal(*shape)
    kept = np.copy(x)
    error, where = gradient_check(lambda x: (x**3).sum(), 3 * x**2, x)
    assert error < 1e-8
    assert len(where) == len(shape)
    np.testing.assert_array_equal(x, kept)


def test_a_wrong_entry_is_found_where_it_is():
    x = normal(3, 4)
    wrong = 2 * x
    wrong[1, 2] += 1
    error, where = gradient_check(lambda x: (x**2).sum(), wrong, x)
    assert error > 0.01
    assert where == (1, 2)


def test_a_double_gradient_is_a_third_apart_and_an_opposite_one_is_one():
    x = normal(5)
    assert gradient_check(lambda x: x @ x, 4 * x, x)[0] == pytest.approx(1 / 3)
    assert gradient_check(lambda x: x @ x, -2 * x, x)[0] == pytest.approx(1)
    assert gradient_check(lambda x: 0.0, np.zeros(5), x)[0] == 0


def test_the_step_of_the_check_can_be_chosen():
    error, _ = gradient_check(lambda x: (x**3).sum(), np.zeros(1), np.zeros(1), h=0.1)
    assert error == 1  # the central difference of a cube at 0 is h², not 0


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"x is \(2, 3\), its gradient \(3, 2\)"):
        gradient_check(np.sum, np.zeros((3, 2)), np.zeros((2, 3)))


@pytest.mark.parametrize("lead", [(), (5,), (2, 3), (2, 1, 4)])
def test_the_layer_and_its_gradients_are_pytorchs(lead):
    rng = np.random.default_rng(SEED)
    x, W, b = rng.normal(size=(*lead, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    d_y = rng.normal(size=(*lead, 4))
    t = [torch.tensor(value, requires_grad=True) for value in (x, W, b)]
    theirs = torch.nn.functional.linear(t[0], t[1].T, t[2])
    theirs.backward(torch.tensor(d_y))
    np.testing.assert_allclose(layer.linear(x, W, b), theirs.detach().numpy(), atol=1e-12)
    for ours, value in zip(layer.linear_backward(d_y, x, W), t, strict=True):
        assert ours.shape == value.shape
        np.testing.assert_allclose(ours, value.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("d_y", "x"), [((5, 3), (5, 3)), ((5, 4), (5, 2)), ((4, 4), (5, 3)), ((2, 5, 4), (5, 3))]
)
def test_shapes_that_do_not_fit_a_layer_are_named(d_y, x):
    with pytest.raises(ValueError, match="do not fit"):
        layer.linear_backward(np.zeros(d_y), np.zeros(x), np.zeros((3, 4)))


@pytest.mark.parametrize("shape", [(1,), (6,), (5, 1), (2, 3)])
def test_the_loss_and_its_gradient_are_pytorchs(shape):
    rng = np.random.default_rng(SEED)
    z, y = 3 * rng.normal(size=shape), rng.uniform(size=shape)
    t = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(t, torch.tensor(y))
    theirs.backward()
    loss, gradient = bce_with_logits(z, y)
    assert loss == pytest.approx(theirs.item(), abs=1e-12)
    np.testing.assert_allclose(gradient, t.grad.numpy(), atol=1e-12)


def test_huge_logits_neither_overflow_nor_vanish():
    loss, gradient = bce_with_logits([1e300, -1e300, 800.0], [1, 0, 0])
    assert loss == pytest.approx(800 / 3)
    np.testing.assert_allclose(gradient, [0, 0, 1 / 3])


def test_shapes_that_would_broadcast_and_targets_outside_are_refused():
    with pytest.raises(ValueError, match=r"shapes differ: \(3,\) and \(3, 1\)"):
        bce_with_logits(np.zeros(3), np.zeros((3, 1)))
    for targets in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="targets lie from 0 to 1"):
            bce_with_logits([0.0, 0.0], targets)


@pytest.mark.parametrize("leak", [0.0, 0.1])
def test_the_networks_gradients_are_pytorchs(leak):
    rng = np.random.default_rng(SEED)
    network = TwoLayerNetwork(3, 5, rng, leak)
    network.b1, network.b2 = rng.normal(size=5), rng.normal(size=1)
    X, y = rng.normal(size=(6, 3)), rng.integers(0, 2, size=6)
    t = {name: torch.tensor(getattr(network, name), requires_grad=True)
         for name in ("W1", "b1", "W2", "b2")}  # fmt: skip
    hidden = torch.nn.functional.leaky_relu(torch.tensor(X) @ t["W1"] + t["b1"], leak)
    logits = (hidden @ t["W2"] + t["b2"])[:, 0]
    np.testing.assert_allclose(network.logits(X), logits.detach().numpy(), atol=1e-12)
    torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.tensor(y, dtype=torch.float64)
    ).backward()
    for name, gradient in network.gradients(X, y).items():
        np.testing.assert_allclose(gradient, t[name].grad.numpy(), atol=1e-12)


def test_weights_start_by_hes_rule_and_biases_at_zero():
    network = TwoLayerNetwork(50, 4_000, np.random.default_rng(SEED))
    assert network.W1.std() == pytest.approx((2 / 50) ** 0.5, rel=0.05)
    assert network.W2.std() == pytest.approx((2 / 4_000) ** 0.5, rel=0.05)
    assert not network.b1.any()
    assert not network.b2.any()


def test_one_step_goes_against_the_gradient():
    network = TwoLayerNetwork(2, 4, np.random.default_rng(SEED))
    before, d = network.W1.copy(), network.gradients(XOR, TARGETS)
    network.fit(XOR, TARGETS, rate=0.2, epochs=1)
    np.testing.assert_allclose(network.W1, before - 0.2 * d["W1"], atol=1e-15)


def test_eight_leaky_units_learn_xor_from_each_of_twenty_seeds():
    for seed in range(20):
        network = TwoLayerNetwork(2, 8, np.random.default_rng(seed))
        network.fit(XOR, TARGETS)
        np.testing.assert_array_equal(network.predict(XOR), TARGETS)


def test_targets_in_a_column_are_refused():
    network = TwoLayerNetwork(2, 4, np.random.default_rng(SEED))
    with pytest.raises(ValueError, match=r"y is \(4, 1\) for 4 rows: \(4,\)"):
        network.fit(XOR, TARGETS[:, None])
