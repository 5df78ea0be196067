"""Labelled sentences from a user's own files, in every layout that is read."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from textcnn.data.datasets.cells import DEFAULTS, Selection, matching
from textcnn.data.datasets.folders import document_rows, folder_rows, one_label_rows
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.datasets.labelled_texts import BadRow, LabelledTexts, spellings
from textcnn.data.datasets.rows import Row, checked
from textcnn.data.datasets.tables import read_table
from textcnn.data.datasets.text_files import Report, check_encoding
from textcnn.data.labels import join_labels
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.text import some


def read_labelled(
    paths: Sequence[str],
    config: Config = DEFAULTS,
    report: Report = lambda line: None,
    or_usual: bool = False,
) -> LabelledTexts:
    r"""Read labelled sentences from ``paths``, one after another.

    Each path is one of:

    - ``LABEL=FILE``: one sentence a line, all with that label. Blank lines are ignored. A table
      (below, told by its name) gives the text of its rows, and needs no label column.
    - ``LABEL=FOLDER``: a document in every file of the folder, all with that label.
    - a folder of such files, one per label. A label is its file's name without the suffix or,
      where all files share that (``mpqa.pos``, ``mpqa.neg``), the suffix.
    - a folder of folders, one per label and called by it, in which every file is a document: one
      row, whatever lines it has. Hidden files are ignored in either kind of folder.
    - ``.csv``: ``text_column`` and ``label_column`` name the columns to read, or count them from 1
      where there is no header: where both are whole numbers, or ``header`` is false. ``title+text``
      puts two columns together, with a space between. Fields are parted by ``delimiter``, or by
      that of ``, ; tab |`` which gives these columns; Excel's ``sep=`` line is understood.
      Where a default name is not there, the only column with another usual name is taken
      (:data:`textcnn.data.datasets.cells.OTHER_NAMES`), and that is reported.
    - ``.tsv``: likewise, of tabs. A quotation mark has no special meaning, since sentences begin
      with one often enough; so a row is always exactly one line.
    - ``.json``, ``.jsonl``, ``.ndjson``: an object a line, or an array of objects, with those two
      keys; the text is a string (several with a plus sign, as above), the label a string, an
      integer, or true/false, which becomes "true"/"false".
    - Parquet, with those two columns, told by its content.
    - Excel's ``.xlsx``, told by its content: a sheet as if it had been saved as CSV.
    - fastText lines ``__label__x text``; the suffix does not matter.
    - with ``format`` "trec" or "trec-fine", lines ``DESC:manner text`` of which "DESC" or
      "DESC:manner" is the label.

    Every file may be compressed with gzip: its content tells, and ``.gz`` at the end of a name
    counts for nothing. A row's text may be empty, its label may not. White space around either is
    removed. Lines end at ``\n`` (in CSV also at ``\r``), never at the other characters Unicode
    counts as line ends.

    With ``multilabel`` a row may have any number of labels, and none: in CSV, TSV and JSON strings
    parted by ``label_separator`` or written as a list, in JSON also a list, in fastText lines each
    with its mark.

    With ``merge_labels`` labels that look alike are spelled as the commonest of them is.

    Args:
        paths: what to read.
        config: how it is written; the other options are not used.
        report: told in one line of what was found out and not asked for, such as a delimiter.
        or_usual: see :class:`textcnn.data.datasets.cells.Selection`.

    Returns:
        The rows that can be used and, as ``bad_rows``, the others; with ``skip_bad_rows`` those
        without text too. :meth:`LabelledTexts.without_bad_rows` refuses them.

    Raises:
        UserError: anything that cannot be read as said above, naming the file and line or option.
    """
    config.check()
    check_encoding(config.encoding)
    if not paths:
        raise UserError("no data given: name a file, a folder, or LABEL=FILE pairs")
    there: set[tuple[str | None, str]] = set()
    sources = [_label_and_file(path) for path in paths]
    for path, (label, file) in zip(paths, sources, strict=True):
        # Not through links where nothing is: a path may be too odd to be asked about.
        place = label, os.path.realpath(file) if os.path.exists(file) else file  # noqa: PTH110
        if place in there:
            raise UserError(f"--data {path}: given more than once, which counts each row so often")
        there.add(place)
    texts: list[str] = []
    labels: list[str] = []
    bad: list[BadRow] = []
    asked: set[tuple[str, str]] = set()
    for label, file in sources:
        for found in _rows_of(label, file, Selection(config, None, or_usual, report), asked):
            row = checked(found, config)
            if row.fault is not None:
                bad.append(BadRow(row.where, row.fault.kind, str(row.fault)))
            else:
                texts.append(row.text)
                labels.append(join_labels(row.labels))
    if bad and texts and config.skip_bad_rows:
        kinds = Counter(row.kind for row in bad).most_common()
        why = "; ".join(f"{count:,}: {kind}" for kind, count in kinds)
        report(f"left out {len(bad):,} of {len(bad) + len(texts):,} rows ({why})")
    columns = asked.pop() if len(asked) == 1 else None
    read = LabelledTexts(texts, labels, some(paths), bad, columns)
    return _merged(read, report) if config.merge_labels else read


def _merged(found: LabelledTexts, report: Report) -> LabelledTexts:
    """The same with one spelling for all labels that look alike, which is reported."""
    counts = found.label_counts()
    one = spellings(counts)
    other = [label for label in counts if one[label] != label]
    if other:
        named = some([f"{label!r} ({counts[label]:,}) as {one[label]!r}" for label in other])
        report(f"labels merged, with how many rows each had: {named}")
    return found.spelled(one)


def _rows_of(
    label: str | None, file: str, taken: Selection, asked: set[tuple[str, str]]
) -> Iterator[Row]:
    encoding, report = taken.options.encoding, taken.report
    path, is_folder = Path(file), os.path.isdir(file)  # noqa: PTH112
    if label is None:
        yield from (
            folder_rows(path, encoding, report) if is_folder else _table_rows(path, taken, asked)
        )
    elif is_folder:
        yield from document_rows(path, label, encoding, report)
    elif format_of_suffix(path) is not None:
        yield from _table_rows(path, dataclasses.replace(taken, labels=(label,)), asked)
    else:
        yield from one_label_rows(path, label, encoding, report)


def _label_and_file(given: str) -> tuple[str | None, str]:
    """The parts of LABEL=FILE; no label where a file's or folder's own name is given."""
    label, equals, file = given.partition("=")
    if not given.strip():
        raise UserError("--data: an empty name; is a variable of the shell unset?")
    # os.path says no of a path too odd to be asked about (too long, a NUL in it): opening says why.
    if not equals or os.path.exists(given):  # noqa: PTH110  # A file's own name may hold "=".
        return None, given
    if not label.strip() or not file:
        raise UserError(f"{given!r}: write a label and its file as LABEL=FILE")
    return label, file


def _table_rows(path: Path, taken: Selection, asked: set[tuple[str, str]]) -> Iterator[Row]:
    table, label = read_table(path, taken), taken.options.label_column
    asked.add(table.asked)
    if taken.labels is not None and matching(label, table.columns):
        taken.report(f"{path}: its column {label!r} is not read, as all is {taken.labels[0]!r}")
    return table.rows
