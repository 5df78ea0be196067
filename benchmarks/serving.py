"""How many requests ``textcnn serve`` answers a second, and how long each waits.

    python -m benchmarks.serving runs/NAME --clients 1 16 200 --seconds 10

Clients in a process of their own ask over connections that stay open, one sentence a request, as
soon as the last is answered; beside them one process of ``textcnn classify`` reads the same
sentences. Each answer is compared with that of ``classify``, to the byte.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from textcnn.data.datasets.corpus import Corpora
from textcnn.inference.classifier import Classifier
from textcnn.inference.prediction_lines import PredictionWriter

TEXTS = 2000


@dataclass(frozen=True)
class Served:
    """A server that runs.

    Attributes:
        process: it.
        port: where it listens, on 127.0.0.1.
        log: what it says.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Of its page."""
        return f"http://127.0.0.1:{self.port}"

    def memory(self, what: str = "VmRSS") -> float:
        """Megabytes that it holds; ``VmHWM`` for the most that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        found = re.search(rf"^{what}:\s+(\d+) kB", status, re.M)
        assert found is not None
        return int(found.group(1)) / 1024

    def cpu_seconds(self) -> float:
        """Processor time that it has taken."""
        fields = (
            Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _begin(words: Sequence[str], log: BinaryIO) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "textcnn", *words]
    return subprocess.Popen(command, stdout=log, stderr=log)


@contextlib.contextmanager
def served(
    model: Path,
    *options: str,
    seconds: float = 120,
    begin: Callable[[Sequence[str], BinaryIO], Any] = _begin,
) -> Iterator[Served]:
    """Start ``textcnn serve`` on a free port, and stop it.

    Args:
        model: of a run, or a checkpoint.
        options: of the command.
        seconds: that the start may take.
        begin: starts the program with these words, and a file to write in.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as stream:
            process = begin(["serve", str(model), "--port", "0", *options], stream)
        try:
            over = time.monotonic() + seconds
            while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text("utf-8"))):
                if process.poll() is not None or time.monotonic() > over:
                    raise RuntimeError(f"no server: {log.read_text('utf-8')}")
                time.sleep(0.05)
            yield Served(process, int(found.group(1)), log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@dataclass(frozen=True)
class Asked:
    """What many clients met with.

    Attributes:
        seconds: that each request took.
        wrong: what was answered otherwise than expected, or not at all.
        duration: seconds from the first request to the last answer.
    """

    seconds: list[float]
    wrong: list[str]
    duration: float


def ask(port: int, expected: Mapping[str, bytes], clients: int, seconds: float) -> Asked:
    """Ask as so many clients for so long, each text in its turn.

    Args:
        port: on 127.0.0.1.
        expected: the answers by text.
        clients: connections.
        seconds: after them no request is begun.
    """
    bodies = [(json.dumps({"text": text}).encode(), answer) for text, answer in expected.items()]
    found: list[float] = []
    wrong: list[str] = []

    async def client(number: int, over: float) -> None:
        turn = number * 7
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while time.perf_counter() < over:
                body, answer = bodies[turn % len(bodies)]
                turn += 1
                began = time.perf_counter()
                writer.write(
                    b"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
                    % (len(body), body)
                )
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                got = await reader.readexactly(int(length.group(1)) if length else 0)
                found.append(time.perf_counter() - began)
                if got != answer:
                    wrong.append(f"{head!r} {got!r}")
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            wrong.append(repr(error))

    async def together() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(client(number, began + seconds) for number in range(clients)))
        return time.perf_counter() - began

    duration = asyncio.run(together())
    return Asked(found, wrong, duration)


def expected_answers(model: Path, texts: Sequence[str]) -> dict[str, bytes]:
    """The lines that ``classify --format json`` writes of these texts."""
    classifier = Classifier.load(model)
    write = PredictionWriter("json", classifier.checkpoint, proba=False)
    return {text: write([text], classifier.predict_proba([text])) for text in texts}


def _classified(model: Path, texts: Sequence[str]) -> tuple[float, float]:
    """Seconds and processor seconds of one process of ``textcnn classify``, its start included."""
    lines = "".join(f"{text}\n" for text in texts).encode()
    words = [sys.executable, "-m", "textcnn", "classify", "--checkpoint", str(model), "--jobs", "1"]
    began, before = time.perf_counter(), os.times()
    subprocess.run(
        [*words, "--format", "json", "-"], input=lines, stdout=subprocess.DEVNULL, check=True
    )
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return time.perf_counter() - began, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 200])
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    config = Classifier.load(given.model).checkpoint.config
    texts = list(dict.fromkeys(Corpora.read(config, lambda line: None).learnt.texts))
    duration, used = _classified(given.model, texts)
    print(
        f"classify, one process: {len(texts):,} lines, {len(texts) / duration:,.0f} a second, "
        f"{used / len(texts) * 1000:.3f} ms of a processor each, its start included"
    )
    expected = expected_answers(given.model, texts[:TEXTS])
    spawn = multiprocessing.get_context("spawn")
    heads = ("clients", "requests a second", "half within", "95 % within", "99 % within")
    print(" | ".join(["", *heads, "processor time each", "wrong", "memory", ""]).strip())
    print("|" + "---|" * 8)
    for clients in given.clients:
        with served(given.model) as server, ProcessPoolExecutor(1, spawn) as asker:
            # Once, so that every word has been projected.
            asker.submit(ask, server.port, expected, 8, 2.0).result()
            used = server.cpu_seconds()
            asked = asker.submit(ask, server.port, expected, clients, given.seconds).result()
            used = server.cpu_seconds() - used
            memory = server.memory("VmHWM")
        half, most, nearly_all = np.quantile(asked.seconds, [0.5, 0.95, 0.99]) * 1000
        pace = len(asked.seconds) / asked.duration
        print(
            f"| {clients} | {pace:,.0f} | {half:.1f} ms | {most:.1f} ms | {nearly_all:.1f} ms "
            f"| {used / len(asked.seconds) * 1000:.2f} ms | {len(asked.wrong)} | {memory:.0f} MB |"
        )
    print(f"{os.cpu_count()} processors, the clients on them too; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
