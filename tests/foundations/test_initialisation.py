"""What `foundations.initialisation` promises beyond its equations: edges, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch

from foundations import initialisation
from foundations.backpropagation import numerical_gradient
from foundations.forward import relu, tanh

SEED = 42


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "ReLU", "GELU"])
def test_activations_and_slopes_agree_with_pytorch(name):
    f, slope = initialisation.ACTIVATIONS[name]
    theirs = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "ReLU": torch.relu,
        "GELU": torch.nn.functional.gelu,
    }[name]
    z = torch.linspace(-8, 8, 200, dtype=torch.float64, requires_grad=True)
    out = theirs(z)
    out.sum().backward()
    np.testing.assert_allclose(f(z.detach().numpy()), out.detach().numpy(), atol=1e-14)
    np.testing.assert_allclose(slope(z.detach().numpy()), z.grad.numpy(), atol=1e-14)


def test_a_chain_without_layers_is_the_identity_and_paper_has_three_layers_right():
    assert initialisation.chain_slope([], 0.7) == (0.7, 1.0)
    output, slope = initialisation.chain_slope([1.0, 1.0, 1.0], 0.0)
    assert output == pytest.approx(0.6508, abs=5e-5)
    assert slope == pytest.approx(0.25 * 0.2350 * 0.2273, abs=5e-6)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [("0.01", 1e-4), ("1", 1), ("Xavier", 2 / 500), ("He", 2 / 400), ("PyTorch", 1 / 1200)],
)
def test_each_scheme_has_its_variance(scheme, variance):
    assert initialisation.weight_spread(scheme, 400, 100) ** 2 == pytest.approx(variance)


def test_another_scheme_is_refused_with_the_names_that_there_are():
    with pytest.raises(ValueError, match=r"'he' is none of 0\.01, 1, Xavier, He, PyTorch"):
        initialisation.weight_spread("he", 3, 3)


@pytest.mark.parametrize("scheme", ["Xavier", "He"])
@pytest.mark.parametrize("even", [False, True])
def test_spreads_are_those_of_pytorchs_initialisers(scheme, even):
    generator = torch.Generator().manual_seed(SEED)
    weight = torch.empty(200, 600, dtype=torch.float64)  # (d_out, d_in)
    names = {"Xavier": "xavier", "He": "kaiming"}
    fill = getattr(torch.nn.init, f"{names[scheme]}_{'uniform' if even else 'normal'}_")
    if scheme == "Xavier":
        fill(weight, generator=generator)
    else:
        fill(weight, nonlinearity="relu", generator=generator)
    ours = initialisation.weight_spread(scheme, 600, 200)
    assert weight.std().item() == pytest.approx(ours, rel=0.01)  # √(1/2n) is 0.2 %


def test_the_default_of_nn_linear_is_the_scheme_called_pytorch():
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        layer = torch.nn.Linear(600, 200)
    ours = initialisation.weight_spread("PyTorch", 600, 200)
    assert layer.weight.std().item() == pytest.approx(ours, rel=0.01)
    assert layer.weight.abs().max().item() == pytest.approx(1 / math.sqrt(600), rel=0.001)
    assert layer.weight.abs().max().item() <= 1 / math.sqrt(600)


def test_relus_gain_is_pytorchs():
    kept = initialisation.mean_over_normal(lambda z: relu(z) ** 2)
    assert 1 / math.sqrt(kept) == pytest.approx(torch.nn.init.calculate_gain("relu"), rel=1e-9)


@pytest.mark.parametrize(("power", "moment"), [(0, 1), (1, 0), (2, 1), (4, 3), (6, 15)])
def test_the_mean_over_the_bell_curve_has_its_known_moments(power, moment):
    for spread in (1.0, 0.5, 4.0):
        mean = initialisation.mean_over_normal(lambda z: z**power, spread)
        assert mean == pytest.approx(moment * spread**power, rel=1e-9, abs=1e-9)


def test_deep_forward_and_backward_agree_with_autograd_on_every_layer_and_seed():
    chance = rng()
    weights = chance.normal(size=(4, 3, 5, 5))  # four layers, three networks
    X, G = chance.normal(size=(2, 3, 6, 5))
    As, Zs = initialisation.deep_forward(X, weights, tanh)
    d_As = initialisation.deep_backward(G, Zs, weights, initialisation.tanh_slope)
    assert (len(As), len(Zs), len(d_As)) == (5, 4, 5)
    tensors = [torch.tensor(X, requires_grad=True)]
    for W in weights:
        tensors.append(torch.tanh(tensors[-1] @ torch.tensor(W)))
        tensors[-1].retain_grad()
    (tensors[-1] * torch.tensor(G)).sum().backward()
    for ours, d_ours, theirs in zip(As, d_As, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-13)
        np.testing.assert_allclose(d_ours, theirs.grad.numpy(), rtol=0, atol=1e-12)


def test_a_network_without_layers_gives_its_input_and_its_gradient_back():
    X = rng().normal(size=(2, 3))
    assert initialisation.deep_forward(X, [], tanh) == ([X], [])
    assert initialisation.deep_backward(X, [], [], tanh) == [X]


def test_rms_is_over_rows_and_columns_alone():
    values = np.array([[[3.0, 4.0], [0.0, 0.0]], [[1.0, -1.0], [1.0, 1.0]]])
    np.testing.assert_allclose(initialisation.rms(values), [2.5, 1.0])


def test_flow_measures_the_networks_that_it_draws():
    signals, gradients = initialisation.flow(3, 8, "GELU", "He", rng(), rows=5, seeds=2)
    assert signals.shape == gradients.shape == (4, 2)
    chance = rng()
    X = chance.standard_normal((2, 5, 8))
    weights = chance.normal(scale=math.sqrt(2 / 8), size=(3, 2, 8, 8))
    G = chance.standard_normal(X.shape)
    f, slope = initialisation.ACTIVATIONS["GELU"]
    As, Zs = initialisation.deep_forward(X, weights, f)
    d_As = initialisation.deep_backward(G, Zs, weights, slope)
    np.testing.assert_allclose(signals, [initialisation.rms(A) for A in As])
    np.testing.assert_allclose(gradients, [initialisation.rms(d) for d in d_As])


def test_flow_has_twelve_rows_and_ten_seeds_by_default():
    signals, _ = initialisation.flow(1, 4, "ReLU", "1", rng())
    assert signals.shape == (2, 10)
    assert signals[0] == pytest.approx(initialisation.rms(rng().standard_normal((10, 12, 4))))


def test_a_dead_unit_is_zero_on_all_rows():
    A = np.array([[0.0, 2.0, 0.0, -1.0], [0.0, 0.0, 0.0, 1.0]])
    assert initialisation.dead_fraction(A) == 0.5
    np.testing.assert_array_equal(
        initialisation.dead_fraction(np.stack([A, A + 1, 0 * A])), [0.5, 0.0, 1.0]
    )


def test_without_biases_the_scheme_does_not_decide_which_relus_are_dead():
    weights, X = rng().normal(size=(20, 40, 40)), rng().normal(size=(30, 40))
    zeros = {}
    for scheme in ("He", "Xavier", "0.01"):
        scaled = initialisation.weight_spread(scheme, 40, 40) * weights
        zeros[scheme] = [A == 0 for A in initialisation.deep_forward(X, scaled, relu)[0]]
    np.testing.assert_array_equal(zeros["Xavier"], zeros["He"])
    np.testing.assert_array_equal(zeros["0.01"], zeros["He"])
    assert np.all(zeros["He"][-1], axis=0).mean() > 0.2


def test_residual_flow_starts_at_its_inputs_and_without_blocks_ends_there():
    signals, gradients = initialisation.residual_flow(0, 5, 1.0, rng())
    assert signals.shape == gradients.shape == (1, 10)
    signals, gradients = initialisation.residual_flow(4, 5, 0.0, rng())
    np.testing.assert_allclose(signals, signals[:1].repeat(5, axis=0))
    np.testing.assert_allclose(gradients, gradients[:1].repeat(5, axis=0))


def small_task() -> tuple[np.ndarray, np.ndarray]:
    points = rng().normal(size=(6, 2))
    X = np.column_stack([points, np.ones(6)])
    return X, (points[:, :1] * points[:, 1:] > 0).astype(float)


@pytest.mark.parametrize("activation", ["tanh", "ReLU"])
def test_training_takes_the_steps_that_pytorch_takes(activation):
    X, y = small_task()
    options = {"depth": 3, "seeds": 2, "rate": 0.2, "steps": 5}
    losses = initialisation.train_deep(X, y, activation, "He", rng(), **options)
    assert losses.shape == (5, 2)
    chance = rng()
    weights = [
        torch.tensor(chance.normal(scale=math.sqrt(2 / a), size=(2, a, b)), requires_grad=True)
        for a, b in ((3, 32), (32, 32), (32, 1))
    ]
    f = {"tanh": torch.tanh, "ReLU": torch.relu}[activation]
    inputs, targets = torch.tensor(X), torch.tensor(y).expand(2, 6, 1)
    for step in range(5):
        A = inputs
        for W in weights[:-1]:
            A = f(A @ W)
        entropies = torch.nn.functional.binary_cross_entropy_with_logits(
            A @ weights[-1], targets, reduction="none"
        ).mean(dim=(1, 2))
        np.testing.assert_allclose(losses[step], entropies.detach().numpy(), rtol=1e-10)
        d_weights = torch.autograd.grad(entropies.sum(), weights)
        with torch.no_grad():
            for W, d_W in zip(weights, d_weights, strict=True):
                W -= 0.2 * d_W


def test_training_has_twenty_layers_eight_seeds_and_two_hundred_steps_by_default():
    X, y = small_task()
    losses = initialisation.train_deep(X, y, "tanh", "0.01", rng(), steps=2)
    assert losses.shape == (2, 8)
    np.testing.assert_allclose(losses, math.log(2), rtol=1e-12)  # twenty layers: no signal left
    twice = [
        initialisation.train_deep(X, y, "tanh", "He", rng(), steps=2, **given)
        for given in ({}, {"depth": 20, "rate": 0.05})
    ]
    np.testing.assert_array_equal(*twice)
    assert len(initialisation.train_deep(X, y, "tanh", "He", rng(), depth=2, seeds=1)) == 200


def test_numerical_and_analytic_gradients_of_a_loss_agree_for_gelu_in_depth():
    f, slope = initialisation.ACTIVATIONS["GELU"]
    chance = rng()
    weights = chance.normal(size=(5, 3, 3))
    X, G = chance.normal(size=(2, 4, 3))
    _, Zs = initialisation.deep_forward(X, weights, f)
    d_X = initialisation.deep_backward(G, Zs, weights, slope)[0]
    measured = numerical_gradient(
        lambda x: np.sum(G * initialisation.deep_forward(x, weights, f)[0][-1]), X
    )
    np.testing.assert_allclose(d_X, measured, rtol=1e-6, atol=1e-8)
