"""The end of a search in tables."""

import math
from collections.abc import Iterator, Sequence

from textcnn.commands.screen.tables import Table, table_text
from textcnn.evaluation.search.space import Drawn
from textcnn.evaluation.search.trials import Tried, best_of


def trial_line(tried: Tried, trials: int, best: Tried | None) -> str:
    """A trial that has just finished."""
    outcome = "failed " if tried.fault else f"{100 * tried.score:5.2f} %"
    line = f"{tried.number:3} of {trials}  dev {outcome}  {_settings(tried)}"
    if tried.fault:
        return f"{line}  ({tried.fault})"
    if best is tried:
        return f"{line}  best"
    notes = [f"cut short after fold {len(tried.accuracies)}"] if tried.cut_short else []
    if best is not None:
        notes.append(f"best: {100 * best.score:.2f} %, trial {best.number}")
    return f"{line}  ({'; '.join(notes)})"


def trial_rows(tried: Sequence[Tried], folds: int) -> Iterator[list[str]]:
    """Every trial for a CSV file, a header first."""
    names = list(tried[0].drawn)
    yield ["trial", "dev_accuracy", "outcome", *names, *(f"fold_{n + 1}" for n in range(folds))]
    best = best_of(tried)
    for one in tried:
        outcome = "failed" if one.fault else "cut short" if one.cut_short else "scored"
        accuracies = [f"{accuracy:.6f}" for accuracy in one.accuracies]
        yield [
            str(one.number),
            "" if math.isnan(one.score) else f"{one.score:.6f}",
            "best" if one is best else outcome,
            *(str(value) for value in one.drawn.values()),
            *accuracies,
            *[""] * (folds - len(accuracies)),
        ]


def _settings(tried: Tried) -> str:
    return "  ".join(f"{name} {drawn_word(value)}" for name, value in tried.drawn.items())


def drawn_word(value: Drawn) -> str:
    """A setting's value, floats in four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
