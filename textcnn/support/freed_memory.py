"""Keeping freed memory for the next step, where the C library would hand it back to the system."""

import contextlib
import ctypes

import numpy as np

LARGEST = 31 << 20
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
    np.empty(LARGEST, np.uint8)


def return_freed_memory() -> None:
    """Give what :func:`keep_freed_memory` kept back to the system, once training is over.

    What follows wants its memory in one piece (the table of projected words), and would take it on
    top of what lies idle in pieces. ``malloc_trim(3)`` is glibc's; elsewhere this does nothing.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
