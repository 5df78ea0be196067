"""The counts behind the evidence: what training needs of them, and what can be added to later."""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences, sum_segments
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.ngrams.item_counts import ItemCounts
from textcnn.recipe.ngrams.naive_bayes import Evidence, NaiveBayes
from textcnn.recipe.ngrams.ngrams import LARGEST_KEY, KeyIndex, ngram_keys, rows_of
from textcnn.recipe.ngrams.subwords import number_subwords
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class KindCounts:
    """The items of one kind, counted.

    Attributes:
        name: of the kind, see :func:`textcnn.core.architecture.kinds_of_evidence`.
        order: words in an item.
        keys: (N,) int64, ascending, of n-grams; None for words, of which number 1 is item 0, and
            for parts of words, by :func:`number_subwords`.
        items: in how many sentences each of N stands.
    """

    name: str
    order: int
    keys: np.ndarray | None
    items: ItemCounts

    @functools.cached_property
    def index(self) -> KeyIndex:
        """Finds n-grams among the keys."""
        return KeyIndex(np.empty(0, np.int64) if self.keys is None else self.keys)


@dataclass(frozen=True)
class Counts:
    """What was counted in training sentences.

    Attributes:
        kinds: in the order of their features; the first counts words.
        words: V words, by number.
        subwords: characters in the longest parts of words; 0 where none are counted.
        parts: the parts of each word (:func:`number_subwords`), and how many there are.
    """

    kinds: tuple[KindCounts, ...]
    words: Sequence[str]
    subwords: int
    parts: tuple[PackedSentences, int]

    @classmethod
    def none(cls, words: Sequence[str], subwords: int) -> "Counts":
        """No kinds yet, of these words and their parts of so many characters at most."""
        return cls((), words, subwords, number_subwords(words, subwords))

    @classmethod
    def of(
        cls,
        sentences: PackedSentences,
        members: np.ndarray,
        words: Sequence[str],
        ngrams: int,
        subwords: int,
        several: bool = False,
    ) -> "Counts":
        """Count training sentences.

        Args:
            sentences: B sentences of word numbers below V.
            members: (B, C) booleans, their classes.
            words: V words.
            ngrams: words in the longest n-grams, at least 1.
            subwords: characters in the longest parts of words; 0 counts no parts.
            several: a sentence may have several classes, or none.

        Raises:
            UserError: the vocabulary is too large for n-grams so long.
        """
        check_ngrams(ngrams, len(words))
        counts = cls.none(words, subwords)
        kinds = [counts._empty("words", 1, None), counts._empty("subwords", 1, None)]
        if not subwords:
            kinds.pop()
        for order in range(2, ngrams + 1):
            keys, _ = ngram_keys(sentences, order, len(words))
            kinds.append(counts._empty(f"{order}-grams", order, np.unique(keys[keys >= 0])))
        counted = tuple(counts._counted(kind, sentences, members, several) for kind in kinds)
        return dataclasses.replace(counts, kinds=counted)

    @functools.cached_property
    def naive_bayes(self) -> NaiveBayes:
        """What the counts say of other sentences."""
        return NaiveBayes([self._evidence(kind) for kind in self.kinds], len(self.words))

    def left_out(self, sentences: PackedSentences, members: np.ndarray) -> np.ndarray:
        """(B, kinds * C) features of sentences that were counted, as if each had not been.

        Args:
            sentences, members: as for :meth:`of`.
        """
        parts = []
        for kind in self.kinds:
            items, lengths = self._items(kind, sentences)
            parts.append(kind.items.left_out(items, lengths, members))
        return np.concatenate(parts, axis=1)

    def __add__(self, other: "Counts") -> "Counts":
        """What both counted, with the same words and classes."""
        kinds = []
        for ours, theirs in zip(self.kinds, other.kinds, strict=True):
            if ours.keys is None or theirs.keys is None:
                kinds.append(dataclasses.replace(ours, items=ours.items + theirs.items))
                continue
            keys = np.union1d(ours.keys, theirs.keys)
            columns = np.arange(ours.items.counts.shape[1])
            both = [
                kind.items.placed(rows_of(known, keys), len(keys), columns, len(columns))
                for kind, known in ((ours, ours.keys), (theirs, theirs.keys))
            ]
            kinds.append(dataclasses.replace(ours, keys=keys, items=both[0] + both[1]))
        return dataclasses.replace(self, kinds=tuple(kinds))

    def among(self, words: Sequence[str], columns: np.ndarray, num_classes: int) -> "Counts":
        """The same counts with more words and classes.

        Args:
            words: these words and, after them, others.
            columns: (C,) where each class stands among all.
            num_classes: how many there are.
        """
        moved = Counts.none(words, self.subwords)
        return dataclasses.replace(
            moved,
            kinds=tuple(self._moved(kind, moved, columns, num_classes) for kind in self.kinds),
        )

    def _moved(
        self, kind: KindCounts, moved: "Counts", columns: np.ndarray, num_classes: int
    ) -> KindCounts:
        rows, keys = np.arange(len(kind.items.counts)), kind.keys
        size = len(rows) if keys is not None else moved.number_of_items(kind.name)
        if keys is not None:
            keys = in_larger_base(keys, kind.order, len(self.words), len(moved.words))
        return dataclasses.replace(
            kind, keys=keys, items=kind.items.placed(rows, size, columns, num_classes)
        )

    def number_of_items(self, name: str) -> int:
        """How many items there can be of a kind that is not one of n-grams."""
        return self.parts[1] if name == "subwords" else len(self.words) - 1

    def _empty(self, name: str, order: int, keys: np.ndarray | None) -> KindCounts:
        return KindCounts(name, order, keys, ItemCounts(np.zeros((0, 0), np.int64)))

    def _counted(
        self, kind: KindCounts, sentences: PackedSentences, members: np.ndarray, several: bool
    ) -> KindCounts:
        items, lengths = self._items(kind, sentences)
        size = self.number_of_items(kind.name) if kind.keys is None else len(kind.keys)
        counted = ItemCounts.of(items, lengths, members, size, several)
        return dataclasses.replace(kind, items=counted)

    def _items(self, kind: KindCounts, sentences: PackedSentences) -> tuple[np.ndarray, np.ndarray]:
        """The items of each sentence one after another, and how many each has."""
        if kind.name == "subwords":
            spelt = self.parts[0].take(sentences.words)
            return spelt.words, sum_segments(spelt.lengths[:, None], sentences.lengths)[:, 0]
        if kind.keys is None:
            known = sentences.words != UNKNOWN
            items, lengths = sentences.words[known] - 1, sentences.lengths
        else:
            keys, lengths = ngram_keys(sentences, kind.order, len(self.words))
            rows = kind.index.rows(keys)
            known = rows < len(kind.keys)
            items = rows[known]
        return items, sum_segments(known.astype(np.int64)[:, None], lengths)[:, 0]

    def _evidence(self, kind: KindCounts) -> Evidence:
        values = kind.items.log_likelihoods()
        nothing = np.zeros((1, values.shape[1]), np.float32)
        if kind.name == "subwords":
            parts = self.parts[0]
            values = sum_segments(values.take(parts.words, axis=0), parts.lengths)
        elif kind.keys is None:  # Number 0 is nobody's.
            values = np.concatenate([nothing, values])
        else:
            values = np.concatenate([values, nothing])
        return Evidence(kind.name, kind.order, kind.keys, values)


def check_ngrams(ngrams: int, num_words: int) -> None:
    """Raise :class:`UserError` where n-grams of so many words have no number of their own."""
    if num_words**ngrams > LARGEST_KEY:
        raise UserError(
            f"--ngrams {ngrams}: too long for {num_words:,} words; choose shorter n-grams, or "
            "--max-vocabulary or --min-count to know fewer words"
        )


def in_larger_base(keys: np.ndarray, order: int, base: int, larger: int) -> np.ndarray:
    """N-grams of words numbered below ``base``, as they are numbered with ``larger``."""
    check_ngrams(order, larger)
    digits, rest = [], keys
    for _ in range(order):
        rest, digit = np.divmod(rest, base)
        digits.append(digit)
    moved = np.zeros_like(keys)
    for digit in reversed(digits):
        moved = moved * larger + digit
    return moved  # In the same order, since digits are compared from the first word on.
