"""Sentences and what is to be answered."""

from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences


@dataclass(frozen=True)
class Examples:
    """Sentences and what is to be answered.

    Attributes:
        sentences: N packed sentences.
        targets: (N,) classes, or (N, C) booleans where a sentence may have several.
        weights: shaped as ``targets``, what each counts in the loss; None for 1 each.
    """

    sentences: PackedSentences
    targets: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Examples":
        """The examples with these numbers, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return Examples(self.sentences.take(rows), self.targets[rows], weights)
