"""Token lists of many sentences, kept as ids."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import Tokenizer

PIECES_AT_ONCE = 1 << 20
"""Pieces of text whose tokens are put in order at once: a bound on memory."""


@dataclass(frozen=True)
class TokenLists:
    """N lists of tokens in a tenth of the memory: one string for each different token.

    Attributes:
        tokens: the different tokens, and perhaps more.
        sentences: N packed sentences of int32 places among ``tokens``.
    """

    tokens: list[str]
    sentences: PackedSentences

    @classmethod
    def of(cls, lists: Iterable[Sequence[str]]) -> "TokenLists":
        """Take lists one after another; what is a :class:`TokenLists` already stays as it is."""
        if isinstance(lists, TokenLists):
            return lists
        place_of: defaultdict[str, int] = defaultdict()
        place_of.default_factory = place_of.__len__
        places, lengths = array("i"), array("q")
        for tokens in lists:
            places.extend(map(place_of.__getitem__, tokens))
            lengths.append(len(tokens))
        packed = PackedSentences(np.array(places, np.int32), np.array(lengths, np.int64))
        return cls(list(place_of), packed)

    @classmethod
    def of_texts(cls, texts: Iterable[str], tokenize: Tokenizer) -> "TokenLists":
        """Tokenise texts, and what stands between white space, such as "film,", only once.

        Args:
            texts: N of them.
            tokenize: one that makes no token across white space.
        """
        split = cls.of(map(str.split, texts))
        pieces = cls.of(map(tokenize, split.tokens))
        in_order = split.sentences.token_ids
        blocks = np.array_split(in_order, 1 + len(in_order) // PIECES_AT_ONCE)
        words = np.concatenate([pieces.sentences.take(block).token_ids for block in blocks])
        ends = np.append(0, np.cumsum(pieces.sentences.lengths[in_order]))
        starts = split.sentences.starts
        lengths = ends[starts + split.sentences.lengths] - ends[starts]
        return cls(pieces.tokens, PackedSentences(words, lengths))

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[list[str]]:
        words, starts = self.sentences.token_ids, self.sentences.starts
        ends = starts + self.sentences.lengths
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            yield [self.tokens[place] for place in words[start:end].tolist()]

    def take(self, rows: np.ndarray) -> "TokenLists":
        """The lists in these rows, in this order."""
        return TokenLists(self.tokens, self.sentences.take(rows))

    def cut(self, longest: int) -> "TokenLists":
        """The lists, each without what follows its first ``longest`` tokens."""
        return TokenLists(self.tokens, self.sentences.cut(longest))

    def counts(self) -> dict[str, int]:
        """How often each token stands there, for those that do."""
        counts = np.bincount(self.sentences.token_ids, minlength=len(self.tokens)).tolist()
        return {token: count for token, count in zip(self.tokens, counts, strict=True) if count}
