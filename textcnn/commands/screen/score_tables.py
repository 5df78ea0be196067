"""Scores as lines and tables."""

import math
import sys
from collections.abc import Sequence

import numpy as np

from textcnn.commands.screen.display import percent
from textcnn.data.tokenizer_choice import without_token
from textcnn.evaluation.abstaining import CoveragePoint
from textcnn.evaluation.ranking import Ranking
from textcnn.evaluation.scores import ClassScores, Scores, commonest_confusions
from textcnn.support.tables import BAD, GOOD, Cell, StyledCell, Table, fits, table_text
from textcnn.support.terminal import columns_of, folded, is_terminal, safe
from textcnn.support.text import some

INDENT = 10
"""Columns of the names at the beginning of lines."""


def scores_text(scores: Scores) -> str:
    """Accuracy with its interval, the baseline, scores of each class and the confusion matrix."""
    low, high = scores.interval
    rows = f"{scores.count:,} of {scores.rows_given:,} rows"
    interval = f"(95 % interval {percent(low)} to {percent(high)}, {rows})"
    always = f"(always predicting {safe(scores.baseline_label)}, training's most frequent label)"
    accuracy, baseline = percent(scores.accuracy), percent(scores.baseline)
    if scores.micro_f1 is not None:
        lines = [
            f"F1        {percent(scores.micro_f1)} of all predictions together (micro), "
            f"{percent(scores.macro_f1)} {_mean_of(scores)} (macro)",
            f"baseline  {baseline} micro  {always}",
            f"all right {accuracy} of the sentences  {interval}",
            *_expert_text(scores),
            *_groups_text(scores),
            f"log-loss  {scores.log_loss:.4f} a label",
        ]
    else:
        lines = [
            f"accuracy  {accuracy}  {interval}",
            *_expert_text(scores),
            *_groups_text(scores),
            f"baseline  {baseline}  {always}",
            f"log-loss  {scores.log_loss:.4f}",
        ]
    if scores.no_token:
        lines.append(without_token(scores.no_token, scores.count, scores.tokenizer))
    lines.append(seen_text(scores))
    prose, tables = "\n".join(folded(line, INDENT) for line in lines), [class_table(scores)]
    if scores.confusion is not None:
        tables.append(confusion_table(scores.confusion, scores.classes))
    # There may be no confusion to be shown.
    return "\n\n".join([prose, *(table_text(table) for table in tables if table.rows)])


def _expert_text(scores: Scores) -> list[str]:
    """What each of the model's experts would score alone."""
    told = "alone" if scores.thresholds is None else "alone, all labels of a sentence right"
    return [f"{name:9} {percent(share)}  {told}" for name, share in scores.experts.items()]


def _groups_text(scores: Scores) -> list[str]:
    """How sentences with old and with new labels were classified, where there are both."""
    what = {"old": "with labels known before", "new": "with new labels"}
    return [
        f"{group.name:9} {percent(group.accuracy)}  of {group.count:,} sentences "
        f"{what[group.name]} ({some(list(map(safe, group.labels)))})"
        for group in scores.groups
    ]


def _mean_of(scores: Scores) -> str:
    scored = sum(row.f1 is not None for row in scores.classes)
    if scored == len(scores.classes):
        return "the labels' mean"
    return f"the mean of the {scored} labels with a sentence here"


def coverage_text(curve: Sequence[CoveragePoint]) -> str:
    """Accuracy of the sentences that are classified, the fewer the surer."""
    rows = [
        [
            percent(point.coverage),
            "-" if math.isnan(point.accuracy) else percent(point.accuracy),
            f"{point.threshold:.4f}",
        ]
        for point in curve
    ]
    heads = ["classified", "accuracy", "with --threshold"]
    return table_text(Table(heads, rows, right={0, 1}))


def ranking_text(ranking: Ranking) -> str:
    """How right the most probable labels are."""
    return (
        f"{f'top {ranking.k}':9} precision {percent(ranking.precision)}, "
        f"recall {percent(ranking.recall)}"
    )


def seen_text(scores: Scores) -> str:
    """How many of the scored sentences the model was trained on."""
    if not scores.seen:
        return "seen      none of these sentences were in the training part"
    return (
        f"seen      {scores.seen:,} of these {scores.count:,} sentences were in the training "
        "part: this is no measure of new sentences"
    )


def class_table(scores: Scores) -> Table:
    """Precision, recall and F1 of each class."""
    heads = ["label", "precision", "recall", "F1", "sentences"]
    rows = [
        [
            row.label,
            percent(row.precision),
            "-" if row.recall is None else percent(row.recall),
            "-" if row.f1 is None else percent(row.f1),
            f"{row.count:,}",
        ]
        for row in scores.classes
    ]
    bars = [row.f1 or 0.0 for row in scores.classes]
    if scores.thresholds is not None:
        heads.append("threshold")
        for cells, threshold in zip(rows, scores.thresholds, strict=True):
            cells.append(f"{threshold:.2f}")
    else:
        scored = sum(row.f1 is not None for row in scores.classes)
        of = "" if scored == len(rows) else f" of {scored} labels"
        rows.append([f"mean{of}", "", "", percent(scores.macro_f1)])
        bars.append(scores.macro_f1)
    return Table(heads, rows, right=range(1, len(heads)), bars=bars)


WIDEST_CONFUSION = 12
"""Labels of the largest confusion matrix that is printed whole; lines get too long to be read."""

CONFUSION_WIDTH = 7
"""Narrowest column of a confusion matrix."""

HEAVY = 0.5
"""Share of the largest confusion from which on others are shaded with it."""


def confusion_table(confusion: np.ndarray, classes: Sequence[ClassScores]) -> Table:
    """Sentences by true and predicted label; of many labels, those most often confused."""
    labels = [row.label for row in classes]
    table = _confusion_matrix(confusion, labels)
    room = columns_of(sys.stdout) if is_terminal(sys.stdout) else None
    if len(labels) > WIDEST_CONFUSION or (room is not None and not fits(table, room)):
        return _commonest_confusions(confusion, labels)
    return table


def _confusion_matrix(confusion: np.ndarray, labels: Sequence[str]) -> Table:
    heaviest = max((count for *_, count in commonest_confusions(confusion, labels, 1)), default=0)
    rows: list[list[Cell]] = []
    for true, counts in enumerate(confusion.tolist()):
        cells = [_confusion_cell(n, true == column, heaviest) for column, n in enumerate(counts)]
        rows.append([labels[true], *cells])
    return Table(["true \\ predicted", *labels], rows, right=range(1, len(labels) + 1))


def _confusion_cell(count: int, right: bool, heaviest: int) -> Cell:
    words = f"{count:{CONFUSION_WIDTH},}"
    if right:
        return StyledCell(words, GOOD, shaded=True)
    return StyledCell(words, BAD, shaded=True) if count and count >= HEAVY * heaviest else words


def _commonest_confusions(confusion: np.ndarray, labels: Sequence[str]) -> Table:
    """The cells off the diagonal with the most sentences, the most first."""
    return Table(
        ["true", "predicted", "sentences (the commonest confusions; --json has all)"],
        [
            [true, predicted, f"{count:9,}"]
            for true, predicted, count in commonest_confusions(confusion, labels, WIDEST_CONFUSION)
        ],
    )
