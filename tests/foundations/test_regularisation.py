"""What chapter 9's modules promise beyond their equations: errors, edges, gradients, PyTorch."""

import numpy as np
import pytest
import torch

from foundations import normalisation, regularisation
from foundations.backpropagation import numerical_gradient

SEED = 42
TOLERANCE = 1e-12
SLOPES = 1e-8


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def test_two_moons_without_noise_are_two_half_circles():
    X, y = regularisation.two_moons(200, 0.0, rng())
    assert X.shape == (200, 2)
    assert y.tolist() == [0, 1] * 100
    upper, lower = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1, atol=TOLERANCE)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1, atol=TOLERANCE)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5
    assert upper[:, 0].min() < -0.95
    assert upper[:, 0].max() > 0.95


def test_two_spirals_without_noise_start_and_end_where_they_say():
    X, y = regularisation.spirals(2_000, 0.0, rng())
    assert y.tolist() == [0, 1] * 1_000
    radius = np.hypot(*X.T)
    assert radius.min() == pytest.approx(0.2, abs=0.01)
    assert radius.max() == pytest.approx(2, abs=0.01)
    # The angle follows from the radius; the second spiral is the first one, turned by half a turn.
    angle = 3 * np.pi * (radius - 0.2) / 1.8 + np.pi * y
    np.testing.assert_allclose(np.cos(angle), X[:, 0] / radius, atol=1e-9)
    np.testing.assert_allclose(np.sin(angle), X[:, 1] / radius, atol=1e-9)


@pytest.mark.parametrize("make", [regularisation.two_moons, regularisation.spirals])
def test_noise_is_a_spread_and_seeds_repeat(make):
    clean, _ = make(20_000, 0.0, rng())
    noisy, _ = make(20_000, 0.25, rng())
    # The same angles come first, so that what differs is the noise; its spread is known to 0.5 %.
    assert (noisy - clean).std() == pytest.approx(0.25, rel=0.03)
    assert (noisy - clean).mean() == pytest.approx(0, abs=0.006)
    np.testing.assert_array_equal(noisy, make(20_000, 0.25, rng())[0])


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan"), np.array([0.5, 1.0])])
def test_dropout_refuses_what_is_no_probability_below_one(p):
    with pytest.raises(ValueError, match="dropout: p is a probability below 1, not"):
        regularisation.dropout(np.ones((3, 2)), p, rng())


def test_dropout_leaves_its_argument_alone_and_draws_a_mask_for_each_entry():
    H = np.ones((40, 30))
    out, mask = regularisation.dropout(H, 0.5, rng())
    np.testing.assert_array_equal(H, np.ones((40, 30)))
    np.testing.assert_array_equal(out, mask)
    assert set(np.unique(mask)) == {0.0, 2.0}
    assert len({tuple(row) for row in mask}) == 40


def test_dropout_of_nothing_changes_nothing():
    H = rng().normal(size=(5, 4))
    np.testing.assert_array_equal(regularisation.dropout(H, 0.0, rng())[0], H)


def test_a_new_network_has_hes_spread_and_biases_of_zero():
    params = regularisation.new_network([2, 300, 200, 1], 3, rng())
    shapes = [(3, 2, 300), (3, 1, 300), (3, 300, 200), (3, 1, 200), (3, 200, 1), (3, 1, 1)]
    assert [P.shape for P in params] == shapes
    assert not any(b.any() for b in params[1::2])
    # 180,000 and 1,800 numbers: spreads known to 0.2 % and 1.7 %.
    assert params[2].std() == pytest.approx(np.sqrt(2 / 300), rel=0.01)
    assert params[0].std() == pytest.approx(1, rel=0.07)


def small_problem():
    random = rng()
    X = random.normal(size=(2, 6, 2))
    y = random.integers(0, 2, size=(2, 6, 1))
    sizes = [2, 5, 4, 1]
    params = [P + random.normal(size=P.shape) for P in regularisation.new_network(sizes, 2, random)]
    return X, y, params


@pytest.mark.parametrize("p", [0.0, 0.3, np.array([[[0.0]], [[0.6]]])])
def test_the_classifier_and_its_gradients_agree_with_pytorch_with_the_same_masks(p):
    X, y, params = small_problem()
    logits, cache = regularisation.classifier(X, params, p, rng())
    _, masks = cache
    theirs = [torch.tensor(P, requires_grad=True) for P in params]
    A = torch.tensor(X)
    for i in (0, 2):
        A = torch.relu(A @ theirs[i] + theirs[i + 1]) * torch.tensor(masks[i // 2])
    torch_logits = A @ theirs[4] + theirs[5]
    np.testing.assert_allclose(logits, torch_logits.detach().numpy(), atol=TOLERANCE)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        torch_logits, torch.tensor(y, dtype=torch.float64), reduction="none"
    ).mean(dim=(1, 2))
    ours = regularisation.run_losses(logits, y)
    np.testing.assert_allclose(ours, losses.detach().numpy(), atol=TOLERANCE)
    losses.sum().backward()
    d_logits = (1 / (1 + np.exp(-logits)) - y) / 6
    gradients = regularisation.classifier_backward(d_logits, params, cache)
    for gradient, parameter in zip(gradients, theirs, strict=True):
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), atol=TOLERANCE)


def test_without_a_generator_the_classifier_drops_nothing():
    X, _, params = small_problem()
    evaluated = regularisation.classifier(X, params, 0.5)[0]
    np.testing.assert_array_equal(evaluated, regularisation.classifier(X, params, 0.0, rng())[0])
    assert (evaluated != regularisation.classifier(X, params, 0.5, rng())[0]).any()


def test_the_classifier_takes_the_same_points_for_all_runs():
    X, _, params = small_problem()
    together, _ = regularisation.classifier(X[0], params)
    assert together.shape == (2, 6, 1)
    np.testing.assert_allclose(together[0], regularisation.classifier(X, params)[0][0])


def test_run_losses_do_not_overflow():
    logits = np.array([[[1_000.0], [-1_000.0]]])
    assert regularisation.run_losses(logits, np.array([[[1], [0]]])) == 0
    assert regularisation.run_losses(logits, np.array([[[0], [1]]])) == 1_000


def test_training_is_adam_on_the_penalised_loss_as_pytorch_does_it():
    X, y, params = small_problem()
    theirs = [torch.nn.Parameter(torch.tensor(P)) for P in params]
    decay = np.array([[[0.05]], [[0.5]]])
    optimiser = torch.optim.Adam(theirs, lr=0.02)
    seen = []
    regularisation.train(
        X, y, params, 20, lr=0.02, decay=decay, watch=lambda step, params: seen.append(step)
    )
    assert seen == list(range(21))
    for _ in range(20):
        A = torch.tensor(X)
        for i in (0, 2):
            A = torch.relu(A @ theirs[i] + theirs[i + 1])
        logits = A @ theirs[4] + theirs[5]
        loss = (
            torch.nn.functional.binary_cross_entropy_with_logits(
                logits, torch.tensor(y, dtype=torch.float64), reduction="sum"
            )
            / 6
        )
        for W in theirs[::2]:
            loss = loss + (torch.tensor(decay) / 2 * W**2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for ours, their in zip(params, theirs, strict=True):
        np.testing.assert_allclose(ours, their.detach().numpy(), atol=1e-9)


def test_training_steps_by_a_hundredth_unless_told_otherwise():
    X, y, params = small_problem()
    before = params[0].copy()
    regularisation.train(X, y, params, 1)
    # Adam's first step is the learning rate, whatever the gradient.
    moved = np.abs(params[0] - before)
    assert moved.max() == pytest.approx(0.01, rel=1e-3)


def test_dropout_in_training_needs_an_rng_and_differs_from_run_to_run():
    X, y, params = small_problem()
    start = [P.copy() for P in params]
    regularisation.train(X, y, params, 3, p=0.5)
    plain = [P.copy() for P in start]
    regularisation.train(X, y, plain, 3)
    np.testing.assert_array_equal(params[0], plain[0])
    dropped = [P.copy() for P in start]
    regularisation.train(X, y, dropped, 3, p=0.5, rng=rng())
    assert (dropped[0] != plain[0]).any()


def test_batch_norm_agrees_with_pytorch_in_training_and_in_evaluation():
    ours = normalisation.BatchNorm(3)
    theirs = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    gamma, beta = rng().normal(size=(2, 3))
    ours.gamma, ours.beta = gamma, beta
    with torch.no_grad():
        theirs.weight[:], theirs.bias[:] = torch.tensor(gamma), torch.tensor(beta)
    for batch in rng().normal(1, 3, size=(5, 6, 3)):
        Y, cache = ours.forward(batch, training=True)
        torch_X = torch.tensor(batch, requires_grad=True)
        torch_Y = theirs(torch_X)
        np.testing.assert_allclose(Y, torch_Y.detach().numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(ours.running_mean, theirs.running_mean, atol=TOLERANCE)
    np.testing.assert_allclose(ours.running_var, theirs.running_var, atol=TOLERANCE)
    d_Y = rng().normal(size=(6, 3))
    torch_Y.backward(torch.tensor(d_Y))
    d_X, d_gamma, d_beta = normalisation.batch_norm_backward(d_Y, cache)
    np.testing.assert_allclose(d_X, torch_X.grad.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(d_gamma, theirs.weight.grad.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(d_beta, theirs.bias.grad.numpy(), atol=TOLERANCE)
    theirs.eval()
    one = rng().normal(size=(1, 3))
    evaluated, cache = ours.forward(one, training=False)
    assert cache == ()
    their = theirs(torch.tensor(one)).detach().numpy()
    np.testing.assert_allclose(evaluated, their, atol=TOLERANCE)


@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_batch_norm_has_epsilon_under_the_root_in_both_modes(eps):
    norm = normalisation.BatchNorm(2, eps=eps)
    X = np.array([[1.0, -2.0], [3.0, 2.0]])
    Y, _ = norm.forward(X, training=True)
    np.testing.assert_allclose(Y[1], [1 / np.sqrt(1 + eps), 2 / np.sqrt(4 + eps)])
    norm.running_mean, norm.running_var = np.zeros(2), np.array([1.0, 4.0])
    Y, _ = norm.forward(X, training=False)
    np.testing.assert_allclose(Y[1], [3 / np.sqrt(1 + eps), 2 / np.sqrt(4 + eps)])


def test_evaluation_changes_no_running_estimate():
    norm = normalisation.BatchNorm(2)
    norm.forward(rng().normal(size=(4, 2)), training=False)
    assert norm.running_mean.tolist() == [0, 0]
    assert norm.running_var.tolist() == [1, 1]


def test_batch_norm_cannot_train_on_one_row_and_two_are_enough():
    with pytest.raises(ValueError, match="BatchNorm: a batch of 1 has no variance"):
        normalisation.BatchNorm(2).forward(np.ones((1, 2)), training=True)
    Y, _ = normalisation.BatchNorm(1, eps=0.0).forward(np.array([[1.0], [5.0]]), training=True)
    assert Y.ravel().tolist() == [-1, 1]


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 3, 4)])
def test_layer_norm_backward_agrees_with_pytorch_and_finite_differences(shape):
    random = rng()
    X, d_Y = random.normal(1, 2, size=(2, *shape))
    gamma, beta = random.normal(size=(2, 4))
    _, cache = normalisation.layer_norm(X, gamma, beta)
    ours = normalisation.layer_norm_backward(d_Y, cache)
    theirs = [torch.tensor(part, requires_grad=True) for part in (X, gamma, beta)]
    torch.nn.functional.layer_norm(theirs[0], (4,), *theirs[1:]).backward(torch.tensor(d_Y))
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their.grad.numpy(), atol=TOLERANCE)
    slopes = numerical_gradient(
        lambda X: np.sum(normalisation.layer_norm(X, gamma, beta)[0] * d_Y), X
    )
    np.testing.assert_allclose(ours[0], slopes, atol=SLOPES)


def test_layer_norm_of_a_row_ignores_all_other_rows_to_the_bit():
    X = rng().normal(size=(5, 8))
    other = X.copy()
    other[1:] *= 100
    ones, zeros = np.ones(8), np.zeros(8)
    np.testing.assert_array_equal(
        normalisation.layer_norm(X, ones, zeros)[0][0],
        normalisation.layer_norm(other, ones, zeros)[0][0],
    )


def test_a_row_of_equal_numbers_is_no_division_by_zero():
    Y, cache = normalisation.layer_norm(np.full((1, 4), 7.0), np.ones(4), np.zeros(4))
    assert Y.tolist() == [[0, 0, 0, 0]]
    d_X, _, _ = normalisation.layer_norm_backward(np.array([[1.0, 0, 0, 0]]), cache)
    assert np.isfinite(d_X).all()


def deep_problem():
    random = rng()
    X = random.normal(size=(2, 7, 2))
    params = normalisation.deep_network([2, 4, 5, 1], 2, random)
    return X, [P + random.normal(size=P.shape) for P in params]


def test_a_deep_network_has_hes_spread_gains_of_one_and_the_rest_zero():
    params = normalisation.deep_network([2, 300, 200, 1], 3, rng())
    shapes = [P.shape for P in params]
    assert shapes[:4] == [(3, 2, 300), (3, 1, 300), (3, 1, 300), (3, 1, 300)]
    assert shapes[-2:] == [(3, 200, 1), (3, 1, 1)]
    assert len(params) == 10
    assert params[4].std() == pytest.approx(np.sqrt(2 / 300), rel=0.01)
    for b, gamma, beta in (params[1:4], params[5:8]):
        assert (b == 0).all()
        assert (gamma == 1).all()
        assert (beta == 0).all()


@pytest.mark.parametrize("axis", [None, -2, -1])
def test_the_deep_network_and_its_gradients_agree_with_pytorch(axis):
    X, params = deep_problem()
    logits, cache = normalisation.deep_forward(X, params, axis)
    theirs = [torch.tensor(P, requires_grad=True) for P in params]
    A = torch.tensor(X)
    for i in (0, 4):
        W, b, gamma, beta = theirs[i : i + 4]
        Z = A @ W + b
        if axis is not None:
            v = Z.var(dim=axis, correction=0, keepdim=True)
            Z = (Z - Z.mean(dim=axis, keepdim=True)) / (v + 1e-5).sqrt() * gamma + beta
        A = torch.relu(Z)
    torch_logits = A @ theirs[8] + theirs[9]
    np.testing.assert_allclose(logits, torch_logits.detach().numpy(), atol=TOLERANCE)
    d_logits = rng().normal(size=logits.shape)
    torch_logits.backward(torch.tensor(d_logits))
    ours = normalisation.deep_backward(d_logits, params, cache, axis)
    for i, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        expected = np.zeros_like(our) if their.grad is None else their.grad.numpy()
        np.testing.assert_allclose(our, expected, atol=1e-10, err_msg=f"parameter {i}")


def test_a_bias_before_batch_norm_gets_no_gradient():
    X, params = deep_problem()
    logits, cache = normalisation.deep_forward(X, params, -2)
    gradients = normalisation.deep_backward(np.ones_like(logits), params, cache, -2)
    np.testing.assert_allclose(gradients[1], 0, atol=TOLERANCE)
    np.testing.assert_allclose(gradients[5], 0, atol=TOLERANCE)


def test_a_deep_batch_norm_evaluates_with_the_training_batchs_statistics():
    X, params = deep_problem()
    logits, cache = normalisation.deep_forward(X, params, -2)
    again, _ = normalisation.deep_forward(X, params, -2, trained=cache)
    np.testing.assert_allclose(again, logits, atol=TOLERANCE)
    alone, _ = normalisation.deep_forward(X[:, :1], params, -2, trained=cache)
    np.testing.assert_allclose(alone, logits[:, :1], atol=TOLERANCE)
