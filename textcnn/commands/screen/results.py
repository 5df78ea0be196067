"""Results as a command prints them: for people, or as a table or JSON to be used elsewhere."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from textcnn.commands.arguments.options import option
from textcnn.support.tables import Table, words_of
from textcnn.support.text import csv_line

RESULT_FORMATS = ("markdown", "latex", "csv", "json")

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
    :data:`RESULT_FORMATS`, or None for lines to read.
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
        type=click.Choice(RESULT_FORMATS),
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
