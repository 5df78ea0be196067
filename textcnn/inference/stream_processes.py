"""Several processes that answer one stream, each taking text apart, calculating and writing lines.

This process reads, shares out pieces of the stream, answers some itself and puts all answers in
order. Helpers are forked where that is safe: they find the model and the table of projected words
in the memory that they share with this process, and start in milliseconds. A file or a block of
shared memory mapped into each would need cleaning up, may be larger than ``/dev/shm`` allows, and
is 5 % slower to answer from, as the system backs it with small pages only. Where forking is not
safe a helper is a new process, is sent the model and makes a table of its own.

Every helper waits at one end of a pipe. When this process is gone, however it went, that pipe ends,
and so does the helper.
"""

import contextlib
import functools
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext, ForkContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Protocol

from textcnn.support.errors import RunError
from textcnn.support.workers.processes import interrupts_ignored

PIECE = 2048
"""Sentences that a process is given at once, if so many wait: 4 to 7 % faster than half as many,
as more of them are of the same length."""

CHARACTERS = 1 << 19
"""About how much text is a piece, if it has fewer lines than :data:`PIECE`."""

AHEAD = 8
"""Chunks of the stream that are read before anybody is free to answer them."""

IN_HAND = 2
"""Pieces that a helper is given: one to work on, and the next, so that it never waits for us."""

UNWRITTEN = 4
"""Pieces, for each process, that may wait for the answer of one before them."""

PIPE_BYTES = 1 << 20
"""What a pipe is asked to hold (Linux: by default 64 kB): a piece, so that no process waits for
another to read."""

LARGEST_TABLE = 128 << 20
"""Bytes that a table may take for all words to be projected before forking: a third of a second."""

LEAVE_SECONDS = 0.1
"""How long a read that does not come back is waited for at the end."""


Events = queue.SimpleQueue[Callable[[], None]]


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
    helpers = _start(answer, jobs - 1)
    sharing = _Sharing(source, answer, helpers)
    done = False
    try:
        yield from sharing.answers()
        done = True
    finally:
        for helper in helpers:
            helper.dismiss(at_once=not done)
        for helper in helpers:
            helper.wait()


@dataclass
class _Piece:
    """Some sentences of the stream, and their answers once they are there."""

    texts: list[str]
    lines: bytes | None = None


class _Helper:
    """Another process, as this one sees it.

    Attributes:
        pieces: that it has been given and not answered, in order.
        ready: whether it can be given any.
    """

    def __init__(
        self, process: BaseProcess, tasks: Connection, answers: Connection, sent: Answer | None
    ):
        self.pieces: deque[_Piece] = deque()
        self.ready = False
        self._process = process
        self._tasks = tasks
        self._answers = answers
        self._sent = sent
        self._listener: threading.Thread | None = None

    def give(self, piece: _Piece) -> None:
        """Have it answer. If it is gone, that is heard where its answers come from."""
        self.pieces.append(piece)
        with contextlib.suppress(OSError):
            self._tasks.send_bytes("\n".join(piece.texts).encode("utf-8", "surrogatepass"))

    def listen(self, events: Events) -> None:
        """From now on, in a thread, make an event of all that it says."""
        self._listener = threading.Thread(target=self._listen, args=(events,), daemon=True)
        self._listener.start()

    def _listen(self, events: Events) -> None:
        with self._answers:
            try:
                if self._sent is not None:
                    self._tasks.send(self._sent)
                events.put(self._is_ready)
                while True:
                    events.put(functools.partial(self._has_answered, self._answers.recv_bytes()))
            except (EOFError, OSError):
                events.put(self._is_gone)

    def dismiss(self, at_once: bool) -> None:
        """Tell it to end: when it has done what it was given, or at once."""
        if at_once or not self.ready:  # One that is not ready is being sent something, by a thread.
            self._process.terminate()
        else:
            self._tasks.close()

    def wait(self) -> None:
        """Until nothing is left of it."""
        self._process.join()
        if self._listener is not None:
            self._listener.join()
        self._tasks.close()

    def _is_ready(self) -> None:
        self.ready = True

    def _has_answered(self, lines: bytes) -> None:
        self.pieces.popleft().lines = lines

    def _is_gone(self) -> None:
        raise RunError(
            "a process was killed, most likely for want of memory; try again with --jobs 1"
        )


def _start(answer: Answer, count: int) -> list[_Helper]:
    # Forking is not safe where another thread may hold a lock (those that `threading` does not
    # know of included), nor with every library for matrix products: some hang if they are used on
    # both sides of a fork, so there must be none left to calculate. On macOS no library promises to
    # survive one, and Windows has nothing like it.
    forks = (
        sys.platform == "linux"
        and len(sys._current_frames()) == 1
        and answer.project_all(LARGEST_TABLE)
    )
    context: ForkContext | SpawnContext
    context = get_context("fork") if forks else get_context("spawn")
    helpers: list[_Helper] = []
    ours: list[Connection] = []
    # They inherit that they ignore Ctrl-C, which a terminal sends to them too: it is for this
    # process to stop them, and they need say nothing.
    with interrupts_ignored():
        for _ in range(count):
            tasks, our_tasks = _pipe(context)
            our_answers, answers = _pipe(context)
            ours += [our_tasks, our_answers]
            given = (answer, ours) if forks else (None, [])
            process = context.Process(target=_help, args=(tasks, answers, *given), daemon=True)
            process.start()
            # A pipe ends when nobody has the other end open any more: so no process may keep one
            # that is not for it.
            tasks.close()
            answers.close()
            helpers.append(_Helper(process, our_tasks, our_answers, None if forks else answer))
    return helpers


def _pipe(context: BaseContext) -> tuple[Connection, Connection]:
    """Its end to read from, and its end to write to."""
    ends = context.Pipe(duplex=False)
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl  # Not on Windows.

        fcntl.fcntl(ends[1].fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return ends


def _help(
    tasks: Connection, answers: Connection, answer: Answer | None, inherited: list[Connection]
) -> None:
    """What a helper does until there is no more to do, or nobody to do it for."""
    for end in inherited:
        end.close()
    with contextlib.suppress(EOFError, OSError, MemoryError):
        if answer is None:
            answer = tasks.recv()
        while True:
            # No sentence holds the end of a line.
            texts = tasks.recv_bytes().decode("utf-8", "surrogatepass").split("\n")
            answers.send_bytes(answer(texts))


class _Sharing:
    """One stream, shared out.

    One thread reads the stream and one listens to each helper. What they learn becomes an event, a
    function that is called in the main thread, so nothing here needs a lock.
    """

    def __init__(self, source: Iterator[Sequence[str]], answer: Answer, helpers: list[_Helper]):
        self._source = source
        self._answer = answer
        self._helpers = helpers
        self._events: Events = queue.SimpleQueue()
        self._chunks: deque[Sequence[str]] = deque()
        self._pieces: deque[_Piece] = deque()
        self._may_read = threading.Semaphore(AHEAD)
        self._reading = True
        self._fault: BaseException | None = None

    def answers(self) -> Generator[bytes]:
        """All answers in order, as they come."""
        for helper in self._helpers:
            helper.listen(self._events)
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            yield from self._in_order()
        finally:
            self._reading = False
            self._may_read.release()
            reader.join(LEAVE_SECONDS)
        if self._fault is not None:
            raise self._fault

    def _read(self) -> None:
        fault: BaseException | None = None
        try:
            while self._may_read.acquire() and self._reading:
                chunk = next(self._source)
                self._events.put(functools.partial(self._chunks.append, chunk))
        except StopIteration:
            pass
        except BaseException as error:
            fault = error  # To be raised once all that came before it is answered.
        self._events.put(functools.partial(self._has_ended, fault))

    def _has_ended(self, fault: BaseException | None) -> None:
        self._reading, self._fault = False, fault

    def _in_order(self) -> Generator[bytes]:
        at_most = UNWRITTEN * (1 + len(self._helpers))
        while True:
            while self._pieces and (lines := self._pieces[0].lines) is not None:
                self._pieces.popleft()
                yield lines
            if not (self._reading or self._chunks or self._pieces):
                return
            free = [it for it in self._helpers if it.ready and len(it.pieces) < IN_HAND]
            if self._chunks and free:
                min(free, key=lambda it: len(it.pieces)).give(self._next())
            elif self._chunks and len(self._pieces) < at_most:
                piece = self._next()
                piece.lines = self._answer(piece.texts)
            else:
                self._events.get()()
            while not self._events.empty():
                self._events.get()()

    def _next(self) -> _Piece:
        """The next sentences: what came in small chunks is put together."""
        texts: list[str] = []
        characters = 0
        while self._chunks and len(texts) < PIECE and characters < CHARACTERS:
            chunk = self._chunks.popleft()
            taken, rest = chunk[: PIECE - len(texts)], chunk[PIECE - len(texts) :]
            texts += taken
            characters += sum(map(len, taken))
            if rest:
                self._chunks.appendleft(rest)
            else:
                self._may_read.release()
        piece = _Piece(texts)
        self._pieces.append(piece)
        return piece
