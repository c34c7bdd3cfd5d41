"""The mathematics of chapter 10's snippets: gradients, training, edges, errors."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42
Classifier = load("mlp_numpy").Classifier
decision_map = load("decision_map").decision_map
parameter_table = load("parameter_table_torch").parameter_table


def test_the_gradients_of_the_classifier_agree_with_autograd():
    rng = np.random.default_rng(SEED)
    model = Classifier((4, 8, 5, 3), seed=1)
    for p in model.params[1::2]:
        p += rng.normal(size=p.shape)
    X, y = rng.normal(size=(6, 4)), rng.integers(0, 3, size=6)
    theirs = [torch.tensor(p, requires_grad=True) for p in model.params]
    H = torch.tensor(X)
    for W, b in zip(theirs[:-2:2], theirs[1:-2:2], strict=True):
        H = torch.relu(H @ W + b)
    torch.nn.functional.cross_entropy(H @ theirs[-2] + theirs[-1], torch.tensor(y)).backward()
    for ours, p in zip(model.gradients(X, y), theirs, strict=True):
        np.testing.assert_allclose(ours, p.grad.numpy(), atol=1e-12)


def test_the_classifier_steps_as_pytorchs_adam_does():
    rng = np.random.default_rng(SEED)
    model = Classifier((2, 3), seed=1)
    X, y = rng.normal(size=(6, 2)), rng.integers(0, 3, size=6)
    theirs = [torch.tensor(p, requires_grad=True) for p in model.params]
    optimiser = torch.optim.Adam(theirs, lr=0.05)
    for _ in range(5):
        optimiser.zero_grad()
        scores = torch.tensor(X) @ theirs[0] + theirs[1]
        torch.nn.functional.cross_entropy(scores, torch.tensor(y)).backward()
        optimiser.step()
    model.fit(X, y, steps=2, lr=0.05)
    model.fit(X, y, steps=3, lr=0.05)  # goes on where it stopped
    for ours, p in zip(model.params, theirs, strict=True):
        np.testing.assert_allclose(ours, p.detach().numpy(), atol=1e-12)


def test_the_classifier_starts_with_hes_spread():
    W = Classifier((50, 2000, 2)).params[0]
    assert W.std() == pytest.approx((2 / 50) ** 0.5, rel=0.02)


def test_large_inputs_give_the_classifier_probabilities_all_the_same():
    P = Classifier((2, 4, 3)).activations(np.array([[1e5, -1e5]]))[-1]
    assert np.isfinite(P).all()
    assert P.sum() == pytest.approx(1)


@pytest.mark.parametrize("wrong", [-1, 2])
def test_the_classifier_refuses_classes_that_it_does_not_have(wrong):
    with pytest.raises(ValueError, match="classes go from 0 to 1"):
        Classifier((1, 2)).fit(np.zeros((1, 1)), np.array([wrong]), steps=1)


def test_a_decision_map_shades_by_value_and_points_up():
    seen = decision_map(lambda points: points[:, 1], (0, 1), (0, 1), columns=4)
    assert seen.split("\n") == ["####", ""]  # 2 rows: y = 1 above, y = 0 below
    left = decision_map(lambda points: points[:, 0], (0, 1), (0, 1), columns=5)
    assert left.split("\n")[0] == " .:##"


def test_a_decision_map_keeps_its_proportions_and_its_own_shades():
    flat = decision_map(lambda points: np.ones(len(points)), (0, 4), (0, 1), 40, "ab")
    assert flat.split("\n") == ["b" * 40] * 5


def test_a_decision_map_refuses_a_function_of_another_shape():
    with pytest.raises(ValueError, match=r"predict gave \(8, 2\) for 8 points"):
        decision_map(lambda points: points, (0, 1), (0, 1), columns=4)


def test_the_table_counts_what_pytorch_counts():
    model = torch.nn.Linear(3, 5).double()
    model.bias.requires_grad_(False)
    assert parameter_table(model).split("\n") == [
        "weight  (5, 3)     15",
        "bias *  (5,)        5",
        "total   160 bytes  20",
    ]


def test_a_shared_parameter_is_counted_once():
    one = torch.nn.Linear(2, 2, bias=False)
    assert parameter_table(torch.nn.Sequential(one, one)).split("\n")[-1].split() == [
        "total", "16", "bytes", "4",
    ]  # fmt: skip


def test_the_classifier_predicts_the_most_probable_class():
    model = Classifier((2, 16, 3), seed=3)
    X = np.random.default_rng(SEED).normal(size=(200, 2))
    predicted = model.predict(X)
    assert predicted.tolist() == [int(np.argmax(row)) for row in model.activations(X)[-1]]
    assert len(set(predicted)) > 1
