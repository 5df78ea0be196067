"""Wide 1-D convolution over packed sentences, in its plain form: gather windows, multiply once.

The network itself uses :mod:`textcnn.core.layers.convolve_and_pool`: the same numbers, sooner.
"""

from collections.abc import Callable

import numpy as np

from textcnn.core.sentences import segment_places, segment_starts

LayerGradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def window_counts(lengths: np.ndarray, height: int) -> np.ndarray:
    """(B,) windows of each sentence: ``n + h - 1``, and one (all zeros) for an empty sentence."""
    return np.maximum(lengths + height - 1, 1)


def convolve(
    X: np.ndarray, lengths: np.ndarray, W: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], LayerGradients]]:
    """Slide each filter over each sentence: ``Z[t] = b + sum_j X[t - h + 1 + j] @ W[j]``.

    Kim (2014), equation 2, before the non-linearity. The convolution is wide: ``h - 1`` zero
    vectors stand either side of a sentence, so that one word is enough for a window, and what
    else is in the batch makes no difference.

    Args:
        X: (T, D) embedded words of B sentences, packed.
        lengths: (B,) words of each sentence.
        W: (h, D, F) F filters of height h.
        b: (F,) biases.

    Returns:
        Z, of shape (sum of :func:`window_counts`, F), and ``backward(dZ) -> (dX, dW, db)``.
    """
    height, dim, num_filters = W.shape
    rows = _window_rows(lengths, height)
    padded = np.concatenate([X, np.zeros((1, dim), X.dtype)])
    windows = padded[rows].reshape(len(rows), height * dim)
    W_flat = W.reshape(height * dim, num_filters)

    def backward(dZ: np.ndarray) -> LayerGradients:
        dX = np.zeros_like(padded)
        # Windows overlap, and ``dX[rows] += ...`` would add only one of those that meet in a row.
        np.add.at(dX, rows, (dZ @ W_flat.T).reshape(len(rows), height, dim))
        return dX[:-1], (windows.T @ dZ).reshape(W.shape), dZ.sum(axis=0)

    return windows @ W_flat + b, backward


def _window_rows(lengths: np.ndarray, height: int) -> np.ndarray:
    """(windows, h) rows of X under each window; T, the row of zeros, outside its sentence."""
    counts = window_counts(lengths, height)
    starts = segment_starts(lengths)
    first_rows = segment_places(starts - (height - 1), counts)
    rows = first_rows[:, None] + np.arange(height)
    begin = np.repeat(starts, counts)[:, None]
    end = np.repeat(starts + lengths, counts)[:, None]
    return np.where((rows >= begin) & (rows < end), rows, lengths.sum())
