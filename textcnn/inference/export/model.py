"""A trained model as a header and arrays, with all that only training needs left out.

What can be multiplied out beforehand is: the weighed counts of words and of their parts are one
table, and the corrections are in it.

===============================  ==============  ===============================================
``networks/<i>/words``           (V, D)          word vectors, channels side by side
``networks/<i>/filters``         (D, K, F)       see :class:`FilterBank` for the order of K
``networks/<i>/filter_bias``     (heights * F,)
``networks/<i>/dense``           (C, heights * F)
``networks/<i>/dense_bias``      (C,)
``evidence/words``               (V, C)          what a word's counts add to the logits
``evidence/<n>-grams``           (N + 1, C)      likewise; the last row is that of unseen n-grams
``evidence/<n>-grams/keys``      (N,) int64      ascending, see :func:`_nested_keys`
===============================  ==============  ===============================================
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.architecture import Architecture, word_vectors
from textcnn.core.tokenizers import CUSTOM
from textcnn.inference.export.random_start import Start, random_start
from textcnn.recipe.ngrams.naive_bayes import Evidence, NaiveBayes
from textcnn.recipe.ngrams.ngrams import rows_of
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Model:
    """A model to be written.

    Attributes:
        header: all that is no array, fit for JSON.
        arrays: float32, and int64 keys.
        starts: by name of an array, from where it was drawn before it was trained.
    """

    header: dict[str, Any]
    arrays: Arrays
    starts: dict[str, Start] = dataclasses.field(default_factory=dict)


def model_of(checkpoint: Checkpoint) -> Model:
    """The model of a checkpoint.

    Raises:
        UserError: its tokenizer is a Python function of the user's.
    """
    config, architecture = checkpoint.config, checkpoint.architecture
    if config.tokenizer == CUSTOM:
        raise UserError(
            "its tokenizer is a Python function (custom), which no other program can run; "
            "export a model of --tokenizer kim, unicode or characters"
        )
    networks = checkpoint.networks
    thresholds = checkpoint.thresholds
    header = {
        "labels": checkpoint.labels,
        "multilabel": config.multilabel,
        "label_separator": config.label_separator,
        "thresholds": None if thresholds is None else thresholds.tolist(),
        "temperature": float(checkpoint.temperature),
        "tokenizer": config.tokenizer,
        "max_tokens": config.max_tokens,
        "filter_sizes": list(architecture.filter_sizes),
        "num_filters": architecture.num_filters,
        "networks": len(networks),
        "ngrams": [],
        "vocabulary": checkpoint.vocabulary.words,
    }
    arrays, starts = {}, {}
    for number, parameters in enumerate(networks):
        for name, array in _network(parameters, architecture).items():
            arrays[f"networks/{number}/{name}"] = array
        # An ensemble's seeds follow each other.
        words = f"networks/{number}/words"
        start = random_start(arrays[words], (config.network_seed or 0) + number)
        if start is not None:
            starts[words] = start
    if checkpoint.naive_bayes is not None:
        weighed = checkpoint.naive_bayes.weighed_by(networks)
        header["ngrams"] = [kind.order for kind in weighed.evidence if kind.keys is not None]
        arrays |= _evidence(weighed, len(checkpoint.vocabulary))
    return Model(header, arrays, starts)


def _network(parameters: Mapping[str, np.ndarray], architecture: Architecture) -> Arrays:
    X, W = word_vectors(parameters, architecture, slice(None)), parameters["convolution/weights"]
    if len(architecture.channels) == 2:
        # The same projections from the static channel and what tuning changed: S W1 + T W2 is
        # S (W1 + W2) + (T - S) W2. Changes are small, and packing makes use of that.
        dim = architecture.embedding_dim
        X = np.concatenate([X[:, :dim], X[:, dim:] - X[:, :dim]], axis=1)
        W = np.concatenate([W[:dim] + W[dim:], W[dim:]])
    return {
        "words": X,
        "filters": W,
        "filter_bias": parameters["convolution/bias"],
        "dense": parameters["dense/weights"],
        "dense_bias": parameters["dense/bias"],
    }


def _evidence(weighed: NaiveBayes, num_words: int) -> Arrays:
    arrays: Arrays = {}
    shorter: Evidence | None = None
    for kind in weighed.evidence:
        arrays[f"evidence/{kind.name}"] = kind.values.astype(np.float32)
        if kind.keys is None:
            continue
        arrays[f"evidence/{kind.name}/keys"] = _nested_keys(kind, shorter, num_words)
        shorter = kind
    return arrays


def _nested_keys(kind: Evidence, shorter: Evidence | None, num_words: int) -> np.ndarray:
    """(N,) n-grams as ``first * V + last``: the last word, and the row of the words before it.

    With two words that is the first word's number and so the n-gram as it was. Of longer ones the
    row stays far below V ** (n - 1), hence exact in JavaScript, whose whole numbers end at 2 ** 53.

    Raises:
        UserError: the words before the last are in no table; no training writes that.
    """
    assert kind.keys is not None
    if shorter is None or shorter.keys is None:
        return kind.keys
    before, last = np.divmod(kind.keys, num_words)
    rows = rows_of(before, shorter.keys)
    if (rows == len(shorter.keys)).any():
        raise UserError(f"damaged checkpoint: {kind.name} that begin with no known n-gram")
    return rows * num_words + last
