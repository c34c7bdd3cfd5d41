"""The mathematics of chapter 3's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

sigmoid = load("stable_sigmoid").sigmoid
softmax = load("stable_softmax").softmax
gelu = load("gelu").gelu
mlp = load("mlp_forward")


@pytest.mark.parametrize(
    ("kind", "digits"), [(np.float64, 1e-14), (np.float32, 1e-5), (np.float16, 5e-3)]
)
def test_the_sigmoid_agrees_with_pytorch_and_keeps_the_type(kind, digits):
    z = np.linspace(-9, 9, 91).astype(kind)
    theirs = torch.sigmoid(torch.tensor(z.astype(np.float64))).numpy()
    assert sigmoid(z).dtype == kind
    np.testing.assert_allclose(sigmoid(z), theirs, rtol=digits)


def test_the_sigmoid_overflows_nowhere_and_keeps_small_digits():
    with np.errstate(over="raise", invalid="raise"):
        assert sigmoid(np.array([-np.inf, -1e4, 0, 1e4, np.inf])).tolist() == [0, 0, 0.5, 1, 1]
    assert sigmoid(-40.0) == pytest.approx(np.exp(-40), rel=1e-14)
    assert sigmoid([0]).tolist() == [0.5]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_agrees_with_pytorch(axis):
    scores = 100 * np.random.default_rng(SEED).normal(size=(4, 5))
    theirs = torch.softmax(torch.tensor(scores), dim=axis).numpy()
    np.testing.assert_allclose(softmax(scores, axis=axis), theirs, atol=1e-14)


def test_masked_softmax_agrees_with_pytorch_and_ignores_what_is_masked():
    rng = np.random.default_rng(SEED)
    scores = rng.normal(size=(2, 4, 4))
    mask = np.tril(np.ones((4, 4), dtype=bool))
    hidden = torch.tensor(scores).masked_fill(torch.tensor(~mask), -torch.inf)
    theirs = torch.softmax(hidden, dim=-1).numpy()
    np.testing.assert_allclose(softmax(scores, mask=mask), theirs, atol=1e-14)
    scores[:, ~mask] = np.nan
    np.testing.assert_allclose(softmax(scores, mask=mask), theirs, atol=1e-14)


def test_softmax_overflows_nowhere():
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(softmax([1e300, 0.0, -1e300]), [1, 0, 0])


def test_softmax_refuses_what_has_no_distribution():
    with pytest.raises(ValueError, match="leaves nothing along axis 1"):
        softmax(np.zeros((2, 2)), axis=1, mask=np.array([[True, False], [False, False]]))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="must be finite"):
            softmax(np.array([0.0, bad]))


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_agrees_with_pytorch_in_both_modes(approximate):
    z = np.linspace(-9, 9, 181)
    theirs = torch.nn.functional.gelu(torch.tensor(z), approximate=approximate).numpy()
    np.testing.assert_allclose(gelu(z, approximate), theirs, atol=1e-14)
    assert gelu(z.astype(np.float32), approximate).dtype == np.float64


def test_gelu_keeps_the_digits_of_its_left_tail():
    # Φ(−z) lies between φ(z)/z · (1 − 1/z²) and φ(z)/z.
    z = 20.0
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    assert density * (1 - 1 / z**2) < -gelu(-z) < density


def test_gelu_refuses_another_form():
    with pytest.raises(ValueError, match='"none" or "tanh", not True'):
        gelu(np.zeros(2), approximate=True)


def test_the_forward_pass_agrees_with_pytorch_stage_by_stage():
    torch.manual_seed(SEED)
    theirs = [torch.nn.Linear(3, 5), torch.nn.Linear(5, 4), torch.nn.Linear(4, 2)]
    layers = [(t.weight.detach().numpy().T, t.bias.detach().numpy()) for t in theirs]
    x = torch.randn(6, 3)
    hidden = torch.tanh(theirs[0](x))
    deeper = torch.tanh(theirs[1](hidden))
    stages = mlp.mlp_forward(x.numpy(), layers, activation=np.tanh)
    assert len(stages) == 4
    for ours, right in zip(stages, (x, hidden, deeper, theirs[2](deeper)), strict=True):
        np.testing.assert_allclose(ours, right.detach().numpy(), atol=1e-6)


def test_the_forward_pass_uses_relu_between_layers_and_nothing_at_the_end():
    stages = mlp.mlp_forward([[2.0]], [(np.array([[-1.0]]), np.zeros(1))] * 2)
    assert [stage.item() for stage in stages] == [2, 0, 0]
    assert mlp.mlp_forward([[2.0]], [(np.array([[-1.0]]), np.zeros(1))])[-1].item() == -2


def test_the_forward_pass_names_the_layer_that_does_not_fit():
    fine = np.ones((3, 4)), np.ones(4)
    with pytest.raises(ValueError, match=r"layer 2: \(2, 4\) @ \(3, 4\) \+ \(4,\)"):
        mlp.mlp_forward(np.ones((2, 3)), [fine, fine])
    with pytest.raises(ValueError, match=r"layer 1: .* \+ \(4, 1\) does not fit"):
        mlp.mlp_forward(np.ones((2, 3)), [(np.ones((3, 4)), np.ones((4, 1)))])
