"""CSV and TSV: rows of fields, in columns that a header names or that are counted."""

import contextlib
import csv
import dataclasses
import io
import itertools
import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from textcnn.data.datasets.cells import NUMBER, Selection, Table, column_of
from textcnn.data.datasets.rows import Row, RowError
from textcnn.data.datasets.text_files import split_lines
from textcnn.support.errors import UserError

# The csv module stops at 128 KiB a field by default; whole articles are longer, whole books
# behind one unclosed quote should still be stopped.
_LONGEST_CSV_FIELD = 16 * 2**20

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""The delimiters that are looked for."""

SAMPLE_ROWS = 20
"""Rows that are looked at before a table is read."""

_SAMPLE_CHARACTERS = 2**20

# What Excel writes, and wants, before the first row.
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[ \t,;]*\r?\n', re.IGNORECASE)

BY_NUMBER = "--text-column 2 --label-column 1"

_QUOTATION_ADVICE = (
    "is a quotation mark left open? where they hold no fields together, give --format tsv, and "
    "--delimiter"
)

Fields = list[str] | RowError
Records = Iterator[tuple[int, Fields]]


def delimited_rows(text: str, path: Path, taken: Selection, *, quoted: bool) -> Table:
    """The rows of a CSV file (``quoted``), or of a TSV file, which are a line each.

    In CSV a quoted field may hold delimiters and span lines; in TSV a quotation mark has no special
    meaning, since sentences begin with one often enough.
    """
    usual = "," if quoted else "\t"
    sep = _SEP_LINE.match(text)
    body, start = (text[sep.end() :], 2) if sep else (text, 1)
    given = taken.options.field_delimiter or (sep and sep[1])
    delimiter = given or detected_delimiter(body, taken, usual, quoted)
    if delimiter != usual and taken.options.delimiter is None:
        parted = DELIMITERS.get(delimiter, repr(delimiter))
        taken.report(f"{path}: fields are parted by {parted}")
    opened = rows_of(_records(body, path, delimiter, quoted, start), path, taken)
    return dataclasses.replace(opened, delimiter=delimiter)


def rows_of(records: Records, path: Path, taken: Selection, place: str = "line") -> Table:
    """The rows of a table, in columns that it names or that are counted.

    Args:
        records: the fields of each row, those of a header first, with the number of its first line.
        path: the file.
        taken: what is taken of the rows.
        place: what the numbers count.
    """
    before = list(itertools.islice(records, SAMPLE_ROWS))
    titles = titles_before([fields for _, fields in before], taken) or 0
    if titles:
        count = f"{titles} {place}{'s' if titles > 1 else ''}"
        taken.report(
            f"{path}: its columns are named in {place} {before[titles][0]}; left out: {count}"
        )
    records = itertools.chain(before[titles:], records)
    number, first = next(records, (1, [""]))
    if isinstance(first, RowError):
        raise UserError(f"{path}, {place} {number}: {first}")
    names = list(map(_name, first))
    if names == [""]:
        raise UserError(f"{path}, {place} {number}: blank; give a table from its first row on")
    taken = taken if taken.options.header is False else taken.in_columns(names)
    header = _has_header(names, path, taken)
    keys = _unique(names) if header else tuple(str(column + 1) for column in range(len(names)))
    chosen = _chosen(names, keys, header, path, taken)
    if not header:
        records = itertools.chain([(number, first)], records)
        if taken.options.header is None:
            taken.report(
                f"{path}: no header, as columns are asked for by number; give --header where there "
                "is one"
            )
    rows = _rows(records, path, place, taken, keys, chosen, names if header else None)
    return Table(keys, rows)


def titles_before(rows: Iterable[Fields], taken: Selection) -> int | None:
    """How many rows stand above the header: a report's titles, which have a cell each.

    None where no row of the first ones names the columns asked for.
    """
    for number, fields in enumerate(itertools.islice(rows, SAMPLE_ROWS)):
        if isinstance(fields, RowError):
            break
        asked = taken.in_columns(fields)
        numbers = all(NUMBER.fullmatch(name) for _, name in asked.wanted(fields))
        if taken.options.header is not False and not numbers and asked.is_named_in(fields):
            return number
        if len(list(filter(str.strip, fields))) > 1:
            break
    return None


def _name(field: str) -> str:
    return field.replace("\ufeff", "").strip()


def detected_delimiter(text: str, taken: Selection, usual: str, quoted: bool) -> str:
    """What parts the fields: what gives the columns asked for, else as many in each row."""
    candidates = [usual, *(delimiter for delimiter in DELIMITERS if delimiter != usual)]
    samples = {one: _sample(text, one, quoted) for one in candidates}
    for delimiter, rows in samples.items():
        if titles_before(rows, taken) is not None:
            return delimiter
    # The first of those that give most rows the same number of fields, several.
    alike = {
        delimiter: sum(len(row) == len(rows[0]) > 1 for row in rows)
        for delimiter, rows in samples.items()
    }
    best = max(alike, key=lambda delimiter: alike[delimiter])
    return best if 2 * alike[best] > len(samples[best]) else usual


def names_its_columns(text: str, taken: Selection) -> str | None:
    """The format of a table whose first line names the columns asked for, several; or None."""
    for delimiter in DELIMITERS:
        rows = _sample(text, delimiter, quoted=True)
        # Of sentences, too, the first may begin with what columns are often called.
        alike = sum(len(row) == len(rows[0]) > 1 for row in rows)
        if rows and 2 * alike >= len(rows) and taken.in_columns(rows[0]).is_named_in(rows[0]):
            return "tsv" if delimiter == "\t" else "csv"
    return None


def _sample(text: str, delimiter: str, quoted: bool) -> list[list[str]]:
    records = _records(text[:_SAMPLE_CHARACTERS], Path(), delimiter, quoted, 1)
    rows = []
    with contextlib.suppress(UserError):  # Said, with its line, once the whole is read.
        for _, fields in itertools.islice(records, SAMPLE_ROWS):
            if isinstance(fields, list):
                rows.append(fields)
    return rows


def _records(text: str, path: Path, delimiter: str, quoted: bool, start: int) -> Records:
    """Yield ``(number of the first line, fields)`` of each row that is not blank."""
    if quoted:
        yield from _csv_records(_Lines(text, start, delimiter), path, delimiter)
        return
    for number, line in enumerate(split_lines(text), start=start):
        content = line.removesuffix("\r")
        if content:
            yield number, content.split(delimiter)


class _Lines:
    r"""The lines of a text for the csv module, counted as editors and grep count them.

    Lines end at ``\n`` and, in a file that has none, at ``\r``. The csv module must see every
    ``\r``, since it ends a row outside quotation marks.
    """

    def __init__(self, text: str, start: int, delimiter: str):
        # A space between a quotation mark and what follows the field would make it no end.
        self._space = re.compile(f'" +(?={re.escape(delimiter)}|[\r\n]|$)')
        self._stream = io.StringIO(text, newline="")
        self._end = "\n" if "\n" in text else "\r"
        self.number = start

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.number += line.endswith(self._end)
        return self._space.sub('"', line) if '" ' in line else line


def _csv_records(lines: _Lines, path: Path, delimiter: str) -> Records:
    # A space after a delimiter is dropped, as white space around text and labels is anyway: what
    # follows may be a quotation mark, which otherwise would not count as one.
    reader = csv.reader(lines, strict=True, delimiter=delimiter, skipinitialspace=True)
    while True:
        line, read = lines.number, reader.line_num
        # The limit is the csv module's own, shared by the whole process: raised row by row.
        usual_limit = csv.field_size_limit(_LONGEST_CSV_FIELD)
        record: Fields | None
        try:
            record = next(reader, None)
        except csv.Error as error:
            fault = f" ({error}); {_QUOTATION_ADVICE}"
            if reader.line_num > read + 1:  # How many rows were swallowed is not known.
                raise UserError(f"{path}, line {line}: not valid CSV{fault}") from error
            record = RowError("not valid CSV", fault)
        finally:
            csv.field_size_limit(usual_limit)
        if record is None:
            return
        if record:  # the csv module gives [] for a blank line
            yield line, record


def _has_header(names: list[str], path: Path, taken: Selection) -> bool:
    """Whether the first row names columns: decided by what is asked for, never by what it holds."""
    wanted = taken.wanted(names)
    numbers = all(NUMBER.fullmatch(name) for _, name in wanted)
    if taken.options.header is not None:
        if not taken.options.header and not numbers:
            option, name = next(pair for pair in wanted if not NUMBER.fullmatch(pair[1]))
            raise UserError(
                f"--no-header: {option} {name!r} is a name; count columns, as in {BY_NUMBER}"
            )
        return taken.options.header
    if numbers and taken.is_named_in(names):
        raise UserError(
            f"{path}: its first line holds {' and '.join(name for _, name in wanted)}, as names of "
            "columns or as a row's content: say --header or --no-header"
        )
    return not numbers


def _unique(names: list[str]) -> tuple[str, ...]:
    """A key for each column: its name, which may be missing or stand there twice."""
    keys: dict[str, None] = {}
    copies: Counter[str] = Counter()
    for column, name in enumerate(names, start=1):
        key = base = name or str(column)
        while key in keys:
            copies[base] += 1
            key = f"{base} ({copies[base] + 1})"
        keys[key] = None
    return tuple(keys)


def _chosen(
    names: list[str], keys: tuple[str, ...], header: bool, path: Path, taken: Selection
) -> list[str]:
    """The keys of the columns asked for, in the order of :meth:`Selection.wanted`."""
    chosen: list[str] = []
    parted = "" if len(names) > 1 else ", or with --delimiter what parts its fields"
    hint = f"{parted}, or where there is no header count columns, as in {BY_NUMBER}"
    for option, name in taken.wanted(names):
        column = column_of(name, option, names if header else [""] * len(names), path, hint)
        if option == "--label-column" and keys[column] in chosen:
            raise UserError(
                f"{path}: --text-column and --label-column both take column {column + 1}"
            )
        chosen.append(keys[column])
    return chosen


def _rows(
    records: Records,
    path: Path,
    place: str,
    taken: Selection,
    keys: tuple[str, ...],
    chosen: list[str],
    header: list[str] | None,
) -> Iterator[Row]:
    """The rows; one that has another number of fields, or is the header once more, is faulty."""
    count, file = len(keys), str(path)
    for line, fields in records:
        where, cells = f"{file}, {place} {line}", dict[str, object]()
        if isinstance(fields, list):
            if len(fields) > count and not any(map(str.strip, fields[count:])):
                fields = fields[:count]  # Of delimiters too many at the end.
            cells = dict(zip(keys, fields, strict=False))
            if len(fields) != count:
                # What there is too much is kept under its number.
                cells |= {str(number): it for number, it in enumerate(fields[count:], count + 1)}
                first = "the header" if header else f"the first {place}"
                fields = RowError(
                    f"another number of fields than {first}",
                    f": {len(fields)}, not {count}{_quotation_advice(fields)}",
                )
            # Most rows differ in the first cell, and the others are not looked at.
            elif header is not None and all(map(operator.eq, map(_name, fields), header)):
                fields, cells = RowError("the header once more"), {}
        if isinstance(fields, RowError):
            yield Row(where, cells=cells, fault=fields)
        else:
            yield taken.row(where, cells, chosen)


def _quotation_advice(fields: list[str]) -> str:
    """What a quotation mark at the beginning of a field, which CSV takes away, lets suspect."""
    if not any(field.startswith('"') for field in fields):
        return ""
    return "; where quotation marks hold fields together, give --format csv, and --delimiter"
