"""The network as it answers: every word projected once for good, nothing kept for training.

Prediction needs no gradient and the parameters no longer change, so the projection of a word on the
filters (:func:`textcnn.layers.convolve_and_pool.project`) is a table lookup, filled as words turn
up. The table is filled in fixed blocks of neighbouring words. A block is always the same matrix
product whoever asks for it, and all other arithmetic is done sentence by sentence in a fixed order,
so a sentence's probabilities are the same bytes alone, in any batch and after any other sentence.
"""

from collections.abc import Mapping

import numpy as np

from textcnn.layers.convolve_and_pool import pooled_maxima
from textcnn.layers.softmax import softmax
from textcnn.network import Architecture, word_vectors
from textcnn.packed import PackedSentences

BLOCK = 64
"""Words projected together; frequent words are neighbours, so a sentence touches few blocks."""

CHUNK = 256
"""Sentences pooled together, so that the windows in hand stay in the cache."""


class InferenceNetwork:
    """Class probabilities from word numbers.

    Attributes:
        architecture: shapes of the network.
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], architecture: Architecture):
        self.architecture = architecture
        self._parameters = parameters
        bank = architecture.bank
        size = architecture.vocabulary_size
        self._W = parameters["convolution/weights"].reshape(-1, bank.num_rows * bank.num_filters)
        # Not touched until a block is filled, so the system hands out memory only for words used.
        self._table = np.empty((size + 1, self._W.shape[1]), self._W.dtype)
        self._table[-1] = 0
        self._filled = np.zeros(-(-size // BLOCK), bool)

    def logits(self, sentences: PackedSentences) -> np.ndarray:
        """(N, C) logits of N sentences of word numbers below V."""
        self._fill(sentences.words)
        chunks = [
            self._chunk_logits(sentences.take(np.arange(start, min(start + CHUNK, len(sentences)))))
            for start in range(0, len(sentences), CHUNK)
        ]
        if not chunks:
            return np.zeros((0, self.architecture.num_classes), self._table.dtype)
        return np.concatenate(chunks)

    def probabilities(self, sentences: PackedSentences) -> np.ndarray:
        """(N, C) class probabilities."""
        return softmax(self.logits(sentences))

    def _fill(self, words: np.ndarray) -> None:
        wanted = np.zeros_like(self._filled)
        wanted[words // BLOCK] = True
        for block in np.flatnonzero(wanted & ~self._filled):
            rows = slice(block * BLOCK, min((block + 1) * BLOCK, len(self._table) - 1))
            X = word_vectors(self._parameters, self.architecture, rows)
            np.matmul(X, self._W, out=self._table[rows])
            self._filled[block] = True

    def _chunk_logits(self, sentences: PackedSentences) -> np.ndarray:
        maxima = pooled_maxima(self._table, sentences, self.architecture.bank)
        features = np.maximum(maxima + self._parameters["convolution/bias"], 0)
        # One sum a row and class instead of a matrix product, whose order of additions depends
        # on how many rows there are.
        weights, bias = self._parameters["dense/weights"], self._parameters["dense/bias"]
        columns = [np.add.reduce(features * row, axis=1) for row in weights]
        return np.stack(columns, axis=1) + bias
