"""What a stream can show: whether it can draw, how wide it is, and what is safe there."""

import contextlib
import io
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

import click

from textcnn.support.errors import RunError
from textcnn.support.text import printable, printable_lines

USUAL_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""


_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
"""A word of a shell's command, quoted or not."""


class _LastingFile(io.FileIO):
    """A file whose reader may go, as ``head`` does: what is written after that is dropped.

    Attributes:
        gone: whether that has happened.
    """

    gone = False

    def write(self, data: Any) -> int:
        """Write bytes; RunError says why it cannot."""
        try:
            return super().write(data)
        except BrokenPipeError:
            self.gone = True
            return memoryview(data).nbytes
        except OSError as error:  # The disk is full.
            raise RunError(
                f"writing standard {'output' if self.fileno() == 1 else 'error'} failed: "
                f"{error.strerror}"
            ) from error


@contextlib.contextmanager
def lasting_output() -> Iterator[None]:
    """Let nobody who reads output or errors, and goes, end what is at work: a run is finished."""
    with contextlib.ExitStack() as stack:
        for stream, redirected in (
            (sys.stdout, contextlib.redirect_stdout),
            (sys.stderr, contextlib.redirect_stderr),
        ):
            if not isinstance(stream, io.TextIOWrapper):  # Closed, or a notebook's.
                continue
            # A label or a file name that the encoding cannot show is no reason to stop.
            stream.reconfigure(errors="backslashreplace")
            with contextlib.suppress(OSError):  # In memory.
                if not stream.isatty():
                    file = io.BufferedWriter(_LastingFile(stream.fileno(), "wb", closefd=False))
                    lasting = io.TextIOWrapper(
                        file, stream.encoding, stream.errors, line_buffering=stream.line_buffering
                    )
                    stack.enter_context(redirected(lasting))
        yield


def reader_gone() -> bool:
    """Whether nobody reads standard output any more."""
    return getattr(getattr(sys.stdout.buffer, "raw", None), "gone", False)


def can_draw(stream: TextIO | None) -> bool:
    """Whether ``stream`` is a terminal that shows colours and lines, and may.

    Not with ``TERM=dumb``, an encoding without lines, or ``NO_COLOR`` (https://no-color.org).
    """
    if not is_terminal(stream) or os.environ.get("NO_COLOR"):
        return False
    encoding = getattr(stream, "encoding", None) or "utf-8"
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return encoding.lower().startswith("utf") and not dumb


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person may be looking; a stream that was closed is None."""
    return stream is not None and stream.isatty()


def columns_of(stream: TextIO | None) -> int:
    """The width of the terminal behind ``stream``."""
    # Not shutil's, which measures standard output whatever it is asked about.
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream else USUAL_WIDTH
    except (OSError, ValueError):  # io.UnsupportedOperation is both.
        return USUAL_WIDTH


@dataclass(frozen=True)
class Screen:
    """The terminal or pipe that lines are written on.

    Attributes:
        width: columns; None where lines may be of any length, as in a pipe.
        colour: whether it shows colours and lines.
    """

    width: int | None = None
    colour: bool = False

    @classmethod
    def of(cls, stream: TextIO | None) -> "Screen":
        """That of ``stream``."""
        return cls(columns_of(stream), can_draw(stream)) if is_terminal(stream) else cls()


def coloured(words: str, colour: str, bold: bool = False) -> str:
    """Words for standard output, in a colour where that can draw."""
    return click.style(words, fg=colour, bold=bold or None) if can_draw(sys.stdout) else words


def safe(text: str) -> str:
    """``text`` as standard output is given it: printable where that is a terminal."""
    return printable(text) if is_terminal(sys.stdout) else text


def safe_lines(text: str) -> str:
    """:func:`safe`, of several lines."""
    return printable_lines(text) if is_terminal(sys.stdout) else text


def folded(line: str, indent: int = 0, stream: TextIO | None = None) -> str:
    """A line of prose, folded at its words where ``stream`` is a terminal too narrow for it.

    Args:
        line: without colours.
        indent: how far its further lines are moved to the right.
        stream: where it is printed, by default standard output.
    """
    stream = sys.stdout if stream is None else stream
    return wrapped(line, columns_of(stream), indent) if is_terminal(stream) else line


def wrapped(line: str, width: int, indent: int = 0) -> str:
    """A line of prose in lines so wide, broken between words; what is longer than that stays."""
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def next_commands(*commands: str) -> str:
    """What to type next, a command a line; on a narrow terminal in lines that a shell joins."""
    width = columns_of(sys.stdout) if is_terminal(sys.stdout) else sys.maxsize
    indent = " " * len("next: ")
    lines = []
    for command in map(safe, commands):
        line = indent
        for word in _WORD.findall(command):
            if line.strip() and len(line) + len(word) + 2 > width:
                lines.append(line + "\\")
                line = indent * 2
            line += word + " "
        lines.append(line.rstrip())
    return "\n".join(lines).replace(indent, "next: ", 1)


def one_line(text: str) -> str:
    """:func:`printable`, with every run of white space one space."""
    return printable(" ".join(text.split()))
