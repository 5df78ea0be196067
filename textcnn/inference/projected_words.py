"""Tables of projected words for prediction: in float32, filled as needed, or in 16-bit integers.

Row w of a table is word w's vector times every filter row (see
:func:`textcnn.core.layers.convolve_and_pool.project`); a last row of zeros stands for padding.
"""

import threading
from collections.abc import Mapping

import numpy as np

from textcnn.core.architecture import Architecture, word_vectors

BLOCK = 64
"""Words projected together; frequent words are neighbours, so a sentence touches few blocks."""

BULK = 1024
"""Words projected together where all of them are."""

INT16_LIMIT = 32_700
"""Largest sum of quantised rows: a little below 2 ** 15, as each row is rounded by itself."""


class FloatTable:
    """Projections in the parameters' own type, in blocks filled when one of their words turns up.

    A block is always the same matrix product whoever asks for it, so its bytes never depend on what
    was asked before.

    Attributes:
        rows: (V + 1, K * F); only blocks asked for with :meth:`need` are valid.
        scale: 1, what maxima over rows are multiplied by.
    """

    scale: float | np.ndarray = 1.0

    def __init__(self, parameters: Mapping[str, np.ndarray], architecture: Architecture):
        self._parameters = parameters
        self._architecture = architecture
        self._W = _filter_matrix(parameters)
        size = architecture.vocabulary_size
        # Not touched until a block is filled, so the system hands out memory only for words used.
        self.rows = np.empty((size + 1, self._W.shape[1]), self._W.dtype)
        self.rows[-1] = 0
        self._filled = np.zeros(-(-size // BLOCK), bool)
        self._filling = threading.Lock()

    def need(self, words: np.ndarray) -> None:
        """Make the rows of these words valid."""
        blocks = words // BLOCK
        if self._filled[blocks].all():
            return
        # One thread at a time: a matrix product uses all processors by itself.
        with self._filling:
            for block in np.unique(blocks[~self._filled[blocks]]):
                rows = slice(block * BLOCK, min((block + 1) * BLOCK, len(self.rows) - 1))
                X = word_vectors(self._parameters, self._architecture, rows)
                np.matmul(X, self._W, out=self.rows[rows])
                self._filled[block] = True


class Int16Table:
    """All projections, rounded to 16-bit integers: half the memory to fetch, half the time to add.

    Each map has a scale of its own, chosen so that no window's sum can overflow: the largest value
    of each of its filter's rows over the vocabulary, added up. Everything after the rounding is
    exact, so here too a sentence's answer never depends on its company.

    Attributes:
        rows: (V + 1, K * F) int16.
        scale: (heights * F,) what maxima over rows are multiplied by.
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], architecture: Architecture):
        self._parameters = parameters
        self._architecture = architecture
        self._W = _filter_matrix(parameters)
        bank, size = architecture.bank, architecture.vocabulary_size
        blocks = [slice(start, min(start + BULK, size)) for start in range(0, size, BULK)]
        # Projected twice, to find the scale and to apply it: keeping the floats would take twice
        # the memory that the table is meant to save.
        largest = np.zeros(self._W.shape[1], self._W.dtype)
        for block in blocks:
            np.maximum(largest, np.abs(self._project(block)).max(axis=0), out=largest)
        by_row = largest.reshape(bank.num_rows, bank.num_filters)
        bounds = [by_row[first : first + size].sum(axis=0) for size, first in bank.offsets()]
        scales = [np.where(bound > 0, bound, 1) / INT16_LIMIT for bound in bounds]
        self.scale = np.concatenate(scales)
        per_row = np.repeat(scales, bank.filter_sizes, axis=0).reshape(-1)
        self.rows = np.zeros((size + 1, self._W.shape[1]), np.int16)
        for block in blocks:
            self.rows[block] = np.rint(self._project(block) / per_row)

    def need(self, words: np.ndarray) -> None:
        """Nothing to do: all rows are valid."""

    def _project(self, block: slice) -> np.ndarray:
        return word_vectors(self._parameters, self._architecture, block) @ self._W


def _filter_matrix(parameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """(channels * D, K * F) all filter rows side by side."""
    W = parameters["convolution/weights"]
    return W.reshape(len(W), -1)
