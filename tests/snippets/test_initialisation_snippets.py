"""The mathematics of chapter 6's snippets: statistics, edges, errors, and what hooks see."""

import math

import numpy as np
import pytest
import torch
from snippet_modules import load
from torch import nn

SEED = 42

init_weights = load("init_weights").init_weights
activation_gain = load("activation_gain").activation_gain
dead_relus = load("dead_relus_torch").dead_relus
layer_flow = load("layer_flow_torch").layer_flow


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize(
    ("rule", "variance"), [("he", 2 / 600), ("xavier", 2 / 800), ("linear", 1 / 600)]
)
def test_weights_have_the_variance_of_their_rule(rule, variance, uniform):
    W = init_weights(600, 200, np.random.default_rng(SEED), rule, uniform)
    assert W.shape == (600, 200)
    assert W.var() == pytest.approx(variance, rel=0.02)  # √(2/n) is 0.4 %
    assert W.mean() == pytest.approx(0, abs=4 * math.sqrt(variance / W.size))
    outliers = np.abs(W).max() / math.sqrt(variance)
    assert outliers == pytest.approx(math.sqrt(3), rel=1e-3) if uniform else outliers > 3


def test_he_and_normal_are_the_defaults_and_the_generator_is_the_only_chance():
    first = init_weights(5, 4, np.random.default_rng(SEED))
    again = init_weights(5, 4, np.random.default_rng(SEED), "he", uniform=False)
    np.testing.assert_array_equal(first, again)


def test_init_weights_says_what_does_not_fit():
    rng = np.random.default_rng(SEED)
    with pytest.raises(ValueError, match=r"one of \['he', 'xavier', 'linear'\], not 'kaiming'"):
        init_weights(3, 3, rng, "kaiming")
    for d_in, d_out in ((0, 3), (3, -1)):
        with pytest.raises(ValueError, match=f"sizes must be positive: {d_in}, {d_out}"):
            init_weights(d_in, d_out, rng)


def test_init_weights_takes_a_layer_with_one_input_and_one_output():
    assert init_weights(1, 1, np.random.default_rng(SEED)).shape == (1, 1)


@pytest.mark.parametrize(
    ("f", "gain"),
    [
        (lambda z: z, 1),
        (lambda z: np.maximum(z, 0), math.sqrt(2)),
        (lambda z: np.where(z > 0, z, 0.2 * z), math.sqrt(2 / 1.04)),
        (np.sign, 1),
        (lambda z: 3 * z, 1 / 3),
    ],
)
def test_gains_agree_with_closed_forms(f, gain):
    assert activation_gain(f) == pytest.approx(gain, rel=1e-9)


@pytest.mark.parametrize("slope", [0.01, 0.3])
def test_leaky_relus_gain_is_pytorchs(slope):
    theirs = nn.init.calculate_gain("leaky_relu", slope)
    assert activation_gain(lambda z: np.where(z > 0, z, slope * z)) == pytest.approx(theirs)


def test_an_activation_that_gives_nothing_or_no_number_has_no_gain():
    with pytest.raises(ValueError, match=r"the mean of f\(z\)² is 0\.0"):
        activation_gain(lambda z: 0 * z)
    with pytest.raises(ValueError, match="is nan"):
        activation_gain(lambda z: z * np.nan)
    with pytest.raises(ValueError, match="is inf"):
        activation_gain(lambda z: np.where(z > 1, np.inf, z))


def one_dead_unit() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, -1.0], [1.0, -1.0]]))
        model[0].bias.zero_()
    return model


@pytest.mark.parametrize("shape", [(2,), (50, 2), (5, 10, 2)])
def test_dead_relus_looks_at_all_axes_but_the_last(shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(SEED)) + 0.1
    expected = {(2,): (2, 3) if x.flatten()[0] < x.flatten()[1] else (1, 3)}
    assert dead_relus(one_dead_unit(), x) == {"1": expected.get(shape, (1, 3))}


def test_dead_relus_removes_its_hooks_also_when_the_model_fails():
    model = one_dead_unit()
    dead_relus(model, torch.ones(4, 2))
    with pytest.raises(RuntimeError):
        dead_relus(model, torch.ones(4, 5))
    assert not any(module._forward_hooks for module in model.modules())


def test_dead_relus_says_when_there_is_nothing_to_see():
    with pytest.raises(ValueError, match=r"no nn\.ReLU ran"):
        dead_relus(nn.Linear(2, 2), torch.ones(1, 2))


def test_layer_flow_agrees_with_a_pass_by_hand():
    generator = torch.Generator().manual_seed(SEED)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    x = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    first = model[0](x)
    first.retain_grad()
    second = model[2](model[1](first))
    second.retain_grad()
    second.pow(2).sum().backward()
    for parameter in model.parameters():
        parameter.grad = None
    flow = layer_flow(model, lambda model: model(x).pow(2).sum())
    assert [name for name, _, _ in flow] == ["0", "2"]
    for (_, signal, gradient), output in zip(flow, (first, second), strict=True):
        assert signal == pytest.approx(output.pow(2).mean().sqrt().item(), rel=1e-12)
        assert gradient == pytest.approx(output.grad.pow(2).mean().sqrt().item(), rel=1e-12)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_layer_flow_takes_other_kinds_and_outputs_that_the_loss_does_not_use():
    model = nn.ModuleDict({"used": nn.Tanh(), "unused": nn.Linear(2, 2)})

    def loss_of(model):
        x = torch.ones(1, 2, requires_grad=True)
        model["unused"](x)
        return model["used"](x).sum()

    flow = layer_flow(model, loss_of, kinds=(nn.Tanh, nn.Linear))
    assert [(name, gradient) for name, _, gradient in flow] == [("unused", 0.0), ("used", 1.0)]


def test_layer_flow_refuses_a_model_without_such_layers_and_leaves_no_hook():
    with pytest.raises(ValueError, match="layer_flow: no module of"):
        layer_flow(nn.Tanh(), lambda model: model(torch.ones(1)).sum())
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(ZeroDivisionError):
        layer_flow(model, lambda model: 1 / 0)
    assert not model[0]._forward_hooks
