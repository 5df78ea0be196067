"""One process at a time in a folder, where the system can tell.

The folder itself is locked (``flock``), so nothing has to be cleaned up, and the lock is gone with
the process that held it, however it went. Windows cannot lock a folder, and some network file
systems cannot lock at all: there nobody is kept out.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from textcnn.support.errors import UserError
from textcnn.support.files import try_lock

PATIENCE = 0.5
"""Seconds that are waited for a lock: :func:`is_locked` holds one for a moment."""


@contextlib.contextmanager
def locked(folder: Path, option: str) -> Iterator[None]:
    """Keep other processes that ask for it out of ``folder``.

    Raises:
        UserError: naming ``option``, where another one is at work there.
    """
    descriptor = _opened(folder)
    if descriptor is None:
        yield
        return
    try:
        until = time.monotonic() + PATIENCE
        while try_lock(descriptor) is False:
            if time.monotonic() > until:
                raise UserError(
                    f"{option} {folder}: another process is at work there; wait until it ends"
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Whether a process is at work in ``folder``; False where that cannot be told."""
    descriptor = _opened(folder)
    if descriptor is None:
        return False
    try:
        return try_lock(descriptor, shared=True) is False
    finally:
        os.close(descriptor)


def _opened(folder: Path) -> int | None:
    """A descriptor of the folder, or None where there is nothing to be locked."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (AttributeError, OSError):  # AttributeError: Windows.
        return None
