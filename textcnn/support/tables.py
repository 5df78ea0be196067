"""Tables: with colours and bars on a terminal that can draw, plain text in pipes and logs.

In a window too narrow for the columns, each row is a block with a line for each column.
"""

import dataclasses
import itertools
import sys
import textwrap
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import click

from textcnn.support.terminal import Screen, wrapped
from textcnn.support.text import printable

GAP = 2
"""Columns of the terminal between two of a table."""

PROSE = 24
"""Narrowest last column of a table into which text is folded."""

BARS = (16, 8, 0)
"""Columns that bars are given, the first that there is room for."""

BAR, FAINT = "cyan", "bright_black"
GOOD, BAD = "green", "magenta"
"""As in ``textcnn explain``: told apart with every common kind of colour blindness."""


@dataclass(frozen=True)
class StyledCell:
    """A cell that is coloured on a terminal.

    Attributes:
        text: what it holds.
        colour: of the words or, where it is shaded, of what is behind them.
        shaded: whether that is coloured; the words are then black, to be read on any background.
    """

    text: str
    colour: str
    shaded: bool = False

    def drawn(self, text: str) -> str:
        """Text of the cell, or a part of it, as a terminal is given it."""
        front, back = ("black", self.colour) if self.shaded else (self.colour, None)
        return click.style(text, fg=front, bg=back)


Cell = str | StyledCell


@dataclass(frozen=True)
class Table:
    """Rows below heads.

    Attributes:
        heads: of the columns; no line is made of heads that are all empty.
        rows: the cells of each; a row may end early.
        right: columns that end below each other; the others begin so.
        folding: columns that a terminal folds where room is short, after text in the last one: the
            first of them first.
        bars: numbers from 0 to 1, one a row or fewer, that are bars after it on a terminal only.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Container[int] = ()
    folding: Sequence[int] = ()
    bars: Sequence[float] = ()


def table_text(table: Table, stream: TextIO | None = None) -> str:
    """The table as it is to be printed on ``stream``, by default standard output."""
    return drawn(table, Screen.of(sys.stdout if stream is None else stream))


def drawn(table: Table, screen: Screen) -> str:
    """The table as it is to be written on a screen; what data says cannot steer a terminal."""
    if screen.width is None:
        return plain_text(table)
    rows = [[*map(_harmless, row)] for row in table.rows]
    table = dataclasses.replace(table, heads=[*map(printable, table.heads)], rows=rows)
    for bar in BARS if screen.colour and table.bars else (0,):
        shown = _with_bars(table, bar) if bar else table
        widths = _widths(shown, screen.width)
        if widths is not None:
            return "\n".join(_lines(shown, widths, screen.colour))
    return _blocks(table, screen.width)


def plain_text(table: Table) -> str:
    """The table's columns below each other, a line a row."""
    return "\n".join(_lines(table, _natural_widths(table), draws=False))


def fits(table: Table, room: int) -> bool:
    """Whether there is room for its columns; text in the last one may be folded."""
    return _widths(table, room) is not None


def words_of(cell: Cell) -> str:
    """A cell's text."""
    return cell if isinstance(cell, str) else cell.text


def _harmless(cell: Cell) -> Cell:
    text = printable(words_of(cell))
    return text if isinstance(cell, str) else dataclasses.replace(cell, text=text)


# Bars


@dataclass(frozen=True)
class _Bar(StyledCell):
    """A cell that a bar fills."""

    share: float = 0.0

    def drawn(self, text: str) -> str:
        return bar_drawn(self.share, len(text))


def _with_bars(table: Table, bar: int) -> Table:
    """The same with bars of so many columns at the end of the lines."""
    rows: list[Sequence[Cell]] = [
        [*row, *[""] * (len(table.heads) - len(row)), _Bar("━" * bar, BAR, share=share)]
        for row, share in zip(table.rows, table.bars, strict=False)
    ]
    rows += table.rows[len(rows) :]
    return dataclasses.replace(table, heads=[*table.heads, ""], rows=rows)


def bar_drawn(share: float, width: int) -> str:
    """A bar of so many columns, to the half of one, what is left of it faint."""
    full, half = divmod(round(2 * width * min(max(0.0, share), 1.0)), 2)
    rest = width - full - half
    # The faint part begins with half a column, too, so that there is always the same gap.
    start = "" if half or not full or not rest else "╺"
    faint = click.style(start + "━" * (rest - len(start)), fg=FAINT)
    return click.style("━" * full + "╸" * half, fg=BAR) + faint


# Widths


def width_of(text: str) -> int:
    """Columns of a terminal: two for a letter of Chinese and the like, none for an accent alone."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _natural_widths(table: Table) -> list[int]:
    """Of the columns, where nothing is folded."""
    rows = [table.heads, *table.rows]
    columns = itertools.zip_longest(*rows, fillvalue="")
    return [max(width_of(words_of(cell)) for cell in column) for column in columns]


def _widths(table: Table, room: int) -> list[int] | None:
    """Of the columns, some narrowed where their text may be folded; None without room."""
    widths, last = _natural_widths(table), len(table.heads) - 1
    excess = sum(widths) + GAP * last - room
    for column in (*(() if last in table.right else (last,)), *table.folding):
        texts = [words_of(row[column]) for row in table.rows if column < len(row)]
        words = " ".join([table.heads[column], *texts]).split()
        least = PROSE if column == last else max(map(width_of, words), default=0)
        narrowed = max(min(least, widths[column]), widths[column] - max(excess, 0))
        excess -= widths[column] - narrowed
        widths[column] = narrowed
    return None if excess > 0 else widths


# Lines


def _lines(table: Table, widths: Sequence[int], draws: bool) -> Iterator[str]:
    """The lines of the table, in columns so wide."""
    if any(table.heads):
        for line in _row_lines(table, table.heads, widths, draws):
            yield click.style(line, bold=True) if draws else line
        if draws:
            yield click.style("─" * (sum(widths) + GAP * (len(widths) - 1)), fg=FAINT)
    for row in table.rows:
        yield from _row_lines(table, row, widths, draws)


def _row_lines(
    table: Table, row: Sequence[Cell], widths: Sequence[int], draws: bool
) -> Iterator[str]:
    """The lines of a row: one, or as many as its longest folded cell has."""
    parts = [_folded(words_of(cell), width) for cell, width in zip(row, widths, strict=False)]
    for texts in itertools.zip_longest(*parts, fillvalue=""):
        line = []
        for column, (cell, text) in enumerate(zip(row, texts, strict=True)):
            space = " " * (widths[column] - width_of(text))
            shown = cell.drawn(text) if draws and isinstance(cell, StyledCell) else text
            line.append(space + shown if column in table.right else shown + space)
        yield (" " * GAP).join(line).rstrip()


def _folded(text: str, width: int) -> list[str]:
    """A text in lines so wide, broken between words, or within one that is longer."""
    if width_of(text) <= width:
        return [text]
    # A letter that takes two columns counts as two, of which one is taken out again.
    doubled = "".join(
        f"\0{letter}" if unicodedata.east_asian_width(letter) in "WF" else letter for letter in text
    )
    lines = textwrap.wrap(doubled, max(width - ("\0" in doubled), 1), break_on_hyphens=False)
    return [line.replace("\0", "") for line in lines]


def _blocks(table: Table, room: int) -> str:
    """Each row as a block: the heads, and what the row has there, below each other."""
    wide = max(map(len, table.heads))
    return "\n\n".join(
        "\n".join(
            wrapped(f"{head:{wide}}{'':{GAP}}{words_of(cell).strip()}".rstrip(), room, wide + GAP)
            for head, cell in zip(table.heads, row, strict=False)
        )
        for row in table.rows
    )
