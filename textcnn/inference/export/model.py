"""A trained model as a header and arrays, with all that only training needs left out.

What can be multiplied out beforehand is: the fusion's weights and the share of each network in the
mean are in the dense layers and in the rows of the n-gram expert, all biases are one.

===============================  ==============  ===============================================
``bias``                         (C,)            what every sentence is given
``networks/<i>/words``           (V, D)          word vectors, channels side by side
``networks/<i>/filters``         (D, K, F)       see :class:`FilterBank` for the order of K
``networks/<i>/steps``           (heights * F,)  what a word's projection is rounded to
``networks/<i>/filter_bias``     (heights * F,)
``networks/<i>/dense``           (C, heights * F)
``ngrams/words``                 (V, C)          what a known word adds, its parts included
``ngrams/<n>``                   (N, C)          what an n-gram adds beyond its words
``ngrams/<n>/keys``              (N,) int64      ascending, see :func:`_nested_keys`
``ngrams/parts``                 (P, C)          what a part of an unknown word adds
``ngrams/parts/keys``            (P,) int64      ascending, the upper :data:`PART_BITS` of its hash
===============================  ==============  ===============================================

What the expert adds is still to be divided by the square root of the sentence's words, and what
parts add by that of the word's parts. With many labels, of which an item speaks for few, a table
``ngrams/<x>`` is kept as ``ngrams/<x>/cells``, (M,) int64 ``row * C + label``, ascending, and
``ngrams/<x>/values``, (M,).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.architecture import Architecture, word_vectors
from textcnn.core.tokenizers import CUSTOM
from textcnn.inference.export.random_start import Start, random_start
from textcnn.inference.projected_words import step_sizes
from textcnn.recipe.ngrams.expert import NgramExpert, length_factor
from textcnn.recipe.ngrams.ngrams import rows_of
from textcnn.recipe.ngrams.tables import Table
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

Arrays = dict[str, np.ndarray]

PART_BITS = 40
"""Of the 63 of a part's hash. JavaScript has 53 in a number, and a page pays for each. One foreign
part in ten million is then taken for one of 100,000 known ones."""

ROWS_AT_ONCE = 1024
"""Rows of a table that are looked at together."""


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
    networks, expert, fusion = checkpoint.networks, checkpoint.ngrams, checkpoint.fusion
    thresholds = checkpoint.thresholds
    header = {
        "labels": checkpoint.labels,
        "multilabel": config.multilabel,
        "label_separator": config.label_separator,
        "thresholds": None if thresholds is None else thresholds.tolist(),
        "tokenizer": config.tokenizer,
        "max_tokens": config.max_tokens,
        "filter_sizes": list(architecture.filter_sizes),
        "num_filters": architecture.num_filters,
        "networks": len(networks),
        "ngrams": None,
        "vocabulary": checkpoint.vocabulary.words,
    }
    share = fusion.weights[0] / np.float32(len(networks))
    bias, arrays, starts = fusion.bias.copy(), {}, {}
    for number, parameters in enumerate(networks):
        bias += share * parameters["dense/bias"]
        for name, array in _network(parameters, architecture, share).items():
            arrays[f"networks/{number}/{name}"] = array
        # An ensemble's seeds follow each other.
        words = f"networks/{number}/words"
        start = random_start(arrays[words], (config.network_seed or 0) + number)
        if start is not None:
            starts[words] = start
    if expert is not None:
        longest = expert.subwords if "parts" in expert.keys else 0
        header["ngrams"] = {"orders": expert.orders, "subwords": longest}
        arrays |= _ngrams(expert, float(fusion.weights[1]))
        bias += fusion.weights[1] * expert.bias
    arrays["bias"] = bias
    return Model(header, arrays, starts)


def _network(
    parameters: Mapping[str, np.ndarray], architecture: Architecture, share: np.float32
) -> Arrays:
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
        "steps": step_sizes(parameters, architecture),
        "filter_bias": parameters["convolution/bias"],
        "dense": share * parameters["dense/weights"],
    }


def _ngrams(expert: NgramExpert, weight: float) -> Arrays:
    # The rest of the factor, a division by the root of the length, is for each sentence.
    factor = weight * float(length_factor(np.ones(1, np.int64))[0])
    arrays: Arrays = {}
    for name, table in expert.tables.items():
        arrays |= _rows(f"ngrams/{name}", table, expert, factor)
    shorter: np.ndarray | None = None
    for order in expert.orders:
        keys = expert.keys[str(order)]
        arrays[f"ngrams/{order}/keys"] = _nested_keys(keys, order, shorter, len(expert.words))
        shorter = keys
    if "parts" in expert.keys:
        arrays["ngrams/parts/keys"] = expert.keys["parts"] >> (63 - PART_BITS)
    return arrays


def _rows(name: str, table: Table, expert: NgramExpert, factor: float) -> Arrays:
    """The rows of a table, or the cells that are not zero."""
    cells, values = [], []
    for start in range(0, max(len(table), 1), ROWS_AT_ONCE):
        numbers = np.arange(start, min(start + ROWS_AT_ONCE, len(table)))
        rows = factor * table.sums(numbers, np.ones(len(numbers), np.int64))
        found = np.flatnonzero(rows) if not expert.dense else np.arange(rows.size)
        cells.append(start * expert.num_classes + found)
        values.append(rows.reshape(-1)[found].astype(np.float32))
    flat = np.concatenate(values)
    if expert.dense:
        return {name: flat.reshape(len(table), expert.num_classes)}
    return {f"{name}/cells": np.concatenate(cells), f"{name}/values": flat}


def _nested_keys(
    keys: np.ndarray, order: int, shorter: np.ndarray | None, num_words: int
) -> np.ndarray:
    """(N,) n-grams as ``first * V + last``: the last word, and the row of the words before it.

    With two words that is the first word's id and so the n-gram as it was. Of longer ones the
    row stays far below V ** (n - 1), hence exact in JavaScript, whose whole numbers end at 2 ** 53.

    Raises:
        UserError: the words before the last are in no table; no training writes that.
    """
    if order == 2:
        return keys
    before, last = np.divmod(keys, num_words)
    known = np.zeros(0, np.int64) if shorter is None else shorter
    rows = rows_of(before, known)
    if (rows == len(known)).any():
        raise UserError(f"damaged checkpoint: {order}-grams that begin with no known n-gram")
    return rows * num_words + last
