"""What `foundations.optimisers` promises beyond its equations: errors, edges, the race."""

import numpy as np
import pytest
import torch

from foundations import optimisers

SEED = 42
RULES = [
    optimisers.SGD,
    optimisers.Momentum,
    optimisers.AveragedMomentum,
    optimisers.Nesterov,
    optimisers.RMSProp,
    optimisers.Adam,
    optimisers.AdamW,
]


@pytest.mark.parametrize("rule", RULES)
def test_parameters_change_in_place_and_gradients_do_not(rule):
    p, g = np.ones((2, 3)), np.full((2, 3), 0.5)
    same = p
    rule([p], 0.1).step([g])
    assert same is p
    assert (p < 1).all()
    np.testing.assert_array_equal(g, 0.5)


@pytest.mark.parametrize("rule", RULES)
def test_several_parameters_are_independent_of_one_another(rule):
    rng = np.random.default_rng(SEED)
    together = [rng.normal(size=3), rng.normal(size=(2, 2))]
    alone = [p.copy() for p in together]
    both, singles = rule(together, 0.1), [rule([p], 0.1) for p in alone]
    for _ in range(5):
        gradients = [rng.normal(size=p.shape) for p in together]
        both.step(gradients)
        for single, g in zip(singles, gradients, strict=True):
            single.step([g])
    for p, q in zip(together, alone, strict=True):
        np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("rule", RULES)
def test_a_rate_for_each_row_is_as_many_runs_at_once(rule):
    rates = np.array([0.001, 0.01, 0.1])
    points = np.tile([1.0, -2.0], (3, 1))
    at_once = rule([points], rates[:, None])
    single = [rule([np.array([1.0, -2.0])], rate) for rate in rates]
    for g in np.random.default_rng(SEED).normal(size=(10, 2)):
        at_once.step([np.tile(g, (3, 1))])
        for each in single:
            each.step([g])
    np.testing.assert_allclose(points, [each.params[0] for each in single], rtol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_integers_cannot_be_parameters(rule):
    with pytest.raises(TypeError, match="parameters must be arrays of floats"):
        rule([np.ones(2), np.array([1, 2])], 0.1)


@pytest.mark.parametrize("wrong", [[np.ones(3)], [np.ones(())], [], [np.ones(2), np.ones(2)]])
def test_gradients_of_other_shapes_are_refused_and_nothing_moves(wrong):
    p = np.ones(2)
    optimiser = optimisers.Adam([p], 0.1)
    with pytest.raises(ValueError, match=r"step: parameters \[\(2,\)\], gradients"):
        optimiser.step(wrong)
    assert optimiser.t == 0
    np.testing.assert_array_equal(p, 1)


def test_the_defaults_are_pytorchs():
    (rms,) = torch.optim.RMSprop([torch.zeros(1)]).param_groups
    (adamw,) = torch.optim.AdamW([torch.zeros(1)]).param_groups
    ours = optimisers.RMSProp([np.zeros(1)], 0.1)
    assert (ours.beta, ours.eps) == (rms["alpha"], rms["eps"])
    ours = optimisers.AdamW([np.zeros(1)], 0.1)
    assert (ours.beta1, ours.beta2, ours.eps) == (*adamw["betas"], adamw["eps"])
    assert ours.decay == adamw["weight_decay"]
    ours = optimisers.Adam([np.zeros(1)], 0.1)
    assert (ours.beta1, ours.beta2, ours.eps) == (*adamw["betas"], adamw["eps"])
    for rule in (optimisers.Momentum, optimisers.AveragedMomentum, optimisers.Nesterov):
        assert rule([np.zeros(1)], 0.1).beta == 0.9


@pytest.mark.parametrize("gradient", [1e-3, 1.0, -1e3])
def test_adams_first_step_is_the_rate_whatever_the_gradient(gradient):
    p = np.zeros(1)
    optimisers.Adam([p], 0.01).step([np.array([gradient])])
    assert p.item() == pytest.approx(-0.01 * np.sign(gradient), rel=1e-4)  # ε takes 1e-5 of it


def test_a_parameter_without_gradient_stays_and_only_decay_moves_it():
    p, q = np.ones(2), np.ones(2)
    optimisers.Adam([p], 0.1).step([np.zeros(2)])
    optimisers.AdamW([q], 0.1, decay=0.5).step([np.zeros(2)])
    np.testing.assert_array_equal(p, 1)
    np.testing.assert_allclose(q, 0.95)


def test_the_race_of_the_source_notebook():
    """SOURCE.md, 4.1: losses after 200, 2,000 and 20,000 steps from (−1, 2)."""
    start = np.array([-1.0, 2.0])
    race = {
        (4.96, 0.156): optimisers.SGD([start.copy()], 0.001),
        (4.63, 0.128): optimisers.AveragedMomentum([start.copy()], 0.001),
        (5.24, 2.05): optimisers.Adam([start.copy()], 0.01),
    }
    for (after_200, after_2000), racer in race.items():
        path = optimisers.descend(racer, optimisers.rosenbrock_gradient, 20_000)
        losses = optimisers.rosenbrock(path)
        assert losses[200] == pytest.approx(after_200, abs=0.005)
        assert losses[2_000] == pytest.approx(after_2000, abs=0.005)
        assert np.linalg.norm(path[-1] - 1) < 0.001
        assert path.shape == (20_001, 2)
        np.testing.assert_array_equal(path[0], start)


@pytest.mark.parametrize(("n", "size"), [(10, 4), (8, 4), (3, 5), (1, 1), (7, 1)])
def test_an_epoch_uses_every_example_once(n, size):
    batches = list(optimisers.minibatches(n, size, np.random.default_rng(SEED)))
    assert sorted(np.concatenate(batches)) == list(range(n))
    assert [len(rows) for rows in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size


def test_the_order_of_an_epoch_is_random_and_its_seed_repeats_it():
    def order(rng):
        return np.concatenate(list(optimisers.minibatches(100, 7, rng))).tolist()

    rng = np.random.default_rng(SEED)
    first, second = order(rng), order(rng)
    assert first != list(range(100))
    assert first != second
    assert order(np.random.default_rng(SEED)) == first


def test_the_schedule_meets_its_corners():
    rates = [optimisers.warmup_cosine(t, 2.0, 4, 24, floor=0.5) for t in (1, 4, 14, 24)]
    assert rates == pytest.approx([0.5, 2.0, 1.25, 0.5], abs=1e-12)
