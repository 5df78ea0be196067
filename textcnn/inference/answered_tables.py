"""Rows of a table with their answers: every column kept, the label and its probability added."""

import csv
import dataclasses
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.data.datasets.cells import names_texts
from textcnn.data.datasets.foreign_formats import refuse_foreign
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.datasets.rows import COLUMNS, ReadingOptions, Row
from textcnn.data.datasets.table_signs import sign_of_table
from textcnn.data.datasets.tables import Table, read_table
from textcnn.data.datasets.text_files import Report, wide_encoding
from textcnn.data.tokenizer_choice import without_token
from textcnn.inference.answer_lines import ESCAPES, Answers, Layout, gives_several
from textcnn.inference.classifier import Classifier
from textcnn.inference.decoded_lines import CHUNK_BYTES, DecodedLines, put_back
from textcnn.inference.given_labels import Choice
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

FORM_OF = {"tsv": "tsv", "jsonl": "json"}
"""The format of answers to a table of each format; ``csv`` to all others."""

ROWS = 8192
"""Answered and written at once."""

Cells = Mapping[str, object]


def open_sentences(
    path: Path,
    read: Callable[[int], bytes],
    config: Config,
    given: Mapping[str, Any],
    report: Report,
    whole: Callable[[Callable[[int], bytes]], bytes] | None = None,
) -> Table | DecodedLines:
    """What is to be answered: a table as the run has read its own, or a sentence a line.

    It is a table where its name or its beginning says so, or where ``text_column`` is given.

    Args:
        path: a file.
        read: gives up to so many of its bytes, unpacked.
        config: the run's options.
        given: those of reading that were given now, which go before them.
        report: told in one line of what was found out.
        whole: reads all that ``read`` gives, where ``path`` is only a name.

    Raises:
        UserError: it cannot be read.
    """
    reading = ReadingOptions.of(dataclasses.replace(config, **given), not COLUMNS & given.keys())
    head = read(CHUNK_BYTES)
    read, wide = put_back(head, read), wide_encoding(head)
    sign = sign_of_table(path, head, wide or reading.encoding, reading)
    if sign or "text_column" in given:
        if format_of_suffix(path) is not None:
            reading = dataclasses.replace(reading, format="auto")
        elif not sign and reading.format == "auto":
            reading = dataclasses.replace(reading, format="csv")
        table = read_table(path, reading, labels=(), data=whole and whole(read))
        for line in table.said:
            report(line)
        return table
    refuse_foreign(head, path)
    if wide:
        report(f"{path}: read as {wide.upper()}, which its first bytes say it is")
    first = head.decode(wide or "utf-8", "ignore").partition("\n")[0]
    named, parted = names_texts(first, reading.text_column), "\t" in first
    if named or parted or (config.format != "auto" and whole is None):
        column = first.strip("\ufeff\r ") if named else 1 + parted or reading.text_column
        report(f"{path}: read as a sentence a line; --text-column {column} reads it as a table")
    return DecodedLines(read, wide or given.get("encoding", "utf-8"), str(path))


def remarks_on(table: Table, rows: Sequence[Row], classifier: Classifier) -> Iterator[str]:
    """What is to be known of a table's answers, a line each."""
    columns = all_columns(table.columns, (row.cells for row in rows))
    if added_columns(columns) != added_columns(()):
        yield f"beside the table's columns, the answers are {' and '.join(added_columns(columns))}"
    no_token = sum(row.fault is None and not classifier.tokenize(row.text) for row in rows)
    if no_token:
        yield without_token(no_token, len(rows), classifier.checkpoint.config.tokenizer)


def rows_to_answer(table: Table) -> list[Row]:
    """All of them.

    Raises:
        UserError: there are none.
    """
    rows = list(table.rows)
    if not rows:
        raise UserError(f"{table.path} holds no rows")
    return rows


def complaint_of(rows: Sequence[Row]) -> str:
    """What there is to say of rows without an answer; empty where all have one."""
    bad = [row for row in rows if row.fault is not None]
    if not bad:
        return ""
    return f"{bad[0].where}: {bad[0].fault}; {len(bad):,} of {len(rows):,} rows have no answer"


def answered_table(
    table: Table,
    rows: Sequence[Row],
    classifier: Classifier,
    form: str | None,
    proba: bool,
    choice: Choice,
) -> Iterator[bytes]:
    """The lines of a table with its answers, some thousands at a time.

    Args:
        table: as it was opened.
        rows: its rows.
        classifier: what answers.
        form: one of :data:`textcnn.inference.answer_lines.FORMATS`; None for the table's own.
        proba: give the probabilities of all classes.
        choice: which labels are given.
    """
    columns = all_columns(table.columns, (row.cells for row in rows))
    # As in the table: where its columns are counted, there is no header.
    header = columns != [str(number) for number in range(1, 1 + len(columns))]
    write = TableWriter(
        form or FORM_OF.get(table.format, "csv"),
        table.delimiter if table.delimiter and table.format == "csv" else ",",
        columns,
        header,
        classifier.checkpoint,
        proba,
        choice,
    )
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        shares = classifier.predict_proba([row.text for row in part])
        yield write([row.cells for row in part], shares, [row.fault is None for row in part])


def added_columns(columns: Sequence[str]) -> tuple[str, str]:
    """What the label and its probability are called beside these columns."""
    label, probability = (
        name if name not in columns else f"predicted_{name}" for name in ("label", "probability")
    )
    return label, probability


def all_columns(first: Sequence[str], rows: Iterable[Cells]) -> list[str]:
    """The columns of all rows, those of ``first`` before others: JSON's objects may differ."""
    return list(dict.fromkeys([*first, *(name for cells in rows for name in cells)]))


class TableWriter:
    """Turns rows and their probabilities into the next lines of an answered table.

    Args:
        form: one of :data:`textcnn.inference.answer_lines.FORMATS`.
        delimiter: what parts the fields of CSV.
        columns: of the table.
        header: whether it has one.
        checkpoint: of the network that answers.
        proba: give the probabilities of all classes.
        choice: which labels are given.
    """

    def __init__(
        self,
        form: str,
        delimiter: str,
        columns: Sequence[str],
        header: bool,
        checkpoint: Checkpoint,
        proba: bool,
        choice: Choice,
    ):
        is_list = gives_several(checkpoint, choice)
        several = checkpoint.config.label_separator if is_list else None
        self._layout = Layout(checkpoint.labels, proba, several)
        self._form, self._delimiter, self._columns = form, delimiter, columns
        self._checkpoint, self._choice = checkpoint, choice
        self._added = added_columns(columns)
        names = [*columns, *self._added, *(f"p({name})" for name in checkpoint.labels if proba)]
        self._pending = self._line(names) if header and form != "json" else ""

    def __call__(
        self, rows: Sequence[Cells], probabilities: np.ndarray, answered: Sequence[bool]
    ) -> bytes:
        """The lines, in UTF-8, of N rows.

        Args:
            rows: the cells of each.
            probabilities: (N, C).
            answered: which of them are given an answer; the others have none.
        """
        texts = [""] * len(rows)
        answers = Answers.of(texts, probabilities, self._checkpoint, self._choice)
        write = self._object if self._form == "json" else self._fields
        lines = [
            write(cells, *(answer if is_answered else ([], [], [])))
            for cells, is_answered, *answer in zip(
                rows,
                answered,
                answers.labels,
                answers.probabilities,
                probabilities.tolist(),
                strict=True,
            )
        ]
        text, self._pending = self._pending + "".join(lines), ""
        return text.encode("utf-8", "replace")

    def _object(
        self, cells: Cells, labels: list[str], probabilities: list[float], shares: list[float]
    ) -> str:
        one = self._layout.separator is None
        first = next(iter(labels), None), next(iter(probabilities), None)
        added = first if one else (labels, probabilities)
        answer: dict[str, Any] = {**cells, **dict(zip(self._added, added, strict=True))}
        if self._layout.proba:
            answer["probabilities"] = dict(zip(self._layout.names, shares, strict=False))
        try:
            line = json.dumps(answer, ensure_ascii=False, default=str, allow_nan=False)
        except ValueError:
            line = json.dumps(_finite(answer), ensure_ascii=False, default=str)
        return line + "\n"

    def _fields(
        self, cells: Cells, labels: list[str], probabilities: list[float], shares: list[float]
    ) -> str:
        label = self._layout.cells([labels], str)
        probability = self._layout.cells([probabilities], "{:.6g}".format)
        every = [f"{share:.6g}" for share in shares] or [""] * len(self._layout.names)
        return self._line(
            [
                *(_words(cells.get(name)) for name in self._columns),
                *label,
                *probability,
                *(every if self._layout.proba else ()),
            ]
        )

    def _line(self, fields: Sequence[str]) -> str:
        if self._form == "tsv":
            return "\t".join(field.translate(ESCAPES) for field in fields) + "\n"
        line = io.StringIO()
        csv.writer(line, delimiter=self._delimiter, lineterminator="\n").writerow(fields)
        return line.getvalue()


def _finite(value: Any) -> Any:
    """The same with null for the numbers that JSON has not: NaN and the infinite ones."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(_finite, value))
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _words(value: object) -> str:
    """A cell as text: what JSON knows and is no text as JSON writes it, all else as Python does."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
