"""From logits to predictions, and how right they are, with one class a sentence or several.

Which of the two it is shows in the targets: (N,) classes, or (N, C) booleans.
"""

import numpy as np

from textcnn.core.layers.sigmoid import sigmoid

DEFAULT_THRESHOLD = 0.5
"""The threshold of a class that dev sentences say nothing about."""


def decide(logits: np.ndarray, targets: np.ndarray, fitted: bool = False) -> np.ndarray:
    """The predictions, shaped as ``targets``.

    Args:
        logits: (N, C) floats.
        targets: (N,) classes, or (N, C) booleans.
        fitted: decide each of several classes by the threshold that suits these targets best
            (:func:`fit_thresholds`), and not by 0.5.
    """
    if targets.ndim == 1:
        return logits.argmax(axis=1)
    if not fitted:
        return logits > 0
    probabilities = sigmoid(logits)
    return probabilities >= fit_thresholds(probabilities, targets)


def predictions_of(probabilities: np.ndarray, thresholds: np.ndarray | None) -> np.ndarray:
    """The predictions of a trained network: (N,) classes or, with thresholds, (N, C) booleans.

    Args:
        probabilities: (N, C).
        thresholds: (C,) where a sentence may have several classes, from which probability on each
            is predicted; else None.
    """
    return probabilities.argmax(axis=1) if thresholds is None else probabilities >= thresholds


def is_correct(predictions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N,) booleans: which sentences were predicted wholly right."""
    equal = predictions == targets
    return equal if targets.ndim == 1 else equal.all(axis=1)


def macro_f1(predictions: np.ndarray, targets: np.ndarray, num_classes: int) -> float:
    """The mean of the classes' F1; that of a class neither predicted nor true is 0.

    Args:
        predictions, targets: (N,) classes, or (N, C) booleans.
        num_classes: C.
    """
    if targets.ndim == 1:
        right, every = targets[predictions == targets], np.append(predictions, targets)
        found, both = (np.bincount(classes, minlength=num_classes) for classes in (right, every))
    else:
        found = (predictions & targets).sum(axis=0)
        both = predictions.sum(axis=0) + targets.sum(axis=0)
    return float((2 * found / np.maximum(both, 1)).mean())


def fit_thresholds(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(C,) float64: for each class the threshold with the best F1 on dev sentences.

    Each class by itself, as Yang (2001), "A Study of Thresholding Strategies for Text
    Categorization", SCut. A threshold stands half-way between two probabilities; of equally good
    ones the nearest to :data:`DEFAULT_THRESHOLD` is taken.

    Args:
        probabilities: (N, C) of sentences the network was not trained on.
        targets: (N, C) booleans, their classes.
    """
    return np.array(
        [
            _fit_one(column.astype(np.float64), target)
            for column, target in zip(probabilities.T, targets.T, strict=True)
        ]
    )


def _fit_one(probabilities: np.ndarray, target: np.ndarray) -> float:
    if not target.any():  # As where there are no sentences at all.
        return DEFAULT_THRESHOLD
    order = np.argsort(-probabilities, kind="stable")
    descending = probabilities[order]
    found = np.cumsum(target[order])
    # F1 with the first k sentences predicted: 2 found / (k + all there are).
    scores = 2 * found / (np.arange(1, len(order) + 1) + target.sum())
    below = np.append(descending[1:], 0.0)
    middles = (descending + below) / 2
    # No threshold parts equal probabilities.
    scores[descending == below] = 0
    best = np.flatnonzero(scores == scores.max())
    nearest = best[np.argmin(np.abs(middles[best] - DEFAULT_THRESHOLD))]
    # 0.5 itself, where it does as well as what is just beside it.
    upper, lower = descending[nearest], below[nearest]
    if lower < DEFAULT_THRESHOLD <= upper:
        return DEFAULT_THRESHOLD
    return float(middles[nearest])
