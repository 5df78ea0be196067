"""Convolution and max-over-time pooling in one: the fast path of the network.

Three facts make it fast, and none changes the result:

* A convolution is linear in each word, so a word is projected once a batch however often it
  occurs: ``P = X @ W`` over the *different* words, all filter rows in one matrix product. A window
  is then a sum of h rows of P.
* Bias and ReLU are monotone, so they can wait until after the maximum.
* Only the winning window of each filter in each sentence has a gradient. Those few numbers are
  scattered into G, shaped as P, and two matrix products give ``dW`` and ``dX``.

docs/how-it-works.md, steps 5 to 7, goes through them with a pencil. The tests hold this against the
plain form: :mod:`textcnn.core.layers.convolution`, then :mod:`textcnn.core.layers.max_over_time`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.layers.convolution import window_counts
from textcnn.core.sentences import PackedSentences, segment_places, segment_starts

WINDOWS_AT_ONCE = 1024
"""Windows that are added up or compared together: so few stay in the processor's cache."""


@dataclass(frozen=True)
class FilterBank:
    """The layout of the filters: where each row of each stands in the weights.

    All filters share one array W of shape (D, K, F), K being the sum of the filter heights:
    ``W[:, first + j]`` is row j of the F filters of one height, heights in the order given.

    Attributes:
        filter_sizes: the heights, such as (3, 4, 5).
        num_filters: F, the maps of each height.
    """

    filter_sizes: Sequence[int]
    num_filters: int

    @property
    def num_rows(self) -> int:
        """K, the filter rows that a word is projected on."""
        return sum(self.filter_sizes)

    def offsets(self) -> list[tuple[int, int]]:
        """(height, first row in W) of each filter size."""
        firsts = np.cumsum([0, *self.filter_sizes])
        return [(size, int(first)) for size, first in zip(self.filter_sizes, firsts, strict=False)]

    def rows(self) -> list[range]:
        """The rows in W of the filters of each size."""
        return [range(first, first + size) for size, first in self.offsets()]


class Windows:
    """The windows of a batch under filters of every height: which rows of P each of them adds up.

    A *segment* is one sentence under the filters of one height. Segments are sorted by the number
    of their windows, the most first, and windows by time: window 0 of every segment, then window 1
    of those that have one, and so on. So the segments that are still alive at some time, that have
    a window then, are the first few, and the maximum over time is a running maximum over whole
    blocks of memory, in a quarter of the time that ``maximum.reduceat`` takes by sentence.

    P of shape (U + 1, K * F) is taken as (U + 1) * K *short rows* of F numbers. What word u adds as
    the j-th of a window, under the filters whose rows in W begin at ``first``, is the short row
    ``u * K + first + j``.

    Args:
        sentences: B sentences of rows of X.
        bank: the layout of the filters.
        zero_row: the row of P that is zeros, for what is outside a sentence.

    Attributes:
        rows: for each j below the greatest height, (windows,) the short rows that the windows' j-th
            words add; one of zeros where a window has no more than j words.
        segment: (windows,) the segment of each.
        counts: (heights * B,) windows of each segment, descending.
        order: (heights * B,) which each segment was before they were sorted, when all sentences
            under the first height stood before those under the second.
    """

    def __init__(self, sentences: PackedSentences, bank: FilterBank, zero_row: int):
        lengths, num_rows = sentences.lengths, bank.num_rows
        # So wide that an empty sentence has a zero row of its own to look at under every filter.
        gap = max(bank.filter_sizes)
        starts = segment_starts(lengths) + gap * np.arange(1, len(lengths) + 1)
        size = int(lengths.sum()) + gap * (len(lengths) + 1)
        words = np.full(size, zero_row, dtype=np.int64)
        words[segment_places(starts, lengths)] = sentences.token_ids
        words *= num_rows  # from rows of P to the first short row of each

        counts = np.concatenate([window_counts(lengths, height) for height in bank.filter_sizes])
        self.order = np.argsort(-counts, kind="stable")
        self.counts = counts[self.order]
        heights, firsts = np.repeat(bank.offsets(), len(lengths), axis=0)[self.order].T
        begins = np.resize(starts, len(counts))[self.order] - (heights - 1)

        # At each time, how many segments still have a window.
        alive = np.searchsorted(-self.counts, -np.arange(int(self.counts[0])))
        self.segment = segment_places(np.zeros_like(alive), alive)
        places = begins[self.segment] + np.repeat(np.arange(len(alive)), alive)
        heights, firsts = heights[self.segment], firsts[self.segment]
        self.rows = [
            np.where(j < heights, words[places + j] + firsts + j, zero_row * num_rows)
            for j in range(max(bank.filter_sizes))
        ]


def project(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """(U + 1, K * F): every word vector times every filter row; the last row is zeros."""
    dim, num_rows, num_filters = W.shape
    P = np.empty((len(X) + 1, num_rows * num_filters), X.dtype)
    np.matmul(X, W.reshape(dim, -1), out=P[:-1])
    P[-1] = 0
    return P


def pooled_maxima(
    P: np.ndarray, sentences: PackedSentences, filter_rows: Sequence[Sequence[int]]
) -> np.ndarray:
    """(B, heights * F) maxima over time, from projected words, without a backward pass.

    The sentences are columns of a table of words, the longest first, with zero rows above and
    below. So the windows that begin at one time are neighbours, and so are the words that follow
    in them; they are added up, compared with the largest sums so far, and forgotten.

    Args:
        P: (U + 1, K * F) from :func:`project`; its last row is zero.
        sentences: B sentences of rows of P, best of about one length.
        filter_rows: for each height, where among the K its filters' rows stand.
    """
    order = np.argsort(-sentences.lengths, kind="stable")
    heights = [len(rows) for rows in filter_rows]
    lengths, gap = sentences.lengths[order], max(max(heights) - 1, 1)
    columns = _columns(sentences.token_ids, sentences.starts[order], lengths, gap, len(P) - 1)
    columns *= sum(heights)
    short_rows = P.reshape(len(P) * sum(heights), -1)
    num_filters = short_rows.shape[1]
    maxima = np.empty((len(order), len(heights), num_filters), P.dtype)
    largest = np.empty((len(order), num_filters), P.dtype)
    for index, (first, *others) in enumerate(filter_rows):
        shift = gap - len(others)
        for begin, end, alive in _stretches(window_counts(lengths, heights[index])):
            # Short rows of F are taken, in an order the cache likes; a whole word's K are too many.
            Z = short_rows[first:].take(columns[shift + begin : shift + end, :alive], axis=0)
            for j, row in enumerate(others, start=1):
                words = columns[shift + begin + j : shift + end + j, :alive]
                Z += short_rows[row:].take(words, axis=0)
            _update_maxima(largest[:alive], Z, begin)
        maxima[order, index] = largest
    return maxima.reshape(len(order), -1)


def _columns(
    words: np.ndarray, starts: np.ndarray, lengths: np.ndarray, gap: int, zero_row: int
) -> np.ndarray:
    """(longest + 2 * gap, B) words, a sentence a column; ``zero_row`` where there is none."""
    time = np.arange(int(lengths[0]))[:, None]
    places = np.where(time < lengths, starts + time, len(words))
    columns = np.full((len(time) + 2 * gap, len(lengths)), zero_row)
    columns[gap : gap + len(time)] = np.append(words, zero_row)[places]
    return columns


def _stretches(counts: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(begin, end, alive): from time begin to end, the first ``alive`` sentences have windows.

    Args:
        counts: (B,) windows of each sentence, descending.
    """
    begin = 0
    for place in np.append(np.flatnonzero(np.diff(counts)), len(counts) - 1)[::-1].tolist():
        end, alive = int(counts[place]), place + 1
        step = max(WINDOWS_AT_ONCE // alive, 1)
        for start in range(begin, end, step):
            yield start, min(start + step, end), alive
        begin = end


def convolve_and_pool(
    X: np.ndarray, sentences: PackedSentences, W: np.ndarray, bank: FilterBank, num_frozen: int = 0
) -> tuple[np.ndarray, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Maximum over time of every feature map, before bias and ReLU.

    Args:
        X: (U, D) vectors of the batch's different words.
        sentences: B sentences of rows of X.
        W: (D, K, F) filters, laid out as :class:`FilterBank` says.
        bank: the layout.
        num_frozen: how many of X's first columns need no gradient; where that is all of them, a
            third of the work is saved.

    Returns:
        The maxima (B, heights * F), heights in the bank's order, and ``backward(dY) -> (dX, dW)``,
        dX being (U, D - num_frozen). Where windows tie, the first one takes the gradient.
    """
    P = project(X, W)
    windows = Windows(sentences, bank, zero_row=len(X))
    Z = _window_values(P, windows, bank)
    M = _maxima(Z, windows)

    def backward(dY: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        dM = dY.reshape(len(dY), -1, bank.num_filters).swapaxes(0, 1).reshape(M.shape)
        winners, columns, gradient = find_winners(Z, M, dM[windows.order], windows.segment)
        G = np.zeros_like(P)
        for rows in windows.rows:  # What falls on the rows of zeros is never looked at.
            np.add.at(G.reshape(-1), rows[winners] * bank.num_filters + columns, gradient)
        W_trained = W.reshape(len(W), -1)[num_frozen:]
        return G[:-1] @ W_trained.T, (X.T @ G[:-1]).reshape(W.shape)

    Y = np.empty_like(M)
    Y[windows.order] = M
    by_height = Y.reshape(-1, len(sentences), bank.num_filters)
    return by_height.swapaxes(0, 1).reshape(len(sentences), -1), backward


def _window_values(P: np.ndarray, windows: Windows, bank: FilterBank) -> np.ndarray:
    """(windows, F) convolution of all filter heights: ``Z[t] = sum_j P[word(t + j), first + j]``.

    P is taken apart into rows of F so that each ``take`` copies whole short rows, in an order the
    cache likes; gathering all K rows of a word at once is slower.
    """
    short_rows = P.reshape(-1, bank.num_filters)
    Z = short_rows.take(windows.rows[0], axis=0)
    for rows in windows.rows[1:]:
        Z += short_rows.take(rows, axis=0)
    return Z


def _maxima(Z: np.ndarray, windows: Windows) -> np.ndarray:
    """(heights * B, F) maxima over time."""
    maxima, start = np.empty((len(windows.counts), Z.shape[1]), Z.dtype), 0
    for begin, end, alive in _stretches(windows.counts):
        size = (end - begin) * alive
        block = Z[start : start + size].reshape(end - begin, alive, -1)
        _update_maxima(maxima[:alive], block, begin)
        start += size
    return maxima


def _update_maxima(maxima: np.ndarray, Z: np.ndarray, begin: int) -> None:
    """Let (alive, F) running maxima, up to time ``begin``, take in (times, alive, F) further Z."""
    values = Z.max(axis=0) if len(Z) > 1 else Z[0]
    if begin:
        np.maximum(maxima, values, out=maxima)
    else:
        maxima[:] = values


def find_winners(
    Z: np.ndarray, M: np.ndarray, dM: np.ndarray, segment: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first window that reached each maximum, where a gradient arrives at all.

    Dropout and ReLU have zeroed well over half of ``dM``; those maxima are replaced by NaN, which
    equals nothing, so that nobody looks for their windows.

    Args:
        Z: (windows, F) convolution.
        M: (segments, F) maxima over the windows of each segment.
        dM: (segments, F) their gradient.
        segment: (windows,) which segment each window is of.

    Returns:
        The winning windows (rows of Z), their columns of Z, and their gradients, all of one length.
    """
    num_filters = Z.shape[1]
    wanted = np.where(dM != 0, M, np.nan)
    found = np.flatnonzero(wanted.take(segment, axis=0) == Z)
    windows, columns = np.divmod(found, num_filters)
    maximum = segment[windows] * num_filters + columns  # which of the flattened M it reached
    winner = np.full(M.size, -1)
    # Backwards: of several values assigned to one place NumPy keeps the last, the first window.
    winner[maximum[::-1]] = windows[::-1]
    active = np.flatnonzero(winner >= 0)
    return winner[active], active % num_filters, dM.reshape(-1)[active]
