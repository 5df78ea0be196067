"""Functions for other processes and the workers of a cluster, which import them by name."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from textcnn.support.errors import UserError

_running = 0
_unpacked = 0
packed = 0


class Large:
    """Counts how often one has left, and come to, this process."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        global _unpacked
        _unpacked += 1

    def __getstate__(self) -> dict[str, Any]:
        global packed
        packed += 1
        return {"more": "than nothing, or it would not be set"}


def arrivals(large: Large, number: int) -> tuple[int, int, int]:
    """Which process this is, and how often a :class:`Large` came to it."""
    time.sleep(0.05)
    return os.getpid(), _unpacked, number


def at_once(number: int) -> tuple[int, int, list[int]]:
    """How many tasks are in this process, in which thread, and the threads of products."""
    from threadpoolctl import threadpool_info

    global _running
    _running += 1
    time.sleep(0.05)
    seen, threads = _running, [pool["num_threads"] for pool in threadpool_info()]
    _running -= 1
    return seen, threading.get_ident(), threads


def content(file: Path) -> tuple[str, str]:
    """A file's path and what is in it."""
    return str(file), file.read_text()


def fail_at(number: int, wrong: int) -> int:
    """Complain about one of the numbers."""
    if number == wrong:
        raise UserError(f"number {number} is no good")
    time.sleep(0.05)
    return number


def deadly() -> None:
    """As a task that wants more memory than there is."""
    os.kill(os.getpid(), signal.SIGKILL)


def noted(folder: Path, number: int, seconds: float) -> int:
    """Leave a note, and take a while."""
    (folder / str(number)).touch()
    time.sleep(seconds)
    return number
