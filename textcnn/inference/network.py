"""The networks as they predict: every word projected once for good, nothing kept for training.

Prediction needs no gradient and the parameters no longer change, so the projection of a word on the
filters is a table lookup (:mod:`textcnn.inference.projected_words`). All other arithmetic is done
sentence by sentence in a fixed order, so a sentence's logits are the same bytes alone, in
any batch and after any other sentence.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from textcnn.core.architecture import Architecture
from textcnn.core.layers.convolve_and_pool import pooled_maxima
from textcnn.core.sentences import PackedSentences, groups_by_length
from textcnn.inference.maxima import maxima_of_one
from textcnn.inference.projected_words import ProjectedWords
from textcnn.support.threads import in_threads, keep_freed_memory

WORDS_AT_ONCE = 1 << 16
"""Words whose sentences one thread classifies together. With fewer, NumPy's calls are so short that
threads wait for the interpreter between them, and two are no faster than one.
"""


class InferenceNetwork:
    """Logits from token ids.

    Args:
        networks: the parameters of one network, or of several whose logits are averaged.
        architecture: their shapes.

    Attributes:
        members: the networks.
    """

    def __init__(self, networks: Sequence[Mapping[str, np.ndarray]], architecture: Architecture):
        keep_freed_memory()  # Sums of windows would be given back and zeroed anew at each call.
        self.members = [Member(parameters, architecture) for parameters in networks]
        self._architecture = architecture

    def project_all(self, most: int) -> bool:
        """Project every word now, if the tables are of no more than ``most`` bytes.

        Returns:
            Whether that is done, so that predicting multiplies no matrices any more.
        """
        if sum(member.projected.rows.nbytes for member in self.members) > most:
            return False
        self._need(np.arange(self._architecture.vocabulary_size))
        return True

    def logits(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, C) logits of N sentences of token ids below V.

        Args:
            sentences: the token ids.
            threads: use every processor; False for a caller that does so itself.
        """
        return self._by_length(self._logits, self._architecture.num_classes, sentences, threads)

    def features(self, sentences: PackedSentences, threads: bool = True) -> np.ndarray:
        """(N, networks * heights * F) what the dense layers read, the networks side by side.

        The largest value of each filter anywhere in a sentence, after bias and ReLU. Arguments as
        for :meth:`logits`.
        """
        width = len(self.members) * self._architecture.num_features
        return self._by_length(self._features, width, sentences, threads)

    def _need(self, words: np.ndarray) -> None:
        for member in self.members:
            member.projected.need(words)

    def _by_length(
        self,
        function: Callable[[PackedSentences], np.ndarray],
        width: int,
        sentences: PackedSentences,
        threads: bool,
    ) -> np.ndarray:
        """(N, width) rows that ``function`` makes of sentences of about one length."""
        self._need(sentences.token_ids)
        if len(sentences) == 1:
            return function(sentences)
        rows = np.empty((len(sentences), width), self.members[0].dtype)

        def fill(group: np.ndarray) -> None:
            rows[group] = function(sentences.take(group))

        # One that is long is alone, and classified in blocks of its windows.
        groups = groups_by_length(sentences.lengths, WORDS_AT_ONCE)
        if threads:
            in_threads(fill, groups)
        else:
            for group in groups:
                fill(group)
        return rows

    def _features(self, sentences: PackedSentences) -> np.ndarray:
        return np.concatenate([member.features(sentences) for member in self.members], axis=1)

    @np.errstate(over="ignore", invalid="ignore")  # What comes of it is looked for and said.
    def _logits(self, sentences: PackedSentences) -> np.ndarray:
        logits = self.members[0].logits(sentences)
        for member in self.members[1:]:
            logits += member.logits(sentences)
        if len(self.members) > 1:
            logits /= len(self.members)
        return logits


class Member:
    """One network as it predicts, of one or several.

    Attributes:
        projected: its words.
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], architecture: Architecture):
        self.projected = ProjectedWords(parameters, architecture)
        self._filter_sizes = architecture.filter_sizes
        self._parameters = parameters

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """Of features and logits."""
        return self._parameters["dense/bias"].dtype

    def features(self, sentences: PackedSentences) -> np.ndarray:
        """(B, heights * F) pooled features; the words' rows must be valid."""
        rows = self.projected.rows
        if len(sentences) == 1:
            return self.activated(maxima_of_one(rows, sentences.token_ids, self._filter_sizes))
        return self.activated(pooled_maxima(rows, sentences, self.projected.filter_rows))

    def activated(self, maxima: np.ndarray) -> np.ndarray:
        """(..., heights * F) features from int16 maxima over time: scale, bias and ReLU."""
        features = maxima * self.projected.step_sizes + self._parameters["convolution/bias"]
        return np.maximum(features, 0, out=features)

    def logits(self, sentences: PackedSentences) -> np.ndarray:
        """(B, C) logits, of the pooled features alone."""
        features = self.features(sentences)
        # One sum a row and class instead of a matrix product, whose order of additions depends
        # on how many rows there are.
        weights, bias = self._parameters["dense/weights"], self._parameters["dense/bias"]
        logits = np.empty((len(features), len(weights)), features.dtype)
        if len(features) < len(weights):
            for index, row in enumerate(features):
                np.add.reduce(weights * row, axis=1, out=logits[index])
        else:
            for index, row in enumerate(weights):
                np.add.reduce(features * row, axis=1, out=logits[:, index])
        logits += bias
        return logits
