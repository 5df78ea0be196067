"""What a worker of a Dask cluster does: one task of ours at a time, with the files it needs."""

import hashlib
import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textcnn import __version__
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing

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
    from threadpoolctl import threadpool_limits

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
        with threadpool_limits(1):
            return task.function(**here, **task.arguments)


def _is_cancelled(worker: Dask) -> bool:
    """Whether nobody waits for this task any more, which Dask cannot stop once it has begun."""
    state = worker.state.tasks.get(worker.get_current_task())
    return state is None or state.state == "cancelled"
