"""CSV and TSV: rows of fields, in columns that a header names or that are counted."""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from textcnn.data.datasets.rows import ReadingOptions, Row
from textcnn.data.datasets.text_files import split_lines
from textcnn.support.errors import UserError

# The csv module stops at 128 KiB a field by default; whole articles are longer, whole books
# behind one unclosed quote should still be stopped.
_LONGEST_CSV_FIELD = 16 * 2**20

# No table has more columns than this can count; int() itself refuses thousands of digits.
_NUMBER = re.compile(r"[0-9]{1,9}")

_Records = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class _Columns:
    """Where to look in each row, counted from 0."""

    text: list[int]
    label: int
    with_header: bool


def csv_rows(text: str, path: Path, options: ReadingOptions) -> Iterator[Row]:
    """The rows of a CSV file."""
    return _rows(_csv_records(text, path), path, options)


def tsv_rows(text: str, path: Path, options: ReadingOptions) -> Iterator[Row]:
    """The rows of a TSV file, a line each: a quotation mark has no special meaning."""
    return _rows(_tsv_records(text), path, options)


def _csv_records(text: str, path: Path) -> _Records:
    """Yield ``(number of the first line, fields)`` of each row; a quoted field may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        # The limit is the csv module's own, shared by the whole process: raised row by row.
        usual_limit = csv.field_size_limit(_LONGEST_CSV_FIELD)
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise UserError(
                f"{path}, line {line}: not valid CSV ({error}); is a quotation mark left open?"
            ) from error
        finally:
            csv.field_size_limit(usual_limit)
        if record is None:
            return
        if record:  # the csv module gives [] for a blank line
            yield line, record


def _tsv_records(text: str) -> _Records:
    for number, line in enumerate(split_lines(text), start=1):
        content = line.removesuffix("\r")
        if content:
            yield number, content.split("\t")


def _rows(records: _Records, path: Path, options: ReadingOptions) -> Iterator[Row]:
    number, first = next(records, (1, [""]))
    columns = _columns([name.strip() for name in first], path, options)
    if not columns.with_header:
        records = itertools.chain([(number, first)], records)
    first_line = "the header" if columns.with_header else "the first line"
    for line, fields in records:
        where = f"{path}, line {line}"
        if len(fields) != len(first):
            raise UserError(f"{where}: has {len(fields)} fields, but {first_line} {len(first)}")
        text = " ".join(fields[column] for column in columns.text)
        yield Row(where, options.labels_in(fields[columns.label]), text)


def _columns(names: list[str], path: Path, options: ReadingOptions) -> _Columns:
    text_names = options.text_names(names)
    wanted = [*text_names, options.label_column]
    # The first line of a file without a header may by chance hold some of the numbers: a label 1.
    counted = all(map(_NUMBER.fullmatch, wanted)) and not set(wanted) <= set(names)
    find = _counted if counted else _named
    text = [find(names, name, "--text-column", path) for name in text_names]
    label = find(names, options.label_column, "--label-column", path)
    if label in text:
        raise UserError(f"{path}: --text-column and --label-column both take column {label + 1}")
    return _Columns(text, label, with_header=not counted)


def _counted(names: list[str], number: str, option: str, path: Path) -> int:
    if not 1 <= int(number) <= len(names):
        raise UserError(
            f"{path}: {option} {number}: its first line has {len(names)} columns, counted from 1"
        )
    return int(number) - 1


def _named(names: list[str], name: str, option: str, path: Path) -> int:
    if names.count(name) == 1:
        return names.index(name)
    fault = f"has {names.count(name)} columns" if name in names else "has no column"
    shown = ", ".join(repr(column[:40]) for column in names[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    raise UserError(
        f"{path} {fault} {name!r}; its first line names {shown}{more}: choose with {option}, or "
        "where there is no header count columns, as in --text-column 2 --label-column 1"
    )
