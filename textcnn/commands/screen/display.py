"""What a person sees while something runs: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable

import click
import numpy as np

from textcnn.core.progress import EvaluationDone, Event, StepDone, evaluation_line
from textcnn.support.tables import bar_drawn
from textcnn.support.terminal import can_draw, columns_of, folded, is_terminal
from textcnn.support.text import printable_lines

WIDTH, NARROWEST = 26, 4
"""Columns of a bar; figures that leave it less are not shown."""

SECONDS = 0.25
"""Between two drawings at least: each takes a fifth of a millisecond, a thousandth of the time."""


SMOOTHING = 0.95
"""Share of the running means kept at each step, so that the figures can be read."""


ERASE = "\r\033[2K"


class Bar:
    """A bar on standard error, drawn when it is told to, without a thread; nothing elsewhere.

    Rich's own ``Live`` and click's bar hide the cursor, which a process that is killed does not
    bring back.

    Args:
        total: what is done at the end.
        seconds: between two drawings at least; those asked for meanwhile are left out.
    """

    def __init__(self, total: int, seconds: float = 0.0):
        self._total, self._seconds, self._next = total, seconds, 0.0

    def show(self, done: int, label: str, figures: Callable[[], str]) -> None:
        """Draw it, or not yet.

        Args:
            done: of the total.
            label: before the bar.
            figures: gives what stands after it; not asked where nothing is drawn.
        """
        now = time.perf_counter()
        if not is_terminal(sys.stderr) or now < self._next:
            return
        self._next = now + self._seconds
        after = figures()
        # The last column stays empty: some terminals go on to the next line there.
        room = columns_of(sys.stderr) - 1 - len(label) - 2 * len("  ")
        while after and room - len(after) < NARROWEST:
            after = after.rpartition("  ")[0]
        width = min(max(room - len(after), NARROWEST), WIDTH)
        line = _line(label, done / max(self._total, 1), width, after.rstrip())
        # The cursor goes back to the beginning, lest what Ctrl-C echoes run over the end.
        click.echo(f"\r{line}\033[K\r", nl=False, err=True)

    def close(self) -> None:
        """Leave its line empty."""
        if is_terminal(sys.stderr):
            click.echo(ERASE, nl=False, err=True)


def _line(label: str, share: float, width: int, after: str) -> str:
    if can_draw(sys.stderr):
        return f"{label}  {bar_drawn(share, width)}  {after}"
    full = round((width - 2) * min(share, 1.0))
    return f"{label}  [{'#' * full}{'-' * (width - 2 - full)}]  {after}"


class TaskProgress:
    """Says each task as it is done, on standard error, with a bar below; a context manager.

    Args:
        what: the tasks' name.
        total: tasks in all.
        done: those done before.
    """

    def __init__(self, what: str, total: int, done: int = 0):
        self._what, self._total, self._done = what, total, done
        self._figures = ""
        self._count = 0
        self._start = time.perf_counter()
        self._bar = Bar(total)

    def __enter__(self) -> "TaskProgress":
        self._draw()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def show(self, done: int, line: str, figures: str) -> None:
        """One more is done: so many in all, this line about it, and what stands after the bar."""
        self._done, self._count = done, self._count + 1
        each = (time.perf_counter() - self._start) / self._count
        left = duration(each * (self._total - done))
        self._figures = f"{figures}  about {left} left" if figures else ""
        self.say(line)

    def say(self, line: str) -> None:
        """Say something meanwhile."""
        self._bar.close()
        say(line)
        self._draw()

    def _draw(self) -> None:
        figures = f"{self._done}/{self._total}  {self._figures}"
        self._bar.show(self._done, self._what, lambda: figures)


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
        self._means = np.array([])
        self._bar: Bar | None = None
        self._before = 0
        self._step = done_steps

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, StepDone):
            self._count(event)
            self._advance()
        elif isinstance(event, EvaluationDone):
            self.close()
            width = columns_of(sys.stderr) if is_terminal(sys.stderr) else None
            click.echo(evaluation_line(event.evaluation, event.is_best, width), err=True)

    def close(self) -> None:
        """Leave the bar's line, to be that of the evaluation or of what else is said."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _count(self, event: StepDone) -> None:
        self._step, new = event.step, np.array([event.loss, event.accuracy, event.seconds])
        old = self._means if len(self._means) else new
        self._means = SMOOTHING * old + (1 - SMOOTHING) * new

    def _advance(self) -> None:
        if self._bar is None:
            done = (self._step - 1) % self._steps_between
            self._before = self._step - 1 - done
            length = min(self._steps_between, self._total_steps - self._before)
            self._bar = Bar(length, SECONDS)
        self._bar.show(self._step - self._before, f"step {self._step:,}", self._figures)

    def _figures(self) -> str:
        loss, accuracy, seconds = self._means.tolist()
        left = duration((self._total_steps - self._step) * seconds)
        # "At most", since the patience may run out before the epochs do.
        return (
            f"loss {loss:.3f}  accuracy {100 * accuracy:.1f} %  "
            f"{self._batch_size / seconds:,.0f} sentences/s  at most {left} left"
        )


def duration(seconds: float) -> str:
    """``1:05`` for 65 seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Clock:
    """Measures how long something took."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __str__(self) -> str:
        return duration(time.perf_counter() - self._start)


def say(text: str, command: str = "") -> None:
    """Tell the user something that is not the result: on standard error.

    Lines are folded between words on a narrow terminal, a command after them, to be pasted, never.
    """
    lines = printable_lines(text).split("\n")
    folds = "\n".join(folded(line, 2, sys.stderr) for line in lines)
    click.echo(" ".join([folds, *([printable_lines(command)] if command else [])]), err=True)


def percent(share: float) -> str:
    """``77.3 %`` for 0.773."""
    return f"{100 * share:.1f} %"
