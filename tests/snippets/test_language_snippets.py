"""Chapter 12's snippets: sums to one, edges, errors, and the chapter's own functions."""

import math

import numpy as np
import pytest
from snippet_modules import load

from foundations import language
from foundations.corpus import TALE

SEED = 42

NgramModel = load("ngram_model").NgramModel
bits = load("bits_per_byte")
sample_chain = load("sample_chain").sample_chain
SENTENCES = [line.split() for line in ("the cat saw the dog .", "the dog ran .")]


def taught(n, discount=0.75, documents=SENTENCES):
    model = NgramModel(n, discount)
    for tokens in documents:
        model.learn(tokens)
    return model


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("before", ["", "the", "the cat", "no such words", "dog ran . the"])
def test_every_context_has_probabilities_that_sum_to_one(n, before):
    model = taught(n)
    ps = [model.probability(word, before.split()) for word in model.vocabulary]
    assert sum(ps) == pytest.approx(1)
    assert min(ps) > 0


def test_the_probabilities_by_hand():
    model = taught(2, 0.5)
    # Ten tokens of 6 kinds: the 3, dog 2, . 2, and cat, saw, ran once each.
    dog = (2 - 0.5 + 0.5 * 6 / 6) / 10
    assert model.probability("dog") == pytest.approx(dog)
    # After "the": dog twice, cat once.
    assert model.probability("dog", ["the"]) == pytest.approx((2 - 0.5 + 0.5 * 2 * dog) / 3)
    assert model.probability("dog", ["saw", "the"]) == model.probability("dog", ["the"])
    assert model.probability("dog", ["unseen"]) == pytest.approx(dog)
    assert model.probability("cow", ["the"]) == 0
    assert "cow" not in model.counts["the",]


def test_no_run_is_counted_across_two_documents():
    assert taught(2).counts["."  ,] == {}  # fmt: skip
    assert taught(2, documents=[[*SENTENCES[0], *SENTENCES[1]]]).counts[".",] == {"the": 1}


def test_the_loss_is_the_mean_and_infinite_for_unknown_tokens():
    model = taught(3)
    tokens = ["the", "cat", "ran", "."]
    ps = [model.probability(token, tokens[:t]) for t, token in enumerate(tokens)]
    assert model.loss(tokens) == pytest.approx(-np.log(ps).mean())
    assert model.loss(["the", "cow", "ran", "."]) == math.inf
    with pytest.raises(ValueError, match="no tokens"):
        model.loss([])


def test_longer_contexts_help_on_held_out_text():
    cut = len(TALE) * 9 // 10
    losses = [taught(n, documents=[TALE[:cut]]).loss(TALE[cut:]) for n in (1, 2, 4)]
    assert losses == sorted(losses, reverse=True)
    assert math.exp(losses[-1]) < 3.13  # the chapter's best table of one length


def test_writing_is_repeatable_and_follows_the_probabilities():
    model = taught(2)
    start = ["the"]
    assert model.write(start, 8, seed=3) == model.write(start, 8, seed=3)
    assert start == ["the"]
    drawn = [model.write(start, 1, seed)[1] for seed in range(3000)]
    for word in model.vocabulary:
        share = drawn.count(word) / 3000
        assert share == pytest.approx(model.probability(word, start), abs=0.03)


@pytest.mark.parametrize(("n", "discount"), [(0, 0.5), (2, 0.0), (2, 1.0)])
def test_a_model_needs_a_length_and_a_discount(n, discount):
    with pytest.raises(ValueError, match="n >= 1, 0 < discount < 1"):
        NgramModel(n, discount)


def test_a_model_writes_nothing_before_it_has_learned():
    with pytest.raises(ValueError, match="nothing is learned yet"):
        NgramModel(2).write(["the"], 3, seed=1)


@pytest.mark.parametrize("text", ["the cat", "café", "你 \U0001f600"])
def test_bits_per_byte_is_the_chapters(text):
    log_p = np.log(np.random.default_rng(SEED).uniform(0.1, 1, size=6))
    ours = language.bits_per_byte(log_p, text)
    assert bits.bits_per_byte(log_p, text) == pytest.approx(ours)
    perplexity = math.exp(-log_p.mean())
    assert bits.from_perplexity(perplexity, 6, text) == pytest.approx(ours)


def test_bits_per_byte_at_the_edges():
    assert bits.bits_per_byte([0.0], "a") == 0
    assert math.copysign(1, bits.bits_per_byte([0.0], "a")) == 1
    assert bits.bits_per_byte([-math.inf, -1], "a") == math.inf
    assert bits.bits_per_byte((-math.log(2) for _ in range(8)), "a") == pytest.approx(8)
    assert bits.from_perplexity(1, 3, "a") == 0
    with pytest.raises(ValueError, match="the text is empty"):
        bits.bits_per_byte([-1.0], "")
    for wrong in (0.5, math.nan):
        with pytest.raises(ValueError, match=f"{wrong} is no logarithm"):
            bits.bits_per_byte([-1.0, wrong], "a")
    for wrong in (0.9, math.nan):
        with pytest.raises(ValueError, match=f"1 or more, not {wrong}"):
            bits.from_perplexity(wrong, 3, "a")


def test_chains_follow_their_table():
    table = np.array([[0, 3, 1], [1, 0, 0], [2, 2, 0]])
    starts = np.array([0, 2] * 2000)
    drawn = sample_chain(table, starts, 30, np.random.default_rng(SEED))
    assert drawn.shape == (4000, 31)
    assert np.array_equal(drawn[:, 0], starts)
    counts = np.zeros((3, 3))
    np.add.at(counts, (drawn[:, :-1].ravel(), drawn[:, 1:].ravel()), 1)
    assert counts / counts.sum(axis=1, keepdims=True) == pytest.approx(
        table / table.sum(axis=1, keepdims=True), abs=0.01
    )
    assert not counts[table == 0].any()
    assert sample_chain(table, [1], 0, np.random.default_rng(SEED)).tolist() == [[1]]


class Edges:
    """A generator whose numbers are the smallest and the largest there are."""

    def random(self, shape):
        return np.where(np.arange(shape[0]) % 2, np.nextafter(1, 0), 0.0).reshape(shape)


def test_a_state_of_weight_0_is_never_drawn_not_even_at_the_edges():
    table = np.tile([0.0, 0.1, 0.2, 0.0], (4, 1))
    drawn = sample_chain(table, np.array([1, 1]), 1, Edges())
    assert drawn[:, 1].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("table", "starts", "message"),
    [
        ([[1, 1]], [0], r"a square table, not \(1, 2\)"),
        ([[1, -1], [1, 1]], [0], "finite and 0 or more"),
        ([[1, math.inf], [1, 1]], [0], "finite and 0 or more"),
        ([[1, 1], [0, 0]], [0], "nothing can follow state 1"),
        ([[1, 1], [1, 1]], [2], "starts go from 0 to 1"),
        ([[1, 1], [1, 1]], [-1], "starts go from 0 to 1"),
    ],
)
def test_a_table_that_is_none_is_refused(table, starts, message):
    with pytest.raises(ValueError, match=message):
        sample_chain(table, starts, 1, np.random.default_rng(SEED))
