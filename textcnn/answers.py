r"""Answers as lines of text: what ``textcnn classify`` writes.

=========  ====================================================================================
``tsv``    label, probability and text; a tab, newline or backslash in a text is written ``\t``,
           ``\n``, ``\r`` or ``\\``
``json``   an object a line
``csv``    a line a sentence, below a header
=========  ====================================================================================

A sentence that the network is not sure enough of has an empty label, or null in JSON. Where a
sentence may have several labels, they and their probabilities are lists in JSON, and
elsewhere stand in one cell each, parted as ``--label-separator`` reads them.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from textcnn.checkpoint import Checkpoint
from textcnn.csv_line import csv_line
from textcnn.errors import UserError

EXTENSIONS = {"tsv": ".tsv", "json": ".jsonl", "csv": ".csv"}
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
    """

    def __init__(self, form: str, checkpoint: Checkpoint, proba: bool, abstain_below: float = 0.0):
        config = checkpoint.config
        separator = config.label_separator if config.multilabel else None
        layout = Layout(checkpoint.labels, proba, separator)
        self._checkpoint = checkpoint
        self._abstain_below = abstain_below
        self._lines = _LINES[form](layout)
        self._pending = _csv_header(layout) if form == "csv" else ""

    def __call__(self, texts: Sequence[str], probabilities: np.ndarray) -> bytes:
        """The lines, in UTF-8, for N texts and their (N, C) probabilities."""
        checkpoint, limit = self._checkpoint, self._abstain_below
        lines = self._lines(Answers.of(texts, probabilities, checkpoint, limit))
        text, self._pending = self._pending + "".join(lines), ""
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


def _tsv_lines(layout: Layout) -> Lines:
    escapes = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})
    escaped = {name: name.translate(escapes) for name in layout.names}

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
            f"{label}\t{share}\t{text.translate(escapes)}\n"
            for label, share, text in zip(labels, shares, answers.texts, strict=True)
        ]

    return lines


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


def _csv_header(layout: Layout) -> str:
    shares = (f"p({name})" for name in layout.names if layout.proba)
    return csv_line(["label", "probability", "text", *shares])


_LINES: dict[str, Callable[[Layout], Lines]] = {
    "tsv": _tsv_lines,
    "json": _json_lines,
    "csv": _csv_lines,
}
