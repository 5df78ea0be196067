"""The same network as :mod:`textcnn.core.network`, in the order of the paper and from the plain
layers.

Nothing is shared between words, filter heights or layers, so it reads as figure 1 of Kim (2014)
does: look up, convolve, ReLU, maximum, dense. It is slow, and what the fast one is tested against.
"""

from collections.abc import Callable, Mapping

import numpy as np

from textcnn.core.architecture import Architecture
from textcnn.core.gradients import Gradients
from textcnn.core.layers.convolution import convolve, window_counts
from textcnn.core.layers.dense import dense
from textcnn.core.layers.embedding import embed
from textcnn.core.layers.max_over_time import max_over_time
from textcnn.core.layers.relu import relu
from textcnn.core.sentences import PackedSentences


def forward(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
) -> tuple[np.ndarray, Callable[[np.ndarray], Gradients]]:
    """As :func:`textcnn.core.network.forward`, without dropout."""
    lookups = [embed(sentences.token_ids, parameters[name]) for name in architecture.channels]
    X = np.concatenate([vectors for vectors, _ in lookups], axis=1)
    features, heights_backward = _features(parameters, architecture, X, sentences.lengths)
    logits, dense_backward = dense(features, parameters["dense/weights"], parameters["dense/bias"])

    def backward(dlogits: np.ndarray) -> Gradients:
        gradients: Gradients = {}
        dfeatures, gradients["dense/weights"], gradients["dense/bias"] = dense_backward(dlogits)
        dX, gradients["convolution/weights"], gradients["convolution/bias"] = heights_backward(
            dfeatures
        )
        dchannels = np.split(dX, len(lookups), axis=1)
        for name, (_, embed_backward), dchannel in zip(
            architecture.channels, lookups, dchannels, strict=True
        ):
            if name == "embedding/tuned":
                gradients[name] = embed_backward(dchannel)
        return gradients

    return logits, backward


def _features(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    X: np.ndarray,
    lengths: np.ndarray,
) -> tuple[np.ndarray, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """(B, heights * F) pooled features of embedded sentences, one filter height at a time."""
    biases = np.split(parameters["convolution/bias"], len(architecture.filter_sizes))
    pooled, backwards = [], []
    for (height, first), b in zip(architecture.bank.offsets(), biases, strict=True):
        W = parameters["convolution/weights"][:, first : first + height].swapaxes(0, 1)
        Z, convolve_backward = convolve(X, lengths, W, b)
        A, relu_backward = relu(Z)
        Y, pool_backward = max_over_time(A, window_counts(lengths, height))
        pooled.append(Y)
        backwards.append((pool_backward, relu_backward, convolve_backward))

    def backward(dfeatures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        dX, dWs, dbs = np.zeros_like(X), [], []
        for dY, (pool_backward, relu_backward, convolve_backward) in zip(
            np.split(dfeatures, len(backwards), axis=1), backwards, strict=True
        ):
            dX_height, dW, db = convolve_backward(relu_backward(pool_backward(dY)))
            dX += dX_height
            dWs.append(dW.swapaxes(0, 1))
            dbs.append(db)
        return dX, np.concatenate(dWs, axis=1), np.concatenate(dbs)

    return np.concatenate(pooled, axis=1), backward
