"""Text files from outside, read whole: bytes, encoding and lines, with errors that say where."""

import codecs
import gzip
import io
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from textcnn.data.datasets.foreign_formats import refuse_foreign
from textcnn.support.errors import MissingFileError, UserError
from textcnn.support.files import open_regular

GZIP_MAGIC = b"\x1f\x8b"

# Text shrinks to a third or a tenth, deflate at most to a thousandth: what claims more than a
# hundredth was made to fill the memory, or says the same thing over and over.
LARGEST_RATIO = 100
ALWAYS_UNPACKED = 64 * 2**20
NEVER_UNPACKED = 4 * 2**30
_PIECE = 2**20

# UTF-32's little-endian mark begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAMPLE = 2**16
# Control characters, but for white space and what changes the letters in old encodings.
_NO_TEXT = bytes({*range(32)} - {*b"\t\n\v\f\r\x0e\x0f\x1b"})
_LINE_ENDS = dict.fromkeys(b"\t\n\r", " ")

Report = Callable[[str], None]


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know, or that does not turn bytes into text.

    Raises:
        UserError: naming ``--encoding``.
    """
    try:
        codecs.lookup(encoding)
        # Refuse "hex" and the like, which lookup accepts, and "idna", which is for host names.
        "a".encode(encoding).decode(encoding, errors="ignore")
    except (LookupError, ValueError) as error:
        raise UserError(
            f"--encoding: {encoding!r} is not a text encoding known to Python; "
            "try utf-8, cp1252 or utf-16"
        ) from error


def read_bytes(path: Path, *, may_be_empty: bool = False) -> bytes:
    """What :func:`unpacked` makes of the content of ``path``, which must hold text."""
    return unpacked(content_of(path), path, may_be_empty=may_be_empty)


def content_of(path: Path) -> bytes:
    """The content of ``path``, as it is.

    Raises:
        UserError: the file is missing, a folder, or not readable.
    """
    try:
        # A pipe would be empty when the run is gone on with, and may never end: a checkpoint from
        # elsewhere can name any file.
        with open_regular(path) as stream:
            return stream.read()
    except FileNotFoundError as error:
        if str(path).startswith(("http:/", "https:/")):
            raise UserError(f"{path}: an address and no file; fetch it first") from error
        raise MissingFileError(f"no such file: {path}") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder where a file is needed") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path}: {reason}") from error


def unpacked(
    data: bytes,
    path: Path,
    *,
    may_be_empty: bool = False,
    readable: Callable[[bytes], bool] = lambda data: False,
) -> bytes:
    """The content of ``path``, unpacked where it is a gzip file, whatever its name.

    A gzip file may unpack to 64 MiB, or to 100 times its size up to 4 GiB.

    Args:
        data: the content as it is.
        path: the file.
        may_be_empty: whether a file with nothing in it is returned rather than refused.
        readable: whether a content that is no text can be read nevertheless.

    Raises:
        UserError: it is empty; a gzip file that is damaged or unpacks to more; a workbook, an
            archive or the like, which holds no text as it is.
    """
    if data.startswith(GZIP_MAGIC):
        data = _unpacked(data, path)
    if not data and not may_be_empty:
        raise UserError(f"{path} is empty: it holds no sentences")
    if not readable(data):
        refuse_foreign(data, path)
    return data


def without_gz(path: Path) -> Path:
    """``path`` as it would be called if it were not compressed: ``a.csv`` for ``a.csv.gz``."""
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def decode(data: bytes, path: Path, encoding: str, report: Report = lambda line: None) -> str:
    """Return ``data``, the content of ``path``, as text without a byte order mark.

    The mark of UTF-16 or UTF-32, and UTF-16's zero bytes where there is none, go before
    ``encoding``: read in any other, each letter would be a word.

    Args:
        data: the content.
        path: named in messages.
        encoding: of the file.
        report: told in one line where another encoding was found.

    Raises:
        UserError: the bytes are not in ``encoding``; the message names the line and ``--encoding``.
    """
    found = wide_encoding(data)
    if found is not None and _width(encoding) != _width(found):
        report(f"{path}: read as {found.upper()}, which its first bytes say it is")
        encoding = found
    elif found is None and _width(encoding) > 8 and 0 not in data[:_SAMPLE]:
        raise UserError(f"{path}: not {encoding}, whose line ends hold zero bytes; try utf-8")
    elif found is None and _width(encoding) == 8 and _many_zeros(data):
        raise UserError(
            f"{path}: holds zero bytes, which no text in {encoding} does; give its --encoding, "
            "such as utf-16-le, or another file"
        )
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data[:start].decode(encoding, errors="ignore").count("\n") + 1
        where = f"{path}, line {line}"
        if _is_utf8(encoding) and _mostly_utf8(data):
            raise UserError(
                f"{where}: a damaged character in a file that is otherwise UTF-8; repair it there"
            ) from error
        likely = _likely_encoding(data, encoding)
        if likely is None:
            raise UserError(
                f"{path}: no text in any encoding; export its texts and labels as CSV"
            ) from error
        name = "UTF-8" if _is_utf8(encoding) else encoding
        raise UserError(
            f"{where}: not {name}; save the file as UTF-8 or give its encoding, "
            f"for instance --encoding {likely}"
        ) from error


def wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 where ``data`` begins with its mark or has UTF-16's zeros; else None."""
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    if not _many_zeros(data):
        return None
    return next((name for name in ("utf-16-le", "utf-16-be") if _reads_as(data, name)), None)


def _reads_as(data: bytes, encoding: str) -> bool:
    """Whether nearly all characters are ones that texts have."""
    text = data[:_SAMPLE].decode(encoding, errors="replace")
    counts = Counter(map(unicodedata.category, text.translate(_LINE_ENDS)))
    odd = sum(counts[category] for category in ("Cc", "Cn", "Co", "Cs"))
    return 50 * odd < len(text)


def _many_zeros(data: bytes) -> bool:
    """Whether one byte in twenty is zero: in UTF-16, white space is enough for that.

    A zero or two in a short text may be anything, unless they are a quarter of it.
    """
    zeros, size = data.count(0, 0, _SAMPLE), len(data[:_SAMPLE])
    return 20 * zeros > size and (zeros > 2 or 4 * zeros > size)


def _width(encoding: str) -> int:
    """The bits of the shortest character."""
    name = codecs.lookup(encoding).name
    return 16 if "16" in name.split("-")[1:2] else 32 if "32" in name.split("-")[1:2] else 8


def split_lines(text: str) -> list[str]:
    r"""Split ``text`` at ``\n`` only; a last line without one counts, an empty one does not.

    A text without any, as old programs write it, is split at ``\r``.

    ``str.splitlines`` would also split at NEL, U+2028, ``\x1c`` and others, which occur inside
    real sentences: a row would become two, and every later label would belong to another row.
    """
    lines = text.split("\n" if "\n" in text else "\r")
    if not lines[-1]:
        lines.pop()
    return lines


def lines_of_text(text: str, path: Path, report: Report) -> Iterator[tuple[int, str]]:
    r"""The lines of :func:`split_lines` that are not blank, with their numbers from 1.

    Lines that hold a ``\r``, which may have been meant as an end, are reported.
    """
    lines = split_lines(text)
    within = "\r" in text and sum("\r" in line.strip("\r") for line in lines)
    if within:
        report(f"{path}: carriage returns in {within:,} of the lines end none, as line feeds do")
    numbered = enumerate(lines, start=1)
    return ((number, line) for number, line in numbered if line.strip())


def check_unpacked(size: int, packed: int, path: Path) -> None:
    """Raise a UserError where so many bytes come of ``packed`` ones that few texts would do so."""
    if size > min(max(ALWAYS_UNPACKED, LARGEST_RATIO * packed), NEVER_UNPACKED):
        raise UserError(
            f"{path}: unpacks to {size / 2**20:,.0f} MiB or more from {packed / 2**20:,.1f}, which "
            "few texts do; if you trust it, give it as text that is not compressed"
        )


def _unpacked(packed: bytes, path: Path) -> bytes:
    """The content of a gzip file, unpacked piece by piece so that a bomb is noticed in time."""
    content = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            while piece := stream.read(_PIECE):
                check_unpacked(content.tell() + len(piece), len(packed), path)
                content.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path}: a gzip file that is damaged or cut short ({error}); fetch it again"
        ) from error
    return content.getvalue()


def unreadable(path: Path, what: str, error: Exception) -> UserError:
    """What to say of a table of another program's that it cannot read: ``what``, and advice."""
    if isinstance(error, UserError):
        return error
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return UserError(f"{path}: {what.format(reason)}")


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _mostly_utf8(data: bytes) -> bool:
    """Whether more of the bytes beyond ASCII make characters than do not.

    Another encoding would turn all of these into two or three wrong ones each.
    """
    text = data.decode("utf-8", errors="replace")
    beyond_ascii = len(text) - len(text.encode("ascii", errors="ignore"))
    return beyond_ascii > 2 * text.count("\ufffd")


ASCII = bytes(range(128))


def _likely_encoding(data: bytes, tried: str) -> str | None:
    """What to try instead; None where the bytes are no text at all."""

    def may_be(name: str) -> bool:
        try:
            data.decode(name)
        except UnicodeError:
            return False
        return codecs.lookup(tried).name != name

    if may_be("utf-8"):
        return "utf-8"
    if b"\0" in data[1::2] and may_be("utf-16-le"):
        return "utf-16-le"
    sample = data[:_SAMPLE]
    if 50 * len(sample.translate(None, _NO_TEXT)) < 49 * len(sample):
        return None
    beyond_ascii = len(data.translate(None, ASCII))
    if b"\0" not in data and 4 * beyond_ascii > len(data):  # More than accented letters.
        return "gb18030, shift_jis or cp1251"
    if may_be("cp1252"):
        return "cp1252"
    return "latin-1"  # Gives every byte a character, be it the right one or not.
