"""Sentences whose label is probably wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR
70, 2021). Each class has a threshold: its mean probability over the sentences labelled with it
(equation 2 there). A sentence labelled otherwise whose probability of the class reaches that
threshold is counted as one of the class, that is as an error (equation 1).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelError:
    """A sentence that is probably labelled wrongly.

    Attributes:
        row: of the data.
        label, suggested: its class, and the most probable one.
        label_probability, suggested_probability: of the two.
    """

    row: int
    label: int
    suggested: int
    label_probability: float
    suggested_probability: float


def find_label_errors(
    rows: np.ndarray, classes: np.ndarray, probabilities: np.ndarray
) -> list[LabelError]:
    """Find them, the one with the largest margin between the two probabilities first.

    Args:
        rows: (N,) rows of the data.
        classes: (N,) their classes.
        probabilities: (N, C) answers of models that had not seen them.
    """
    everyone = np.arange(len(classes))
    own = probabilities[everyone, classes]
    best = probabilities.argmax(axis=1)
    largest = probabilities[everyone, best]
    counts = np.bincount(classes, minlength=probabilities.shape[1])
    sums = np.bincount(classes, weights=own, minlength=probabilities.shape[1])
    # A class that no sentence is labelled with has no threshold, so none is reached.
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    found = np.flatnonzero((largest > own) & (largest >= thresholds[best]))
    found = found[np.argsort((own - largest)[found], kind="stable")]
    return [
        LabelError(
            int(rows[at]), int(classes[at]), int(best[at]), float(own[at]), float(largest[at])
        )
        for at in found
    ]
