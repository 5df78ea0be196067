"""``textcnn``, and Dask for it, in processes of their own.

A fresh interpreter imports for far longer than a test's command then runs. So where it matters
that a process can be killed, or ends, but not how it starts, it is forked from a server that has
imported everything: :func:`textcnn` and :class:`Started`, where training writes no report unless
it is asked to. :func:`command_line` is for the others.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.support.disk import wait_for_no_disk
from tests.support.pictures import draw_nothing
from textcnn.commands import COMMANDS

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 180
"""Seconds that a command may take on a busy machine."""

IMPORTED = (
    __name__,
    *(f"textcnn.commands.{name}" for name in COMMANDS),
    # What commands import late, or import only where it is installed.
    *("sklearn.linear_model", "sklearn.metrics", "sklearn.model_selection"),
    *("tensorboardX", "textcnn.data.vectors"),
    *("distributed.cli.dask_scheduler", "distributed.cli.dask_worker"),
    *(
        "textcnn.commands.http.application",
        "textcnn.commands.http.protocol",
        "uvicorn.loops.asyncio",
    ),
)


def environment() -> dict[str, str]:
    """This process's environment for a ``textcnn`` of its own, free of the developer's data.

    What one such process compiles, the others read.
    """
    left_out = ("PYTHONDONTWRITEBYTECODE", "TEXTCNN_DATA")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**inherited, "PYTHONPATH": str(REPOSITORY), "OPENBLAS_NUM_THREADS": "1"}


def command_line(*words: str | Path) -> list[str]:
    """``python -m textcnn`` and these words."""
    return [sys.executable, "-m", "textcnn", *map(str, words)]


# Windows has no such server: there it takes longer.
_methods = multiprocessing.get_all_start_methods()
CONTEXT = multiprocessing.get_context("forkserver" if "forkserver" in _methods else "spawn")
"""How processes of this one begin; there is one server for all of them."""
if "forkserver" in _methods:
    CONTEXT.set_forkserver_preload(list(IMPORTED))


class Started:
    """``python -m`` a program, at work; used as :class:`subprocess.Popen` is.

    Args:
        words: the program's.
        cwd: the folder it runs in; by default that of this process.
        env: its environment; by default :func:`environment`.
        stdin: what it reads: a number of an open file, ``subprocess.PIPE``, or nothing.
        stdout: where its output goes.
        stderr: where its errors go.
        start_new_session: whether it leads one, as a process on a terminal does.
        program: the module.
        pictures: whether its commands draw.
    """

    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO

    def __init__(
        self,
        *words: str | Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        start_new_session: bool = False,
        program: str = "textcnn",
        pictures: bool = False,
    ):
        theirs: list[int] = []
        self._ours: list[BinaryIO] = []
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            if stream == subprocess.PIPE:
                reading, writing = os.pipe()
                their, our = (reading, writing) if name == "stdin" else (writing, reading)
                self._ours.append(os.fdopen(our, "wb" if name == "stdin" else "rb"))
                setattr(self, name, self._ours[-1])
                theirs.append(their)
            else:
                theirs.append(os.open(os.devnull, os.O_RDWR) if stream is None else os.dup(stream))
        self._process = CONTEXT.Process(
            target=_run,
            args=(
                program,
                list(map(str, words)),
                environment() if env is None else env,
                str(cwd or Path.cwd()),
                list(map(DupFd, theirs)),
                start_new_session,
                pictures,
            ),
        )
        with pytest.MonkeyPatch.context() as monkeypatch:
            # Read by the server, which begins with the first.
            monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
            self._process.start()
        for number in theirs:
            os.close(number)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float = PATIENCE) -> int:
        """Until it has ended."""
        self._process.join(timeout)
        if self.returncode is None:
            self.kill()
            raise TimeoutError(f"it takes longer than {timeout} seconds")
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def communicate(self, timeout: float = PATIENCE) -> tuple[bytes, bytes]:
        """Wait for it; its output and errors, if they are no more than a pipe holds."""
        self.wait(timeout)
        out, err = (getattr(self, name, None) for name in ("stdout", "stderr"))
        return out.read() if out else b"", err.read() if err else b""

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, error: type[BaseException] | None, *more: object) -> None:
        if error is not None:
            self.kill()
        for stream in self._ours:
            stream.close()
        self._process.join()


def _run(
    program: str,
    words: list[str],
    environ: dict[str, str],
    cwd: str,
    streams: list[Any],
    leads: bool,
    pictures: bool,
) -> None:
    """In the forked process."""
    wait_for_no_disk()
    if leads:
        os.setsid()
    # A shell has what it runs in the background ignore this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    for number, stream in enumerate(streams):
        os.dup2(stream.detach(), number)
    encoding = environ.get("PYTHONIOENCODING")
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(n, mode, encoding=encoding) for n, mode in enumerate("rww")
    )
    os.chdir(cwd)
    sys.argv = [program, *words]
    if "dask" in sys.modules:
        sys.modules["dask"].config.refresh()  # It has read another environment.
    with pytest.MonkeyPatch.context() as monkeypatch:
        if not pictures:
            draw_nothing(monkeypatch)
        try:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        finally:
            # As where Python ends by itself: pools of processes end here, and multiprocessing
            # would wait for them before.
            threading._shutdown()  # type: ignore[attr-defined]


def textcnn(
    *words: str | Path, cwd: Path | None = None, input: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own and wait for it."""
    with contextlib.ExitStack() as files:
        streams = [files.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        streams[0].write(input)
        streams[0].seek(0)
        stdin, stdout, stderr = (stream.fileno() for stream in streams)
        code = Started(*words, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr).wait()
        _, out, err = (stream.seek(0) or stream.read() for stream in streams)
        return subprocess.CompletedProcess(words, code, out, err)
