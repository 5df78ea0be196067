"""A Dask cluster on this machine for a test: a scheduler and workers, each a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.support.processes import PATIENCE, REPOSITORY, Started, environment

Process = subprocess.Popen[bytes] | Started


def wait_until(true: Callable[[], object], process: Process | None = None) -> None:
    """Look again and again; fail if it takes too long, or if the process ends first."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process is None or process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class DaskCluster:
    """A context manager, at whose end all processes are gone.

    Args:
        folder: for what Dask writes.
        settings: of Dask, as environment variables.
    """

    def __init__(self, folder: Path, **settings: str):
        self._folder = folder
        self._settings = settings
        self._started = 0
        self.workers: list[Process] = []

    def __enter__(self) -> "DaskCluster":
        file = self._folder / "scheduler.json"
        words = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.scheduler = self._start("scheduler", *words, "--scheduler-file", str(file))
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), self.scheduler)
        self.address = json.loads(file.read_text())["address"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def worker(self, threads: int = 1, path: Path | None = None) -> Process:
        """Start a worker and wait for it.

        Args:
            threads: of the worker.
            path: where it finds textcnn, if not here.
        """
        worker, log = self._start_worker(threads, path)
        wait_until(lambda: "Registered to:" in log.read_text(), worker)
        return worker

    def ensure(self, count: int) -> list[Process]:
        """So many workers that are alive."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        started = [self._start_worker(1, None) for _ in range(count - len(self.workers))]
        for worker, log in started:
            wait_until(lambda log=log: "Registered to:" in log.read_text(), worker)
        return self.workers

    def _start_worker(self, threads: int, path: Path | None) -> tuple[Process, Path]:
        """A worker, without the nanny that would start it again, and where it tells its story."""
        name = f"worker-{self._started}"
        log = self._folder / f"{name}.log"
        words = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard")
        folder = ("--local-directory", str(self._folder / name))
        worker = self._start("worker", self.address, *words, *folder, log=log, path=path)
        self.workers.append(worker)
        return worker, log

    def _start(
        self, kind: str, *words: str, log: Path | None = None, path: Path | None = None
    ) -> Process:
        self._started += 1
        program = f"distributed.cli.dask_{kind}"
        env = {**environment(), **self._settings}
        with (log or Path(os.devnull)).open("wb") as stream:
            number, folder = stream.fileno(), self._folder
            if path is None:
                return Started(
                    *words, program=program, env=env, cwd=folder, stdout=number, stderr=number
                )
            # What is forked has this textcnn already.
            env["PYTHONPATH"] = os.pathsep.join([str(path), str(REPOSITORY)])
            return subprocess.Popen(
                [sys.executable, "-m", program, *words],
                env=env,
                cwd=folder,
                stdout=number,
                stderr=number,
            )
