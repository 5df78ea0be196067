"""The maxima over time of one sentence, whose words were projected once for good."""

import functools

import numpy as np

from textcnn.core.layers.convolve_and_pool import WINDOWS_IN_HAND, FilterBank

LOWEST = np.iinfo(np.int16).min
"""Below every sum."""


def maxima_of_one(P: np.ndarray, words: np.ndarray, bank: FilterBank) -> np.ndarray:
    """(1, heights * F) maxima over time: what ``pooled_maxima`` gives, without the bookkeeping.

    With one sentence the windows follow each other, and laying out columns would take longer than
    the arithmetic. Windows of all heights that begin at one word are added up together: the first
    rows of all, then the second rows of those that have two, and so on, in three quarters of the
    time that one height after the other takes. Of a long sentence so many windows are in hand as
    :data:`WINDOWS_IN_HAND`, so that the memory that it takes does not grow with it.

    Args:
        P: (U + 1, K * F) int16 projected words; the last row is zero.
        words: (n,) rows of P; n may be 0.
        bank: the layout of the filters.
    """
    heights, inverse, places = _by_place(bank)
    gap = len(places) - 1
    padded = np.full(max(len(words), 1) + 2 * gap, len(P) - 1)
    padded[gap : gap + len(words)] = words
    rows, firsts = P.reshape(-1, bank.num_filters), padded[:, None] * bank.num_rows
    of_blocks = []
    for start in range(0, len(padded) - gap, WINDOWS_IN_HAND):
        block = firsts[start : start + WINDOWS_IN_HAND + gap]
        count = len(block) - gap
        Z = rows.take(block[:count] + places[0], axis=0)
        for j in range(1, gap + 1):
            Z[:, -len(places[j]) :] += rows.take(block[j : j + count] + places[j], axis=0)
        for index, height in enumerate(heights):
            # Windows of this height that end before the sentence begins are none of it.
            Z[: max(gap + 1 - height - start, 0), index] = LOWEST
        of_blocks.append(Z.max(axis=0))
    maxima = np.max(of_blocks, axis=0) if len(of_blocks) > 1 else of_blocks[0]
    return maxima[inverse].reshape(1, -1)


@functools.cache
def _by_place(bank: FilterBank) -> tuple[list[int], np.ndarray, list[np.ndarray]]:
    """The filter rows at each place in a window, the heights from the lowest up.

    Returns:
        The heights, where each of the bank's stands among them, and for each place the rows of W
        of those that reach it, which are the last of them.
    """
    offsets = sorted(bank.offsets())
    heights = [height for height, _ in offsets]
    places = [
        np.array([first + j for height, first in offsets if height > j]) for j in range(heights[-1])
    ]
    return heights, np.searchsorted(heights, bank.filter_sizes), places
