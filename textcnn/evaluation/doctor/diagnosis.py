"""What a finished cross-validation, and the sentences themselves, say of the data's faults."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.summary import mean_predictions
from textcnn.evaluation.doctor.leaking_words import LeakingWord, leaking_words
from textcnn.evaluation.doctor.near_duplicates import NearDuplicates, near_duplicates_across_labels


@dataclass(frozen=True)
class LabelError:
    """A sentence that is probably labelled wrongly.

    Attributes:
        row: of the data.
        label, suggested: its class, and the most probable one.
        probability_of_label, probability_of_suggested: of the two.
    """

    row: int
    label: int
    suggested: int
    probability_of_label: float
    probability_of_suggested: float


def find_label_errors(
    rows: np.ndarray, classes: np.ndarray, probabilities: np.ndarray
) -> list[LabelError]:
    """Find label errors by confident learning, the largest margin of probability first.

    Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels"
    (JAIR 70, 2021). Each class has a threshold: its mean probability over the sentences labelled
    with it (equation 2 there). A sentence labelled otherwise whose probability of the class reaches
    that threshold is counted as one of the class, that is as an error (equation 1).

    Args:
        rows: (N,) rows of the data.
        classes: (N,) their classes.
        probabilities: (N, C) predictions of models that had not seen them.
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


@dataclass(frozen=True)
class Diagnosis:
    """The faults that were found in the data.

    Attributes:
        sentences: of the data.
        sentences_tested: of these, those that a fold tested; label errors are looked for there
            alone.
        label_errors, near_duplicates, leaking_words: see there.
    """

    sentences: int
    sentences_tested: int
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
    rows, tested_classes, probabilities = mean_predictions(results)
    classes = data.targets(np.arange(len(data.tokens)), labels)
    return Diagnosis(
        sentences=len(data.tokens),
        sentences_tested=len(rows),
        label_errors=find_label_errors(rows, tested_classes, probabilities),
        near_duplicates=near_duplicates_across_labels(data.tokens, classes),
        leaking_words=leaking_words(data.tokens, classes, len(labels)),
    )
