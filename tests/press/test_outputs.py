"""What counts as the same output: text and integers exactly, floats to the digits shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from press import outputs

SAME = [
    ("", ""),
    ("a b", "a b"),
    ("a \n", "a"),
    ("0.97", "0.9721"),
    ("-0.97", "-0.9721"),
    ("1e-05", "1e-05"),
    ("1.0e-05", "1.04e-05"),
    ("[0.33 0.67]", "[0.33333333 0.66666667]"),
    ("loss 0.5, accuracy 0.75", "loss 0.4999, accuracy 0.7512"),
    ("0.00", "-0.00"),
    ("-0.00", "0.001"),
    ("[1. 2.]", "[1. 2.]"),
    ("nan inf -inf", "nan inf -inf"),
    ("[[0.1 0.2]\n [0.3 0.4]]", "[[0.1 0.2]\n [0.3 0.4]]"),
    ("95.0%", "95.04%"),
    ("1.23e+02", "123.456"),
]
OTHER = [
    ("", "a"),
    ("a", ""),
    ("a b", "a  b"),
    ("a\nb", "a"),
    ("0.98", "0.9721"),
    ("0.97", "0.98"),
    ("0.97", "-0.97"),
    ("0.97", "+0.97"),
    ("0.970", "0.97"),
    ("3", "4"),
    ("3", "3.0"),
    ("3.0", "3"),
    ("3 of 10", "3 of 11"),
    ("[2., 3.]", "[1., 2.]"),
    ("[1. 2.]", "[1.04 2.]"),
    ("1.", "1.4"),
    ("1e5", "1.4e5"),
    ("0.9e-05", "0.9e-06"),
    ("nan", "0.0"),
    ("inf", "-inf"),
    ("0.0", "nan"),
    ("[0.33 0.67]", "[0.33 0.67 0.00]"),
    ("float32", "float64"),
    ("numpy 2.4.1", "numpy 2.4.2"),
    ("2.5j", "2.51j"),
    ("x0.5", "x0.51"),
    ("1.0, 2.0", "1.0; 2.0"),
    ("True", "False"),
    ("−0.5", "-0.5"),
]


@pytest.mark.parametrize(("expected", "got"), SAME)
def test_these_are_the_same(expected, got):
    assert outputs.same(expected, got)


@pytest.mark.parametrize(("expected", "got"), OTHER)
def test_these_are_not_the_same(expected, got):
    assert not outputs.same(expected, got)


finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
digits = st.integers(1, 10)


@given(st.text())
def test_every_text_is_the_same_as_itself(text):
    assert outputs.same(text, text)


@given(finite, digits, digits)
def test_a_float_may_be_shown_with_fewer_digits_than_were_printed(value, shown, more):
    page, printed = f"{value:.{shown}f}", f"{value:.{shown + more}f}"
    # Python rounds the value once, the press the printed decimals: a tie may go either way.
    tie = printed[:-more] != printed and set(printed[-more:].rstrip("0")) == {"5"}
    assert tie or outputs.same(f"x = {page}", f"x = {printed}")


@given(finite, digits, st.data())
def test_every_digit_that_is_shown_of_a_float_counts(value, shown, data):
    page = f"{value:.{shown}f}"
    places = [at for at, character in enumerate(page) if character.isdigit()]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != page[at]]))
    assert not outputs.same(page[:at] + digit + page[at + 1 :], page)


@given(st.integers(), st.integers())
def test_integers_are_the_same_only_when_equal(a, b):
    assert outputs.same(f"n={a}", f"n={b}") == (a == b)


@given(st.lists(finite, max_size=6), st.lists(finite, max_size=6))
def test_lists_of_different_lengths_are_never_the_same(a, b):
    assert outputs.same(repr(a), repr(b)) <= (len(a) == len(b))


@given(st.text(), st.text())
def test_comparing_never_fails(a, b):
    assert outputs.same(a, b) in (True, False)


@pytest.mark.parametrize(
    ("said", "paragraph", "count"),
    [
        ("0.97", "It is 0.97.", 1),
        ("0.97", "It is 0.972.", 0),
        ("0.97", "It is 10.97.", 0),
        ("0.97", "It is -0.97.", 0),
        ("-0.97", "It is −0.97.", 1),
        ("0.97", "It is **0.97** and `0.97`.", 2),
        ("7 of 10", "It fails for 7 of 10 seeds", 1),
        ("7 of 10", "It fails for 17 of 10 seeds", 0),
        ("7 of 10", "It fails for 7 of 100 seeds", 0),
        ("1,000", "It is 1,000,000.", 0),
        ("1", "It is 1.5.", 0),
        ("1", "It is 1.", 1),
        ("12.5 %", "It is $12.5\\,$ or $12.5 \\%$.", 1),
    ],
)
def test_a_prose_check_finds_whole_words_and_numbers(said, paragraph, count):
    found = outputs.pattern(outputs.words(said)).findall(outputs.words(paragraph))
    assert len(found) == count


@given(st.text("0.1,- ax", max_size=30), st.integers(0, 9), st.integers(0, 9))
def test_words_are_counted_as_their_pattern_finds_them(text, start, length):
    said = text[start : start + 1 + length] or "a"
    assert outputs.times(said, text) == len(outputs.pattern(said).findall(text))
