"""Labelled sentences from a user's own files, in every layout that is read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from textcnn.data.datasets.folders import document_rows, folder_rows, one_label_rows
from textcnn.data.datasets.formats import FORMATS, told_format
from textcnn.data.datasets.json_lines import json_rows
from textcnn.data.datasets.labelled_lines import fasttext_rows, trec_rows
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.datasets.rows import ReadingOptions, Row, checked
from textcnn.data.datasets.tables import csv_rows, tsv_rows
from textcnn.data.datasets.text_files import check_encoding, decode, read_bytes
from textcnn.data.label_sets import join_labels
from textcnn.support.errors import UserError


def read_labelled(
    paths: Sequence[str],
    *,
    format: str = "auto",
    text_column: str = "text",
    label_column: str = "label",
    encoding: str = "utf-8",
    multilabel: bool = False,
    label_separator: str = "|",
) -> LabelledTexts:
    r"""Read labelled sentences from ``paths``, one after another.

    Each path is one of:

    - ``LABEL=FILE``: one sentence a line, all with that label. Blank lines are ignored.
    - ``LABEL=FOLDER``: a document in every file of the folder, all with that label.
    - a folder of such files, one per label. A label is its file's name without the suffix or,
      where all files share that (``mpqa.pos``, ``mpqa.neg``), the suffix.
    - a folder of folders, one per label and called by it, in which every file is a document: one
      row, whatever lines it has. Hidden files are ignored in either kind of folder.
    - ``.csv``: with a header; ``text_column`` and ``label_column`` are the columns to read. Where
      both are whole numbers, not all of them names in the first line, the file has no header and
      they count columns from 1. ``title+text`` puts two columns together, with a space between.
    - ``.tsv``: likewise, fields separated by tabs. A quotation mark has no special meaning, since
      sentences begin with one often enough; so a row is always exactly one line.
    - ``.jsonl``, ``.ndjson``: an object a line, with those two keys; the text is a string (several
      with a plus sign, as above), the label a string, an integer, or true/false, which becomes
      "true"/"false".
    - fastText lines ``__label__x text``; the suffix does not matter.
    - with ``format`` "trec" or "trec-fine", lines ``DESC:manner text`` of which "DESC" or
      "DESC:manner" is the label.

    Every file may be compressed with gzip: its content tells, and ``.gz`` at the end of a name
    counts for nothing. A row's text may be empty, its label may not. White space around either is
    removed. Lines end at ``\n`` (in CSV also at ``\r``), never at the other characters Unicode
    counts as line ends.

    With ``multilabel`` a row may have any number of labels, and none: in CSV, TSV and JSON strings
    parted by ``label_separator``, in JSON also as a list, in fastText lines each with its mark.

    Args:
        paths: what to read.
        format: "auto" tells by suffix, else by the first line; or one of
            :data:`textcnn.data.datasets.formats.FORMATS`. Has no effect on ``LABEL=FILE`` pairs and
            folders.
        text_column: the column or key of the sentence in CSV, TSV and JSON Lines.
        label_column: the column or key of its label there.
        encoding: the encoding of every file. A byte order mark is removed.
        multilabel: whether rows have sets of labels; those of a row are then as
            :func:`textcnn.data.label_sets.join_labels` puts them together.
        label_separator: what stands between the labels of a cell.

    Raises:
        UserError: anything that cannot be read as said above, naming the file and line or option.
    """
    if format not in ("auto", *FORMATS):
        raise UserError(f"--format: {format!r} is none of auto, {', '.join(FORMATS)}")
    if text_column == label_column:
        raise UserError(f"--text-column and --label-column are both {text_column!r}")
    if multilabel and not label_separator.strip():
        raise UserError("--label-separator: white space cannot part labels")
    if not paths:
        raise UserError("no data given: name a file, a folder, or LABEL=FILE pairs")
    check_encoding(encoding)
    options = ReadingOptions(
        format, text_column, label_column, encoding, multilabel, label_separator
    )
    rows = [checked(row, multilabel) for path in paths for row in _rows_of(path, options)]
    texts = [row.text for row in rows]
    labels = [join_labels(row.labels) for row in rows]
    return LabelledTexts(texts, labels, source=_summary(paths))


def _rows_of(given: str, options: ReadingOptions) -> Iterator[Row]:
    path = Path(given)
    label, equals, file = given.partition("=")
    if equals and not _exists(path):  # a file whose own name holds "=" is that file
        if not label.strip() or not file:
            raise UserError(f"{given!r}: write a label and its file as LABEL=FILE")
        rows = document_rows if _is_folder(Path(file)) else one_label_rows
        yield from rows(Path(file), label, options.encoding)
    elif _is_folder(path):
        yield from folder_rows(path, options.encoding)
    else:
        yield from _file_rows(path, options)


def _file_rows(path: Path, options: ReadingOptions) -> Iterator[Row]:
    """The rows of a file whose rows carry their labels."""
    text = decode(read_bytes(path), path, options.encoding)
    format = told_format(path, text) if options.format == "auto" else options.format
    if format == "csv":
        rows = csv_rows(text, path, options)
    elif format == "tsv":
        rows = tsv_rows(text, path, options)
    elif format == "jsonl":
        rows = json_rows(text, path, options)
    elif format == "fasttext":
        rows = fasttext_rows(text, path, options)
    else:
        rows = trec_rows(text, path, fine=format == "trec-fine")
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise UserError(f"{path} holds no rows")


def _summary(paths: Sequence[str]) -> str:
    named = ", ".join(paths[:3])
    return named if len(paths) <= 3 else f"{named} and {len(paths) - 3} more"


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
