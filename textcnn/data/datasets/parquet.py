"""Parquet, read with pyarrow, which is an extra."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textcnn.data.datasets.cells import Selection, Table, column_of
from textcnn.data.datasets.rows import Row
from textcnn.data.datasets.text_files import check_unpacked, unreadable
from textcnn.support.errors import UserError

PARQUET_MAGIC = b"PAR1"

_DAMAGED = "not a Parquet table that can be read ({}); write it anew"

ROWS = 1024
"""Rows that are unpacked at once."""

CELL_SIZE = 8
"""Bytes that a cell counts for at least: those that are all the same cost the file none."""


def parquet_rows(data: bytes, path: Path, taken: Selection) -> Table:
    """The rows, counted from 1."""
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
        # A text that stands in every row, the file has once; and so has what is read of it.
        file = ParquetFile(io.BytesIO(data), read_dictionary=_of_texts(file.schema))
        columns = tuple(map(str, file.schema_arrow.names))
        groups = range(file.metadata.num_row_groups)
        size = sum(file.metadata.row_group(number).total_byte_size for number in groups)
        cells = file.metadata.num_rows * len(columns)
    except faults as error:
        raise unreadable(path, _DAMAGED, error) from error
    check_unpacked(max(size, CELL_SIZE * cells), len(data), path)
    taken = taken.in_columns(columns)
    keys = [columns[column_of(name, it, columns, path)] for it, name in taken.wanted(columns)]

    def rows() -> Iterator[Row]:
        number = size = 0
        try:
            for batch in file.iter_batches(ROWS):
                size += sum(map(_size, batch.columns))
                check_unpacked(size, len(data), path)
                cells = [_values(column, taken.options.encoding) for column in batch.columns]
                for values in zip(*cells, strict=True):
                    number += 1
                    row = dict(zip(batch.schema.names, values, strict=True))
                    yield taken.row(f"{path}, row {number}", row, keys)
        except faults as error:
            raise unreadable(path, _DAMAGED, error) from error

    return Table(columns, rows())


def _of_texts(schema: Any) -> list[str]:
    """The paths of the columns that hold texts, those inside lists and the like too."""
    leaves = [schema.column(number) for number in range(len(schema))]
    kinds = ("STRING", "NONE")
    return [
        leaf.path
        for leaf in leaves
        if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type in kinds
    ]


def _size(array: Any) -> int:
    """Bytes of an array's texts, each counted wherever it stands, and of what else it holds."""
    from pyarrow import compute, types

    kind = array.type
    if types.is_dictionary(kind):
        lengths = compute.binary_length(array.dictionary).take(array.indices)
        return compute.sum(lengths).as_py() or 0
    if types.is_struct(kind):
        return sum(_size(array.field(number)) for number in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind):
        return _size(array.flatten())
    return int(array.nbytes)


def _values(array: Any, encoding: str) -> list[Any]:
    """The cells of a column; bytes, as some programs write texts, are decoded where they can be."""
    from pyarrow import types

    cells = (array.dictionary_decode() if types.is_dictionary(array.type) else array).to_pylist()
    return [_decoded(cell, encoding) if isinstance(cell, bytes) else cell for cell in cells]


def _decoded(cell: bytes, encoding: str) -> str | bytes:
    try:
        return cell.decode(encoding)
    except UnicodeError:
        return cell
