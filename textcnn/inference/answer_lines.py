r"""Answers as lines of text: what ``textcnn classify`` writes.

===============  ==============================================================================
``tsv``          label, probability and text; a tab, newline or backslash in a text is written
                 ``\t``, ``\n``, ``\r`` or ``\\``
``json``         an object a line
``csv``          a line a sentence, below a header
``spreadsheet``  the same, with ' before a cell that a spreadsheet would take for a formula
===============  ==============================================================================

A sentence that the network is not sure enough of has an empty label, or null in JSON. Where a
sentence may have several labels, or is given the ``top_k`` most probable ones, they and their
probabilities are lists in JSON, and elsewhere stand in one cell each, parted as
``--label-separator`` reads them.
"""

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from textcnn.inference.given_labels import Choice
from textcnn.support.text import csv_line, guard
from textcnn.training.checkpoint import Checkpoint

EXTENSIONS = {"tsv": ".tsv", "json": ".jsonl", "csv": ".csv", "spreadsheet": ".csv"}
"""How the name of a file in each format ends."""

FORMATS = tuple(EXTENSIONS)

EVERY = Choice()
"""The labels that a model gives by itself."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Answers:
    """What is said of N sentences.

    Attributes:
        texts: the sentences.
        labels: those that each is given: one, unless a sentence may have several or the network
            is not sure enough.
        probabilities: of those labels; of the most probable one, given or not, where there is but
            one to give.
        shares: (N, C) the probabilities of all classes.
    """

    texts: Sequence[str]
    labels: list[list[str]]
    probabilities: list[list[float]]
    shares: np.ndarray

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        shares: np.ndarray,
        checkpoint: Checkpoint,
        choice: Choice = EVERY,
    ) -> "Answers":
        """What the checkpoint's network says with these (N, C) probabilities."""
        classes = choice.classes(shares, checkpoint)
        labels = [[checkpoint.labels[index] for index in row] for row in classes]
        if gives_several(checkpoint, choice):
            probabilities = [
                row[given].tolist() for row, given in zip(shares, classes, strict=True)
            ]
        else:
            probabilities = shares.max(axis=1, keepdims=True).tolist()
        return cls(texts, labels, probabilities, shares)


def gives_several(model: Checkpoint, choice: Choice) -> bool:
    """Whether a sentence may be given more labels than one, so that they are written as a list."""
    return model.thresholds is not None or choice.top_k is not None


@dataclass(frozen=True)
class Layout:
    """How answers are written down.

    Attributes:
        names: of the C classes, in class order.
        proba: whether the probabilities of all classes are given.
        separator: what stands between several labels; None where a sentence has one.
    """

    names: Sequence[str]
    proba: bool
    separator: str | None

    @classmethod
    def of(cls, checkpoint: Checkpoint, proba: bool, choice: Choice) -> "Layout":
        """For what the checkpoint's network answers."""
        several = gives_several(checkpoint, choice)
        return cls(checkpoint.labels, proba, checkpoint.config.label_separator if several else None)

    def one_or_list(self, values: Sequence[object]) -> object:
        """The labels of a sentence, or their probabilities, as JSON has them: one may be none."""
        if self.separator is None:
            return values[0] if values else None
        return values

    def cells(self, rows: Sequence[Sequence[Value]], write: Callable[[Value], str]) -> list[str]:
        """The labels of each sentence, or their probabilities, in one cell."""
        if self.separator is None:  # No need to put together what is one, or nothing.
            return [write(row[0]) if row else "" for row in rows]
        return [self.separator.join(map(write, row)) for row in rows]


class AnswerWriter:
    """Turns texts and their probabilities into the next lines of one file or stream.

    Args:
        form: one of :data:`FORMATS`.
        checkpoint: of the network that answers.
        proba: give the probabilities of all classes.
        choice: which labels are given.
        header: begin with the line above all others, where the format has one.
    """

    def __init__(
        self,
        form: str,
        checkpoint: Checkpoint,
        proba: bool,
        choice: Choice = EVERY,
        header: bool = True,
    ):
        layout = Layout.of(checkpoint, proba, choice)
        self._checkpoint = checkpoint
        self._choice = choice
        self._lines = _LINES[form](layout)
        plain = form == "tsv" and layout.separator is None and not proba
        self._many = _ManyTsvLines(checkpoint.labels, choice.limits(checkpoint)) if plain else None
        self._pending = ""
        if EXTENSIONS[form] == ".csv" and header:
            shares = (f"p({name})" for name in layout.names if proba)
            self._pending = csv_line(["label", "probability", "text", *shares])

    def __call__(self, texts: Sequence[str], probabilities: np.ndarray) -> bytes:
        """The lines, in UTF-8, for N texts and their (N, C) probabilities."""
        text = None
        if self._many is not None and len(texts) > 1:
            text = self._many(texts, probabilities)
        if text is None:
            answers = Answers.of(texts, probabilities, self._checkpoint, self._choice)
            text = "".join(self._lines(answers))
        text, self._pending = self._pending + text, ""
        try:
            # What was not UTF-8 on the command line is given back as it came.
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # Half a character, which a few encodings (UTF-7) can spell.
            return text.encode("utf-8", "replace")


Lines = Callable[[Answers], list[str]]


ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})
"""What TSV writes for characters that would end a field or a line."""


def _tsv_lines(layout: Layout) -> Lines:
    escaped = {name: name.translate(ESCAPES) for name in layout.names}

    def all_shares(row: list[float]) -> str:
        shares = zip(escaped.values(), row, strict=True)
        return " ".join(f"{name}={share:.4f}" for name, share in shares)

    def lines(answers: Answers) -> list[str]:
        labels = layout.cells(answers.labels, escaped.__getitem__)
        if layout.proba:
            shares = list(map(all_shares, answers.shares.tolist()))
        else:
            shares = layout.cells(answers.probabilities, "{:.4f}".format)
        return [
            f"{label}\t{share}\t{text.translate(ESCAPES)}\n"
            for label, share, text in zip(labels, shares, answers.texts, strict=True)
        ]

    return lines


class _ManyTsvLines:
    """What :func:`_tsv_lines` writes of one label a sentence, in an eighth of the time.

    A probability of four digits is one of 10,001 texts, made once; escaping is left out where one
    look at all sentences finds nothing to escape; and the rest is one ``join``.
    """

    def __init__(self, names: Sequence[str], limits: np.ndarray):
        # The last begins the line of a sentence that is given none.
        self._labels = [f"{name.translate(ESCAPES)}\t" for name in [*names, ""]]
        self._limits = limits if limits.any() else None

    @functools.cached_property
    def _shares(self) -> list[str]:
        return [f"{number / 10_000:.4f}\t" for number in range(10_001)]

    def __call__(self, texts: Sequence[str], shares: np.ndarray) -> str | None:
        """The lines, or None where they have to be written one by one."""
        best = shares.argmax(axis=1)
        largest = np.take_along_axis(shares, best[:, None], axis=1)[:, 0]
        # Exact in float64 for any float32, so that rounding it rounds the probability itself, and
        # halves to even as writing it would.
        if shares.dtype != np.float32 or not ((largest >= 0) & (largest <= 1)).all():
            return None
        digits = np.rint(largest.astype(np.float64) * 10_000).astype(np.int64)
        if self._limits is not None:
            best[largest < self._limits[best]] = len(self._labels) - 1
        everything = "".join(texts)
        if any(mark in everything for mark in "\t\n\r\\"):
            texts = [text.translate(ESCAPES) for text in texts]
        cells = ["\n"] * (4 * len(texts))
        cells[::4] = map(self._labels.__getitem__, best.tolist())
        cells[1::4] = map(self._shares.__getitem__, digits.tolist())
        cells[2::4] = texts
        return "".join(cells)


def _json_lines(layout: Layout) -> Lines:
    def line(labels: list[str], probabilities: list[float], text: str, row: list[float]) -> str:
        answer: dict[str, object] = {
            "label": layout.one_or_list(labels),
            "probability": layout.one_or_list(probabilities),
            "text": text,
        }
        if layout.proba:
            answer["probabilities"] = dict(zip(layout.names, row, strict=True))
        return json.dumps(answer, ensure_ascii=False) + "\n"

    def lines(answers: Answers) -> list[str]:
        rows = answers.shares.tolist()
        return list(map(line, answers.labels, answers.probabilities, answers.texts, rows))

    return lines


def _csv_lines(layout: Layout, clean: Callable[[str], str] = str) -> Lines:
    def lines(answers: Answers) -> list[str]:
        labels = layout.cells(answers.labels, clean)
        probabilities = layout.cells(answers.probabilities, "{:.6g}".format)
        texts = map(clean, answers.texts)
        columns = answers.shares.T.tolist() if layout.proba else []
        shares = [map("{:.6g}".format, column) for column in columns]
        return list(map(csv_line, zip(labels, probabilities, texts, *shares, strict=True)))

    return lines


_LINES: dict[str, Callable[[Layout], Lines]] = {
    "tsv": _tsv_lines,
    "json": _json_lines,
    "csv": _csv_lines,
    # No label or text is taken for a formula, and so for a command.
    "spreadsheet": functools.partial(_csv_lines, clean=guard),
}
