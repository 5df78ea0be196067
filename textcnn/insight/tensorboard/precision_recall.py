"""Precision and recall of each label, as the threshold from which it is answered moves."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textcnn.core.objective import objective_of
from textcnn.support.text import printable

MOST_LABELS = 50
"""Labels with a curve: a screen holds a few, and each takes 3 kB at every evaluation."""


class PrecisionRecall:
    """Draws a curve for each label: every sentence is asked for its probability.

    With one label a sentence each label is set against all others. Those that none of the sentences
    has are left out, since nothing could be recalled.

    Args:
        labels: names of the C classes.
        targets: (N,) true classes, or (N, C) booleans where a sentence may have several.
    """

    def __init__(self, labels: Sequence[str], targets: np.ndarray):
        self._several = targets.ndim == 2
        members = targets if self._several else targets[:, None] == np.arange(len(labels))
        counts = members.sum(axis=0)
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_LABELS])
        self._columns = frequent[counts[frequent] > 0]
        self._members = members[:, self._columns]
        self._tags = [f"label/{printable(labels[column])}" for column in self._columns]

    def of_logits(self, logits: np.ndarray) -> Iterator[Any]:
        """The curves' summaries, from (N, C) logits."""
        return self.of_probabilities(objective_of(self._several).probabilities(logits))

    def of_probabilities(self, probabilities: np.ndarray) -> Iterator[Any]:
        """The curves' summaries, from (N, C) probabilities."""
        from tensorboardX.summary import pr_curve

        for tag, column, own in zip(self._tags, self._columns, self._members.T, strict=True):
            yield pr_curve(tag, own, probabilities[:, column].astype(np.float64))
