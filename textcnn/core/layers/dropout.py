"""Inverted dropout (Srivastava et al. 2014, section 10)."""

from collections.abc import Callable

import numpy as np


def dropout(
    X: np.ndarray, rate: float, rng: np.random.Generator | None
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Set a share ``rate`` of X to zero and scale the rest so that the expectation stays.

    Args:
        X: floats of any shape.
        rate: the share dropped, 0 <= rate < 1.
        rng: source of the mask; None outside training, where X passes unchanged.

    Returns:
        Y, shaped as X, and ``backward(dY) -> dX`` through the same mask.
    """
    if rng is None or rate == 0:
        return X, lambda dY: dY
    # Drawn in float32 whatever X is: a mask needs no more digits, and they take half as long.
    kept = rng.random(X.shape, dtype=np.float32) >= rate
    mask = kept.astype(X.dtype) / X.dtype.type(1 - rate)

    def backward(dY: np.ndarray) -> np.ndarray:
        return dY * mask

    return X * mask, backward
