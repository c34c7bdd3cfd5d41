"""The mathematics of chapter 7's snippets: PyTorch's word, edges, errors."""

import numpy as np
import pytest
import torch
from snippet_modules import load
from torch import nn

SEED = 42

AdamW = load("adamw").AdamW
adamw_for = load("adamw_groups_torch").adamw_for
warmup_cosine = load("warmup_cosine").warmup_cosine
minibatches = load("minibatches").minibatches
sweep_rates = load("sweep_rates").sweep_rates


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize(("betas", "eps"), [((0.9, 0.999), 1e-8), ((0.8, 0.95), 1e-3)])
def test_adamw_is_pytorchs_step_by_step(betas, eps, decay):
    rng = np.random.default_rng(SEED)
    params = {"W": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}
    theirs = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    ours = AdamW(params, 0.01, betas, eps, decay)
    torch_adamw = torch.optim.AdamW(theirs.values(), 0.01, betas, eps, weight_decay=decay)
    for t in range(100):
        ours.lr = torch_adamw.param_groups[0]["lr"] = 0.01 / (1 + t)
        gradients = {name: rng.normal(size=p.shape) for name, p in params.items()}
        for name, p in theirs.items():
            p.grad = torch.tensor(gradients[name])
        ours.step(gradients)
        torch_adamw.step()
        for name, p in theirs.items():
            np.testing.assert_allclose(params[name], p.detach(), rtol=0, atol=1e-12)


def test_the_defaults_of_adamw_are_pytorchs():
    (theirs,) = torch.optim.AdamW([torch.zeros(1)]).param_groups
    ours = AdamW({"p": np.zeros(1)})
    assert (ours.lr, ours.betas, ours.eps) == (theirs["lr"], theirs["betas"], theirs["eps"])
    assert ours.decay == theirs["weight_decay"]


def test_adamw_keeps_float32_and_the_callers_gradients():
    params = {"p": np.ones(2, dtype=np.float32)}
    gradients = {"p": np.ones(2, dtype=np.float32)}
    same = params["p"]
    AdamW(params).step(gradients)
    assert same is params["p"]
    assert same.dtype == np.float32
    np.testing.assert_array_equal(gradients["p"], 1)


def test_adamw_says_what_does_not_fit_and_changes_nothing():
    with pytest.raises(TypeError, match="AdamW: n holds int64, and floats are needed"):
        AdamW({"n": np.array([1, 2])})
    params = {"a": np.ones(2), "b": np.ones(3)}
    optimiser = AdamW(params)
    with pytest.raises(ValueError, match=r"in only one of parameters and gradients: \['b', 'c'\]"):
        optimiser.step({"a": np.ones(2), "c": np.ones(3)})
    with pytest.raises(ValueError, match=r"step: b is \(3,\), its gradient \(1,\)"):
        optimiser.step({"a": np.ones(2), "b": np.ones(1)})
    assert optimiser.t == 0
    np.testing.assert_array_equal(params["a"], 1)


def test_matrices_decay_and_vectors_do_not():
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 3), nn.LayerNorm(3))
    model[1].bias.requires_grad = False
    decayed, free = adamw_for(model, 0.01, 0.2, betas=(0.9, 0.95)).param_groups
    assert [tuple(p.shape) for p in decayed["params"]] == [(5, 4), (3, 4)]
    assert [tuple(p.shape) for p in free["params"]] == [(3,), (3,)]
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.2, 0)
    assert decayed["betas"] == free["betas"] == (0.9, 0.95)
    assert decayed["lr"] == free["lr"] == 0.01


def test_a_model_of_one_kind_or_of_nothing():
    (only,) = adamw_for(nn.Linear(2, 2, bias=False), 0.01).param_groups
    assert only["weight_decay"] == 0.1
    shared = nn.Linear(2, 2, bias=False)
    (only,) = adamw_for(nn.Sequential(shared, shared), 0.01).param_groups
    assert len(only["params"]) == 1
    with pytest.raises(ValueError, match="no parameter of the model requires a gradient"):
        adamw_for(nn.Linear(2, 2).requires_grad_(False), 0.01)


@pytest.mark.parametrize(("warmup", "floor"), [(0, 0.0), (1, 0.1), (10, 0.0), (49, 0.2)])
def test_the_schedule_rises_to_its_peak_and_falls_to_its_floor(warmup, floor):
    rates = [warmup_cosine(t, 0.8, warmup, 50, floor) for t in range(1, 61)]
    np.testing.assert_allclose(rates[:warmup], 0.8 * np.arange(1, warmup + 1) / max(warmup, 1))
    falling = np.array(rates[max(warmup, 1) - 1 :])
    assert (np.diff(falling) <= 1e-12).all()
    np.testing.assert_allclose(rates[49:], floor, atol=1e-12)
    middle = warmup + (50 - warmup) // 2
    if (50 - warmup) % 2 == 0:
        assert rates[middle - 1] == pytest.approx((0.8 + floor) / 2)


def test_the_schedule_drives_pytorchs_lambda_lr_as_its_docstring_says():
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: warmup_cosine(s + 1, 1.0, 3, 12)
    )
    for step in range(1, 13):
        assert optimiser.param_groups[0]["lr"] == pytest.approx(warmup_cosine(step, 0.5, 3, 12))
        optimiser.step()
        schedule.step()


def test_the_schedule_refuses_what_makes_no_sense():
    with pytest.raises(ValueError, match="steps count from 1, not 0"):
        warmup_cosine(0, 0.1, 2, 4)
    for warmup, total in ((4, 4), (-1, 4), (5, 4)):
        with pytest.raises(ValueError, match=f"{warmup} steps of warm-up, {total} in all"):
            warmup_cosine(1, 0.1, warmup, total)


@pytest.mark.parametrize(("n", "size"), [(10, 3), (9, 3), (2, 5), (0, 2)])
def test_every_row_comes_once_and_rows_stay_together(n, size):
    X, y = np.arange(2 * n).reshape(n, 2), np.arange(n)
    batches = list(minibatches(X, y, size=size, rng=np.random.default_rng(SEED)))
    seen = [label for _, labels in batches for label in labels]
    assert sorted(seen) == list(range(n))
    for rows, labels in batches:
        np.testing.assert_array_equal(rows[:, 0], 2 * labels)
    full = list(minibatches(y, size=size, rng=np.random.default_rng(SEED), drop_last=True))
    assert [len(labels) for (labels,) in full] == [size] * (n // size)


def test_epochs_differ_and_a_seed_repeats_them():
    def order(rng):
        return np.concatenate([y for (y,) in minibatches(np.arange(50), size=7, rng=rng)]).tolist()

    rng = np.random.default_rng(SEED)
    first, second = order(rng), order(rng)
    assert first != second
    assert order(np.random.default_rng(SEED)) == first


def test_minibatches_say_what_does_not_fit():
    rng = np.random.default_rng(SEED)
    with pytest.raises(ValueError, match=r"arrays of one length, not \[2, 3\]"):
        next(minibatches(np.ones(3), np.ones(2), size=1, rng=rng))
    with pytest.raises(ValueError, match="size is 0, and must be at least 1"):
        next(minibatches(np.ones(3), size=0, rng=rng))


def test_the_sweep_finds_the_best_rate_and_counts_divergence_as_infinite():
    def train(rate):
        if rate > 5:
            raise OverflowError
        if rate > 2:
            return np.float64(1e308) * 10
        return (np.log10(rate) + 1) ** 2 if rate < 0.5 else np.nan

    best, losses = sweep_rates(train, 0.001, 10, count=5)
    assert best == pytest.approx(0.1)
    np.testing.assert_allclose(list(losses), [0.001, 0.01, 0.1, 1, 10])
    np.testing.assert_allclose(list(losses.values()), [4, 1, 0, np.inf, np.inf], atol=1e-12)


def test_the_sweep_does_not_pass_an_edge_off_as_the_best():
    with pytest.raises(ValueError, match=r"best at the edge, 0\.001: search beyond it"):
        sweep_rates(lambda rate: rate, 0.001, 1)
    with pytest.raises(ValueError, match="best at the edge, 1: search beyond it"):
        sweep_rates(lambda rate: -rate, 0.001, 1)
    with pytest.raises(ValueError, match=r"every run diverged, from 0\.001 on"):
        sweep_rates(lambda rate: np.nan, 0.001, 1)
