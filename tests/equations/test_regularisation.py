"""Each numbered equation of chapter 9 against the code that claims to compute it."""

import math

import numpy as np
import pytest
import torch

from foundations import normalisation, regularisation
from foundations.backpropagation import numerical_gradient
from foundations.optimisers import SGD

SEED = 42
TOLERANCE = 1e-12  # float64, values of size 1
SLOPES = 1e-8  # central differences with h = 1e-5 leave about h² times a third derivative

# Means and variances of 200,000 draws: a relative error of about √(κ/200,000), with κ up to 4 for
# the masks below, is 0.5 %; four times that is allowed.
DRAWS, CHANCE = 200_000, 0.02


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.equation("eq:l2-penalty", r"L_\lambda = L + \frac{\lambda}{2} \sum_i w_i^2")
@pytest.mark.parametrize("decay", [0.0, 0.01, 2.5])
def test_the_penalty_is_half_lambda_times_all_squared_weights(decay):
    weights = [rng().normal(size=(2, 3)), rng().normal(size=(3, 4, 1))]
    squares = math.fsum(w**2 for W in weights for w in W.ravel())
    penalty = regularisation.l2_penalty(weights, decay)
    assert penalty == pytest.approx(decay / 2 * squares, abs=TOLERANCE)
    torch_W = torch.tensor(weights[0], requires_grad=True)
    (decay / 2 * (torch_W**2).sum()).backward()
    slopes = numerical_gradient(lambda W: regularisation.l2_penalty([W], decay), weights[0])
    np.testing.assert_allclose(slopes, torch_W.grad.numpy(), atol=SLOPES)
    np.testing.assert_allclose(slopes, decay * weights[0], atol=SLOPES)


@pytest.mark.equation(
    "eq:shrink",
    r"""w - \eta \Bigl( \frac{\partial L}{\partial w} + \lambda w \Bigr)
    = (1 - \eta \lambda)\, w - \eta\, \frac{\partial L}{\partial w}""",
)
def test_a_step_down_the_penalised_loss_shrinks_the_weights_and_then_steps():
    w, slope = rng().normal(size=(2, 5))
    ours = [w.copy()]
    SGD(ours, lr=0.1).step([slope + 0.5 * w])
    np.testing.assert_allclose(ours[0], (1 - 0.1 * 0.5) * w - 0.1 * slope, atol=TOLERANCE)
    theirs = torch.nn.Parameter(torch.tensor(w))
    theirs.grad = torch.tensor(slope)
    torch.optim.SGD([theirs], lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(ours[0], theirs.detach().numpy(), atol=TOLERANCE)


@pytest.mark.equation("eq:prior-decay", r"\lambda = \frac{1}{n \tau^2}")
@pytest.mark.parametrize(("n", "tau"), [(4, 0.5), (10, 1.0), (3, 2.0)])
def test_the_best_penalty_for_a_mean_is_the_one_of_the_prior(n, tau):
    # The penalised loss is smallest at mean/(1 + λ). Its mean squared error, in closed form:
    lam = np.linspace(0, 4, 40_001)
    error = (1 / n + (lam * tau) ** 2) / (1 + lam) ** 2
    assert lam[error.argmin()] == pytest.approx(1 / (n * tau**2), abs=1e-4)
    # It is also where the logarithm of likelihood times prior is largest.
    seen = rng().normal(size=n)
    w = np.linspace(-2, 2, 40_001)
    log_posterior = -((seen[:, None] - w) ** 2).sum(axis=0) / 2 - w**2 / (2 * tau**2)
    penalised = seen.mean() / (1 + 1 / (n * tau**2))
    assert w[log_posterior.argmax()] == pytest.approx(penalised, abs=1e-4)


@pytest.mark.equation("eq:dropout", r"\tilde{h}_i = \frac{m_i}{1 - p}\, h_i")
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_dropout_zeroes_some_and_scales_the_others(p):
    H = rng().normal(size=(200, 50))
    out, mask = regularisation.dropout(H, p, rng())
    m = mask != 0
    np.testing.assert_allclose(out, m / (1 - p) * H, atol=TOLERANCE)
    # 10,000 masks: the spread of the share is at most 0.005.
    assert m.mean() == pytest.approx(1 - p, abs=0.02)


@pytest.mark.equation("eq:dropout-mean", r"\operatorname{E}[\tilde{h}_i] = h_i")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean(p):
    out, _ = regularisation.dropout(np.full(DRAWS, -3.0), p, rng())
    assert out.mean() == pytest.approx(-3, rel=CHANCE)


@pytest.mark.equation(
    "eq:dropout-variance",
    r"\operatorname{Var}(\tilde{h}_i) = \frac{h_i^2}{1 - p} - h_i^2 = \frac{p}{1 - p}\, h_i^2",
)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_adds_a_variance_of_p_over_1_minus_p_times_the_square(p):
    out, _ = regularisation.dropout(np.full(DRAWS, -3.0), p, rng())
    assert out.var() == pytest.approx(p / (1 - p) * 9, rel=CHANCE)
    assert 9 / (1 - p) - 9 == pytest.approx(p / (1 - p) * 9, rel=1e-12)


@pytest.mark.equation(
    "eq:dropout-penalty",
    r"""\operatorname{E}\bigl[(\mathbf{w} \cdot \tilde{\mathbf{h}} - y)^2\bigr]
    = (\mathbf{w} \cdot \mathbf{h} - y)^2 + \frac{p}{1 - p} \sum_i h_i^2 w_i^2""",
)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_dropout_before_a_linear_unit_is_a_price_on_squared_weights(p):
    h, w = rng().normal(size=(2, 6))
    y = 0.7
    # Exactly, over all 64 masks, each with its probability.
    masks = (np.arange(64)[:, None] >> np.arange(6)) % 2
    chances = np.prod(np.where(masks, 1 - p, p), axis=1)
    exact = chances @ ((masks / (1 - p) * h) @ w - y) ** 2
    price = p / (1 - p) * np.sum(h**2 * w**2)
    assert exact == pytest.approx((w @ h - y) ** 2 + price, rel=1e-12)


@pytest.mark.equation(
    "eq:standardise",
    r"""\hat{x}_i = \frac{x_i - \mu}{\sqrt{v + \varepsilon}} \qquad\text{with}\qquad
    \mu = \frac{1}{m} \sum_{j=1}^{m} x_j , \quad v = \frac{1}{m} \sum_{j=1}^{m} (x_j - \mu)^2""",
)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_standardising_subtracts_the_mean_and_divides_by_the_root(axis, eps):
    X = rng().normal(3, 2, size=(5, 4, 3))
    X_hat, mean, root = normalisation.standardise(X, axis, eps)
    mu = X.mean(axis=axis, keepdims=True)
    v = X.var(axis=axis, keepdims=True)
    np.testing.assert_allclose(mean, mu, atol=TOLERANCE)
    np.testing.assert_allclose(root, np.sqrt(v + eps), atol=TOLERANCE)
    np.testing.assert_allclose(X_hat, (X - mu) / np.sqrt(v + eps), atol=TOLERANCE)
    np.testing.assert_allclose(X_hat.mean(axis=axis), 0, atol=TOLERANCE)
    np.testing.assert_allclose(X_hat.var(axis=axis, keepdims=True), v / (v + eps), atol=TOLERANCE)


@pytest.mark.equation("eq:norm-gain", r"y_i = \gamma\, \hat{x}_i + \beta")
def test_batch_norm_scales_and_shifts_each_feature():
    norm = normalisation.BatchNorm(3)
    norm.gamma, norm.beta = rng().normal(size=(2, 3))
    X = rng().normal(size=(7, 3))
    Y, _ = norm.forward(X, training=True)
    X_hat = normalisation.standardise(X, axis=0)[0]
    for j in range(3):
        np.testing.assert_allclose(
            Y[:, j], norm.gamma[j] * X_hat[:, j] + norm.beta[j], atol=TOLERANCE
        )


@pytest.mark.equation(
    "eq:standardise-backward",
    r"""\frac{\partial L}{\partial x_i}
    = \frac{1}{s} \Bigl( g_i - \frac{1}{m} \sum_{j=1}^{m} g_j
    - \hat{x}_i \cdot \frac{1}{m} \sum_{j=1}^{m} g_j \hat{x}_j \Bigr)""",
)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_the_gradient_loses_its_shadows_on_the_ones_and_on_x_hat(axis, eps):
    X, G = rng().normal(1, 2, size=(2, 4, 5))
    X_hat, _, root = normalisation.standardise(X, axis, eps)
    ours = normalisation.standardise_backward(G, X_hat, root, axis)
    slopes = numerical_gradient(lambda X: np.sum(normalisation.standardise(X, axis, eps)[0] * G), X)
    np.testing.assert_allclose(ours, slopes, atol=SLOPES)
    theirs = torch.tensor(X, requires_grad=True)
    v = theirs.var(dim=axis, correction=0, keepdim=True)
    ((theirs - theirs.mean(dim=axis, keepdim=True)) / (v + eps).sqrt()).backward(torch.tensor(G))
    np.testing.assert_allclose(ours, theirs.grad.numpy(), atol=TOLERANCE)
    np.testing.assert_allclose(ours.sum(axis=axis), 0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:gain-backward",
    r"""\frac{\partial L}{\partial \gamma} = \sum_i \frac{\partial L}{\partial y_i}\, \hat{x}_i
    \qquad \frac{\partial L}{\partial \beta} = \sum_i \frac{\partial L}{\partial y_i}""",
)
def test_gain_and_shift_gather_from_every_row():
    X, d_Y = rng().normal(size=(2, 6, 4))
    gamma, beta = rng().normal(size=(2, 4))
    for axis, backward in (
        (0, normalisation.batch_norm_backward),
        (1, normalisation.layer_norm_backward),
    ):
        X_hat, _, root = normalisation.standardise(X, axis)
        _, d_gamma, d_beta = backward(d_Y, (X_hat, root, gamma))

        def loss(gamma=gamma, beta=beta, X_hat=X_hat):
            return np.sum((gamma * X_hat + beta) * d_Y)

        by_gamma = numerical_gradient(lambda value, loss=loss: loss(gamma=value), gamma)
        by_beta = numerical_gradient(lambda value, loss=loss: loss(beta=value), beta)
        np.testing.assert_allclose(d_gamma, by_gamma, atol=SLOPES)
        np.testing.assert_allclose(d_beta, by_beta, atol=SLOPES)


@pytest.mark.equation("eq:running", r"r \leftarrow (1 - \alpha)\, r + \alpha\, r_{\text{batch}}")
@pytest.mark.parametrize("momentum", [0.1, 0.7])
def test_running_estimates_move_a_share_of_the_way_to_the_batch(momentum):
    norm = normalisation.BatchNorm(2, momentum=momentum)
    mean, var = np.zeros(2), np.ones(2)
    for batch in rng().normal(3, 2, size=(4, 5, 2)):
        norm.forward(batch, training=True)
        mean = (1 - momentum) * mean + momentum * batch.mean(axis=0)
        var = (1 - momentum) * var + momentum * batch.var(axis=0, ddof=1)
    np.testing.assert_allclose(norm.running_mean, mean, atol=TOLERANCE)
    np.testing.assert_allclose(norm.running_var, var, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:biased",
    r"""\operatorname{E}\Bigl[ \frac{1}{n} \sum_{j=1}^{n} (x_j - \bar{x})^2 \Bigr]
    = \frac{n - 1}{n}\, \sigma^2""",
)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_variance_of_a_sample_is_too_small_on_average(n):
    # Exactly: all samples of n from the three equally likely values −2, 0, 4.
    values = np.array([-2.0, 0.0, 4.0])
    samples = np.stack(np.meshgrid(*[values] * n)).reshape(n, -1)
    assert samples.var(axis=0).mean() == pytest.approx((n - 1) / n * values.var(), rel=1e-12)


@pytest.mark.equation(
    "eq:layer-norm",
    r"""\mathbf{y} = \boldsymbol{\gamma} \odot \frac{\mathbf{x} - \mu}{\sqrt{v + \varepsilon}}
    + \boldsymbol{\beta}""",
)
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("eps", [1e-5, 0.3])
def test_layer_norm_standardises_each_row_and_agrees_with_pytorch(shape, eps):
    X = rng().normal(2, 3, size=shape)
    gamma, beta = rng().normal(size=(2, 4))
    ours, _ = normalisation.layer_norm(X, gamma, beta, eps)
    theirs = torch.nn.functional.layer_norm(
        torch.tensor(X), (4,), torch.tensor(gamma), torch.tensor(beta), eps
    )
    np.testing.assert_allclose(ours, theirs.numpy(), atol=TOLERANCE)
    x, y = X.reshape(-1, 4)[-1], ours.reshape(-1, 4)[-1]
    mu = sum(x) / 4
    v = sum((x_j - mu) ** 2 for x_j in x) / 4
    np.testing.assert_allclose(y, gamma * (x - mu) / math.sqrt(v + eps) + beta, atol=TOLERANCE)
