"""Tables of rows of C numbers, one row an item: dense, or without the zeros of many classes."""

import functools
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.sentences import segment_places, sum_segments

SMOOTHING = 0.3
"""Added to counts by class in :class:`CountTable`: chosen with TREC's 50 labels."""


MOST_ENTRIES = 1 << 20
"""Entries of a :class:`CountTable` looked up at once: a bound on memory."""

Rows = Any
"""(N, C) numbers: an array, or a sparse matrix of SciPy, which has no type hints."""


@dataclass(frozen=True)
class DenseTable:
    """A table for few classes.

    Attributes:
        values: (N + 1, C) float32, the last row zeros.
    """

    values: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "DenseTable":
        """Add the last row to (N, C) values."""
        nothing = np.zeros((1, values.shape[1]))
        return cls(np.concatenate([values, nothing]).astype(np.float32))

    def __len__(self) -> int:
        return len(self.values) - 1

    def sums(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(B, C) float64 sums of the rows of B segments, each by itself."""
        return sum_segments(self.values.take(rows, axis=0).astype(np.float64), lengths)

    def column(self, label: int) -> np.ndarray:
        """(N,) the rows' numbers for a class."""
        return self.values[:-1, label]

    def longer(self, rows: np.ndarray) -> "DenseTable":
        """The table with (n, C) further rows."""
        return DenseTable.of(np.concatenate([self.values[:-1], rows]))

    def rows(self) -> np.ndarray:
        """(N, C) what :func:`table_of` makes this table of again."""
        return self.values[:-1]

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that a checkpoint keeps it as."""
        return {"values": self.values[:-1]}


@dataclass(frozen=True)
class CountTable:
    """A table of how often each item was seen with each of many classes, and what that says.

    An item adds only to classes that it was seen with, by naive Bayes' log-count ratio where
    that is above 0, so that nothing is as large as items times classes.

    Attributes:
        ends: (N,) int64, where each item's entries end; the first item's begin at 0.
        classes: (M,) int32 classes of the entries.
        counts: (M,) float32, above 0: how often the item was seen with the class; 0 in further
            rows (:meth:`longer`).
        num_classes: C.
        given_ratios: (M,) float64 what each entry says, where there are further rows; None where
            all follow from the counts.
    """

    ends: np.ndarray
    classes: np.ndarray
    counts: np.ndarray
    num_classes: int
    given_ratios: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def sums(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(B, C) float64 sums of the rows of B segments, each by itself."""
        sizes = np.append(np.diff(self.ends, prepend=0), 0)
        starts, sizes = (np.append(self.ends, 0) - sizes)[rows], sizes[rows]
        sums = np.zeros((len(lengths), self.num_classes))
        # Frequent words have an entry for nearly every class: some sentences at a time.
        before = np.cumsum(sum_segments(sizes[:, None], lengths)) // MOST_ENTRIES
        ends = np.append(0, np.cumsum(lengths))
        cuts = [0, *(np.flatnonzero(np.diff(before)) + 1).tolist(), len(lengths)]
        for begin, end in itertools.pairwise(cuts):
            items = slice(ends[begin], ends[end])
            places = segment_places(starts[items], sizes[items])
            segments = np.repeat(np.arange(end - begin), lengths[begin:end])
            cells = np.repeat(segments, sizes[items]) * self.num_classes + self.classes[places]
            size = (end - begin) * self.num_classes
            # Without any entry, NumPy counts in whole numbers.
            found = np.bincount(cells, self._ratios[places], size)
            sums[begin:end] = found.reshape(end - begin, self.num_classes)
        return sums

    @functools.cached_property
    def _ratios(self) -> np.ndarray:
        """(M,) ``max(0, log(p / sum(p)) - log(q / sum(q)))`` of Wang and Manning (2012)."""
        if self.given_ratios is not None:
            return self.given_ratios
        size = len(self)
        items = np.repeat(np.arange(size), np.diff(self.ends, prepend=0))
        by_item = np.bincount(items, self.counts, size)[items]
        by_class = np.bincount(self.classes, self.counts, self.num_classes)[self.classes]
        total = self.counts.sum(dtype=np.float64)
        p, q = self.counts + SMOOTHING, by_item - self.counts + SMOOTHING
        ratio = np.log(p / (by_class + SMOOTHING * size))
        ratio -= np.log(q / (total - by_class + SMOOTHING * size))
        return np.maximum(ratio, 0)

    def column(self, label: int) -> np.ndarray:
        """(N,) the rows' numbers for a class."""
        items = np.repeat(np.arange(len(self)), np.diff(self.ends, prepend=0))
        own = self.classes == label
        return np.bincount(items[own], self._ratios[own], len(self))

    def longer(self, rows: np.ndarray) -> "CountTable":
        """The table with (n, C) further rows, whose counts are 0; the others say what they said."""
        items, classes = np.nonzero(rows)
        ends = len(self.classes) + np.cumsum(np.bincount(items, minlength=len(rows)))
        return CountTable(
            np.append(self.ends, ends),
            np.append(self.classes, classes.astype(np.int32)),
            np.append(self.counts, np.zeros(len(items), np.float32)),
            self.num_classes,
            np.append(self._ratios, rows[items, classes]),
        )

    def rows(self) -> Rows:
        """(N, C) what :func:`table_of` makes this table of again."""
        # Imported here: SciPy takes longer to load than a sentence to classify.
        from scipy.sparse import csr_matrix

        shape = len(self), self.num_classes
        return csr_matrix((self.counts, self.classes, np.append(0, self.ends)), shape)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that a checkpoint keeps it as."""
        return {"ends": self.ends, "classes": self.classes, "counts": self.counts}


Table = DenseTable | CountTable
"""N rows of C numbers; row N, of all items that are not in the table, is zeros."""


def table_of(rows: Rows) -> Table:
    """The table of (N, C) weights, or of counts in a sparse matrix."""
    if isinstance(rows, np.ndarray):
        return DenseTable.of(rows)
    counted = rows.tocsr()
    counted.sum_duplicates()
    counted.eliminate_zeros()
    return CountTable(
        counted.indptr[1:].astype(np.int64),
        counted.indices.astype(np.int32),
        counted.data.astype(np.float32),
        counted.shape[1],
    )
