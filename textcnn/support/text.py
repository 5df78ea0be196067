"""Text from outside that is safe to show."""

import csv
import io
import re
from collections.abc import Iterable, Sequence


def printable(text: str) -> str:
    """``text`` with nothing that steers a terminal and nothing that UTF-8 cannot hold."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else "\ufffd"
        for character in text
    )


def printable_lines(text: str) -> str:
    """:func:`printable`, but for the ends of lines, and the tabs between cells."""
    return re.sub(r"[^\n\t]+", lambda part: printable(part[0]), text)


def some(parts: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """The first of them and how many more there are, as in ``a, b, c, 4 more``."""
    more = [f"{len(parts) - most:,} more"] if len(parts) > most else []
    return between.join([*parts[:most], *more])


def cut(text: str, longest: int) -> str:
    """The text, or so much of it as there is room for, with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


FORMULA = tuple("=+-@\t\r")
"""What begins a cell that a spreadsheet calculates, which can run commands."""


def guard(field: str) -> str:
    """The field, with ' before it where a spreadsheet would take it for a formula."""
    return f"'{field}" if field.startswith(FORMULA) else field


def csv_line(fields: Iterable[str], delimiter: str = ",") -> str:
    r"""The fields as CSV writes them, ended by ``\n``.

    The csv module puts quotation marks around a carriage return only where its own lines end in
    one, and no reader accepts it without; so it is given that ending, which is then replaced.
    """
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerow(fields)
    return stream.getvalue().removesuffix("\r\n") + "\n"
