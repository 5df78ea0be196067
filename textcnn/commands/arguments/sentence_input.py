"""The sentences that a command is given: its arguments, lines or a table in a file, or standard
input."""

import contextlib
import dataclasses
import functools
import gzip
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import click

from textcnn.commands.arguments.checkpoint import checkpoint_option, is_checkpoint
from textcnn.commands.arguments.options import config_options
from textcnn.commands.screen.display import say
from textcnn.data.datasets.cells import Table
from textcnn.data.datasets.text_files import GZIP_MAGIC, check_encoding, check_unpacked
from textcnn.inference.classified_tables import open_sentences
from textcnn.inference.decoded_lines import CHUNK_BYTES, DecodedLines, put_back
from textcnn.recipe.config import Config, flag
from textcnn.support.errors import UserError

TABLE_OPTIONS = {
    "text_column": "Column or key of the sentence where the input is a table. [default: the run's]",
    "header": "Whether a CSV or TSV table begins with a header. [default: as the run's]",
    "delimiter": "What parts the fields of CSV or TSV. [default: the run's, or found out]",
    "encoding": "Of the input. [default: utf-8; of a table, the run's]",
}


@dataclass(frozen=True)
class SentenceInput:
    """The sentences that a command is to classify, and the model.

    Attributes:
        sentences: arguments; with ``classify --output`` names of files.
        file: of ``--input``; ``-`` is standard input.
        checkpoint: the model's, if it was named.
        options: those of :data:`TABLE_OPTIONS` that were given.
    """

    sentences: tuple[str, ...]
    file: Path | None
    checkpoint: Path | None
    options: dict[str, Any]

    def checked(self) -> "SentenceInput":
        """The same, a single ``-`` being standard input.

        Raises:
            UserError: neither sentences nor a file are given, or both, a sentence is not text, or
                it is the path of a file.
        """
        if self.sentences == ("-",) and self.file is None:
            return dataclasses.replace(self, sentences=(), file=Path("-"))
        for number, sentence in enumerate(self.sentences, start=1):
            # Python keeps bytes that are not UTF-8 as lone surrogates, which no output can hold.
            if any("\ud800" <= letter <= "\udfff" for letter in sentence):
                raise UserError(
                    f"sentence {number} is not {sys.getfilesystemencoding()}; give it in a file, "
                    "with --input and --encoding"
                )
        if "-" in self.sentences:
            raise UserError("- is standard input, and stands alone: without --input or sentences")
        for sentence in self.sentences:
            if _exists(sentence):
                raise UserError(
                    f"{sentence}: there is a file or folder of this name; for what is in a file "
                    f"give --input {sentence}, and a sentence that reads so through standard input "
                    "(-)"
                )
        if bool(self.sentences) == (self.file is not None):
            raise UserError(
                'give sentences ("a fine film"), or --input FILE, or - for standard input'
            )
        if self.file is None:
            _refuse(self.options)
        return self

    def encoding_of_files(self) -> str:
        """The encoding of what the sentences name, with ``classify --output``.

        Raises:
            UserError: they are none, or more was given than is for them.
        """
        if not self.sentences or self.file is not None:
            raise UserError(
                "--output takes files or patterns, such as 'shards/*.txt.gz', and no --input"
            )
        encoding = self.options.get("encoding", "utf-8")
        check_encoding(encoding)
        _refuse(self.options.keys() - {"encoding"})
        return str(encoding)


def _refuse(options: Iterable[str]) -> None:
    for name in options:
        raise UserError(f"{flag(name)} is for --input FILE; give that too")


def sentence_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with SENTENCES, ``--checkpoint``, ``--input`` and how that is written.

    It is passed them as one ``inputs``. A checkpoint may be the first of the sentences.
    """

    @click.argument("sentences", nargs=-1)
    @checkpoint_option
    @click.option(
        "--input",
        "input_file",
        type=click.Path(path_type=Path, allow_dash=True),
        help="A file with a sentence a line, a table as training reads them (CSV, TSV, JSON, "
        "Parquet, Excel; compressed or not), or - for standard input.",
    )
    @config_options(TABLE_OPTIONS, TABLE_OPTIONS)
    @functools.wraps(function)
    def command(
        sentences: tuple[str, ...],
        checkpoint: Path | None,
        input_file: Path | None,
        options: dict[str, Any],
        **others: Any,
    ) -> Any:
        if checkpoint is None and sentences and is_checkpoint(sentences[0]):
            sentences, checkpoint = sentences[1:], Path(sentences[0])
        inputs = SentenceInput(sentences, input_file, checkpoint, options)
        return function(inputs=inputs, **others)

    return command


def _exists(sentence: str) -> bool:
    try:
        return bool(sentence) and Path(sentence).exists()  # Path("") is the folder we are in.
    except (OSError, ValueError):  # Too long for a path, or with a NUL.
        return False


def open_input(
    path: Path, config: Config, options: dict[str, Any], stack: contextlib.ExitStack
) -> Table | DecodedLines:
    """What ``--input`` names: a table as the run has read its own, or a sentence a line.

    It is a table where its name or its beginning says so, or where ``--text-column`` is given.

    Args:
        path: a file, or ``-`` for standard input.
        config: the run's options.
        options: those of :data:`TABLE_OPTIONS` that were given.
        stack: closes what was opened.

    Raises:
        UserError: it cannot be read.
    """
    check_encoding(options.get("encoding", "utf-8"))
    stream = stack.enter_context(_opened(path))
    # The first bytes tell; what is read of them is put back in front of the others.
    read: Callable[[int], bytes] = functools.partial(os.read, stream.fileno())
    head = read(CHUNK_BYTES)
    packed = _Readable(put_back(head, read))
    read = packed.read
    if head.startswith(GZIP_MAGIC):
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=packed))  # type: ignore[call-overload]
        read = functools.partial(_unpacked, unpacked, path)
    if str(path) != "-":
        return open_sentences(path, read, config, options, say)
    name = Path("standard input")

    def whole(read: Callable[[int], bytes]) -> bytes:
        data = bytearray()
        while piece := read(CHUNK_BYTES):
            data += piece
            check_unpacked(len(data), packed.taken, name)
        return bytes(data)

    return open_sentences(name, read, config, options, say, whole)


def _opened(path: Path) -> contextlib.AbstractContextManager[BinaryIO]:
    """The file of ``--input``, or standard input for ``-``.

    Raises:
        UserError: it cannot be read.
    """
    if str(path) == "-":
        if sys.stdin is None:
            raise UserError("standard input is closed; give sentences or --input FILE")
        return contextlib.nullcontext(sys.stdin.buffer)
    try:
        if path.is_dir():
            raise UserError(f"--input {path}: a folder; give one of its files")
        return path.open("rb")
    except OSError as error:
        raise UserError(f"--input {path}: {error.strerror}") from error


def _unpacked(stream: gzip.GzipFile, path: Path, size: int) -> bytes:
    try:
        return stream.read1(size)
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise UserError(f"{path}: damaged or cut short ({error})") from error


class _Readable:
    """What :mod:`gzip` reads from: a function that gives up to so many bytes, or more.

    Attributes:
        taken: bytes that the function gave so far.
    """

    def __init__(self, read: Callable[[int], bytes]):
        self._read, self._rest = read, b""
        self.taken = 0

    def read(self, size: int) -> bytes:
        """Up to so many bytes."""
        data = self._rest or self._read(size)
        self.taken += 0 if self._rest else len(data)
        self._rest = data[size:]
        return data[:size]
