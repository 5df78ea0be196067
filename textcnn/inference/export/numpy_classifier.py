#!/usr/bin/env python3
"""A text classifier of Kim's (2014) design that needs NumPy and nothing else.

On the command line, with sentences as arguments or, without any, a line each on standard input:

    python classify.py model.npz "a gorgeous , witty film"

prints label, probability and sentence. From Python:

    from classify import load
    model = load("model.npz")
    model.classify(["a gorgeous , witty film"])       # ['positive']
    model.probabilities(["a gorgeous , witty film"])  # an (1, 2) array, columns as model.labels
"""

import errno
import json
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.core.tokenizers import TOKENIZERS

UNKNOWN = 0
"""The number of every word that training did not see."""

CHUNK = 256
"""Sentences whose words are projected together."""

HASH_FACTOR, PART_BITS = 0x9E3779B97F4A7C15, 40
"""How parts of words become numbers, see :func:`part_keys`."""

TYPES = ("<f4", "<i8", "|u1")
"""Types of arrays that a model has."""

LONGEST_HEAD, ROOM = 1 << 12, 1 << 25
"""Bytes before an array that say what it is, and those that a header's texts and numbers may take
besides as many as the arrays."""

MOST_ROWS, MOST_SUBWORDS = 10_000, 20
"""Words that all heights of filters may see, and letters of a part of a word."""

FAULTS = (ValueError, LookupError, TypeError, OverflowError, RecursionError, MemoryError)
"""What reading raises where a file is not what it should be."""


class Model:
    """Trained networks, and an expert for n-grams.

    Args:
        header: labels, tokenizer, vocabulary and shapes.
        arrays: float32 tables, by name; keys and cells are int64.

    Attributes:
        labels: names of the C classes.
        label_separator: what stands between several of them in a line.
    """

    def __init__(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]):
        self.labels: list[str] = header["labels"]
        self.label_separator: str = header["label_separator"]
        self._header, self._arrays = header, arrays
        self._tokenize = TOKENIZERS[header["tokenizer"]]
        self._ids = {word: token_id for token_id, word in enumerate(header["vocabulary"])}

    def classify(self, texts: Sequence[str]) -> list[Any]:
        """The label of each text; where a text may have several, a list of them."""
        shares, thresholds = self.probabilities(texts), self._header["thresholds"]
        if thresholds is None:
            return [self.labels[best] for best in shares.argmax(axis=1)]
        above = shares >= np.asarray(thresholds)
        return [[self.labels[index] for index in np.flatnonzero(row)] for row in above]

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32: softmax or, where a text may have several labels, a sigmoid for each."""
        logits = self.logits(texts)
        if self._header["multilabel"]:
            # Of the negative magnitude only, so that nothing overflows.
            small = np.exp(-np.abs(logits))
            return np.where(logits >= 0, 1, small) / (1 + small)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    @np.errstate(over="ignore", invalid="ignore")  # What comes of it is looked for below.
    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32.

        Raises:
            ValueError: there are none.
        """
        starts = range(0, len(texts), CHUNK)
        chunks = [self._logits(texts[start : start + CHUNK]) for start in starts]
        logits = np.concatenate(chunks or [np.zeros((0, len(self.labels)), np.float32)])
        if not np.isfinite(logits).all():
            raise ValueError("the model's numbers are too large to be added up: no prediction")
        return logits

    def tokens(self, text: str) -> list[str]:
        """A text's words, as far as they are read."""
        return self._tokenize(text)[: self._header["max_tokens"] or None]

    def _logits(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [self.tokens(text) for text in texts]
        sentences = [
            np.array([self._ids.get(token, UNKNOWN) for token in words], np.int64)
            for words in tokens
        ]
        logits = np.tile(self._arrays["bias"], (len(texts), 1))
        for number in range(self._header["networks"]):
            logits += self._network(number, sentences)
        if self._header["ngrams"] is not None:
            logits += np.stack(list(map(self._ngrams, tokens, sentences)))
        return logits

    def _network(self, number: int, sentences: Sequence[np.ndarray]) -> np.ndarray:
        """(B, C) what a network says: convolution, ReLU, maximum over time, dense layer."""
        part = {
            name: self._arrays[f"networks/{number}/{name}"]
            for name in ("words", "filters", "steps", "filter_bias", "dense")
        }
        filters = part["filters"]
        steps = part["steps"].reshape(-1, filters.shape[2])
        steps = np.repeat(steps, self._header["filter_sizes"], axis=0)
        # A convolution is linear in each word, so each different word meets the filters once.
        different = np.unique(np.concatenate(sentences))
        P = np.rint(part["words"][different] @ (filters / steps).reshape(len(filters), -1))
        P = np.concatenate([P, np.zeros((1, P.shape[1]), P.dtype)]).reshape(-1, *filters.shape[1:])
        maxima = [self._pooled(P, np.searchsorted(different, words)) for words in sentences]
        # Bias and ReLU keep the order of numbers, so they may follow the maximum.
        features = np.maximum(np.stack(maxima) * part["steps"] + part["filter_bias"], 0)
        return features @ part["dense"].T

    def _pooled(self, P: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(heights * F,) maxima over time; windows may hang over either end, on zeros (the last
        row of P)."""
        gap = max(max(self._header["filter_sizes"]) - 1, 1)
        padded = P[np.pad(rows, gap, constant_values=len(P) - 1)]
        maxima, first = [], 0
        for height in self._header["filter_sizes"]:
            begin, count = gap - (height - 1), max(len(rows) + height - 1, 1)
            windows = sum(
                padded[begin + j : begin + j + count, first + j] for j in range(1, height)
            )
            maxima.append((windows + padded[begin : begin + count, first]).max(axis=0))
            first += height
        return np.concatenate(maxima)

    def _ngrams(self, tokens: Sequence[str], words: np.ndarray) -> np.ndarray:
        """(C,) float32 what the expert says: its words, known or not, and n-grams add up."""
        orders, longest = self._header["ngrams"]["orders"], self._header["ngrams"]["subwords"]
        rows = np.where(words == UNKNOWN, -1, words)
        total = self._sum("words", rows)
        for order in orders:
            # An n-gram is its last word, and the n-gram (or word) before that.
            last = words[order - 1 :]
            before = rows[: len(last)]
            wanted = np.where(last == UNKNOWN, -1, before * len(self._ids) + last)
            rows = self._find(str(order), np.where(before < 0, -1, wanted))
            total += self._sum(str(order), rows)
        unknown = np.flatnonzero(words == UNKNOWN).tolist() if longest else []
        for place in unknown:
            keys = np.array(part_keys(tokens[place], longest), np.int64)
            total += self._sum("parts", self._find("parts", keys)) / np.sqrt(max(len(keys), 1))
        return (total / np.sqrt(max(len(words), 1))).astype(np.float32)

    def _find(self, name: str, wanted: np.ndarray) -> np.ndarray:
        """The row of each key in a table; -1 for one that is not there."""
        keys = self._arrays[f"ngrams/{name}/keys"]
        places = np.searchsorted(keys, wanted)
        return np.where(np.append(keys, -2)[places] == wanted, places, -1)

    def _sum(self, name: str, rows: np.ndarray) -> np.ndarray:
        """(C,) float64 sum of these rows of a table, those below 0 left out."""
        rows, size = rows[rows >= 0], len(self.labels)
        if f"ngrams/{name}" in self._arrays:
            return self._arrays[f"ngrams/{name}"][rows].sum(axis=0, dtype=np.float64)
        # With many labels, what is not zero.
        cells, values = (self._arrays[f"ngrams/{name}/{part}"] for part in ("cells", "values"))
        total = np.zeros(size)
        for row in rows:
            begin, end = np.searchsorted(cells, [row * size, (row + 1) * size])
            total[cells[begin:end] - row * size] += values[begin:end]
        return total


def part_keys(word: str, longest: int) -> list[int]:
    """The parts of ``<word>`` of 3 to ``longest`` characters, each as a number of 40 bits."""
    letters, keys = [ord(letter) for letter in f"<{word}>"], []
    for size in range(3, longest + 1):
        for start in range(len(letters) - size + 1):
            key = size
            for letter in letters[start : start + size]:
                key = (key + letter) * HASH_FACTOR % 2**64
                key ^= key >> 32
            keys.append(key >> (64 - PART_BITS))
    return keys


def load(path: str | Path) -> Model:
    """The model in an .npz file of ``textcnn export``.

    Nothing in it is unpickled, and it takes no more memory than twice its size and 64 MiB.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file, or damaged.
    """
    try:
        arrays = _arrays(Path(path))
        text = arrays.pop("header").tobytes()
        header = _parsed(text, sum(array.nbytes for array in arrays.values()))
        _check_model(header, arrays)
    except FAULTS as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: no model of textcnn export, or damaged ({reason})") from error
    return Model(header, arrays)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz as NumPy writes it: one after another, as they are.

    Its directory, at the end, is left alone: it could say other things.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    arrays: dict[str, np.ndarray] = {}
    with path.open("rb") as stream:
        while len(head := stream.read(30)) == 30 and head.startswith(b"PK\3\4"):
            method, crc, size, letters, more = struct.unpack("<8xH4xI4xIHH", head)
            name = stream.read(letters).decode().removesuffix(".npy")
            extra = stream.read(more)
            if size == 0xFFFFFFFF:  # It stands there.
                size = int.from_bytes(extra[4:12], "little")
            begin = stream.tell()
            fits = not method and size <= path.stat().st_size and name not in arrays
            if not fits or zlib.crc32(stream.read(size)) != crc:
                raise ValueError(f"{name} is not as it was written")
            stream.seek(begin)
            array = np.lib.format.read_array(stream, False, max_header_size=LONGEST_HEAD)
            if stream.tell() != begin + size or array.dtype.str not in TYPES:
                raise ValueError(f"{name} holds {array.dtype} in the shape {array.shape}")
            if not np.isfinite([array.min(initial=0), array.max(initial=0)]).all():
                raise ValueError(f"{name} holds what is no number")
            arrays[name] = array
    return arrays


def _parsed(text: bytes, others: int) -> dict[str, Any]:
    """The header, if it takes no more memory than the arrays and some."""
    parts = sum(map(text.count, (b",", b":", b"[", b"{")))
    if 100 * parts + 5 * len(text) > others + ROOM:
        raise ValueError("its header is too large")
    header = json.loads(text)
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    return header


def _check_model(header: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Raise what :data:`FAULTS` are unless header and arrays are those of one model."""
    labels, words, heights = header["labels"], header["vocabulary"], header["filter_sizes"]
    thresholds, longest = header["thresholds"], header["max_tokens"]
    for texts in (labels, words, [header["label_separator"], header["tokenizer"]]):
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("labels or words are no texts")
    counts = [*heights, header["networks"], header["num_filters"], longest or 0]
    if any(type(count) is not int or not 0 <= count < 2**31 for count in counts):
        raise ValueError("a number in its header is none, or too large")
    classes, features = len(labels), len(heights) * header["num_filters"]
    if classes < 2 or not 0 < sum(heights) < MOST_ROWS or header["tokenizer"] not in TOKENIZERS:
        raise ValueError("its header is not that of a model")
    if thresholds is not None and np.shape([float(share) for share in thresholds]) != (classes,):
        raise ValueError("it has not one threshold a label")
    shapes: dict[str, tuple[int, ...]] = {"bias": (classes,)}
    for number in range(min(header["networks"], len(arrays))):
        name = f"networks/{number}"
        depth = arrays[f"{name}/filters"].shape[0]
        shapes |= {
            f"{name}/words": (len(words), depth),
            f"{name}/filters": (depth, sum(heights), header["num_filters"]),
            f"{name}/steps": (features,),
            f"{name}/filter_bias": (features,),
            f"{name}/dense": (classes, features),
        }
    if header["ngrams"] is not None:
        orders, subwords = header["ngrams"]["orders"], header["ngrams"]["subwords"]
        if orders != list(range(2, 2 + len(orders))) or not 0 <= subwords <= MOST_SUBWORDS:
            raise ValueError("its n-grams are none")
        parts = ["parts"] if subwords or "ngrams/parts/keys" in arrays else []
        for item in ("words", *map(str, orders), *parts):
            name, rows = f"ngrams/{item}", len(words)
            if item != "words":
                rows = arrays[f"{name}/keys"].size
                shapes[f"{name}/keys"] = (rows,)
            if name in arrays:
                shapes[name] = (rows, classes)
            else:
                cells = arrays[f"{name}/cells"]
                shapes |= {f"{name}/cells": (cells.size,), f"{name}/values": (cells.size,)}
                if cells.size and not 0 <= cells.min() <= cells.max() < rows * classes:
                    raise ValueError(f"{name} speaks of rows that there are not")
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise ValueError("its arrays are not those of its header")
    for name, array in arrays.items():
        whole = name.endswith(("/keys", "/cells"))
        if array.dtype.str != ("<i8" if whole else "<f4"):
            raise ValueError(f"{name} holds {array.dtype}")
        if (whole and (array[1:] < array[:-1]).any()) or (
            name[-5:] == "steps" and array.min() <= 0
        ):
            raise ValueError(f"{name} holds what cannot be")


def main() -> None:
    """Label sentences."""
    if len(sys.argv) < 2:
        sys.exit("usage: python classify.py MODEL.npz [SENTENCE ...]")
    try:
        model = load(sys.argv[1])
        between = model.label_separator
        for text in sys.argv[2:] or (line.rstrip("\r\n") for line in sys.stdin):
            shares = model.probabilities([text])[0]
            label = model.classify([text])[0]
            given = [label] if isinstance(label, str) else label
            numbers = [f"{shares[model.labels.index(name)]:.4f}" for name in given]
            print(between.join(given), between.join(numbers), text, sep="\t", flush=True)
    except (OSError, ValueError) as error:
        sys.exit(f"classify.py: {error}")


if __name__ == "__main__":
    main()
