"""What `foundations.text` promises beyond its equations: exactness, errors, PyTorch's word."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from foundations import text
from foundations.corpus import OPENINGS, TALE

SEED = 42
PROPERTY = hypothesis.settings(max_examples=100, deadline=None, derandomize=True, database=None)
MERGES = text.train_bpe(TALE, 176)
BOOK = sorted((Path(__file__).parents[2] / "docs").rglob("*.md"))
ANY = st.text(st.characters())  # every code point, lone surrogates included


def whole(source: str) -> list[str]:
    return [source]


@PROPERTY
@hypothesis.given(st.characters(exclude_categories=["Cs"]))
def test_the_bytes_of_any_character_are_pythons(character):
    assert bytes(text.utf8(ord(character))) == character.encode("utf-8")


@pytest.mark.parametrize("code", [-1, 0xD800, 0xDC00, 0xDFFF, 0x110000])
def test_what_is_no_character_has_no_bytes(code):
    with pytest.raises(ValueError, match=f"utf8: {code:#x} is no character's code point"):
        text.utf8(code)


def test_the_characters_of_a_text_are_sorted_and_different():
    assert text.character_vocabulary("banana é") == [" ", "a", "b", "n", "é"]
    assert text.character_vocabulary("") == []


@pytest.mark.parametrize(
    ("ids", "merged"),
    [
        ([1, 2, 3, 1, 2], (9, 3, 9)),
        ([1, 1, 2, 2], (1, 9, 2)),
        ([2, 1], (2, 1)),
        ([1], (1,)),
        ([], ()),
    ],
)
def test_a_pair_is_replaced_from_left_to_right(ids, merged):
    assert text.merge_pair(ids, (1, 2), 9) == merged
    assert text.merge_pair(tuple(ids), (1, 2), 9) == merged


def test_of_three_equal_ids_the_first_two_are_replaced():
    assert text.merge_pair([5, 5, 5], (5, 5), 9) == (9, 5)
    assert text.merge_pair([5, 5, 5, 5], (5, 5), 9) == (9, 9)


@PROPERTY
@hypothesis.given(ANY)
def test_the_parts_of_a_text_joined_are_the_text(source):
    assert "".join(text.split_words(source)) == source


def test_a_word_keeps_the_space_before_it_and_signs_are_parts():
    parts = text.split_words("the cat, 12_a  sat?! \n so")
    assert parts == ["the", " cat", ",", " 12_a", "  ", "sat", "?!", " \n ", "so"]


@PROPERTY
@hypothesis.given(ANY)
def test_every_text_comes_back_exactly(source):
    assert text.decode(text.encode(source, MERGES), MERGES) == source
    assert text.decode(text.encode(source, []), []) == source
    assert text.decode(text.encode(source, MERGES, whole), MERGES) == source


@PROPERTY
@hypothesis.given(st.text("th ecatsdog.\n"))
def test_texts_of_the_tales_letters_come_back_and_are_never_longer_than_their_bytes(source):
    ids = text.encode(source, MERGES)
    assert text.decode(ids, MERGES) == source
    assert len(ids) <= len(source)
    assert all(0 <= token < 256 + len(MERGES) for token in ids)


@PROPERTY
@hypothesis.given(st.binary())
def test_any_bytes_decode_to_what_python_reads(data):
    decoded = text.decode(list(data), MERGES)
    if "\ufffd" in decoded:
        assert decoded == data.decode("utf-8", "replace")
    else:
        assert text.to_bytes(decoded) == data


def test_the_whole_book_comes_back():
    assert len(BOOK) > 20
    for page in BOOK:
        source = page.read_text(encoding="utf-8")
        assert text.decode(text.encode(source, MERGES), MERGES) == source, page


def test_a_cut_character_becomes_the_replacement_character():
    assert text.decode([228, 189], MERGES) == "\ufffd"
    assert text.decode([97, 228, 98], MERGES) == "a\ufffdb"


def test_a_lone_surrogate_takes_three_bytes():
    assert text.encode("\ud83d", MERGES) == [0xED, 0xA0, 0xBD]
    assert text.decode([0xED, 0xA0, 0xBD], MERGES) == "\ud83d"


@PROPERTY
@hypothesis.given(st.text("ab ", min_size=1, max_size=60), st.integers(0, 12))
def test_the_quick_training_learns_the_merges_of_the_slow_one(source, merges):
    for split in (text.split_words, whole):
        slow = text.train_bpe_recount(source, merges, split)
        assert text.train_bpe(source, merges, split) == slow
        assert len(slow) <= merges


@pytest.mark.parametrize("source", [TALE, OPENINGS], ids=["tale", "openings"])
def test_both_trainings_agree_on_the_books_texts(source):
    assert text.train_bpe(source, 120) == text.train_bpe_recount(source, 120)


def test_training_against_a_reference_that_keeps_the_whole_text_in_parts():
    parts = [list(text.to_bytes(part)) for part in text.split_words(OPENINGS)]
    reference = []
    for k in range(40):
        counts = Counter(pair for part in parts for pair in pairwise(part))
        best = sorted(counts, key=lambda pair: (-counts[pair], pair))[0]
        reference.append(best)
        for number, part in enumerate(parts):
            at = 0
            while at < len(part) - 1:
                if (part[at], part[at + 1]) == best:
                    part[at : at + 2] = [256 + k]
                at += 1
            parts[number] = part
    assert text.train_bpe(OPENINGS, 40) == reference
    assert text.encode(OPENINGS, reference) == [token for part in parts for token in part]


def test_training_stops_where_no_pair_occurs_twice():
    assert text.train_bpe("a cat sat at a mat", 10, whole) == [(97, 116), (256, 32), (97, 32)]
    assert text.train_bpe("abcdef", 5) == text.train_bpe_recount("", 5) == []
    assert text.best_pair(Counter()) is text.best_pair(Counter({(1, 2): 1})) is None
    assert text.best_pair(Counter({(1, 2): 2})) == (1, 2)
    assert text.train_bpe(TALE, 0) == text.train_bpe_recount(TALE, 0) == []


@PROPERTY
@hypothesis.given(st.text("thecat s", max_size=40))
def test_encoding_by_rank_is_merging_in_the_order_of_training(source):
    in_order = []
    for part in text.split_words(source):
        ids = tuple(part.encode())
        for k, pair in enumerate(MERGES):
            ids = text.merge_pair(ids, pair, 256 + k)
        in_order.extend(ids)
    assert text.encode(source, MERGES) == in_order


def test_the_first_merge_learned_wins_a_shared_letter():
    assert text.encode("abc", [(98, 99), (97, 98)]) == [97, 256]
    assert text.encode("abc", [(97, 98), (98, 99)]) == [256, 99]


@PROPERTY
@hypothesis.given(st.text("thecat dogsw", max_size=40), st.integers(0, 175))
def test_one_more_merge_makes_no_text_longer(source, k):
    assert len(text.encode(source, MERGES[: k + 1])) <= len(text.encode(source, MERGES[:k]))


@pytest.mark.parametrize("token", [-1, 432, 10_000])
def test_ids_outside_the_table_are_refused(token):
    with pytest.raises(ValueError, match=f"decode: no token {token} in a table of 432"):
        text.decode([97, token], MERGES)
    assert text.decode([431], MERGES) == text.token_table(MERGES)[431].decode()


def test_a_text_cannot_spell_a_special_token():
    assert max(text.encode("<|end|>" + chr(432), MERGES)) < 432


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (5,), (2, 7)])
def test_embedding_and_gradient_agree_with_pytorch(shape, dtype):
    rng = np.random.default_rng(SEED)
    E, ids = rng.normal(size=(6, 4)).astype(dtype), rng.integers(0, 6, size=shape)
    d_X = rng.normal(size=(*shape, 4)).astype(dtype)
    torch_E = torch.tensor(E, requires_grad=True)
    X = torch.nn.functional.embedding(torch.tensor(ids), torch_E)
    X.backward(torch.tensor(d_X))
    ours = text.embed_backward(ids, d_X, 6)
    assert text.embed(ids, E).dtype == ours.dtype == dtype
    np.testing.assert_array_equal(text.embed(ids, E), X.detach())
    np.testing.assert_allclose(ours, torch_E.grad, rtol=0, atol=1e-6)


@PROPERTY
@hypothesis.given(st.lists(st.integers(0, 4), max_size=30))
def test_the_gradient_is_the_one_hot_product_and_loses_nothing(ids):
    d_X = np.random.default_rng(SEED).normal(size=(len(ids), 3))
    ids = np.array(ids, dtype=np.int64)
    d_E = text.embed_backward(ids, d_X, 5)
    np.testing.assert_allclose(d_E, text.one_hot(ids, 5).T @ d_X, rtol=0, atol=1e-12)
    np.testing.assert_allclose(d_E.sum(axis=0), d_X.sum(axis=0), rtol=0, atol=1e-12)


def test_ids_that_name_no_row_are_refused():
    E = np.eye(4)
    for ids in ([0, 4], [-1]):
        with pytest.raises(ValueError, match=r"ids run from 0 to 3, not"):
            text.embed(ids, E)
        with pytest.raises(ValueError, match=r"ids run from 0 to 3, not"):
            text.embed_backward(ids, np.ones((len(ids), 4)), 4)
    with pytest.raises(ValueError, match="ids are whole numbers, not float64"):
        text.one_hot([0.0, 1.0], 4)
    with pytest.raises(ValueError, match=r"embed_backward: ids \(2,\) do not fit d_X \(3, 4\)"):
        text.embed_backward([0, 1], np.ones((3, 4)), 4)
    assert text.embed(np.array([], dtype=int), E).shape == (0, 4)
    np.testing.assert_array_equal(text.embed([0, 3], E), E[[0, 3]])
