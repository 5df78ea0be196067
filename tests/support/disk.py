"""The disk, which the tests do not wait for: a small training asks it fifty times to.

What is synced, and in which order, is tested where the calls are seen
(:mod:`tests.support.file_layer`), and what runs as ``python -m textcnn`` waits as ever.
"""

import os
import re
import shutil
import tempfile
from multiprocessing.util import Finalize
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
"""Linux's folder of files that are on no disk."""

ENOUGH = 2 << 30
"""Bytes that have to be free in it, and in memory: all that the tests write is a quarter of it."""


def wait_for_no_disk() -> None:
    """Have ``os.fsync`` in this process, and in those it forks, refuse only what is not open."""

    def fsync(descriptor: int) -> None:
        os.fstat(descriptor)

    os.fsync = fsync  # type: ignore[assignment]


def work_in_memory() -> None:
    """Have temporary files lie in memory until this process ends, if there is much of it.

    The tests make thousands of small files and folders. Whoever wants to look at them afterwards
    says where they shall be, with ``TMPDIR`` or ``--basetemp``.
    """
    if "TMPDIR" in os.environ or not os.access(IN_MEMORY, os.W_OK | os.X_OK):
        return
    (available,) = re.findall(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    if min(1024 * int(available), shutil.disk_usage(IN_MEMORY).free) < ENOUGH:
        return
    folder = tempfile.mkdtemp(prefix="textcnn-tests-", dir=IN_MEMORY)
    # After multiprocessing has removed a folder of its own that lies there.
    Finalize(None, shutil.rmtree, [folder], {"ignore_errors": True}, exitpriority=-200)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
