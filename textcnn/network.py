"""The sentence CNN of Kim (2014), put together from :mod:`textcnn.layers`.

Its parameters are one flat dict ``{name: array}``. The same names key the gradients, the
optimizer's slots and the paths in a checkpoint:

========================  ==========================  =============================================
``embedding/static``      (V, D)                      word vectors that stay as they came
``embedding/tuned``       (V, D)                      word vectors that are trained
``convolution/weights``   (channels * D, K, F)        see :class:`FilterBank` for the order of K
``convolution/bias``      (heights * F,)
``dense/weights``         (C, heights * F)
``dense/bias``            (C,)
========================  ==========================  =============================================

Modes differ only in which embeddings exist: ``rand`` and ``nonstatic`` have the tuned one,
``static`` the static one, ``multichannel`` both, side by side.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from textcnn.layers.convolve_and_pool import FilterBank, convolve_and_pool, pooled_maxima, project
from textcnn.layers.dense import dense, l2_penalty
from textcnn.layers.dropout import dropout
from textcnn.layers.relu import relu
from textcnn.layers.softmax import softmax_cross_entropy
from textcnn.packed import PackedSentences
from textcnn.row_gradient import Gradient, RowGradient
from textcnn.vocabulary import UNKNOWN

Parameters = dict[str, np.ndarray]
Gradients = dict[str, Gradient]

MODES = ("rand", "static", "nonstatic", "multichannel")
CHANNELS = {
    "rand": ("embedding/tuned",),
    "nonstatic": ("embedding/tuned",),
    "static": ("embedding/static",),
    "multichannel": ("embedding/static", "embedding/tuned"),
}


@dataclass(frozen=True)
class Architecture:
    """Everything that decides the shapes of the parameters.

    Attributes:
        mode: one of :data:`MODES`.
        vocabulary_size: V, the unknown word included.
        embedding_dim: D.
        filter_sizes: heights of the filters, in words.
        num_filters: F, maps of each height.
        num_classes: C.
    """

    mode: str
    vocabulary_size: int
    embedding_dim: int
    filter_sizes: tuple[int, ...]
    num_filters: int
    num_classes: int

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the embeddings, in the order they stand side by side."""
        return CHANNELS[self.mode]

    @property
    def frozen(self) -> int:
        """Columns of the embedded words that stay as they are; the tuned channel stands last."""
        return self.channels.count("embedding/static") * self.embedding_dim

    @property
    def bank(self) -> FilterBank:
        """The layout of the filters."""
        return FilterBank(self.filter_sizes, self.num_filters)

    @property
    def num_features(self) -> int:
        """Pooled features of a sentence."""
        return len(self.filter_sizes) * self.num_filters

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter."""
        dim = len(self.channels) * self.embedding_dim
        embedding = (self.vocabulary_size, self.embedding_dim)
        return {
            **dict.fromkeys(self.channels, embedding),
            "convolution/weights": (dim, self.bank.num_rows, self.num_filters),
            "convolution/bias": (self.num_features,),
            "dense/weights": (self.num_classes, self.num_features),
            "dense/bias": (self.num_classes,),
        }


def initial_parameters(
    architecture: Architecture,
    rng: np.random.Generator,
    vectors: np.ndarray | None = None,
    dtype: type[np.floating] = np.float32,
) -> Parameters:
    """Parameters to start training from.

    Embeddings are ``vectors`` or, without them, uniform in ±0.25 as in Kim's code; filters and
    dense weights are uniform with Glorot and Bengio's (2010) variance, equation 16, a filter's
    fan-in being the words and channels it sees; biases are zero.

    Args:
        architecture: the shapes.
        rng: source of the random numbers.
        vectors: (V, D) floats, a row for every word.
        dtype: of every parameter.

    Raises:
        ValueError: ``vectors`` is not (V, D).
    """
    shapes = architecture.shapes()
    table_shape = (architecture.vocabulary_size, architecture.embedding_dim)
    if vectors is None:
        vectors = rng.uniform(-0.25, 0.25, table_shape)
    if vectors.shape != table_shape:
        raise ValueError(f"vectors are {vectors.shape}, the vocabulary needs {table_shape}")
    parameters = {name: vectors.astype(dtype) for name in architecture.channels}
    parameters["convolution/weights"] = _initial_filters(architecture, rng).astype(dtype)
    limit = np.sqrt(6 / (architecture.num_features + architecture.num_classes))
    dense_weights = rng.uniform(-limit, limit, shapes["dense/weights"])
    parameters["dense/weights"] = dense_weights.astype(dtype)
    for name in ("convolution/bias", "dense/bias"):
        parameters[name] = np.zeros(shapes[name], dtype)
    return parameters


def _initial_filters(architecture: Architecture, rng: np.random.Generator) -> np.ndarray:
    dim, _, num_filters = architecture.shapes()["convolution/weights"]
    blocks = []
    for size in architecture.filter_sizes:
        limit = np.sqrt(6 / (size * dim + num_filters))
        blocks.append(rng.uniform(-limit, limit, (dim, size, num_filters)))
    return np.concatenate(blocks, axis=1)


@dataclass(frozen=True)
class Regularisation:
    """What holds the network back while it is trained.

    Attributes:
        dropout: share of the pooled features dropped.
        word_dropout: share of the words replaced by the unknown word, which is how that word's
            vector is learnt.
        l2: strength of the L2 penalty on the dense weights.
    """

    dropout: float = 0.0
    word_dropout: float = 0.0
    l2: float = 0.0


def word_vectors(
    parameters: Mapping[str, np.ndarray], architecture: Architecture, words: np.ndarray | slice
) -> np.ndarray:
    """(U, channels * D) vectors of these words, the channels side by side."""
    channels = [parameters[name][words] for name in architecture.channels]
    return channels[0] if len(channels) == 1 else np.concatenate(channels, axis=1)


def logits_and_backward(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    dropout_rate: float = 0.0,
    rng: np.random.Generator | None = None,
) -> tuple[np.ndarray, Callable[[np.ndarray], Gradients]]:
    """The forward pass of Kim (2014), figure 1, and its backward pass.

    Args:
        parameters: as :meth:`Architecture.shapes` says.
        architecture: the shapes.
        sentences: B sentences of word numbers below V.
        dropout_rate: share of the pooled features dropped.
        rng: source of the dropout mask; None drops nothing.

    Returns:
        logits (B, C), and ``backward(dlogits)``, the gradient of every trained parameter.
    """
    words, which = np.unique(sentences.words, return_inverse=True)
    X = word_vectors(parameters, architecture, words)
    maxima, convolution_backward = convolve_and_pool(
        X,
        PackedSentences(which, sentences.lengths),
        parameters["convolution/weights"],
        architecture.bank,
        architecture.frozen,
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


EVALUATION_CHUNK = 512
"""Sentences evaluated at once: enough to share words, few enough to stay in the cache."""


def evaluation_logits(
    parameters: Mapping[str, np.ndarray], architecture: Architecture, sentences: PackedSentences
) -> np.ndarray:
    """(N, C) logits of any number of sentences, nothing dropped, no backward pass."""
    chunks = []
    for start in range(0, len(sentences), EVALUATION_CHUNK):
        rows = np.arange(start, min(start + EVALUATION_CHUNK, len(sentences)))
        chunk = sentences.take(rows)
        words, which = np.unique(chunk.words, return_inverse=True)
        X = word_vectors(parameters, architecture, words)
        P = project(X, parameters["convolution/weights"])
        numbered = PackedSentences(which, chunk.lengths)
        maxima = pooled_maxima(P, numbered, architecture.bank)
        features, _ = relu(maxima + parameters["convolution/bias"])
        logits, _ = dense(features, parameters["dense/weights"], parameters["dense/bias"])
        chunks.append(logits)
    return np.concatenate(chunks)


def loss_and_gradients(
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    sentences: PackedSentences,
    classes: np.ndarray,
    regularisation: Regularisation,
    rng: np.random.Generator | None,
) -> tuple[float, np.ndarray, Gradients]:
    """One training step's arithmetic, short of the update.

    Args:
        parameters: as :meth:`Architecture.shapes` says.
        architecture: the shapes.
        sentences: B sentences.
        classes: (B,) true classes.
        regularisation: dropout, word dropout and the L2 penalty.
        rng: source of what is dropped; None drops nothing.

    Returns:
        The loss (cross-entropy plus penalty), the logits (B, C) and the gradients.
    """
    if rng is not None and regularisation.word_dropout > 0:
        dropped = rng.random(len(sentences.words), np.float32) < regularisation.word_dropout
        words = np.where(dropped, UNKNOWN, sentences.words)
        sentences = PackedSentences(words, sentences.lengths)
    logits, backward = logits_and_backward(
        parameters, architecture, sentences, regularisation.dropout, rng
    )
    loss, loss_backward = softmax_cross_entropy(logits, classes)
    gradients = backward(loss_backward(1.0))
    if regularisation.l2 > 0:
        penalty, dpenalty = l2_penalty(parameters["dense/weights"], regularisation.l2)
        loss += penalty
        gradients["dense/weights"] = gradients["dense/weights"] + dpenalty
    return loss, logits, gradients
