"""A bar on standard error that says how far something has come: drawn by rich, else by click."""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import click

from textcnn.commands.screen.tables import bar_drawn
from textcnn.commands.screen.terminal import columns_of, drawing_width, drawn

WIDTH, NARROWEST = 26, 4
"""Columns of a bar; figures that leave it less are not shown."""

SECONDS = 0.25
"""Between two drawings at least: each takes a fifth of a millisecond, a thousandth of the time."""

CLICK_STEPS = 5
"""Between two drawings by click: one at every step would cost a hundredth of the time."""

ERASE, SHOW_CURSOR = "\r\033[2K", "\033[?25h"


class Bar(Protocol):
    """What shows how far something has come."""

    def show(self, done: int, label: str, figures: Callable[[], str]) -> None:
        """Draw it, or not yet.

        Args:
            done: of the total.
            label: before the bar.
            figures: gives what stands after it; not asked where nothing is drawn.
        """

    def close(self) -> None:
        """Leave its line empty."""


def open_bar(total: int, counted: bool, often: bool) -> Bar | None:
    """A bar on standard error; None where that is no terminal.

    Args:
        total: what is done at the end.
        counted: whether to say how many of how many.
        often: whether it is shown so often that most drawings are to be left out.
    """
    if not sys.stderr.isatty():
        return None
    if drawing_width(sys.stderr) is None:
        return ClickBar(total, counted, often)
    return RichBar(total, counted, often)


class RichBar:
    """A line drawn by rich when it is told to, without a thread and without hiding the cursor.

    Rich's own ``Live`` hides the cursor, which a process that is killed does not bring back.
    """

    def __init__(self, total: int, counted: bool, often: bool):
        self._total = total
        self._counted = counted
        self._seconds = SECONDS if often else 0.0
        self._next = 0.0

    def show(self, done: int, label: str, figures: Callable[[], str]) -> None:
        """See :class:`Bar`."""
        now = time.perf_counter()
        if now < self._next:
            return
        self._next = now + self._seconds
        # The cursor goes back to the beginning, lest what Ctrl-C echoes run over the end.
        line = self._line(done, label, figures())
        click.echo(f"\r{line}\033[K\r", nl=False, err=True)

    def _line(self, done: int, label: str, figures: str) -> str:
        from rich.text import Text

        count = f"{done}/{self._total}  " if self._counted else ""
        width, after = _fitted(label, count + figures)
        bar = bar_drawn(done / max(self._total, 1), width)
        return drawn(Text.assemble(label, "  ", bar, "  ", after.rstrip()), columns_of(sys.stderr))

    def close(self) -> None:
        """See :class:`Bar`."""
        click.echo(ERASE, nl=False, err=True)


class ClickBar:
    """A line drawn by click, for a terminal without rich or without colours."""

    def __init__(self, total: int, counted: bool, often: bool):
        self._count = f"/{total}  " if counted else ""
        self._steps = CLICK_STEPS if often else 1
        self._drawn: int | None = None
        self._after = ""
        self._bar: Any = click.progressbar(
            length=total,
            show_percent=False,
            show_eta=False,  # click's would count what was done before as quick.
            item_show_func=lambda _: self._after,
            file=sys.stderr,
        )

    def show(self, done: int, label: str, figures: Callable[[], str]) -> None:
        """See :class:`Bar`."""
        if self._drawn is not None and done - self._drawn < self._steps:
            return
        after = f"{done}{self._count}{figures()}" if self._count else figures()
        width, self._after = _fitted(label, after)
        self._bar.label, self._bar.width = label, width - len("[]")
        self._bar.update(done - (self._drawn or 0))
        self._drawn = done

    def close(self) -> None:
        """See :class:`Bar`."""
        # Not click's way to end, which hands the cursor back on the line below.
        click.echo(SHOW_CURSOR + ERASE, nl=False, err=True)


def _fitted(label: str, after: str) -> tuple[int, str]:
    """Columns for a bar between these, and as many of the figures after it as there is room for."""
    # The last column stays empty: some terminals go on to the next line there.
    room = columns_of(sys.stderr) - 1 - len(label) - 2 * len("  ")
    while after and room - len(after) < NARROWEST:
        after = after.rpartition("  ")[0]
    return min(max(room - len(after), NARROWEST), WIDTH), after
