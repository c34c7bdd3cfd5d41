"""The mathematics of chapter 17's snippets: properties, edges, errors, and independent words."""

import numpy as np
import pytest
from snippet_modules import load

from foundations import position

SEED = 42
sinusoids = load("sinusoids").sinusoids
rope, convert = load("rope").rope, load("rope").convert
alibi_slopes, alibi_bias = load("alibi").alibi_slopes, load("alibi").alibi_bias


@pytest.mark.parametrize("width", [2, 6, 64])
def test_sinusoids_are_the_chapters_in_both_layouts(width):
    P = position.sinusoids(20, width)
    np.testing.assert_allclose(sinusoids(np.arange(20), width), P)
    halves = sinusoids(np.arange(20), width, layout="halves")
    np.testing.assert_allclose(halves, P[:, position.halves_order(width)])
    assert sinusoids(np.zeros((3, 5)), width).shape == (3, 5, width)
    slow = sinusoids(np.arange(20), width, base=500.0)
    np.testing.assert_allclose(slow, position.sinusoids(20, width, base=500.0))


def test_sinusoids_take_places_between_places():
    np.testing.assert_allclose(sinusoids(np.array([0.5]), 2), [[np.sin(0.5), np.cos(0.5)]])


def test_sinusoids_refuse_odd_widths_and_unknown_layouts():
    for width in (0, 3):
        with pytest.raises(ValueError, match=f"even number, not {width}"):
            sinusoids(np.arange(2), width)
    with pytest.raises(ValueError, match="not 'columns'"):
        sinusoids(np.arange(2), 4, layout="columns")


@pytest.mark.parametrize("base", [10_000.0, 500_000.0])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rope_is_the_chapters_in_both_pairings(base, kind):
    x = np.random.default_rng(SEED).normal(size=(2, 3, 7, 8)).astype(kind)
    places = np.arange(7) + 900
    for pairing, ours in (("neighbours", position.rope), ("halves", position.rope_halves)):
        got = rope(x, places, pairing, base)
        assert got.dtype == kind
        np.testing.assert_array_equal(got, ours(x, places, base))


def test_rope_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="3 must be even"):
        rope(np.zeros((2, 3)), np.arange(2), "halves")
    with pytest.raises(ValueError, match=r"2 rows, but positions of shape \(3,\)"):
        rope(np.zeros((2, 4)), np.arange(3), "halves")
    with pytest.raises(ValueError, match="not 'pairs'"):
        rope(np.zeros((2, 4)), np.arange(2), "pairs")


@pytest.mark.parametrize(("heads", "d"), [(1, 2), (1, 8), (3, 4), (4, 6)])
def test_convert_goes_there_and_back_within_heads(heads, d):
    W = np.random.default_rng(SEED).normal(size=(5, heads * d))
    there = convert(W, heads, to="halves")
    np.testing.assert_array_equal(there, position.columns_to_halves(W, heads))
    np.testing.assert_array_equal(convert(there, heads, to="neighbours"), W)
    np.testing.assert_array_equal(convert(W[0], heads, to="halves"), there[0])


def test_convert_refuses_odd_heads_and_unknown_pairings():
    with pytest.raises(ValueError, match="12 columns are not 4 even heads"):
        convert(np.zeros((2, 12)), 4, to="halves")
    with pytest.raises(ValueError, match="not 'pairs'"):
        convert(np.zeros((2, 12)), 3, to="pairs")


@pytest.mark.parametrize("heads", [1, 2, 8, 64])
def test_slopes_of_a_power_of_two_are_the_chapters(heads):
    np.testing.assert_allclose(alibi_slopes(heads), position.alibi_slopes(heads))


@pytest.mark.parametrize("heads", [3, 5, 12, 40])
def test_other_slopes_are_two_sequences_as_in_the_authors_code(heads):
    below = max(p for p in (1, 2, 4, 8, 16, 32) if p < heads)
    slopes = [2 ** (-8 * h / below) for h in range(1, below + 1)]
    slopes += [2 ** (-8 * h / (2 * below)) for h in range(1, 2 * below, 2)][: heads - below]
    np.testing.assert_allclose(alibi_slopes(heads), slopes)


@pytest.mark.parametrize("queries", [1, 3, 6])
def test_the_bias_of_the_last_queries_is_the_end_of_the_square(queries):
    square = np.where(np.tri(6, dtype=bool), position.alibi(8, 6), -np.inf)
    np.testing.assert_array_equal(alibi_bias(8, queries, 6), square[:, 6 - queries :])


def test_alibi_refuses_no_heads_and_too_many_queries():
    with pytest.raises(ValueError, match="at least one head, not 0"):
        alibi_slopes(0)
    with pytest.raises(ValueError, match="3 queries, but only 2 keys"):
        alibi_bias(2, 3, 2)
