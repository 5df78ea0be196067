"""What a finished cross-validation, and the sentences themselves, say of the data's faults."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.mean_answers import mean_answers
from textcnn.evaluation.doctor.label_errors import LabelError, find_label_errors
from textcnn.evaluation.doctor.leaking_words import LeakingWord, leaking_words
from textcnn.evaluation.doctor.near_duplicates import NearDuplicates, near_duplicates_across_labels


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        sentences: of the data.
        tested: of these, those that a fold tested; label errors are looked for in them alone.
        label_errors, near_duplicates, leaking_words: see there.
    """

    sentences: int
    tested: int
    label_errors: list[LabelError]
    near_duplicates: list[NearDuplicates]
    leaking_words: list[LeakingWord]


def diagnose(
    results: Sequence[FoldResult], data: TokenizedData, labels: Sequence[str]
) -> Diagnosis:
    """Look for faults of the data, each sentence of which has one label.

    Args:
        results: all folds.
        data: the sentences.
        labels: names of the classes, in class order.
    """
    rows, tested_classes, probabilities = mean_answers(results)
    classes = data.targets(np.arange(len(data.tokens)), labels)
    return Diagnosis(
        sentences=len(data.tokens),
        tested=len(rows),
        label_errors=find_label_errors(rows, tested_classes, probabilities),
        near_duplicates=near_duplicates_across_labels(data.tokens, classes),
        leaking_words=leaking_words(data.tokens, classes, len(labels)),
    )
