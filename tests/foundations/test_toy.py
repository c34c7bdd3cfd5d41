"""The toy sentence: the small numbers that parts II and III work by hand."""

import numpy as np

from foundations import toy


def test_the_ids_name_the_words_of_the_sentence():
    assert toy.SENTENCE == "the cat saw the dog"
    assert sorted(toy.WORDS) == toy.WORDS == ["cat", "dog", "saw", "the"]
    assert toy.IDS.tolist() == [3, 0, 2, 3, 1]
    assert " ".join(toy.WORDS[i] for i in toy.IDS) == toy.SENTENCE


def test_the_embedding_has_a_row_for_each_word_and_no_two_are_alike():
    assert toy.E.shape == (4, 4)
    assert len({tuple(row) for row in toy.E}) == 4
    cat, dog, _, _ = toy.E
    np.testing.assert_array_equal(cat - dog, [0, 0, 0, 2])


def test_the_projections_are_small_whole_numbers_as_floats():
    for matrix in (toy.W_q, toy.W_k, toy.W_v, toy.W_o):
        assert matrix.shape == (4, 4)
        assert matrix.dtype == np.float64
        np.testing.assert_array_equal(matrix, np.round(matrix))
        assert np.abs(matrix).max() <= 4


def test_the_scores_of_the_sentence_are_those_of_the_later_chapters():
    X = toy.E[toy.IDS]
    scores = (X @ toy.W_q) @ (X @ toy.W_k).T / 2
    by_hand = [
        [0, 1, 0, 0, 1],
        [1, 1, 3, 1, -1],
        [0, 2, 0, 0, 2],
        [0, 1, 0, 0, 1],
        [1, -1, 3, 1, 1],
    ]
    np.testing.assert_array_equal(scores, by_hand)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights[0], [0.119, 0.322, 0.119, 0.119, 0.322], atol=6e-4)
    np.testing.assert_array_equal(weights[0], weights[3])


def test_values_and_outputs_of_the_four_words_are_those_worked_by_hand():
    values = [[1, 1, 0, 1], [1, -1, 0, -1], [0, 2, 0, 0], [0, 0, 1, 1]]
    outputs = [[1, 1, 0, 2], [1, -1, 0, 0], [0, 2, 0, 0], [0, 1, 1, 1]]
    np.testing.assert_array_equal(toy.E @ toy.W_v, values)
    np.testing.assert_array_equal(toy.E @ toy.W_v @ toy.W_o, outputs)
