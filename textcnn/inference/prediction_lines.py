r"""Predictions as lines of text: what ``textcnn classify`` writes.

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
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from textcnn.inference.predicted_labels import Choice
from textcnn.support.text import csv_line, guard
from textcnn.training.checkpoint import Checkpoint

EXTENSIONS = {"tsv": ".tsv", "json": ".jsonl", "csv": ".csv", "spreadsheet": ".csv"}
"""How the name of a file in each format ends."""

PREDICTION_FORMATS = tuple(EXTENSIONS)

DEFAULT_CHOICE = Choice()
"""The labels that a model gives by itself."""

ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})
"""What TSV writes for characters that would end a field or a line."""

Value = TypeVar("Value")


class Prediction(NamedTuple):
    """The prediction for a sentence; empty where there can be none.

    Attributes:
        labels: those that it is given: one, unless it may have several or the network is not sure
            enough.
        probabilities: of those labels; of the most probable one, given or not, where there is but
            one to give.
        shares: the probabilities of all classes, where they are asked for.
    """

    labels: Sequence[str] = ()
    probabilities: Sequence[float] = ()
    shares: Sequence[float] = ()


@dataclass(frozen=True)
class Layout:
    """The layout of predictions in lines and cells.

    Attributes:
        model: what predicts.
        proba: whether the probabilities of all classes are given.
        choice: which labels are given.
    """

    model: Checkpoint
    proba: bool
    choice: Choice = DEFAULT_CHOICE

    @functools.cached_property
    def separator(self) -> str | None:
        """What stands between several labels; None where a sentence is given but one."""
        several = self.model.thresholds is not None or self.choice.top_k is not None
        return self.model.config.label_separator if several else None

    def predictions(self, shares: np.ndarray) -> Iterator[Prediction]:
        """What the model says of N sentences with these (N, C) probabilities."""
        classes = self.choice.classes(shares, self.model)
        labels = ([self.model.labels[index] for index in given] for given in classes)
        probabilities = (
            shares.max(axis=1, keepdims=True).tolist()
            if self.separator is None
            else [row[given].tolist() for row, given in zip(shares, classes, strict=True)]
        )
        rows = shares.tolist() if self.proba else itertools.repeat(())
        return map(Prediction, labels, probabilities, rows)

    @property
    def columns_of_shares(self) -> list[str]:
        """What the probabilities of all classes are called in a header."""
        return [f"p({name})" for name in self.model.labels] if self.proba else []

    def cell(self, values: Iterable[Value], write: Callable[[Value], str]) -> str:
        """The labels of a sentence, or their probabilities, in one cell."""
        return (self.separator or "").join(map(write, values))

    def fields(self, prediction: Prediction) -> list[str]:
        """The prediction as CSV has it: labels, probabilities, and those of all classes."""
        shares = [f"{share:.6g}" for share in prediction.shares]
        return [
            self.cell(prediction.labels, str),
            self.cell(prediction.probabilities, "{:.6g}".format),
            *(shares or [""] * len(self.columns_of_shares)),
        ]

    def members(
        self, prediction: Prediction, label: str = "label", probability: str = "probability"
    ) -> dict[str, Any]:
        """The prediction as JSON has it, under these names, but for the probabilities of all."""
        labels, probabilities = prediction.labels, prediction.probabilities
        if self.separator is None:
            return {label: next(iter(labels), None), probability: next(iter(probabilities), None)}
        return {label: labels, probability: probabilities}

    def object_line(self, prediction: Prediction, members: Mapping[str, Any]) -> str:
        """A line of JSON with these members, the last of them the probabilities of all classes."""
        values = {**members}
        if self.proba:
            values["probabilities"] = dict(zip(self.model.labels, prediction.shares, strict=False))
        try:
            return json.dumps(values, ensure_ascii=False, default=str, allow_nan=False) + "\n"
        except ValueError:
            return json.dumps(_finite(values), ensure_ascii=False, default=str) + "\n"


def _finite(value: Any) -> Any:
    """The same with null for the numbers that JSON has not: NaN and the infinite ones."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(_finite, value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


class PredictionWriter:
    """Turns texts and their probabilities into the next lines of one file or stream.

    Args:
        form: one of :data:`PREDICTION_FORMATS`.
        checkpoint: of the network that predicts.
        proba: give the probabilities of all classes.
        choice: which labels are given.
        header: begin with the line above all others, where the format has one.
    """

    def __init__(
        self,
        form: str,
        checkpoint: Checkpoint,
        proba: bool,
        choice: Choice = DEFAULT_CHOICE,
        header: bool = True,
    ):
        self._layout = layout = Layout(checkpoint, proba, choice)
        self._line = {"tsv": self._tsv_line, "json": self._json_line}.get(form, self._csv_line)
        # No label or text is taken for a formula, and so for a command.
        self._clean: Callable[[str], str] = guard if form == "spreadsheet" else str
        self._escaped = {name: name.translate(ESCAPES) for name in checkpoint.labels}
        # The last begins the line of a sentence that is given none.
        self._beginnings = [f"{name}\t" for name in (*self._escaped.values(), "")]
        self._plain = form == "tsv" and layout.separator is None and not proba
        self._limits = choice.limits(checkpoint)
        self._pending = ""
        if EXTENSIONS[form] == ".csv" and header:
            names = ["label", "probability", "text", *layout.columns_of_shares]
            self._pending = csv_line(names)

    def __call__(self, texts: Sequence[str], probabilities: np.ndarray) -> bytes:
        """The lines, in UTF-8, for N texts and their (N, C) probabilities."""
        many = self._plain and len(texts) > 1
        text = self._many_lines(texts, probabilities) if many else None
        if text is None:
            text = "".join(map(self._line, texts, self._layout.predictions(probabilities)))
        text, self._pending = self._pending + text, ""
        try:
            # What was not UTF-8 on the command line is given back as it came.
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # Half a character, which a few encodings (UTF-7) can spell.
            return text.encode("utf-8", "replace")

    def _tsv_line(self, text: str, prediction: Prediction) -> str:
        label = self._layout.cell(prediction.labels, self._escaped.__getitem__)
        share = self._layout.cell(prediction.probabilities, "{:.4f}".format)
        if self._layout.proba:
            shares = zip(self._escaped.values(), prediction.shares, strict=True)
            share = " ".join(f"{name}={share:.4f}" for name, share in shares)
        return f"{label}\t{share}\t{text.translate(ESCAPES)}\n"

    def _json_line(self, text: str, prediction: Prediction) -> str:
        return self._layout.object_line(
            prediction, {**self._layout.members(prediction), "text": text}
        )

    def _csv_line(self, text: str, prediction: Prediction) -> str:
        label, probability, *shares = self._layout.fields(prediction)
        return csv_line([self._clean(label), probability, self._clean(text), *shares])

    def _many_lines(self, texts: Sequence[str], shares: np.ndarray) -> str | None:
        """What :meth:`_tsv_line` writes of one label a sentence, in an eighth of the time.

        A probability of four digits is one of 10,001 texts, made once; escaping is left out where
        one look at all sentences finds nothing to escape; and the rest is one ``join``. None where
        the lines have to be written one by one.
        """
        best = shares.argmax(axis=1)
        largest = np.take_along_axis(shares, best[:, None], axis=1)[:, 0]
        # Exact in float64 for any float32, so that rounding it rounds the probability itself, and
        # halves to even as writing it would.
        if shares.dtype != np.float32 or not ((largest >= 0) & (largest <= 1)).all():
            return None
        digits = np.rint(largest.astype(np.float64) * 10_000).astype(np.int64)
        best[largest < self._limits[best]] = len(self._beginnings) - 1
        everything = "".join(texts)
        if any(mark in everything for mark in "\t\n\r\\"):
            texts = [text.translate(ESCAPES) for text in texts]
        cells = ["\n"] * (4 * len(texts))
        cells[::4] = map(self._beginnings.__getitem__, best.tolist())
        cells[1::4] = map(_rounded_shares().__getitem__, digits.tolist())
        cells[2::4] = texts
        return "".join(cells)


@functools.cache
def _rounded_shares() -> list[str]:
    return [f"{number / 10_000:.4f}\t" for number in range(10_001)]
