"""The network as it answers: every word projected once for good, nothing kept for training.

Prediction needs no gradient and the parameters no longer change, so the projection of a word on the
filters is a table lookup (:mod:`textcnn.projection`). All other arithmetic is done sentence by
sentence in a fixed order, so a sentence's probabilities are the same bytes alone, in any batch and
after any other sentence.
"""

from collections.abc import Mapping

import numpy as np

from textcnn.layers.convolve_and_pool import pooled_maxima, pooled_maxima_of_one
from textcnn.layers.softmax import softmax
from textcnn.network import Architecture
from textcnn.packed import PackedSentences
from textcnn.parallel import in_threads
from textcnn.projection import FloatTable, Int16Table

CHUNK = 128
"""Sentences pooled together, so that the windows in hand stay in the cache."""


class InferenceNetwork:
    """Class probabilities from word numbers.

    Args:
        parameters: of the network.
        architecture: their shapes.
        fast: add up windows in 16-bit integers. That takes a moment to prepare and changes
            probabilities by about a ten-thousandth; see :class:`Int16Table`.
    """

    def __init__(
        self,
        parameters: Mapping[str, np.ndarray],
        architecture: Architecture,
        fast: bool = False,
    ):
        self.architecture = architecture
        self._parameters = parameters
        self._table = (Int16Table if fast else FloatTable)(parameters, architecture)

    def logits(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) logits of N sentences of word numbers below V.

        Args:
            sentences: the word numbers.
            threads: use every processor; False for a caller that does so itself.
        """
        self._table.need(sentences.words)
        bank, rows = self.architecture.bank, self._table.rows
        if len(sentences) == 1:
            return self._dense(pooled_maxima_of_one(rows, sentences.words, bank))
        # By length, so that a chunk's windows make few, large blocks (see HeightWindows).
        order = np.argsort(sentences.lengths, kind="stable")
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        bias = self._parameters["dense/bias"]
        logits = np.empty((len(order), len(bias)), bias.dtype)

        def answer(chunk: np.ndarray) -> None:
            logits[chunk] = self._dense(pooled_maxima(rows, sentences.take(chunk), bank))

        if threads:
            in_threads(answer, chunks)
        else:
            for chunk in chunks:
                answer(chunk)
        return logits

    def probabilities(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) class probabilities; see :meth:`logits`."""
        return softmax(self.logits(sentences, threads))

    def _dense(self, maxima: np.ndarray) -> np.ndarray:
        """(B, C) logits from (B, heights * F) maxima over time."""
        features = maxima * self._table.scale + self._parameters["convolution/bias"]
        np.maximum(features, 0, out=features)
        # One sum a row and class instead of a matrix product, whose order of additions depends
        # on how many rows there are.
        weights, bias = self._parameters["dense/weights"], self._parameters["dense/bias"]
        logits = np.empty((len(features), len(weights)), features.dtype)
        for index, row in enumerate(weights):
            np.add.reduce(features * row, axis=1, out=logits[:, index])
        logits += bias
        return logits
