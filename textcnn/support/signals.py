"""Signal handlers that are set for a while."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None


@contextlib.contextmanager
def handled(handler: Handler, *signals: int) -> Iterator[dict[int, Handler]]:
    """Let the handler answer these signals; yields, by signal, what answered before."""
    before: dict[int, Handler] = {number: signal.signal(number, handler) for number in signals}
    try:
        yield before
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextlib.contextmanager
def deferred(*signals: int) -> Iterator[None]:
    """Let these signals wait until its end, and be answered there as they were before."""
    came: list[int] = []
    with handled(lambda number, frame: came.append(number), *signals):
        yield
    if came:
        signal.raise_signal(came[0])
