"""From probabilities to the labels that sentences are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from textcnn.data.labels import join_labels
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint


def predicted_labels(
    probabilities: np.ndarray, labels: Sequence[str], thresholds: np.ndarray | None
) -> list[str]:
    """The labels that N sentences are given, written as a row of data holds them.

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


@dataclass(frozen=True)
class Choice:
    """The choice of a model's labels that a sentence is given.

    Attributes:
        top_k: so many at most, the most probable first. None for one, where a sentence has one
            label, and for all that reach their thresholds, in class order, where it may have
            several.
        threshold: labels with a smaller probability are not given. None for the model's own:
            what dev sentences chose where there may be several labels, else 0.
        thresholds: those of single labels, by name, in the place of ``threshold``.
    """

    top_k: int | None = None
    threshold: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def limits(self, model: Checkpoint) -> np.ndarray:
        """(C,) float64 thresholds of the model's labels.

        Raises:
            UserError: a label is not the model's, or a number is no probability.
        """
        own = np.zeros(len(model.labels)) if model.thresholds is None else model.thresholds
        limits = own if self.threshold is None else np.full(len(own), self.threshold)
        limits = np.array(limits, np.float64)
        for label, limit in self.thresholds.items():
            if label not in model.labels:
                raise UserError(
                    f"threshold: {label!r} is not a label of the model: {', '.join(model.labels)}"
                )
            limits[model.labels.index(label)] = limit
        if not ((limits >= 0) & (limits <= 1)).all():
            raise UserError("threshold: must be a probability, from 0 to 1")
        return limits

    def classes(self, shares: np.ndarray, model: Checkpoint) -> list[list[int]]:
        """The classes that N sentences with these (N, C) probabilities are given."""
        limits = self.limits(model)
        if self.top_k is None and model.thresholds is not None:
            return [np.flatnonzero(row).tolist() for row in shares >= limits]
        if self.top_k in (None, 1):
            order = shares.argmax(axis=1)[:, None]
        else:
            order = np.argsort(-shares, axis=1, kind="stable")[:, : self.top_k]
        reached = np.take_along_axis(shares, order, axis=1) >= limits[order]
        return [row[given].tolist() for row, given in zip(order, reached, strict=True)]
