"""Scores of a model on labelled sentences, with what is needed to judge them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""

TINY = 1e-12
"""Probabilities nearer to 0 or 1 count as this, so that one wrong answer costs no infinite loss."""


@dataclass(frozen=True)
class ClassScores:
    """One class's scores.

    Attributes:
        label: its name.
        precision: 0 where it was never answered.
        recall, f1: None where no sentence has the label.
        count: sentences that have it.
    """

    label: str
    precision: float
    recall: float | None
    f1: float | None
    count: int


@dataclass(frozen=True)
class Rows:
    """What scored sentences stand for.

    Attributes:
        given: rows of the data that they were taken from, those of other parts included.
        no_token: how many of the scored ones have no token, so that nothing of them can be read.
        tokenizer: what leaves them none.
    """

    given: int
    no_token: int
    tokenizer: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"rows_given": self.given, "without_token": self.no_token}


@dataclass(frozen=True)
class Scores:
    """What a model did on N labelled sentences.

    Attributes:
        count: N.
        accuracy: share of right predictions.
        interval: its 95 % interval.
        macro_f1: mean of the F1 of those classes that a sentence has.
        majority_label: the label that was most frequent in training.
        majority_accuracy: what always answering with it would score.
        log_loss: mean negative log-probability of the true label, in nats.
        classes: scores of each class.
        confusion: (C, C) sentences by true label (rows) and predicted one (columns).
        seen: how many of the sentences the model was trained on.
        of: where the sentences are from, and which of them cannot be read.
        experts: share that each of the model's experts would have answered right alone, by its
            name; where a sentence may have several labels, by 0.5 and all of them. Empty where
            there is but one expert.
    """

    count: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    majority_label: str
    majority_accuracy: float
    log_loss: float
    classes: list[ClassScores]
    confusion: np.ndarray
    seen: int
    of: "Rows"
    experts: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sentences": self.count,
            **self.of.as_dict(),
            "seen_in_training": self.seen,
            "accuracy": self.accuracy,
            "accuracy_95": list(self.interval),
            "experts": self.experts,
            "macro_f1": self.macro_f1,
            "majority": {"label": self.majority_label, "accuracy": self.majority_accuracy},
            "log_loss": self.log_loss,
            "classes": [vars(scores) for scores in self.classes],
            "confusion": {
                "labels": [scores.label for scores in self.classes],
                "rows_are_true_labels": self.confusion.tolist(),
            },
        }


@dataclass(frozen=True)
class MultilabelScores:
    """What a model did on N sentences that may have several labels, or none.

    Attributes:
        count: N.
        accuracy: share of the sentences all of whose labels were answered, and no other.
        interval: its 95 % interval.
        micro_f1, macro_f1: F1 of all answers together, and the mean over those classes that a
            sentence has.
        baseline_label: the label that was most frequent in training.
        baseline_micro_f1: what always answering with it alone would score.
        log_loss: mean over sentences and classes of the negative log-probability of what is true,
            in nats.
        classes: scores of each class.
        thresholds: (C,) from which probability on each class was answered.
        seen: how many of the sentences the model was trained on.
        of: where the sentences are from, and which of them cannot be read.
        experts: share that each of the model's experts would have answered right alone, by its
            name; where a sentence may have several labels, by 0.5 and all of them. Empty where
            there is but one expert.
    """

    count: int
    accuracy: float
    interval: tuple[float, float]
    micro_f1: float
    macro_f1: float
    baseline_label: str
    baseline_micro_f1: float
    log_loss: float
    classes: list[ClassScores]
    thresholds: np.ndarray
    seen: int
    of: "Rows"
    experts: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "sentences": self.count,
            **self.of.as_dict(),
            "seen_in_training": self.seen,
            "accuracy": self.accuracy,
            "accuracy_95": list(self.interval),
            "experts": self.experts,
            "micro_f1": self.micro_f1,
            "macro_f1": self.macro_f1,
            "baseline": {"label": self.baseline_label, "micro_f1": self.baseline_micro_f1},
            "log_loss": self.log_loss,
            "classes": [
                {**vars(scores), "threshold": threshold}
                for scores, threshold in zip(self.classes, self.thresholds.tolist(), strict=True)
            ],
        }


def score(
    probabilities: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str],
    label_counts: np.ndarray,
    seen: int,
    of: Rows,
    thresholds: np.ndarray | None = None,
) -> Scores | MultilabelScores:
    """Score predicted probabilities against the truth.

    Args:
        probabilities: (N, C), N at least 1.
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several.
        labels: names of the C classes.
        label_counts: (C,) training sentences of each.
        seen: how many of the sentences the model was trained on (:mod:`textcnn.data.fingerprints`).
        of: what the sentences stand for.
        thresholds: (C,) from which probability on each class is answered, where there may be
            several.
    """
    if thresholds is None:
        return _score_one(probabilities, targets, labels, label_counts, seen, of)
    return _score_several(probabilities, targets, labels, label_counts, seen, of, thresholds)


def _score_one(
    probabilities: np.ndarray,
    classes: np.ndarray,
    labels: Sequence[str],
    label_counts: np.ndarray,
    seen: int,
    of: Rows,
) -> Scores:
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn import metrics

    predicted, numbers = probabilities.argmax(axis=1), np.arange(len(labels))
    rows = _class_scores(classes, predicted, labels)
    majority = int(np.argmax(label_counts))
    right = int((predicted == classes).sum())
    # In float64 the rows sum to 1 as closely as scikit-learn wants them to.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return Scores(
        count=len(classes),
        accuracy=float(metrics.accuracy_score(classes, predicted)),
        interval=wilson_interval(right, len(classes)),
        macro_f1=mean_f1(rows),
        majority_label=labels[majority],
        majority_accuracy=float((classes == majority).mean()),
        log_loss=float(metrics.log_loss(classes, exact, labels=numbers)),
        classes=rows,
        confusion=metrics.confusion_matrix(classes, predicted, labels=numbers),
        seen=seen,
        of=of,
    )


def _score_several(
    probabilities: np.ndarray,
    targets: np.ndarray,
    labels: Sequence[str],
    label_counts: np.ndarray,
    seen: int,
    of: Rows,
    thresholds: np.ndarray,
) -> MultilabelScores:
    from sklearn import metrics

    predicted, majority = probabilities >= thresholds, int(np.argmax(label_counts))
    rows = _class_scores(targets, predicted, labels)
    right = int((predicted == targets).all(axis=1).sum())
    always = np.zeros_like(targets)
    always[:, majority] = True
    exact = np.clip(probabilities.astype(np.float64), TINY, 1 - TINY)
    return MultilabelScores(
        count=len(targets),
        accuracy=right / len(targets),
        interval=wilson_interval(right, len(targets)),
        micro_f1=float(metrics.f1_score(targets, predicted, average="micro", zero_division=0.0)),
        macro_f1=mean_f1(rows),
        baseline_label=labels[majority],
        baseline_micro_f1=float(
            metrics.f1_score(targets, always, average="micro", zero_division=0.0)
        ),
        log_loss=-float(np.log(np.where(targets, exact, 1 - exact)).mean()),
        classes=rows,
        thresholds=thresholds,
        seen=seen,
        of=of,
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


def commonest_confusions(scores: Scores, count: int) -> list[tuple[str, str, int]]:
    """True label, answer and sentences of the wrong answers given most often, those first."""
    labels = [row.label for row in scores.classes]
    wrong = scores.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:count]
    cells = [divmod(cell, len(labels)) for cell in order.tolist() if wrong.flat[cell]]
    return [(labels[true], labels[given], int(wrong[true, given])) for true, given in cells]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): honest also for few trials and shares near 0 or 1."""
    share, z2 = successes / trials, Z_95**2
    centre = share + z2 / (2 * trials)
    spread = Z_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    scale = 1 + z2 / trials
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)
