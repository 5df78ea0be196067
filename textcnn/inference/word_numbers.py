"""Text to word numbers in bulk: what stands between two spaces is tokenised only once."""

import threading
from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import Tokenizer
from textcnn.core.vocabulary import UNKNOWN, Vocabulary
from textcnn.recipe.ngrams.expert import Texts

CACHE_CHARACTERS = 1 << 20
"""Characters remembered before the cache starts afresh: a bound on memory, whatever comes in."""


class TextNumbers:
    """Numbers the words of texts, as tokenising and then :meth:`Vocabulary.pack` does.

    No tokenizer makes a token across white space, so a text's tokens are those of its pieces, and a
    dictionary finds a piece much faster than a regular expression takes it apart. May be used by
    several threads at once.
    """

    def __init__(
        self,
        tokenize: Tokenizer,
        vocabulary: Vocabulary,
        max_tokens: int = 0,
        by_pieces: bool = True,
        spell_unknown: bool = False,
    ):
        """Prepare.

        Args:
            tokenize: text to tokens.
            vocabulary: tokens to numbers.
            max_tokens: after so many a text is cut; 0 for never.
            by_pieces: False for a tokenizer that makes tokens across white space.
            spell_unknown: also give the letters of words outside the vocabulary.
        """
        self._tokenize = tokenize
        self._vocabulary = vocabulary
        self._max_tokens = max_tokens
        self._by_pieces = by_pieces
        self._spell_unknown = spell_unknown
        self._pieces = _Pieces(tokenize, vocabulary)

    def pack(self, texts: Sequence[str]) -> Texts:
        """The word numbers of N texts."""
        packed = self._pack(texts)
        return packed.cut(self._max_tokens) if self._max_tokens else packed

    def _pack(self, texts: Sequence[str]) -> Texts:
        # A single text is too little to be worth the bookkeeping.
        if len(texts) == 1 or not self._by_pieces:
            tokens = [self._tokenize(text) for text in texts]
            if self._spell_unknown:
                return Texts.of(tokens, self._vocabulary)
            return Texts(self._vocabulary.pack(tokens))
        # A new object and not an emptied one: another thread may still be using the old one.
        if self._pieces.characters > CACHE_CHARACTERS:
            self._pieces = _Pieces(self._tokenize, self._vocabulary)
        pieces = self._pieces
        # One loop after another, each within C, takes half the time of one loop over the texts.
        split = list(map(str.split, texts))
        counts = np.fromiter(map(len, split), np.int64, len(split))
        found = map(pieces.__getitem__, chain.from_iterable(split))
        numbers = np.fromiter(found, np.int64, int(counts.sum()))
        words = pieces.words_of(numbers)
        ends = np.append(0, np.cumsum(words.lengths))[np.append(0, np.cumsum(counts))]
        unknown = pieces.unknown_in(numbers) if self._spell_unknown else []
        return Texts(PackedSentences(words.words, np.diff(ends)), unknown)


class _Pieces(dict[str, int]):
    """Numbers the pieces of text seen so far, and holds the words of each.

    Attributes:
        characters: in all pieces together.
    """

    def __init__(self, tokenize: Tokenizer, vocabulary: Vocabulary):
        super().__init__()
        self.characters = 0
        self._tokenize = tokenize
        self._vocabulary = vocabulary
        self._new: list[list[int]] = []
        self._unknown: dict[int, list[str]] = {}
        self._packed = PackedSentences(np.empty(0, np.int32), np.empty(0, np.int64))
        self._learning = threading.Lock()

    def __missing__(self, piece: str) -> int:
        tokens = self._tokenize(piece)
        words = self._vocabulary.numbers(tokens)
        with self._learning:
            number = self.setdefault(piece, len(self._packed) + len(self._new))
            if number == len(self._packed) + len(self._new):
                self._new.append(words)
                self.characters += len(piece)
                if UNKNOWN in words:
                    own = zip(tokens, words, strict=True)
                    self._unknown[number] = [token for token, word in own if word == UNKNOWN]
        return number

    def unknown_in(self, pieces: np.ndarray) -> list[str]:
        """The words of these pieces that are not in the vocabulary, piece after piece."""
        unknown = self._unknown
        return list(chain.from_iterable(map(unknown.get, pieces.tolist(), repeat(()))))

    def words_of(self, pieces: np.ndarray) -> PackedSentences:
        """The words of these pieces, one "sentence" a piece."""
        with self._learning:
            if self._new:
                words = np.array(list(chain.from_iterable(self._new)), dtype=np.int32)
                lengths = np.fromiter(map(len, self._new), np.int64, len(self._new))
                self._packed = PackedSentences(
                    np.concatenate([self._packed.words, words]),
                    np.concatenate([self._packed.lengths, lengths]),
                )
                self._new = []
            packed = self._packed
        return packed.take(pieces)
