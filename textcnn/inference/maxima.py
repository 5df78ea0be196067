"""Maxima over time of rows that were projected once for good: what answering spends its time on."""

import functools

import numpy as np

from textcnn.core.layers.convolution import window_counts
from textcnn.core.layers.convolve_and_pool import WINDOWS_IN_HAND, FilterBank
from textcnn.core.sentences import PackedSentences

LOWEST = np.iinfo(np.int16).min
"""Below every sum."""


def maxima_of_many(P: np.ndarray, sentences: PackedSentences, bank: FilterBank) -> np.ndarray:
    """(B, heights * F) maxima over time of sentences of about one length.

    The sentences are columns of a table of words, the longest first, with zero rows above and
    below. All windows that begin at one time are then neighbours, and the next words of all windows
    a slice: 0.9 of the time that :func:`~textcnn.core.layers.convolve_and_pool.pooled_maxima`
    takes, which gives the same.

    Args:
        P: (U + 1, K * F) projected words; the last row is zero.
        sentences: B sentences of rows of P.
        bank: the layout of the filters.
    """
    order = np.argsort(-sentences.lengths, kind="stable")
    lengths, gap = sentences.lengths[order], max(max(bank.filter_sizes) - 1, 1)
    columns = _columns(sentences.words, sentences.starts[order], lengths, gap, len(P) - 1)
    columns *= bank.num_rows
    rows = P.reshape(-1, bank.num_filters)
    maxima = np.empty((len(order), len(bank.filter_sizes), bank.num_filters), P.dtype)
    for index, (height, first) in enumerate(bank.offsets()):
        counts = window_counts(lengths, height)
        begin = gap - (height - 1)
        end = begin + int(counts[0])
        # Short rows of F are taken, in an order the cache likes; a whole word's K are too many.
        Z = rows.take(columns[begin:end] + first, axis=0)
        for j in range(1, height):
            Z += rows.take(columns[begin + j : end + j] + (first + j), axis=0)
        maxima[order, index] = _column_maxima(Z, counts)
    return maxima.reshape(len(order), -1)


def maxima_of_one(P: np.ndarray, words: np.ndarray, bank: FilterBank) -> np.ndarray:
    """(1, heights * F) maxima over time of one sentence: the same bytes, without the bookkeeping.

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


def _columns(
    words: np.ndarray, starts: np.ndarray, lengths: np.ndarray, gap: int, zero_row: int
) -> np.ndarray:
    """(longest + 2 * gap, B) words, a sentence a column; ``zero_row`` where there is none."""
    time = np.arange(int(lengths[0]))[:, None]
    places = np.where(time < lengths, starts + time, len(words))
    columns = np.full((len(time) + 2 * gap, len(lengths)), zero_row)
    columns[gap : gap + len(time)] = np.append(words, zero_row)[places]
    return columns


def _column_maxima(Z: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(B, F) maxima of the first so many of (windows, B, F); counts do not grow."""
    maxima, begin = Z[0].copy(), 0
    for alive in (np.append(np.flatnonzero(np.diff(counts)), len(counts) - 1)[::-1] + 1).tolist():
        end = int(counts[alive - 1])
        block = Z[begin:end, :alive].max(axis=0)
        np.maximum(maxima[:alive], block, out=maxima[:alive])
        begin = end
    return maxima
