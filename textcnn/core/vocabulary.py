"""Tokens to token ids."""

from collections.abc import Iterable, Sequence

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.token_lists import TokenLists

UNKNOWN = 0
"""The id of every word that is not in the vocabulary."""

UNKNOWN_WORD = "<unknown>"
"""How id 0 is written where a word is shown; no tokenizer makes such a token."""


class Vocabulary:
    """The words a network knows, with ids from 1; id 0 is the unknown word.

    Attributes:
        words: all of them by id, :data:`UNKNOWN_WORD` first.
    """

    def __init__(self, words: Sequence[str]):
        """Give ``words`` ids in their order.

        Raises:
            ValueError: the first is not :data:`UNKNOWN_WORD`, or one stands there twice.
        """
        self.words = list(words)
        self._ids = {word: token_id for token_id, word in enumerate(self.words)}
        if not self.words or self.words[0] != UNKNOWN_WORD:
            raise ValueError(f"the first word must be {UNKNOWN_WORD}")
        if len(self._ids) != len(self.words):
            raise ValueError("a word stands in the vocabulary twice")

    @classmethod
    def fit(
        cls, sentences: Iterable[Sequence[str]], min_count: int = 1, max_size: int = 0
    ) -> "Vocabulary":
        """The words of these (training!) sentences, the most frequent first.

        Args:
            sentences: tokens of each.
            min_count: rarer words are left out.
            max_size: at most this many words, the most frequent; 0 sets no limit.
        """
        counts = TokenLists.of(sentences).counts()
        counts.pop(UNKNOWN_WORD, None)
        # Ties in alphabetical order, so that the ids depend on the words alone.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        words = [word for word, count in ranked if count >= min_count]
        return cls([UNKNOWN_WORD, *(words[:max_size] if max_size else words)])

    def extended(self, other: "Vocabulary") -> "Vocabulary":
        """These words and, after them, those of ``other`` that are not among them."""
        return Vocabulary([*self.words, *(w for w in other.words if w not in self._ids)])

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """The id of each token."""
        return [self._ids.get(token, UNKNOWN) for token in tokens]

    def pack(self, sentences: Iterable[Sequence[str]]) -> PackedSentences:
        """The sentences as token ids, packed one after another."""
        lists = TokenLists.of(sentences)
        ids = np.array(self.ids(lists.tokens), np.int32)
        return PackedSentences(ids[lists.sentences.token_ids], lists.sentences.lengths)
