"""What a person sees while a network trains: a bar on a terminal, plain lines elsewhere."""

import time

import click

from textcnn.commands.screen.bars import Bar, open_bar
from textcnn.core.progress import Evaluated, Event, StepDone, evaluation_line
from textcnn.support.text import printable_lines

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
        self._bar: Bar | None = None
        self._before = 0
        self._step = done_steps

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, StepDone):
            self._count(event)
            self._advance()
        elif isinstance(event, Evaluated):
            self.close()
            click.echo(evaluation_line(event.evaluation, event.is_best), err=True)

    def close(self) -> None:
        """Leave the bar's line, to be that of the evaluation or of what else is said."""
        if self._bar is not None:
            self._bar.close()
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
            self._before = self._step - 1 - done
            length = min(self._steps_between, self._total_steps - self._before)
            self._bar = open_bar(length, counted=False, often=True)
        if self._bar is not None:
            self._bar.show(self._step - self._before, f"step {self._step:,}", self._figures)

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


def say(line: str) -> None:
    """Tell the user something that is not the result: on standard error."""
    click.echo(printable_lines(line), err=True)


def percent(share: float) -> str:
    """``77.3 %`` for 0.773."""
    return f"{100 * share:.1f} %"
