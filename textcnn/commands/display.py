"""What a person sees while a network trains: a bar on a terminal, plain lines elsewhere."""

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from textcnn.coverage import Covered
from textcnn.evaluation import MultilabelScores, Scores
from textcnn.evaluation_line import evaluation_line
from textcnn.training import Evaluated, Event, StepDone

SMOOTHING = 0.95
"""Share of the running means kept at each step, so that the figures can be read."""


class Display:
    """Shows training events.

    Args:
        total_steps: steps in all epochs together.
        done_steps: steps made before, when a run is resumed.
        steps_between: steps from one evaluation to the next.
        batch_size: sentences a step.
    """

    def __init__(self, total_steps: int, done_steps: int, steps_between: int, batch_size: int):
        self._total_steps = total_steps
        self._steps_between = steps_between
        self._batch_size = batch_size
        self._loss: float | None = None
        self._accuracy = 0.0
        self._seconds = 0.0
        self._bar: Any = None
        self._step = done_steps

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, StepDone):
            self._count(event)
            if sys.stderr.isatty():
                self._advance()
        elif isinstance(event, Evaluated):
            self.close()
            click.echo(evaluation_line(event.evaluation, event.is_best), err=True)

    def close(self) -> None:
        """Leave the bar's line."""
        if self._bar is not None:
            self._bar.render_finish()
            # The bar's line is replaced by the evaluation's.
            click.echo("\r\033[2K", nl=False, err=True)
            self._bar = None

    def _count(self, event: StepDone) -> None:
        self._step = event.step
        if self._loss is None:
            self._loss, self._accuracy, self._seconds = event.loss, event.accuracy, event.seconds
            return
        self._loss = _blend(self._loss, event.loss)
        self._accuracy = _blend(self._accuracy, event.accuracy)
        self._seconds = _blend(self._seconds, event.seconds)

    def _advance(self) -> None:
        if self._bar is None:
            done = (self._step - 1) % self._steps_between
            length = min(self._steps_between, self._total_steps - self._step + 1 + done)
            self._bar = click.progressbar(
                length=length,
                label=f"step {self._step:,}",
                show_eta=False,
                show_percent=False,
                item_show_func=lambda _: self._figures(),
                file=sys.stderr,
                width=24,
                update_min_steps=5,  # Drawing at every step would cost a hundredth of the time.
            )
            self._bar.update(done)
        self._bar.label = f"step {self._step:,}"
        self._bar.update(1, self._step)

    def _figures(self) -> str:
        left = (self._total_steps - self._step) * self._seconds
        speed = self._batch_size / self._seconds
        # "At most", since the patience may run out before the epochs do.
        return (
            f"loss {self._loss:.3f}  accuracy {100 * self._accuracy:.1f} %  "
            f"{speed:,.0f} sentences/s  at most {duration(left)} left"
        )


def _blend(old: float, new: float) -> float:
    return SMOOTHING * old + (1 - SMOOTHING) * new


def duration(seconds: float) -> str:
    """``1:05`` for 65 seconds."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02d}" if hours else str(rest // 60)
    return f"{f'{hours}:' if hours else ''}{minutes}:{rest % 60:02d}"


class Clock:
    """Measures how long something took."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __str__(self) -> str:
        return duration(time.perf_counter() - self._start)


def scores_text(scores: Scores | MultilabelScores) -> str:
    """Accuracy with its interval, the baseline, scores of each class and the confusion matrix."""
    low, high = scores.interval
    if isinstance(scores, MultilabelScores):
        return "\n".join(
            [
                f"F1        {percent(scores.micro_f1)} of all answers together (micro), "
                f"{percent(scores.macro_f1)} the labels' mean (macro)",
                f"baseline  {percent(scores.baseline_micro_f1)} micro  "
                f"(always answering {scores.baseline_label}, training's most frequent label)",
                f"all right {percent(scores.accuracy)} of the sentences  "
                f"(95 % interval {percent(low)} to {percent(high)}, {scores.count:,} sentences)",
                f"log-loss  {scores.log_loss:.4f} a label",
                seen_text(scores),
                "",
                *_class_table(scores),
            ]
        )
    return "\n".join(
        [
            f"accuracy  {percent(scores.accuracy)}  "
            f"(95 % interval {percent(low)} to {percent(high)}, {scores.count:,} sentences)",
            f"baseline  {percent(scores.majority_accuracy)}  "
            f"(always answering {scores.majority_label}, training's most frequent label)",
            f"log-loss  {scores.log_loss:.4f}",
            seen_text(scores),
            "",
            *_class_table(scores),
            "",
            *_confusion_table(scores),
        ]
    )


def coverage_text(curve: Sequence[Covered]) -> str:
    """Accuracy of the sentences that are answered, the fewer the surer."""
    lines = ["answered  accuracy  with --abstain-below"]
    lines += [
        f"{percent(point.coverage):>8}  "
        f"{'-' if math.isnan(point.accuracy) else percent(point.accuracy):>8}  "
        f"{point.abstain_below:.4f}"
        for point in curve
    ]
    return "\n".join(lines)


def seen_text(scores: Scores | MultilabelScores) -> str:
    """How many of the scored sentences the model was trained on."""
    if not scores.seen:
        return "seen      none of these sentences were in the training part"
    return (
        f"seen      {scores.seen:,} of these {scores.count:,} sentences were in the training "
        "part: this is no measure of new sentences"
    )


def say(line: str) -> None:
    """Tell the user something that is not the result: on standard error."""
    click.echo(line, err=True)


def python() -> str:
    """How this Python is called from here: ``.venv/bin/python`` where that is what runs."""
    try:
        return str(Path(sys.executable).relative_to(Path.cwd()))
    except ValueError:
        return "python"


def percent(share: float) -> str:
    """``77.3 %`` for 0.773."""
    return f"{100 * share:.1f} %"


def _class_table(scores: Scores | MultilabelScores) -> list[str]:
    width = max(len("label"), *(len(row.label) for row in scores.classes))
    lines = [f"{'label':{width}}  precision   recall       F1  sentences"]
    lines += [
        f"{row.label:{width}}  {percent(row.precision):>9}  {percent(row.recall):>7}  "
        f"{percent(row.f1):>7}  {row.count:9,}"
        for row in scores.classes
    ]
    if isinstance(scores, MultilabelScores):
        thresholds = ["threshold", *(f"{value:9.2f}" for value in scores.thresholds)]
        return [f"{line}  {value}" for line, value in zip(lines, thresholds, strict=True)]
    lines.append(f"{'mean':{width}}  {'':9}  {'':7}  {percent(scores.macro_f1):>7}")
    return lines


WIDEST_CONFUSION = 12
"""Labels of the largest confusion matrix that is printed whole; lines get too long to be read."""


def _confusion_table(scores: Scores) -> list[str]:
    if len(scores.classes) > WIDEST_CONFUSION:
        return _commonest_confusions(scores)
    labels = [row.label for row in scores.classes]
    corner = "true \\ predicted"
    width = max(len(corner), *map(len, labels))
    column = max(7, *map(len, labels))
    lines = ["  ".join([f"{corner:{width}}"] + [f"{label:>{column}}" for label in labels])]
    for label, row in zip(labels, scores.confusion.tolist(), strict=True):
        lines.append("  ".join([f"{label:{width}}"] + [f"{count:>{column},}" for count in row]))
    return lines


def _commonest_confusions(scores: Scores) -> list[str]:
    """The cells off the diagonal with the most sentences, the most first."""
    labels = [row.label for row in scores.classes]
    wrong = scores.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:WIDEST_CONFUSION]
    cells = [divmod(cell, len(labels)) for cell in order.tolist() if wrong.flat[cell]]
    width = max(len("true"), *map(len, labels))
    lines = [f"{'true':{width}}  {'predicted':{width}}  sentences (the commonest confusions)"]
    lines += [
        f"{labels[true]:{width}}  {labels[given]:{width}}  {wrong[true, given]:9,}"
        for true, given in cells
    ]
    return lines
