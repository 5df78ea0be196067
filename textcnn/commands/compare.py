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
from textcnn.commands.screen import compare_tables
from textcnn.commands.screen.display import say
from textcnn.commands.screen.results import format_option, print_results
from textcnn.evaluation.comparison import (
    Comparison,
    FoldsCompared,
    Side,
    compare_folds,
    is_cross_validation,
    shared_sentences,
)
from textcnn.recipe.config import flag
from textcnn.support.errors import UserError

BOTH_TESTED = {"data": "Sentences, given as to train. [default: the test part of both runs]"}


@click.command("compare", cls=SectionedCommand)
@click.argument("a", metavar="A", type=PATH)
@click.argument("b", metavar="B", type=PATH)
@config_options(set(DATA_OPTIONS) - {"multilabel", "label_separator"}, BOTH_TESTED)
@count_option(
    "--flipped", 10, "Show so many of the sentences that get another answer, the surest first."
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
    whether the difference could be chance (McNemar's test), and which sentences get another answer.
    """
    if is_cross_validation(a) or is_cross_validation(b):
        folds = _folds_compared(a, b, given)
        table, text = compare_tables.folds_table(folds), compare_tables.folds_text(folds)
        print_results(form, _fold_values(folds), table, text)
        return
    sides = [Side.load(a), Side.load(b)]
    _check_comparable(*sides)
    found = Comparison.of(sides, shared_sentences(sides, given, say))
    text = compare_tables.comparison_text(found, flipped)
    print_results(form, _values(found, flipped), compare_tables.accuracy_table(found), text)


def _folds_compared(a: Path, b: Path, given: dict[str, Any]) -> FoldsCompared:
    for path in (a, b):
        if not is_cross_validation(path):
            raise UserError(f"{path}: no cross-validation; compare two of them, or two runs")
    for name in given:
        raise UserError(f"{flag(name)} is for two runs; cross-validations have tested already")
    return compare_folds(a, b)


def _fold_values(found: FoldsCompared) -> dict[str, Any]:
    paired, means = found.difference, found.accuracies
    return {
        "cross_validations": _of_both(map(str, found.paths)),
        "different_options": {name: _of_both(pair) for name, pair in found.options.items()},
        "folds": found.folds,
        "accuracy": _of_both(mean.mean for mean in means),
        "accuracy_95": _of_both([mean.low, mean.high] for mean in means),
        "a_minus_b": paired.mean,
        "a_minus_b_95": [paired.low, paired.high],
        "p_value": paired.p_value,
    }


def _of_both(values: Iterable[Any]) -> dict[str, Any]:
    """A's and B's values by these names."""
    return dict(zip("AB", values, strict=True))


def _check_comparable(a: Side, b: Side) -> None:
    for side in (a, b):
        if side.config.multilabel:
            raise UserError(
                f"{side.path}: gives a sentence several labels (--multilabel), and compare is for "
                "one label a sentence; score each by itself with eval"
            )
    if not set(a.classifier.labels) & set(b.classifier.labels):
        raise UserError("A and B have no label in common, so they cannot be compared")


def _values(found: Comparison, flipped: int) -> dict[str, Any]:
    paired, sentences, accuracies = found.paired, found.sentences, found.accuracies()
    options = found.different_options()
    return {
        "checkpoints": _of_both(str(side.path) for side in found.sides),
        "different_options": {name: _of_both(pair) for name, pair in options.items()},
        "data": sentences.about,
        "sentences": paired.count,
        "seen_in_training": dict(zip(("A", "B", "either"), sentences.seen, strict=True)),
        "accuracy": {name: right / paired.count for name, right, _ in accuracies},
        "accuracy_95": {name: list(interval) for name, _, interval in accuracies},
        "right": vars(paired),
        "a_minus_b": paired.difference,
        "a_minus_b_95": list(found.interval),
        "p_value": found.p_value,
        "answered_differently": len(found.flipped()),
        "flipped": [_flip(found, row) for row in found.flipped()[:flipped]],
    }


def _flip(found: Comparison, row: int) -> dict[str, Any]:
    return {
        "text": found.sentences.texts[row],
        "label": found.sentences.labels[row],
        **{
            name: {"label": answers[row], "probability": float(sureness[row])}
            for name, answers, sureness in zip("AB", found.answers, found.sureness, strict=True)
        },
    }
