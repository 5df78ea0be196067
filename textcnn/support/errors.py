"""The two ways a command ends badly, each with one clear line and an exit code."""


class UserError(Exception):
    """Something the user gave cannot be used: an option, a file, a line of a file (exit code 2).

    The message is one line that names the file, line or option and says what to do.
    """

    exit_code = 2


class RunError(Exception):
    """The input was fine, but the machine was not: disk full, source unreachable (exit code 1)."""

    exit_code = 1
