"""What `foundations.matrices` promises beyond its equations: errors, edges, and PyTorch's word."""

import itertools

import numpy as np
import pytest
import torch

from foundations import matrices

SEED = 42
WAYS = [matrices.matmul, matrices.matmul_rows, matrices.matmul_outer]


@pytest.mark.parametrize(
    ("name", "matrix", "printed"),
    [
        ("A", np.array([[1, 2], [3, 4]]), "A, shape (2, 2):\n[[1 2]\n [3 4]]\n"),
        ("X @ W", np.array([[2.5, -0.5, 0.25]]), "X @ W, shape (1, 3):\n[[ 2.5  -0.5   0.25]]\n"),
        ("row", np.arange(3), "row, shape (3,):\n[0 1 2]\n"),
        ("nothing", np.ones((0, 2)), "nothing, shape (0, 2):\n[]\n"),
        ("a list", [[1, 2], [3, 4]], "a list, shape (2, 2):\n[[1, 2], [3, 4]]\n"),
    ],
)
def test_a_matrix_is_shown_under_its_name_and_shape(name, matrix, printed, capsys):
    assert matrices.show(name, matrix) is None
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("way", WAYS)
def test_every_way_finds_the_products_of_the_source_notebook(way):
    A, B = np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])
    np.testing.assert_array_equal(way(A, B), [[19, 22], [43, 50]])
    X = np.array([[1, 2, 3], [4, 5, 6]])
    W = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    np.testing.assert_allclose(way(X, W), [[2.2, 2.8], [4.9, 6.4]])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
def test_every_way_keeps_the_type(way, dtype):
    A, B = np.ones((2, 3), dtype=dtype), np.ones((3, 2), dtype=dtype)
    assert way(A, B).dtype == dtype
    assert way(A, np.ones((3, 2), dtype=np.float64)).dtype == np.float64


@pytest.mark.parametrize("way", WAYS)
def test_every_way_agrees_with_pytorch_and_leaves_its_arguments_alone(way):
    A, B = (np.random.default_rng(SEED).normal(size=s) for s in ((4, 5), (5, 3)))
    before = A.copy(), B.copy()
    theirs = torch.matmul(torch.tensor(A), torch.tensor(B)).numpy()
    np.testing.assert_allclose(way(A, B), theirs, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])


@pytest.mark.parametrize("way", WAYS)
def test_a_product_over_nothing_is_zero(way):
    np.testing.assert_array_equal(way(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))
    assert way(np.ones((0, 2)), np.ones((2, 3))).shape == (0, 3)


def test_inner_sizes_that_differ_are_refused_with_a_hint_where_one_helps():
    with pytest.raises(ValueError) as told:
        matrices.matmul(np.ones((2, 3)), np.ones((2, 3)))
    message = "matmul: inner sizes differ: (2, 3) @ (2, 3); did you mean B.T?"
    assert str(told.value) == message
    with pytest.raises(ValueError) as told:
        matrices.matmul(np.ones((2, 3)), np.ones((4, 5)))
    assert str(told.value) == "matmul: inner sizes differ: (2, 3) @ (4, 5)"


@pytest.mark.parametrize("way", [matrices.matmul_rows, matrices.matmul_outer])
def test_the_other_ways_refuse_them_too(way):
    with pytest.raises(ValueError, match="zip"):
        way(np.ones((2, 3)), np.ones((2, 3)))


def test_broadcasting_agrees_with_numpy_and_pytorch_on_every_pair_of_small_shapes():
    sizes = (0, 1, 2, 3)
    shapes = [s for width in range(4) for s in itertools.product(sizes, repeat=width)]
    agreed = refused = 0
    for a, b in itertools.product(shapes, repeat=2):
        try:
            theirs = np.broadcast_shapes(a, b)
        except ValueError:
            with pytest.raises(ValueError, match="do not fit"):
                matrices.broadcast_shape(a, b)
            refused += 1
        else:
            assert matrices.broadcast_shape(a, b) == theirs
            assert torch.broadcast_shapes(a, b) == theirs
            agreed += 1
    assert min(agreed, refused) > 2_000


def test_shapes_that_do_not_fit_are_named_with_the_sizes_that_clash():
    with pytest.raises(ValueError) as told:
        matrices.broadcast_shape([2, 3], [2])
    message = "broadcast_shape: (2, 3) and (2,) do not fit: 3 against 2"
    assert str(told.value) == message


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 3, 4), (3, 1, 2, 2)])
def test_the_place_in_memory_is_numpys(shape):
    flat = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for index in np.ndindex(shape):
        assert matrices.row_major_place(index, shape) == flat[index]


def test_an_index_of_another_length_has_no_place():
    with pytest.raises(ValueError, match="zip"):
        matrices.row_major_place((1, 2, 3), (4, 5))


class Clock:
    """A clock that goes on only where a test says so."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def lasting(self, *seconds):
        """A function that takes the given seconds, one after the other, again and again."""
        turns = itertools.cycle(seconds)

        def run(*arguments):
            self.now += next(turns)

        return run


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(matrices, "time", clock)
    return clock


def test_the_fastest_run_counts(clock):
    run = clock.lasting(5.0, 2.0, 3.0)
    assert matrices.fastest(run, "argument", repeats=3) == 2.0
    assert matrices.fastest(run, repeats=1) == 5.0


def test_measured_ratios_are_to_the_library(clock, monkeypatch):
    monkeypatch.setattr(np, "matmul", clock.lasting(2.0))
    monkeypatch.setattr(matrices, "matmul", clock.lasting(50.0, 40.0))
    monkeypatch.setattr(matrices, "matmul_outer", clock.lasting(6.0))
    rng = np.random.default_rng(SEED)
    assert matrices.measure([2, 3], 2, rng) == {2: (20.0, 3.0), 3: (20.0, 3.0)}


def test_a_triple_loop_is_slower_than_the_library():
    ratios = matrices.measure([24], 2, np.random.default_rng(SEED))
    loops, outer = ratios[24]
    assert loops > 20  # in truth some thousands
    assert outer > 1


def test_columns_are_compared_with_rows(monkeypatch):
    seen = []

    def fastest(run, lines, repeats):
        sums = run(lines)
        seen.append((sums, lines.dtype, lines.flags.c_contiguous, repeats))
        return 1.0 if lines.flags.c_contiguous else 4.0

    monkeypatch.setattr(matrices, "fastest", fastest)
    assert matrices.measure_strides(3, 7) == 4.0
    assert seen == [([3, 3, 3], np.float32, False, 7), ([3, 3, 3], np.float32, True, 7)]


def test_both_orders_of_a_triple_product_give_the_same(monkeypatch):
    results = []

    def fastest(run, repeats):
        results.append(run())
        return float(len(results) * repeats)

    monkeypatch.setattr(matrices, "fastest", fastest)
    rng = np.random.default_rng(SEED)
    assert matrices.measure_order(5, 2, 3, rng) == 3.0 / 6.0
    assert results[0].shape == (5, 2)
    np.testing.assert_allclose(*results, rtol=0, atol=1e-12)
    A, B, C = np.random.default_rng(SEED).normal(size=(3, 5, 2))
    np.testing.assert_allclose(results[0], A @ B.T @ C, rtol=0, atol=1e-12)


def test_what_is_flat_has_no_inverse():
    with pytest.raises(ValueError, match="inverse: the determinant is 0"):
        matrices.inverse(np.array([[2.0, 1.0], [4.0, 2.0]]))


def test_the_inverse_of_integers_is_not_rounded():
    np.testing.assert_allclose(matrices.inverse(np.array([[1, 2], [3, 4]])), [[-2, 1], [1.5, -0.5]])


def test_the_source_notebooks_rotation_is_not_quite_one():
    almost = np.array([[0.7, -0.7], [0.7, 0.7]])
    assert matrices.determinant(almost) == pytest.approx(0.98)
    assert matrices.determinant(matrices.rotation(-np.pi / 4)) == pytest.approx(1)
    np.testing.assert_allclose(matrices.rotation(-np.pi / 4), almost * np.sqrt(0.5) / 0.7)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (4, 4), (3, 8, 8), (2, 1, 16, 16)])
def test_strassens_seven_products_give_the_same_product(shape):
    A, B = np.random.default_rng(SEED).normal(size=(2, *shape))
    np.testing.assert_allclose(matrices.strassen(A, B), A @ B, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("n", "products"), [(1, 1), (2, 7), (8, 343)])
def test_strassen_counts_seven_for_eight(n, products, monkeypatch):
    calls = []
    whole = matrices.strassen

    def counted(A, B):
        calls.append(A.shape[-1])
        return whole(A, B)

    monkeypatch.setattr(matrices, "strassen", counted)
    matrices.strassen(np.ones((n, n)), np.ones((n, n)))
    assert calls.count(1) == products
