"""The end of a search in tables."""

from collections.abc import Sequence

from textcnn.commands.screen.tables import Table, table_text
from textcnn.evaluation.search.tables import drawn_word
from textcnn.evaluation.search.trials import Tried

SHOWN = 10
"""Trials in the table of the best."""


def best_table(tried: Sequence[Tried]) -> str:
    """The best trials that were run on all folds, the best first."""
    whole = sorted((one for one in tried if not one.cut_short), key=lambda one: -one.score)
    heads = ["dev", "trial", *whole[0].drawn]
    rows = [
        [
            f"{100 * one.score:.2f} %",
            str(one.number),
            *(drawn_word(value) for value in one.drawn.values()),
        ]
        for one in whole[:SHOWN]
    ]
    return table_text(Table(heads, rows, right=range(len(heads)), best={0}))


def importance_text(importance: dict[str, float]) -> str:
    """How much of the scores' differences each option accounts for."""
    rows = [[name, f"{100 * share:.0f} %"] for name, share in importance.items()]
    bars = list(importance.values())
    table = Table(["", ""], rows, right={1}, least={1: 5}, bars=bars, bars_before=2)
    return f"importance among these settings:\n{table_text(table)}"
