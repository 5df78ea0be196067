"""Files with a label in each row, whatever their format: one reader for every command."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from textcnn.data.datasets.cells import Taken
from textcnn.data.datasets.delimited import delimited_rows, names_its_columns
from textcnn.data.datasets.formats import told_format, untold
from textcnn.data.datasets.json_rows import json_rows
from textcnn.data.datasets.labelled_lines import (
    LINE_COLUMNS,
    fasttext_rows,
    joined_to_text,
    trec_rows,
)
from textcnn.data.datasets.parquet import PARQUET_MAGIC, parquet_rows
from textcnn.data.datasets.rows import ReadingOptions, Row
from textcnn.data.datasets.text_files import decode, read_bytes, unpacked_bytes
from textcnn.data.datasets.workbooks import is_workbook, workbook_rows
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class Table:
    """A table that was opened.

    Attributes:
        path: its file.
        format: "parquet", "xlsx" or one of :data:`textcnn.data.datasets.formats.FORMATS`.
        columns: their names in order, "1", "2" and so on where there is no header; those of the
            first object where it is JSON, whose objects may differ.
        delimiter: what parts the fields of a line, or None where nothing does.
        said: a line for each thing that was found out and not asked for, such as the delimiter.
        asked: what the columns of text and label are called.
        rows: to be iterated over once; a row that cannot be used has a ``fault`` and is for the
            caller to refuse.
    """

    path: Path
    format: str
    columns: tuple[str, ...]
    delimiter: str | None
    said: tuple[str, ...]
    asked: tuple[str, str]
    rows: Iterator[Row]


def read_table(
    path: Path,
    options: ReadingOptions,
    labels: tuple[str, ...] | None = None,
    data: bytes | None = None,
) -> Table:
    """Open the table in ``path``, which may be compressed with gzip.

    Args:
        path: a CSV, TSV, JSON, Parquet or Excel file, or one whose lines begin with their label.
        options: how it is written; "auto" tells its format by name and content.
        labels: the labels of every row, which may be ``()``; the label column is then not needed.
            None takes them from there.
        data: the content, where ``path`` is only a name.

    Raises:
        UserError: it cannot be read, its format cannot be told, or it has no such columns; naming
            the file, and the line or option. Iterating raises it for faults that end the reading.
    """
    taken = Taken(options, labels)
    if data is None:
        data = read_bytes(path, readable=is_workbook)
    else:
        data = unpacked_bytes(data, path, readable=is_workbook)
    if is_workbook(data):
        columns, about, rows = workbook_rows(data, path, taken)
        return _opened(path, "xlsx", columns, None, about, taken, rows)
    if data.startswith(PARQUET_MAGIC):
        columns, rows = parquet_rows(data, path, taken)
        return _opened(path, "parquet", columns, None, [], taken, rows)
    said: list[str] = []
    text = decode(data, path, options.encoding, said.append)
    format = _format(text, path, taken)
    if format in ("csv", "tsv"):
        found = delimited_rows(text, path, taken, quoted=format == "csv")
        said += found.said
        return _opened(path, format, found.columns, found.delimiter, said, taken, found.rows)
    if options.delimiter is not None:
        raise UserError(f"--delimiter is for CSV and TSV, but {path} is read as {format}")
    if format == "jsonl":
        columns, rows = json_rows(text, path, taken)
    elif format == "fasttext":
        said += joined_to_text(text, path)
        columns, rows = LINE_COLUMNS, fasttext_rows(text, path, taken)
    else:
        columns, rows = LINE_COLUMNS, trec_rows(text, path, taken, fine=format == "trec-fine")
    return _opened(path, format, columns, None, said, taken, rows)


def _opened(
    path: Path,
    format: str,
    columns: tuple[str, ...],
    delimiter: str | None,
    said: Sequence[str],
    taken: Taken,
    rows: Iterator[Row],
) -> Table:
    """The table; it says so where a column that was not asked for by name is taken."""
    found = taken.in_columns(columns).options
    asked = found.text_column, found.label_column
    named = zip(("--text-column", "--label-column"), asked, strict=True)
    usual = (taken.options.text_column, taken.options.label_column)
    other = [
        f"{option} {name!r}"
        for (option, name), was in zip(named, usual, strict=True)
        if name != was and (option == "--text-column" or taken.labels is None)
    ]
    about = [f"{path}: read with {' '.join(other)}, as its columns are called"] if other else []
    return Table(path, format, columns, delimiter, (*said, *about), asked, rows)


def _format(text: str, path: Path, taken: Taken) -> str:
    """What ``--format`` says, else what the name or the first line does."""
    options = taken.options
    if options.format != "auto":
        return options.format
    told = told_format(path, text) or names_its_columns(text, taken)
    if told is None and options.delimiter is None:
        raise untold(path, text)
    return told or "csv"
