"""Vectors in word2vec's text and binary formats, and GloVe's text format, which has no header.

A word2vec file starts with a line ``words dimensions``. Then comes, for each word, either a line
``word number number ...`` or the word, a space and its numbers as little-endian float32. fastText
``.vec`` files are word2vec text files. Files are read once, row by row; only the rows of the words
asked for are kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from textcnn.data.datasets.text_files import Report
from textcnn.data.vectors.files import MAX_LINE_BYTES, Scanner, check_dim
from textcnn.data.vectors.word_vectors import WordVectors, no_vectors, utf8_rows
from textcnn.support.errors import UserError

_MAX_PHRASE_BYTES = 200
_TEXT_AND_SPACE = re.compile(rb"[^\x00-\x20\x7f]* ")

# As in "windows 10" and "web 2.0".
_SHORT_NUMBER = re.compile(rb"(?!0\.)\d+(?:\.\d)?")

_NUMBER_CHARACTERS = b"0123456789+-.eE "


@dataclass(frozen=True)
class Header:
    """The first line of a word2vec file."""

    words: int
    dim: int


def parse_header(line: bytes) -> Header | None:
    """Return what a line ``words dimensions`` says, or None if it is something else."""
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) < 19 for field in fields):
        return None
    return Header(int(fields[0]), int(fields[1]))


def _trailing_numbers(line: bytes) -> int:
    """How many fields at the end of the line are numbers, the first field (a word) not counted."""
    count = 0
    blank = line[:1].isspace()  # A word can be no character at all.
    for field in reversed(line.split()[0 if blank else 1 :]):
        if not _is_number(field):
            break
        count += 1
    return count


def _looks_like_text(row: bytes) -> bool:
    """Whether a row after a header is text: letters only, or most after the word read as numbers.

    Most and not all, so that a faulty row is reported as such instead of being taken for binary;
    letters, so that one with decimal commas is.
    """
    fields = row.split()[1:]
    numbers = sum(map(_is_number, fields))
    return bool(fields) and (2 * numbers >= len(fields) or all(map(_is_text, fields)))


def read_word2vec(
    stream: BinaryIO, path: Path, words: Sequence[str], report: Report = lambda line: None
) -> WordVectors:
    """Read a word2vec file, text or binary, or a GloVe one, from where ``stream`` stands.

    Of a word that comes twice the first row counts, as in gensim, and ``report`` is told.

    Raises:
        UserError: see :func:`_read_text` and :func:`_read_binary`; or it is in no such format.
    """
    begin = stream.tell()
    header = parse_header(stream.readline(MAX_LINE_BYTES))
    if header is None:
        stream.seek(begin)
        return _read_text(stream, path, words, header, report)
    if header.words == 0:
        raise UserError(f"{path}: its first line says that it holds no words")
    rows = stream.tell()
    second = stream.readline(MAX_LINE_BYTES)
    stream.seek(rows)
    binary = second and not _looks_like_text(second)
    return (_read_binary if binary else _read_text)(stream, path, words, header, report)


def _read_text(
    stream: BinaryIO, path: Path, words: Sequence[str], header: Header | None, report: Report
) -> WordVectors:
    """Read the rows of a word2vec text file, or of a GloVe one (``header`` is None).

    The width of every row is checked and that it holds nothing but numbers; the rows kept are
    checked number by number.

    Raises:
        UserError: naming the line, where a row is too short or too long or is not made of finite
            numbers; or the number of rows is not what the header says.
    """
    dim = check_dim(header.dim if header else _told_dim(stream, path), path)
    vectors, wanted = no_vectors(len(words), dim), utf8_rows(words)
    row_count = repeated = 0
    for number, line in _lines(stream, path, start=2 if header else 1):
        row_count += 1
        word, numbers = _split_row(line, dim, f"{path}, line {number}")
        row = wanted.get(word)
        if row is not None:
            values = _parse(numbers.split(b" "), f"{path}, line {number}")
            repeated += not vectors.take(row, values)
    if header and header.words != row_count:
        raise _wrong_count(path, header.words, f"holds {row_count:,}")
    _say_repeated(repeated, path, report)
    kind = "word2vec" if header else "GloVe"
    return replace(vectors, source=f"{kind} text file {path.name}, {dim} d")


def _read_binary(
    stream: BinaryIO, path: Path, words: Sequence[str], header: Header, report: Report
) -> WordVectors:
    """Read the rows of a word2vec binary file; every one is checked to be finite.

    A word ends at a space, yet gensim writes phrases with theirs: where the bytes after it read as
    text, and as numbers that no vector has, the word goes on.

    Raises:
        UserError: naming the row, where the file ends too early, a word has no end or a number is
            not finite; or the numbers are big-endian, or the file goes on after the last row the
            header speaks of.
    """
    vectors, wanted = no_vectors(len(words), check_dim(header.dim, path)), utf8_rows(words)
    scanner, repeated = Scanner(stream, path), 0
    for number in range(1, header.words + 1):
        where = f"row {number} of {header.words}"
        word = scanner.until(b" ", where).lstrip(b"\n")
        word += _rest_of_phrase(scanner, header.dim)
        values = np.frombuffer(scanner.take(4 * header.dim, where), dtype="<f4")
        if number == 1 and not _is_usual(values) and _is_usual(values.byteswap()):
            raise UserError(f"{path}: its numbers are big-endian; word2vec writes little-endian")
        if not np.isfinite(values).all():
            raise UserError(f"{path}, {where}: not all numbers are finite; fetch the file again")
        row = wanted.get(word)
        if row is not None:
            repeated += not vectors.take(row, values)
    if not scanner.at_end():
        raise _wrong_count(path, header.words, "goes on after them")
    _say_repeated(repeated, path, report)
    return replace(vectors, source=f"word2vec binary file {path.name}, {header.dim} d")


def _say_repeated(count: int, path: Path, report: Report) -> None:
    if count:
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        report(f"{path}: {rows} of words that stood before; of each word the first row counts")


def _rest_of_phrase(scanner: Scanner, dim: int) -> bytes:
    """What of a word still comes after its first space, taken from ``scanner``; mostly nothing."""
    # Four letters read as a number are beyond 1e15, three and a space below 1e-18. A row is looked
    # at whole only where it begins with what could be text.
    if not scanner.is_at(_TEXT_AND_SPACE, _MAX_PHRASE_BYTES):
        return b""
    ahead = scanner.peek(_MAX_PHRASE_BYTES + 4 * dim)
    length = 0
    while not _could_be_vector(ahead[length : length + 4 * dim], dim):
        space = ahead.find(b" ", length, _MAX_PHRASE_BYTES)
        if space < 0 or not _is_text(ahead[:space]):
            return b""  # No phrase, but odd numbers.
        length = space + 1
    scanner.take(length, "a word")
    return b" " + ahead[: length - 1] if length else b""


def _could_be_vector(row: bytes, dim: int) -> bool:
    return len(row) == 4 * dim and _is_usual(np.frombuffer(row, dtype="<f4"))


def _is_usual(vector: np.ndarray) -> bool:
    """Whether every number is of a size that vectors have."""
    sizes = np.abs(vector)
    return bool(np.all((sizes == 0) | ((sizes > 1e-15) & (sizes < 1e15))))


def _is_text(piece: bytes) -> bool:
    try:
        return piece.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _told_dim(stream: BinaryIO, path: Path) -> int:
    """The dimensions of a file without a header: the numbers in its first row."""
    begin = stream.tell()
    first, second = stream.readline(MAX_LINE_BYTES), stream.readline(MAX_LINE_BYTES)
    stream.seek(begin)
    dim = _trailing_numbers(first)
    # One number after the words would be no vector, but happens in any text.
    if dim < 2:
        raise UserError(
            f"{path}: in none of the known formats (word2vec text or binary, GloVe text, "
            "fastText .bin)"
        )
    number, *numbers = first.split()[-dim:]
    in_word = _trailing_numbers(second) == dim - 1 and _ends_phrase(number, numbers)
    return dim - 1 if in_word else dim


def _lines(stream: BinaryIO, path: Path, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line without its end) of the lines that are not blank."""
    number = start
    while line := stream.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise UserError(f"{path}, line {number}: too long for a row of a vectors file")
        stripped = line.rstrip()
        if stripped:
            yield number, stripped
        number += 1


def _split_row(line: bytes, dim: int, where: str) -> tuple[bytes, bytes]:
    """Split a row into its word and its ``dim`` numbers (separated by single spaces).

    Nearly every row passes the cheap test of the first lines, so that files of millions of rows
    are read in seconds; the others are looked at field by field.
    """
    word, _, numbers = line.partition(b" ")
    if numbers.count(b" ") == dim - 1 and not numbers.translate(None, _NUMBER_CHARACTERS):
        return word, numbers
    fields = line.rsplit(None, dim)
    if len(fields) == dim and line[:1].isspace():
        fields.insert(0, b"")
    if len(fields) <= dim:
        raise UserError(f"{where}: expected a word and {dim} numbers, found {len(fields) - 1}")
    _parse(fields[1:], where)
    # Words may hold spaces ("at name@domain.com" in GloVe's largest file). Where a number before
    # the last ``dim`` is written as those of a vector are, though, the row is too long.
    inner = fields[0].split()[1:]
    if inner and _is_number(inner[-1]) and not _ends_phrase(inner[-1], fields[1:]):
        raise UserError(f"{where}: expected a word and {dim} numbers, found more")
    return fields[0], b" ".join(fields[1:])


def _ends_phrase(number: bytes, numbers: list[bytes]) -> bool:
    """Whether a number is part of a word: a short one, with fewer decimals than the vector's."""
    decimals = max(len(field.partition(b".")[2]) for field in numbers)
    return bool(_SHORT_NUMBER.fullmatch(number)) and len(number.partition(b".")[2]) < decimals


def _parse(fields: list[bytes], where: str) -> npt.NDArray[np.float32]:
    for field in fields:
        if not _is_number(field):
            text = field[:40].decode("utf-8", errors="replace")
            raise UserError(f"{where}: {text!r} is not a number; fetch the file again")
    with np.errstate(over="ignore"):
        row = np.array([float(field) for field in fields]).astype(np.float32)
    if not np.isfinite(row).all():
        raise UserError(f"{where}: not all numbers are finite; remove or mend this row")
    return row


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _wrong_count(path: Path, promised: int, actual: str) -> UserError:
    return UserError(
        f"{path}: its first line promises {promised:,} words, but the file {actual}; "
        "fetch it again or correct that line"
    )
