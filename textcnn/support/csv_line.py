"""One line of a CSV file."""

import csv
import io
from collections.abc import Iterable

FORMULA = tuple("=+-@\t\r")
"""What begins a cell that a spreadsheet calculates, which can run commands."""


def guard(field: str) -> str:
    """The field, with ' before it where a spreadsheet would take it for a formula."""
    return f"'{field}" if field.startswith(FORMULA) else field


def csv_line(fields: Iterable[str]) -> str:
    r"""The fields as CSV writes them, ended by ``\n``.

    The csv module puts quotation marks around a carriage return only where its own lines end in
    one, and no reader accepts it without; so it is given that ending, which is then replaced.
    """
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerow(fields)
    return stream.getvalue().removesuffix("\r\n") + "\n"
