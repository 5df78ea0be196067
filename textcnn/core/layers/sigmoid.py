"""The logistic function and the cross-entropy of independent yes-or-no decisions."""

from collections.abc import Callable

import numpy as np


def log_sigmoid(logits: np.ndarray) -> np.ndarray:
    """The log of :func:`sigmoid`, without overflow on either side."""
    return -np.logaddexp(0, -logits).astype(logits.dtype, copy=False)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """(B, C) probabilities ``1 / (1 + exp(-x))``, each of its own class."""
    return np.exp(log_sigmoid(logits))


def sigmoid_cross_entropy(
    logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, Callable[[float], np.ndarray]]:
    """Mean over sentences of the negative log-likelihood of their C yes-or-no decisions.

    Args:
        logits: (B, C) floats.
        targets: (B, C) booleans.
        weights: (B, C) what each decision counts, or None for 1 each.

    Returns:
        The loss, a sum over the classes, and ``backward(dloss) -> dlogits`` (B, C): sigmoid minus
        target, over B.
    """
    size = logits.dtype.type(len(targets))
    signed = np.where(targets, logits, -logits)
    losses = -log_sigmoid(signed)
    if weights is not None:
        losses = losses * weights

    def backward(dloss: float) -> np.ndarray:
        dlogits = sigmoid(logits) - targets
        if weights is not None:
            dlogits = dlogits * weights
        return (dlogits * (dloss / size)).astype(logits.dtype, copy=False)

    return float(losses.sum() / size), backward
