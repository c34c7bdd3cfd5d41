"""What `foundations.language` promises beyond its equations: edges, errors, PyTorch's word."""

from collections import Counter

import hypothesis
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import strategies as st

from foundations import language
from foundations.backpropagation import numerical_gradient
from foundations.losses import cross_entropy

SEED = 42
PROPERTY = hypothesis.settings(max_examples=20, deadline=None, derandomize=True, database=None)
TEXTS = st.lists(st.integers(0, 3), min_size=0, max_size=30).map(
    lambda ids: np.array(ids, dtype=np.int64)
)
TOY = np.array([3, 0, 2, 3, 1])  # the cat saw the dog


@PROPERTY
@hypothesis.given(TEXTS, st.integers(1, 4))
def test_both_ways_of_counting_agree_with_a_counter(ids, n):
    runs = Counter(tuple(ids[k : k + n].tolist()) for k in range(len(ids) - n + 1))
    table = language.ngram_counts(ids, n, 4)
    numbers = language.ngram_numbers(ids, n, 4)
    assert table.shape == (4,) * n
    assert table.sum() == len(numbers) == runs.total()
    asked = np.arange(4**n)
    assert np.array_equal(language.count(numbers, asked), table.ravel())
    assert all(table[run] == times for run, times in runs.items())


def test_a_number_without_its_last_digit_is_the_context():
    assert language.ngram_numbers(TOY, 3, 4).tolist() == [50, 11, 45]
    assert (language.ngram_numbers(TOY, 3, 4) // 4).tolist() == [12, 2, 11]
    assert language.ngram_numbers(TOY[:3], 2, 4).tolist() == [12, 2]


@pytest.mark.parametrize("counts", [language.ngram_counts, language.ngram_numbers])
@pytest.mark.parametrize("ids", [[0, 4], [-1, 2], [0.0, 1.0]])
def test_ids_outside_the_vocabulary_are_refused(counts, ids):
    with pytest.raises(ValueError, match="ids"):
        counts(np.array(ids), 2, 4)


def test_runs_that_no_number_can_hold_are_refused():
    language.ngram_numbers(TOY, 6, 1448)  # 1448**6 < 2**63 < 1449**6
    with pytest.raises(ValueError, match=r"1449\*\*6 is too large for one number"):
        language.ngram_numbers(TOY, 6, 1449)
    with pytest.raises(ValueError, match=r"8\*\*21 is too large"):
        language.ngram_numbers(TOY, 21, 8)  # 2**63 itself


def test_a_bigram_row_without_pairs_is_refused_unless_it_is_smoothed():
    with pytest.raises(ValueError, match="nothing follows token 1: alpha > 0"):
        language.bigram_model(TOY, 4)
    assert language.bigram_model(TOY, 4, 0.5)[1].tolist() == [0.25] * 4


@pytest.mark.parametrize(("fraction", "cut"), [(0.9, 9), (0.55, 5), (0.01, 0)])
def test_the_split_keeps_all_tokens_in_order(fraction, cut):
    first, rest = language.split(np.arange(10), fraction)
    assert first.tolist() == list(range(cut))
    assert rest.tolist() == list(range(cut, 10))
    assert len(language.split(np.arange(10))[0]) == 9


@pytest.mark.parametrize("fraction", [0, 1, 90, -0.1])
def test_a_split_needs_a_share(fraction):
    with pytest.raises(ValueError, match=f"between 0 and 1, not {fraction}"):
        language.split(TOY, fraction)


def test_a_context_never_seen_says_nothing_or_everything_alike():
    numbers = language.ngram_numbers(TOY, 2, 4)
    asked = np.array([4, 5, 6, 7])  # after dog, which ends the text
    assert language.smoothed(numbers, asked, 4, 0.0).tolist() == [0] * 4
    assert language.smoothed(numbers, asked, 4, 0.1) == pytest.approx([0.25] * 4)


@PROPERTY
@hypothesis.given(TEXTS.filter(lambda ids: len(ids) > 4), st.integers(1, 4))
def test_smoothed_rows_sum_to_one_after_every_context(ids, n):
    numbers = language.ngram_numbers(ids, n, 4)
    for context in range(4 ** (n - 1)):
        row = language.smoothed(numbers, context * 4 + np.arange(4), 4, 0.3)
        assert row.sum() == pytest.approx(1)


def test_held_out_tokens_have_the_end_of_the_training_text_before_them():
    train, held = np.array([0, 1, 2, 0, 1]), np.array([2, 0])
    P = language.all_orders(train, held, [1, 2, 3], 3, 0.0)
    assert P.shape == (3, 2)
    assert P[0] == pytest.approx([1 / 5, 2 / 5])
    assert P[1] == pytest.approx([1, 1])  # 1 → 2 once of once counted, 2 → 0 once
    assert P[2] == pytest.approx([1, 1])
    text = np.array([0, 1, 2, 0, 1, 2, 0])
    assert P[1] == pytest.approx(language.ngram_probabilities(train, text, 2, 3)[-2:])


def test_samples_follow_the_rows_and_the_generator():
    P = np.array([[0.0, 0.7, 0.3], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])

    def row(ids):
        return P[ids[-1]]

    start = [2, 0]
    drawn = language.sample(row, start, 20_000, np.random.default_rng(SEED))
    assert start == [2, 0]
    assert drawn[:2] == [2, 0]
    assert len(drawn) == 20_002
    assert all(type(token) is int for token in drawn)
    counts = language.ngram_counts(np.array(drawn), 2, 3)
    assert counts / counts.sum(axis=1, keepdims=True) == pytest.approx(P, abs=0.02)
    again = language.sample(row, start, 20_000, np.random.default_rng(SEED))
    assert again == drawn
    assert language.sample(row, start, 0, np.random.default_rng(SEED)) == start


def test_a_mixture_never_gets_worse_and_leaves_its_arguments():
    rng = np.random.default_rng(SEED)
    P, weights = rng.uniform(size=(3, 50)), np.full(3, 1 / 3)
    before = P.copy()
    for _ in range(30):
        new = language.mixture_step(weights, P)
        assert np.log(new @ P).mean() >= np.log(weights @ P).mean() - 1e-12
        weights = new
    assert np.array_equal(P, before)


def test_the_cross_entropy_gradient_is_pytorchs():
    rng = np.random.default_rng(SEED)
    logits, targets = rng.normal(size=(7, 5)), rng.integers(0, 5, size=7)
    before = logits.copy()
    theirs = torch.tensor(logits, requires_grad=True)
    F.cross_entropy(theirs, torch.tensor(targets)).backward()
    ours = language.cross_entropy_backward(logits, targets)
    assert ours == pytest.approx(theirs.grad.numpy())
    assert np.array_equal(logits, before)


def test_counted_gradients_work_on_many_matrices_at_once():
    rng = np.random.default_rng(SEED)
    W, counts = rng.normal(size=(2, 4, 4)), language.ngram_counts(TOY, 2, 4)
    together = language.counted_gradient(W, counts)
    for one, d in zip(W, together, strict=True):
        assert d == pytest.approx(language.counted_gradient(one, counts))


def test_new_networks_start_alike_in_scale_and_near_even():
    p = language.new_neural_ngram(50, 16, 64, 5, np.random.default_rng(SEED))
    shapes = {name: value.shape for name, value in p.items()}
    assert shapes == {
        "E": (50, 16), "W1": (64, 64), "b1": (64,), "W2": (64, 50), "b2": (50,),
    }  # fmt: skip
    assert p["E"].std() == pytest.approx(1, abs=0.1)
    assert p["W1"].std() == pytest.approx(1 / 8, abs=0.01)
    assert p["W2"].std() == pytest.approx(0.1 / 8, abs=0.001)
    assert not p["b1"].any()
    assert not p["b2"].any()
    windows = np.random.default_rng(SEED).integers(0, 50, size=(20, 4))
    logits, cache = language.neural_ngram(windows, p)
    assert cross_entropy(logits, windows[:, 0]) == pytest.approx(np.log(50), abs=0.1)
    assert cache["X"].std() == pytest.approx(1, abs=0.1)


def test_the_network_refuses_ids_outside_its_vocabulary():
    p = language.new_neural_ngram(5, 2, 3, 3, np.random.default_rng(SEED))
    with pytest.raises(ValueError, match="ids run from 0 to 4, not -1 to 3"):
        language.neural_ngram(np.array([[3, -1]]), p)


@PROPERTY
@hypothesis.given(
    st.integers(2, 6), st.integers(1, 4), st.integers(1, 5), st.integers(2, 5), st.integers(1, 9)
)
def test_the_network_and_its_gradients_are_pytorchs(V, D, M, n, B):
    rng = np.random.default_rng(V + 10 * D + 100 * M + 1000 * n + B)
    p = language.new_neural_ngram(V, D, M, n, rng)
    p |= {"b1": rng.normal(size=M), "b2": rng.normal(size=V)}
    windows, targets = rng.integers(0, V, size=(B, n - 1)), rng.integers(0, V, size=B)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in p.items()}
    hidden = torch.tanh(theirs["E"][windows].flatten(1) @ theirs["W1"] + theirs["b1"])
    torch_logits = hidden @ theirs["W2"] + theirs["b2"]
    F.cross_entropy(torch_logits, torch.tensor(targets)).backward()
    logits, cache = language.neural_ngram(windows, p)
    assert logits == pytest.approx(torch_logits.detach().numpy())
    d_logits = language.cross_entropy_backward(logits, targets)
    grads = language.neural_ngram_backward(d_logits, cache, p)
    assert set(grads) == set(p)
    for name, value in theirs.items():
        assert grads[name] == pytest.approx(value.grad.numpy(), abs=1e-12)


def test_the_networks_gradients_are_the_differences():
    rng = np.random.default_rng(SEED)
    p = language.new_neural_ngram(4, 2, 3, 3, rng)
    windows, targets = np.array([[0, 0], [1, 2], [3, 1]]), np.array([1, 3, 0])

    def loss(name, value):
        return cross_entropy(language.neural_ngram(windows, p | {name: value})[0], targets)

    logits, cache = language.neural_ngram(windows, p)
    d_logits = language.cross_entropy_backward(logits, targets)
    grads = language.neural_ngram_backward(d_logits, cache, p)
    for name, value in p.items():
        slopes = numerical_gradient(lambda value, name=name: loss(name, value), value)
        assert grads[name] == pytest.approx(slopes, abs=1e-8)
