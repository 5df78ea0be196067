"""Words to numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcnn.core.vocabulary import UNKNOWN, UNKNOWN_WORD, Vocabulary

SENTENCES = [["b", "z", "c"], ["z", "b"], [], ["z", "a"]]
"""Their words by frequency are neither in the order of the alphabet nor in that of the text."""


def test_words_are_numbered_by_frequency_then_alphabet_after_the_unknown_one():
    assert Vocabulary.fit(SENTENCES).words == [UNKNOWN_WORD, "z", "b", "a", "c"]


def test_the_order_of_the_sentences_does_not_matter():
    assert Vocabulary.fit(SENTENCES[::-1]).words == Vocabulary.fit(SENTENCES).words


def test_rare_words_and_those_beyond_the_size_are_left_out():
    assert Vocabulary.fit(SENTENCES, min_count=2).words == [UNKNOWN_WORD, "z", "b"]
    assert Vocabulary.fit(SENTENCES, max_size=3).words == [UNKNOWN_WORD, "z", "b", "a"]
    assert Vocabulary.fit(SENTENCES, min_count=3, max_size=9).words == [UNKNOWN_WORD, "z"]
    assert len(Vocabulary.fit(SENTENCES, min_count=99)) == 1


def test_packing_gives_unknown_words_number_0():
    packed = Vocabulary.fit(SENTENCES).pack([["c", "x"], [], ["z", UNKNOWN_WORD]])
    assert packed.token_ids.tolist() == [4, UNKNOWN, 1, UNKNOWN]
    assert packed.lengths.tolist() == [2, 0, 2]


def test_packing_nothing():
    packed = Vocabulary.fit(SENTENCES).pack([])
    assert len(packed) == 0
    assert np.issubdtype(packed.token_ids.dtype, np.integer)


def test_the_name_of_the_unknown_word_is_no_word():
    assert Vocabulary.fit([[UNKNOWN_WORD, "a"]]).words == [UNKNOWN_WORD, "a"]


@given(st.lists(st.lists(st.sampled_from("abcdef"))))
def test_packed_numbers_lead_back_to_the_words(sentences):
    vocabulary = Vocabulary.fit(sentences)
    packed = vocabulary.pack(sentences)
    words = [vocabulary.words[number] for number in packed.token_ids]
    assert words == [word for sentence in sentences for word in sentence]


@pytest.mark.parametrize("words", [[], ["a"], [UNKNOWN_WORD, "a", "a"]])
def test_a_list_that_is_no_vocabulary_is_refused(words):
    with pytest.raises(ValueError, match=r"first word|twice"):
        Vocabulary(words)
