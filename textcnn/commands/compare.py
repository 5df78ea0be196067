"""``textcnn compare``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.options import (
    DATA_OPTIONS,
    PATH,
    SectionedCommand,
    config_options,
    count_option,
)
from textcnn.commands.screen.cv_tables import difference_text, mean_text
from textcnn.commands.screen.display import percent, say
from textcnn.commands.screen.results import format_option, print_results
from textcnn.evaluation.comparison import (
    Comparison,
    FoldComparison,
    ModelComparison,
    Side,
    compare_folds,
    compare_models,
    is_cross_validation,
    shared_sentences,
)
from textcnn.insight.run_list import option_words
from textcnn.recipe.config import flag
from textcnn.support.errors import UserError
from textcnn.support.tables import BAD, GOOD, Cell, StyledCell, Table, table_text
from textcnn.support.terminal import coloured, folded, one_line

CHANCE = 0.05
"""P-value from which on a difference is called one that could be chance."""

VERDICT = 9
"""Columns of the names before a verdict."""

BOTH_TESTED = {"data": "Sentences, given as to train. [default: the test part of both runs]"}


@click.command("compare", cls=SectionedCommand)
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="B", type=PATH)
@config_options(set(DATA_OPTIONS) - {"multilabel", "label_separator"}, BOTH_TESTED)
@count_option(
    "--flipped", 10, "Show so many of the sentences that get another prediction, the surest first."
)
@format_option
def command(
    a: Path,
    b: Path,
    options: dict[str, Any],
    flipped: int,
    form: str | None,
) -> None:
    """Compare A and B, runs' folders or checkpoint files, on the same sentences.

    Or two cross-validations on the same folds: the difference paired fold by fold, with the
    interval of the corrected resampled t-test.

    Without --data: on the test sentences that both kept. Where their test parts differ: on those
    of either that neither was trained on. Says which options differ, who is right how often,
    whether the difference could be chance (McNemar's test), and which predictions differ.
    """
    if is_cross_validation(a) or is_cross_validation(b):
        _check_folds_comparable((a, b), options)
        folds = compare_folds(a, b)
        table = _table(folds, "cross-validation", "paired p")
        print_results(form, _fold_values(folds), table, _folds_text(folds))
        return
    sides = Side.load(a), Side.load(b)
    _check_comparable(*sides)
    result = compare_models(*sides, shared_sentences(sides, options, say))
    table, text = _table(result, "model", "McNemar p"), comparison_text(result, flipped)
    print_results(form, _values(result, flipped), table, text)


def _check_folds_comparable(paths: Iterable[Path], options: Iterable[str]) -> None:
    for path in paths:
        if not is_cross_validation(path):
            raise UserError(f"{path}: no cross-validation; compare two of them, or two runs")
    for name in options:
        raise UserError(f"{flag(name)} is for two runs; cross-validations have tested already")


def _check_comparable(a: Side, b: Side) -> None:
    for side in (a, b):
        if side.config.multilabel:
            raise UserError(
                f"{side.path}: gives a sentence several labels (--multilabel), and compare is for "
                "one label a sentence; score each by itself with eval"
            )
    if not set(a.classifier.labels) & set(b.classifier.labels):
        raise UserError("A and B have no label in common, so they cannot be compared")


# As JSON, and as a table for papers


def _of_both(values: Iterable[Any]) -> dict[str, Any]:
    """A's and B's values by these names."""
    return dict(zip("AB", values, strict=True))


def _shared_values(result: Comparison) -> dict[str, Any]:
    """What is said of models and of cross-validations alike."""
    *accuracies, difference = result.shares
    options = result.different_options
    return {
        "different_options": {name: _of_both(pair) for name, pair in options.items()},
        "accuracy": _of_both(share for share, *_ in accuracies),
        "accuracy_95": _of_both(interval for _, *interval in accuracies),
        "a_minus_b": difference[0],
        "a_minus_b_95": difference[1:],
        "p_value": result.p_value,
    }


def _fold_values(result: FoldComparison) -> dict[str, Any]:
    paths = _of_both(map(str, result.paths))
    return {"cross_validations": paths, "folds": result.folds, **_shared_values(result)}


def _values(result: ModelComparison, flipped: int) -> dict[str, Any]:
    sentences, rows = result.sentences, result.flipped()
    return {
        "checkpoints": _of_both(map(str, result.paths)),
        "data": sentences.about,
        "sentences": result.paired.count,
        "seen_in_training": dict(zip(("A", "B", "either"), sentences.seen, strict=True)),
        **_shared_values(result),
        "right": vars(result.paired),
        "predicted_differently": len(rows),
        "flipped": [_flip(result, row) for row in rows[:flipped]],
    }


def _flip(result: ModelComparison, row: int) -> dict[str, Any]:
    predictions = zip(result.predictions[:, row], result.sureness[:, row].tolist(), strict=True)
    return {
        "text": result.sentences.texts[row],
        "label": result.sentences.labels[row],
        **_of_both({"label": label, "probability": share} for label, share in predictions),
    }


def _table(result: Comparison, what: str, p_head: str) -> Table:
    """Accuracies of A and B and their difference, each with its interval, in per cent."""
    last = ["", "", _p_value(result.p_value).removeprefix("= ")]
    rows = [
        [str(name), *(f"{100 * share:.2f}" for share in shares), p]
        for name, shares, p in zip((*result.paths, "A - B"), result.shares, last, strict=True)
    ]
    return Table([what, "accuracy %", "95 % low", "high", p_head], rows, right={1, 2, 3, 4})


# For people


def _beginning(result: Comparison) -> list[str]:
    """Where A and B are, and which of their options differ."""
    a, b = result.paths
    rows = [[name, *map(option_words, values)] for name, values in result.different_options.items()]
    options = table_text(Table(["option", "A", "B"], rows, folding=(1,)))
    return [f"A  {a}\nB  {b}", options if rows else "all options are the same"]


def _folds_text(result: FoldComparison) -> str:
    a, b = map(mean_text, result.accuracies)
    difference = difference_text(result.difference)
    lines = [f"A  {a}", f"B  {b}", f"A - B  {difference}, paired over {result.folds} folds"]
    return "\n\n".join([*_beginning(result), "\n".join(folded(line, 3) for line in lines)])


def comparison_text(result: ModelComparison, flipped: int) -> str:
    """All of it, with so many of the sentences that get another prediction."""
    accuracies = "\n".join(
        f"{name}  {percent(share)}  (95 % interval {percent(low)} to {percent(high)})"
        for name, (share, low, high) in zip("AB", result.shares, strict=False)
    )
    parts = [*_beginning(result), _about(result), accuracies]
    parts += [_who_was_right(result), _verdict(result)]
    return "\n\n".join([*parts, _flipped(result, flipped)] if flipped else parts)


def _about(result: ModelComparison) -> str:
    lines, (a, b, either) = result.sentences.about.split("\n"), result.sentences.seen
    if either:
        lines.append(
            f"A was trained on {a:,} and B on {b:,} of these {result.paired.count:,} sentences: "
            "this is no measure of new ones"
        )
    return "\n".join(map(folded, lines))


def _who_was_right(result: ModelComparison) -> str:
    paired = result.paired
    only_a, only_b = StyledCell(f"{paired.only_a:,}", GOOD), StyledCell(f"{paired.only_b:,}", BAD)
    rows: list[list[Cell]] = [
        ["A right", f"{paired.both:,}", only_a],
        ["A wrong", only_b, f"{paired.neither:,}"],
    ]
    return table_text(Table(["", "B right", "B wrong"], rows, right={1, 2}))


def _verdict(result: ModelComparison) -> str:
    (difference, low, high), p_value = result.shares[2], result.p_value
    could = "could be" if p_value >= CHANCE else "is hardly"
    points = plain = f"{100 * difference:+.2f} points"
    if difference:
        points = coloured(points, GOOD if difference > 0 else BAD, bold=p_value < CHANCE)
    lines = (
        f"A - B    {plain}  (95 % interval {100 * low:+.2f} to "
        f"{100 * high:+.2f}; Agresti and Min 2005)",
        f"McNemar  p {_p_value(p_value)}  (exact test): the difference {could} chance",
    )
    return "\n".join(folded(line, VERDICT) for line in lines).replace(plain, points, 1)


def _p_value(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= 1e-16 else "< 1e-16"


def _flipped(result: ModelComparison, most: int) -> str:
    rows = result.flipped()
    if not len(rows):
        return "no sentence gets another prediction"
    shown = "" if len(rows) <= most else f"; the surest {most} of them"
    heads = ["label", "A", "", "B", "", "text"]
    table = Table(heads, [_flipped_cells(result, row) for row in rows[:most]])
    return f"{len(rows):,} sentences get another prediction{shown}:\n{table_text(table)}"


def _flipped_cells(result: ModelComparison, row: int) -> list[Cell]:
    label = result.sentences.labels[row]
    cells: list[Cell] = [label]
    for prediction, share in zip(result.predictions[:, row], result.sureness[:, row], strict=True):
        cells += [StyledCell(prediction, GOOD if prediction == label else BAD), f"{share:.4f}"]
    return [*cells, one_line(result.sentences.texts[row])]
