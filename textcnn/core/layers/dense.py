"""The fully connected layer, its L2 penalty and its limit on row norms."""

from collections.abc import Callable

import numpy as np

LayerGradients = tuple[np.ndarray, np.ndarray, np.ndarray]


def dense(
    X: np.ndarray, W: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], LayerGradients]]:
    """A weighted sum of all features for each class: ``Y = X @ W.T + b``.

    Args:
        X: (B, M) features.
        W: (C, M) weights, one row a class.
        b: (C,) biases.

    Returns:
        Y (B, C), and ``backward(dY) -> (dX, dW, db)``.
    """

    def backward(dY: np.ndarray) -> LayerGradients:
        return dY @ W, dY.T @ X, dY.sum(axis=0)

    return X @ W.T + b, backward


def l2_penalty(W: np.ndarray, strength: float) -> tuple[float, np.ndarray]:
    """The L2 penalty ``strength / 2 * sum(W ** 2)``, and its gradient, shaped as W."""
    return 0.5 * strength * float(np.vdot(W, W)), strength * W


def limit_row_norms(W: np.ndarray, limit: float) -> None:
    """Scale down, in place, each row of W longer than ``limit`` (Kim 2014, section 2.1)."""
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    W *= np.minimum(1, limit / np.maximum(norms, np.finfo(W.dtype).tiny))
