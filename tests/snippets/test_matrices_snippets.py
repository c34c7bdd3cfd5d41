"""The mathematics of chapter 2's snippets: properties, edges, errors, and others' word."""

import itertools

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

affine_module = load("affine")
affine, transform = affine_module.affine, affine_module.transform
explain_broadcast = load("explain_broadcast").explain_broadcast
mse = load("same_shape_loss").mse
squared_distances = load("squared_distances").squared_distances


def test_affine_scales_then_shears_then_turns_then_moves():
    points = np.random.default_rng(SEED).normal(size=(20, 2))
    M = affine(degrees=30, scale=(2, 3), shear=0.5, move=(1, -4))
    x, y = 2 * points[:, 0], 3 * points[:, 1]
    x = x + 0.5 * y
    turned = (x + 1j * y) * np.exp(1j * np.radians(30)) + (1 - 4j)
    expected = np.stack([turned.real, turned.imag], axis=1)
    np.testing.assert_allclose(transform(points, M), expected, rtol=0, atol=1e-12)
    assert np.linalg.det(M) == pytest.approx(2 * 3)


def test_affine_without_arguments_changes_nothing():
    points = np.random.default_rng(SEED).normal(size=(3, 5, 2))
    np.testing.assert_array_equal(transform(points, affine()), points)


def test_affine_maps_chain_from_left_to_right():
    points = np.random.default_rng(SEED).normal(size=(20, 2))
    first, second = affine(move=(2, 0)), affine(degrees=90)
    one_by_one = transform(transform(points, first), second)
    np.testing.assert_allclose(transform(points, first @ second), one_by_one, atol=1e-12)
    np.testing.assert_allclose(transform([0, 0], first @ second), [0, 2], atol=1e-12)


def test_transform_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"points are rows \(x, y\), not \(2, 3\)"):
        transform(np.ones((2, 3)), affine())
    with pytest.raises(ValueError, match="last column 0, 0, 1"):
        transform(np.ones((3, 2)), affine(move=(1, 2)).T)
    with pytest.raises(ValueError, match="last column 0, 0, 1"):
        transform(np.ones((3, 2)), np.eye(2))


def test_explain_broadcast_finds_numpys_shape_or_says_that_there_is_none():
    shapes = [s for width in range(3) for s in itertools.product((0, 1, 2, 3), repeat=width)]
    for some in itertools.product(shapes, repeat=2):
        *_, last = explain_broadcast(*some).split("\n")
        try:
            theirs = np.broadcast_shapes(*some)
        except ValueError:
            assert "?" in last and last.endswith("does not fit")
        else:
            assert tuple(map(int, last.split())) == theirs


def test_explain_broadcast_takes_many_shapes_and_lines_them_up_on_the_right():
    assert explain_broadcast((2, 1), (), (10,)).split("\n") == [
        "     2     1",
        "               scalar",
        "          10",
        " ----- -----",
        "     2    10",
    ]
    assert explain_broadcast((2,), (3,), (1,)).split("\n")[-1] == "     ?   does not fit"
    assert explain_broadcast() == "\n"


@pytest.mark.parametrize("shape", [(1,), (5,), (5, 1), (2, 3, 4)])
def test_the_loss_is_pytorchs_where_the_shapes_agree(shape):
    generator = torch.Generator().manual_seed(SEED)
    predicted = torch.randn(shape, generator=generator, requires_grad=True)
    target = torch.randn(shape, generator=generator)
    loss = mse(predicted, target)
    torch.testing.assert_close(loss, torch.nn.functional.mse_loss(predicted, target))
    loss.backward()
    expected = 2 * (predicted.detach() - target) / target.numel()
    torch.testing.assert_close(predicted.grad, expected)


def test_the_loss_refuses_other_shapes_and_hints_where_it_can():
    with pytest.raises(ValueError) as told:
        mse(torch.zeros(3, 1), torch.zeros(3))
    message = "mse: shapes differ: (3, 1) and (3,); predicted.reshape(target.shape) would fit"
    assert str(told.value) == message
    with pytest.raises(ValueError) as told:
        mse(torch.zeros(3), torch.zeros(4))
    assert str(told.value) == "mse: shapes differ: (3,) and (4,)"


def test_pytorchs_own_loss_warns_and_compares_every_prediction_with_every_target():
    predicted, target = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 2.0, 4.0])
    with pytest.warns(UserWarning, match="broadcasting"):
        loss = torch.nn.functional.mse_loss(predicted, target)
    assert loss.item() == pytest.approx(2 * np.var([1, 2, 4]))


@pytest.mark.parametrize(("n", "m", "d"), [(1, 1, 1), (4, 7, 3), (50, 2, 64), (3, 3, 0)])
@pytest.mark.parametrize("far", [0.0, 1e6, 1e8])
def test_squared_distances_are_those_of_the_differences_also_far_away(n, m, d, far):
    rng = np.random.default_rng(SEED)
    X, Y = rng.normal(size=(n, d)) + far, rng.normal(size=(m, d)) + far
    before = X.copy(), Y.copy()
    true = ((X[:, None] - Y) ** 2).sum(axis=2)
    found = squared_distances(X, Y)
    assert found.shape == (n, m)
    np.testing.assert_allclose(found, true, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(Y, before[1])


def test_squared_distances_are_never_negative_and_keep_their_promise_of_accuracy():
    rng = np.random.default_rng(SEED)
    X = 1e3 * rng.normal(size=(200, 16))
    found = squared_distances(X, X)
    assert found.min() >= 0
    size = (X**2).sum(axis=1).max()
    assert abs(np.diag(found)).max() < 1e-15 * size
    theirs = torch.cdist(torch.tensor(X), torch.tensor(X)).numpy() ** 2
    np.testing.assert_allclose(found, theirs, rtol=1e-9, atol=1e-14 * size)


def test_squared_distances_take_small_types_lists_and_nothing():
    found = squared_distances(np.array([[300]], dtype=np.float16), [[0]])
    assert found.tolist() == [[90_000.0]]
    assert squared_distances(np.array([[200]], dtype=np.uint8), [[255]]).tolist() == [[3025.0]]
    assert squared_distances(np.ones((0, 2)), np.ones((3, 2))).shape == (0, 3)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 2)), ((3,), (2, 3)), ((2, 3), (3,))])
def test_squared_distances_say_what_does_not_fit(shapes):
    with pytest.raises(ValueError, match=r"\(n, d\) and \(m, d\), not"):
        squared_distances(*map(np.ones, shapes))
