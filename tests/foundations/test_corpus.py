"""The two texts that the language models are trained on: what later chapters count on."""

import re

from foundations import corpus, toy


def test_the_tale_is_small_in_words_and_characters():
    assert len(corpus.TALE) == 4_043
    assert len(set(corpus.TALE)) == 28
    words = re.findall(r"\w+", corpus.TALE)
    assert (len(words), len(set(words))) == (905, 86)


def test_the_tale_has_small_letters_three_signs_and_white_space():
    assert "".join(sorted(set(corpus.TALE) - set("abcdefghijklmnopqrstuvwxyz"))) == "\n ,."
    assert corpus.TALE.lower() == corpus.TALE


def test_the_tale_contains_the_toy_sentence_and_all_its_words():
    assert f"{toy.SENTENCE}." in corpus.TALE
    assert set(toy.WORDS) <= set(re.findall(r"\w+", corpus.TALE))


def test_the_openings_are_ten_paragraphs_of_plain_text():
    assert len(corpus.OPENINGS.strip().split("\n\n")) == 10
    assert corpus.OPENINGS.isascii()
    assert corpus.OPENINGS.startswith("Inside a transformer every word is a list of numbers")


def test_both_texts_end_with_one_line_end_and_fit_a_screen():
    for text in (corpus.TALE, corpus.OPENINGS):
        assert text.endswith(".\n") and not text.endswith("\n\n")
        assert max(map(len, text.splitlines())) <= 86
        assert "  " not in text and "\t" not in text


def test_the_module_says_under_which_licence_the_texts_are():
    assert "CC BY 4.0" in corpus.__doc__
