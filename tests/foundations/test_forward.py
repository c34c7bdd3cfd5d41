"""What `foundations.forward` promises beyond its equations: errors, edges, and PyTorch's word."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from foundations import forward

SEED = 42


def test_a_neuron_refuses_weights_of_another_length():
    with pytest.raises(ValueError, match="lengths differ: 2 and 3"):
        forward.neuron(np.ones(2), np.ones(3), 0.0)


def test_a_layer_works_through_leading_axes():
    rng = np.random.default_rng(SEED)
    X, W, b = rng.normal(size=(4, 3)), rng.normal(size=(10, 3, 2)), rng.normal(size=(10, 1, 2))
    Z = forward.linear(X, W, b)
    assert Z.shape == (10, 4, 2)
    np.testing.assert_allclose(Z[7], X @ W[7] + b[7], atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (forward.relu, torch.relu),
        (forward.sigmoid, torch.sigmoid),
        (forward.tanh, torch.tanh),
        (forward.gelu, functional.gelu),
        (forward.gelu_tanh, lambda z: functional.gelu(z, approximate="tanh")),
    ],
)
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 0), (2, 3, 4)])
def test_activations_agree_with_pytorch_and_keep_the_shape(ours, theirs, shape):
    z = 5 * np.random.default_rng(SEED).normal(size=shape)
    kept = np.copy(z)
    result = ours(z)
    assert np.shape(result) == shape
    np.testing.assert_allclose(result, theirs(torch.as_tensor(z)).numpy(), atol=1e-14)
    np.testing.assert_array_equal(z, kept)


@pytest.mark.parametrize("function", [forward.relu, forward.sigmoid, forward.tanh])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_relu_sigmoid_and_tanh_keep_the_float_type(function, kind):
    assert function(np.array([-1, 2], dtype=kind)).dtype == kind


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_the_sigmoid_overflows_nowhere(kind):
    z = np.array([-np.inf, -60_000, -12, 0, 12, 60_000, np.inf], dtype=kind)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = forward.sigmoid(z)
    assert result[[0, 1, 3, 5, 6]].tolist() == [0, 0, 0.5, 1, 1]
    assert (np.diff(result) >= 0).all()


def test_the_sigmoid_keeps_the_digits_of_small_probabilities():
    assert forward.sigmoid(-40.0) == pytest.approx(np.exp(-40.0), rel=1e-14)
    assert 1 - forward.sigmoid(40.0) == 0


def test_gelu_takes_integers_and_gives_floats():
    result = forward.gelu(np.array([-1, 0, 1]))
    np.testing.assert_allclose(result, [-0.158655, 0, 0.841345], atol=1e-6)


def test_the_two_gelus_are_furthest_apart_near_2_7():
    z = np.linspace(0, 6, 60_001)
    difference = np.abs(forward.gelu_tanh(z) - forward.gelu(z))
    assert z[difference.argmax()] == pytest.approx(2.699, abs=1e-3)


def test_the_constant_of_the_tanh_form_is_the_best_of_its_six_digits():
    # On a grid ten times finer than the page's, against neighbours on both sides.
    z = np.linspace(0.0001, 6, 60_000)
    share = forward.gelu(z) / z
    worst = {}
    for a in (0.044714, 0.044715, 0.044716):
        inner = np.sqrt(2 / np.pi) * (z + a * z**3)
        worst[a] = np.abs((1 + np.tanh(inner)) / 2 - share).max()
    assert min(worst, key=worst.get) == 0.044715


def test_softmax_takes_scores_of_any_size():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        small = forward.softmax(np.array([2.0, 1.0, 0.0]))
        np.testing.assert_array_equal(forward.softmax(np.array([1000.0, 999.0, 998.0])), small)
        np.testing.assert_array_equal(forward.softmax(np.array([-9998.0, -9999.0, -1e4])), small)


def test_a_score_of_minus_infinity_gets_nothing():
    row = forward.softmax(np.array([[0.0, -np.inf, 0.0]]))
    np.testing.assert_array_equal(row, [[0.5, 0, 0.5]])


@pytest.mark.parametrize("axis", [0, 1])
def test_a_row_of_minus_infinity_has_no_distribution(axis):
    scores = np.zeros((2, 2))
    scores[(slice(None), 0) if axis == 0 else 1] = -np.inf
    with pytest.raises(ValueError, match="softmax: every score is −∞ somewhere"):
        forward.softmax(scores, axis=axis)
    forward.softmax(scores, axis=1 - axis)


def test_a_network_starts_small_and_without_biases():
    network = forward.Network((30, 40, 20), np.random.default_rng(SEED))
    assert not network.b1.any()
    assert not network.b2.any()
    for W in (network.W1, network.W2):
        assert W.std() == pytest.approx(0.01, rel=0.1)
        assert W.mean() == pytest.approx(0, abs=0.0015)


def test_the_network_of_the_source_notebook_answers_one_half():
    X = np.array([[0.5, 0.3, 0.2], [0.8, 0.1, 0.9]])
    for seed in range(200):
        H, P = forward.Network((3, 4, 2), np.random.default_rng(seed)).forward(X)
        assert (H.shape, P.shape) == ((2, 4), (2, 2))
        assert np.abs(P - 0.5).max() < 0.001


def test_a_network_narrates_its_shapes_when_asked(capsys):
    network = forward.Network((3, 4, 2), np.random.default_rng(SEED))
    network.forward(np.zeros((2, 3)))
    assert capsys.readouterr().out == ""
    network.forward(np.zeros((2, 3)), narrate=True)
    assert capsys.readouterr().out == "input  (2, 3)\nhidden (2, 4)\noutput (2, 2)\n"


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_zero_weights_answer_one_half_for_every_input(spread):
    network = forward.Network((3, 4, 2), np.random.default_rng(SEED), spread=spread)
    H, P = network.forward(np.random.default_rng(SEED).normal(size=(5, 3)))
    assert (np.unique(P).size == 1) == (spread == 0)
    copies = np.ptp(H, axis=1) == 0
    assert copies.all() == (spread == 0)
