"""The reliability of probabilities: confidence beside accuracy, and how far they are apart.

After Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bin:
    """The sentences whose most probable class has a probability in ``(low, high]``.

    Attributes:
        low, high: its bounds.
        count: sentences, at least one.
        confidence: the mean of those probabilities.
        accuracy: the share of these sentences whose most probable class is the true one.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def one_class_each(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predictions with one true class each: several labels as so many yes-or-no questions.

    Args:
        probabilities: (N, C).
        targets: (N,) true classes, or (N, C) booleans.

    Returns:
        The same for one class a sentence; else (N * C, 2) probabilities of no and of yes, and
        (N * C,) which is true.
    """
    if targets.ndim == 1:
        return probabilities, targets
    yes = probabilities.ravel()
    return np.stack([1 - yes, yes], axis=1), targets.ravel().astype(np.int64)


def reliability(probabilities: np.ndarray, classes: np.ndarray, bins: int = 15) -> list[Bin]:
    """Confidence beside accuracy, in equally wide bins of confidence (section 2 of the paper).

    Args:
        probabilities: (N, C).
        classes: (N,) true classes.
        bins: how many there are between 0 and 1.

    Returns:
        Those that hold a sentence, in ascending order.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == classes
    edges = np.linspace(0, 1, bins + 1)
    # Each bin has its upper edge in it. What rounding puts above 1 stays in the last.
    bin_of = np.searchsorted(edges[1:-1], confidence, side="left")
    return [
        Bin(
            float(edges[number]),
            float(edges[number + 1]),
            int((bin_of == number).sum()),
            float(confidence[bin_of == number].mean()),
            float(right[bin_of == number].mean()),
        )
        for number in np.unique(bin_of)
    ]


def expected_calibration_error(
    probabilities: np.ndarray, classes: np.ndarray, bins: int = 15
) -> float:
    """The distance of accuracy from confidence, a mean over sentences (equation 3 of the paper).

    Args:
        probabilities: (N, C), N at least 1.
        classes: (N,) true classes.
        bins: as in :func:`reliability`.
    """
    parts = reliability(probabilities, classes, bins)
    return sum(part.count * abs(part.accuracy - part.confidence) for part in parts) / len(classes)
