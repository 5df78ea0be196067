"""The sentence CNN of Kim (2014), put together from :mod:`textcnn.core.layers`.

Its parameters are those of :mod:`textcnn.core.architecture`. The same network in the order of the
paper, without the care for speed, is :mod:`textcnn.core.plain_network`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from textcnn.core.architecture import Architecture, Parameters, word_vectors
from textcnn.core.gradients import Gradients, RowGradient
from textcnn.core.layers.convolve_and_pool import convolve_and_pool, pooled_maxima, project
from textcnn.core.layers.dense import dense
from textcnn.core.layers.dropout import dropout
from textcnn.core.layers.relu import relu
from textcnn.core.sentences import PackedSentences, groups_by_length

WORDS_AT_ONCE = 2048
"""Words that are projected together where nothing is kept for training: a bound on memory."""


def forward(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    dropout_rate: float = 0.0,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, Callable[[np.ndarray], Gradients]]:
    """Logits of sentences by the network of Kim (2014), figure 1, and its backward pass.

    Args:
        parameters: as :meth:`Architecture.shapes` says.
        architecture: the shapes.
        sentences: B sentences of token ids below V.
        dropout_rate: share of the pooled features dropped.
        rng: source of the dropout mask; None outside training, where nothing is dropped.

    Returns:
        logits (B, C), and ``backward(dlogits)``, the gradient of every trained parameter.
    """
    words, inverse = np.unique(sentences.token_ids, return_inverse=True)
    X = word_vectors(parameters, architecture, words)
    maxima, convolution_backward = convolve_and_pool(
        X,
        PackedSentences(inverse, sentences.lengths),
        parameters["convolution/weights"],
        architecture.bank,
        architecture.num_frozen,
    )
    features, relu_backward = relu(maxima + parameters["convolution/bias"])
    kept, dropout_backward = dropout(features, dropout_rate, rng)
    logits, dense_backward = dense(kept, parameters["dense/weights"], parameters["dense/bias"])

    def backward(dlogits: np.ndarray) -> Gradients:
        dkept, ddense_weights, ddense_bias = dense_backward(dlogits)
        dmaxima = relu_backward(dropout_backward(dkept))
        dX, dfilters = convolution_backward(dmaxima)
        gradients: Gradients = {
            "convolution/weights": dfilters,
            "convolution/bias": dmaxima.sum(axis=0),
            "dense/weights": ddense_weights,
            "dense/bias": ddense_bias,
        }
        if "embedding/tuned" in architecture.channels:
            gradients["embedding/tuned"] = RowGradient(words, dX)
        return gradients

    return logits, backward


@dataclass(frozen=True)
class Network:
    """Kim's network: its shapes and its arrays.

    Attributes:
        architecture: the shapes.
        parameters: as :meth:`Architecture.shapes` says.
    """

    architecture: Architecture
    parameters: Parameters

    def logits(self, sentences: PackedSentences) -> np.ndarray:
        """(N, C) logits of any number of sentences, nothing dropped, no backward pass."""
        dtype = self.parameters["dense/bias"].dtype
        logits = np.empty((len(sentences), self.architecture.num_classes), dtype)
        for rows in groups_by_length(sentences.lengths, WORDS_AT_ONCE):
            logits[rows] = self._group_logits(sentences.take(rows))
        return logits

    def _group_logits(self, sentences: PackedSentences) -> np.ndarray:
        parameters = self.parameters
        words, inverse = np.unique(sentences.token_ids, return_inverse=True)
        X = word_vectors(parameters, self.architecture, words)
        P = project(X, parameters["convolution/weights"])
        by_row = PackedSentences(inverse, sentences.lengths)
        maxima = pooled_maxima(P, by_row, self.architecture.bank.rows())
        features, _ = relu(maxima + parameters["convolution/bias"])
        logits, _ = dense(features, parameters["dense/weights"], parameters["dense/bias"])
        return logits
