"""Memory: the peak of a training run, and of prediction on a long pipe."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Row
from benchmarks.workload import KIM, ROOT, Workload, say

MEGABYTE = 1e6
PIECE = 2000
"""Lines handed to the pipe at once."""

ALONE = """import sys
sys.modules["tensorboardX"] = None  # It loads PyTorch, which only the rival needs.
from textcnn.commands import main
main()
"""
"""``textcnn`` as where no rival is installed."""

LONGEST_FEED = 600
"""Seconds after which the pipe is fed no more."""


def run(work: Workload) -> list[Row]:
    """All."""
    return [*_training(work), _pipe(work)]


def _training(work: Workload) -> list[Row]:
    """With the vectors that are the default, and with those of the paper."""
    say("memory: training")
    epochs = 1 if work.options.quick else 3
    (data,) = work.config.data
    theirs = _peak(work, "-m", "benchmarks.torch_training", data, str(epochs))
    rows = []
    for dim, most, rival in (
        (work.config.embedding_dim, 250, ""),
        (KIM.dim, 300, f"PyTorch, dense, no checkpoints: {theirs / MEGABYTE:.0f} MB"),
    ):
        ours = _peak(
            work,
            *("-c", ALONE, "train", "--data", data, "--embedding-dim", str(dim)),
            *("--epochs", str(epochs), "--out", str(work.folder / f"run-{dim}")),
        )
        row = Row(
            "memory, training",
            f"peak resident, D {dim}, {epochs} epochs, checkpoints and report written",
            f"{ours / MEGABYTE:.0f} MB",
            rival,
            target=f"≤ {most} MB",
            reached=ours <= most * MEGABYTE,
            details={"bytes": {"textcnn": ours, "PyTorch": theirs}},
        )
        rows.append(row)
    return rows


def _peak(work: Workload, *words: str) -> int:
    """Peak resident bytes of ``python words...``."""
    target = work.folder / "peak.txt"
    launcher = str(Path(__file__).with_name("peak_memory.py"))
    command = [sys.executable, launcher, str(target), sys.executable, *words]
    subprocess.run(
        command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return int(target.read_text("utf-8"))


def _pipe(work: Workload) -> Row:
    """Feed ``textcnn classify -`` and look at its memory ten times on the way."""
    wanted = work.options.pipe_lines
    say(f"memory: a pipe of {wanted:,} lines")
    command = [sys.executable, "-m", "textcnn", "classify", "--checkpoint", str(work.checkpoint)]
    process = subprocess.Popen(
        [*command, "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    written = _LineCounter(process.stdout)
    written.start()
    resident: dict[int, int] = {}
    deadline = time.monotonic() + LONGEST_FEED
    fed = 0
    for piece in _pieces(work.texts, wanted):
        process.stdin.write("".join(piece).encode("utf-8"))
        fed += len(piece)
        if fed >= wanted * (len(resident) + 1) // 10:
            resident[fed] = _resident(process.pid)
        if time.monotonic() > deadline:
            break
    process.stdin.close()
    written.join()
    if process.wait() or written.lines != fed:
        raise RuntimeError(f"classify wrote {written.lines:,} of {fed:,} lines")
    first, last = list(resident.values())[1], list(resident.values())[-1]
    return Row(
        "memory, classify on a pipe",
        f"resident after {list(resident)[1]:,} and {fed:,} lines, each with a new word",
        f"{first / MEGABYTE:.0f} MB, {last / MEGABYTE:.0f} MB",
        target="constant: ≤ 5 % more",
        reached=last <= 1.05 * first,
        details={"resident bytes by lines fed": resident},
    )


def _pieces(texts: list[str], wanted: int) -> Iterator[list[str]]:
    """Lines in pieces, each line ending in a word never seen, so that no cache can hold them."""
    for start in range(0, wanted, PIECE):
        numbers = range(start, min(start + PIECE, wanted))
        yield [f"{texts[number % len(texts)]} new{number}\n" for number in numbers]


class _LineCounter(threading.Thread):
    """Reads what classify writes, so that it never waits for us.

    Attributes:
        lines: read so far.
    """

    def __init__(self, stream: Iterator[bytes]):
        super().__init__(daemon=True)
        self._stream = stream
        self.lines = 0

    def run(self) -> None:
        for _ in self._stream:
            self.lines += 1


def _resident(pid: int) -> int:
    """Bytes a process holds in memory now."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        (line,) = (line for line in status.read_text("utf-8").splitlines() if "VmRSS" in line)
        return 1024 * int(line.split()[1])
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return 1024 * int(done.stdout)
