"""Each numbered equation of chapter 7 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import optimisers
from foundations.backpropagation import numerical_gradient

SEED = 42
TOLERANCE = 1e-12  # float64, a few hundred steps on numbers of size 1


def bowl(eigenvalues) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric matrix with these eigenvalues, and its eigenvectors as columns."""
    d = len(eigenvalues)
    V, _ = np.linalg.qr(np.random.default_rng(SEED).normal(size=(d, d)))
    return V @ np.diag(eigenvalues) @ V.T, V


def assert_steps_as_torch(ours, theirs, shapes=((3,), (2, 4)), steps=100, sizes=(1e-3, 1.0, 1e3)):
    """Both optimisers see the same gradients; after each step the parameters must be equal.

    `ours` and `theirs` make an optimiser of a list of parameters. The tolerance is relative to the
    largest parameter so far, since large steps round more.
    """
    rng = np.random.default_rng(SEED)
    for size in sizes:
        params = [rng.normal(size=shape) for shape in shapes]
        torch_params = [torch.tensor(p, requires_grad=True) for p in params]
        optimiser, torch_optimiser = ours(params), theirs(torch_params)
        largest = 1.0
        for _ in range(steps):
            gradients = [size * rng.normal(size=shape) for shape in shapes]
            for torch_p, g in zip(torch_params, gradients, strict=True):
                torch_p.grad = torch.tensor(g)
            optimiser.step(gradients)
            torch_optimiser.step()
            for p, torch_p in zip(params, torch_params, strict=True):
                largest = max(largest, np.abs(p).max())
                np.testing.assert_allclose(
                    p, torch_p.detach().numpy(), rtol=0, atol=TOLERANCE * largest
                )


@pytest.mark.equation("eq:quadratic-rate", r"x_t = (1 - \eta\lambda)^t \, x_0")
@pytest.mark.parametrize("rate", [0.01, 0.1, 0.25, 0.45, 0.5, 0.6])
def test_each_step_on_a_parabola_multiplies_the_error_by_the_same_factor(rate):
    optimiser = optimisers.SGD([np.array([3.0])], rate)
    path = optimisers.descend(optimiser, lambda x: 4 * x, 20)[:, 0]
    np.testing.assert_allclose(path, 3 * (1 - rate * 4) ** np.arange(21), rtol=1e-12, atol=1e-12)


@pytest.mark.equation("eq:stable", r"0 < \eta < \frac{2}{\lambda_{\max}}")
@pytest.mark.parametrize(("part", "shrinks"), [(-0.01, 0), (0.01, 1), (0.99, 1), (1.01, 0)])
def test_descent_in_a_bowl_is_stable_up_to_two_over_the_largest_eigenvalue(part, shrinks):
    A, _ = bowl([0.5, 3.0, 20.0])
    start = np.ones(3)
    optimiser = optimisers.SGD([start.copy()], part * 2 / 20)
    path = optimisers.descend(optimiser, lambda p: A @ p, 1_000)
    assert (np.linalg.norm(path[-1]) < np.linalg.norm(start)) == shrinks
    if not shrinks:
        assert np.linalg.norm(path[-1]) > 1e3


@pytest.mark.equation(
    "eq:best-rate",
    r"""\eta = \frac{2}{\lambda_{\min} + \lambda_{\max}}
    \qquad\text{gives}\qquad
    \rho = \frac{\lambda_{\max} - \lambda_{\min}}{\lambda_{\max} + \lambda_{\min}}
    = \frac{\kappa - 1}{\kappa + 1}""",
)
@pytest.mark.parametrize(("low", "high"), [(1, 10), (0.5, 2), (3, 3), (0.01, 7)])
def test_no_rate_has_a_smaller_worst_factor_than_two_over_the_sum(low, high):
    curvatures = np.linspace(low, high, 50)
    best = 2 / (low + high)
    worst = np.abs(1 - best * curvatures).max()
    assert worst == pytest.approx((high - low) / (high + low), abs=TOLERANCE)
    assert worst == pytest.approx((high / low - 1) / (high / low + 1), abs=TOLERANCE)
    for rate in np.linspace(0, 2 / high, 501):
        assert np.abs(1 - rate * curvatures).max() >= worst - TOLERANCE


@pytest.mark.equation(
    "eq:eigen-rate",
    r"\boldsymbol{\theta}_t = \sum_{i=1}^{d} c_i \, (1 - \eta\lambda_i)^t \, \mathbf{v}_i",
)
@pytest.mark.parametrize("eigenvalues", [[1.0, 5.0], [0.1, 2.0, 3.0, 8.0], [4.0, 4.0]])
def test_each_eigendirection_shrinks_by_a_factor_of_its_own(eigenvalues):
    A, V = bowl(eigenvalues)
    start = np.random.default_rng(SEED).normal(size=len(eigenvalues))
    path = optimisers.descend(optimisers.SGD([start.copy()], 0.1), lambda p: A @ p, 30)
    coefficients = V.T @ start
    for t in (0, 1, 7, 30):
        factors = (1 - 0.1 * np.array(eigenvalues)) ** t
        closed_form = sum(c * f * v for c, f, v in zip(coefficients, factors, V.T, strict=True))
        np.testing.assert_allclose(path[t], closed_form, rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:sgd",
    r"\boldsymbol{\theta}_{t+1} = \boldsymbol{\theta}_t - \eta\,\mathbf{g}_t",
)
@pytest.mark.parametrize("lr", [1e-4, 0.3])
def test_sgd_is_pytorchs(lr):
    assert_steps_as_torch(lambda p: optimisers.SGD(p, lr), lambda p: torch.optim.SGD(p, lr))


@pytest.mark.equation(
    "eq:momentum",
    r"""\mathbf{v}_{t+1} = \beta\,\mathbf{v}_t + \mathbf{g}_t , \qquad
    \boldsymbol{\theta}_{t+1} = \boldsymbol{\theta}_t - \eta\,\mathbf{v}_{t+1}""",
)
@pytest.mark.parametrize(("lr", "beta"), [(1e-3, 0.9), (0.1, 0.5), (0.1, 0.99), (0.1, 0.0)])
def test_momentum_is_pytorchs(lr, beta):
    assert_steps_as_torch(
        lambda p: optimisers.Momentum(p, lr, beta),
        lambda p: torch.optim.SGD(p, lr, momentum=beta),
    )


@pytest.mark.equation(
    "eq:averaged-momentum",
    r"""\bar{\mathbf{v}}_{t+1} = \beta\,\bar{\mathbf{v}}_t + (1 - \beta)\,\mathbf{g}_t , \qquad
    \boldsymbol{\theta}_{t+1} = \boldsymbol{\theta}_t - \eta\,\bar{\mathbf{v}}_{t+1}""",
)
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_the_velocity_is_a_weighted_average_of_the_gradients(beta):
    gradients = np.random.default_rng(SEED).normal(size=(12, 3))
    optimiser = optimisers.AveragedMomentum([np.ones(3)], 0.1, beta)
    expected = np.ones(3)
    for t, g in enumerate(gradients):
        optimiser.step([g])
        weights = (1 - beta) * beta ** np.arange(t, -1, -1.0)
        average = weights @ gradients[: t + 1]
        np.testing.assert_allclose(optimiser.state[0][0], average, rtol=0, atol=TOLERANCE)
        expected = expected - 0.1 * average
        np.testing.assert_allclose(optimiser.params[0], expected, rtol=0, atol=TOLERANCE)


@pytest.mark.equation("eq:momenta", r"\eta_{\text{sum}} = (1 - \beta)\,\eta_{\text{average}}")
@pytest.mark.parametrize("beta", [0.5, 0.9, 0.99])
def test_the_two_momenta_walk_one_path_when_the_rate_is_scaled(beta):
    start = np.array([-1.0, 2.0])
    average = optimisers.AveragedMomentum([start.copy()], 1e-3, beta)
    total = optimisers.Momentum([start.copy()], (1 - beta) * 1e-3, beta)
    paths = [optimisers.descend(o, optimisers.rosenbrock_gradient, 300) for o in (average, total)]
    np.testing.assert_allclose(paths[0], paths[1], rtol=0, atol=1e-10)  # 300 steps of a steep loss
    assert_steps_as_torch(
        lambda p: optimisers.AveragedMomentum(p, 0.1, beta),
        lambda p: torch.optim.SGD(p, (1 - beta) * 0.1, momentum=beta),
    )


@pytest.mark.equation(
    "eq:momentum-rate",
    r"""\sqrt\beta = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} , \qquad
    \eta = \frac{4}{(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2}""",
)
@pytest.mark.parametrize(("low", "high"), [(1, 10), (0.5, 50), (2, 2_000)])
def test_momentum_shrinks_every_direction_by_the_root_of_beta_and_no_setting_is_better(low, high):
    """The size of the larger solution z of z² − (1 + β − ηλ) z + β = 0, over all curvatures."""
    curvatures = np.geomspace(low, high, 25)
    curvatures[[0, -1]] = low, high

    def worst(rate, beta):
        middle = 1 + beta - rate * curvatures
        root = np.sqrt(middle**2 - 4 * beta + 0j)
        return max(np.abs(middle + root).max(), np.abs(middle - root).max()) / 2

    kappa = high / low
    root_beta = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    rate = 4 / (math.sqrt(high) + math.sqrt(low)) ** 2
    best = worst(rate, root_beta**2)
    assert best == pytest.approx(root_beta, abs=1e-6)  # a double root costs half of the digits
    for other_rate in rate * np.linspace(0.5, 1.5, 21):
        for other_beta in np.linspace(0, 0.999, 41):
            assert worst(other_rate, other_beta) >= best - 1e-6


@pytest.mark.equation(
    "eq:nesterov",
    r"""\mathbf{v}_{t+1} = \beta\,\mathbf{v}_t + \mathbf{g}_t , \qquad
    \boldsymbol{\theta}_{t+1}
    = \boldsymbol{\theta}_t - \eta\,(\mathbf{g}_t + \beta\,\mathbf{v}_{t+1})""",
)
@pytest.mark.parametrize(("lr", "beta"), [(1e-3, 0.9), (0.1, 0.5), (0.1, 0.99)])
def test_nesterov_is_pytorchs(lr, beta):
    assert_steps_as_torch(
        lambda p: optimisers.Nesterov(p, lr, beta),
        lambda p: torch.optim.SGD(p, lr, momentum=beta, nesterov=True),
    )


def test_nesterov_stores_the_point_ahead_of_the_original_rule():
    lr, beta = 5e-4, 0.9
    optimiser = optimisers.Nesterov([np.array([-1.0, 2.0])], lr, beta)
    x, v = np.array([-1.0, 2.0]), np.zeros(2)
    for _ in range(100):
        ahead = x - lr * beta * v
        np.testing.assert_allclose(optimiser.params[0], ahead, rtol=0, atol=1e-10)
        v = beta * v + optimisers.rosenbrock_gradient(ahead)
        x = x - lr * v
        optimiser.step([optimisers.rosenbrock_gradient(optimiser.params[0])])


@pytest.mark.equation(
    "eq:rmsprop",
    r"""\mathbf{v}_t = \beta\,\mathbf{v}_{t-1} + (1 - \beta)\,\mathbf{g}_t^2 , \qquad
    \boldsymbol{\theta}_t = \boldsymbol{\theta}_{t-1}
    - \eta\,\frac{\mathbf{g}_t}{\sqrt{\mathbf{v}_t} + \varepsilon}""",
)
@pytest.mark.parametrize(("lr", "beta", "eps"), [(0.01, 0.99, 1e-8), (0.1, 0.9, 1e-3)])
def test_rmsprop_is_pytorchs(lr, beta, eps):
    assert_steps_as_torch(
        lambda p: optimisers.RMSProp(p, lr, beta, eps),
        lambda p: torch.optim.RMSprop(p, lr, alpha=beta, eps=eps),
    )


@pytest.mark.equation(
    "eq:bias", r"\operatorname{E}[\mathbf{m}_t] = (1 - \beta^t)\,\operatorname{E}[\mathbf{g}]"
)
@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999])
def test_a_running_average_from_zero_is_too_small_by_one_minus_beta_to_the_t(beta):
    """20,000 runs, gradients of mean 3 and spread 1: means are known to 0.01; 0.03 is allowed."""
    rng = np.random.default_rng(SEED)
    optimiser = optimisers.Adam([np.zeros(20_000)], 0.1, beta1=beta, beta2=beta)
    for t in range(1, 21):
        optimiser.step([3 + rng.normal(size=20_000)])
        m, v = optimiser.state[0]
        assert m.mean() / (1 - beta**t) == pytest.approx(3, abs=0.03)
        assert v.mean() / (1 - beta**t) == pytest.approx(10, abs=0.2)  # E[g²] = 3² + 1


ADAM_SETTINGS = [
    (0.01, 0.9, 0.999, 1e-8),
    (0.1, 0.8, 0.98, 1e-9),
    (1e-3, 0.5, 0.9, 1e-2),
    (0.01, 0.0, 0.99, 1e-8),
]


@pytest.mark.equation(
    "eq:adam",
    r"""\begin{aligned}
    \mathbf{m}_t &= \beta_1 \mathbf{m}_{t-1} + (1 - \beta_1)\,\mathbf{g}_t , &
    \hat{\mathbf{m}}_t &= \mathbf{m}_t / (1 - \beta_1^t) , \\
    \mathbf{v}_t &= \beta_2 \mathbf{v}_{t-1} + (1 - \beta_2)\,\mathbf{g}_t^2 , &
    \hat{\mathbf{v}}_t &= \mathbf{v}_t / (1 - \beta_2^t) , \\
    \boldsymbol{\theta}_t &= \boldsymbol{\theta}_{t-1}
    - \eta\,\hat{\mathbf{m}}_t \big/ \bigl(\sqrt{\hat{\mathbf{v}}_t} + \varepsilon\bigr)
    \end{aligned}""",
)
@pytest.mark.parametrize(("lr", "beta1", "beta2", "eps"), ADAM_SETTINGS)
def test_adam_is_pytorchs(lr, beta1, beta2, eps):
    assert_steps_as_torch(
        lambda p: optimisers.Adam(p, lr, beta1, beta2, eps),
        lambda p: torch.optim.Adam(p, lr, betas=(beta1, beta2), eps=eps),
    )


@pytest.mark.equation(
    "eq:adamw",
    r"""\boldsymbol{\theta}_t = (1 - \eta\lambda)\,\boldsymbol{\theta}_{t-1}
    - \eta\,\hat{\mathbf{m}}_t \big/ \bigl(\sqrt{\hat{\mathbf{v}}_t} + \varepsilon\bigr)""",
)
@pytest.mark.parametrize("decay", [0.0, 0.01, 1.0])
@pytest.mark.parametrize(("lr", "beta1", "beta2", "eps"), ADAM_SETTINGS[:2])
def test_adamw_is_pytorchs(lr, beta1, beta2, eps, decay):
    assert_steps_as_torch(
        lambda p: optimisers.AdamW(p, lr, beta1, beta2, eps, decay),
        lambda p: torch.optim.AdamW(p, lr, (beta1, beta2), eps, weight_decay=decay),
    )


@pytest.mark.equation("eq:rosenbrock", r"L(x, y) = (1 - x)^2 + 100\,(y - x^2)^2")
def test_rosenbrocks_valley_has_its_floor_on_the_parabola_and_its_lowest_point_at_1_1():
    x = np.linspace(-2, 2, 41)
    on_the_floor = np.stack([x, x**2], axis=-1)
    np.testing.assert_allclose(optimisers.rosenbrock(on_the_floor), (1 - x) ** 2, atol=TOLERANCE)
    above = np.stack([x, x**2 + 0.1], axis=-1)
    np.testing.assert_allclose(optimisers.rosenbrock(above), (1 - x) ** 2 + 1, rtol=1e-12)
    assert optimisers.rosenbrock(np.array([1.0, 1.0])) == 0
    assert optimisers.rosenbrock(np.array([-1.0, 2.0])) == 104


@pytest.mark.equation(
    "eq:rosenbrock-gradient",
    r"""\nabla L = \bigl[\, -2\,(1 - x) - 400\,x\,(y - x^2),\;\; 200\,(y - x^2) \,\bigr]""",
)
def test_the_gradient_of_rosenbrocks_valley_agrees_with_central_differences():
    points = np.random.default_rng(SEED).uniform(-2, 2, size=(20, 2))
    gradients = optimisers.rosenbrock_gradient(points)
    for point, gradient in zip(points, gradients, strict=True):
        by_differences = numerical_gradient(optimisers.rosenbrock, point)
        # h² times the third derivative, at most 2,400 · 2: 5e-7.
        np.testing.assert_allclose(gradient, by_differences, rtol=0, atol=1e-6)


@pytest.mark.equation(
    "eq:batch-noise",
    r"""\operatorname{E}[\mathbf{g}_B] = \mathbf{g} , \qquad
    \operatorname{Var}(g_B) = \frac{\sigma^2}{B}""",
)
@pytest.mark.parametrize("B", [1, 2, 3])
def test_a_mini_batch_is_right_on_average_and_its_variance_falls_like_one_over_its_size(B):
    """Over *all* ways to pick B of 7 examples with putting back: exact, no chance left."""
    gradients = np.random.default_rng(SEED).normal(size=7)
    picks = np.stack(np.meshgrid(*[gradients] * B), axis=-1).reshape(-1, B)
    batches = picks.mean(axis=1)
    assert batches.mean() == pytest.approx(gradients.mean(), abs=TOLERANCE)
    assert batches.var() == pytest.approx(gradients.var() / B, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:noise-floor",
    r"""\operatorname{E}[L] = \frac{\eta\,\sigma^2}{2B\,(2 - \eta\lambda)}
    \approx \frac{\eta\,\sigma^2}{4B}""",
)
@pytest.mark.parametrize(("rate", "curvature", "sigma", "B"), [(0.1, 1, 1, 1), (0.02, 9, 3, 4)])
def test_the_noise_stops_the_descent_at_a_floor(rate, curvature, sigma, B):
    """20,000 runs: the mean of a square is known to √(2/20,000), 1 %; 4 % is four times that."""
    rng = np.random.default_rng(SEED)
    optimiser = optimisers.SGD([np.zeros(20_000)], rate)
    (x,) = optimiser.params
    for _ in range(150):
        noise = sigma / math.sqrt(B) * rng.normal(size=20_000)
        optimiser.step([curvature * x + noise])
    measured = curvature / 2 * np.mean(x**2)
    formula = rate * sigma**2 / (2 * B * (2 - rate * curvature))
    assert measured == pytest.approx(formula, rel=0.04)
    assert formula == pytest.approx(rate * sigma**2 / (4 * B), rel=rate * curvature)


@pytest.mark.equation(
    "eq:warmup-cosine",
    r"""\eta_t = \begin{cases}
    \eta_{\text{peak}}\; t / w & t \le w \\[2pt]
    \eta_{\text{floor}} + \tfrac12\,(\eta_{\text{peak}} - \eta_{\text{floor}})
    \Bigl(1 + \cos \dfrac{\pi\,(t - w)}{T - w}\Bigr) & t > w
    \end{cases}""",
)
@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_the_rate_rises_in_a_line_and_falls_along_pytorchs_cosine(floor):
    peak, warmup, total = 0.7, 10, 50
    ours = [optimisers.warmup_cosine(t, peak, warmup, total, floor) for t in range(1, total + 1)]
    np.testing.assert_allclose(ours[:10], peak * np.arange(1, 11) / 10, rtol=1e-12)
    optimiser = torch.optim.SGD([torch.zeros(1)], peak)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total - warmup, floor)
    theirs = []
    for _ in range(total - warmup + 1):
        theirs.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    np.testing.assert_allclose(ours[9:], theirs, rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:transformer-rate", r"\eta_t = d^{-1/2} \min\bigl(t^{-1/2},\; t\, w^{-3/2}\bigr)"
)
def test_the_rate_of_2017_rises_in_a_line_to_w_and_falls_like_one_over_the_root():
    d, warmup = 512, 4_000
    t = np.arange(1, 20_001)
    rates = d**-0.5 * np.minimum(t**-0.5, t * warmup**-1.5)
    assert rates.argmax() + 1 == warmup
    assert rates.max() == pytest.approx((d * warmup) ** -0.5)
    np.testing.assert_allclose(rates[:warmup], rates[warmup - 1] * t[:warmup] / warmup)
    np.testing.assert_allclose(rates[warmup:] / rates[warmup - 1], np.sqrt(warmup / t[warmup:]))
