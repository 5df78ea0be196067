"""The types of gradients: whole arrays, or the rows of a table that were used."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RowGradient:
    """Gradient of a (V, D) table that is zero outside a few rows.

    Attributes:
        rows: (U,) integers, each row once.
        values: (U, D) gradient of ``table[rows]``.
    """

    rows: np.ndarray
    values: np.ndarray

    def dense(self, num_rows: int) -> np.ndarray:
        """The same gradient as a full (num_rows, D) array, mostly zeros."""
        gradient = np.zeros((num_rows, self.values.shape[1]), self.values.dtype)
        gradient[self.rows] = self.values
        return gradient


Gradient = np.ndarray | RowGradient

Gradients = dict[str, Gradient]
"""Gradients by the names of their parameters."""
