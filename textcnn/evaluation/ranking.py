"""Precision and recall of the most probable labels, as fastText's ``test`` gives them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """How right the k most probable labels of N sentences are, all of them counted together.

    Attributes:
        k: labels looked at in each sentence.
        precision: share of them that are right.
        recall: share of the right labels that are among them; 0 where there are none.
    """

    k: int
    precision: float
    recall: float


def ranking_at(probabilities: np.ndarray, targets: np.ndarray, k: int) -> Ranking:
    """Look at the k most probable labels; at all where there are fewer.

    Args:
        probabilities: (N, C) floats.
        targets: (N,) classes, or (N, C) booleans where a sentence may have several.
        k: at least 1.
    """
    count, classes = probabilities.shape
    k = min(k, classes)
    first = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    if targets.ndim == 1:
        found, there = int((first == targets[:, None]).sum()), count
    else:
        found = int(np.take_along_axis(targets, first, axis=1).sum())
        there = int(targets.sum())
    return Ranking(k, found / max(count * k, 1), found / max(there, 1))
