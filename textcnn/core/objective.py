"""From logits to loss and probabilities, with one class a sentence or every class by itself."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from textcnn.core.layers.sigmoid import sigmoid, sigmoid_cross_entropy
from textcnn.core.layers.softmax import softmax, softmax_cross_entropy

Backward = Callable[[float], np.ndarray]


class Objective(Protocol):
    """Loss and probabilities of (B, C) logits."""

    def loss(
        self, logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, Backward]:
        """The mean loss of a sentence, and its gradient.

        Args:
            logits: (B, C) floats.
            targets: (B,) classes or (B, C) booleans.
            weights: of the same shape, what each counts; None for 1 each.
        """

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(B, C), in the dtype of the logits."""


class OneClass:
    """Every sentence has one class: softmax."""

    def loss(
        self, logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, Backward]:
        """See :class:`Objective`."""
        return softmax_cross_entropy(logits, targets, weights)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(B, C); each row sums to 1."""
        return softmax(logits)


class SeveralClasses:
    """A sentence may have several classes, or none: a sigmoid for each."""

    def loss(
        self, logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
    ) -> tuple[float, Backward]:
        """See :class:`Objective`."""
        return sigmoid_cross_entropy(logits, targets, weights)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(B, C), each by itself."""
        return sigmoid(logits)


def objective_of(multilabel: bool) -> Objective:
    """The objective of sentences with one class each, or with several."""
    return SeveralClasses() if multilabel else OneClass()
