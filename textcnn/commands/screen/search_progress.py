"""What a person sees while trials run: a line each, and a bar below them where rich draws."""

import sys
import time
from types import TracebackType

from textcnn.commands.screen.bars import RichBar
from textcnn.commands.screen.display import duration, say
from textcnn.commands.screen.terminal import drawing_width
from textcnn.evaluation.search.tables import trial_line
from textcnn.evaluation.search.trials import Tried, best_of


class TrialProgress:
    """Says each trial as it finishes, on standard error; a context manager.

    Args:
        total: trials in all.
    """

    def __init__(self, total: int):
        self._total = total
        self._tried: list[Tried] = []
        self._run = 0
        self._start = time.perf_counter()
        self._bar: RichBar | None = None

    def __enter__(self) -> "TrialProgress":
        if drawing_width(sys.stderr) is not None:
            self._bar = RichBar(self._total, counted=True, often=False)
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, tried: list[Tried]) -> None:
        """The last of these trials has finished."""
        self._tried, self._run = tried, self._run + 1
        self.say(trial_line(tried[-1], self._total, best_of(tried)))

    def say(self, line: str) -> None:
        """Say something else meanwhile."""
        if self._bar is not None:
            self._bar.close()
        say(line)
        self._draw()

    def _draw(self) -> None:
        if self._bar is not None:
            self._bar.show(len(self._tried), "trials", self._figures)

    def _figures(self) -> str:
        best = best_of(self._tried)
        if best is None:
            return ""
        each = (time.perf_counter() - self._start) / self._run
        left = duration(each * (self._total - len(self._tried)))
        return f"best {100 * best.score:.2f} %, trial {best.number}  about {left} left"
