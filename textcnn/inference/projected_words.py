"""The table of projected words that a network predicts from, in 16-bit integers.

Row w is word w's vector times every filter row (see
:func:`textcnn.core.layers.convolve_and_pool.project`), in an order of its own
(:func:`rows_by_place`), counted in steps and rounded; a last row of zeros stands for padding. Sums
of whole numbers are exact in any order, so a sentence's prediction does not depend on its company,
and half the memory is fetched that floats would take.
"""

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from textcnn.core.architecture import Architecture, word_vectors

BLOCK = 64
"""Words projected together; frequent words are neighbours, so a sentence touches few blocks."""

MOST_STEPS = 32_700
"""Steps in the largest sum of a window; int16 ends at 32,767, and rounding takes some of the rest.
"""


class ProjectedWords:
    """Projections of every word, in blocks filled when one of their words turns up.

    A block is always the same matrix product whoever asks for it, so its bytes never depend on what
    was asked before; nor, as it is made in float64, on how many threads share the product, for what
    that changes of a sum is far too little to round it to another whole number. The steps follow
    from the parameters alone (:func:`step_sizes`).

    Attributes:
        rows: (V + 1, K * F) int16; only blocks asked for with :meth:`need` are valid.
        filter_rows: for each height, where among the K its filters' rows stand.
        step_sizes: (heights * F,) the step of each map: what its whole numbers are multiplied by.
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], architecture: Architecture):
        self._parameters = parameters
        self._architecture = architecture
        filters = parameters["convolution/weights"]
        self.step_sizes = step_sizes(parameters, architecture)
        by_row = np.repeat(
            self.step_sizes.reshape(-1, architecture.num_filters), architecture.filter_sizes, axis=0
        )
        self.filter_rows = rows_by_place(architecture.filter_sizes)
        in_order = np.empty(filters.shape)
        in_order[:, np.concatenate(self.filter_rows)] = filters / by_row
        self._filters = in_order.reshape(len(filters), -1)
        size = architecture.vocabulary_size
        # Not touched until a block is filled, so the system hands out memory only for words used.
        self.rows = np.empty((size + 1, self._filters.shape[1]), np.int16)
        self.rows[-1] = 0
        self._filled = np.zeros(-(-size // BLOCK), bool)
        self._filling = threading.Lock()

    def need(self, words: np.ndarray) -> None:
        """Make the rows of these words valid."""
        blocks = words // BLOCK
        if self._filled[blocks].all():
            return
        # One thread at a time: a matrix product uses all processors by itself.
        with self._filling, np.errstate(over="ignore", invalid="ignore"):
            missing = np.zeros_like(self._filled)
            missing[blocks] = True
            for block in np.flatnonzero(missing & ~self._filled).tolist():
                rows = slice(block * BLOCK, min((block + 1) * BLOCK, len(self.rows) - 1))
                X = word_vectors(self._parameters, self._architecture, rows)
                self.rows[rows] = np.rint(X @ self._filters)
                self._filled[block] = True


def rows_by_place(filter_sizes: Sequence[int]) -> list[list[int]]:
    """For each height, where its filters' rows stand when rows are ordered by place in a window.

    First the first rows of all filters, then the second rows of those that have two, and so on; of
    one place, the lowest heights first. So what :func:`.maxima.maxima_of_one` adds up for all
    heights at once lies side by side. Heights 2 and 3 give [[0, 2], [1, 3, 4]].
    """
    ascending = np.argsort(filter_sizes, kind="stable").tolist()
    rows: list[list[int]] = [[] for _ in filter_sizes]
    in_order = (
        rows[index]
        for place in range(max(filter_sizes))
        for index in ascending
        if filter_sizes[index] > place
    )
    for number, of_height in enumerate(in_order):
        of_height.append(number)
    return rows


def step_sizes(parameters: Mapping[str, np.ndarray], architecture: Architecture) -> np.ndarray:
    """(heights * F,) the finest step of each map with which no window's sum overflows.

    A product of two vectors is never above that of their lengths (Cauchy and Schwarz), so a sum is
    never above the longest word vector times the lengths of the filter's rows, added up. The
    largest sum there is would allow steps a quarter as large, but to know it every word has to be
    projected: at each save, or at each start.
    """
    tables = [parameters[name] for name in architecture.channels]
    squares = sum(np.einsum("vd,vd->v", table, table) for table in tables)
    filters = parameters["convolution/weights"]
    by_row = np.sqrt(np.einsum("dkf,dkf->kf", filters, filters))
    bank = architecture.bank
    bounds = [by_row[first : first + size].sum(axis=0) for size, first in bank.offsets()]
    steps = np.sqrt(squares.max()) * np.concatenate(bounds) / (MOST_STEPS - max(bank.filter_sizes))
    return np.where(steps > 0, steps, 1).astype(filters.dtype)
