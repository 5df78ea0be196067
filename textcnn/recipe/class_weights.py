"""Weights of sentences in the loss: to balance the classes, or the user's own."""

import numpy as np

from textcnn.support.errors import UserError


def balanced_weights(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights that give every class the same total, as scikit-learn's ``balanced`` does.

    Args:
        targets: (N,) classes of training sentences or (N, C) booleans.
        num_classes: C.

    Returns:
        (C,) ``N / (classes * sentences of the class)``; or (C, 2) for the absence and the presence
        of each class, ``N / (2 * sentences)``. 0 for what never occurs.
    """
    if targets.ndim == 1:
        counts = np.bincount(targets, minlength=num_classes)
        kinds = int(np.count_nonzero(counts))
    else:
        present = targets.sum(axis=0)
        counts, kinds = np.stack([len(targets) - present, present], axis=1), 2
    return np.divide(len(targets), kinds * counts, out=np.zeros(counts.shape), where=counts > 0)


def example_weights(
    targets: np.ndarray, by_class: np.ndarray | None, by_sentence: np.ndarray | None
) -> np.ndarray | None:
    """What each of N sentences counts, shaped as ``targets``; None where all count 1.

    Args:
        targets: (N,) classes or (N, C) booleans.
        by_class: as :func:`balanced_weights` returns them, or None.
        by_sentence: (N,), or None.
    """
    if by_class is None and by_sentence is None:
        return None
    weights = np.ones(targets.shape)
    if by_class is not None and targets.ndim == 1:
        weights = by_class[targets]
    elif by_class is not None:
        weights = np.where(targets, by_class[:, 1], by_class[:, 0])
    if by_sentence is not None:
        weights = weights * by_sentence.reshape((-1,) + (1,) * (targets.ndim - 1))
    return weights.astype(np.float32)


def with_mean_one(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(N,) weights scaled so that those of the training rows have a mean of 1.

    So only their proportions matter, not their scale.

    Raises:
        UserError: one is negative or not a number, or the training rows have none above 0.
    """
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise UserError("sample_weight must be finite numbers, none below 0")
    mean = weights[rows].mean()
    if mean <= 0:
        raise UserError("sample_weight is 0 for every training sentence")
    return weights / mean
