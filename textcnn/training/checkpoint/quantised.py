"""Arrays kept in fewer bits: half-precision floats, or bytes with a scale for each row.

Bytes are symmetric around zero, the largest magnitude of a row being 127: the usual scheme, as in
Jacob et al., "Quantization and Training of Neural Networks" (CVPR 2018), section 2.1, with a zero
point of 0. Rows are what is used together: a word's vector, a filter, a class.
"""

import numpy as np

WIDTHS = ("float32", "float16", "int8")
"""How an array's numbers can be kept."""

LARGEST_BYTE = 127

_ROW_AXIS = {"embedding": 0, "dense": 0, "convolution": -1}
"""Along which axis each scale is its own, by the first part of a parameter's name."""


def quantise(name: str, array: np.ndarray, width: str) -> tuple[np.ndarray, np.ndarray | None]:
    """An array as it is to be kept, and the scales that it is to be multiplied by, or None.

    Only matrices of the network become bytes. What a logit is added up from directly (biases,
    counts and the trust in them) is small, and stays float32 or becomes float16.

    Args:
        name: of the parameter.
        array: float32.
        width: one of :data:`WIDTHS`.
    """
    if width == "float32" or array.ndim < 2:
        return array, None
    axis = _ROW_AXIS.get(name.partition("/")[0])
    if width == "float16" or axis is None:
        return array.astype(np.float16), None
    axis %= array.ndim
    others = tuple(other for other in range(array.ndim) if other != axis)
    scales = np.abs(array).max(axis=others, keepdims=True) / LARGEST_BYTE
    scales = np.where(scales > 0, scales, 1).astype(np.float32)
    return np.round(array / scales).astype(np.int8), scales


def restore(array: np.ndarray, scales: np.ndarray | None) -> np.ndarray:
    """The float32 array that :func:`quantise` made ``array`` of, as nearly as it can be."""
    if scales is None:
        return array.astype(np.float32, copy=False)
    with np.errstate(over="ignore"):  # What overflows is refused where the arrays are checked.
        return np.multiply(array, scales, dtype=np.float32)
