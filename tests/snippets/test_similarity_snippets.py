"""The mathematics of chapter 1's snippets: properties, edges, errors, and PyTorch's word."""

import numpy as np
import pytest
import torch
from snippet_modules import load

SEED = 42

cosine_similarity = load("cosine_similarity").cosine_similarity
most_similar = load("most_similar").most_similar
project_onto = load("project_onto").project_onto
cosine_matrix = load("cosine_matrix_torch").cosine_matrix


@pytest.mark.parametrize("d", [1, 2, 64])
def test_cosine_similarity_agrees_with_pytorch(d):
    a, b = np.random.default_rng(SEED).normal(size=(2, d))
    theirs = torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), dim=0).item()
    assert cosine_similarity(a, b) == pytest.approx(theirs, abs=1e-12)


def test_cosine_similarity_never_leaves_its_range():
    for v in np.random.default_rng(SEED).normal(size=(1_000, 3)):
        assert -1 <= cosine_similarity(v, -2 * v) <= cosine_similarity(v, 2 * v) <= 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
def test_cosine_similarity_takes_small_types_without_overflow(dtype):
    a, b = np.array([300, 400], dtype=dtype), np.array([400, 300], dtype=dtype)
    assert cosine_similarity(a, b) == pytest.approx(0.96)


def test_cosine_similarity_takes_the_largest_and_smallest_floats():
    assert cosine_similarity(np.array([1e300, 1e300]), np.array([1e-300, 0])) == pytest.approx(
        0.5**0.5
    )


def test_cosine_similarity_refuses_zeros_and_shapes_that_differ():
    with pytest.raises(ValueError, match="no direction"):
        cosine_similarity(np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match=r"not \(3,\), \(2,\)"):
        cosine_similarity(np.ones(3), np.ones(2))


@pytest.mark.parametrize("by", ["cosine", "dot"])
def test_most_similar_gives_the_best_rows_in_order(by):
    rng = np.random.default_rng(SEED)
    rows, query = rng.normal(size=(50, 8)), rng.normal(size=8)
    scores = rows @ query
    if by == "cosine":
        scores = scores / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
    best, found = most_similar(query, rows, k=7, by=by)
    np.testing.assert_array_equal(best, np.argsort(scores)[::-1][:7])
    np.testing.assert_allclose(found, scores[best], atol=1e-12)


def test_most_similar_scores_rows_of_zeros_as_zero_and_keeps_ties_in_order():
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    best, scores = most_similar(np.array([1.0, 0.0]), rows)
    assert best.tolist() == [1, 2, 0]
    assert scores.tolist() == [1, 1, 0]


def test_most_similar_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"query \(3,\) does not fit rows \(2, 2\)"):
        most_similar(np.ones(3), np.ones((2, 2)))
    with pytest.raises(ValueError, match="not 'euclid'"):
        most_similar(np.ones(2), np.ones((2, 2)), by="euclid")


@pytest.mark.parametrize("shape", [(4,), (3, 4), (0, 4)])
def test_what_project_onto_leaves_is_orthogonal_to_the_direction(shape):
    rng = np.random.default_rng(SEED)
    direction, rows = rng.normal(size=4), rng.normal(size=shape)
    along = project_onto(direction, rows)
    assert along.shape == rows.shape
    np.testing.assert_allclose((rows - along) @ direction, 0, atol=1e-12)
    np.testing.assert_allclose(project_onto(direction, along), along, atol=1e-12)


def test_project_onto_refuses_a_direction_of_zeros():
    with pytest.raises(ValueError, match="no direction"):
        project_onto(np.zeros(2), np.ones(2))


def test_the_cosine_matrix_agrees_with_pytorch_pair_by_pair():
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    theirs = torch.nn.functional.cosine_similarity(x[:, None], y[None], dim=-1)
    torch.testing.assert_close(cosine_matrix(x, y), theirs, rtol=0, atol=1e-12)


def test_a_row_of_zeros_gives_the_cosine_matrix_no_nan_and_no_nan_gradient():
    x = torch.zeros(2, 3, requires_grad=True)
    cosines = cosine_matrix(x, torch.ones(1, 3))
    cosines.sum().backward()
    assert cosines.tolist() == [[0.0], [0.0]]
    assert torch.isfinite(x.grad).all()
