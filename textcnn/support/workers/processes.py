"""The same function on many tasks, in processes of one thread each."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from textcnn.support.errors import RunError
from textcnn.support.signals import deferred, handled
from textcnn.support.threads import one_thread

Result = TypeVar("Result")


@dataclass(frozen=True)
class SentFile:
    """A file that the function reads: it is given the path of one with the same content.

    Attributes:
        path: where it is on this machine.
    """

    path: Path


class Runner(Protocol):
    """Runs a function on many tasks; results do not depend on where and how many at once."""

    @property
    def at_once(self) -> int:
        """Tasks that can be run at the same time."""

    def run(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Mapping[str, Any]],
        common: Mapping[str, Any],
    ) -> Generator[Result]:
        """Yield ``function(**common, **task)`` for every task, as they come.

        To be closed (:func:`contextlib.closing`) where it is not exhausted.

        Args:
            function: importable by name.
            tasks: the arguments of each.
            common: what is large and the same for all: sent to a process or machine once if that
                can be. May hold :class:`SentFile`.

        Raises:
            RunError: a process, a machine or the way to it was lost.
            Exception: what the function raised.
        """


class Processes:
    """A :class:`Runner` on this machine; with one process it all happens in this one.

    Each process has one thread for matrix products, so that results do not depend on how many
    processes there are: how many threads share a product can change the last bits of its sums.
    Several processes of one thread are also faster than one of several. They wait for further
    tasks until this is left as a context.

    Args:
        at_once: processes.
        go_on_with: how a run that failed is gone on with, for messages.
    """

    def __init__(self, at_once: int, go_on_with: str = "--resume"):
        self.at_once = at_once
        self.go_on_with = go_on_with
        self._pool: ProcessPoolExecutor | None = None
        self._others: set[BaseProcess] = set()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def run(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Mapping[str, Any]],
        common: Mapping[str, Any],
    ) -> Generator[Result]:
        """See :meth:`Runner.run`."""
        here = {
            name: value.path if isinstance(value, SentFile) else value
            for name, value in common.items()
        }
        jobs = min(self.at_once, len(tasks))
        if jobs < 2:
            for task in tasks:
                yield _call(function, {**here, **task})
            return
        if self._pool is None:
            self._others = set(active_children())
            context = _context(function.__module__)
            self._pool = ProcessPoolExecutor(self.at_once, context, end_with_parent)
            start(self._pool, jobs, context)
        # Whatever a signal raises here holds no lock that the pool's own thread would wait for.
        finished: SimpleQueue[Future[Result]] = SimpleQueue()
        left = len(tasks)
        try:
            # A process whose beginning is broken off says so, on several lines.
            with deferred(signal.SIGINT, signal.SIGTERM):
                for task in tasks:
                    future = self._pool.submit(_call, function, {**here, **task})
                    future.add_done_callback(finished.put)
            while left:
                future = finished.get()
                left -= 1
                yield future.result()
        except BrokenProcessPool as error:
            raise RunError(
                f"a process was killed, most likely for want of memory; go on with "
                f"{self.go_on_with} and fewer --jobs than {jobs}"
            ) from error
        finally:
            if left:  # Nobody wants the rest.
                for process in set(active_children()) - self._others:
                    process.terminate()
                self.__exit__()


def _call(function: Callable[..., Result], arguments: Mapping[str, Any]) -> Result:
    with one_thread():
        return function(**arguments)


def _context(module: str) -> BaseContext:
    """How processes begin that run a function of this module: on Linux, with imports made once.

    They are forked from one that calculates nothing and has no threads, so that this is safe. Other
    systems' libraries for matrix products need not survive it.
    """
    if sys.platform != "linux":
        return get_context("spawn")
    context = get_context("forkserver")
    # It is imported late and takes longer than all else, so where it was needed it will be again.
    context.set_forkserver_preload([module, *{"sklearn"}.intersection(sys.modules)])
    return context


def start(pool: ProcessPoolExecutor, jobs: int, context: BaseContext) -> None:
    """Let so many processes of a new pool begin, such that Ctrl-C ends none of them.

    A terminal sends it to all processes of a command. It is for this one to stop the others, and
    they need say nothing.

    Args:
        context: how they begin.
    """
    # Inherited. No longer than it must: a Ctrl-C that comes meanwhile is lost.
    with handled(signal.SIG_IGN, signal.SIGINT):
        if context.get_start_method() == "forkserver":
            from multiprocessing import forkserver  # Windows has none.

            forkserver.ensure_running()  # It hands it on, and has a second's imports to do first.
        else:
            for _ in range(jobs):  # Each call starts a process, the first one all that are forked.
                pool.submit(os.getpid)


def end_with_parent() -> None:
    """See to it that this process ends when the one that began it does, be it killed.

    It would otherwise wait for more work for ever, with all of its memory.
    """
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
