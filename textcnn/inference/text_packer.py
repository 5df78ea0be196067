"""Text to token ids in bulk: what stands between two spaces is tokenised only once."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import Tokenizer
from textcnn.core.vocabulary import UNKNOWN, Vocabulary
from textcnn.recipe.ngrams.expert import Texts

CACHE_CHARACTERS = 1 << 20
"""Characters remembered before the cache starts afresh: a bound on memory, whatever comes in."""


@dataclass
class TextPacker:
    """Packs texts as token ids, as tokenising and then :meth:`Vocabulary.pack` does.

    No tokenizer makes a token across white space, so a text's tokens are those of its pieces, and a
    dictionary finds a piece much faster than a regular expression takes it apart. May be used by
    several threads at once.

    Attributes:
        tokenize: text to tokens.
        vocabulary: tokens to token ids.
        max_tokens: after so many a text is cut; 0 for never.
        by_pieces: False for a tokenizer that makes tokens across white space.
        spell_unknown: also give the letters of words outside the vocabulary.
    """

    tokenize: Tokenizer
    vocabulary: Vocabulary
    max_tokens: int = 0
    by_pieces: bool = True
    spell_unknown: bool = False

    def __post_init__(self) -> None:
        self._pieces = _Pieces(self.tokenize, self.vocabulary)

    def pack(self, texts: Sequence[str]) -> Texts:
        """The token ids of N texts."""
        packed = self._pack(texts)
        return packed.cut(self.max_tokens) if self.max_tokens else packed

    def _pack(self, texts: Sequence[str]) -> Texts:
        # A single text is too little to be worth the bookkeeping.
        if len(texts) < 2 or not self.by_pieces:
            return self._pack_one_by_one(texts)
        # A new object and not an emptied one: another thread may still be using the old one.
        if self._pieces.characters > CACHE_CHARACTERS:
            self._pieces = _Pieces(self.tokenize, self.vocabulary)
        pieces = self._pieces
        # All texts split at once, and one loop within C over their pieces: 0.8 of the time of
        # splitting each.
        split = f" {END} ".join(texts).split()
        numbers = np.fromiter(map(pieces.__getitem__, split), np.int64, len(split))
        ends = np.flatnonzero(numbers == pieces[END])
        if len(ends) != len(texts) - 1:  # Some text holds what is to part them.
            return self._pack_one_by_one(texts)
        words = pieces.words_of(numbers)
        counted = np.append(0, np.cumsum(words.lengths))
        lengths = np.diff(counted[ends], prepend=0, append=counted[-1])
        unknown = pieces.unknown_in(numbers) if self.spell_unknown else []
        return Texts(PackedSentences(words.token_ids, lengths), unknown)

    def _pack_one_by_one(self, texts: Sequence[str]) -> Texts:
        tokens = [self.tokenize(text) for text in texts]
        if self.spell_unknown:
            return Texts.of(tokens, self.vocabulary)
        return Texts(self.vocabulary.pack(tokens))


END = "\0"
"""A piece of text without words, which parts texts."""


class _Pieces(dict[str, int]):
    """Numbers the pieces of text seen so far, :data:`END` first, and holds the words of each.

    Attributes:
        characters: in all pieces together.
    """

    def __init__(self, tokenize: Tokenizer, vocabulary: Vocabulary):
        super().__init__({END: 0})
        self.characters = 0
        self._tokenize = tokenize
        self._vocabulary = vocabulary
        self._new: list[list[int]] = []
        self._unknown: dict[int, list[str]] = {}
        self._packed = PackedSentences(np.empty(0, np.int32), np.zeros(1, np.int64))
        self._has_unknown = np.zeros(1, bool)
        self._learning = threading.Lock()

    def __missing__(self, piece: str) -> int:
        tokens = self._tokenize(piece)
        token_ids = self._vocabulary.ids(tokens)
        with self._learning:
            number = self.setdefault(piece, len(self._packed) + len(self._new))
            if number == len(self._packed) + len(self._new):
                self._new.append(token_ids)
                self.characters += len(piece)
                if UNKNOWN in token_ids:
                    own = zip(tokens, token_ids, strict=True)
                    self._unknown[number] = [token for token, it in own if it == UNKNOWN]
        return number

    def unknown_in(self, pieces: np.ndarray) -> list[str]:
        """The words of these pieces that are not in the vocabulary, piece after piece.

        To be asked after :meth:`words_of`.
        """
        some = pieces[self._has_unknown[pieces]]
        return list(chain.from_iterable(map(self._unknown.__getitem__, some.tolist())))

    def words_of(self, pieces: np.ndarray) -> PackedSentences:
        """The words of these pieces, one "sentence" a piece."""
        with self._learning:
            if self._new:
                words = np.array(list(chain.from_iterable(self._new)), dtype=np.int32)
                lengths = np.fromiter(map(len, self._new), np.int64, len(self._new))
                self._packed = PackedSentences(
                    np.concatenate([self._packed.token_ids, words]),
                    np.concatenate([self._packed.lengths, lengths]),
                )
                unknown = [UNKNOWN in new for new in self._new]
                self._has_unknown = np.append(self._has_unknown, unknown)
                self._new = []
            packed = self._packed
        return packed.take(pieces)
