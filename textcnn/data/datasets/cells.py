"""From the cells of a table's row to its text and its labels, whatever file they come from."""

import dataclasses
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textcnn.data.datasets.rows import Row, RowError, labels_in
from textcnn.data.datasets.text_files import Report
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.text import some

DEFAULTS = Config()

# No table has more columns than this can count; int() itself refuses thousands of digits.
NUMBER = re.compile(r"[0-9]{1,9}")

OTHER_NAMES = {
    "text_column": {
        *("sentence", "review", "comment", "message", "body", "content", "tweet", "question"),
        *("utterance", "document", "texts", "sentences"),
    },
    "label_column": {
        *("labels", "class", "category", "sentiment", "target", "intent", "topic", "tag"),
    },
}
"""What the columns of text and label are often called, where the usual name is not there."""


def matching(name: str, names: Sequence[str]) -> list[str]:
    """Those of ``names`` that ``name`` asks for: itself, else without regard to case and spaces."""
    exact = [known for known in names if known == name]
    return exact or [known for known in names if _plain(known) == _plain(name)]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\ufeff", "").strip()).casefold()


def text_names(text_column: str, names: Sequence[str]) -> list[str]:
    """The columns ``--text-column`` asks for, where ``names`` are there.

    A plus sign puts columns together, unless it is part of a name.
    """
    parts = [part.strip() for part in text_column.split("+")]
    whole = bool(matching(text_column, names)) or not all(parts)
    return [text_column] if whole else parts


def names_texts(line: str, text_column: str = DEFAULTS.text_column) -> bool:
    """Whether a line is what a column of texts is called, and so may be a header of one column."""
    names = {_plain(text_column), DEFAULTS.text_column, *OTHER_NAMES["text_column"]}
    return _plain(line) in names


@dataclass(frozen=True)
class Selection:
    """What to take of a table's rows: the columns of text and label, and how to look for them.

    Attributes:
        options: those of how files are read.
        labels: those of every row, or None where the label column has them.
        or_usual: whether columns that are not there may have one of their usual names, whatever
            names are asked for: those are another table's.
        report: told, in one line, of each thing that is found out and was not asked for.
        by_columns: what to do where a text is a list or an object.
    """

    options: Config = DEFAULTS
    labels: tuple[str, ...] | None = None
    or_usual: bool = False
    report: Report = lambda line: None
    by_columns: str = ""

    def in_columns(self, names: Sequence[str]) -> "Selection":
        """The same where a column that is not asked for by name has another of its usual names.

        Args:
            names: of the columns; one of :data:`OTHER_NAMES` counts where no other of them stands
                there.
        """
        found: dict[str, Any] = {}
        for option, others in OTHER_NAMES.items():
            asked, usual = getattr(self.options, option), getattr(DEFAULTS, option)
            wanted = text_names(asked, names) if option == "text_column" else [asked]
            insists = asked != usual and not self.or_usual
            if insists or all(matching(name, names) for name in wanted):
                continue
            there = matching(usual, names)
            if not there and not asked.isdecimal():  # Of another table, which had no header.
                there = [name for name in names if _plain(name) in others]
            if len(there) == 1:
                found[option] = there[0].strip()
        return dataclasses.replace(self, options=dataclasses.replace(self.options, **found))

    def wanted(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """The columns asked for, each with its option: those of the text, then the label's."""
        texts = [("--text-column", name) for name in text_names(self.options.text_column, names)]
        label = ("--label-column", self.options.label_column)
        return texts if self.labels is not None else [*texts, label]

    def is_named_in(self, names: Sequence[str]) -> bool:
        """Whether the columns asked for are among these."""
        return all(matching(name, names) for _, name in self.wanted(names))

    def row(self, where: str, cells: Mapping[str, object], keys: Sequence[str]) -> Row:
        """A row of the table.

        Args:
            where: file and line.
            cells: what each column holds.
            keys: of the columns asked for, in the order of :meth:`wanted`.
        """
        labels = self.labels
        try:
            parts = [cells[key] for key in (keys[:-1] if labels is None else keys)]
            text = _text(parts, self.by_columns)
            if labels is None:
                labels = _labels(cells[keys[-1]], self.options)
        except RowError as fault:
            return Row(where, cells=cells, fault=fault)
        return Row(where, text, labels, cells)


@dataclass(frozen=True)
class Table:
    """A table that was opened; what readers leave open, :func:`.tables.read_table` knows.

    Attributes:
        columns: their names in order, "1", "2" and so on where there is no header; those of the
            first object where it is JSON, whose objects may differ.
        rows: to be iterated over once; a row that cannot be used has a ``fault`` and is for the
            caller to refuse.
        delimiter: what parts the fields of a line, or None where nothing does.
        path: its file.
        format: "parquet", "xlsx" or one of :data:`textcnn.recipe.config.FORMATS`.
        asked: what the columns of text and label are called.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    delimiter: str | None = None
    path: Path = Path()
    format: str = ""
    asked: tuple[str, str] = ("", "")


def column_of(name: str, option: str, names: Sequence[str], path: Path, hint: str = "") -> int:
    """Where the column is that is asked for by its name or its number, counted from 0.

    Args:
        name: what was asked for.
        option: that asked for it.
        names: of the columns; those of a table without a header are empty.
        path: the file.
        hint: what else to do where there is none.

    Raises:
        UserError: there is none, or several.
    """
    found = matching(name, names)
    if len(found) == 1:
        return names.index(found[0])
    if found:
        number = [column + 1 for column, known in enumerate(names) if known in found]
        raise UserError(
            f"{path} has {len(found)} columns {name!r}; choose one by its number, as in {option} "
            f"{number[0]}"
        )
    if NUMBER.fullmatch(name):
        if 1 <= int(name) <= len(names):
            return int(name) - 1
        raise UserError(
            f"{path}: {option} {name}: its first line has {len(names)} columns, counted from 1"
        )
    shown = some([repr(column[:40]) for column in names], 10)
    raise UserError(f"{path} has no column {name!r}; it has {shown}: choose with {option}{hint}")


def _text(parts: list[object], by_columns: str) -> str:
    texts = [part for part in parts if part is not None]
    if not texts:
        raise RowError("the text is missing")
    for part in texts:
        if not isinstance(part, str):
            hint = by_columns if isinstance(part, dict | list) else ""
            raise RowError("the text must be a string", f", not {_kind(part)}{hint}")
    return " ".join(map(str, texts))


def _labels(label: object, options: Config) -> tuple[str, ...]:
    if isinstance(label, str):
        return labels_in(label, options)
    if not isinstance(label, list):
        hint = "; for none give an empty list" if options.multilabel else ""
        return (_label(label, hint),)
    if not options.multilabel:
        return (_label(label, "; for several labels give --multilabel"),)
    return tuple(_label(part) for part in label)


def _label(label: object, hint: str = "") -> str:
    if isinstance(label, bool):  # before int, which bool is a kind of
        return "true" if label else "false"
    if isinstance(label, str | int):
        return str(label)
    if label is None or (isinstance(label, float) and math.isnan(label)):
        raise RowError("the label is missing", hint)
    if isinstance(label, float):
        if label.is_integer():  # As programs hold whole numbers where others are missing.
            return str(int(label))
        hint = f'; if it is one, write "{label:g}"'
    raise RowError(
        "the label must be a string, an integer or true/false", f", not {_kind(label)}{hint}"
    )


def _kind(value: object) -> str:
    kinds = {
        dict: "an object",
        list: "a list",
        bool: "true/false",
        int: "a number",
        float: "a number",
        type(None): "null",
        bytes: "bytes in another --encoding",
    }
    return kinds.get(type(value), type(value).__name__)
