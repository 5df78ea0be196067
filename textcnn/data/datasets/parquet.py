"""Parquet, read with pyarrow, which is an extra."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textcnn.data.datasets.cells import Taken, matching, text_names
from textcnn.data.datasets.rows import Row
from textcnn.data.datasets.text_files import ALWAYS_UNPACKED, LARGEST_RATIO, NEVER_UNPACKED
from textcnn.support.errors import UserError

PARQUET_MAGIC = b"PAR1"


def parquet_rows(data: bytes, path: Path, taken: Taken) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The names of the columns, and the rows, counted from 1."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise UserError(
            f"{path}: a Parquet table needs pyarrow: pip install 'pyarrow>=15', or save it as CSV"
        ) from error
    faults = (ArrowException, OSError, ValueError)
    try:
        file = ParquetFile(io.BytesIO(data))
        columns = tuple(map(str, file.schema_arrow.names))
        groups = range(file.metadata.num_row_groups)
        size = sum(file.metadata.row_group(number).total_byte_size for number in groups)
    except faults as error:
        raise _damaged(path, error) from error
    if size > min(max(ALWAYS_UNPACKED, LARGEST_RATIO * len(data)), NEVER_UNPACKED):
        raise UserError(f"{path}: unpacks to {size / 2**20:,.0f} MiB, which few texts do")
    taken = taken.in_columns(columns)
    asked = text_names(taken.options.text_column, columns)
    texts = [_column(name, "--text-column", columns, path) for name in asked]
    label = None
    if taken.labels is None:
        label = _column(taken.options.label_column, "--label-column", columns, path)
    return columns, _rows(file, path, taken, texts, label, faults)


def _rows(
    file: Any,
    path: Path,
    taken: Taken,
    texts: list[str],
    label: str | None,
    faults: tuple[type[Exception], ...],
) -> Iterator[Row]:
    number = 0
    try:
        for batch in file.iter_batches():
            for cells in batch.to_pylist():
                number += 1
                yield taken.row(f"{path}, row {number}", number, cells, texts, label)
    except faults as error:
        raise _damaged(path, error) from error


def _column(name: str, option: str, columns: tuple[str, ...], path: Path) -> str:
    found = matching(name, columns)
    if len(found) == 1:
        return found[0]
    shown = ", ".join(repr(column[:40]) for column in columns[:10])
    raise UserError(
        f"{path} has {len(found) or 'no'} column{'s' if found else ''} {name!r}; it has {shown}: "
        f"choose with {option}"
    )


def _damaged(path: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())[:200]
    return UserError(f"{path}: not a Parquet table that can be read ({reason}); write it anew")
