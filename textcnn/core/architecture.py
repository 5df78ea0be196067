"""The parameters of the network: their names, their shapes and their first values.

They are one flat dict ``{name: array}``. The same names key gradients, the optimizer's slots and
the paths in a checkpoint:

========================  ==========================  =============================================
``embedding/static``      (V, D)                      word vectors that stay as they came
``embedding/tuned``       (V, D)                      word vectors that are trained
``convolution/weights``   (channels * D, K, F)        see :class:`FilterBank` for the order of K
``convolution/bias``      (heights * F,)
``dense/weights``         (C, heights * F)
``dense/bias``            (C,)
========================  ==========================  =============================================

Modes differ only in which embeddings exist: ``rand`` and ``nonstatic`` have the tuned one,
``static`` the static one, ``multichannel`` both, side by side. An embedding is a *channel*, as in
Kim (2014), section 2; the shapes' letters are those of :mod:`textcnn.core.layers`.
"""

# Else np.random.Generator, in signatures below, would load numpy.random wherever this is imported.
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textcnn.core.layers.convolve_and_pool import FilterBank

Parameters = dict[str, np.ndarray]

MODES = ("rand", "static", "nonstatic", "multichannel")
CHANNELS = {
    "rand": ("embedding/tuned",),
    "nonstatic": ("embedding/tuned",),
    "static": ("embedding/static",),
    "multichannel": ("embedding/static", "embedding/tuned"),
}


def trained_by_row(name: str) -> bool:
    """Whether a parameter is a table of which a step changes only the rows of the batch's words."""
    return name.startswith("embedding/")


@dataclass(frozen=True)
class Architecture:
    """Everything that decides the shapes of the parameters.

    Attributes:
        mode: one of :data:`MODES`.
        vocabulary_size: V, the unknown word included.
        embedding_dim: D, how many numbers a word vector has.
        filter_sizes: heights of the filters, in words.
        num_filters: F, maps of each height.
        num_classes: C.
        multilabel: whether a sentence may have several classes, each decided by itself.
    """

    mode: str
    vocabulary_size: int
    embedding_dim: int
    filter_sizes: tuple[int, ...]
    num_filters: int
    num_classes: int
    multilabel: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the embeddings, in the order they stand side by side."""
        return CHANNELS[self.mode]

    @property
    def num_frozen(self) -> int:
        """How many first columns of the embedded words stay as they are: the static channel's."""
        return self.channels.count("embedding/static") * self.embedding_dim

    @property
    def bank(self) -> FilterBank:
        """The layout of the filters."""
        return FilterBank(self.filter_sizes, self.num_filters)

    @property
    def num_features(self) -> int:
        """Pooled features of a sentence."""
        return len(self.filter_sizes) * self.num_filters

    @property
    def trained(self) -> list[str]:
        """Names of the parameters that training changes."""
        return [name for name in self.shapes() if name != "embedding/static"]

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
    drawn = vectors is None
    if vectors is None:
        vectors = random_vectors(rng, table_shape, dtype)
    if vectors.shape != table_shape:
        raise ValueError(f"vectors are {vectors.shape}, the vocabulary needs {table_shape}")
    parameters = {
        # Vectors drawn here belong to nobody else, and are too large to be copied for nothing.
        name: vectors.astype(dtype, copy=not drawn or number > 0)
        for number, name in enumerate(architecture.channels)
    }
    parameters["convolution/weights"] = _initial_filters(architecture, rng).astype(dtype)
    limit = np.sqrt(6 / (architecture.num_features + architecture.num_classes))
    dense_weights = rng.uniform(-limit, limit, shapes["dense/weights"])
    parameters["dense/weights"] = dense_weights.astype(dtype)
    for name in ("convolution/bias", "dense/bias"):
        parameters[name] = np.zeros(shapes[name], dtype)
    return parameters


ROWS_AT_ONCE = 2048
"""Word vectors that are drawn at once."""


def random_vectors(
    rng: np.random.Generator, shape: tuple[int, int], dtype: type[np.floating] = np.float32
) -> np.ndarray:
    """Vectors uniform in ±0.25, the same numbers for any ``dtype``."""
    vectors = np.empty(shape, dtype)
    # In pieces, as they are drawn in 64 bits, and there may be half a gigabyte of them.
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        piece = vectors[start : start + ROWS_AT_ONCE]
        piece[:] = rng.uniform(-0.25, 0.25, piece.shape)
    return vectors


def _initial_filters(architecture: Architecture, rng: np.random.Generator) -> np.ndarray:
    dim, _, num_filters = architecture.shapes()["convolution/weights"]
    blocks = []
    for size in architecture.filter_sizes:
        limit = np.sqrt(6 / (size * dim + num_filters))
        blocks.append(rng.uniform(-limit, limit, (dim, size, num_filters)))
    return np.concatenate(blocks, axis=1)


def word_vectors(
    parameters: Mapping[str, np.ndarray], architecture: Architecture, words: np.ndarray | slice
) -> np.ndarray:
    """(U, channels * D) vectors of these words, the channels side by side."""
    channels = [parameters[name][words] for name in architecture.channels]
    return channels[0] if len(channels) == 1 else np.concatenate(channels, axis=1)
