"""``textcnn compare``."""

import json
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.options import (
    DATA_OPTIONS,
    SectionedCommand,
    config_options,
    given_options,
)
from textcnn.commands.screen.compare_tables import (
    accuracy_table,
    comparison_text,
    folds_table,
    folds_text,
)
from textcnn.commands.screen.display import say
from textcnn.commands.screen.tables import format_option, written_table
from textcnn.commands.screen.terminal import safe_lines
from textcnn.evaluation.comparison.comparison import (
    Comparison,
    FoldsCompared,
    compare_folds,
    is_cross_validation,
)
from textcnn.evaluation.comparison.shared_sentences import Side, shared_sentences
from textcnn.recipe.config import flag
from textcnn.support.errors import UserError
from textcnn.support.files import check_not_read, replace_text
from textcnn.support.text import csv_line

BOTH_TESTED = {"data": "Sentences, given as to train. [default: the test part of both runs]"}


@click.command("compare", cls=SectionedCommand)
@click.argument("a", metavar="A", type=click.Path(path_type=Path))
@click.argument("b", metavar="B", type=click.Path(path_type=Path))
@config_options(set(DATA_OPTIONS) - {"multilabel", "label_separator"}, BOTH_TESTED)
@click.option(
    "--flipped",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Show so many of the sentences that get another answer, the surest first.",
)
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    help="Write sentence, true label, both answers and their probabilities to this CSV file.",
)
@format_option
def command(
    a: Path, b: Path, flipped: int, predictions: Path | None, form: str | None, **options: Any
) -> None:
    """Compare A and B, runs' folders or checkpoint files, on the same sentences.

    Or two cross-validations on the same folds: the difference paired fold by fold, with the
    interval of the corrected resampled t-test.

    Without --data: on the test sentences that both kept. Where their test parts differ: on those
    of either that neither was trained on. Says which options differ, who is right how often,
    whether the difference could be chance (McNemar's test), and which sentences get another answer.
    """
    if is_cross_validation(a) or is_cross_validation(b):
        _compare_folds(a, b, form, given_options({**options, "predictions": predictions}))
        return
    sides = [Side.load(a), Side.load(b)]
    _check_comparable(*sides)
    given = given_options(options)
    files = [name for side in sides for name in side.config.files]
    check_not_read([predictions], "--predictions", *given.get("data", ()), *files)
    shared = shared_sentences(sides, given, say)
    found = Comparison.of(sides, shared)
    if predictions is not None:
        replace_text(predictions, _predictions_csv(found))
    if form == "json":
        click.echo(json.dumps(_values(found, flipped), indent=2))
        return
    if form is not None:
        click.echo(written_table(accuracy_table(found), form))
        return
    click.echo(comparison_text(found, flipped))
    if predictions is not None:
        click.echo(safe_lines(f"\npredictions written to {predictions}"))


def _compare_folds(a: Path, b: Path, form: str | None, given: dict[str, Any]) -> None:
    for path in (a, b):
        if not is_cross_validation(path):
            raise UserError(f"{path}: no cross-validation; compare two of them, or two runs")
    for name in given:
        raise UserError(f"{flag(name)} is for two runs; cross-validations have tested already")
    found = compare_folds(a, b)
    if form == "json":
        click.echo(json.dumps(_fold_values(found), indent=2))
    elif form is not None:
        click.echo(written_table(folds_table(found), form))
    else:
        click.echo(folds_text(found))


def _fold_values(found: FoldsCompared) -> dict[str, Any]:
    sides = dict(zip("AB", zip(found.paths, found.accuracies, strict=True), strict=True))
    paired = found.difference
    return {
        "cross_validations": {name: str(path) for name, (path, _) in sides.items()},
        "different_options": {name: {"A": a, "B": b} for name, (a, b) in found.options.items()},
        "folds": found.folds,
        "accuracy": {name: mean.mean for name, (_, mean) in sides.items()},
        "accuracy_95": {name: [mean.low, mean.high] for name, (_, mean) in sides.items()},
        "a_minus_b": paired.mean,
        "a_minus_b_95": [paired.low, paired.high],
        "p_value": paired.p_value,
    }


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
    paired, test, sentences = found.paired, found.test, found.sentences
    seen = dict(zip(("A", "B", "either"), sentences.seen, strict=True))
    return {
        "checkpoints": {"A": str(found.sides[0].path), "B": str(found.sides[1].path)},
        "different_options": {
            name: {"A": a, "B": b} for name, (a, b) in found.different_options().items()
        },
        "data": sentences.about,
        "sentences": paired.count,
        "seen_in_training": seen,
        "accuracy": {name: right / paired.count for name, right, _ in found.accuracies()},
        "accuracy_95": {name: list(interval) for name, _, interval in found.accuracies()},
        "right": vars(paired),
        "mcnemar": vars(test),
        "a_minus_b": paired.difference,
        "a_minus_b_95": list(found.interval),
        "answered_differently": len(found.flipped()),
        "flipped": [_flip(found, row) for row in found.flipped()[:flipped]],
    }


def _flip(found: Comparison, row: int) -> dict[str, Any]:
    return {
        "text": found.sentences.texts[row],
        "label": found.sentences.labels[row],
        **{
            name: {"label": found.names[answers[row]], "probability": float(sureness[row])}
            for name, answers, sureness in zip("AB", found.answers, found.sureness, strict=True)
        },
    }


def _predictions_csv(found: Comparison) -> str:
    lines = [csv_line(["text", "label", "A", "B", "p(A)", "p(B)"])]
    for row, (text, label) in enumerate(
        zip(found.sentences.texts, found.sentences.labels, strict=True)
    ):
        answers = [found.names[number] for number in found.answers[:, row]]
        sure = [f"{share:.6g}" for share in found.sureness[:, row]]
        lines.append(csv_line([text, label, *answers, *sure]))
    return "".join(lines)
