"""What a signal does, for a while."""

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
