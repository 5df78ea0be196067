"""Lines that begin with their label: fastText's and TREC's."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from textcnn.data.datasets.cells import Selection, Table
from textcnn.data.datasets.rows import Row, RowError
from textcnn.data.datasets.text_files import lines_of_text

LINE_COLUMNS = ("label", "text")
"""What the parts of such a line are called as columns of a table."""

_MARK = "__label__"
_WORD = re.compile(rf"(?<!\S){_MARK}\S*")
_JOINED = re.compile(rf"^\s*{_MARK}[^\s,;|]+[,;|](?!{_MARK})\S+", re.MULTILINE)
_NEXT = re.compile(rf"[,;|/+&]?{_MARK}")


# The label's two parts, then the question.
_TREC_LINE = re.compile(r"\s*([^\s:]+):([^\s:]+)(?:\s+(.*))?", re.DOTALL)


def fasttext_rows(text: str, path: Path, taken: Selection) -> Table:
    """The rows of a file of ``__label__x text`` lines; blank lines are left out.

    As in fastText, a word that begins with the mark is a label wherever in the line it stands. One
    that holds the mark again, as ``__label__x,__label__y``, is several.
    """
    joined = _JOINED.findall(text)
    if 2 * len(joined) > text.count(_MARK):
        label = joined[0].strip()
        taken.report(f"{path}: {label!r} is read as a label; it ends at the first white space")
    return Table(LINE_COLUMNS, _rows(text, path, taken, lambda line: _fasttext_parts(line, taken)))


def trec_rows(text: str, path: Path, taken: Selection, *, fine: bool) -> Table:
    """The rows of a file of ``COARSE:fine question`` lines; blank lines are left out.

    The question classification set of Li and Roth (2002), "Learning question classifiers".

    Args:
        text: the content of ``path``.
        path: named in errors.
        taken: what is taken of the rows.
        fine: whether labels are ``COARSE:fine`` rather than ``COARSE``.
    """
    return Table(LINE_COLUMNS, _rows(text, path, taken, lambda line: _trec_parts(line, fine)))


def _rows(
    text: str, path: Path, taken: Selection, parts_of: Callable[[str], tuple[str, str]]
) -> Iterator[Row]:
    """The rows, given what makes of a line its label and its sentence."""
    label, sentence = LINE_COLUMNS
    keys = [sentence] if taken.labels is not None else [sentence, label]
    for number, line in lines_of_text(text, path, taken.report):
        where = f"{path}, line {number}"
        try:
            cells = dict(zip(LINE_COLUMNS, parts_of(line), strict=True))
        except RowError as fault:
            yield Row(where, fault=fault)
        else:
            yield taken.row(where, cells, keys)


def _fasttext_parts(line: str, taken: Selection) -> tuple[str, str]:
    words = _WORD.findall(line)
    marked = [label.rstrip(",;") for word in words for label in _NEXT.split(word)[1:]]
    if taken.labels is None:
        if not all(marked):
            raise RowError("the label is missing")
        if not taken.options.multilabel and not line.lstrip().startswith(_MARK):
            raise RowError(f"does not begin with {_MARK}")
        if not taken.options.multilabel and len(marked) > 1:
            raise RowError("has several labels", "; give --multilabel")
    return taken.options.label_separator.join(marked), _WORD.sub("", line).strip()


def _trec_parts(line: str, fine: bool) -> tuple[str, str]:
    match = _TREC_LINE.fullmatch(line)
    if match is None:
        raise RowError("does not begin with a label such as DESC:manner")
    coarse, detail, question = match.groups(default="")
    return f"{coarse}:{detail}" if fine else coarse, question
