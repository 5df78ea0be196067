"""Scores of a model on labelled sentences, with what is needed to judge them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textcnn.core.decisions import is_correct, predictions_of

TINY = 1e-12
"""Probabilities nearer to 0 or 1 count as this, so that no wrong prediction costs infinite loss."""

MOST_CONFUSED = 1_000
"""Labels of the largest confusion matrix: it grows with their square."""


@dataclass(frozen=True)
class ClassScores:
    """One class's scores.

    Attributes:
        label: its name.
        precision: 0 where it was never predicted.
        recall, f1: None where no sentence has the label.
        count: sentences that have it.
    """

    label: str
    precision: float
    recall: float | None
    f1: float | None
    count: int


@dataclass(frozen=True)
class GroupAccuracy:
    """The accuracy on one group of the scored sentences.

    Attributes:
        name: of the group.
        labels: those that put a sentence there.
        accuracy: share of them that was classified wholly right.
        count: how many there are.
    """

    name: str
    labels: Sequence[str]
    accuracy: float
    count: int


@dataclass(frozen=True)
class Scores:
    """The scores of a model on N labelled sentences, of one label each or of several or none.

    Those with defaults are no matter of :func:`score`, but of where the sentences are from.

    Attributes:
        count: N.
        accuracy: share of right predictions; where there may be several labels, of the sentences
            all of whose labels were predicted, and no other.
        interval: its 95 % interval.
        micro_f1: F1 of all predictions together; None where a sentence has one label, for it is the
            accuracy.
        macro_f1: mean of the F1 of those classes that a sentence has.
        baseline_label: the label that was most frequent in training.
        baseline: what always predicting it alone would score: accuracy, or micro F1.
        log_loss: mean negative log-probability of the true label, in nats; where there may be
            several, mean over sentences and classes of that of what is true.
        classes: scores of each class.
        confusion: (C, C) sentences by true label (rows) and predicted one (columns); None where
            there may be several, and of more than :data:`MOST_CONFUSED` labels.
        thresholds: (C,) from which probability on each class was predicted, where there may be
            several; else None.
        seen: how many of the sentences the model was trained on.
        rows_given: rows of the data that they were taken from, those of other parts included.
        no_token: how many of the scored ones have no token, so that nothing of them can be read.
        tokenizer: what leaves them none.
        experts: share that each of the model's experts would have predicted right alone, by its
            name; where a sentence may have several labels, by 0.5 and all of them. Empty where
            there is but one expert.
        groups: where the model went on from another, the sentences whose labels that knew, and
            those with a new one; groups without a sentence are left out. Else empty.
    """

    count: int
    accuracy: float
    interval: tuple[float, float]
    micro_f1: float | None
    macro_f1: float
    baseline_label: str
    baseline: float
    log_loss: float
    classes: list[ClassScores]
    confusion: np.ndarray | None
    thresholds: np.ndarray | None
    seen: int = 0
    rows_given: int = 0
    no_token: int = 0
    tokenizer: str = ""
    experts: dict[str, float] = field(default_factory=dict)
    groups: Sequence[GroupAccuracy] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values: dict[str, Any] = {
            "sentences": self.count,
            "rows_given": self.rows_given,
            "without_token": self.no_token,
            "seen_in_training": self.seen,
            "accuracy": self.accuracy,
            "accuracy_95": list(self.interval),
            "experts": self.experts,
            "apart": [vars(group) for group in self.groups],
            "macro_f1": self.macro_f1,
            "log_loss": self.log_loss,
            "classes": [dict(vars(scores)) for scores in self.classes],
        }
        if self.thresholds is not None:
            for scores, threshold in zip(values["classes"], self.thresholds.tolist(), strict=True):
                scores["threshold"] = threshold
            baseline = {"label": self.baseline_label, "micro_f1": self.baseline}
            return {**values, "micro_f1": self.micro_f1, "baseline": baseline}
        confusion = None if self.confusion is None else self.confusion.tolist()
        labels = [scores.label for scores in self.classes]
        values["baseline"] = {"label": self.baseline_label, "accuracy": self.baseline}
        values["confusion"] = {"labels": labels, "rows_are_true_labels": confusion}
        return values


def score(
    probabilities: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str],
    label_counts: np.ndarray,
    thresholds: np.ndarray | None = None,
) -> Scores:
    """Score predicted probabilities against the truth.

    Args:
        probabilities: (N, C), N at least 1.
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several.
        labels: names of the C classes.
        label_counts: (C,) training sentences of each.
        thresholds: (C,) from which probability on each class is predicted, where there may be
            several.
    """
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn import metrics

    several, majority = thresholds is not None, int(np.argmax(label_counts))
    numbers = np.arange(len(labels))
    micro_f1 = confusion = None
    predicted = predictions_of(probabilities, thresholds)
    if several:
        always = np.tile(numbers == majority, (len(targets), 1))
        micro_f1, baseline = (
            float(metrics.f1_score(targets, predictions, average="micro", zero_division=0.0))
            for predictions in (predicted, always)
        )
        exact = np.clip(probabilities.astype(np.float64), TINY, 1 - TINY)
        log_loss = -float(np.log(np.where(targets, exact, 1 - exact)).mean())
    else:
        baseline = float((targets == majority).mean())
        # As metrics.log_loss, which makes several arrays of all probabilities.
        true = probabilities[np.arange(len(targets)), targets].astype(np.float64)
        true /= probabilities.sum(axis=1, dtype=np.float64)
        # 0.0 less it: where all are sure and right, no -0.0 is to be printed.
        log_loss = 0.0 - float(np.log(np.maximum(true, np.finfo(np.float64).eps)).mean())
        if len(labels) <= MOST_CONFUSED:
            confusion = metrics.confusion_matrix(targets, predicted, labels=numbers)
    classes = _class_scores(targets, predicted, labels)
    correct = int(is_correct(predicted, targets).sum())
    return Scores(
        count=len(targets),
        accuracy=correct / len(targets),
        interval=wilson_interval(correct, len(targets)),
        micro_f1=micro_f1,
        macro_f1=mean_f1(classes),
        baseline_label=labels[majority],
        baseline=baseline,
        log_loss=log_loss,
        classes=classes,
        confusion=confusion,
        thresholds=thresholds,
    )


def _class_scores(
    targets: np.ndarray, predicted: np.ndarray, labels: Sequence[str]
) -> list[ClassScores]:
    from sklearn import metrics

    columns = metrics.precision_recall_fscore_support(
        targets, predicted, labels=np.arange(len(labels)), zero_division=0.0
    )
    return [
        ClassScores(
            label,
            float(precision),
            float(recall) if count else None,
            float(f1) if count else None,
            int(count),
        )
        for label, precision, recall, f1, count in zip(labels, *columns, strict=True)
    ]


def mean_f1(rows: Sequence[ClassScores]) -> float:
    """The mean over the classes that a sentence has; of others there is nothing to be found."""
    scored = [row.f1 for row in rows if row.f1 is not None]
    return float(np.mean(scored)) if scored else 0.0


def commonest_confusions(
    confusion: np.ndarray, labels: Sequence[str], count: int
) -> list[tuple[str, str, int]]:
    """True label, prediction and sentences of the most frequent wrong predictions, those first."""
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    cells = [divmod(cell, len(labels)) for cell in order.tolist() if wrong.flat[cell]]
    return [(labels[true], labels[given], int(wrong[true, given])) for true, given in cells]


def surest_mistakes(
    probabilities: np.ndarray, targets: np.ndarray, thresholds: np.ndarray | None, count: int
) -> list[tuple[int, int, bool, float]]:
    """Which wrong predictions had the most probability.

    Args:
        probabilities: (N, C).
        targets: (N,) true classes, or (N, C) booleans.
        thresholds: (C,) where a sentence may have several labels; else None.
        count: how many at most.

    Returns:
        Of each: row, label, whether it was given, and the probability of that.
    """
    predictions = predictions_of(probabilities, thresholds)
    if thresholds is None:
        rows = np.flatnonzero(predictions != targets)
        labels = predictions[rows]
        given = np.ones(len(rows), bool)
    else:
        rows, labels = np.nonzero(predictions != targets)
        given = predictions[rows, labels]
    of_given = probabilities[rows, labels].astype(np.float64)
    sureness = np.where(given, of_given, 1 - of_given)
    order = np.argsort(-sureness, kind="stable")[:count]
    found = (values[order].tolist() for values in (rows, labels, given, sureness))
    return list(zip(*found, strict=True))


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): honest also for few trials and shares near 0 or 1."""
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import binomtest

    found = binomtest(successes, trials).proportion_ci(0.95, "wilson")
    return float(found.low), float(found.high)
