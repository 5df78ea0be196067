"""Gradients by central differences, ``(f(x + h) - f(x - h)) / 2h``, an entry at a time."""

from collections.abc import Callable, Sequence

import numpy as np

STEP = 1e-6
"""h. In float64 rounding then costs about 1e-10 of a value, and the curve's bend less."""


def numeric_gradient(
    forward: Callable[[], np.ndarray], array: np.ndarray, upstream: np.ndarray
) -> np.ndarray:
    """The gradient of ``sum(forward() * upstream)``, shaped as ``array``.

    Args:
        forward: reads ``array``, whose entries are moved in place and put back.
        array: float64; float32 would round the differences away.
        upstream: shaped as what ``forward`` returns.
    """
    if array.dtype != np.float64:
        raise TypeError(f"central differences need float64, not {array.dtype}")
    gradient = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + STEP
        above = forward()
        array[index] = value - STEP
        below = forward()
        array[index] = value
        gradient[index] = np.sum((above - below) * upstream) / (2 * STEP)
    return gradient


def gradient_error(
    forward: Callable[[], np.ndarray],
    inputs: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    upstream: np.ndarray,
) -> float:
    """The largest error of analytic gradients, relative to their array's largest entry."""
    return max(
        relative_error(gradient, numeric_gradient(forward, array, upstream))
        for array, gradient in zip(inputs, gradients, strict=True)
    )


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference over the largest entry of either; infinite where shapes differ."""
    if found.shape != expected.shape:
        return np.inf
    scale = max(float(np.abs(found).max()), float(np.abs(expected).max()))
    return 0.0 if scale == 0 else float(np.abs(found - expected).max()) / scale
