"""Which window of a sentence each filter chose: pooling with its winners kept."""

import numpy as np

from textcnn.core.layers.convolve_and_pool import FilterBank


def winning_windows(
    P: np.ndarray, words: np.ndarray, bank: FilterBank
) -> tuple[np.ndarray, np.ndarray]:
    """The maximum over time of every feature map of one sentence, and where it stands.

    Of equal windows the first is taken, as the backward pass of the network does.

    Args:
        P: (U + 1, K * F) projected words (:func:`textcnn.core.layers.convolve_and_pool.project`);
            the last row is zeros.
        words: (n,) rows of P; n may be 0.
        bank: the layout of the filters.

    Returns:
        (heights * F,) maxima, before bias and ReLU, and (heights * F,) the number of the winning
        window's first word: below 0 where the window begins before the sentence.
    """
    rows = P.reshape(len(P), bank.num_rows, bank.num_filters)
    maxima, starts = [], []
    for height, first in bank.offsets():
        # An empty sentence has one window, of zeros.
        count = max(len(words) + height - 1, 1)
        padded = np.full(count + height - 1, len(P) - 1)
        padded[height - 1 : height - 1 + len(words)] = words
        Z = rows[padded[:count], first]
        for j in range(1, height):
            Z += rows[padded[j : j + count], first + j]
        best = Z.argmax(axis=0)
        maxima.append(Z[best, np.arange(bank.num_filters)])
        starts.append(best - (height - 1))
    return np.concatenate(maxima), np.concatenate(starts)
