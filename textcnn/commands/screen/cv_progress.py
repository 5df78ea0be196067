"""What a person sees while folds run: a bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType

from textcnn.commands.screen.bars import Bar, open_bar
from textcnn.commands.screen.cv_tables import fold_line
from textcnn.commands.screen.display import duration, say
from textcnn.evaluation.crossval.fold_run import FoldResult


class FoldProgress:
    """Shows each fold as it comes in, on standard error; a context manager.

    Args:
        finished: folds that had been run before.
        total: folds in all.
    """

    def __init__(self, finished: int, total: int):
        self._before = self._finished = finished
        self._total = total
        self._accuracies = 0.0
        self._start = time.perf_counter()
        self._bar: Bar | None = None

    def __enter__(self) -> "FoldProgress":
        self._bar = open_bar(self._total, counted=True, often=False)
        if self._bar is not None:
            self._bar.show(self._finished, "folds", self._figures)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, result: FoldResult) -> None:
        """A fold has come in."""
        self._finished += 1
        self._accuracies += result.accuracy
        if self._bar is None:
            say(fold_line(result, self._finished, self._total))
        else:
            self._bar.show(self._finished, "folds", self._figures)

    def _figures(self) -> str:
        run = self._finished - self._before
        if not run:
            return ""
        each = (time.perf_counter() - self._start) / run
        left = duration(each * (self._total - self._finished))
        return f"accuracy {100 * self._accuracies / run:.2f} %  about {left} left"
