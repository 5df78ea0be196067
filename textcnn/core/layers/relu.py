"""The rectifier."""

from collections.abc import Callable

import numpy as np


def relu(X: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """``max(X, 0)``, element by element; ``backward(dY) -> dX`` is zero where X is not positive."""
    active = X > 0

    def backward(dY: np.ndarray) -> np.ndarray:
        return dY * active

    return np.maximum(X, 0), backward
