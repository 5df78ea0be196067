"""Counting in how many sentences of each class an item stands, and what that says of a class.

An item is whatever a sentence is made of: words, n-grams, parts of words. Sentences come as their
items' numbers one after another, with the number of items of each.
"""

from dataclasses import dataclass

import numpy as np

from textcnn.packed import segment_starts, sum_segments

SMOOTHING = 1.0
"""Added to every count: alpha in Wang and Manning (2012), section 2.1."""

SENTENCES_AT_ONCE = 512
"""Judged together by :func:`left_out`: a bound on memory."""


@dataclass(frozen=True)
class ItemCounts:
    """In how many sentences of each class each item stands.

    Attributes:
        counts: (N, C) integers.
    """

    counts: np.ndarray

    @classmethod
    def of(
        cls,
        items: np.ndarray,
        lengths: np.ndarray,
        classes: np.ndarray,
        num_items: int,
        num_classes: int,
    ) -> "ItemCounts":
        """Count; a sentence that has an item twice counts once.

        Args:
            items: (T,) item numbers below N.
            lengths: (B,) how many of them each sentence has.
            classes: (B,) the sentences' classes.
            num_items: N.
            num_classes: C.
        """
        row, sentence = distinct(items, lengths, num_items)
        cells = np.bincount(
            row * num_classes + classes[sentence], minlength=num_items * num_classes
        )
        return cls(cells.reshape(num_items, num_classes))

    @property
    def totals(self) -> np.ndarray:
        """(C,) float64: all counts of a class, smoothed; at least one item's worth."""
        return self.counts.sum(axis=0) + SMOOTHING * max(len(self.counts), 1)

    def log_likelihoods(self) -> np.ndarray:
        """(N, C) float32: log p(item | class), less its mean over the classes.

        Wang and Manning (2012), equation 2, for any number of classes: with two, a row holds half
        their log-count ratio and its opposite.
        """
        values = np.log(self.counts + SMOOTHING) - np.log(self.totals)
        return (values - values.mean(axis=1, keepdims=True)).astype(np.float32)

    def left_out(self, items: np.ndarray, lengths: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """(B, C) sums of log-likelihoods of sentences that were counted, as if each had not been.

        Args:
            items, lengths, classes: as for :meth:`of`.
        """
        sums = np.zeros((len(lengths), self.counts.shape[1]), np.float32)
        starts = segment_starts(lengths)
        for begin in range(0, len(lengths), SENTENCES_AT_ONCE):
            part = slice(begin, begin + SENTENCES_AT_ONCE)
            first = starts[begin]
            some = items[first : first + lengths[part].sum()]
            sums[part] = self._left_out(some, lengths[part], classes[part])
        return sums

    def _left_out(self, items: np.ndarray, lengths: np.ndarray, classes: np.ndarray) -> np.ndarray:
        sentence, everyone = np.repeat(np.arange(len(lengths)), lengths), np.arange(len(lengths))
        found = self.counts[items] + SMOOTHING
        found[np.arange(len(items)), classes[sentence]] -= 1
        _, counted = distinct(items, lengths, len(self.counts))
        totals = np.tile(self.totals, (len(lengths), 1))
        totals[everyone, classes] -= np.bincount(counted, minlength=len(lengths))
        values = np.log(found) - np.log(totals)[sentence]
        values -= values.mean(axis=1, keepdims=True)
        return sum_segments(values.astype(np.float32), lengths)


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
