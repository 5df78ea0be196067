"""The networks as they answer: every word projected once for good, nothing kept for training.

Prediction needs no gradient and the parameters no longer change, so the projection of a word on the
filters is a table lookup (:mod:`textcnn.inference.projected_words`). All other arithmetic is done
sentence by sentence in a fixed order, so a sentence's logits are the same bytes alone, in
any batch and after any other sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.architecture import Architecture
from textcnn.core.layers.convolve_and_pool import (
    WINDOWS_IN_HAND,
    FilterBank,
    pooled_maxima,
    pooled_maxima_of_one,
)
from textcnn.core.sentences import PackedSentences
from textcnn.inference.projected_words import FloatTable, Int16Table
from textcnn.support.threads import in_threads

CHUNK = 128
"""Sentences pooled together, so that the windows in hand stay in the cache."""


class InferenceNetwork:
    """Logits from word numbers.

    Args:
        networks: the parameters of one network, or of several whose logits are averaged.
        architecture: their shapes.
        fast: add up windows in 16-bit integers. That takes a moment to prepare and changes
            probabilities by about a ten-thousandth; see :class:`Int16Table`.
    """

    def __init__(
        self,
        networks: Sequence[Mapping[str, np.ndarray]],
        architecture: Architecture,
        fast: bool = False,
    ):
        self.architecture = architecture
        table = Int16Table if fast else FloatTable
        self._members = [
            _Member(parameters, architecture.bank, table(parameters, architecture))
            for parameters in networks
        ]
        self._dtype = networks[0]["dense/bias"].dtype

    def project_all(self, most: int) -> bool:
        """Project every word now, if the tables are of no more than ``most`` bytes.

        Returns:
            Whether that is done, so that answering multiplies no matrices any more.
        """
        if sum(member.table.rows.nbytes for member in self._members) > most:
            return False
        words = np.arange(self.architecture.vocabulary_size)
        for member in self._members:
            member.table.need(words)
        return True

    def logits(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) logits of N sentences of word numbers below V.

        Args:
            sentences: the word numbers.
            threads: use every processor; False for a caller that does so itself.
        """
        for member in self._members:
            member.table.need(sentences.words)
        if len(sentences) == 1:
            return self._answer(sentences)
        # By length, so that a chunk's windows make few, large blocks (see HeightWindows).
        order = np.argsort(sentences.lengths, kind="stable")
        # One that is long is answered alone, in blocks of its windows.
        short = int((sentences.lengths <= WINDOWS_IN_HAND).sum())
        chunks = [order[start : min(start + CHUNK, short)] for start in range(0, short, CHUNK)]
        chunks += [order[place : place + 1] for place in range(short, len(order))]
        logits = np.empty((len(order), self.architecture.num_classes), self._dtype)

        def answer(chunk: np.ndarray) -> None:
            logits[chunk] = self._answer(sentences.take(chunk))

        if threads:
            in_threads(answer, chunks)
        else:
            for chunk in chunks:
                answer(chunk)
        return logits

    @np.errstate(over="ignore", invalid="ignore")  # What comes of it is looked for and said.
    def _answer(self, sentences: PackedSentences) -> np.ndarray:
        logits = self._members[0].logits(sentences)
        for member in self._members[1:]:
            logits += member.logits(sentences)
        if len(self._members) > 1:
            logits /= len(self._members)
        return logits


@dataclass(frozen=True)
class _Member:
    """One network and its projected words."""

    parameters: Mapping[str, np.ndarray]
    bank: FilterBank
    table: FloatTable | Int16Table

    def logits(self, sentences: PackedSentences) -> np.ndarray:
        """(B, C) logits, of the pooled features alone."""
        if len(sentences) == 1:
            return self._dense(pooled_maxima_of_one(self.table.rows, sentences.words, self.bank))
        return self._dense(pooled_maxima(self.table.rows, sentences, self.bank))

    def _dense(self, maxima: np.ndarray) -> np.ndarray:
        """(B, C) logits from (B, heights * F) maxima over time."""
        features = maxima * self.table.scale + self.parameters["convolution/bias"]
        np.maximum(features, 0, out=features)
        # One sum a row and class instead of a matrix product, whose order of additions depends
        # on how many rows there are.
        weights, bias = self.parameters["dense/weights"], self.parameters["dense/bias"]
        logits = np.empty((len(features), len(weights)), features.dtype)
        for index, row in enumerate(weights):
            np.add.reduce(features * row, axis=1, out=logits[:, index])
        logits += bias
        return logits
