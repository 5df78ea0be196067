"""The two ways a command ends badly, each with one clear line and an exit code."""

import contextlib
from collections.abc import Iterator


class UserError(Exception):
    """Something the user gave cannot be used: an option, a file, a line of a file (exit code 2).

    The message is one line that names the file, line or option and says what to do.
    """

    exit_code = 2


class MissingFileError(UserError):
    """A file of sentences is not there."""


SAY_WHERE = "if it has been moved, say where to with --data"
"""What to do where a command reads again what it read before."""


@contextlib.contextmanager
def if_missing(advice: str) -> Iterator[None]:
    """Say what to do where a file is missing that was there before, and may have been moved."""
    try:
        yield
    except MissingFileError as error:
        raise UserError(f"{error}; {advice}") from error


class RunError(Exception):
    """The input was fine, but the machine was not: disk full, source unreachable (exit code 1)."""

    exit_code = 1
