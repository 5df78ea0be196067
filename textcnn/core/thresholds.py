"""From which probability on a class is answered, where a sentence may have several."""

import numpy as np

USUAL = 0.5
"""The threshold of a class that dev sentences say nothing about."""


def fit_thresholds(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(C,) float64: for each class the threshold with the best F1 on dev sentences.

    Each class by itself, as Yang (2001), "A Study of Thresholding Strategies for Text
    Categorization", SCut. A threshold stands half-way between two probabilities; of equally good
    ones the nearest to :data:`USUAL` is taken.

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
        return USUAL
    order = np.argsort(-probabilities, kind="stable")
    descending = probabilities[order]
    found = np.cumsum(target[order])
    # F1 with the first k sentences answered: 2 found / (k + all there are).
    scores = 2 * found / (np.arange(1, len(order) + 1) + target.sum())
    below = np.append(descending[1:], 0.0)
    middles = (descending + below) / 2
    # No threshold parts equal probabilities.
    scores[descending == below] = 0
    best = np.flatnonzero(scores == scores.max())
    nearest = best[np.argmin(np.abs(middles[best] - USUAL))]
    # 0.5 itself, where it does as well as what is just beside it.
    upper, lower = descending[nearest], below[nearest]
    return USUAL if lower < USUAL <= upper else float(middles[nearest])
