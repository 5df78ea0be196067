"""Sentences packed one after another: no padding, so nothing is cut or computed twice."""

import functools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PackedSentences:
    """B sentences of token ids in one flat array.

    Attributes:
        token_ids: (T,) integers, all sentences one after another.
        lengths: (B,) integers, how many words each has; a sentence may have none.
    """

    token_ids: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """(B,) place of each sentence's first word in ``token_ids``."""
        return segment_starts(self.lengths)

    def take(self, rows: np.ndarray) -> "PackedSentences":
        """The sentences in these rows, in this order."""
        lengths = self.lengths[rows]
        return PackedSentences(self.token_ids[segment_places(self.starts[rows], lengths)], lengths)

    def cut(self, longest: int) -> "PackedSentences":
        """The sentences, each without what follows its first ``longest`` words."""
        lengths = np.minimum(self.lengths, longest)
        return PackedSentences(self.token_ids[segment_places(self.starts, lengths)], lengths)


def groups_by_length(lengths: np.ndarray, most: int) -> list[np.ndarray]:
    """The rows of B sentences in groups of about one length, the longest first.

    Args:
        lengths: (B,) words of each.
        most: limit of a group's work, its sentences times one more than the words of its longest;
            a sentence that is longer is a group by itself.
    """
    order = np.argsort(lengths, kind="stable")
    groups, end = [], len(order)
    while end:
        size = max(most // (int(lengths[order[end - 1]]) + 1), 1)
        groups.append(order[max(end - size, 0) : end])
        end = max(end - size, 0)
    return groups


def segment_starts(lengths: np.ndarray) -> np.ndarray:
    """(B,) where each segment begins when segments of these lengths follow each other."""
    return np.cumsum(lengths) - lengths


def segment_places(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The places ``start, start + 1, ...`` of every segment, one segment after another.

    Starts 5 and 0 with lengths 2 and 3 give 5, 6, 0, 1, 2.
    """
    total = int(lengths.sum())
    return np.repeat(starts - segment_starts(lengths), lengths) + np.arange(total)


def sum_segments(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(B, M) sums of (T, M) values, segment after segment; an empty one sums to zero."""
    sums = np.zeros((len(lengths), values.shape[1]), values.dtype)
    some = lengths > 0
    if some.any():
        sums[some] = np.add.reduceat(values, segment_starts(lengths)[some], axis=0)
    return sums


@dataclass(frozen=True)
class Examples:
    """Sentences and their true classes.

    Attributes:
        sentences: N packed sentences.
        targets: (N,) classes, or (N, C) booleans where a sentence may have several.
        weights: shaped as ``targets``, what each counts in the loss; None for 1 each.
    """

    sentences: PackedSentences
    targets: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Examples":
        """The examples in these rows, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return Examples(self.sentences.take(rows), self.targets[rows], weights)
