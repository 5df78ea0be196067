"""The sentences that were answered wrongly with the most confidence.

Where training data is mislabelled, that is where to look first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.mean_answers import mean_answers


@dataclass(frozen=True)
class Mistake:
    """A sentence answered wrongly.

    Attributes:
        row: of the data.
        true, predicted: its class, and the one it was given.
        probability: what the network gave ``predicted``.
    """

    row: int
    true: int
    predicted: int
    probability: float


def worst_mistakes(results: Sequence[FoldResult], count: int) -> list[Mistake]:
    """The ``count`` surest wrong answers, the surest first; fewer where fewer were wrong.

    A sentence that several repeats tested counts once, by the mean of their probabilities.
    """
    rows, true, means = mean_answers(results)
    predicted, confidence = means.argmax(axis=1), means.max(axis=1)
    wrong = np.flatnonzero(predicted != true)
    surest = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    return [
        Mistake(int(rows[at]), int(true[at]), int(predicted[at]), float(confidence[at]))
        for at in surest
    ]
