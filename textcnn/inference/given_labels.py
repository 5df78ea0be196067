"""From probabilities to the labels that sentences are given."""

from collections.abc import Sequence

import numpy as np

from textcnn.data.labels import join_labels


def given_labels(
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
