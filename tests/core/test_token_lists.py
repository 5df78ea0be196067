"""Token lists kept as numbers are the lists that they were made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcnn.core.token_lists import TokenLists
from textcnn.core.tokenizers import TOKENIZERS
from textcnn.core.vocabulary import UNKNOWN, Vocabulary

LISTS = st.lists(st.lists(st.sampled_from(["a", "b", "not", "film", ""]), max_size=6), max_size=8)


@given(LISTS)
def test_what_goes_in_comes_out(lists):
    kept = TokenLists.of(lists)
    assert list(kept) == lists
    assert len(kept) == len(lists)
    assert TokenLists.of(kept) is kept
    assert list(kept.cut(2)) == [tokens[:2] for tokens in lists]
    rows = np.arange(len(lists))[::-2]
    assert list(kept.take(rows)) == [lists[row] for row in rows]


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None)  # The first call builds a pattern.
@given(
    texts=st.lists(st.text(max_size=12) | st.text("a'st,. \u00a0\u0301\u00b4\x1c\n影", max_size=20))
)
def test_texts_tokenised_by_pieces_are_those_tokenised_whole(name, texts):
    tokenize = TOKENIZERS[name]
    kept, whole = TokenLists.of_texts(texts, tokenize), TokenLists.of(map(tokenize, texts))
    assert list(kept) == [tokenize(text) for text in texts]
    assert kept.tokens == whole.tokens
    assert kept.sentences.token_ids.dtype == np.int32


def test_a_piece_of_text_is_tokenised_once():
    seen = []

    def tokenize(text):
        seen.append(text)
        return text.split(",")

    kept = TokenLists.of_texts(["a,b c", "", "c a,b"], tokenize)
    assert list(kept) == [["a", "b", "c"], [], ["c", "a", "b"]]
    assert seen == ["a,b", "c"]


def test_a_token_is_kept_once_and_counted_where_it_stands():
    kept = TokenLists.of(iter([["a", "b", "a"], [], ["c", "a"]]))
    assert kept.tokens == ["a", "b", "c"]
    assert kept.counts() == {"a": 3, "b": 1, "c": 1}
    assert kept.take(np.array([0, 1])).counts() == {"a": 2, "b": 1}
    assert TokenLists.of([]).counts() == {}


def test_a_vocabulary_numbers_them():
    kept = TokenLists.of([["a", "b", "a"], [], ["c", "a"]])
    vocabulary = Vocabulary.fit(kept.take(np.array([0])))
    assert vocabulary.words[1:] == ["a", "b"]
    packed = vocabulary.pack(kept)
    assert packed.token_ids.tolist() == [1, 2, 1, UNKNOWN, 1]
    assert packed.token_ids.dtype == np.int32
    assert packed.lengths.tolist() == [3, 0, 2]
