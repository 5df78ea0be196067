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
    Compared,
    Comparison,
    FoldsCompared,
    Side,
    compare,
    compare_folds,
    is_cross_validation,
    shared_sentences,
)
from textcnn.insight.run_list import option_words
from textcnn.recipe.config import flag
from textcnn.support.errors import UserError
from textcnn.support.tables import BAD, GOOD, Cell, Styled, Table, table_text
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
    given: dict[str, Any],
    flipped: int,
    form: str | None,
) -> None:
    """Compare A and B, runs' folders or checkpoint files, on the same sentences.

    Or two cross-validations on the same folds: the difference paired fold by fold, with the
    interval of the corrected resampled t-test.

    Without --data: on the test sentences that both kept. Where their test parts differ: on those
    of either that neither was trained on. Says which options differ, who is right how often,
    whether the difference could be chance (McNemar's test), and which sentences get another
    prediction.
    """
    if is_cross_validation(a) or is_cross_validation(b):
        _check_folds_comparable((a, b), given)
        folds = compare_folds(a, b)
        table = _table(folds, "cross-validation", "paired p")
        print_results(form, _fold_values(folds), table, _folds_text(folds))
        return
    sides = Side.load(a), Side.load(b)
    _check_comparable(*sides)
    found = compare(*sides, shared_sentences(sides, given, say))
    table, text = _table(found, "model", "McNemar p"), comparison_text(found, flipped)
    print_results(form, _values(found, flipped), table, text)


def _check_folds_comparable(paths: Iterable[Path], given: Iterable[str]) -> None:
    for path in paths:
        if not is_cross_validation(path):
            raise UserError(f"{path}: no cross-validation; compare two of them, or two runs")
    for name in given:
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


def _shared_values(found: Compared) -> dict[str, Any]:
    """What is said of models and of cross-validations alike."""
    *accuracies, difference = found.shares
    options = found.different_options
    return {
        "different_options": {name: _of_both(pair) for name, pair in options.items()},
        "accuracy": _of_both(share for share, *_ in accuracies),
        "accuracy_95": _of_both(interval for _, *interval in accuracies),
        "a_minus_b": difference[0],
        "a_minus_b_95": difference[1:],
        "p_value": found.p_value,
    }


def _fold_values(found: FoldsCompared) -> dict[str, Any]:
    paths = _of_both(map(str, found.paths))
    return {"cross_validations": paths, "folds": found.folds, **_shared_values(found)}


def _values(found: Comparison, flipped: int) -> dict[str, Any]:
    sentences, rows = found.sentences, found.flipped()
    return {
        "checkpoints": _of_both(map(str, found.paths)),
        "data": sentences.about,
        "sentences": found.paired.count,
        "seen_in_training": dict(zip(("A", "B", "either"), sentences.seen, strict=True)),
        **_shared_values(found),
        "right": vars(found.paired),
        "predicted_differently": len(rows),
        "flipped": [_flip(found, row) for row in rows[:flipped]],
    }


def _flip(found: Comparison, row: int) -> dict[str, Any]:
    predictions = zip(found.predictions[:, row], found.sureness[:, row].tolist(), strict=True)
    return {
        "text": found.sentences.texts[row],
        "label": found.sentences.labels[row],
        **_of_both({"label": label, "probability": share} for label, share in predictions),
    }


def _table(found: Compared, what: str, p_head: str) -> Table:
    """Accuracies of A and B and their difference, each with its interval, in per cent."""
    last = ["", "", _p_value(found.p_value).removeprefix("= ")]
    rows = [
        [str(name), *(f"{100 * share:.2f}" for share in shares), p]
        for name, shares, p in zip((*found.paths, "A - B"), found.shares, last, strict=True)
    ]
    return Table([what, "accuracy %", "95 % low", "high", p_head], rows, right={1, 2, 3, 4})


# For people


def _beginning(found: Compared) -> list[str]:
    """Where A and B are, and which of their options differ."""
    a, b = found.paths
    rows = [[name, *map(option_words, values)] for name, values in found.different_options.items()]
    options = table_text(Table(["option", "A", "B"], rows, folding=(1,)))
    return [f"A  {a}\nB  {b}", options if rows else "all options are the same"]


def _folds_text(found: FoldsCompared) -> str:
    a, b = map(mean_text, found.accuracies)
    difference = difference_text(found.difference)
    lines = [f"A  {a}", f"B  {b}", f"A - B  {difference}, paired over {found.folds} folds"]
    return "\n\n".join([*_beginning(found), "\n".join(folded(line, 3) for line in lines)])


def comparison_text(found: Comparison, flipped: int) -> str:
    """All of it, with so many of the sentences that get another prediction."""
    accuracies = "\n".join(
        f"{name}  {percent(share)}  (95 % interval {percent(low)} to {percent(high)})"
        for name, (share, low, high) in zip("AB", found.shares, strict=False)
    )
    parts = [*_beginning(found), _about(found), accuracies, _who_was_right(found), _verdict(found)]
    return "\n\n".join([*parts, _flipped(found, flipped)] if flipped else parts)


def _about(found: Comparison) -> str:
    lines, (a, b, either) = found.sentences.about.split("\n"), found.sentences.seen
    if either:
        lines.append(
            f"A was trained on {a:,} and B on {b:,} of these {found.paired.count:,} sentences: "
            "this is no measure of new ones"
        )
    return "\n".join(map(folded, lines))


def _who_was_right(found: Comparison) -> str:
    paired = found.paired
    only_a, only_b = Styled(f"{paired.only_a:,}", GOOD), Styled(f"{paired.only_b:,}", BAD)
    rows: list[list[Cell]] = [
        ["A right", f"{paired.both:,}", only_a],
        ["A wrong", only_b, f"{paired.neither:,}"],
    ]
    return table_text(Table(["", "B right", "B wrong"], rows, right={1, 2}))


def _verdict(found: Comparison) -> str:
    (difference, low, high), p_value = found.shares[2], found.p_value
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


def _flipped(found: Comparison, most: int) -> str:
    rows = found.flipped()
    if not len(rows):
        return "no sentence gets another prediction"
    shown = "" if len(rows) <= most else f"; the surest {most} of them"
    heads = ["label", "A", "", "B", "", "text"]
    table = Table(heads, [_flipped_cells(found, row) for row in rows[:most]])
    return f"{len(rows):,} sentences get another prediction{shown}:\n{table_text(table)}"


def _flipped_cells(found: Comparison, row: int) -> list[Cell]:
    label = found.sentences.labels[row]
    cells: list[Cell] = [label]
    for prediction, share in zip(found.predictions[:, row], found.sureness[:, row], strict=True):
        cells += [Styled(prediction, GOOD if prediction == label else BAD), f"{share:.4f}"]
    return [*cells, one_line(found.sentences.texts[row])]
