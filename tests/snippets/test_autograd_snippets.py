"""The mathematics of chapter 8's snippets: against PyTorch, differences, and their errors."""

import math

import numpy as np
import pytest
import torch
from snippet_modules import load
from torch import nn

SEED = 42

scalar = load("scalar_autograd")
dual = load("dual_numbers")
linear = load("linear_numpy_torch")
loop = load("training_loop_torch")


def test_scalar_autograd_agrees_with_pytorch():
    def f(x, y):
        return (x * y).tanh() + x**3 / y - (2 - y).exp() * (x * x + 1).log() - 1 / x + 2 * y - 3

    x, y = scalar.Number(0.7), scalar.Number(1.3)
    z = f(x, y)
    torch_x, torch_y = (
        torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.7, 1.3)
    )
    torch_z = f(torch_x, torch_y)
    torch_z.backward()
    assert z.value == pytest.approx(torch_z.item(), rel=1e-14)
    expected = [torch_x.grad.item(), torch_y.grad.item()]
    assert scalar.slopes(z, x, y) == pytest.approx(expected, rel=1e-13)


def test_scalar_autograd_adds_up_uses_and_gives_0_for_strangers():
    x, stranger = scalar.Number(3.0), scalar.Number(1.0)
    assert scalar.slopes(x * x + x, x, stranger) == [7, 0]
    assert scalar.slopes(x, x) == [1]


def test_scalar_autograd_is_not_stopped_by_depth_or_by_the_number_of_paths():
    x = scalar.Number(1.0)
    deep, wide = x, x
    for _ in range(5_000):
        deep = deep + 1
    for _ in range(50):
        wide = wide + wide
    assert scalar.slopes(deep, x) == [1]
    assert scalar.slopes(wide, x) == [2.0**50]


@pytest.mark.parametrize("x", [0.3, 1.0, 2.5])
def test_dual_numbers_give_the_derivative(x):
    def f(x, exp, sin):
        return (x**3 - 2 / x + exp(-x) * sin(x * 2)) / (1 + x) - (5 - x) + 2 * x - 1

    h = 1e-5
    above, below = (f(at, math.exp, math.sin) for at in (x + h, x - h))
    found = dual.derivative(lambda x: f(x, dual.exp, dual.sin), x)
    assert found == pytest.approx((above - below) / (2 * h), rel=1e-8)


def test_dual_numbers_take_branches_and_constants():
    assert dual.derivative(lambda x: x * x if x.value > 0 else -x, 3.0) == 6
    assert dual.derivative(lambda x: x * x if x.value > 0 else -x, -3.0) == -1
    assert dual.derivative(lambda x: 5.0, 3.0) == 0
    assert dual.derivative(lambda x: x * dual.exp(0.0) + dual.sin(0.0), 3.0) == 1


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (4, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_travel_to_linear_and_back(shape, dtype):
    rng = np.random.default_rng(SEED)
    W, b = rng.normal(size=shape).astype(dtype), rng.normal(size=shape[1]).astype(dtype)
    X = rng.normal(size=(6, shape[0])).astype(dtype)
    layer = linear.to_linear(W, b)
    theirs = layer(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(theirs, X @ W + b, rtol=1e-5, atol=1e-6)
    back_W, back_b = linear.from_linear(layer)
    assert back_W.dtype == dtype
    np.testing.assert_array_equal(back_W, W)
    np.testing.assert_array_equal(back_b, b)


def test_no_memory_is_shared_and_the_layer_can_be_trained():
    W, b = np.ones((2, 2)), np.zeros(2)
    layer = linear.to_linear(W, b)
    assert layer.weight.requires_grad and layer.bias.requires_grad
    back_W, back_b = linear.from_linear(layer)
    with torch.no_grad():
        layer.weight.add_(1.0)
        layer.bias.add_(1.0)
    for array, value in ((W, 1), (b, 0), (back_W, 1), (back_b, 0)):
        assert (array == value).all()


def test_a_layer_without_bias_has_a_bias_of_zeros():
    W, b = linear.from_linear(nn.Linear(3, 2, bias=False))
    assert W.shape == (3, 2)
    np.testing.assert_array_equal(b, np.zeros(2, dtype=np.float32))


def test_weights_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"not \(2, 3\) and \(2,\)"):
        linear.to_linear(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ValueError, match=r"not \(3,\) and \(\)"):
        linear.to_linear(np.ones(3), np.ones(()))


def regression():
    generator = torch.Generator().manual_seed(SEED)
    X = torch.randn(10, 2, generator=generator, dtype=torch.float64)
    model = nn.Linear(2, 1, dtype=torch.float64)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    return model, X, X @ torch.tensor([[2.0], [-1.0]], dtype=torch.float64), generator


def test_one_full_batch_epoch_is_one_step_of_gradient_descent():
    model, X, y, generator = regression()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    history = loop.train(model, nn.functional.mse_loss, optimiser, X, y, 1, 10, generator)
    assert history == [pytest.approx((y**2).mean().item(), rel=1e-12)]
    expected = 0.1 * 2 / 10 * (X.T @ y).T
    torch.testing.assert_close(model.weight.detach(), expected, rtol=1e-12, atol=1e-12)


def test_the_loop_learns_clears_gradients_and_weighs_a_short_last_batch():
    model, X, y, generator = regression()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)
    mean = (y**2).mean().item()
    history = loop.train(model, nn.functional.mse_loss, optimiser, X, y, 2, 4, generator)
    assert history == pytest.approx([mean, mean], rel=1e-12)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    history = loop.train(model, nn.functional.mse_loss, optimiser, X, y, 200, 4, generator)
    assert history[-1] < 1e-9
    assert all(isinstance(loss, float) for loss in history)


def test_evaluating_records_nothing_and_gives_the_mode_back():
    seen = []

    class Model(nn.Linear):
        def forward(self, x):
            seen.append((self.training, torch.is_grad_enabled()))
            return super().forward(x)

    model = Model(2, 1)
    for training in (True, False):
        model.train(training)
        loss = loop.evaluate(model, nn.functional.mse_loss, torch.ones(3, 2), torch.ones(3, 1))
        assert isinstance(loss, float)
        assert model.training is training
    assert seen == [(False, False), (False, False)]
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    loop.train(
        model, nn.functional.mse_loss, optimiser, torch.ones(3, 2), torch.ones(3, 1), 1, 3,
        torch.Generator().manual_seed(SEED),
    )  # fmt: skip
    assert seen[-1] == (True, True)


def test_the_loop_says_what_does_not_fit_and_stops_at_nan():
    model, X, y, generator = regression()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="10 examples and 3 targets"):
        loop.train(model, nn.functional.mse_loss, optimiser, X, y[:3], 1, 4, generator)
    with pytest.raises(FloatingPointError, match="loss nan in epoch 0"):
        loop.train(model, nn.functional.mse_loss, optimiser, X * torch.nan, y, 1, 4, generator)
