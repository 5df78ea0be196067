r"""Answers as lines of text: what ``textcnn classify`` writes.

===============  ==============================================================================
``tsv``          label, probability and text; a tab, newline or backslash in a text is written
                 ``\t``, ``\n``, ``\r`` or ``\\``
``json``         an object a line
``csv``          a line a sentence, below a header
``spreadsheet``  the same, with ' before a cell that a spreadsheet would take for a formula
===============  ==============================================================================

A sentence that the network is not sure enough of has an empty label, or null in JSON. Where a
sentence may have several labels, they and their probabilities are lists in JSON, and
elsewhere stand in one cell each, parted as ``--label-separator`` reads them.
"""

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from textcnn.support.errors import UserError
from textcnn.support.text import csv_line, guard
from textcnn.training.checkpoint import Checkpoint

EXTENSIONS = {"tsv": ".tsv", "json": ".jsonl", "csv": ".csv", "spreadsheet": ".csv"}
"""How the name of a file in each format ends."""

FORMATS = tuple(EXTENSIONS)

Value = TypeVar("Value")


@dataclass(frozen=True)
class Answers:
    """What is said of N sentences.

    Attributes:
        texts: the sentences.
        labels: those that each is given: one, unless a sentence may have several or the network
            is not sure enough.
        probabilities: of those labels, and of the one that it is not sure enough of.
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
        abstain_below: float = 0.0,
    ) -> "Answers":
        """What the checkpoint's network says with these (N, C) probabilities.

        Where its most probable label has less than ``abstain_below``, a sentence is given none.
        """
        names = checkpoint.labels
        if checkpoint.thresholds is None:
            best = shares.argmax(axis=1)[:, None]
            labels = [[names[index]] for (index,) in best.tolist()]
            probabilities = np.take_along_axis(shares, best, axis=1).tolist()
        else:
            above = shares >= checkpoint.thresholds
            labels = [[names[index] for index in np.flatnonzero(row)] for row in above]
            probabilities = [row[given].tolist() for row, given in zip(shares, above, strict=True)]
        if abstain_below > 0:
            for row in np.flatnonzero(shares.max(axis=1) < abstain_below).tolist():
                labels[row] = []
        return cls(texts, labels, probabilities, shares)


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
        abstain_below: as for :meth:`Answers.of`.
        header: begin with the line above all others, where the format has one.
    """

    def __init__(
        self,
        form: str,
        checkpoint: Checkpoint,
        proba: bool,
        abstain_below: float = 0.0,
        header: bool = True,
    ):
        config = checkpoint.config
        separator = config.label_separator if config.multilabel else None
        layout = Layout(checkpoint.labels, proba, separator)
        self._checkpoint = checkpoint
        self._abstain_below = abstain_below
        self._lines = _LINES[form](layout)
        plain = form == "tsv" and separator is None and not proba
        self._many = _ManyTsvLines(checkpoint.labels, abstain_below) if plain else None
        self._pending = _csv_header(layout) if EXTENSIONS[form] == ".csv" and header else ""

    def __call__(self, texts: Sequence[str], probabilities: np.ndarray) -> bytes:
        """The lines, in UTF-8, for N texts and their (N, C) probabilities."""
        text = None
        if self._many is not None and len(texts) > 1:
            text = self._many(texts, probabilities)
        if text is None:
            checkpoint, limit = self._checkpoint, self._abstain_below
            text = "".join(self._lines(Answers.of(texts, probabilities, checkpoint, limit)))
        text, self._pending = self._pending + text, ""
        try:
            # What was not UTF-8 on the command line is given back as it came.
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # Half a character, which a few encodings (UTF-7) can spell.
            return text.encode("utf-8", "replace")


def check_abstaining(model: Checkpoint, abstain_below: float) -> None:
    """Raise :class:`UserError` where there is no one label to be unsure of."""
    if abstain_below > 0 and model.config.multilabel:
        raise UserError(
            "--abstain-below is for one label a sentence; here each label has a threshold already"
        )


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

    def __init__(self, names: Sequence[str], abstain_below: float):
        # The last begins the line of a sentence that is given none.
        self._labels = [f"{name.translate(ESCAPES)}\t" for name in [*names, ""]]
        self._shares = [f"{number / 10_000:.4f}\t" for number in range(10_001)]
        self._abstain_below = abstain_below

    def __call__(self, texts: Sequence[str], shares: np.ndarray) -> str | None:
        """The lines, or None where they have to be written one by one."""
        best = shares.argmax(axis=1)
        largest = np.take_along_axis(shares, best[:, None], axis=1)[:, 0]
        # Exact in float64 for any float32, so that rounding it rounds the probability itself, and
        # halves to even as writing it would.
        if shares.dtype != np.float32 or not ((largest >= 0) & (largest <= 1)).all():
            return None
        digits = np.rint(largest.astype(np.float64) * 10_000).astype(np.int64)
        if self._abstain_below > 0:
            best[largest < self._abstain_below] = len(self._labels) - 1
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
        answer: dict[str, object] = {"label": labels, "probability": probabilities, "text": text}
        if layout.separator is None:
            answer |= {"label": labels[0] if labels else None, "probability": probabilities[0]}
        if layout.proba:
            answer["probabilities"] = dict(zip(layout.names, row, strict=True))
        return json.dumps(answer, ensure_ascii=False) + "\n"

    def lines(answers: Answers) -> list[str]:
        rows = answers.shares.tolist()
        return list(map(line, answers.labels, answers.probabilities, answers.texts, rows))

    return lines


def _csv_lines(layout: Layout) -> Lines:
    def lines(answers: Answers) -> list[str]:
        labels = layout.cells(answers.labels, str)
        probabilities = layout.cells(answers.probabilities, "{:.6g}".format)
        columns = answers.shares.T.tolist() if layout.proba else []
        shares = [map("{:.6g}".format, column) for column in columns]
        return list(map(csv_line, zip(labels, probabilities, answers.texts, *shares, strict=True)))

    return lines


def _spreadsheet_lines(layout: Layout) -> Lines:
    """As :func:`_csv_lines`, but no label or text is taken for a formula, and so for a command."""
    guarded = Layout([guard(name) for name in layout.names], layout.proba, layout.separator)
    csv_lines = _csv_lines(guarded)

    def lines(answers: Answers) -> list[str]:
        labels = [[guard(name) for name in names] for names in answers.labels]
        texts = list(map(guard, answers.texts))
        return csv_lines(dataclasses.replace(answers, labels=labels, texts=texts))

    return lines


def _csv_header(layout: Layout) -> str:
    shares = (f"p({name})" for name in layout.names if layout.proba)
    return csv_line(["label", "probability", "text", *shares])


_LINES: dict[str, Callable[[Layout], Lines]] = {
    "tsv": _tsv_lines,
    "json": _json_lines,
    "csv": _csv_lines,
    "spreadsheet": _spreadsheet_lines,
}
