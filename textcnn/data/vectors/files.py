"""Reading vectors files that may be compressed, cut short or made to do harm."""

import contextlib
import gzip
import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from textcnn.support.errors import UserError
from textcnn.support.files import open_regular

# Far beyond any vectors in use (the largest have a few thousand dimensions), yet small enough
# that a header full of nonsense cannot make us reserve all of the memory.
MAX_DIM = 10_000
MAX_WORD_BYTES = 10_000
MAX_LINE_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"

# More than any file system's limit for one file: what claims to go further is not looked for.
_MAX_FILE_BYTES = 1 << 44


@contextlib.contextmanager
def open_vectors(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its content, decompressed where it is a gzip file.

    Faults met while reading inside the ``with`` block are translated too.

    Raises:
        UserError: the file cannot be read, or is a gzip file that is damaged or cut short.
    """
    try:
        with open_regular(path) as raw:
            compressed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, unpacked)))
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: damaged or cut short ({error}); fetch it again") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


def check_dim(dim: int, path: Path) -> int:
    """Return ``dim`` if vectors can have that many dimensions, else raise a UserError."""
    if not 1 <= dim <= MAX_DIM:
        raise UserError(f"{path}: vectors of {dim} dimensions cannot be read (1 to {MAX_DIM} can)")
    return dim


class Scanner:
    """Takes a binary stream apart piece by piece, with little work for each piece.

    Args:
        stream: read from its present position.
        path: named in messages.
    """

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self._path = stream, path
        self._buffer, self._at = b"", 0
        self._buffer_start = stream.tell()

    @property
    def position(self) -> int:
        """The offset in the stream of the next byte to be taken."""
        return self._buffer_start + self._at

    def until(self, delimiter: bytes, what: str) -> bytes:
        """Take the bytes before the next ``delimiter`` (one byte), and drop the delimiter."""
        while (end := self._buffer.find(delimiter, self._at)) < 0:
            if len(self._buffer) - self._at > MAX_WORD_BYTES:
                break
            self._fill(what)
        if not 0 <= end - self._at <= MAX_WORD_BYTES:
            raise UserError(f"{self._path}: {what} starts with no word; fetch the file again")
        piece = self._buffer[self._at : end]
        self._at = end + 1
        return piece

    def take(self, size: int, what: str) -> bytes:
        """Take exactly ``size`` bytes."""
        while len(self._buffer) - self._at < size:
            self._fill(what)
        piece = self._buffer[self._at : self._at + size]
        self._at += size
        return piece

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, or fewer at the end of the stream, none of them taken."""
        while len(self._buffer) - self._at < size and self._more():
            pass
        return self._buffer[self._at : self._at + size]

    def is_at(self, pattern: re.Pattern[bytes], size: int) -> bool:
        """Whether what comes next matches ``pattern``, of which ``size`` bytes are enough."""
        if len(self._buffer) - self._at < size:
            self.peek(size)
        return pattern.match(self._buffer, self._at, self._at + size) is not None

    def unpack(self, layout: str, what: str) -> tuple[Any, ...]:
        """Take the bytes of a ``struct`` layout and return its values."""
        return struct.unpack(layout, self.take(struct.calcsize(layout), what))

    def at_end(self) -> bool:
        """Whether nothing but line ends is left (word2vec's own tool writes one after each row)."""
        rest = self._buffer[self._at :] + self._stream.read(_CHUNK_BYTES)
        return not rest.strip(b"\r\n")

    def _fill(self, what: str) -> None:
        if not self._more():
            raise UserError(f"{self._path}: the file ends within {what}; fetch it again")

    def _more(self) -> bool:
        chunk = self._stream.read(_CHUNK_BYTES)
        self._buffer_start += self._at
        self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return bool(chunk)


def read_rows(
    path: Path, offset: int, shape: tuple[int, int], numbers: Iterable[int]
) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    """Yield (number, (D,) float32 row) for each of the different numbers, in rising order.

    Rising order means that a compressed file is unpacked only once. The matrix stays in its file.

    Args:
        path: the file, perhaps compressed.
        offset: where the first row starts in its content.
        shape: (rows, D) of little-endian float32; the rows lie one after another.
        numbers: of the rows wanted.

    Raises:
        UserError: the file is too short for the matrix, or a row read is not finite.
    """
    size = 4 * shape[1]
    too_short = UserError(f"{path}: the file ends within its vectors; fetch it again")
    with open_vectors(path) as stream:
        for number in sorted(set(numbers)):
            stream.seek(min(offset + number * size, _MAX_FILE_BYTES))
            data = stream.read(size)
            if len(data) < size:
                raise too_short
            row = np.frombuffer(data, "<f4").astype(np.float32)
            if not np.isfinite(row).all():
                raise UserError(f"{path}, vector {number + 1}: not all of its numbers are finite")
            yield number, row
        # Rows that nobody asked for may be missing too: a sign of a download cut short.
        stream.seek(min(offset + shape[0] * size, _MAX_FILE_BYTES) - 1)
        if not stream.read(1):
            raise too_short
