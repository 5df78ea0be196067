"""Threads, of Python and of numeric libraries, and the memory that they free."""

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``[function(item) for item in items]``, several at a time.

    NumPy lets go of the interpreter within its loops, so where they are most of the work two
    threads do nearly twice as much as one.
    """
    workers = min(len(items), processors())
    if workers < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # Loaded here: one sentence does without.

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_thread() -> AbstractContextManager[Any]:
    """A context in which numeric libraries calculate in a single thread."""
    # They are looked for again only where something was imported since: it takes 10 ms and more.
    context: AbstractContextManager[Any] = _controller(len(sys.modules)).limit(limits=1)
    return context


@functools.lru_cache(maxsize=1)
def _controller(modules: int) -> Any:
    """What sets the threads of the libraries that are loaded beside so many modules."""
    from threadpoolctl import ThreadpoolController  # Loaded here: one sentence does without.

    return ThreadpoolController()


LARGEST_BLOCK = 31 << 20
"""Bytes; glibc adapts to blocks of up to 32 MiB."""


def keep_freed_memory() -> None:
    """Make glibc keep what is freed instead of returning it.

    A training step makes and frees some ten megabytes of arrays. By default glibc gives such
    blocks back to the system at once and the next step gets them again page by page, zeroed:
    2,500 page faults a step, a third of its time. glibc learns from what it sees, though: once a
    block of some size has been freed, it keeps blocks up to that size for reuse (``mallopt(3)``,
    ``M_MMAP_THRESHOLD``). So one is made and freed here. It is never written to, so it takes no
    memory; with another C library this does nothing.
    """
    np.empty(LARGEST_BLOCK, np.uint8)


def return_freed_memory() -> None:
    """Give what :func:`keep_freed_memory` kept back to the system, once training is over.

    What follows wants its memory in one piece (the table of projected words), and would take it on
    top of what lies idle in pieces. ``malloc_trim(3)`` is glibc's; elsewhere this does nothing.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
