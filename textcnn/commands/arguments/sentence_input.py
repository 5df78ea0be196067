"""The sentences that a command is given: its arguments, the lines of a file, or standard input."""

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from textcnn.inference.decoded_lines import DecodedLines
from textcnn.support.errors import UserError


def sentence_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with SENTENCES, ``--checkpoint``, ``--input`` and ``--encoding``."""
    for decorate in (
        click.option(
            "--encoding", default="utf-8", show_default=True, help="Of the input's lines."
        ),
        click.option(
            "--input",
            "input_file",
            type=click.Path(path_type=Path, allow_dash=True),
            help="A file with a sentence a line; - for standard input.",
        ),
        click.option(
            "--checkpoint",
            type=click.Path(path_type=Path),
            help="A checkpoint file or a run's folder. [default: the newest run's best]",
        ),
        click.argument("sentences", nargs=-1),
    ):
        function = decorate(function)
    return function


def sentences_or_file(
    sentences: tuple[str, ...], input_file: Path | None
) -> tuple[tuple[str, ...], Path | None]:
    """The same, a single ``-`` being standard input.

    Raises:
        UserError: neither or both are given, or a sentence is not text.
    """
    for number, sentence in enumerate(sentences, start=1):
        # Python keeps bytes that are not UTF-8 as lone surrogates, which no answer can hold.
        if not sentence.isascii() and any("\ud800" <= letter <= "\udfff" for letter in sentence):
            raise UserError(
                f"sentence {number} is not {sys.getfilesystemencoding()}; give it in a file, with "
                "--input and --encoding"
            )
    if sentences == ("-",) and input_file is None:
        sentences, input_file = (), Path("-")
    if bool(sentences) == (input_file is not None):
        raise UserError('give sentences ("a fine film"), or --input FILE, or - for standard input')
    return sentences, input_file


def lines_of(stream: BinaryIO, encoding: str, path: Path) -> DecodedLines:
    """The lines of what :func:`opened` opened, as they come in."""
    return DecodedLines(functools.partial(os.read, stream.fileno()), encoding, str(path))


def opened(path: Path) -> BinaryIO:
    """The file of ``--input``, or standard input for ``-``.

    Raises:
        UserError: it cannot be read.
    """
    if str(path) == "-":
        if sys.stdin is None:
            raise UserError("standard input is closed; give sentences or --input FILE")
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise UserError(f"--input {path}: {error.strerror}") from error
