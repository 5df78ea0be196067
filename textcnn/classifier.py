"""A trained model as its users meet it: text in, labels and probabilities out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textcnn.checkpoint import Checkpoint, load_checkpoint
from textcnn.inference import InferenceNetwork
from textcnn.parallel import in_threads
from textcnn.run_folder import find_checkpoint
from textcnn.text_numbers import TextNumbers
from textcnn.tokenizers import TOKENIZERS

PIECE = 1024
"""Texts that one thread takes at a time."""


class Classifier:
    """Classifies sentences with the network of a checkpoint.

    A sentence's probabilities are the same bytes alone, in any batch, in any order.

    Args:
        checkpoint: the model.
        fast: calculate in 16-bit integers where that is quicker, for many sentences; see
            :class:`textcnn.inference.InferenceNetwork`.

    Attributes:
        labels: names of the C classes; column i of the probabilities belongs to ``labels[i]``.
        checkpoint: what it was made from.
    """

    def __init__(self, checkpoint: Checkpoint, fast: bool = False):
        self.checkpoint = checkpoint
        self.labels = checkpoint.labels
        tokenize = TOKENIZERS[checkpoint.config.tokenizer]
        self._numbers = TextNumbers(tokenize, checkpoint.vocabulary)
        self._network = InferenceNetwork(
            [checkpoint.parameters, *checkpoint.others],
            checkpoint.architecture,
            checkpoint.naive_bayes,
            checkpoint.temperature,
            fast,
        )

    @classmethod
    def load(cls, path: str | Path, fast: bool = False) -> "Classifier":
        """Read a checkpoint file, or the best one in a run's folder.

        Raises:
            UserError: it is missing, damaged, not a checkpoint or from a newer version.
        """
        return cls(load_checkpoint(find_checkpoint(Path(path))), fast)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32 probabilities of N sentences, the rows in the order given."""
        if len(texts) <= PIECE:
            return self._probabilities(texts)
        # A thread holds the interpreter while it takes text apart and lets go while it adds up
        # windows, so threads that do both for pieces of the texts seldom wait for each other.
        pieces = [texts[start : start + PIECE] for start in range(0, len(texts), PIECE)]
        return np.concatenate(in_threads(self._probabilities, pieces))

    def _probabilities(self, texts: Sequence[str]) -> np.ndarray:
        return self._network.probabilities(self._numbers.pack(texts), threads=False)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each of N sentences."""
        return [self.labels[best] for best in self.predict_proba(texts).argmax(axis=1)]
