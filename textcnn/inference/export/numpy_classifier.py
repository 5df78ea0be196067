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

import json
import sys
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
        self._numbers = {word: number for number, word in enumerate(header["vocabulary"])}

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

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """(N, C) float32."""
        starts = range(0, len(texts), CHUNK)
        chunks = [self._logits(texts[start : start + CHUNK]) for start in starts]
        return np.concatenate(chunks or [np.zeros((0, len(self.labels)), np.float32)])

    def tokens(self, text: str) -> list[str]:
        """A text's words, as far as they are read."""
        return self._tokenize(text)[: self._header["max_tokens"] or None]

    def _logits(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [self.tokens(text) for text in texts]
        sentences = [
            np.array([self._numbers.get(token, UNKNOWN) for token in words], np.int64)
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
            wanted = np.where(last == UNKNOWN, -1, before * len(self._numbers) + last)
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
    """The model in an .npz file; nothing in it is unpickled."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(arrays.pop("header").tobytes())
    return Model(header, arrays)


def main() -> None:
    """Label sentences."""
    if len(sys.argv) < 2:
        sys.exit("usage: python classify.py MODEL.npz [SENTENCE ...]")
    model = load(sys.argv[1])
    between = model.label_separator
    for text in sys.argv[2:] or (line.rstrip("\r\n") for line in sys.stdin):
        shares = model.probabilities([text])[0]
        label = model.classify([text])[0]
        given = [label] if isinstance(label, str) else label
        numbers = [f"{shares[model.labels.index(name)]:.4f}" for name in given]
        print(between.join(given), between.join(numbers), text, sep="\t", flush=True)


if __name__ == "__main__":
    main()
