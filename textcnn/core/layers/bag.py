"""A bag: the sum of a table's rows over each sentence's items."""

from collections.abc import Callable

import numpy as np

from textcnn.core.gradients import RowGradient
from textcnn.core.sentences import PackedSentences, sum_segments


def bag(
    items: PackedSentences, table: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], RowGradient]]:
    """Add up rows, as a linear model of indicator features does.

    Args:
        items: B sentences of row numbers.
        table: (R, C) floats.

    Returns:
        The sums (B, C), zero for a sentence without items, and ``backward(dY)``, the gradient of
        the rows that were used.
    """

    def backward(dY: np.ndarray) -> RowGradient:
        rows, which = np.unique(items.words, return_inverse=True)
        upstream = np.repeat(dY, items.lengths, axis=0)
        # A column at a time: bincount adds up much faster than add.at does.
        sums = [np.bincount(which, column, len(rows)) for column in upstream.T]
        return RowGradient(rows, np.stack(sums, axis=1).astype(table.dtype))

    return sum_segments(table.take(items.words, axis=0), items.lengths), backward
