"""The same function on many tasks, on the workers of a Dask cluster.

A worker runs one of our tasks at a time, with one thread for matrix products, whatever it was
started with: what limits the threads of a product, and the random numbers of scikit-learn's linear
models, belong to a whole process. So results are those of :mod:`textcnn.support.workers.processes`,
byte for byte.
"""

import asyncio
import contextlib
import hashlib
import importlib
import logging
import pydoc
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textcnn import __version__
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing
from textcnn.support.threads import one_thread
from textcnn.support.workers.processes import Result, SentFile

Dask = Any  # Its types are there in part only.

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class FileContent:
    """A file on its way to a machine that may not see the disk it is on.

    Attributes:
        name: its name.
        digest: SHA-256 of its content.
        data: its content.
    """

    name: str
    digest: str
    data: bytes

    @classmethod
    def read(cls, path: Path) -> "FileContent":
        """Read it.

        Raises:
            UserError: it cannot be.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        return cls(path.name, hashlib.sha256(data).hexdigest(), data)

    def written_in(self, folder: Path) -> Path:
        """The path of a copy in ``folder``, written unless it is there already."""
        path = folder / f"textcnn-{self.digest}-{self.name}"
        if not path.exists():
            with replacing(path) as aside:
                aside.write_bytes(self.data)
        return path


@dataclass(frozen=True)
class Task:
    """A call of a function, and not a container that Dask would look for tasks in.

    Attributes:
        function: importable by name.
        arguments: its own.
        common: names of those that come apart.
        version: of the textcnn that asks.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    common: tuple[str, ...]
    version: str


def dask() -> Dask:
    """Dask's package, imported when it is needed: an extra, and slow to import.

    Raises:
        UserError: it is not installed.
    """
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise UserError("--scheduler needs Dask: pip install 'textcnn[dask]'") from error


def unpacked(data: bytes) -> Any:
    """The object of ours that Dask packed."""
    return dask().protocol.pickle.loads(data)


def run_task(task: Task, *common: Any) -> Any:
    """The result of a task.

    Raises:
        RunError: this is another version of textcnn than the one that asks.
        Exception: what the function raised.
    """
    if task.version != __version__:
        raise RunError(
            f"a worker has textcnn {__version__} and {task.version} asks; install the same there"
        )
    worker = dask().get_worker()
    with _one_at_a_time:
        if _is_cancelled(worker):
            raise RunError("cancelled")
        folder = Path(worker.local_directory)
        here = {
            name: value.written_in(folder) if isinstance(value, FileContent) else value
            for name, value in zip(task.common, common, strict=True)
        }
        with one_thread():
            return task.function(**here, **task.arguments)


def _is_cancelled(worker: Dask) -> bool:
    """Whether nobody waits for this task any more, which Dask cannot stop once it has begun."""
    state = worker.state.tasks.get(worker.get_current_task())
    return state is None or state.state == "cancelled"


CONNECT_SECONDS = 5
"""How long a scheduler may take to answer."""

SPREAD_SECONDS = 30
"""How long to wait at most until every worker has what is common."""

POLL_SECONDS = 0.05
LOOK_SECONDS = 3
"""How often to look whether there are still workers."""

Report = Callable[[str], None]


@contextlib.contextmanager
def cluster(address: str, report: Report, go_on_with: str = "--resume") -> Iterator["Cluster"]:
    """Connect to a cluster; a context manager, at whose end nothing of ours is left there.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.1:8786``.
        report: told, in one line, what is worth knowing.
        go_on_with: how a run that failed is gone on with, for messages.

    Raises:
        UserError: Dask is not installed, or this is no address.
        RunError: there is no scheduler that answers, or another textcnn on the cluster.
    """
    with _quiet():
        client = _connected(address)
        try:
            found = Cluster(client, address, report, go_on_with)
            found.check()
            yield found
        finally:
            with contextlib.suppress(Exception):  # The scheduler may be gone.
                client.close(timeout=CONNECT_SECONDS)


class Cluster:
    """A :class:`textcnn.support.workers.processes.Runner` on the workers of a Dask cluster.

    A task whose worker is lost is run again by Dask on another one, unless it was the last of so
    many (``distributed.scheduler.allowed-failures``, three by default) that the task is to blame.
    """

    def __init__(self, client: Dask, address: str, report: Report, go_on_with: str):
        self._client = client
        self._address = address
        self._report = report
        self._go_on_with = go_on_with
        self._sent: list[tuple[Any, Dask]] = []
        self._missed = False

    @property
    def at_once(self) -> int:
        """Workers, or 1 while there is none."""
        return max(1, len(self._workers()))

    def check(self) -> None:
        """Compare versions, and say what may slow things down.

        Raises:
            RunError: another textcnn, or none, on one of the machines.
        """
        for name in ("textcnn", "numpy"):
            here = str(_LOCATE(f"{name}.__version__"))
            for where, there in self._versions(name).items():
                if there == here:
                    continue
                if name == "textcnn":
                    found = (
                        f"textcnn {there} and this is {here}; install the same"
                        if isinstance(there, str)
                        else f"no textcnn; install {here}"
                    )
                    raise RunError(f"--scheduler {self._address}: {where} has {found} there")
                self._report(f"{where} has NumPy {there}, not {here}: last digits may differ")
                break
        several = sum(threads > 1 for threads in self._workers().values())
        if several:
            self._report(
                f"{several} workers have several threads, of which one at a time is used; start "
                "them with --nthreads 1 and as many --nworkers as there are processors"
            )

    def run(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Mapping[str, Any]],
        common: Mapping[str, Any],
    ) -> Generator[Result]:
        """See :meth:`textcnn.support.workers.processes.Runner.run`."""
        large = {name: value for name, value in common.items() if value is not None}
        small = {name: None for name in common if name not in large}
        sent = [self._send(value) for value in large.values()]
        for future in self._completed(set(sent)):
            if future.status != "finished":
                self._result(future)  # Which raises.
        self._spread(sent)
        # One name for all, which tells Dask to hand them out as workers become free.
        name = f"{function.__name__}-{uuid.uuid4().hex}"
        calls = [Task(function, {**small, **task}, tuple(large), __version__) for task in tasks]
        waiting = {
            self._submit(run_task, call, *sent, key=(name, number))
            for number, call in enumerate(calls)
        }
        try:
            for future in self._completed(waiting):
                result = self._result(future)
                # Or Dask would run it again if its worker were lost.
                waiting.discard(future)
                future.release()
                yield result
        finally:
            if waiting and self._client.status == "running":
                self._client.cancel(list(waiting))

    def _submit(self, *call: Any, **how: Any) -> Dask:
        try:
            return self._client.submit(*call, pure=False, **how)
        except Exception as error:
            if self._client.status == "running":
                raise
            raise self._lost() from error

    def _completed(self, futures: set[Dask]) -> Iterator[Dask]:
        """Yield futures as they are done, well or not."""
        completed = dask().as_completed(list(futures), loop=self._client.loop)
        looked, connected = 0.0, time.monotonic()
        while not completed.is_empty():
            if completed.has_ready():
                yield next(completed)
                continue
            now = time.monotonic()
            if self._client.status == "running":
                connected = now
            # It has given up, or not even come to an end with that, and tells no future so.
            if self._client.status == "closed" or now - connected > 4 * CONNECT_SECONDS:
                raise self._lost()
            if now - looked > LOOK_SECONDS:
                self._look_for_workers()
                looked = time.monotonic()
            time.sleep(POLL_SECONDS)

    def _spread(self, sent: Sequence[Dask]) -> None:
        """Copy what is sent to every worker: Dask gives few tasks to workers without it.

        Nothing relies on it, so it may fail: a worker that comes later, or that Dask takes a copy
        from again, fetches it when it has a task that needs it.
        """
        if sent:
            with contextlib.suppress(Exception):
                self._client.replicate(list(sent), callback_timeout=SPREAD_SECONDS)

    def _send(self, value: Any) -> Dask:
        """A value that workers fetch from each other, sent to the cluster once.

        Not scattered: what is scattered is lost with the worker that holds it, while the bytes of
        a task's argument stay with the scheduler. Bytes, so that the scheduler needs neither the
        time nor the memory to make objects of them.
        """
        for known, future in self._sent:
            if known is value or (isinstance(value, SentFile) and known == value):
                return future
        content = FileContent.read(value.path) if isinstance(value, SentFile) else value
        future = self._submit(unpacked, dask().protocol.pickle.dumps(content))
        self._sent.append((value, future))
        return future

    def _result(self, future: Dask) -> Any:
        try:
            return future.result()
        except dask().KilledWorker as error:
            raise RunError(
                f"{error.allowed_failures + 1} workers were lost while they ran the same task, "
                f"the last at {error.last_worker.address}, most likely for want of memory; go on "
                f"with {self._go_on_with} once they have more"
            ) from error
        except ImportError as error:
            raise RunError(
                f"a worker of {self._address} cannot run this textcnn ({error}); install the "
                "same there"
            ) from error
        except (Exception, dask().CancelledError) as error:
            if future.status == "error":  # The function's own.
                raise
            raise self._lost() from error

    def _lost(self) -> RunError:
        return RunError(
            f"--scheduler {self._address}: the connection was lost; go on with {self._go_on_with}"
        )

    def _look_for_workers(self) -> None:
        missed = not self._workers()
        if missed and not self._missed:
            self._report(
                f"no workers at {self._address}, waiting for some; to start one: dask worker "
                f"{self._address} --nthreads 1"
            )
        self._missed = missed

    def _workers(self) -> dict[str, int]:
        """Threads of each worker."""
        try:
            return dict(self._client.nthreads())
        except OSError:  # The connection is lost, as futures are about to say.
            return {}

    def _versions(self, name: str) -> dict[str, Any]:
        """The version of a package on each machine; None where it is missing."""
        # Nothing of ours may be named: it might be missing there.
        there = self._client.run(_LOCATE, f"{name}.__version__", on_error="return")
        scheduler = self._client.run_on_scheduler(_LOCATE, f"{name}.__version__")
        return {"the scheduler": scheduler, **{f"worker {at}": it for at, it in there.items()}}


_LOCATE = pydoc.locate


def _connected(address: str) -> Dask:
    client = dask().Client
    try:
        _knock(address)
        return client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except ValueError as error:
        raise UserError(
            f"--scheduler {address}: {error}; give an address such as tcp://10.0.0.1:8786"
        ) from error
    except Exception as error:
        reason = str(error) or f"no word within {CONNECT_SECONDS} s"
        raise RunError(f"--scheduler {address}: no Dask scheduler answers ({reason})") from error


def _knock(address: str) -> None:
    """Exchange greetings: a client would wait for ever where something else listens."""

    async def greet() -> None:
        arguments = dask().Security().get_connection_args("client")
        connect = dask().comm.connect
        communication = await connect(address, timeout=CONNECT_SECONDS, **arguments)
        await communication.close()

    asyncio.run(asyncio.wait_for(greet(), CONNECT_SECONDS + 1))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log and warnings from the user, who is told in one line what matters of them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
