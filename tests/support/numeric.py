"""Gradient checking by finite differences, shared by the tests of every layer.

An analytic gradient is checked under a *random* upstream gradient: with an upstream
gradient of ones, mistakes that permute or transpose the output go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.gradients import Gradient, RowGradient
from textcnn.core.sentences import PackedSentences

FloatArray = npt.NDArray[np.floating[Any]]


def numeric_gradient(
    function: Callable[[], FloatArray],
    array: FloatArray,
    upstream: FloatArray | float,
    step: float = 1e-6,
) -> npt.NDArray[np.float64]:
    """Estimate the gradient of ``sum(function() * upstream)`` by central differences.

    Every entry of ``array`` in turn is moved by ``step`` either way, in place, and put back.

    Args:
        function: Takes nothing; reads ``array`` and returns the layer's output.
        array: The float64 array to differentiate with respect to, of any shape.
        upstream: The gradient of the loss with respect to the output, of the output's shape.
        step: Half the distance between the two points compared.

    Returns:
        The gradient, float64 and of the shape of ``array``.

    Raises:
        TypeError: ``array`` is not float64; float32 rounds the differences away.
    """
    if array.dtype != np.float64:
        raise TypeError(f"finite differences need a float64 array, not {array.dtype}")
    gradient = np.zeros(array.shape, dtype=np.float64)
    for index in np.ndindex(array.shape):
        original = array[index]
        array[index] = original + step
        above = np.asarray(function(), dtype=np.float64) * upstream
        array[index] = original - step
        below = np.asarray(function(), dtype=np.float64) * upstream
        array[index] = original
        # Subtract before summing: entries the step does not reach then cancel exactly.
        gradient[index] = np.sum(above - below) / (2 * step)
    return gradient


def assert_close(
    analytic: FloatArray, numeric: FloatArray, rtol: float = 1e-5, atol: float = 1e-7
) -> None:
    """Fail unless the two gradients have one shape and agree in every entry."""
    assert np.shape(analytic) == np.shape(numeric), (
        f"shapes differ: analytic {np.shape(analytic)}, numeric {np.shape(numeric)}"
    )
    np.testing.assert_allclose(analytic, numeric, rtol=rtol, atol=atol)


def random_parameters(
    architecture: Architecture, rng: np.random.Generator, integers: bool = False
) -> Parameters:
    """Float64 parameters; as small whole numbers, so that many windows tie."""
    return {
        name: rng.integers(-1, 2, shape).astype(float) if integers else rng.normal(size=shape)
        for name, shape in architecture.shapes().items()
    }


def whole(gradient: Gradient, num_rows: int) -> np.ndarray:
    """A gradient as a full array."""
    return gradient.dense(num_rows) if isinstance(gradient, RowGradient) else gradient


def packed(sentences: Sequence[Sequence[int]]) -> PackedSentences:
    """The sentences one after another."""
    words = [word for sentence in sentences for word in sentence]
    lengths = [len(sentence) for sentence in sentences]
    return PackedSentences(np.array(words, np.int32), np.array(lengths, np.int64))
