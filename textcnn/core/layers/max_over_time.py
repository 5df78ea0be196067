"""Max-over-time pooling, in its plain form."""

from collections.abc import Callable

import numpy as np

from textcnn.core.sentences import segment_starts


def max_over_time(
    Z: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Keep each feature map's largest value in each sentence (Collobert et al. 2011; Kim 2014).

    Args:
        Z: (windows, F) the feature maps of B sentences, packed.
        counts: (B,) windows of each sentence, at least one.

    Returns:
        The maxima (B, F), and ``backward(dY) -> dZ``, which hands each gradient to the first
        window that reached the maximum.
    """
    starts = segment_starts(counts)
    maxima = np.maximum.reduceat(Z, starts, axis=0)

    def backward(dY: np.ndarray) -> np.ndarray:
        dZ = np.zeros_like(Z)
        columns = np.arange(Z.shape[1])
        for sentence, (start, count) in enumerate(zip(starts, counts, strict=True)):
            winners = start + Z[start : start + count].argmax(axis=0)
            dZ[winners, columns] = dY[sentence]
        return dZ

    return maxima, backward
