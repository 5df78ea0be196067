"""Whichever call that writes fails, in whichever command: one line, and nothing is lost."""

import errno
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cv_runs import without_seconds
from tests.support.small_run import options_text
from textcnn.training.checkpoint import load_checkpoint

CALLS = ((tempfile, "mkstemp"), (os, "fsync"), (os, "replace"), (Path, "chmod"), (Path, "replace"))
"""What every file is written through, besides plain writes."""


class Faults:
    """Counts calls that write, and fails one of them as a full disk does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self._monkeypatch = monkeypatch
        self.calls = 0

    def failing(self, number: int) -> Iterator[None]:
        """While it lasts, the call of this number fails; 0 for none."""
        self.calls = 0
        with self._monkeypatch.context() as patch:
            for place, name in CALLS:
                patch.setattr(place, name, self._counted(getattr(place, name), number))
            yield

    def _counted(self, call: Callable[..., Any], number: int) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*arguments, **options)

        return counted


COMMANDS: dict[str, tuple[str, ...]] = {
    "eval": ("eval", "run", "--predictions", "out.csv"),
    "shrink": ("shrink", "run", "--out", "out.h5"),
    "export": ("export", "run", "--to", "html", "--out", "out.html"),
    "report": ("report", "run"),
    "train": ("train", *options_text(epochs=2), "--out", "out", "--data", "DATA"),
    "ensemble": (
        *("train", *options_text(epochs=1), "--out", "out", "--data", "DATA"),
        *("--ensemble", "2"),
    ),
    "cv": (
        *("cv", *options_text(epochs=1), "--out", "out", "--data", "DATA"),
        *("--folds", "2", "--jobs", "1"),
    ),
    "search": (
        *("search", *options_text(epochs=1), "--out", "out", "--data", "DATA", "--jobs", "1"),
        *("--folds", "2", "--trials", "2", "--vary", "dropout=0.3:0.6"),
    ),
}

OUTPUTS = {"eval": "out.csv", "shrink": "out.h5", "export": "out.html", "report": "run/report.html"}


@pytest.fixture
def command(call, tmp_path, monkeypatch, trained_run, reviews):
    """Run one of the commands with a fault: ``(calls that wrote, exit code, errors)``."""
    faults = Faults(monkeypatch)

    def run(name: str, number: int) -> tuple[int, int, str]:
        for path in tmp_path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(trained_run, "run")
        if name in OUTPUTS:
            Path(OUTPUTS[name]).write_text("old")
        words = [str(reviews) if word == "DATA" else word for word in COMMANDS[name]]
        for _ in faults.failing(number):
            code, _, err = call(*words)
        return faults.calls, code, err

    return run


def check(command, call, name: str, number: int, whole: Any) -> None:
    """One fault ends with one line and a state that can be gone on from."""
    _, code, err = command(name, number)
    assert code in (1, 2), (number, err)
    assert "No space left on device" in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("textcnn: ")
    assert "Traceback" not in err
    assert not list(Path().rglob("*.part"))
    if name in OUTPUTS:
        left = Path(OUTPUTS[name]).read_bytes()
        # Not known to outlive a power cut, since the folder could not be synced: but it is whole.
        assert left == b"old" or "may not outlive a power cut" in err
        return
    assert result("run", Path("run")) is not None
    again = ("--resume", "out") if Path("out").exists() else COMMANDS[name][1:]
    first = name if name in ("cv", "search") else "train"
    if "--resume" in again:
        code, _, err = call(first, *again)
        assert code == 0, (number, err)
        assert result(name, Path("out")) == whole


def result(name: str, folder: Path) -> Any:
    """What a run has come to."""
    if name == "cv":
        texts = without_seconds(folder)
        return {name: texts[name] for name in ("results.csv", "predictions.csv")}
    if name == "search":
        return [(folder / file).read_text() for file in ("trials.csv", "best.toml")]
    best = load_checkpoint(folder / "checkpoints" / "best.h5")
    return {name: array.tobytes() for name, array in best.networks[0].items()}


def whole_run(command, name: str) -> tuple[int, Any]:
    calls, code, err = command(name, 0)
    assert code == 0, err
    assert calls >= 3
    return calls, None if name in OUTPUTS else result(name, Path("out"))


@pytest.mark.parametrize("name", ["eval", "train"])
def test_a_write_that_fails_ends_with_one_line(command, call, name):
    calls, whole = whole_run(command, name)
    for number in random.Random(0).sample(range(1, calls + 1), 3):
        check(command, call, name, number, whole)


@pytest.mark.torture
@pytest.mark.parametrize("name", COMMANDS)
def test_every_write_that_fails_ends_with_one_line(command, call, name):
    calls, whole = whole_run(command, name)
    for number in itertools.count(1):
        if number > calls:
            return
        check(command, call, name, number, whole)
