"""What the readers of every layout share: the options of one call, and a row as it was found."""

import dataclasses
import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from textcnn.data.datasets.text_files import check_encoding
from textcnn.recipe.config import FORMATS
from textcnn.support.errors import UserError

# A list as Python, NumPy, JSON or pandas write it into a cell: ['a', 'b'] or ['a' 'b'].
_ITEM = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)"|([^\s,'"\[\](){}]++)""")
_LIST = re.compile(rf"[\[({{][\s,]*+(?:(?:{_ITEM.pattern})[\s,]*+)*+[\])}}]")
_KEY = re.compile(r"""['"]\s*:""")
"""What only an object has."""

LOOK_LATIN = str.maketrans(
    "асеорхуіјѕԁһкмтвнαβεζηικμνορτυχАВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧı\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "aceopxyijsdhkmtbhabezhikmnoptyxABEKMHOPCTXYIJSABEZHIKMNOPTYXi-------",
)
"""Cyrillic and Greek letters that are drawn as Latin ones; the i without a dot; dashes."""

_BETWEEN_WORDS = re.compile(r"(?<=[^\W_])[\s_]+(?=[^\W_])")
_LEADING_ZEROS = re.compile(r"\A0+(?=[0-9])")
_AROUND = " .,:;'\"`\u00b4\u2018\u2019\u201c\u201d\u00ab\u00bb"
_INVISIBLE = {*map(chr, range(0xFE00, 0xFE10)), "\u034f", "\u115f", "\u1160", "\u2800", "\u3164"}
_WHOLE = re.compile(r"\A(-?[0-9]+)\.0+\Z")


@dataclass(frozen=True)
class ReadingOptions:
    """How files are read: the options of :class:`textcnn.recipe.config.Config` of these names.

    Attributes:
        or_usual: whether columns that are not there may have one of their usual names, whatever
            names are asked for: those are another table's. No option of its own.
    """

    format: str = "auto"
    text_column: str = "text"
    label_column: str = "label"
    header: bool | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    multilabel: bool = False
    label_separator: str = "|"
    merge_labels: bool = False
    skip_bad_rows: bool = False
    or_usual: bool = False

    @classmethod
    def of(cls, config: object, or_usual: bool = False) -> "ReadingOptions":
        """Those that ``config``, which has fields of these names, holds."""
        return cls(**{name: getattr(config, name) for name in READING_OPTIONS}, or_usual=or_usual)

    def check(self) -> None:
        """Raise :class:`UserError`, naming the option, where one of them cannot be."""
        if self.format not in ("auto", *FORMATS):
            raise UserError(f"--format: {self.format!r} is none of auto, {', '.join(FORMATS)}")
        if self.text_column == self.label_column:
            raise UserError(f"--text-column and --label-column are both {self.text_column!r}")
        if self.multilabel and not self.label_separator.strip():
            raise UserError("--label-separator: white space cannot part labels")
        if len(self.field_delimiter or ",") != 1 or self.field_delimiter in ('"', "\r", "\n", " "):
            raise UserError(
                f"--delimiter {self.delimiter!r}: give one character such as ';' or '|', or tab"
            )
        check_encoding(self.encoding)

    @property
    def field_delimiter(self) -> str | None:
        """The character that ``--delimiter`` names, of which a tab is hard to type."""
        return "\t" if self.delimiter in ("tab", r"\t") else self.delimiter

    def labels_in(self, cell: str) -> tuple[str, ...]:
        """The labels of a column's cell."""
        if not self.multilabel:
            return (cell,)
        listed = listed_labels(cell)
        return tuple(cell.split(self.label_separator)) if listed is None else listed


USUAL = ReadingOptions()

READING_OPTIONS = tuple(field.name for field in dataclasses.fields(ReadingOptions))[:-1]
"""The options' names."""

COLUMNS = {"text_column", "label_column"}
"""Those that name columns."""


def listed_labels(cell: str) -> tuple[str, ...] | None:
    """The labels in a cell that holds a list as Python or JSON write it; None for other cells."""
    if not _LIST.fullmatch(cell.strip()) or _KEY.search(cell):
        return None
    return tuple("".join(groups) for groups in _ITEM.findall(cell.strip()[1:-1]))


def plain_label(label: str) -> str:
    """A label in the form that all that look like it share.

    :func:`tidy_label` in lower case, without quotation marks and stops around it, with one space
    for what stands between words, Latin letters for those drawn like them, and no zeros in front.
    """
    lower = unicodedata.normalize("NFKC", html.unescape(label)).casefold()
    tidy = tidy_label(lower.replace("i\u0307", "i").translate(LOOK_LATIN))
    plain = _BETWEEN_WORDS.sub(" ", tidy).strip(_AROUND)
    return _LEADING_ZEROS.sub("", plain) or tidy


def tidy_label(label: str) -> str:
    """A label without what cannot be seen of it.

    In Unicode's composed form, with one space between words and without invisible characters; a
    whole number without a fraction, as programs write one where a column has gaps (1.0).
    """
    visible = (letter for letter in label if not _is_invisible(letter))
    plain = unicodedata.normalize("NFC", " ".join("".join(visible).split()))
    return _WHOLE.sub(r"\1", plain)


def _is_invisible(letter: str) -> bool:
    """Whether nothing is drawn: format characters, variation selectors and a few others."""
    return unicodedata.category(letter) == "Cf" or letter in _INVISIBLE


class RowError(Exception):
    """What is wrong with a row.

    Attributes:
        kind: what other rows can have in common with it, to count them.
    """

    def __init__(self, kind: str, detail: str = ""):
        super().__init__(kind + detail)
        self.kind = kind


class Row(NamedTuple):
    """A row of data.

    Attributes:
        where: file and line, for errors.
        line: its first line in the file, from 1; its row where a file has no lines; 0 for a file
            that is one document.
        text: the sentence.
        labels: its labels; exactly one without ``--multilabel``.
        cells: every column of a table, in order, the text and the label among them.
        fault: why it cannot be used; text and labels are then empty.
    """

    where: str
    line: int
    text: str = ""
    labels: tuple[str, ...] = ()
    cells: Mapping[str, object] = {}
    fault: RowError | None = None


def checked(row: Row, options: ReadingOptions) -> Row:
    """Strip the row, and drop empty ones of several labels.

    A label that is missing or cannot be shown on one line, and characters that UTF-8 cannot hold,
    make it a row with a fault.
    """
    if row.fault is not None:
        return row
    labels = tuple(label.strip() for label in row.labels)
    if options.multilabel:
        labels = tuple(label for label in labels if label)
    try:
        _check(labels, row.text)
    except RowError as fault:
        return Row(row.where, row.line, cells=row.cells, fault=fault)
    return row._replace(labels=labels, text=row.text.strip())


def _check(labels: tuple[str, ...], text: str) -> None:
    if not all(labels):
        raise RowError("the label is missing")
    for label in labels:
        if label.isascii() and label.isprintable():
            continue
        if not tidy_label(label):
            raise RowError("the label is missing", ": it holds only invisible characters")
        # This also keeps labels free of what textcnn.data.labels puts between them.
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in label):
            raise RowError("a control character in the label", f" {label!r}")
    if text.isascii() and all(map(str.isascii, labels)):
        return
    try:
        ("".join(labels) + text).encode("utf-8")
    except UnicodeEncodeError as error:
        # JSON can spell one with \ud800; no output and no checkpoint could store it.
        raise RowError("holds half a character (a lone surrogate)") from error
