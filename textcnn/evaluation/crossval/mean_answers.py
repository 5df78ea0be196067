"""What the networks that had not seen a sentence say of it, all repeats together."""

from collections.abc import Sequence

import numpy as np

from textcnn.evaluation.crossval.fold_run import FoldResult


def mean_answers(results: Sequence[FoldResult]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (N,) rows that were tested, ascending, and their classes; (N, C) probabilities.

    A sentence that several repeats tested has the mean of their probabilities.
    """
    rows, first, place = np.unique(
        np.concatenate([result.rows for result in results]), return_index=True, return_inverse=True
    )
    classes = np.concatenate([result.classes for result in results])[first]
    answers = np.concatenate([result.probabilities for result in results]).astype(np.float64)
    sums = np.zeros((len(rows), answers.shape[1]))
    np.add.at(sums, place, answers)
    return rows, classes, sums / np.bincount(place)[:, None]
