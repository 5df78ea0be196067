"""Lines that begin with their label: fastText's and TREC's."""

import re
from collections.abc import Iterator
from pathlib import Path

from textcnn.data.datasets.rows import ReadingOptions, Row
from textcnn.data.datasets.text_files import split_lines
from textcnn.support.errors import UserError

_MARK = "__label__"
_FASTTEXT_LABEL = re.compile(rf"(?<!\S){_MARK}(\S*)")


def fasttext_rows(text: str, path: Path, options: ReadingOptions) -> Iterator[Row]:
    """The rows of a file of ``__label__x text`` lines; blank lines are left out.

    As in fastText, a word that begins with the mark is a label wherever in the line it stands.
    """
    for number, line in enumerate(split_lines(text), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        labels = _FASTTEXT_LABEL.findall(line)
        if not options.multilabel:
            if not line.lstrip().startswith(_MARK):
                raise UserError(f"{where}: does not begin with {_MARK}")
            if len(labels) > 1:
                raise UserError(f"{where}: has several labels; give --multilabel")
        if not all(labels):
            raise UserError(f"{where}: the label is missing")
        yield Row(where, tuple(labels), _FASTTEXT_LABEL.sub("", line))


# The label's two parts, then the question.
_TREC_LINE = re.compile(r"\s*([^\s:]+):([^\s:]+)(?:\s+(.*))?", re.DOTALL)


def trec_rows(text: str, path: Path, *, fine: bool) -> Iterator[Row]:
    """The rows of a file of ``COARSE:fine question`` lines; blank lines are left out.

    The question classification set of Li and Roth (2002), "Learning question classifiers".

    Args:
        text: the content of ``path``.
        path: named in errors.
        fine: whether labels are ``COARSE:fine`` rather than ``COARSE``.
    """
    for number, line in enumerate(split_lines(text), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        match = _TREC_LINE.fullmatch(line)
        if match is None:
            raise UserError(f"{where}: does not begin with a label such as DESC:manner")
        coarse, detail, question = match.groups(default="")
        yield Row(where, (f"{coarse}:{detail}" if fine else coarse,), question)
