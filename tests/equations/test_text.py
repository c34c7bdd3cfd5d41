"""Each numbered equation of chapter 11 against the code that claims to compute it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from foundations import text
from foundations.backpropagation import numerical_gradient
from foundations.corpus import OPENINGS, TALE

SEED = 42
TOLERANCE = 1e-12  # float64 sums of at most 40 terms of size 1

# The first and the last code point of each length, and some between them.
CODES = [0, 65, 127, 128, 233, 2047, 2048, 0x4F60, 0xD7FF, 0xE000, 65535, 65536, 0x1F600, 0x10FFFF]


@pytest.mark.equation("eq:utf8", r"c = 64^{n-1} (b_1 - m_n) + \sum_{i=2}^{n} 64^{n-i} (b_i - 128)")
@pytest.mark.parametrize("code", CODES)
def test_the_code_point_is_read_from_its_bytes(code):
    data = text.utf8(code)
    assert bytes(data) == chr(code).encode("utf-8")
    n = len(data)
    m = {1: 0, 2: 192, 3: 224, 4: 240}[n]
    later = sum(64 ** (n - i) * (data[i - 1] - 128) for i in range(2, n + 1))
    assert 64 ** (n - 1) * (data[0] - m) + later == code


@pytest.mark.equation(
    "eq:best-pair",
    r"(a, b)^{*} = \operatorname*{arg\,max}_{(a, b)} \; \sum_{w} n_w\, c_w(a, b)",
)
@pytest.mark.parametrize("source", ["the cat saw the dog", "aaa aaa aab", TALE, OPENINGS])
def test_the_best_pair_has_the_largest_sum_over_words_and_ties_go_to_small_ids(source):
    words = text.count_words(source)
    seen = {pair for word in words for pair in pairwise(word)}
    sums = {
        pair: sum(n_w * list(pairwise(word)).count(pair) for word, n_w in words.items())
        for pair in seen
    }
    assert text.count_pairs(words) == sums
    largest = max(sums.values())
    assert text.best_pair(sums) == min(pair for pair in seen if sums[pair] == largest)


@pytest.mark.equation(
    "eq:bpe-work", r"R \le \sum_{w} \left( \frac{\ell_w (\ell_w + 1)}{2} - 1 \right)"
)
@pytest.mark.parametrize("source", [TALE, OPENINGS, "aaaaaaaaa aaaaaaaaa", "ab ab ab ba"])
def test_training_reads_no_more_symbols_than_the_bound_whatever_the_merges(source, monkeypatch):
    read = 0
    merge_pair = text.merge_pair

    def counted(ids, pair, new):
        nonlocal read
        read += len(ids)
        return merge_pair(ids, pair, new)

    monkeypatch.setattr(text, "merge_pair", counted)
    text.train_bpe(source, 10_000)
    lengths = [len(word) for word in text.count_words(source)]
    assert 0 < read <= sum(length * (length + 1) // 2 - 1 for length in lengths)


@pytest.mark.equation(
    "eq:bytes-per-token",
    r"""\text{bytes per token} =
    \frac{\text{bytes of the text in UTF-8}}{\text{tokens of the text}}""",
)
def test_bytes_per_token_is_the_mean_length_of_the_tokens():
    merges = text.train_bpe(TALE, 100)
    table = text.token_table(merges)
    for source in (TALE, OPENINGS, "é你\U0001f600"):
        lengths = [len(table[token]) for token in text.encode(source, merges)]
        assert text.bytes_per_token(source, merges) == pytest.approx(np.mean(lengths))
    assert text.bytes_per_token("é你\U0001f600", merges) == 1


@pytest.mark.equation(
    "eq:embed",
    r"""\mathbf{X} = \mathbf{O}\, \mathbf{E} \qquad\text{with}\qquad
    O_{tv} = \begin{cases} 1 & \text{if } v = i_t \\ 0 & \text{otherwise} \end{cases}""",
)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4)])
def test_the_lookup_is_the_one_hot_product(shape):
    rng = np.random.default_rng(SEED)
    E = rng.normal(size=(6, 3))
    ids = rng.integers(0, 6, size=shape)
    hot = text.one_hot(ids, 6)
    np.testing.assert_array_equal(hot, ids[..., None] == np.arange(6))
    np.testing.assert_allclose(hot @ E, text.embed(ids, E), rtol=0, atol=0)


@pytest.mark.equation("eq:one-hot-flops", r"\text{FLOPs}(\mathbf{O}\mathbf{E}) = 2\, T\, V\, D")
def test_the_product_by_loops_takes_two_operations_for_each_triple():
    T, V, D = 3, 5, 2
    rng = np.random.default_rng(SEED)
    ids, E = rng.integers(0, V, size=T), rng.normal(size=(V, D))
    hot, product, operations = text.one_hot(ids, V), np.zeros((T, D)), Counter()
    for t, v, d in np.ndindex(T, V, D):
        product[t, d] += hot[t, v] * E[v, d]
        operations.update(times=1, plus=1)
    np.testing.assert_array_equal(product, text.embed(ids, E))
    assert operations.total() == 2 * T * V * D


@pytest.mark.equation(
    "eq:d-embed",
    r"(d_{\mathbf{E}})_v = \sum_{t \,:\, i_t = v} (d_{\mathbf{X}})_t",
)
@pytest.mark.parametrize("shape", [(1,), (40,), (4, 10)])
def test_each_row_of_the_gradient_adds_the_rows_of_its_token(shape):
    rng = np.random.default_rng(SEED)
    V, D = 6, 3
    E, ids = rng.normal(size=(V, D)), rng.integers(0, V, size=shape)
    d_X = rng.normal(size=(*shape, D))
    d_E = text.embed_backward(ids, d_X, V)
    for v in range(V):
        np.testing.assert_allclose(d_E[v], d_X[ids == v].sum(axis=0), rtol=0, atol=TOLERANCE)
    slopes = numerical_gradient(lambda E: np.sum(d_X * text.embed(ids, E)), E)
    np.testing.assert_allclose(d_E, slopes, rtol=0, atol=1e-8)  # differences: ε / h
