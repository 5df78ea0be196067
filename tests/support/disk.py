"""The disk, which the tests do not wait for: a small training asks it fifty times to.

What is synced, and in which order, is tested where the calls are seen
(:mod:`tests.support.file_layer`), and what runs as ``python -m textcnn`` waits as ever.
"""

import os


def wait_for_no_disk() -> None:
    """Have ``os.fsync`` in this process, and in those it forks, refuse only what is not open."""

    def fsync(descriptor: int) -> None:
        os.fstat(descriptor)

    os.fsync = fsync  # type: ignore[assignment]
