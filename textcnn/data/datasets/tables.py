"""Files with a label in each row, whatever their format: one reader for every command."""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from textcnn.data.datasets.cells import Selection, Table
from textcnn.data.datasets.delimited import delimited_rows, names_its_columns
from textcnn.data.datasets.foreign_formats import ZIP_MAGIC
from textcnn.data.datasets.formats import detected_format, format_of_suffix, undetected_format
from textcnn.data.datasets.json_rows import json_rows
from textcnn.data.datasets.labelled_lines import fasttext_rows, trec_rows
from textcnn.data.datasets.parquet import PARQUET_MAGIC, parquet_rows
from textcnn.data.datasets.rows import Row
from textcnn.data.datasets.text_files import content_of, decode, unpacked
from textcnn.data.datasets.workbooks import is_workbook, workbook_rows
from textcnn.support.errors import UserError


def read_table(path: Path, taken: Selection, data: bytes | None = None) -> Table:
    """Open the table in ``path``, which may be compressed with gzip.

    Args:
        path: a CSV, TSV, JSON, Parquet or Excel file, or one whose lines begin with their label.
        taken: what is taken of it, and how it is written; "auto" tells its format by name and
            content. Where the labels are given, which may be ``()``, no label column is needed.
        data: the content, where ``path`` is only a name.

    Raises:
        UserError: it cannot be read, its format cannot be told, or it has no such columns; naming
            the file, and the line or option. Iterating raises it for faults that end the reading.
    """
    options = taken.options
    data = unpacked(content_of(path) if data is None else data, path, readable=is_workbook)
    if is_workbook(data):
        format, found = "xlsx", workbook_rows(data, path, taken)
    elif data.startswith(PARQUET_MAGIC):
        format, found = "parquet", parquet_rows(data, path, taken)
    else:
        text = decode(data, path, options.encoding, taken.report)
        format = _format(text, path, taken)
        if options.delimiter is not None and format not in ("csv", "tsv"):
            raise UserError(f"--delimiter is for CSV and TSV, but {path} is read as {format}")
        found = _READERS[format](text, path, taken)
    read = taken.in_columns(found.columns).options
    other = []
    if read.text_column != options.text_column:
        other.append(f"--text-column {read.text_column!r}")
    if taken.labels is None and read.label_column != options.label_column:
        other.append(f"--label-column {read.label_column!r}")
    if other:
        taken.report(f"{path}: read with {' '.join(other)}, as its columns are called")
    asked = (read.text_column, read.label_column)
    rows = _one_or_more(found.rows, path)
    return dataclasses.replace(found, rows=rows, path=path, format=format, asked=asked)


def _one_or_more(rows: Iterator[Row], path: Path) -> Iterator[Row]:
    first = next(rows, None)
    if first is None:
        raise UserError(f"{path} holds no rows")
    yield first
    yield from rows


_READERS: dict[str, Callable[[str, Path, Selection], Table]] = {
    "csv": functools.partial(delimited_rows, quoted=True),
    "tsv": functools.partial(delimited_rows, quoted=False),
    "jsonl": json_rows,
    "fasttext": fasttext_rows,
    "trec": functools.partial(trec_rows, fine=False),
    "trec-fine": functools.partial(trec_rows, fine=True),
}
"""Of the formats that are text."""


def _format(text: str, path: Path, taken: Selection) -> str:
    """What ``--format`` says, else what the name or the first line does."""
    options = taken.options
    if options.format != "auto":
        return options.format
    told = detected_format(path, text) or names_its_columns(text, taken)
    if told is None and options.delimiter is None:
        raise undetected_format(path, text)
    return told or "csv"


def is_table(path: Path, head: bytes, encoding: str, taken: Selection) -> bool:
    """Whether a file is one by its name or how it begins, where it may hold a sentence a line.

    Args:
        path: of the file.
        head: how it begins, unpacked.
        encoding: of that.
        taken: what would be taken of it.
    """
    # A workbook, or another archive, is refused or read as what it is.
    if format_of_suffix(path) is not None or head.startswith((PARQUET_MAGIC, ZIP_MAGIC)):
        return True
    beginning = head.decode(encoding, errors="replace").removeprefix("\ufeff").lstrip()
    begins_as_one = beginning.startswith("__label__") or _is_object(beginning)
    return begins_as_one or names_its_columns(beginning, taken) is not None


def _is_object(beginning: str) -> bool:
    """Whether this begins, perhaps in an array, with a JSON object that has keys."""
    if not beginning.startswith(("{", "[")):
        return False
    try:
        value, _ = json.JSONDecoder().raw_decode(beginning.lstrip("[ \r\n\t"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and bool(value)
