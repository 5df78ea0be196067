"""Lines that begin with their label: fastText's and TREC's."""

import re
from collections.abc import Iterator
from pathlib import Path

from textcnn.data.datasets.cells import TableContents, Taken
from textcnn.data.datasets.rows import Row, RowError, labels_in
from textcnn.data.datasets.text_files import lines_of_text

LINE_COLUMNS = ("label", "text")
"""What the parts of such a line are called as columns of a table."""

_MARK = "__label__"
_WORD = re.compile(rf"(?<!\S){_MARK}\S*")
_JOINED = re.compile(rf"^\s*{_MARK}[^\s,;|]+[,;|](?!{_MARK})\S+", re.MULTILINE)
_NEXT = re.compile(rf"[,;|/+&]?{_MARK}")


def fasttext_rows(text: str, path: Path, taken: Taken) -> TableContents:
    """The rows of a file of ``__label__x text`` lines; blank lines are left out.

    As in fastText, a word that begins with the mark is a label wherever in the line it stands. One
    that holds the mark again, as ``__label__x,__label__y``, is several.
    """
    joined = _JOINED.findall(text)
    if 2 * len(joined) > text.count(_MARK):
        label = joined[0].strip()
        taken.report(f"{path}: {label!r} is read as a label; it ends at the first white space")
    return TableContents(LINE_COLUMNS, _fasttext_rows(text, path, taken))


def _fasttext_rows(text: str, path: Path, taken: Taken) -> Iterator[Row]:
    for number, line in lines_of_text(text):
        where = f"{path}, line {number}"
        sentence = _WORD.sub("", line).strip()
        marked = taken.options.label_separator.join(_marked(line))
        cells = {"label": marked, "text": sentence}
        try:
            labels = _labels(line, taken) if taken.labels is None else taken.labels
        except RowError as fault:
            yield Row(where, number, cells=cells, fault=fault)
            continue
        yield Row(where, number, sentence, labels, cells)


def _marked(line: str) -> list[str]:
    """What follows each mark in a line."""
    words = _WORD.findall(line)
    return [label.rstrip(",;") for word in words for label in _NEXT.split(word)[1:]]


def _labels(line: str, taken: Taken) -> tuple[str, ...]:
    options = taken.options
    marked = _marked(line)
    if not all(marked):
        raise RowError("the label is missing")
    if options.multilabel:
        return tuple(label for part in marked for label in labels_in(part, options))
    if not line.lstrip().startswith(_MARK):
        raise RowError(f"does not begin with {_MARK}")
    if len(marked) > 1:
        raise RowError("has several labels", "; give --multilabel")
    return tuple(marked)


# The label's two parts, then the question.
_TREC_LINE = re.compile(r"\s*([^\s:]+):([^\s:]+)(?:\s+(.*))?", re.DOTALL)


def trec_rows(text: str, path: Path, taken: Taken, *, fine: bool) -> TableContents:
    """The rows of a file of ``COARSE:fine question`` lines; blank lines are left out.

    The question classification set of Li and Roth (2002), "Learning question classifiers".

    Args:
        text: the content of ``path``.
        path: named in errors.
        taken: what is taken of the rows.
        fine: whether labels are ``COARSE:fine`` rather than ``COARSE``.
    """
    return TableContents(LINE_COLUMNS, _trec_rows(text, path, taken, fine))


def _trec_rows(text: str, path: Path, taken: Taken, fine: bool) -> Iterator[Row]:
    for number, line in lines_of_text(text):
        where = f"{path}, line {number}"
        match = _TREC_LINE.fullmatch(line)
        if match is None:
            fault = RowError("does not begin with a label such as DESC:manner")
            yield Row(where, number, fault=fault)
            continue
        coarse, detail, question = match.groups(default="")
        label = f"{coarse}:{detail}" if fine else coarse
        labels = (label,) if taken.labels is None else taken.labels
        yield Row(where, number, question, labels, {"label": label, "text": question})
