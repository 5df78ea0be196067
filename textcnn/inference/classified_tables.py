"""Rows of a table with their predictions: every column, then the label and its probability."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textcnn.data.datasets.cells import Selection, Table, names_texts
from textcnn.data.datasets.foreign_formats import refuse_foreign
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.datasets.rows import COLUMNS, Row
from textcnn.data.datasets.tables import is_table, read_table
from textcnn.data.datasets.text_files import Report, wide_encoding
from textcnn.data.tokenizer_choice import count_blank, without_token
from textcnn.inference.classifier import Classifier
from textcnn.inference.decoded_lines import CHUNK_BYTES, DecodedLines, put_back
from textcnn.inference.predicted_labels import Choice
from textcnn.inference.prediction_lines import ESCAPES, Layout, Prediction
from textcnn.recipe.config import Config
from textcnn.support.text import csv_line, guard

FORM_OF = {"tsv": "tsv", "jsonl": "json"}
"""The format of predictions for a table of each format; ``csv`` to all others."""

ROWS = 8192
"""Classified and written at once."""

Cells = Mapping[str, object]


def open_sentences(
    path: Path,
    read: Callable[[int], bytes],
    config: Config,
    options: Mapping[str, Any],
    report: Report,
    whole: Callable[[Callable[[int], bytes]], bytes] | None = None,
) -> Table | DecodedLines:
    """What is to be classified: a table as the run has read its own, or a sentence a line.

    It is a table where its name or its beginning says so, or where ``text_column`` is given.

    Args:
        path: a file.
        read: gives up to so many of its bytes, unpacked.
        config: the run's options.
        options: those of reading that were given now, which go before them.
        report: told in one line of what was found out.
        whole: reads all that ``read`` gives, where ``path`` is only a name.

    Raises:
        UserError: it cannot be read.
    """
    reading = dataclasses.replace(config, **options)
    taken = Selection(reading, (), not COLUMNS & options.keys(), report)
    head = read(CHUNK_BYTES)
    read, wide = put_back(head, read), wide_encoding(head)
    known = is_table(path, head, wide or reading.encoding, taken)
    if known or "text_column" in options:
        if format_of_suffix(path) is not None:
            reading = dataclasses.replace(reading, format="auto")
        elif not known and reading.format == "auto":
            reading = dataclasses.replace(reading, format="csv")
        taken = dataclasses.replace(taken, options=reading)
        return read_table(path, taken, data=whole and whole(read))
    refuse_foreign(head, path)
    if wide:
        report(f"{path}: read as {wide.upper()}, which its first bytes say it is")
    first = head.decode(wide or "utf-8", "ignore").partition("\n")[0]
    named, parted = names_texts(first, reading.text_column), "\t" in first
    if named or parted or (config.format != "auto" and whole is None):
        column = first.strip("\ufeff\r ") if named else 1 + parted or reading.text_column
        report(f"{path}: read as a sentence a line; --text-column {column} reads it as a table")
    return DecodedLines(read, wide or options.get("encoding", "utf-8"), str(path))


def remarks_on(table: Table, rows: Sequence[Row], classifier: Classifier) -> Iterator[str]:
    """What is to be known of a table's predictions, a line each."""
    columns = all_columns(table.columns, (row.cells for row in rows))
    if added_columns(columns) != added_columns(()):
        added = " and ".join(added_columns(columns))
        yield f"beside the table's columns, the predictions are {added}"
    read = [row.text for row in rows if row.fault is None]
    no_token = [text for text in read if not classifier.tokenize(text)]
    if no_token:
        yield without_token(
            len(no_token), len(rows), classifier.checkpoint.config.tokenizer, count_blank(no_token)
        )


def complaint_of(rows: Sequence[Row]) -> str:
    """What there is to say of rows without a prediction; empty where all have one."""
    bad = [row for row in rows if row.fault is not None]
    if not bad:
        return ""
    return f"{bad[0].where}: {bad[0].fault}; {len(bad):,} of {len(rows):,} rows have no prediction"


def classified_table(
    table: Table,
    rows: Sequence[Row],
    classifier: Classifier,
    form: str | None,
    proba: bool,
    choice: Choice,
) -> Iterator[bytes]:
    """The lines of a table with its predictions, some thousands at a time.

    Args:
        table: as it was opened.
        rows: its rows.
        classifier: what predicts.
        form: one of :data:`.prediction_lines.PREDICTION_FORMATS`; None for the table's own.
        proba: give the probabilities of all classes.
        choice: which labels are given.
    """
    columns = all_columns(table.columns, (row.cells for row in rows))
    layout, form = Layout(classifier.checkpoint, proba, choice), form or FORM_OF.get(table.format)
    added = added_columns(columns)
    delimiter = table.delimiter if table.delimiter and table.format == "csv" else ","

    def line(fields: Sequence[str]) -> str:
        if form == "tsv":
            return "\t".join(field.translate(ESCAPES) for field in fields) + "\n"
        return csv_line(map(guard, fields) if form == "spreadsheet" else fields, delimiter)

    def written(cells: Cells, prediction: Prediction) -> str:
        if form == "json":
            return layout.object_line(prediction, {**cells, **layout.members(prediction, *added)})
        return line([*(_words(cells.get(name)) for name in columns), *layout.fields(prediction)])

    # As in the table: where its columns are counted, there is no header.
    if form != "json" and columns != [str(number) for number in range(1, 1 + len(columns))]:
        yield line([*columns, *added, *layout.columns_of_shares]).encode("utf-8", "replace")
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        predictions = layout.predictions(classifier.predict_proba([row.text for row in part]))
        lines = [
            written(row.cells, prediction if row.fault is None else Prediction())
            for row, prediction in zip(part, predictions, strict=True)
        ]
        yield "".join(lines).encode("utf-8", "replace")


def added_columns(columns: Sequence[str]) -> tuple[str, str]:
    """What the label and its probability are called beside these columns."""
    label, probability = (
        name if name not in columns else f"predicted_{name}" for name in ("label", "probability")
    )
    return label, probability


def all_columns(first: Sequence[str], rows: Iterable[Cells]) -> list[str]:
    """The columns of all rows, those of ``first`` before others: JSON's objects may differ."""
    return list(dict.fromkeys([*first, *(name for cells in rows for name in cells)]))


def _words(value: object) -> str:
    """A cell as text: what JSON knows and is no text as JSON writes it, all else as Python does."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
