"""Several processes that answer one stream, each taking text apart, calculating and writing lines.

This process reads, shares out pieces of the stream and puts all answers in order. The others are
forked where that is safe: they find the model and the table of projected words in the memory that
they share with this process, and start in milliseconds. A file or a block of shared memory mapped
into each would need cleaning up, may be larger than ``/dev/shm`` allows, and is 5 % slower to
answer from, as the system backs it with small pages only. Where forking is not safe, each is a new
process, is sent the model and makes a table of its own.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Protocol

from textcnn.inference.classifier import FEW
from textcnn.support.errors import RunError
from textcnn.support.signals import handled
from textcnn.support.workers.processes import end_with_parent

PIECE = FEW
"""Sentences that a process is given at once, if so many wait: as many as one thread answers, for
the processors are shared out already. 4 to 7 % faster than half as many, as more of them are of the
same length."""

CHARACTERS = 1 << 19
"""About how much text is a piece, if it has fewer lines than :data:`PIECE`."""

AHEAD = 8
"""Chunks of the stream that are read before anybody is free to answer them."""

UNWRITTEN = 4
"""Pieces, for each process, that may be worked on or wait for the answer of one before them."""

LARGEST_TABLE = 128 << 20
"""Bytes that a table may take for all words to be projected before forking: a third of a second."""


class Answer(Protocol):
    """What :class:`textcnn.inference.streams.LineAnswerer` is."""

    def __call__(self, texts: Sequence[str], /) -> bytes:
        """The lines of N sentences."""

    def project_all(self, most: int) -> bool:
        """Whether no matrices will be multiplied any more."""


def answered_together(
    source: Iterator[Sequence[str]], answer: Answer, jobs: int
) -> Generator[bytes]:
    """See :func:`textcnn.inference.streams.answered`; here, the processes start at once."""
    pool = _started(answer, jobs)
    chunks = _Chunks(source)
    try:
        yield from _in_order(chunks, pool, UNWRITTEN * jobs)
    except BrokenProcessPool as error:
        raise RunError(
            "a process was killed, most likely for want of memory; try again with --jobs 1"
        ) from error
    finally:
        chunks.close()
        pool.shutdown(cancel_futures=True)


def _in_order(chunks: "_Chunks", pool: ProcessPoolExecutor, at_most: int) -> Generator[bytes]:
    """All answers, as they come, with no more pieces than ``at_most`` on the way."""
    pieces: deque[Future[bytes]] = deque()
    while True:
        while pieces and pieces[0].done():
            yield pieces.popleft().result()
        if chunks.waiting and len(pieces) < at_most:
            pieces.append(pool.submit(_answer, chunks.next_piece()))
            pieces[-1].add_done_callback(chunks.wake)
        elif pieces or not chunks.ended:
            chunks.wait()
        else:
            break
    chunks.raise_fault()


def _started(answer: Answer, jobs: int) -> ProcessPoolExecutor:
    # Forking is not safe where another thread may hold a lock (those that `threading` does not
    # know of included), nor with every library for matrix products: some hang if they are used on
    # both sides of a fork, so there must be none left to calculate. On macOS no library promises to
    # survive one, and Windows has nothing like it.
    forks = (
        sys.platform == "linux"
        and len(sys._current_frames()) == 1
        and answer.project_all(LARGEST_TABLE)
    )
    context = get_context("fork" if forks else "spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (answer,))
    # They inherit that they ignore Ctrl-C, which a terminal sends to them too: it is for this
    # process to stop them, and they need say nothing.
    with handled(signal.SIG_IGN, signal.SIGINT):
        for _ in range(jobs):  # Each call starts a process, the first one all that are forked.
            pool.submit(os.getpid)
    return pool


_here: Answer
"""What answers in a process of the pool."""


def _begin(answer: Answer) -> None:
    global _here
    end_with_parent()
    _here = answer


def _answer(texts: Sequence[str]) -> bytes:
    return _here(texts)


class _Chunks:
    """What a thread of its own reads of the stream.

    Attributes:
        waiting: what has been read and not been taken.
        ended: whether that was all.
    """

    def __init__(self, source: Iterator[Sequence[str]]):
        self.waiting: deque[Sequence[str]] = deque()
        self.ended = False
        self._fault: BaseException | None = None
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._may_read = threading.Semaphore(AHEAD)
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def _read(self, source: Iterator[Sequence[str]]) -> None:
        try:
            while self._may_read.acquire() and not self.ended:
                self.waiting.append(next(source))
                self.wake()
        except StopIteration:
            pass
        except BaseException as error:
            self._fault = error  # To be raised once all that came before it is answered.
        self.ended = True
        self.wake()

    def wake(self, _: object = None) -> None:
        """Something has happened: :meth:`wait` returns."""
        self._news.put(None)

    def wait(self) -> None:
        """Until something has happened since it returned last."""
        self._news.get()
        with contextlib.suppress(queue.Empty):
            while True:
                self._news.get_nowait()

    def raise_fault(self) -> None:
        """Raise what ended the stream, if that was not its end."""
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Read no more than what is being read."""
        self.ended = True
        self._may_read.release()

    def next_piece(self) -> list[str]:
        """The next sentences: what came in small chunks is put together."""
        texts: list[str] = []
        characters = 0
        while self.waiting and len(texts) < PIECE and characters < CHARACTERS:
            chunk = self.waiting.popleft()
            taken, rest = chunk[: PIECE - len(texts)], chunk[PIECE - len(texts) :]
            texts += taken
            characters += sum(map(len, taken))
            if rest:
                self.waiting.appendleft(rest)
            else:
                self._may_read.release()
        return texts
