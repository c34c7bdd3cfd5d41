"""Each numbered equation of chapter 2 against the code that claims to compute it.

A mark gives the equation's label and its TeX, word for word: change a sign on the page, and the
test fails until its author has looked at both.
"""

import itertools
import math

import numpy as np
import pytest

from foundations import matrices, vectors

SEED = 42
TOLERANCE = 1e-12  # float64 sums of at most 64 terms of size 1
SHAPES = [(1, 1, 1), (2, 3, 4), (5, 1, 2), (1, 6, 1), (7, 16, 3)]


def some(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.equation("eq:matmul", r"C_{ij} = \sum_{p=1}^{k} A_{ip}\, B_{pj}")
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_each_entry_is_a_row_times_a_column(m, k, n):
    A, B = some((m, k), (k, n))
    C = matrices.matmul(A, B)
    assert C.shape == (m, n)
    for i, j in itertools.product(range(m), range(n)):
        assert C[i, j] == pytest.approx(vectors.dot(A[i], B[:, j]), abs=TOLERANCE)
    np.testing.assert_allclose(C, A @ B, rtol=0, atol=TOLERANCE)


@pytest.mark.equation("eq:row-blend", r"\mathbf{c}_i = \sum_{p=1}^{k} A_{ip}\, \mathbf{b}_p")
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_each_row_is_a_blend_of_rows(m, k, n):
    A, B = some((m, k), (k, n))
    for i, row in enumerate(A @ B):
        blend = sum(A[i, p] * B[p] for p in range(k))
        np.testing.assert_allclose(row, blend, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(matrices.matmul_rows(A, B), A @ B, rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:outer-sum",
    r"\mathbf{A}\mathbf{B} = \sum_{p=1}^{k} \mathbf{A}_{:p}\, \mathbf{B}_{p:}",
)
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_a_product_is_a_sum_of_outer_products(m, k, n):
    A, B = some((m, k), (k, n))
    layers = [A[:, [p]] * B[[p], :] for p in range(k)]
    assert all(np.linalg.matrix_rank(layer) == 1 for layer in layers)
    np.testing.assert_allclose(sum(layers), A @ B, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(matrices.matmul_outer(A, B), A @ B, rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:transpose-product",
    r"(\mathbf{A}\mathbf{B})^\top = \mathbf{B}^\top \mathbf{A}^\top",
)
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_the_transpose_of_a_product_turns_the_order_round(m, k, n):
    A, B = some((m, k), (k, n))
    turned = matrices.matmul(B.T, A.T)
    np.testing.assert_allclose(matrices.matmul(A, B).T, turned, rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:associative",
    r"(\mathbf{A}\mathbf{B})\,\mathbf{C} = \mathbf{A}\,(\mathbf{B}\mathbf{C})",
)
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_brackets_may_be_moved(m, k, n):
    A, B, C = some((m, k), (k, n), (n, 4))
    left = matrices.matmul(matrices.matmul(A, B), C)
    right = matrices.matmul(A, matrices.matmul(B, C))
    np.testing.assert_allclose(left, right, rtol=0, atol=10 * TOLERANCE)


class Counted(float):
    """A number that counts what is done with it."""

    count = 0

    def __mul__(self, other):
        Counted.count += 1
        return Counted(float(self) * float(other))

    def __radd__(self, other):
        Counted.count += 1
        return Counted(float(self) + float(other))

    __add__ = __radd__


@pytest.mark.equation("eq:matmul-flops", r"\text{FLOPs} = 2\,m\,k\,n")
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_the_loops_do_two_operations_for_each_product(m, k, n):
    A, B = (np.array(M, dtype=object) for M in some((m, k), (k, n)))
    for M in (A, B):
        M[...] = [[Counted(entry) for entry in row] for row in M]
    Counted.count = 0
    C = matrices.matmul(A, B)
    assert Counted.count == matrices.matmul_flops(m, k, n) == 2 * m * k * n
    np.testing.assert_allclose(C.astype(float), A.astype(float) @ B.astype(float))


@pytest.mark.equation(
    "eq:all-pairs",
    r"""\frac{1}{n^2} \sum_{i=1}^{n} \sum_{j=1}^{n} (p_i - y_j)^2
    = \operatorname{Var}(p) + \operatorname{Var}(y) + (\bar p - \bar y)^2""",
)
@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_mean_over_all_pairs_is_two_variances_and_a_difference_of_means(n):
    p, y = some((n,), (n,))
    p = 3 * p + 2
    pairs = [(a - b) ** 2 for a in p for b in y]
    expected = p.var() + y.var() + (p.mean() - y.mean()) ** 2
    assert sum(pairs) / n**2 == pytest.approx(expected, rel=1e-12)
    assert np.mean((p[:, None] - y) ** 2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.equation("eq:row-major", r"\operatorname{place}(i, j) = i\,n + j")
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 2), (4, 5)])
def test_entries_lie_row_by_row_in_memory(shape):
    table = np.arange(math.prod(shape)).reshape(shape)
    for i, j in np.ndindex(shape):
        place = matrices.row_major_place((i, j), shape)
        assert place == i * shape[1] + j == table[i, j]
        assert place * table.itemsize == i * table.strides[0] + j * table.strides[1]


@pytest.mark.equation(
    "eq:map",
    r"\mathbf{x}\,\mathbf{W} = x_1\,\mathbf{w}_1 + x_2\,\mathbf{w}_2",
)
def test_the_rows_are_where_the_unit_steps_go():
    x, W = some((2,), (2, 2))
    np.testing.assert_array_equal(np.array([1, 0]) @ W, W[0])
    np.testing.assert_array_equal(np.array([0, 1]) @ W, W[1])
    np.testing.assert_allclose(x @ W, x[0] * W[0] + x[1] * W[1], rtol=0, atol=TOLERANCE)


@pytest.mark.equation(
    "eq:rotation",
    r"""\mathbf{R}(\theta) = \begin{bmatrix} \cos\theta & \sin\theta \\
    -\sin\theta & \cos\theta \end{bmatrix}""",
)
@pytest.mark.parametrize("degrees", [-170, -45, 0, 1, 30, 90, 135, 180])
def test_a_rotation_turns_counterclockwise_and_keeps_lengths(degrees):
    theta = math.radians(degrees)
    R = matrices.rotation(theta)
    (x,) = some((2,))
    as_complex = complex(*x) * complex(math.cos(theta), math.sin(theta))
    np.testing.assert_allclose(x @ R, [as_complex.real, as_complex.imag], atol=TOLERANCE)
    np.testing.assert_allclose(R @ R.T, np.eye(2), atol=TOLERANCE)
    both = matrices.rotation(0.4) @ R
    np.testing.assert_allclose(both, matrices.rotation(theta + 0.4), atol=TOLERANCE)


def shoelace(corners: np.ndarray) -> float:
    """The area of a polygon, positive where its corners go round counterclockwise."""
    x, y = corners.T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


@pytest.mark.equation(
    "eq:determinant", r"\det \begin{bmatrix} a & b \\ c & d \end{bmatrix} = a\,d - b\,c"
)
def test_the_determinant_is_the_factor_for_areas():
    for W in np.random.default_rng(SEED).normal(size=(50, 2, 2)):
        (a, b), (c, d) = W
        assert matrices.determinant(W) == pytest.approx(a * d - b * c, abs=TOLERANCE)
        assert matrices.determinant(W) == pytest.approx(np.linalg.det(W), abs=TOLERANCE)
        triangle = np.array([[0.0, 0.0], [3.0, 1.0], [1.0, 2.0]])
        grown = shoelace(triangle @ W) / shoelace(triangle)
        assert matrices.determinant(W) == pytest.approx(grown, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:det-product",
    r"\det(\mathbf{A}\mathbf{B}) = \det\mathbf{A}\; \det\mathbf{B}",
)
def test_the_factors_of_two_maps_multiply():
    for A, B in np.random.default_rng(SEED).normal(size=(50, 2, 2, 2)):
        both = matrices.determinant(A) * matrices.determinant(B)
        assert matrices.determinant(A @ B) == pytest.approx(both, abs=TOLERANCE)


@pytest.mark.equation(
    "eq:inverse",
    r"""\begin{bmatrix} a & b \\ c & d \end{bmatrix}^{-1}
    = \frac{1}{ad - bc} \begin{bmatrix} d & -b \\ -c & a \end{bmatrix}""",
)
def test_the_inverse_undoes_the_map_on_both_sides():
    for W in np.random.default_rng(SEED).normal(size=(50, 2, 2)):
        undo = matrices.inverse(W)
        np.testing.assert_allclose(undo, np.linalg.inv(W), rtol=1e-10)
        np.testing.assert_allclose(W @ undo, np.eye(2), atol=1e-10)
        np.testing.assert_allclose(undo @ W, np.eye(2), atol=1e-10)


@pytest.mark.equation("eq:intensity", r"\frac{2\,m\,k\,n}{m k + k n + m n}")
@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_the_intensity_is_operations_by_numbers_moved(m, k, n):
    A, B = some((m, k), (k, n))
    moved = A.size + B.size + (A @ B).size
    assert matrices.intensity(m, k, n) == pytest.approx(2 * m * k * n / moved, rel=1e-15)
    assert matrices.intensity(6, 6, 6) == pytest.approx(2 * 6 / 3, rel=1e-15)
    assert matrices.intensity(1, 1000, 1000) < 2
