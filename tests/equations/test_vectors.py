"""Each numbered equation of chapter 1 against the code that claims to compute it.

A mark gives the equation's label and its TeX, word for word: change a sign on the page, and the
test fails until its author has looked at both.
"""

import math

import numpy as np
import pytest

from foundations import vectors

SEED = 42
TOLERANCE = 1e-12  # float64 sums of at most 64 terms of size 1


def some_vectors(count: int, d: int) -> np.ndarray:
    return np.random.default_rng(SEED).normal(size=(count, d))


@pytest.mark.equation("eq:dot", r"\mathbf{a} \cdot \mathbf{b} = \sum_{i=1}^{d} a_i b_i")
@pytest.mark.parametrize("d", [1, 2, 3, 64])
def test_the_dot_product_is_the_sum_over_pairs(d):
    a, b = some_vectors(2, d)
    terms = [a[i] * b[i] for i in range(d)]
    assert vectors.dot(a, b) == pytest.approx(math.fsum(terms), abs=TOLERANCE)
    assert vectors.dot(a, b) == pytest.approx(a @ b, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:linear",
    r"""(s\,\mathbf{a} + \mathbf{c}) \cdot \mathbf{b}
    = s\,(\mathbf{a} \cdot \mathbf{b}) + \mathbf{c} \cdot \mathbf{b}""",
)
@pytest.mark.parametrize("s", [-2.5, 0.0, 1.0, 1e3])
def test_the_dot_product_is_linear(s):
    a, b, c = some_vectors(3, 7)
    left = vectors.dot(s * a + c, b)
    assert left == pytest.approx(s * vectors.dot(a, b) + vectors.dot(c, b), rel=1e-12)
    assert vectors.dot(b, s * a + c) == pytest.approx(left, rel=1e-12)


@pytest.mark.equation("eq:norm", r"\lVert \mathbf{a} \rVert = \sqrt{\mathbf{a} \cdot \mathbf{a}}")
@pytest.mark.parametrize("d", [1, 2, 3, 64])
def test_the_norm_is_the_root_of_the_dot_product_with_itself(d):
    (a,) = some_vectors(1, d)
    assert vectors.norm(a) ** 2 == pytest.approx(vectors.dot(a, a), abs=TOLERANCE)
    assert vectors.norm(a) == pytest.approx(math.hypot(*a), abs=TOLERANCE)


@pytest.mark.equation(
    "eq:angle",
    r"""\mathbf{a} \cdot \mathbf{b}
    = \lVert \mathbf{a} \rVert \, \lVert \mathbf{b} \rVert \cos\theta""",
)
@pytest.mark.parametrize("degrees", [0, 1, 30, 45, 90, 135, 179, 180])
def test_the_dot_product_is_two_lengths_and_the_cosine_of_the_angle(degrees):
    theta = math.radians(degrees)
    a = 3.0 * np.array([math.cos(0.4), math.sin(0.4)])
    b = 0.5 * np.array([math.cos(0.4 + theta), math.sin(0.4 + theta)])
    assert vectors.dot(a, b) == pytest.approx(3.0 * 0.5 * math.cos(theta), abs=TOLERANCE)
    # Near 0° and 180° the cosine is flat: 16 digits of it leave 8 of the angle.
    assert vectors.angle(a, b) == pytest.approx(degrees, abs=1e-5)


@pytest.mark.equation(
    "eq:projection",
    r"""\operatorname{proj}_{\mathbf{b}} \mathbf{a}
    = \frac{\mathbf{a} \cdot \mathbf{b}}{\mathbf{b} \cdot \mathbf{b}} \, \mathbf{b}""",
)
@pytest.mark.parametrize("d", [1, 2, 5, 64])
def test_the_projection_lies_along_b_and_leaves_a_rest_orthogonal_to_b(d):
    a, b = some_vectors(2, d)
    shadow = vectors.project(a, b)
    np.testing.assert_allclose(shadow, (a @ b) / (b @ b) * b, atol=TOLERANCE)
    assert (a - shadow) @ b == pytest.approx(0, abs=TOLERANCE)
    np.testing.assert_allclose(vectors.project(shadow, b), shadow, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:cauchy-schwarz",
    r"""\lvert \mathbf{a} \cdot \mathbf{b} \rvert
    \le \lVert \mathbf{a} \rVert \, \lVert \mathbf{b} \rVert""",
)
@pytest.mark.parametrize("d", [1, 2, 3, 64])
def test_no_dot_product_exceeds_the_product_of_the_lengths(d):
    for a, b in some_vectors(2 * 500, d).reshape(500, 2, d):
        bound = vectors.norm(a) * vectors.norm(b)
        assert abs(vectors.dot(a, b)) <= bound * (1 + TOLERANCE)
        assert abs(vectors.dot(a, -3 * a)) == pytest.approx(3 * vectors.norm(a) ** 2, rel=1e-12)


@pytest.mark.equation(
    "eq:cosine",
    r"""\cos\theta =
    \frac{\mathbf{a} \cdot \mathbf{b}}{\lVert \mathbf{a} \rVert \, \lVert \mathbf{b} \rVert}""",
)
def test_the_cosine_is_the_dot_product_without_the_lengths():
    a, b = some_vectors(2, 9)
    cosine = vectors.cosine_similarity(a, b)
    unit_a, unit_b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    assert cosine == pytest.approx(unit_a @ unit_b, abs=TOLERANCE)
    assert vectors.cosine_similarity(100 * a, 0.01 * b) == pytest.approx(cosine, abs=TOLERANCE)
    assert vectors.cosine_similarity(-a, b) == pytest.approx(-cosine, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:average",
    r"""\mathbf{y} = \sum_{i=1}^{n} w_i\, \mathbf{x}_i \qquad\text{with}\qquad w_i =
    \frac{\max(\mathbf{q} \cdot \mathbf{x}_i,\, 0)}
    {\sum_{j=1}^{n} \max(\mathbf{q} \cdot \mathbf{x}_j,\, 0)}""",
)
def test_the_average_weighs_each_row_by_its_positive_score():
    keys = some_vectors(6, 4)
    query = keys[2]
    weights, average = vectors.compare_then_average(query, keys)
    scores = [max(float(query @ key), 0.0) for key in keys]
    np.testing.assert_allclose(weights, np.array(scores) / sum(scores), atol=TOLERANCE)
    assert weights.sum() == pytest.approx(1, abs=TOLERANCE)
    by_hand = sum(weight * key for weight, key in zip(weights, keys, strict=True))
    np.testing.assert_allclose(average, by_hand, atol=TOLERANCE)


# The two laws of chance are tested on 20,000 pairs. The relative error of a variance measured on n
# pairs is about √(κ/n) with κ = 2 for the normal distribution (up to 8 for small d), so 2 % here;
# 8 % is four times that.
PAIRS, SPREAD_TOLERANCE = 20_000, 0.08


@pytest.mark.equation("eq:dot-spread", r"\operatorname{Var}(\mathbf{a} \cdot \mathbf{b}) = d")
@pytest.mark.parametrize("d", [1, 4, 64, 256])
def test_the_variance_of_a_dot_product_is_the_dimension(d):
    dots, _ = vectors.random_pairs(d, PAIRS, np.random.default_rng(SEED))
    assert dots.var() / d == pytest.approx(1, abs=SPREAD_TOLERANCE)
    assert dots.mean() / math.sqrt(d) == pytest.approx(0, abs=SPREAD_TOLERANCE)


@pytest.mark.equation("eq:cosine-spread", r"\operatorname{E}[\cos^2\theta] = \frac{1}{d}")
@pytest.mark.parametrize("d", [1, 2, 3, 64, 256])
def test_the_mean_square_of_a_cosine_is_one_over_the_dimension(d):
    _, cosines = vectors.random_pairs(d, PAIRS, np.random.default_rng(SEED))
    assert np.mean(cosines**2) * d == pytest.approx(1, abs=SPREAD_TOLERANCE)
