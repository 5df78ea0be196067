"""Counting in how many sentences of each class an item stands, and what that says of a class.

An item is whatever a sentence is made of: words, n-grams, parts of words. Sentences come as their
items' numbers one after another, with the number of items of each.
"""

from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences, segment_starts, sum_segments

SMOOTHING = 1.0
"""Added to every count: alpha in Wang and Manning (2012), section 2.1."""

SENTENCES_AT_ONCE = 512
"""Judged together by :meth:`ItemCounts.left_out`: a bound on memory."""

COUNTED_AT_ONCE = 4096
"""Counted together by :meth:`ItemCounts.of`; more, since each time all counts are gone through."""


@dataclass(frozen=True)
class ItemCounts:
    """In how many sentences of each class each item stands.

    Attributes:
        counts: (N, C) integers.
        sentences: (N,) sentences of any class, or none, in which it stands, where a sentence may
            have several classes; None where it has one.
    """

    counts: np.ndarray
    sentences: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        items: np.ndarray,
        lengths: np.ndarray,
        members: np.ndarray,
        num_items: int,
        several: bool = False,
    ) -> "ItemCounts":
        """Count; a sentence that has an item twice counts once.

        Args:
            items: (T,) item numbers below N.
            lengths: (B,) how many of them each sentence has.
            members: (B, C) booleans, the sentences' classes.
            num_items: N.
            several: a sentence may have several classes, or none.
        """
        num_classes = members.shape[1]
        counts = np.zeros(num_items * num_classes, np.int64)
        sentences = np.zeros(num_items, np.int64)
        starts = segment_starts(lengths)
        for begin in range(0, len(lengths), COUNTED_AT_ONCE):
            part = slice(begin, begin + COUNTED_AT_ONCE)
            first, own = starts[begin], members[part]
            some = items[first : first + lengths[part].sum()]
            row, sentence = distinct(some, lengths[part], num_items)
            classes = PackedSentences(np.nonzero(own)[1], own.sum(axis=1)).take(sentence)
            cells = np.repeat(row, classes.lengths) * num_classes + classes.words
            counts += np.bincount(cells, minlength=len(counts))
            if several:
                sentences += np.bincount(row, minlength=num_items)
        return cls(counts.reshape(num_items, num_classes), sentences if several else None)

    def log_likelihoods(self) -> np.ndarray:
        """(N, C) float32: what each item says for each class.

        With one class a sentence log p(item | class), less its mean over the classes: Wang and
        Manning (2012), equation 2, for any number of classes; with two, a row holds half their
        log-count ratio and its opposite. With several, the whole log-count ratio of a class
        and its absence.
        """
        values = np.log(self.counts + SMOOTHING) - np.log(self._totals(self.counts))
        if self.sentences is None:
            return (values - values.mean(axis=1, keepdims=True)).astype(np.float32)
        absent = self.sentences[:, None] - self.counts
        values -= np.log(absent + SMOOTHING) - np.log(self._totals(absent))
        return values.astype(np.float32)

    def left_out(self, items: np.ndarray, lengths: np.ndarray, members: np.ndarray) -> np.ndarray:
        """(B, C) sums of log-likelihoods of sentences that were counted, as if each had not been.

        Args:
            items, lengths, members: as for :meth:`of`.
        """
        sums = np.zeros(members.shape, np.float32)
        starts = segment_starts(lengths)
        for begin in range(0, len(lengths), SENTENCES_AT_ONCE):
            part = slice(begin, begin + SENTENCES_AT_ONCE)
            first = starts[begin]
            some = items[first : first + lengths[part].sum()]
            sums[part] = self._left_out(some, lengths[part], members[part])
        return sums

    def _left_out(self, items: np.ndarray, lengths: np.ndarray, members: np.ndarray) -> np.ndarray:
        sentence = np.repeat(np.arange(len(lengths)), lengths)
        _, counted = distinct(items, lengths, len(self.counts))
        own = np.bincount(counted, minlength=len(lengths))
        values = self._log_shares(self.counts, items, members, own, sentence)
        if self.sentences is None:
            values -= values.mean(axis=1, keepdims=True)
        else:
            absent = self.sentences[:, None] - self.counts
            values -= self._log_shares(absent, items, ~members, own, sentence)
        return sum_segments(values.astype(np.float32), lengths)

    def _log_shares(
        self,
        counts: np.ndarray,
        items: np.ndarray,
        members: np.ndarray,
        own: np.ndarray,
        sentence: np.ndarray,
    ) -> np.ndarray:
        """(T, C) log p(item | class), what its own sentence added to the counts taken off again."""
        totals = self._totals(counts) - members * own[:, None]
        found = counts[items] + SMOOTHING - members[sentence]
        # Less than nothing is left where a sentence was counted with another label than it has
        # now, by a network that this one goes on from.
        found, totals = np.maximum(found, SMOOTHING), np.maximum(totals, SMOOTHING)
        return np.log(found) - np.log(totals)[sentence]

    def _totals(self, counts: np.ndarray) -> np.ndarray:
        """(C,) float64: all counts of a class, smoothed; at least one item's worth."""
        return counts.sum(axis=0) + SMOOTHING * max(len(counts), 1)

    def __add__(self, other: "ItemCounts") -> "ItemCounts":
        """What both counted, of the same items and classes."""
        if self.sentences is None or other.sentences is None:
            return ItemCounts(self.counts + other.counts)
        return ItemCounts(self.counts + other.counts, self.sentences + other.sentences)

    def placed(
        self, rows: np.ndarray, num_items: int, columns: np.ndarray, num_classes: int
    ) -> "ItemCounts":
        """The same counts among more items and classes.

        Args:
            rows: (N,) where each item stands among them.
            num_items: how many there are.
            columns: (C,) where each class stands.
            num_classes: how many there are.
        """
        counts = np.zeros((num_items, num_classes), np.int64)
        counts[rows[:, None], columns] = self.counts
        if self.sentences is None:
            return ItemCounts(counts)
        sentences = np.zeros(num_items, np.int64)
        sentences[rows] = self.sentences
        return ItemCounts(counts, sentences)


def distinct(
    items: np.ndarray, lengths: np.ndarray, num_items: int
) -> tuple[np.ndarray, np.ndarray]:
    """The items and their sentences, each pair once."""
    size = max(len(lengths), 1)
    pairs = items.astype(np.int64) * size + np.repeat(np.arange(len(lengths)), lengths)
    # Sorted by hand: np.unique goes through a hash table, which takes several times as long.
    pairs.sort()
    first = np.ones(len(pairs), bool)
    np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
    row, sentence = np.divmod(pairs[first], size)
    return row, sentence
