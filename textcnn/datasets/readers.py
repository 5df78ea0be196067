"""Labelled sentences from a user's own files.

One file per label (``LABEL=FILE`` pairs, or a folder of files), CSV, TSV and JSON Lines with named
columns, and fastText's ``__label__x text`` lines.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from textcnn.datasets.labelled_texts import LabelledTexts
from textcnn.datasets.text_files import check_encoding, decode, read_bytes, split_lines
from textcnn.errors import UserError

FORMATS = ("csv", "tsv", "jsonl", "fasttext")

_FORMAT_OF_SUFFIX = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

# The csv module stops at 128 KiB a field by default; whole articles are longer, whole books
# behind one unclosed quote should still be stopped.
_LONGEST_CSV_FIELD = 16 * 2**20


@dataclass(frozen=True)
class _How:
    """The options of one call of :func:`read_labelled`."""

    format: str
    text_column: str
    label_column: str
    encoding: str


@dataclass(frozen=True)
class _Row:
    where: str  # file and line, for errors
    label: str
    text: str


def read_labelled(
    paths: Sequence[str],
    *,
    format: str = "auto",
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8",
) -> LabelledTexts:
    r"""Read labelled sentences from ``paths``, one after another.

    Each path is one of:

    - ``LABEL=FILE``: one sentence a line, all with that label. Blank lines are ignored.
    - a folder of such files, one per label. A label is its file's name without the suffix or,
      where all files share that (``mpqa.pos``, ``mpqa.neg``), the suffix. Hidden files are ignored.
    - ``.csv``: with a header; ``text_column`` and ``label_column`` are the columns to read.
    - ``.tsv``: likewise, fields separated by tabs. A quotation mark has no special meaning, since
      sentences begin with one often enough; so a row is always exactly one line.
    - ``.jsonl``, ``.ndjson``: an object a line, with those two keys; the text is a string, the
      label a string, an integer, or true/false, which becomes "true"/"false".
    - fastText lines ``__label__x text``, one label each; the suffix does not matter.

    A row's text may be empty, its label may not. White space around either is removed. Lines end
    at ``\n`` (in CSV also at ``\r``), never at the other characters Unicode counts as line ends.

    Args:
        paths: what to read.
        format: "auto" tells by suffix, else by the first line; or one of :data:`FORMATS`.
            Has no effect on ``LABEL=FILE`` pairs and folders.
        text_column: the column or key of the sentence in CSV, TSV and JSON Lines.
        label_column: the column or key of its label there.
        encoding: the encoding of every file. A byte order mark is removed.

    Raises:
        UserError: anything that cannot be read as said above, naming the file and line or option.
    """
    if format not in ("auto", *FORMATS):
        raise UserError(f"--format: {format!r} is none of auto, {', '.join(FORMATS)}")
    if text_column == label_column:
        raise UserError(f"--text-column and --label-column are both {text_column!r}")
    if not paths:
        raise UserError("no data given: name a file, a folder, or LABEL=FILE pairs")
    check_encoding(encoding)
    how = _How(format, text_column, label_column, encoding)
    rows = [_checked(row) for path in paths for row in _rows_of(path, how)]
    texts = [row.text for row in rows]
    labels = [row.label for row in rows]
    return LabelledTexts(texts, labels, source=_summary(paths))


def _rows_of(given: str, how: _How) -> Iterator[_Row]:
    path = Path(given)
    label, equals, file = given.partition("=")
    if equals and not _exists(path):  # a file whose own name holds "=" is that file
        if not label.strip() or not file:
            raise UserError(f"{given!r}: write a label and its file as LABEL=FILE")
        yield from _one_label_rows(Path(file), label, how)
    elif _is_folder(path):
        for file_label, member in _labels_of_folder(path):
            yield from _one_label_rows(member, file_label, how)
    else:
        yield from _table_rows(path, how)


def _checked(row: _Row) -> _Row:
    """Strip the row; refuse labels that cannot be shown on one line and text UTF-8 cannot hold."""
    label = row.label.strip()
    if not label:
        raise UserError(f"{row.where}: the label is missing")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in label):
        raise UserError(f"{row.where}: the label {label!r} holds a control character")
    try:
        (label + row.text).encode("utf-8")
    except UnicodeEncodeError as error:
        # JSON can spell one with \ud800; no output and no checkpoint could store it.
        raise UserError(f"{row.where}: holds half a character (a lone surrogate)") from error
    return _Row(row.where, label, row.text.strip())


def _summary(paths: Sequence[str]) -> str:
    named = ", ".join(paths[:3])
    return named if len(paths) <= 3 else f"{named} and {len(paths) - 3} more"


# One file per label


def _one_label_rows(path: Path, label: str, how: _How) -> Iterator[_Row]:
    lines = split_lines(decode(read_bytes(path), path, how.encoding))
    rows = [
        _Row(f"{path}, line {number}", label, line)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not rows:
        raise UserError(f"{path} holds no sentences, only blank lines")
    yield from rows


def _labels_of_folder(folder: Path) -> list[tuple[str, Path]]:
    """Pair each file of ``folder`` with its label, in the order of their names."""
    files = _visible_files(folder)
    shared_stem = len(files) > 1 and len({file.stem for file in files}) == 1
    label_of: dict[str, Path] = {}
    for file in files:
        label = file.suffix.removeprefix(".") if shared_stem else file.stem
        if not label or label in label_of:
            raise UserError(
                f"{folder}: the file names do not give each file its own label "
                f"({', '.join(member.name for member in files[:4])}); name them good.txt, bad.txt "
                "or the like, or give LABEL=FILE pairs"
            )
        label_of[label] = file
    return list(label_of.items())


def _visible_files(folder: Path) -> list[Path]:
    try:
        members = sorted(member for member in folder.iterdir() if not member.name.startswith("."))
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from error
    if not members:
        raise UserError(f"{folder} holds no files: put one file per label there")
    for member in members:
        if member.is_dir():
            raise UserError(
                f"{folder} holds a folder ({member.name}): a folder per label is not supported "
                "yet; give one file per label, in one folder or as LABEL=FILE pairs"
            )
        if member.suffix.lower() in _FORMAT_OF_SUFFIX:
            raise UserError(
                f"{folder} holds {member.name}, but a folder is read as one plain text file per "
                f"label; give the file itself: {member}"
            )
    return members


# Files whose rows carry their labels


def _table_rows(path: Path, how: _How) -> Iterator[_Row]:
    text = decode(read_bytes(path), path, how.encoding)
    format = _told_format(path, text) if how.format == "auto" else how.format
    if format in ("csv", "tsv"):
        records = _csv_records(text, path) if format == "csv" else _tsv_records(text)
        rows = _column_rows(records, path, how)
    elif format == "jsonl":
        rows = _json_rows(text, path, how)
    else:
        rows = _fasttext_rows(text, path)
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise UserError(f"{path} holds no rows")


def _told_format(path: Path, text: str) -> str:
    if path.suffix.lower() in _FORMAT_OF_SUFFIX:
        return _FORMAT_OF_SUFFIX[path.suffix.lower()]
    beginning = text.lstrip()
    if beginning.startswith("__label__"):
        return "fasttext"
    if beginning.startswith("{"):
        return "jsonl"
    raise UserError(
        f"{path}: cannot tell its format; say --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, "
        f"or, where all its lines have one label, LABEL={path}"
    )


def _csv_records(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield ``(number of the first line, fields)`` of each row; a quoted field may span lines."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        # The limit is the csv module's own, shared by the whole process: raised row by row.
        usual_limit = csv.field_size_limit(_LONGEST_CSV_FIELD)
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise UserError(
                f"{path}, line {line}: not valid CSV ({error}); is a quotation mark left open?"
            ) from error
        finally:
            csv.field_size_limit(usual_limit)
        if record is None:
            return
        if record:  # the csv module gives [] for a blank line
            yield line, record


def _tsv_records(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(split_lines(text), start=1):
        content = line.removesuffix("\r")
        if content:
            yield number, content.split("\t")


def _column_rows(records: Iterator[tuple[int, list[str]]], path: Path, how: _How) -> Iterator[_Row]:
    _, first = next(records, (1, [""]))
    header = [name.strip() for name in first]
    text_at = _column(header, how.text_column, "--text-column", path)
    label_at = _column(header, how.label_column, "--label-column", path)
    for line, fields in records:
        where = f"{path}, line {line}"
        if len(fields) != len(header):
            raise UserError(f"{where}: has {len(fields)} fields, but the header {len(header)}")
        yield _Row(where, fields[label_at], fields[text_at])


def _column(header: list[str], name: str, option: str, path: Path) -> int:
    if header.count(name) == 1:
        return header.index(name)
    fault = f"has {header.count(name)} columns" if name in header else "has no column"
    shown = ", ".join(repr(column[:40]) for column in header[:10])
    more = f" and {len(header) - 10} more" if len(header) > 10 else ""
    raise UserError(
        f"{path} {fault} {name!r}; its first line names {shown}{more}: choose with {option}"
    )


def _json_rows(text: str, path: Path, how: _How) -> Iterator[_Row]:
    for number, line in enumerate(split_lines(text), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{where}: not valid JSON ({error})") from error
        if not isinstance(row, dict):
            raise UserError(f"{where}: not a JSON object; give one {{...}} a line")
        for key, option in ((how.text_column, "text"), (how.label_column, "label")):
            if key not in row:
                names = ", ".join(repr(name[:40]) for name in list(row)[:10]) or "none"
                raise UserError(
                    f"{where}: has no key {key!r}, its keys are {names}: "
                    f"choose with --{option}-column"
                )
        yield _Row(where, _json_label(row[how.label_column], where), _json_text(row, how, where))


def _json_label(label: object, where: str) -> str:
    if isinstance(label, bool):  # before int, which bool is a kind of
        return "true" if label else "false"
    if isinstance(label, str | int):
        return str(label)
    kind = _json_kind(label)
    raise UserError(f"{where}: the label must be a string, an integer or true/false, not {kind}")


def _json_text(row: dict[str, object], how: _How, where: str) -> str:
    text = row[how.text_column]
    if isinstance(text, str):
        return text
    raise UserError(f"{where}: the text must be a string, not {_json_kind(text)}")


def _json_kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", bool: "true/false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _fasttext_rows(text: str, path: Path) -> Iterator[_Row]:
    for number, line in enumerate(split_lines(text), start=1):
        words = line.split(maxsplit=1)
        if not words:
            continue
        where = f"{path}, line {number}"
        label, sentence = words[0], words[1] if len(words) == 2 else ""
        if not label.startswith("__label__"):
            raise UserError(f"{where}: does not begin with __label__")
        if re.search(r"(?<!\S)__label__", sentence):
            raise UserError(f"{where}: has several labels; one a line is supported")
        yield _Row(where, label.removeprefix("__label__"), sentence)


# A path can be so odd (too long, a NUL in it) that even asking about it fails; opening it later
# says so in one line.


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
