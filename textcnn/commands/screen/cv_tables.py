"""Cross-validations in lines and tables."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textcnn.commands.screen.display import duration
from textcnn.data.labels import BETWEEN
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.baselines import BASELINES, EXPERTS
from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.summary import OURS, Difference, Mean, Summary
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.support.tables import Table, table_text
from textcnn.support.terminal import folded

INDENT = 11
"""Columns of the names at the beginning of lines."""


def fold_line(result: FoldResult, finished: int, total: int) -> str:
    """A fold that has just come in."""
    return (
        f"{finished:3} of {total}  repeat {result.repeat + 1} fold {result.number + 1:2}  "
        f"accuracy {_percent(result.accuracy)}  (dev {_percent(result.dev_accuracy)} at epoch "
        f"{result.epoch:.2f}; {duration(result.seconds)})"
    )


def summary_text(summary: Summary) -> str:
    """The result, for people: a line a fold, then the means."""
    lines = [f"accuracy   {mean_text(summary.means[OURS])}"]
    if summary.test_interval is not None:
        low, high = summary.test_interval
        lines.append(
            f"           95 % interval by the size of the test part: {100 * low:.2f} to "
            f"{100 * high:.2f}"
        )
    lines += [
        f"rows       {summary.tested:,} tested of {summary.rows_given:,} given",
        f"macro-F1   {mean_text(summary.macro_f1)}",
        f"log-loss   {summary.log_loss:.4f}",
        f"confidence off by {100 * summary.calibration_error:.2f} points from the share that is "
        "right (expected calibration error)",
    ]
    for name, difference in summary.differences.items():
        lines += [
            "",
            f"{name:9}  {mean_text(summary.means[name])}",
            f"           {EXPERTS.get(name) or BASELINES[name].description}",
            f"           textcnn's difference: {difference_text(difference)}",
        ]
    prose = "\n".join(folded(line, INDENT) for line in lines)
    return f"{table_text(fold_table(summary))}\n\n{prose}"


def fold_table(summary: Summary) -> Table:
    """The scores of each fold, those of the rivals beside them."""
    names = list(summary.differences)
    rows = [
        [
            str(result.repeat + 1),
            str(result.number + 1),
            _percent(result.accuracy),
            _percent(result.macro_f1),
            f"{result.epoch:.2f}",
            *(_percent(summary.accuracies[name][number]) for name in names),
        ]
        for number, result in enumerate(summary.results)
    ]
    heads = ["repeat", "fold", "accuracy", "macro-F1", "epoch", *names]
    return Table(heads, rows, right=range(len(heads)))


def accuracy_table(summary: Summary) -> Table:
    """The mean accuracies over the folds, in per cent, for papers."""
    rows = [
        [
            name,
            *(
                "" if math.isnan(share) else f"{100 * share:.2f}"
                for share in (mean.mean, mean.standard_error, mean.low, mean.high)
            ),
        ]
        for name, mean in summary.means.items()
    ]
    heads = ["model", "accuracy %", "standard error", "95 % low", "high"]
    return Table(heads, rows, right=range(1, 5))


def mean_text(mean: Mean) -> str:
    """``79.51 % (standard error 0.32, 95 % interval 78.79 to 80.23)``."""
    if math.isnan(mean.standard_error):
        return _percent(mean.mean)
    return (
        f"{_percent(mean.mean)} (standard error {100 * mean.standard_error:.2f}, 95 % interval "
        f"{100 * mean.low:.2f} to {100 * mean.high:.2f})"
    )


def difference_text(difference: Difference) -> str:
    """``+0.42 points (95 % interval -0.10 to +0.94, p = 0.1)``."""
    if math.isnan(difference.p_value):
        return f"{100 * difference.mean:+.2f} points"
    return (
        f"{100 * difference.mean:+.2f} points (95 % interval {100 * difference.low:+.2f} to "
        f"{100 * difference.high:+.2f}, p = {difference.p_value:.2g})"
    )


def fold_rows(folds: Sequence[dict[str, Any]]) -> Iterator[list[str]]:
    """The folds of a summary for JSON, for a CSV file, a header first."""
    names = [name for name in folds[0] if name != "rows"]
    yield names
    for fold in folds:
        cells = [fold[name] for name in names]
        yield [f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in cells]


def prediction_rows(summary: Summary, data: TokenizedData, separator: str) -> Iterator[list[str]]:
    """Every tested sentence for a CSV file, a header first.

    Rows are counted from 1, those of ``--test-data`` after those of ``--data``. Several labels of
    a sentence stand with ``separator`` between them, and the probability is that of the prediction
    that is least sure.
    """
    yield ["repeat", "fold", "row", "text", "label", "predicted", "probability"]
    names = data.label_names
    for result in summary.results:
        predictions = predicted_labels(result.probabilities, names, result.thresholds)
        rows = zip(result.rows.tolist(), predictions, _surest(result), strict=True)
        for row, prediction, probability in rows:
            yield [
                str(result.repeat + 1),
                str(result.number + 1),
                str(row + 1),
                data.texts[row],
                *(labels.replace(BETWEEN, separator) for labels in (data.labels[row], prediction)),
                f"{probability:.4f}",
            ]


def _surest(result: FoldResult) -> np.ndarray:
    """(N,) the probability of what was predicted."""
    if result.thresholds is None:
        return result.probabilities.max(axis=1)
    predicted = np.where(result.predictions, result.probabilities, 1 - result.probabilities)
    return predicted.min(axis=1)


def _percent(share: float) -> str:
    """``79.31 %``, with a digit more than one test part alone would be worth."""
    return f"{100 * share:.2f} %"
