"""From logits to answers, and how right they are, with one class a sentence or several.

Which of the two it is shows in the targets: (N,) classes, or (N, C) booleans.
"""

from collections.abc import Sequence

import numpy as np

from textcnn.core.layers.sigmoid import sigmoid
from textcnn.core.thresholds import fit_thresholds
from textcnn.data.label_sets import join_labels


def decided(logits: np.ndarray, targets: np.ndarray, fitted: bool = False) -> np.ndarray:
    """The answers, shaped as ``targets``.

    Args:
        logits: (N, C) floats.
        targets: (N,) classes, or (N, C) booleans.
        fitted: decide each of several classes by the threshold that suits these targets best,
            and not by 0.5.
    """
    if targets.ndim == 1:
        return logits.argmax(axis=1)
    if not fitted:
        return logits > 0
    probabilities = sigmoid(logits)
    return probabilities >= fit_thresholds(probabilities, targets)


def answers(
    probabilities: np.ndarray, labels: Sequence[str], thresholds: np.ndarray | None
) -> list[str]:
    """What is answered to N sentences, as a row of data holds it.

    Args:
        probabilities: (N, C).
        labels: the C names.
        thresholds: (C,) where a sentence may have several labels; else None.
    """
    if thresholds is None:
        return [labels[best] for best in probabilities.argmax(axis=1)]
    return [
        join_labels(labels[index] for index in np.flatnonzero(row).tolist())
        for row in probabilities >= thresholds
    ]


def right(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) booleans: which sentences were answered wholly right."""
    equal = answers == targets
    return equal if targets.ndim == 1 else equal.all(axis=1)


def macro_f1(answers: np.ndarray, targets: np.ndarray, num_classes: int) -> float:
    """The mean of the classes' F1; that of a class neither answered nor true is 0.

    Args:
        answers, targets: (N,) classes, or (N, C) booleans.
        num_classes: C.
    """
    if targets.ndim == 1:
        cells = np.bincount(targets * num_classes + answers, minlength=num_classes**2)
        confusion = cells.reshape(num_classes, num_classes)
        found, both = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1)
    else:
        found, both = (answers & targets).sum(axis=0), answers.sum(axis=0) + targets.sum(axis=0)
    return float((2 * found / np.maximum(both, 1)).mean())
