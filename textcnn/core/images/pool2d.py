"""Pooling of images, fast: a loop over the places in a window in place of one over all windows.

Same arguments, results and errors as :func:`textcnn.reference.pool_forward` and
:func:`textcnn.reference.pool_backward`, which give the formulas. Results keep the floating-point
type of the arguments, so float32 stays float32 (whole numbers become float64).
"""

from __future__ import annotations

import numpy as np

from textcnn.core.images.conv2d import window_entries
from textcnn.reference import (
    FloatArray,
    HyperParameters,
    PoolCache,
    check_gradient,
    pool_output_size,
    pool_pad,
    pool_window,
    without_padding,
)


def pool_forward(
    A_prev: FloatArray, hparameters: HyperParameters, mode: str = "max"
) -> tuple[FloatArray, PoolCache]:
    """Reduce every window of every channel to its maximum or its average.

    Args:
        A_prev: Input, shape (m, n_H_prev, n_W_prev, n_C).
        hparameters: ``"stride"``; ``"f"``, a number or a pair ``(f_h, f_w)``; and if wanted
            ``"pad"``, smaller than the window. The padding can never be a maximum; in an average
            it counts as zeros.
        mode: ``"max"`` or ``"average"``.

    Returns:
        ``A``, shape (m, n_H, n_W, n_C), and the cache ``(A_prev, hparameters)``.

    Raises:
        ValueError: the shapes or hyperparameters do not fit together, or the mode is unknown.
    """
    output = pool_output_size(A_prev, hparameters, mode)
    f_h, f_w = pool_window(hparameters)
    padded = pool_pad(A_prev, hparameters.get("pad", 0), mode)

    entries = window_entries(padded, (f_h, f_w), output, hparameters["stride"])
    A = next(entries).copy()
    combine = np.maximum if mode == "max" else np.add
    for entry in entries:
        combine(A, entry, out=A)
    if mode == "average":
        A /= f_h * f_w
    return A, (A_prev, hparameters)


def pool_backward(dA: FloatArray, cache: PoolCache, mode: str = "max") -> FloatArray:
    """Carry the gradient back through :func:`pool_forward`.

    Ties: every maximum of a window receives the whole gradient, as in the reference; see
    :func:`textcnn.reference.create_mask_from_window` for what that means.

    Args:
        dA: Gradient of the loss with respect to ``A``, shape (m, n_H, n_W, n_C).
        cache: What :func:`pool_forward` returned beside ``A``.
        mode: The mode it was called with.

    Returns:
        ``dA_prev``, of the shape of ``A_prev``.

    Raises:
        ValueError: ``dA`` has not the shape of ``A``, or the mode is unknown.
    """
    A_prev, hparameters = cache
    output = pool_output_size(A_prev, hparameters, mode)
    f_h, f_w = window = pool_window(hparameters)
    stride, pad = hparameters["stride"], hparameters.get("pad", 0)
    check_gradient(dA, (A_prev.shape[0], *output, A_prev.shape[3]), "dA")

    padded = pool_pad(A_prev, pad, mode)
    dA_prev_pad = np.zeros(padded.shape, dtype=np.result_type(dA, padded))
    gradients = window_entries(dA_prev_pad, window, output, stride)
    if mode == "average":
        share = dA / (f_h * f_w)
        for gradient in gradients:
            gradient += share
    else:
        A, _ = pool_forward(A_prev, hparameters, mode)
        entries = window_entries(padded, window, output, stride)
        for entry, gradient in zip(entries, gradients, strict=True):
            gradient += (entry == A) * dA
    return without_padding(dA_prev_pad, pad)
