"""The same function on many tasks, in processes of one thread each."""

import functools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from textcnn.support.errors import RunError
from textcnn.support.signals import handled
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


@dataclass(frozen=True)
class Processes:
    """A :class:`Runner` on this machine; with one process it all happens in this one.

    Each process has one thread for matrix products, so that results do not depend on how many
    processes there are: how many threads share a product can change the last bits of its sums.
    Several processes of one thread are also faster than one of several.

    Attributes:
        at_once: processes.
        go_on_with: how a run that failed is gone on with, for messages.
    """

    at_once: int
    go_on_with: str = "--resume"

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
        jobs = max(1, min(self.at_once, len(tasks)))
        # Imported here: joblib takes longer to load than a sentence to classify.
        from joblib import Parallel, delayed, parallel_config

        call = delayed(functools.partial(_call, os.getpid(), function))
        with parallel_config(backend="loky", inner_max_num_threads=1):
            # Without memory maps, which a killed process would leave behind.
            parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", max_nbytes=None)
            with handled(signal.SIG_IGN, signal.SIGINT):
                # The processes start here, and inherit that they ignore Ctrl-C, which a terminal
                # sends to them too: it is this process that stops them, and they need say nothing.
                results = parallel(call({**here, **task}) for task in tasks)
        try:
            # Not "yield from", which would close it too, and out of reach of the filter below.
            for result in results:  # noqa: UP028
                yield result
        except BrokenProcessPool as error:
            raise RunError(
                f"a process was killed, most likely for want of memory; go on with "
                f"{self.go_on_with} and fewer --jobs than {jobs}"
            ) from error
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # That not all tasks were waited for is meant.
                results.close()


def _call(parent: int, function: Callable[..., Result], arguments: Mapping[str, Any]) -> Result:
    if os.getpid() != parent:
        end_with(parent)
    # joblib limits the threads of its processes, but a single job runs in this one.
    with one_thread():
        return function(**arguments)


@functools.cache
def end_with(parent: int) -> None:
    """See to it that this process ends when ``parent`` does, be it killed.

    joblib's would otherwise wait for more work for ever, with all of their memory.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
