"""Convolution and pooling step by step: the definition of what the fast layers compute.

Read this file first. Every function is the formula in its docstring written as loops, with
nothing done for speed; :mod:`textcnn.core.layers` computes its last part, the sentences, fast and
is tested against it. The file follows the exercise "Convolutional Neural Networks: Step by Step"
(deeplearning.ai, 2017), with its function names and argument order, and mends two faults of the
published version: its forward window was ``stride`` wide instead of ``f``, and its
``conv_backward`` returned an empty array when ``pad`` was 0.

Notation, used throughout:

* ``m`` images, each ``n_H`` rows high, ``n_W`` columns wide and ``n_C`` channels deep. Channels
  come last: an array of images has the shape ``(m, n_H, n_W, n_C)``.
* ``i`` counts images, ``h`` and ``w`` the rows and columns of an *output*, ``c`` its channels.
* A window is ``f_h`` rows by ``f_w`` columns and moves by ``stride``: output position ``(h, w)``
  looks at the input rows ``h*stride ... h*stride + f_h - 1`` and likewise for the columns.
  The exercise knows square windows only. Here they may be rectangles, because a sentence is an
  image of one column (see :func:`wide_convolution`).
* ``prev`` marks what comes from the previous layer: ``A_prev`` goes in, ``Z`` or ``A`` comes out.
* ``dX`` is short for the gradient of the loss with respect to ``X`` and has the shape of ``X``.

A window that would reach over the edge is left out, so an output has
``floor((n_prev + 2*pad - f) / stride) + 1`` rows (or columns). The loops compute in float64.

Every function raises ``ValueError`` when shapes or hyperparameters do not fit together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
HyperParameters = Mapping[str, Any]
ConvCache = tuple[FloatArray, FloatArray, FloatArray, HyperParameters]
PoolCache = tuple[FloatArray, HyperParameters]


# ---------------------------------------------------------------------------------------
# Convolution
# ---------------------------------------------------------------------------------------


def zero_pad(X: FloatArray, pad: int) -> FloatArray:
    """Put a frame of zeros, ``pad`` wide, round every image.

    Without it, each convolution shrinks the image, and the pixels at its edge are seen by fewer
    windows than those in its middle.

    Args:
        X: Images, shape (m, n_H, n_W, n_C).
        pad: The width of the frame; 0 adds nothing.

    Returns:
        Shape (m, n_H + 2*pad, n_W + 2*pad, n_C).
    """
    check_images(X, "X")
    if pad < 0:
        raise ValueError(f"pad is {pad}; it cannot be negative")
    # One (before, after) pair for each axis: only rows and columns are padded.
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def conv_single_step(a_slice_prev: FloatArray, W: FloatArray, b: FloatArray) -> float:
    """Apply one filter to one window: multiply entry by entry, add up, add the bias.

    ``Z = sum_{k, l, d} a_slice_prev[k, l, d] * W[k, l, d] + b``

    Args:
        a_slice_prev: One window of the input, shape (f_h, f_w, n_C_prev).
        W: One filter, of the same shape.
        b: The filter's bias, a single number in an array of shape (1, 1, 1).

    Returns:
        One number, the filter's response at this place.
    """
    if np.shape(a_slice_prev) != np.shape(W):
        raise ValueError(
            f"the window has shape {np.shape(a_slice_prev)} and the filter {np.shape(W)}; "
            "they must be the same"
        )
    if np.size(b) != 1:
        raise ValueError(f"one filter has one bias, but b has shape {np.shape(b)}")
    return float(np.sum(a_slice_prev * W) + np.asarray(b).item())


def conv_forward(
    A_prev: FloatArray, W: FloatArray, b: FloatArray, hparameters: HyperParameters
) -> tuple[FloatArray, ConvCache]:
    """Convolve every image with every filter.

    With ``A_prev_pad`` the padded input, ``s`` the stride and ``k < f_h``, ``l < f_w``,
    ``d < n_C_prev``::

        Z[i, h, w, c] = b[c] + sum_{k, l, d} A_prev_pad[i, h*s + k, w*s + l, d] * W[k, l, d, c]

    (Mathematicians call this cross-correlation: the filter is not turned round.)

    Args:
        A_prev: Input, shape (m, n_H_prev, n_W_prev, n_C_prev).
        W: Filters, shape (f_h, f_w, n_C_prev, n_C).
        b: One bias for each filter, shape (1, 1, 1, n_C).
        hparameters: ``"stride"``, at least 1, and ``"pad"``, at least 0.

    Returns:
        ``Z``, shape (m, n_H, n_W, n_C), and the cache ``(A_prev, W, b, hparameters)``, which is
        what :func:`conv_backward` needs to know.
    """
    n_H, n_W = conv_output_size(A_prev, W, b, hparameters)
    stride, pad = hparameters["stride"], hparameters["pad"]
    f_h, f_w, _, n_C = W.shape
    m = A_prev.shape[0]

    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                top, left = h * stride, w * stride
                a_slice_prev = A_prev_pad[i, top : top + f_h, left : left + f_w, :]
                for c in range(n_C):
                    Z[i, h, w, c] = conv_single_step(a_slice_prev, W[..., c], b[..., c])
    return Z, (A_prev, W, b, hparameters)


def conv_backward(dZ: FloatArray, cache: ConvCache) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Carry the gradient back through :func:`conv_forward`.

    ``Z[i, h, w, c]`` is a sum of products, so each factor's gradient is the other factor times
    ``dZ[i, h, w, c]``; whatever took part in several products collects a sum. With ``window`` the
    place in the padded images that ``(i, h, w)`` looks at::

        dA_prev_pad[window] += W[..., c] * dZ[i, h, w, c]
        dW[..., c]          += A_prev_pad[window] * dZ[i, h, w, c]
        db[..., c]          += dZ[i, h, w, c]

    Windows overlap when ``stride < f``, hence the ``+=`` for the input as well.

    Args:
        dZ: Gradient of the loss with respect to ``Z``, shape (m, n_H, n_W, n_C).
        cache: What :func:`conv_forward` returned beside ``Z``.

    Returns:
        ``dA_prev``, ``dW`` and ``db``, of the shapes of ``A_prev``, ``W`` and ``b``.
    """
    A_prev, W, b, hparameters = cache
    n_H, n_W = conv_output_size(A_prev, W, b, hparameters)
    stride, pad = hparameters["stride"], hparameters["pad"]
    f_h, f_w, _, n_C = W.shape
    m = A_prev.shape[0]
    check_gradient(dZ, (m, n_H, n_W, n_C), "dZ")

    A_prev_pad = zero_pad(A_prev, pad)
    dA_prev_pad, dW, db = np.zeros(A_prev_pad.shape), np.zeros(W.shape), np.zeros(b.shape)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                top, left = h * stride, w * stride
                window = (i, slice(top, top + f_h), slice(left, left + f_w))
                for c in range(n_C):
                    dA_prev_pad[window] += W[..., c] * dZ[i, h, w, c]
                    dW[..., c] += A_prev_pad[window] * dZ[i, h, w, c]
                    db[..., c] += dZ[i, h, w, c]
    return without_padding(dA_prev_pad, pad), dW, db


# ---------------------------------------------------------------------------------------
# Pooling
# ---------------------------------------------------------------------------------------


def pool_forward(
    A_prev: FloatArray, hparameters: HyperParameters, mode: str = "max"
) -> tuple[FloatArray, PoolCache]:
    """Reduce every window of every channel to one number: its maximum or its average.

    With ``A_prev_pad`` the padded input, ``s`` the stride, ``k < f_h`` and ``l < f_w``::

        max:      A[i, h, w, c] = max_{k, l} A_prev_pad[i, h*s + k, w*s + l, c]
        average:  A[i, h, w, c] = sum_{k, l} A_prev_pad[i, h*s + k, w*s + l, c] / (f_h * f_w)

    Channels do not mix, and there is nothing to learn.

    Args:
        A_prev: Input, shape (m, n_H_prev, n_W_prev, n_C).
        hparameters: ``"stride"``, at least 1; ``"f"``, the size of the window, a number or a pair
            ``(f_h, f_w)``; and if wanted ``"pad"``, smaller than the window (0 where absent).
            The padding can never be a maximum; in an average it counts as zeros.
        mode: ``"max"`` or ``"average"``.

    Returns:
        ``A``, shape (m, n_H, n_W, n_C), and the cache ``(A_prev, hparameters)``.
    """
    n_H, n_W = pool_output_size(A_prev, hparameters, mode)
    f_h, f_w = pool_window(hparameters)
    stride, pad = hparameters["stride"], hparameters.get("pad", 0)
    m, _, _, n_C = A_prev.shape

    A = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = pool_pad(A_prev, pad, mode)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                top, left = h * stride, w * stride
                for c in range(n_C):
                    window = A_prev_pad[i, top : top + f_h, left : left + f_w, c]
                    A[i, h, w, c] = np.max(window) if mode == "max" else np.mean(window)
    return A, (A_prev, hparameters)


def create_mask_from_window(x: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark the maximum of a window, the entry that decided the result of a max pooling.

    Ties: *every* entry equal to the maximum is marked, as in the published exercise. In
    :func:`pool_backward` each of them then receives the whole gradient, which is too much: if all
    of them grow by a small amount, the maximum grows by that amount once. Images of real numbers
    hardly ever tie, but words repeat within a sentence: the text network therefore gives the
    gradient to the *first* maximum alone (see :func:`max_over_time`).

    Args:
        x: One window of one channel, shape (f_h, f_w).

    Returns:
        Booleans of the same shape, true at every maximum.
    """
    mask: npt.NDArray[np.bool_] = np.asarray(x == np.max(x))
    return mask


def distribute_value(dz: float, shape: tuple[int, int]) -> FloatArray:
    """Share a gradient equally among the entries of a window, as averaging requires.

    Each of the ``f_h * f_w`` entries took part in the average with the weight
    ``1 / (f_h * f_w)``, and so receives that share of the gradient.

    Args:
        dz: One number, the gradient of the average.
        shape: The shape of the window, (f_h, f_w).

    Returns:
        An array of that shape whose entries are equal and sum to ``dz``.
    """
    f_h, f_w = shape
    if f_h < 1 or f_w < 1:
        raise ValueError(f"a window of shape {shape} has no entries to share the gradient among")
    return np.full(shape, dz / (f_h * f_w))


def pool_backward(dA: FloatArray, cache: PoolCache, mode: str = "max") -> FloatArray:
    """Carry the gradient back through :func:`pool_forward`.

    With ``window`` the place in the padded images that ``(i, h, w, c)`` looks at, and ``mask`` what
    :func:`create_mask_from_window` says of it::

        max:      dA_prev_pad[window] += mask * dA[i, h, w, c]
        average:  dA_prev_pad[window] += distribute_value(dA[i, h, w, c], (f_h, f_w))

    On ties of the maximum see :func:`create_mask_from_window`.

    Args:
        dA: Gradient of the loss with respect to ``A``, shape (m, n_H, n_W, n_C).
        cache: What :func:`pool_forward` returned beside ``A``.
        mode: The mode it was called with.

    Returns:
        ``dA_prev``, of the shape of ``A_prev``.
    """
    A_prev, hparameters = cache
    n_H, n_W = pool_output_size(A_prev, hparameters, mode)
    f_h, f_w = pool_window(hparameters)
    stride, pad = hparameters["stride"], hparameters.get("pad", 0)
    m, _, _, n_C = A_prev.shape
    check_gradient(dA, (m, n_H, n_W, n_C), "dA")

    A_prev_pad = pool_pad(A_prev, pad, mode)
    dA_prev_pad = np.zeros(A_prev_pad.shape)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                top, left = h * stride, w * stride
                for c in range(n_C):
                    window = (i, slice(top, top + f_h), slice(left, left + f_w), c)
                    if mode == "max":
                        mask = create_mask_from_window(A_prev_pad[window])
                        dA_prev_pad[window] += mask * dA[i, h, w, c]
                    else:
                        dA_prev_pad[window] += distribute_value(dA[i, h, w, c], (f_h, f_w))
    return without_padding(dA_prev_pad, pad)


# ---------------------------------------------------------------------------------------
# The same for sentences
# ---------------------------------------------------------------------------------------


def wide_convolution(X: FloatArray, W: FloatArray, b: FloatArray) -> FloatArray:
    """Convolve one sentence with filters that are as wide as its word vectors.

    A sentence of ``n`` words, each a vector of ``D`` numbers, is an image of ``n`` rows and *one*
    column whose channels are the numbers of the vector. A filter that looks at ``h`` words in a
    row is then ``h`` high and 1 wide, and :func:`conv_forward` does the rest. (From here on ``h``
    is the height of the filters; the row of an output is ``t``, for time.)

    Wide means that ``h - 1`` zero vectors stand on either side of the sentence, so each word is
    seen by ``h`` windows, and even a sentence shorter than the filter has one. With ``X`` zero
    outside the sentence::

        Z[t, c] = b[c] + sum_{j < h, d < D} X[t - h + 1 + j, d] * W[j, d, c]

    Window ``t`` covers the words ``t - h + 1 ... t``. An empty sentence has windows of zeros only
    (at least one, for ``h = 1`` too), and each of them gives ``b``.

    Source: Kalchbrenner et al. (2014), section 3.1, for the wide convolution; Kim (2014),
    equation 2, for filters that span whole word vectors.

    Args:
        X: One embedded sentence, shape (n, D); n may be 0.
        W: Filters, shape (h, D, F).
        b: One bias for each filter, shape (F,).

    Returns:
        ``Z``, shape (max(n + h - 1, 1), F), before any activation function.
    """
    check_sentence(X, W, b)
    n, D = X.shape
    h, _, F = W.shape
    padded = np.zeros((max(n + 2 * (h - 1), h), D))
    padded[h - 1 : h - 1 + n] = X
    # Padded by hand, since "pad" would put zeros to the left and right of the one column as well.
    image, filters = padded.reshape(1, -1, 1, D), W.reshape(h, 1, D, F)
    Z, _ = conv_forward(image, filters, b.reshape(1, 1, 1, F), {"stride": 1, "pad": 0})
    return Z[0, :, 0, :]


def wide_convolution_backward(
    dZ: FloatArray, X: FloatArray, W: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Carry the gradient back through :func:`wide_convolution`.

    It is :func:`conv_backward` for an image of one column: each product hands each of its factors
    the other one, times the gradient of the sum. Window ``t`` multiplied the word
    ``t - h + 1 + j`` with row ``j`` of every filter, so for each ``t``, ``c`` and ``j``::

        dX[t - h + 1 + j] += W[j, :, c] * dZ[t, c]
        dW[j, :, c]       += X[t - h + 1 + j] * dZ[t, c]
        db[c]             += dZ[t, c]                        (once for each t, not for each j)

    Where ``t - h + 1 + j`` is outside the sentence stands a zero vector, which gives nothing to
    ``dW`` and whose own gradient is of no use to anyone.

    Args:
        dZ: Gradient of the loss with respect to ``Z``, shape (max(n + h - 1, 1), F).
        X: The sentence that :func:`wide_convolution` was given, shape (n, D).
        W: The filters that it was given, shape (h, D, F).
        b: The biases that it was given, shape (F,).

    Returns:
        ``dX``, ``dW`` and ``db``, of the shapes of ``X``, ``W`` and ``b``.
    """
    check_sentence(X, W, b)
    n, h, F = len(X), len(W), len(b)
    T = max(n + h - 1, 1)
    check_gradient(dZ, (T, F), "dZ")

    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)
    for t in range(T):
        for c in range(F):
            for j in range(h):
                word = t - h + 1 + j
                if 0 <= word < n:
                    dX[word] += W[j, :, c] * dZ[t, c]
                    dW[j, :, c] += X[word] * dZ[t, c]
            db[c] += dZ[t, c]
    return dX, dW, db


def max_over_time(Z: FloatArray) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Keep, for each filter, its largest response anywhere in the sentence.

    ``maxima[c] = max_t Z[t, c]``: a max pooling whose single window is the whole sentence
    (Collobert et al. 2011; Kim 2014, section 2). However long it was, ``F`` numbers remain.

    Ties: ``argmax[c]`` is the *first* ``t`` that attains the maximum. It alone receives the
    gradient, unlike in :func:`create_mask_from_window`, so as much goes back as came in.

    Args:
        Z: The filters' responses, shape (T, F) with T at least 1.

    Returns:
        ``maxima`` and ``argmax``, both of shape (F,).
    """
    if Z.ndim != 2 or Z.shape[0] < 1:
        raise ValueError(f"Z has shape {Z.shape}; it must be (T, F) with at least one window")
    T, F = Z.shape
    argmax = np.zeros(F, dtype=np.intp)
    for c in range(F):
        for t in range(1, T):
            if Z[t, c] > Z[argmax[c], c]:
                argmax[c] = t
    return Z[argmax, np.arange(F)], argmax


def max_over_time_backward(dmaxima: FloatArray, argmax: npt.NDArray[np.intp], T: int) -> FloatArray:
    """Carry the gradient back through :func:`max_over_time`.

    A small change of the largest response is a change of the maximum by as much; a small change of
    any other response changes nothing. So the gradient of filter ``c`` goes to one window::

        dZ[argmax[c], c] = dmaxima[c]        and 0 everywhere else

    Args:
        dmaxima: Gradient of the loss with respect to ``maxima``, shape (F,).
        argmax: What :func:`max_over_time` returned beside ``maxima``, shape (F,).
        T: How many windows there were.

    Returns:
        ``dZ``, shape (T, F); each column holds at most one number that is not zero.
    """
    check_gradient(dmaxima, argmax.shape, "dmaxima")
    (F,) = argmax.shape
    if any(not 0 <= t < T for t in argmax):
        raise ValueError(f"argmax names the windows {argmax}, but there are only {T}")
    dZ = np.zeros((T, F))
    for c in range(F):
        dZ[argmax[c], c] = dmaxima[c]
    return dZ


# ---------------------------------------------------------------------------------------
# Sizes, padding and checks, shared by forward and backward
# ---------------------------------------------------------------------------------------


def output_size(n_prev: int, f: int, pad: int, stride: int) -> int:
    """Count the windows of size ``f`` along an axis: ``floor((n_prev + 2*pad - f) / stride) + 1``.

    Raises:
        ValueError: not even one fits.
    """
    if not 1 <= f <= n_prev + 2 * pad:
        raise ValueError(
            f"a window of size {f} does not fit an input of size {n_prev} with padding {pad}"
        )
    return (n_prev + 2 * pad - f) // stride + 1


def conv_output_size(
    A_prev: FloatArray, W: FloatArray, b: FloatArray, hparameters: HyperParameters
) -> tuple[int, int]:
    """Check what :func:`conv_forward` was given and return ``(n_H, n_W)``.

    Raises:
        ValueError: the shapes or hyperparameters do not fit together.
    """
    check_images(A_prev, "A_prev")
    if W.ndim != 4:
        raise ValueError(f"W has shape {W.shape}; filters must be (f_h, f_w, n_C_prev, n_C)")
    _, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    f_h, f_w, filter_depth, n_C = W.shape
    if filter_depth != n_C_prev:
        raise ValueError(f"A_prev has {n_C_prev} channels, but W is made for {filter_depth}")
    if b.shape != (1, 1, 1, n_C):
        raise ValueError(f"b has shape {b.shape}; for {n_C} filters it must be (1, 1, 1, {n_C})")
    check_whole_number(hparameters, "stride", least=1)
    check_whole_number(hparameters, "pad", least=0)
    stride, pad = hparameters["stride"], hparameters["pad"]
    return output_size(n_H_prev, f_h, pad, stride), output_size(n_W_prev, f_w, pad, stride)


def pool_output_size(
    A_prev: FloatArray, hparameters: HyperParameters, mode: str
) -> tuple[int, int]:
    """Check what :func:`pool_forward` was given and return ``(n_H, n_W)``.

    Raises:
        ValueError: the shapes or hyperparameters do not fit together, or the mode is unknown.
    """
    check_images(A_prev, "A_prev")
    if mode not in ("max", "average"):
        raise ValueError(f'mode is {mode!r}; it must be "max" or "average"')
    check_whole_number(hparameters, "stride", least=1)
    check_whole_number({"pad": 0, **hparameters}, "pad", least=0)
    stride, pad = hparameters["stride"], hparameters.get("pad", 0)
    f_h, f_w = pool_window(hparameters)
    if pad >= min(f_h, f_w):
        raise ValueError(
            f"pad is {pad}; it must be smaller than the window of {f_h} by {f_w}, "
            "or some windows would hold nothing but padding"
        )
    _, n_H_prev, n_W_prev, _ = A_prev.shape
    return output_size(n_H_prev, f_h, pad, stride), output_size(n_W_prev, f_w, pad, stride)


def pool_window(hparameters: HyperParameters) -> tuple[int, int]:
    """Return ``(f_h, f_w)`` from ``hparameters["f"]``, which is a number or such a pair.

    Raises:
        ValueError: it is neither.
    """
    f = hparameters.get("f")
    pair = tuple(f) if isinstance(f, tuple | list) else (f, f)
    if len(pair) != 2 or not all(isinstance(n, int | np.integer) and n >= 1 for n in pair):
        raise ValueError(f'hparameters["f"] is {f!r}; it must be an integer >= 1 or two of them')
    return pair


def pool_pad(A_prev: FloatArray, pad: int, mode: str) -> FloatArray:
    """Frame images for pooling: with zeros for averages, with -infinity for maxima (it never wins).

    Takes shape (m, n_H, n_W, n_C) and returns (m, n_H + 2*pad, n_W + 2*pad, n_C) in float64, since
    whole numbers have no infinity.
    """
    frame = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    value = 0.0 if mode == "average" else -np.inf
    return np.pad(A_prev.astype(np.float64), frame, constant_values=value)


def without_padding(X: FloatArray, pad: int) -> FloatArray:
    """Cut the frame off again: the gradient of the padding is of no use to anyone."""
    # Counted from the start: X[:, pad:-pad] would be empty for a pad of 0.
    return X[:, pad : X.shape[1] - pad, pad : X.shape[2] - pad, :]


def check_images(X: FloatArray, name: str) -> None:
    """Raise ValueError unless ``X`` has the four axes of an array of images."""
    if X.ndim != 4:
        raise ValueError(f"{name} has shape {X.shape}; images must be (m, n_H, n_W, n_C)")


def check_sentence(X: FloatArray, W: FloatArray, b: FloatArray) -> None:
    """Raise ValueError unless a sentence, filters and biases fit together."""
    if X.ndim != 2 or W.ndim != 3 or b.shape != W.shape[2:] or X.shape[1] != W.shape[1]:
        raise ValueError(
            f"X, W and b have the shapes {X.shape}, {W.shape} and {b.shape}; "
            "they must be (n, D), (h, D, F) and (F,)"
        )


def check_gradient(gradient: FloatArray, shape: tuple[int, ...], name: str) -> None:
    """Raise ValueError unless a gradient has the shape of the output that it belongs to."""
    if gradient.shape != shape:
        raise ValueError(f"{name} has shape {gradient.shape}; the forward pass returned {shape}")


def check_whole_number(hparameters: HyperParameters, name: str, least: int) -> None:
    """Raise ValueError unless ``hparameters[name]`` is there, whole, and at least ``least``."""
    value = hparameters.get(name)
    if not isinstance(value, int | np.integer) or value < least:
        given = "is missing" if name not in hparameters else f"is {value!r}"
        raise ValueError(f'hparameters["{name}"] {given}; it must be an integer >= {least}')
