"""Convolution of images, fast: one matrix product in place of the loops over images and filters.

Same arguments, results and errors as :func:`textcnn.reference.conv_forward` and
:func:`textcnn.reference.conv_backward`, which give the formulas. Results keep the floating-point
type of the arguments, so float32 stays float32.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from textcnn.reference import (
    ConvCache,
    FloatArray,
    HyperParameters,
    check_gradient,
    conv_output_size,
    without_padding,
    zero_pad,
)


def conv_forward(
    A_prev: FloatArray, W: FloatArray, b: FloatArray, hparameters: HyperParameters
) -> tuple[FloatArray, ConvCache]:
    """Convolve every image with every filter.

    Each window is laid out as one row of a matrix and each filter as one column of another, so
    their product holds every filter's answer to every window ("im2col"; Chellapilla et al. 2006,
    "High performance convolutional neural networks for document processing").

    Args:
        A_prev: Input, shape (m, n_H_prev, n_W_prev, n_C_prev).
        W: Filters, shape (f_h, f_w, n_C_prev, n_C).
        b: One bias for each filter, shape (1, 1, 1, n_C).
        hparameters: ``"stride"``, at least 1, and ``"pad"``, at least 0.

    Returns:
        ``Z``, shape (m, n_H, n_W, n_C), and the cache ``(A_prev, W, b, hparameters)``.

    Raises:
        ValueError: the shapes or hyperparameters do not fit together.
    """
    n_H, n_W = conv_output_size(A_prev, W, b, hparameters)
    f_h, f_w, n_C_prev, n_C = W.shape
    windows = _windows_as_rows(A_prev, W, hparameters)
    Z = windows @ W.reshape(f_h * f_w * n_C_prev, n_C)
    Z = Z + b.reshape(n_C)
    return Z.reshape(A_prev.shape[0], n_H, n_W, n_C), (A_prev, W, b, hparameters)


def conv_backward(dZ: FloatArray, cache: ConvCache) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Carry the gradient back through :func:`conv_forward`.

    The windows are laid out anew rather than kept since the forward pass: they take ``f_h * f_w``
    times the memory of the input.

    Args:
        dZ: Gradient of the loss with respect to ``Z``, shape (m, n_H, n_W, n_C).
        cache: What :func:`conv_forward` returned beside ``Z``.

    Returns:
        ``dA_prev``, ``dW`` and ``db``, of the shapes of ``A_prev``, ``W`` and ``b``.

    Raises:
        ValueError: ``dZ`` has not the shape of ``Z``.
    """
    A_prev, W, b, hparameters = cache
    n_H, n_W = conv_output_size(A_prev, W, b, hparameters)
    f_h, f_w, n_C_prev, n_C = W.shape
    m, n_H_prev, n_W_prev, _ = A_prev.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    check_gradient(dZ, (m, n_H, n_W, n_C), "dZ")

    dZ_rows = dZ.reshape(m * n_H * n_W, n_C)
    dW = (_windows_as_rows(A_prev, W, hparameters).T @ dZ_rows).reshape(W.shape)
    db = dZ_rows.sum(axis=0).reshape(b.shape)

    d_windows = dZ_rows @ W.reshape(f_h * f_w * n_C_prev, n_C).T
    d_windows = d_windows.reshape(m, n_H, n_W, f_h * f_w, n_C_prev)
    dA_prev_pad = np.zeros(
        (m, n_H_prev + 2 * pad, n_W_prev + 2 * pad, n_C_prev), dtype=d_windows.dtype
    )
    places = window_entries(dA_prev_pad, (f_h, f_w), (n_H, n_W), stride)
    for entry, place in enumerate(places):
        place += d_windows[:, :, :, entry, :]
    return without_padding(dA_prev_pad, pad), dW, db


def window_entries(
    X: FloatArray, window: tuple[int, int], output: tuple[int, int], stride: int
) -> Iterator[FloatArray]:
    """Yield, for each place in a window, that entry of all windows at once.

    A window has few places and an image has many windows: to loop over the former and leave the
    latter to NumPy is what makes the layers fast.

    Args:
        X: Padded images, shape (m, n_H_pad, n_W_pad, n_C).
        window: ``(f_h, f_w)``.
        output: ``(n_H, n_W)``, the number of windows down and across.
        stride: The distance between neighbouring windows.

    Yields:
        ``f_h * f_w`` views of ``X``, row by row of the window, each of shape (m, n_H, n_W, n_C).
        Being views, they can be added to; within one view no entry of ``X`` appears twice.
    """
    (f_h, f_w), (n_H, n_W) = window, output
    for k in range(f_h):
        for col in range(f_w):
            yield X[:, k : k + stride * n_H : stride, col : col + stride * n_W : stride, :]


def _windows_as_rows(A_prev: FloatArray, W: FloatArray, hparameters: HyperParameters) -> FloatArray:
    """Copy each window into a row: shape (m * n_H * n_W, f_h * f_w * n_C_prev)."""
    f_h, f_w, n_C_prev, _ = W.shape
    stride = hparameters["stride"]
    padded = zero_pad(A_prev, hparameters["pad"])
    windows = sliding_window_view(padded, (f_h, f_w), axis=(1, 2))[:, ::stride, ::stride]
    m, n_H, n_W = windows.shape[:3]
    # The view puts the window's two axes last, the filters have the channels last.
    by_channel_last = windows.transpose(0, 1, 2, 4, 5, 3)
    return by_channel_last.reshape(m * n_H * n_W, f_h * f_w * n_C_prev)
