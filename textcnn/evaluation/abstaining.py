"""What is gained by leaving unsure sentences unclassified: accuracy against coverage.

After El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification" (JMLR 11,
2010): those the network is least sure of go first.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
"""Shares of the sentences for which the curve is given."""


@dataclass(frozen=True)
class CoveragePoint:
    """A point of the curve.

    Attributes:
        threshold: sentences whose most probable class has a smaller probability are left out.
        coverage: share of the sentences that are classified.
        accuracy: share of these that are classified rightly; not a number where there are none.
    """

    threshold: float
    coverage: float
    accuracy: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain values, for JSON; what is no number is None."""
        values = dataclasses.asdict(self)
        return {name: None if math.isnan(value) else value for name, value in values.items()}


def coverage_point(
    probabilities: np.ndarray, classes: np.ndarray, threshold: float
) -> CoveragePoint:
    """Coverage and accuracy at one threshold.

    Args:
        probabilities: (N, C), N at least 1.
        classes: (N,) true classes.
        threshold: sentences whose most probable class has a smaller probability are left out.
    """
    classified = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1) == classes
    accuracy = float(right[classified].mean()) if classified.any() else float("nan")
    return CoveragePoint(threshold, float(classified.mean()), accuracy)


def coverage_curve(
    probabilities: np.ndarray, classes: np.ndarray, coverages: Sequence[float] = COVERAGES
) -> list[CoveragePoint]:
    """The points where as many sentences are classified, or the fewest more that ties allow.

    Args:
        probabilities: (N, C), N at least 1.
        classes: (N,) true classes.
        coverages: above 0, at most 1.
    """
    confidence = np.sort(probabilities.max(axis=1).astype(np.float64))[::-1]
    points = []
    for coverage in coverages:
        last = max(int(np.ceil(coverage * len(confidence))), 1) - 1
        # Nothing need be left out to classify all.
        limit = confidence[last] if last < len(confidence) - 1 else 0.0
        points.append(coverage_point(probabilities, classes, float(limit)))
    return points
