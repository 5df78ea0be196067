"""Whether a file of sentences is a table, whose header and other columns are no sentences."""

import json
from pathlib import Path

from textcnn.data.datasets.cells import Taken
from textcnn.data.datasets.delimited import names_its_columns
from textcnn.data.datasets.foreign_formats import ZIP_MAGIC
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.datasets.parquet import PARQUET_MAGIC
from textcnn.data.datasets.rows import ReadingOptions


def sign_of_table(path: Path, head: bytes, encoding: str, reading: ReadingOptions) -> str:
    """By what it is known for a table; empty where nothing says so.

    Args:
        path: of the file.
        head: how it begins, unpacked.
        encoding: of that.
        reading: how the tables are written that a model was trained on.
    """
    told = "Parquet" if head.startswith(PARQUET_MAGIC) else format_of_suffix(path)
    if head.startswith(ZIP_MAGIC):
        told = "a workbook, or another archive"
    if told is not None:
        return f"it is {told}"
    beginning = head.decode(encoding, errors="replace").removeprefix("\ufeff").lstrip()
    if beginning.startswith("__label__"):
        return "its first line begins with __label__"
    if _is_object(beginning):
        return "it begins with a JSON object"
    if names_its_columns(beginning, Taken(reading, ())):
        return "its first line names the column of the text"
    return ""


def _is_object(beginning: str) -> bool:
    """Whether this begins, perhaps in an array, with a JSON object that has keys."""
    if not beginning.startswith(("{", "[")):
        return False
    try:
        value, _ = json.JSONDecoder().raw_decode(beginning.lstrip("[ \r\n\t"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and bool(value)
