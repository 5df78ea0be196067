"""Several processes that classify one stream, each taking text apart, computing and writing lines.

This process reads, shares out pieces of the stream and puts all lines in order. The others are
forked where that is safe: they find the model and the table of projected words in the memory that
they share with this process, and start in milliseconds. A file or a block of shared memory mapped
into each would need cleaning up, may be larger than ``/dev/shm`` allows, and is 5 % slower to
classify from, as the system backs it with small pages only. Where forking is not safe, each is a
new process, is sent the model and makes a table of its own.
"""

import contextlib
import queue
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Generic, TypeVar

from textcnn.inference.classifier import FEW_TEXTS
from textcnn.inference.line_classifier import LineClassifier, at_most
from textcnn.support.errors import RunError
from textcnn.support.workers.processes import end_with_parent, start

PIECE_SENTENCES = FEW_TEXTS
"""Sentences that a process is given at once, if so many wait: as many as one thread classifies, for
the processors are shared out already. 4 to 7 % faster than half as many, as more of them are of the
same length."""

PIECE_CHARACTERS = 1 << 19
"""About how much text is a piece, if it has fewer lines than :data:`PIECE_SENTENCES`."""

CHUNKS_AHEAD = 8
"""Chunks of the stream that are read before anybody is free to classify them."""

PIECES_UNWRITTEN = 4
"""Pieces, for each process, that may be worked on or wait for the lines of one before them."""

LARGEST_TABLE = 128 << 20
"""Bytes that a table may take for all words to be projected before forking: a third of a second."""


def classified_together(
    source: Iterator[Sequence[str]], classify: LineClassifier, jobs: int
) -> Generator[bytes]:
    """See :func:`textcnn.inference.streams.classified`; here, the processes start at once."""
    pool = _started(classify, jobs)
    chunks = _ReadAhead(at_most(PIECE_SENTENCES, source), CHUNKS_AHEAD)
    lines = _ReadAhead(
        (pool.submit(_classify, piece) for piece in _pieces(chunks)), PIECES_UNWRITTEN * jobs
    )
    try:
        for future in lines:
            yield future.result()
    except BrokenProcessPool as error:
        raise RunError(
            "a process was killed, most likely for want of memory; try again with --jobs 1"
        ) from error
    finally:
        chunks.close()
        lines.close()
        pool.shutdown(cancel_futures=True)


def _pieces(chunks: "_ReadAhead[Sequence[str]]") -> Iterator[list[str]]:
    """The same sentences, with chunks put together that wait and are one piece at most."""
    for chunk in chunks:
        texts = list(chunk)
        while (
            (waiting := chunks.waiting) is not None
            and len(texts) + len(waiting) <= PIECE_SENTENCES
            and sum(map(len, texts)) < PIECE_CHARACTERS
        ):
            texts += next(chunks)
        yield texts


def _started(classify: LineClassifier, jobs: int) -> ProcessPoolExecutor:
    # Forking is not safe where another thread may hold a lock (those that `threading` does not
    # know of included), nor with every library for matrix products: some hang if they are used on
    # both sides of a fork, so there must be none left to calculate. On macOS no library promises to
    # survive one, and Windows has nothing like it.
    forks = (
        sys.platform == "linux"
        and len(sys._current_frames()) == 1
        and classify.project_all(LARGEST_TABLE)
    )
    context = get_context("fork" if forks else "spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (classify,))
    start(pool, jobs, context)
    return pool


_here: LineClassifier
"""What classifies in a process of the pool."""


def _begin(classify: LineClassifier) -> None:
    global _here
    end_with_parent()
    _here = classify


def _classify(texts: Sequence[str]) -> bytes:
    return _here(texts)


Item = TypeVar("Item")


class _ReadAhead(Generic[Item]):
    """What a thread of its own takes of an iterator, before it is asked for."""

    def __init__(self, source: Iterator[Item], size: int):
        # Items, and what ended them: their end, or a fault, raised once all before it is taken.
        self._read: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(size)
        self._closed = False
        threading.Thread(target=self._take, args=(source,), daemon=True).start()

    def _take(self, source: Iterator[Item]) -> None:
        end: BaseException = StopIteration()
        try:
            while not self._closed:
                self._read.put((next(source), None))
        except BaseException as error:
            end = error
        self._read.put((None, end))

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        item, end = self._read.get()
        if end is not None:
            raise end
        return item  # type: ignore[return-value]

    @property
    def waiting(self) -> Item | None:
        """The next one, if it is there already; to be asked by nobody but who takes them."""
        return self._read.queue[0][0] if self._read.queue else None

    def close(self) -> None:
        """Take no more than what is being taken; the thread must not wait for room."""
        self._closed = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._read.get_nowait()
        self._read.put((None, StopIteration()))  # For who still takes them.
