"""What the readers of every layout share: a row as it was found, and its labels."""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from textcnn.recipe.config import Config

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

_BETWEEN_WORDS = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])")
_LEADING_ZEROS = re.compile(r"\A0+(?=[0-9])")
_AROUND = " .,:;'\"`\u00b4\u2018\u2019\u201c\u201d\u00ab\u00bb"
_INVISIBLE = {*map(chr, range(0xFE00, 0xFE10)), "\u034f", "\u115f", "\u1160", "\u2800", "\u3164"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"\A(-?[0-9]+)\.0+\Z")


READING_OPTIONS = (
    *("format", "text_column", "label_column", "header", "delimiter", "encoding"),
    *("multilabel", "label_separator", "merge_labels", "skip_bad_rows"),
)
"""Names of the options that say how files are read."""

COLUMNS = {"text_column", "label_column"}
"""The reading options that name columns."""


def labels_in(cell: str, config: Config) -> tuple[str, ...]:
    """The labels of a column's cell."""
    if not config.multilabel:
        return (cell,)
    listed = listed_labels(cell)
    return tuple(cell.split(config.label_separator)) if listed is None else listed


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
        text: the sentence.
        labels: its labels; exactly one without ``--multilabel``.
        cells: every column of a table, in order, the text and the label among them.
        fault: why it cannot be used; text and labels are then empty.
    """

    where: str
    text: str = ""
    labels: tuple[str, ...] = ()
    cells: Mapping[str, object] = {}
    fault: RowError | None = None


def checked(row: Row, config: Config) -> Row:
    """Strip the row, and drop empty ones of several labels.

    A label that is missing or cannot be shown on one line, characters that UTF-8 cannot hold and,
    where such rows are left out, a text that is empty make it a row with a fault.
    """
    if row.fault is not None:
        return row
    text, labels = row.text.strip(), tuple(label.strip() for label in row.labels)
    if config.multilabel:
        labels = tuple(label for label in labels if label)
    fault = _fault_of(labels, text)
    if fault is None and config.skip_bad_rows and not text:
        fault = RowError("the text is empty")
    if fault is not None:
        return Row(row.where, cells=row.cells, fault=fault)
    return Row(row.where, text, labels, row.cells)


def _fault_of(labels: tuple[str, ...], text: str) -> RowError | None:
    if not all(labels):
        return RowError("the label is missing")
    for label in labels:
        if label.isascii() and label.isprintable():
            continue
        if not tidy_label(label):
            return RowError("the label is missing", ": it holds only invisible characters")
        # This also keeps labels free of what textcnn.data.labels puts between them.
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in label):
            return RowError("a control character in the label", f" {label!r}")
    # JSON can spell one with \ud800; no output and no checkpoint could store it.
    parts = (*labels, text)
    if not all(map(str.isascii, parts)) and any(map(_LONE_SURROGATE.search, parts)):
        return RowError("holds half a character (a lone surrogate)")
    return None
