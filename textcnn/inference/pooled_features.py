"""What the network makes of a sentence before its dense layer: features for other models."""

from collections.abc import Mapping, Sequence

import numpy as np

from textcnn.core.architecture import Architecture
from textcnn.core.layers.convolve_and_pool import pooled_maxima, pooled_maxima_of_one
from textcnn.core.sentences import PackedSentences
from textcnn.inference.network import CHUNK
from textcnn.inference.projected_words import FloatTable


class PooledFeatures:
    """The largest value of each filter anywhere in a sentence, after bias and ReLU.

    As in :class:`textcnn.inference.network.InferenceNetwork`, a sentence's features are the same
    bytes alone and in any batch. May be used by several threads at once.

    Args:
        networks: the parameters of one network, or of several, whose features stand side by side.
        architecture: their shapes.
    """

    def __init__(self, networks: Sequence[Mapping[str, np.ndarray]], architecture: Architecture):
        self._networks = [
            (parameters["convolution/bias"], FloatTable(parameters, architecture))
            for parameters in networks
        ]
        self._bank = architecture.bank

    def of(self, sentences: PackedSentences) -> np.ndarray:
        """(N, networks * heights * F) float32 features of N sentences of word numbers."""
        for _, table in self._networks:
            table.need(sentences.words)
        # By length, as for answering: a chunk's windows then make few, large blocks.
        order = np.argsort(sentences.lengths, kind="stable")
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        width = sum(len(bias) for bias, _ in self._networks)
        features = np.empty((len(order), width), self._networks[0][0].dtype)
        for chunk in chunks:
            features[chunk] = self._chunk(sentences.take(chunk))
        return features

    def _chunk(self, sentences: PackedSentences) -> np.ndarray:
        side_by_side = []
        for bias, table in self._networks:
            if len(sentences) == 1:
                maxima = pooled_maxima_of_one(table.rows, sentences.words, self._bank)
            else:
                maxima = pooled_maxima(table.rows, sentences, self._bank)
            side_by_side.append(np.maximum(maxima + bias, 0))
        return np.concatenate(side_by_side, axis=1)
