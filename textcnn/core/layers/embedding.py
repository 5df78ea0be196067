"""Token ids to word vectors."""

from collections.abc import Callable

import numpy as np

from textcnn.core.gradients import RowGradient


def embed(
    token_ids: np.ndarray, table: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], RowGradient]]:
    """Look up the vector of each word: ``Y[t] = table[token_ids[t]]``.

    Args:
        token_ids: (T,) integers below V.
        table: (V, D) floats.

    Returns:
        Y (T, D), and ``backward(dY)``, the gradient of the rows that were used. A word that occurs
        twice receives the sum of both gradients.
    """

    def backward(dY: np.ndarray) -> RowGradient:
        rows, inverse = np.unique(token_ids, return_inverse=True)
        values = np.zeros((len(rows), table.shape[1]), dY.dtype)
        np.add.at(values, inverse, dY)
        return RowGradient(rows, values)

    return table[token_ids], backward
