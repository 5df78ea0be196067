"""Text files from outside, read whole: bytes, encoding and lines, with errors that say where."""

import codecs
from pathlib import Path

from textcnn.errors import UserError


def check_encoding(encoding: str) -> None:
    """Refuse an encoding that Python does not know, or that does not turn bytes into text.

    Raises:
        UserError: naming ``--encoding``.
    """
    try:
        codecs.lookup(encoding)
        "a".encode(encoding)  # refuses "hex" and the like, which lookup accepts
    except (LookupError, ValueError) as error:
        raise UserError(
            f"--encoding: {encoding!r} is not a text encoding known to Python; "
            "try utf-8, cp1252 or utf-16"
        ) from error


def read_bytes(path: Path) -> bytes:
    """Return the content of ``path``, which must be a file with something in it.

    Raises:
        UserError: the file is missing, empty, a folder, or not readable.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"no such file: {path}") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder where a file is needed") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read {path}: {reason}") from error
    if not data:
        raise UserError(f"{path} is empty: it holds no sentences")
    return data


def decode(data: bytes, path: Path, encoding: str) -> str:
    """Return ``data``, the content of ``path``, as text without a byte order mark.

    Raises:
        UserError: the bytes are not in ``encoding``; the message names the line and ``--encoding``.
    """
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data[:start].decode(encoding, errors="ignore").count("\n") + 1
        name = "UTF-8" if encoding.lower() in ("utf-8", "utf8", "utf-8-sig") else encoding
        raise UserError(
            f"{path}, line {line}: not {name}; save the file as UTF-8 or give its encoding, "
            f"for instance --encoding {_likely_encoding(data, encoding)}"
        ) from error


def split_lines(text: str) -> list[str]:
    r"""Split ``text`` at ``\n`` only; a last line without one counts, an empty one does not.

    ``str.splitlines`` would also split at NEL, U+2028, ``\x1c`` and others, which occur inside
    real sentences: a row would become two, and every later label would belong to another row.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _likely_encoding(data: bytes, tried: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "cp1252" if tried.lower() not in ("cp1252", "windows-1252") else "latin-1"
