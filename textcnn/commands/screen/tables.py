"""Tables: drawn by rich on a terminal, aligned plain text in pipes and logs.

In a window too narrow for the columns, each row is a block with a line for each column.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from textcnn.commands.arguments.options import option
from textcnn.commands.screen.terminal import (
    columns_of,
    drawing_width,
    drawn,
    is_terminal,
    wrapped,
)
from textcnn.support.text import csv_line, printable

if TYPE_CHECKING:
    import rich.table
    from rich.text import Text


GAP = 2
"""Columns of the terminal between two of a table."""

PROSE = 24
"""Narrowest last column of a table into which text is folded."""

BARS = (16, 8, 0)
"""Columns that bars are given, the first that there is room for."""

HEAD, BEST, BAR, FAINT = "bold", "bold", "cyan", "bright_black"
GOOD, BAD = "green", "magenta"
"""As in ``textcnn explain``: told apart with every common kind of colour blindness."""

SHADED_GOOD, SHADED_BAD = "black on green", "black on magenta"
"""Foregrounds are given with them, so that they can be read on any background."""


@dataclass(frozen=True)
class Styled:
    """A cell that has a style of rich's on a terminal."""

    text: str
    style: str


Cell = str | Styled


@dataclass(frozen=True)
class Table:
    """Rows below heads.

    Attributes:
        heads: of the columns; no line is made of heads that are all empty.
        rows: the cells of each; a row may end early.
        right: columns that end below each other; the others begin so.
        right_when_drawn: further ones that do so on a terminal only.
        least: narrowest widths of columns in plain text.
        folding: columns that a terminal folds where room is short, after text in the last one: the
            first of them first.
        best: rows in bold on a terminal.
        bars: numbers from 0 to 1, one a row or fewer, that are bars on a terminal only.
        bars_before: the column that the bars precede; as many as there are heads for the end.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Container[int] = ()
    right_when_drawn: Container[int] = ()
    least: Mapping[int, int] = field(default_factory=dict)
    folding: Sequence[int] = ()
    best: Container[int] = ()
    bars: Sequence[float] = ()
    bars_before: int = 0


def table_text(table: Table, stream: TextIO | None = None) -> str:
    """The table as it is to be printed on ``stream``, by default standard output.

    Rich draws it on a terminal with room for it; what data says cannot steer a terminal.
    """
    stream = sys.stdout if stream is None else stream
    if not is_terminal(stream):
        return plain_text(table)
    table = _harmless(table)
    width = drawing_width(stream)
    drawing = None if width is None else rich_text(table, width)
    room = columns_of(stream)
    return drawing or (plain_text if fits(table, room) else blocks)(table, room)


def _harmless(table: Table) -> Table:
    return dataclasses.replace(
        table,
        heads=[printable(head) for head in table.heads],
        rows=[
            [
                printable(cell)
                if isinstance(cell, str)
                else dataclasses.replace(cell, text=printable(cell.text))
                for cell in row
            ]
            for row in table.rows
        ],
    )


def words_of(cell: Cell) -> str:
    """A cell's text."""
    return cell if isinstance(cell, str) else cell.text


# Plain text


def plain_text(table: Table, room: int | None = None) -> str:
    """The table's columns below each other, counting every character as one column.

    The last cell of a row takes what room it needs, and widens no column that it does not end in.
    Where there is so much ``room`` and no more, text at the end of a row is folded.
    """
    rows = [[words_of(cell) for cell in row] for row in table.rows]
    if any(table.heads):
        rows.insert(0, list(table.heads))
    widths = dict(table.least)
    for row in rows:
        for column, words in enumerate(row):
            if column < len(row) - 1 or column in table.right:
                widths[column] = max(widths.get(column, 0), len(words))
    lines = []
    for row in rows:
        cells = [
            words.rjust(widths[column])
            if column in table.right
            else words.ljust(widths.get(column, 0))
            for column, words in enumerate(row)
        ]
        line = (" " * GAP).join(cells).rstrip()
        if room is not None and len(line) > room and len(row) - 1 not in table.right:
            line = wrapped(line, room, len(line) - len(cells[-1].rstrip()))
        lines.append(line)
    return "\n".join(lines)


def fits(table: Table, width: int) -> bool:
    """Whether plain text has room; text at the end of rows may be folded."""
    text = len(table.heads) > 1 and len(table.heads) - 1 not in table.right
    heads = table.heads[:-1] if text else table.heads
    # A row that ends early ends with text, too.
    rows = [row[:-1] if text and len(row) - 1 not in table.right else row for row in table.rows]
    short = dataclasses.replace(table, heads=heads, rows=rows)
    longest = max(map(len, plain_text(short).split("\n")))
    ends = [len(words_of(row[-1])) for row in table.rows if row]
    return longest <= width - (GAP + min(PROSE, width // 2, max(ends, default=0)) if text else 0)


def blocks(table: Table, room: int) -> str:
    """Each row as a block: the heads, and what the row has there, below each other."""
    wide = max(map(len, table.heads))
    return "\n\n".join(
        "\n".join(
            wrapped(f"{head:{wide}}{'':{GAP}}{words_of(cell).strip()}".rstrip(), room, wide + GAP)
            for head, cell in zip(table.heads, row, strict=False)
        )
        for row in table.rows
    )


# Drawn by rich


def rich_text(table: Table, width: int) -> str | None:
    """The table as rich draws it on a terminal so wide; None where there is no room for it."""
    rows = [_whole(row, table) for row in table.rows]
    for bar in BARS if table.bars else (0,):
        widths = _fitted(table, rows, width - (bar + GAP if bar else 0))
        if widths is not None:
            return drawn(_rich_table(table, rows, widths, bar), width)
    return None


def _whole(row: Sequence[Cell], table: Table) -> list[Cell]:
    """A row with all its cells; where it ends early with text of any length, that ends it."""
    missing = [""] * (len(table.heads) - len(row))
    if missing and len(row) - 1 not in table.right:
        return [*row[:-1], *missing, row[-1]]
    return [*row, *missing]


def _fitted(table: Table, rows: Sequence[Sequence[Cell]], room: int) -> list[int] | None:
    """The columns' widths, some narrowed where their text may be folded; None without room."""
    from rich.cells import cell_len

    columns = [
        [words_of(cell) for cell in column] for column in zip(table.heads, *rows, strict=True)
    ]
    widths = [max(map(cell_len, column)) for column in columns]
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    last = len(widths) - 1
    for number in (*(() if last in table.right else (last,)), *table.folding):
        longest = max(cell_len(word) for words in columns[number] for word in ["", *words.split()])
        least = min(widths[number], PROSE) if number == last else longest
        narrowed = max(least, widths[number] - max(excess, 0))
        excess -= widths[number] - narrowed
        widths[number] = narrowed
    return None if excess > 0 else widths


def _rich_table(
    table: Table, rows: Sequence[Sequence[Cell]], widths: Sequence[int], bar: int
) -> "rich.table.Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Column
    from rich.table import Table as RichTable
    from rich.text import Text

    columns = [
        Column(Text(head), width=width, justify=_justify(table, number), overflow="fold")
        for number, (head, width) in enumerate(zip(table.heads, widths, strict=True))
    ]
    if bar:
        columns.insert(table.bars_before, Column(width=bar))
    drawing = RichTable(
        *columns,
        box=SIMPLE_HEAD,
        border_style=FAINT,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),  # The box has a column between two of the table's.
        show_header=any(table.heads),
        header_style=HEAD,
    )
    for number, row in enumerate(rows):
        cells = [_cell(cell) for cell in row]
        if bar:
            share = table.bars[number] if number < len(table.bars) else 0.0
            cells.insert(table.bars_before, bar_drawn(share, bar))
        drawing.add_row(*cells, style=BEST if number in table.best else None)
    return drawing


def _justify(table: Table, column: int) -> Literal["left", "right"]:
    right = column in table.right or column in table.right_when_drawn
    return "right" if right else "left"


def _cell(cell: Cell) -> "Text":
    from rich.text import Text

    # As Text, for strings would be searched for rich's markup; appended, for what a cell is filled
    # up with has no style.
    return Text(cell) if isinstance(cell, str) else Text().append(cell.text, cell.style)


def bar_drawn(share: float, width: int) -> "Text":
    """A bar of so many columns, to the half of one, what is left of it faint."""
    from rich.text import Text

    full, half = divmod(round(2 * width * min(max(0.0, share), 1.0)), 2)
    rest = width - full - half
    # The faint part begins with half a column, too, so that there is always the same gap.
    start = "" if half or not full or not rest else "╺"
    return Text.assemble(("━" * full + "╸" * half, BAR), (start + "━" * (rest - len(start)), FAINT))


FORMATS = ("markdown", "latex", "csv", "json")

_LATEX = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "<": "$<$",
        ">": "$>$",
    }
)


def format_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with ``--as`` and ``--json``, the latter short for one of the former.

    Not ``--format``, which is that of the sentences, though it is taken for this where it can be no
    other (:class:`SectionedCommand`). The command is passed ``form``: one of
    :data:`FORMATS`, or None for lines to read.
    """
    as_json = option(
        "--json",
        "form",
        section="Run",
        flag_value="json",
        default=None,
        help="Print the results as JSON.",
    )
    as_table = option(
        "--as",
        "form",
        section="Run",
        type=click.Choice(FORMATS),
        default=None,
        help="Print the results as a table to be pasted elsewhere, or as JSON. --format does too, "
        "except csv beside --data, whose it then is.",
    )
    return as_table(as_json(function))


def print_results(form: str | None, values: Any, table: Table, text: str) -> None:
    """Print ``values`` as JSON, ``table`` or ``text``, whichever :func:`format_option` asks for."""
    if form == "json":
        click.echo(json.dumps(values, indent=2))
    else:
        click.echo(text if form is None else written_table(table, form))


def written_table(table: Table, form: str) -> str:
    """The table in Markdown, LaTeX (with the package booktabs) or CSV."""
    rows = [[*map(words_of, row), *[""] * (len(table.heads) - len(row))] for row in table.rows]
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    right = [column in table.right for column in range(len(table.heads))]
    if form == "csv":
        return "".join(map(csv_line, [list(table.heads), *rows])).removesuffix("\n")
    return _latex(table.heads, rows, right) if form == "latex" else _markdown(table, rows, right)


def _markdown(table: Table, rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"

    rule = line(["---:" if is_right else "---" for is_right in right])
    return "\n".join([line(table.heads), rule, *map(line, rows)])


def _latex(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join(cell.translate(_LATEX) for cell in cells) + r" \\"

    columns = "".join("r" if is_right else "l" for is_right in right)
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            line(heads),
            r"\midrule",
            *map(line, rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )
