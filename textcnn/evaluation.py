"""Scores of a model on labelled sentences, with what is needed to judge them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.seen import count_seen

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""


@dataclass(frozen=True)
class ClassScores:
    """One class's scores; those that divide by zero are 0."""

    label: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True)
class Scores:
    """What a model did on N labelled sentences.

    Attributes:
        count: N.
        accuracy: share of right predictions.
        interval: its 95 % interval.
        majority_label: the label that was most frequent in training.
        majority_accuracy: what always answering with it would score.
        log_loss: mean negative log-probability of the true label, in nats.
        classes: scores of each class.
        confusion: (C, C) sentences by true label (rows) and predicted one (columns).
        seen: how many of the sentences the model was trained on.
    """

    count: int
    accuracy: float
    interval: tuple[float, float]
    majority_label: str
    majority_accuracy: float
    log_loss: float
    classes: list[ClassScores]
    confusion: np.ndarray
    seen: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sentences": self.count,
            "seen_in_training": self.seen,
            "accuracy": self.accuracy,
            "accuracy_95": list(self.interval),
            "majority": {"label": self.majority_label, "accuracy": self.majority_accuracy},
            "log_loss": self.log_loss,
            "classes": [vars(scores) for scores in self.classes],
            "confusion": {
                "labels": [scores.label for scores in self.classes],
                "rows_are_true_labels": self.confusion.tolist(),
            },
        }


def score(
    probabilities: np.ndarray,
    classes: np.ndarray,
    labels: Sequence[str],
    label_counts: np.ndarray,
    hashes: np.ndarray,
    training_hashes: np.ndarray,
) -> Scores:
    """Score predicted probabilities against the truth.

    Args:
        probabilities: (N, C), N at least 1.
        classes: (N,) true classes.
        labels: names of the C classes.
        label_counts: (C,) training sentences of each.
        hashes: (N,) of the scored sentences (:mod:`textcnn.seen`).
        training_hashes: of the sentences the model was trained on.
    """
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn import metrics

    predicted, numbers = probabilities.argmax(axis=1), np.arange(len(labels))
    columns = metrics.precision_recall_fscore_support(
        classes, predicted, labels=numbers, zero_division=0.0
    )
    majority = int(np.argmax(label_counts))
    right = int((predicted == classes).sum())
    # In float64 the rows sum to 1 as closely as scikit-learn wants them to.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return Scores(
        count=len(classes),
        accuracy=float(metrics.accuracy_score(classes, predicted)),
        interval=wilson_interval(right, len(classes)),
        majority_label=labels[majority],
        majority_accuracy=float((classes == majority).mean()),
        log_loss=float(metrics.log_loss(classes, exact, labels=numbers)),
        classes=[
            ClassScores(label, float(precision), float(recall), float(f1), int(count))
            for label, precision, recall, f1, count in zip(labels, *columns, strict=True)
        ],
        confusion=metrics.confusion_matrix(classes, predicted, labels=numbers),
        seen=count_seen(hashes, training_hashes),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): honest also for few trials and shares near 0 or 1."""
    share, z2 = successes / trials, Z_95**2
    centre = share + z2 / (2 * trials)
    spread = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    scale = 1 + z2 / trials
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)
