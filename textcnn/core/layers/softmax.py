"""Softmax and the cross-entropy loss."""

from collections.abc import Callable

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """(B, C) log-probabilities; the largest logit is taken off first, so none overflows."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """(B, C) class probabilities; each row sums to 1."""
    return np.exp(log_softmax(logits))


def softmax_cross_entropy(
    logits: np.ndarray, classes: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, Callable[[float], np.ndarray]]:
    """Mean negative log-likelihood of the true classes.

    Args:
        logits: (B, C) floats.
        classes: (B,) integers below C.
        weights: (B,) what each sentence counts, or None for 1 each.

    Returns:
        The loss, and ``backward(dloss) -> dlogits`` (B, C): softmax minus one-hot, over B.
    """
    log_probabilities = log_softmax(logits)
    picked = np.arange(len(classes)), classes

    def backward(dloss: float) -> np.ndarray:
        dlogits = np.exp(log_probabilities)
        dlogits[picked] -= 1
        if weights is not None:
            dlogits *= weights[:, None]
        return dlogits * logits.dtype.type(dloss / len(classes))

    likelihoods = log_probabilities[picked]
    if weights is not None:
        likelihoods = likelihoods * weights
    return -float(likelihoods.mean()), backward
