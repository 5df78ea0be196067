"""Timing several sides of one task so that the machine's moods hit all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

Side = Callable[[int], object]
"""Does the work once; its argument is the number of the call, to choose a batch by."""

OURS = "textcnn"
"""The name of our side in every comparison."""

PAUSE = 0.1
"""Seconds of rest before a side's block.

Idle threads of OpenBLAS and OpenMP spin for some milliseconds before they sleep. Without the rest,
those of the side before would take the processor from the side that is timed.
"""


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """The quartiles of ``values``."""
        low, median, high = np.percentile(list(values), [25, 50, 75])
        return cls(float(low), float(median), float(high))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass(frozen=True)
class Timings:
    """Seconds a call of each side, one number a round; entry i of every side is from round i."""

    seconds: dict[str, list[float]]

    def median(self, name: str) -> float:
        """Median seconds of a side."""
        return statistics.median(self.seconds[name])

    def ratio(self, slow: str, fast: str = OURS) -> Spread:
        """How many times longer ``slow`` took than ``fast``, round by round."""
        pairs = zip(self.seconds[slow], self.seconds[fast], strict=True)
        return Spread.of(one / other for one, other in pairs)

    def best(self, names: Iterable[str]) -> str:
        """The side among ``names`` with the lowest median."""
        return min(names, key=self.median)


def interleave(
    sides: Mapping[str, Side],
    rounds: int,
    *,
    calls: int = 1,
    settle: int = 1,
    summary: Callable[[list[float]], float] = statistics.fmean,
    prepare: Mapping[str, Callable[[], None]] | None = None,
) -> Timings:
    """Time all sides in turn, ``rounds`` times, after one round that does not count.

    A turn is a rest, ``prepare``, ``settle`` calls untimed and ``calls`` timed. Each round begins
    with another side. Call numbers are the same for every side, so all see the same batches.

    Args:
        sides: by name.
        rounds: how many count.
        calls: timed calls in a turn.
        settle: untimed ones before them, to fill the caches and wake the threads.
        summary: makes one number of a turn's calls.
        prepare: for some sides, what is to be set before their turn.
    """
    names = list(sides)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        first = (number + 1) * (calls + settle)
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            time.sleep(PAUSE)
            if prepare and name in prepare:
                prepare[name]()
            durations = _turn(sides[name], first, settle, calls)
            if number >= 0:
                seconds[name].append(summary(durations))
    return Timings(seconds)


def _turn(side: Side, first: int, settle: int, calls: int) -> list[float]:
    for call in range(first, first + settle):
        side(call)
    gc.collect()
    gc.disable()
    durations = []
    for call in range(first + settle, first + settle + calls):
        start = time.perf_counter()
        side(call)
        durations.append(time.perf_counter() - start)
    gc.enable()
    return durations
