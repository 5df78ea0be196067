"""Text to word numbers in bulk: what is between two spaces is tokenised once, then remembered."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from textcnn.packed import PackedSentences
from textcnn.tokenizers import Tokenizer
from textcnn.vocabulary import Vocabulary

CACHE_SIZE = 1 << 17
"""Pieces remembered before the cache starts afresh: a bound on memory, whatever comes in."""

LONGEST_PIECE = 64
"""Longer pieces are not words and do not come twice."""


class _Pieces(dict[str, list[int]]):
    """The word numbers of each piece of text seen so far."""

    def __init__(self, tokenize: Tokenizer, vocabulary: Vocabulary):
        super().__init__()
        self._tokenize = tokenize
        self._vocabulary = vocabulary

    def __missing__(self, piece: str) -> list[int]:
        numbers = self._vocabulary.numbers(self._tokenize(piece))
        if len(piece) <= LONGEST_PIECE:
            if len(self) >= CACHE_SIZE:
                self.clear()
            self[piece] = numbers
        return numbers


class TextNumbers:
    """Numbers the words of texts, as tokenising and then :meth:`Vocabulary.pack` does.

    No tokenizer makes a token across white space, so a text's tokens are those of its pieces, and a
    dictionary finds a piece five times faster than a regular expression takes it apart.
    """

    def __init__(self, tokenize: Tokenizer, vocabulary: Vocabulary):
        self._pieces = _Pieces(tokenize, vocabulary)

    def pack(self, texts: Sequence[str]) -> PackedSentences:
        """The word numbers of N texts."""
        numbers_of = self._pieces.__getitem__
        words: list[int] = []
        lengths = np.empty(len(texts), np.int64)
        for row, text in enumerate(texts):
            before = len(words)
            words.extend(chain.from_iterable(map(numbers_of, text.split())))
            lengths[row] = len(words) - before
        return PackedSentences(np.array(words, dtype=np.int32), lengths)
