"""Excel's workbooks, read with openpyxl, which is an extra, as if a sheet had been saved as CSV.

A number is text in the shortest way to write it (1, not 1.0), a date as ISO 8601 writes it, and an
empty row is none.
"""

import datetime
import io
import itertools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textcnn.data.datasets.cells import Selection, Table
from textcnn.data.datasets.delimited import SAMPLE_ROWS, Records, rows_of, titles_before
from textcnn.data.datasets.foreign_formats import ZIP_MAGIC, refuse_foreign
from textcnn.data.datasets.text_files import check_unpacked, unreadable
from textcnn.support.errors import UserError

MOST_ROWS = 2**20
"""Rows that a sheet can have; a file may claim more, as blank rows cost it nothing."""

CELL_SIZE = 8
"""Bytes that a cell counts for besides its letters: those that are not there cost the file none."""

_DAMAGED = "not a workbook that can be read ({}); save its sheet as CSV"

_CARRIAGE_RETURN = "_x000D_"
"""How Excel writes one beside a line feed."""


def is_workbook(data: bytes) -> bool:
    """Whether this is what Excel writes as .xlsx or .xlsm, told by its content."""
    if not data.startswith(ZIP_MAGIC):
        return False
    try:
        return "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def workbook_rows(data: bytes, path: Path, taken: Selection) -> Table:
    """The rows of a sheet, counted as Excel counts them.

    Of the sheets that are shown and not empty it is the first whose first row names the columns
    asked for, else the first.

    Raises:
        UserError: it cannot be read, unpacks to too much, or has no such columns.
    """
    size = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(data)).infolist())
    packed = len(data)
    check_unpacked(size, packed, path)
    book = _opened(data, path)
    shown = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    heads: dict[str, list[str]] = {}
    named: list[str] = []
    for name in shown:
        rows = [
            cells for _, cells in itertools.islice(_cells(book, name, path, packed), SAMPLE_ROWS)
        ]
        titles = titles_before(rows, taken)
        if rows:
            heads[name] = rows[titles or 0]
        if titles is not None:
            named.append(name)
    if not heads:
        raise UserError(f"{path} is empty: it holds no sentences")
    sheet = next(iter([*named, *heads]))
    width = len(heads[sheet])
    even: Records = (  # None narrower than the first.
        (number, cells + [""] * (width - len(cells)))
        for number, cells in _cells(book, sheet, path, packed)
    )
    if len(heads) > 1:
        taken.report(f"{path}: of its {len(heads)} sheets {sheet!r} is read")
    return rows_of(even, path, taken, "row")


def _opened(data: bytes, path: Path) -> Any:
    """The workbook, read row by row, with the values of its formulas."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        refuse_foreign(data, path, "; or: pip install 'openpyxl>=3.1', and give it as it is")
        raise
    try:
        with warnings.catch_warnings():  # About what is of no use here, such as styles.
            warnings.simplefilter("ignore")
            stream = io.BytesIO(data)
            return load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # Of many types, all for a file that is not as it should be.
        raise unreadable(path, _DAMAGED, error) from error


def _cells(book: Any, sheet: str, path: Path, packed: int) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each row that is not empty, of a workbook of so many bytes."""
    size = 0
    try:
        opened = book[sheet]
        opened.reset_dimensions()  # Some programs write wrong ones.
        for number, row in enumerate(opened.iter_rows(values_only=True), start=1):
            if number > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS:,} rows")
            cells = [_words(cell) for cell in row]
            # A text that stands in many cells, the file has once.
            size += CELL_SIZE * len(cells) + sum(map(len, cells))
            check_unpacked(size, packed, path)
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield number, cells
    except Exception as error:
        raise unreadable(path, _DAMAGED, error) from error


def _words(cell: object) -> str:
    """A cell as Excel's CSV has it, but for dates and for true and false."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell).replace(_CARRIAGE_RETURN, "")
