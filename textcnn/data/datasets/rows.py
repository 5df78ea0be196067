"""What the readers of every layout share: the options of one call, and a row as it was found."""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from textcnn.support.errors import UserError


@dataclass(frozen=True)
class ReadingOptions:
    """The options of one call of :func:`textcnn.data.datasets.readers.read_labelled`."""

    format: str
    text_column: str
    label_column: str
    encoding: str
    multilabel: bool
    label_separator: str

    def labels_in(self, cell: str) -> tuple[str, ...]:
        """The labels of a column's cell."""
        return tuple(cell.split(self.label_separator)) if self.multilabel else (cell,)

    def text_names(self, known: Container[str]) -> list[str]:
        """The columns or keys ``--text-column`` asks for, where ``known`` are there.

        A plus sign puts columns together, unless it is part of a name.
        """
        parts = [part.strip() for part in self.text_column.split("+")]
        whole = self.text_column in known or not all(parts)
        return [self.text_column] if whole else parts


@dataclass(frozen=True)
class Row:
    """A row of data.

    Attributes:
        where: file and line, for errors.
        labels: its labels; exactly one without ``--multilabel``.
        text: the sentence.
    """

    where: str
    labels: tuple[str, ...]
    text: str


def checked(row: Row, multilabel: bool) -> Row:
    """Strip the row; with ``multilabel`` drop empty labels.

    Raises:
        UserError: a label is missing or cannot be shown on one line, or UTF-8 cannot hold the row.
    """
    labels = tuple(label.strip() for label in row.labels)
    if multilabel:
        labels = tuple(label for label in labels if label)
    elif not labels[0]:
        raise UserError(f"{row.where}: the label is missing")
    for label in labels:
        # This also keeps labels free of what textcnn.data.label_sets puts between them.
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in label):
            raise UserError(f"{row.where}: the label {label!r} holds a control character")
    try:
        ("".join(labels) + row.text).encode("utf-8")
    except UnicodeEncodeError as error:
        # JSON can spell one with \ud800; no output and no checkpoint could store it.
        raise UserError(f"{row.where}: holds half a character (a lone surrogate)") from error
    return Row(row.where, labels, row.text.strip())
