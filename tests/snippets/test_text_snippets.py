"""Chapter 11's snippets: exactness on any text, edges, errors, PyTorch's word, and ours."""

from itertools import pairwise

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from snippet_modules import load

from foundations import text
from foundations.corpus import OPENINGS, TALE

SEED = 42
PROPERTY = hypothesis.settings(max_examples=100, deadline=None, derandomize=True, database=None)

bpe = load("byte_bpe")
embedding_backward = load("embedding_backward").embedding_backward
inspect_text = load("utf8_inspector").inspect_text
stream_text = load("stream_text").stream_text
LEARNED = bpe.train(TALE, 100)


@pytest.mark.parametrize("source", [TALE, OPENINGS], ids=["tale", "openings"])
def test_the_snippet_learns_and_applies_the_merges_of_the_chapter(source):
    learned = bpe.train(source, 60)
    assert list(learned) == text.train_bpe(source, 60)
    assert list(learned.values()) == list(range(256, 316))
    assert bpe.encode(OPENINGS, learned) == text.encode(OPENINGS, list(learned))


@PROPERTY
@hypothesis.given(st.text())
def test_any_text_comes_back_exactly(source):
    assert bpe.decode(bpe.encode(source, LEARNED), LEARNED) == source


@PROPERTY
@hypothesis.given(st.text("ab ", max_size=60), st.integers(0, 12))
def test_short_texts_of_few_letters_are_merged_as_in_the_chapter(source, merges):
    learned = bpe.train(source, merges)
    assert list(learned) == text.train_bpe(source, merges)
    assert bpe.encode(source, learned) == text.encode(source, list(learned))


def test_training_ends_where_no_pair_occurs_twice():
    assert bpe.train("", 5) == bpe.train("abc", 5) == bpe.train(TALE, 0) == {}
    assert bpe.train("aaa", 5) == {(97, 97): 256}


def test_decoding_marks_cut_characters_and_refuses_ids_that_are_no_tokens():
    assert bpe.decode([228, 189], LEARNED) == "\ufffd"
    with pytest.raises(ValueError, match="decode: no token 356 among 356"):
        bpe.decode([97, 356], LEARNED)
    with pytest.raises(UnicodeEncodeError):
        bpe.encode("\ud83d", LEARNED)


@pytest.mark.parametrize("padding", [None, 2])
@pytest.mark.parametrize("shape", [(), (0,), (9,), (3, 5)])
def test_the_gradient_agrees_with_pytorch(shape, padding):
    rng = np.random.default_rng(SEED)
    ids, d_x = rng.integers(0, 4, size=shape), rng.normal(size=(*shape, 3))
    weights = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    rows = torch.nn.functional.embedding(torch.tensor(ids), weights, padding_idx=padding)
    rows.backward(torch.tensor(d_x))
    ours = embedding_backward(ids, d_x, 4, padding)
    np.testing.assert_allclose(ours, weights.grad, rtol=0, atol=1e-12)


def test_the_gradient_has_the_type_of_what_came_back_and_leaves_it_alone():
    d_x = np.ones((3, 2), np.float32)
    d_e = embedding_backward([1, 1, 0], d_x, 2, padding=0)
    assert d_e.dtype == np.float32
    assert d_e.tolist() == [[0, 0], [2, 2]]
    assert d_x.sum() == 6


def test_the_gradient_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"ids \(2,\), but d_x \(3, 4\)"):
        embedding_backward([0, 1], np.ones((3, 4)), 5)
    for ids in ([0, 5], [-1, 0]):
        with pytest.raises(ValueError, match=f"ids {min(ids)} … {max(ids)} for 5 rows"):
            embedding_backward(ids, np.ones((2, 4)), 5)


def test_the_inspector_names_each_code_point_and_its_bytes():
    assert inspect_text("a你") == [
        "U+0061  61           LATIN SMALL LETTER A",
        "U+4F60  e4 bd a0     CJK UNIFIED IDEOGRAPH-4F60",
    ]
    assert inspect_text("") == []


def test_the_inspector_warns_of_what_cannot_be_seen():
    accent, joiner, surrogate, change = [*inspect_text("\u0301\u200d\ud83d"), "no change"]
    assert accent.endswith("[joins the one before]")
    assert joiner.endswith("[invisible]")
    assert surrogate == "U+D83D  no UTF-8: a lone surrogate"
    assert change == "no change"
    assert inspect_text("e\u0301")[-1].startswith("NFC would change this text")
    assert inspect_text("\u00e9")[-1].startswith("U+00E9")
    assert inspect_text("\n") == ["U+000A  0a           (a control character or unassigned)"]


@PROPERTY
@hypothesis.given(st.text(), st.lists(st.integers(0, 40), max_size=6))
def test_streamed_text_is_the_text_and_each_character_comes_as_soon_as_it_can(source, ends):
    data = source.encode()
    bounds = [0, *sorted(min(end, len(data)) for end in ends), len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    shown = list(stream_text(pieces))
    assert len(shown) == len(pieces)
    for number in range(1, len(pieces) + 1):
        complete = b"".join(pieces[:number]).decode("utf-8", "ignore")
        assert "".join(shown[:number]) == complete


def test_what_is_unfinished_or_no_utf8_becomes_the_replacement_character():
    assert list(stream_text([b"a\xf0\x9f"])) == ["a", "\ufffd"]
    assert list(stream_text([b"a\xff", b"b"])) == ["a\ufffd", "b"]
    assert list(stream_text([])) == []
