"""The network as it answers: every word projected once for good, nothing kept for training.

Prediction needs no gradient and the parameters no longer change, so the projection of a word on the
filters (:func:`textcnn.layers.convolve_and_pool.project`) is a table lookup, filled as words turn
up. The table is filled in fixed blocks of neighbouring words. A block is always the same matrix
product whoever asks for it, and all other arithmetic is done sentence by sentence in a fixed order,
so a sentence's probabilities are the same bytes alone, in any batch and after any other sentence.
"""

import threading
from collections.abc import Mapping

import numpy as np

from textcnn.layers.convolve_and_pool import pooled_maxima, pooled_maxima_of_one
from textcnn.layers.softmax import softmax
from textcnn.network import Architecture, word_vectors
from textcnn.packed import PackedSentences
from textcnn.parallel import in_threads

BLOCK = 64
"""Words projected together; frequent words are neighbours, so a sentence touches few blocks."""

CHUNK = 128
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
        self._filling = threading.Lock()

    def logits(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) logits of N sentences of word numbers below V.

        Args:
            sentences: the word numbers.
            threads: use every processor; False for a caller that does so itself.
        """
        self._fill(sentences.words)
        if len(sentences) == 1:
            words = sentences.words
            return self._dense(pooled_maxima_of_one(self._table, words, self.architecture.bank))
        # By length, so that a chunk's windows make few, large blocks (see HeightWindows).
        order = np.argsort(sentences.lengths, kind="stable")
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        logits = np.empty((len(order), self.architecture.num_classes), self._table.dtype)

        def answer(rows: np.ndarray) -> None:
            maxima = pooled_maxima(self._table, sentences.take(rows), self.architecture.bank)
            logits[rows] = self._dense(maxima)

        if threads:
            in_threads(answer, chunks)
        else:
            for rows in chunks:
                answer(rows)
        return logits

    def probabilities(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) class probabilities; see :meth:`logits`."""
        return softmax(self.logits(sentences, threads))

    def _fill(self, words: np.ndarray) -> None:
        blocks = words // BLOCK
        if self._filled[blocks].all():
            return
        # One thread at a time: a matrix product uses all processors by itself.
        with self._filling:
            for block in np.unique(blocks[~self._filled[blocks]]):
                rows = slice(block * BLOCK, min((block + 1) * BLOCK, len(self._table) - 1))
                X = word_vectors(self._parameters, self.architecture, rows)
                np.matmul(X, self._W, out=self._table[rows])
                self._filled[block] = True

    def _dense(self, maxima: np.ndarray) -> np.ndarray:
        """(B, C) logits from (B, heights * F) maxima over time."""
        features = np.maximum(maxima + self._parameters["convolution/bias"], 0)
        # One sum a row and class instead of a matrix product, whose order of additions depends
        # on how many rows there are.
        weights, bias = self._parameters["dense/weights"], self._parameters["dense/bias"]
        logits = np.empty((len(features), len(weights)), features.dtype)
        for index, row in enumerate(weights):
            np.add.reduce(features * row, axis=1, out=logits[:, index])
        logits += bias
        return logits
