"""The maxima over time of one sentence, whose words were projected once for good."""

import functools

import numpy as np

from textcnn.core.layers.convolve_and_pool import WINDOWS_AT_ONCE

LOWEST = np.iinfo(np.int16).min
"""Below every sum."""


def maxima_of_one(P: np.ndarray, words: np.ndarray, filter_sizes: tuple[int, ...]) -> np.ndarray:
    """(1, heights * F) maxima over time: what ``pooled_maxima`` gives, without the bookkeeping.

    With one sentence the windows follow each other, and laying out columns would take longer than
    the arithmetic. Whole rows of P are taken, and windows of all heights that begin at one word
    are added up together: to the first rows of all, the second rows of those that have two, and so
    on, which lie side by side. That takes two thirds of the time that short rows would, each taken
    for itself. Of a long sentence no more than :data:`WINDOWS_AT_ONCE` windows are added up at a
    time, so that the memory that they take does not grow with it.

    Args:
        P: (U + 1, K * F) int16 projected words, ordered by place in a window
            (:func:`.projected_words.rows_by_place`); the last row is zero.
        words: (n,) rows of P; n may be 0.
        filter_sizes: the heights.
    """
    heights, reaching, in_order = _places(filter_sizes)
    gap, num_filters = len(reaching) - 1, P.shape[1] // sum(heights)
    padded = np.full(max(len(words), 1) + 2 * gap, len(P) - 1)
    padded[gap : gap + len(words)] = words
    of_blocks = []
    for start in range(0, len(padded) - gap, WINDOWS_AT_ONCE):
        rows = P.take(padded[start : start + WINDOWS_AT_ONCE + gap], axis=0)
        count, end = len(rows) - gap, len(heights) * num_filters
        Z = rows[:count, :end].copy()
        for j, heights_there in enumerate(reaching[1:], start=1):
            begin, width = end, heights_there * num_filters
            end += width
            of_highest = Z[:, -width:]
            of_highest += rows[j : j + count, begin:end]
        for index, height in enumerate(heights):
            # Windows of this height that end before the sentence begins are none of it.
            before = gap + 1 - height - start
            if before > 0:
                Z[:before, index * num_filters : (index + 1) * num_filters] = LOWEST
        of_blocks.append(Z.max(axis=0))
    maxima = np.max(of_blocks, axis=0) if len(of_blocks) > 1 else of_blocks[0]
    return maxima.reshape(-1, num_filters).take(in_order, axis=0).reshape(1, -1)


@functools.cache
def _places(filter_sizes: tuple[int, ...]) -> tuple[list[int], list[int], np.ndarray]:
    """The heights from the lowest up, how many reach each place, and where each one stands."""
    heights = sorted(filter_sizes)
    reaching = [sum(height > place for height in heights) for place in range(heights[-1])]
    return heights, reaching, np.argsort(np.argsort(filter_sizes, kind="stable"))
