"""What `foundations.vectors` promises beyond its equations: errors, edges, and PyTorch's word."""

import math

import numpy as np
import pytest
import torch

from foundations import vectors

SEED = 42


def test_the_dot_product_of_the_source_notebook_is_32():
    assert vectors.dot([1, 2, 3], [4, 5, 6]) == 32


def test_vectors_of_different_lengths_are_refused_by_name_and_size():
    with pytest.raises(ValueError, match="dot: lengths differ: 3 and 2"):
        vectors.dot([1, 2, 3], [4, 5])


def test_the_dot_product_of_integers_is_an_integer():
    assert isinstance(vectors.dot([1, 2], [3, 4]), int)


@pytest.mark.parametrize("d", [1, 2, 3, 17, 300])
def test_dot_norm_and_cosine_agree_with_pytorch(d):
    a, b = np.random.default_rng(SEED).normal(size=(2, d))
    torch_a, torch_b = torch.tensor(a), torch.tensor(b)
    assert vectors.dot(a, b) == pytest.approx(torch.dot(torch_a, torch_b).item(), abs=1e-12)
    assert vectors.norm(a) == pytest.approx(torch_a.norm().item(), abs=1e-12)
    theirs = torch.nn.functional.cosine_similarity(torch_a, torch_b, dim=0).item()
    assert vectors.cosine_similarity(a, b) == pytest.approx(theirs, abs=1e-12)


def test_a_vector_of_zeros_has_no_direction():
    with pytest.raises(ValueError, match="cosine_similarity: a vector of zeros"):
        vectors.cosine_similarity([0, 0], [1, 2])
    with pytest.raises(ValueError, match="cosine_similarity: a vector of zeros"):
        vectors.angle([1, 2], [0, 0])
    with pytest.raises(ValueError, match="project: b is all zeros"):
        vectors.project(np.array([1.0, 2.0]), np.zeros(2))


def test_no_vector_and_its_double_give_an_angle_that_is_not_a_number():
    for v in np.random.default_rng(SEED).normal(size=(2_000, 3)):
        assert vectors.angle(v, 2 * v) == pytest.approx(0, abs=1e-5)
        assert vectors.angle(v, -v) == pytest.approx(180, abs=1e-5)


def test_known_angles_come_out_in_degrees():
    assert vectors.angle([1, 0], [1, 1]) == pytest.approx(45)
    assert vectors.angle([1, 0], [0, 5]) == 90
    assert vectors.angle([1, 0], [1, math.sqrt(3)]) == pytest.approx(60)


def test_projecting_leaves_its_arguments_alone():
    a, b = np.array([1.0, 2.0]), np.array([4.0, 2.0])
    np.testing.assert_allclose(vectors.project(a, b), [1.6, 0.8])
    np.testing.assert_array_equal([a, b], [[1.0, 2.0], [4.0, 2.0]])


def test_an_average_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no key has a positive score"):
        vectors.compare_then_average(np.array([1.0, 0.0]), np.array([[-1.0, 0.0], [0.0, 1.0]]))


def test_keys_that_point_away_from_the_query_weigh_nothing():
    keys = np.array([[1.0, 0.0], [-1.0, 0.0], [3.0, 1.0]])
    weights, average = vectors.compare_then_average(np.array([1.0, 0.0]), keys)
    np.testing.assert_allclose(weights, [0.25, 0, 0.75])
    np.testing.assert_allclose(average, [2.5, 0.75])


def test_random_pairs_are_the_same_for_the_same_seed():
    first = vectors.random_pairs(5, 10, np.random.default_rng(SEED))
    again = vectors.random_pairs(5, 10, np.random.default_rng(SEED))
    np.testing.assert_array_equal(first, again)
    assert first[0].shape == first[1].shape == (10,)
