"""Answers to sentences given as tokens, as the classifier gives them to texts."""

from collections.abc import Sequence

import numpy as np

from textcnn.core.objective import objective_of
from textcnn.inference.network import InferenceNetwork
from textcnn.training.checkpoint import Checkpoint


class TokenAnswers:
    """A checkpoint's network, asked with tokens, so that they can be left out and moved.

    Args:
        checkpoint: the model.

    Attributes:
        several: a sentence may have several labels, each decided by itself.
    """

    def __init__(self, checkpoint: Checkpoint):
        self._vocabulary = checkpoint.vocabulary
        self._thresholds = checkpoint.thresholds
        self.several = checkpoint.config.multilabel
        self._objective = objective_of(self.several)
        self._network = InferenceNetwork(
            [checkpoint.parameters, *checkpoint.others],
            checkpoint.architecture,
            checkpoint.naive_bayes,
            checkpoint.temperature,
        )

    def logits(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """(N, C) logits of N token lists."""
        return self._network.logits(self._vocabulary.pack(sentences), threads=False)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """(N, C) of these logits."""
        return self._objective.probabilities(logits)

    def answered(self, probabilities: np.ndarray) -> list[int]:
        """The labels that a sentence with (C,) probabilities is given."""
        if self._thresholds is None:
            return [int(probabilities.argmax())]
        return np.flatnonzero(probabilities >= self._thresholds).tolist()
