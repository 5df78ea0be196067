"""Whichever call that writes fails, in whichever command: one line, and nothing is lost."""

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.cv_runs import without_seconds
from tests.support.file_layer import FileLayer
from tests.support.small_run import options_text
from textcnn.training.checkpoint import load_checkpoint

pytestmark = pytest.mark.pictures

COMMANDS: dict[str, tuple[str, ...]] = {
    "eval": ("eval", "run", "--predictions", "out.csv"),
    "shrink": ("shrink", "run", "--out", "out.h5"),
    "export": ("export", "run", "--to", "html", "--out", "out.html"),
    "npz": ("export", "run", "--to", "npz", "--out", "out.npz"),
    "report": ("report", "run"),
    "classify": ("classify", "lines.txt", "--output", "out", "--checkpoint", "run", "--jobs", "1"),
    "train": ("train", *options_text(epochs=1), "--out", "out", "--data", "DATA"),
    "ensemble": (
        *("train", *options_text(epochs=1), "--out", "out", "--data", "DATA"),
        *("--ensemble", "2"),
    ),
    "resume": ("train", "--resume", "out"),
    "cv": (
        *("cv", *options_text(epochs=1), "--out", "out", "--data", "DATA"),
        *("--folds", "2", "--jobs", "1"),
    ),
    "search": (
        *("search", *options_text(epochs=1), "--out", "out", "--data", "DATA", "--jobs", "1"),
        *("--folds", "2", "--trials", "2", "--vary", "dropout=0.3:0.6"),
    ),
}

OUTPUTS = {
    "eval": "out.csv",
    "shrink": "out.h5",
    "export": "out.html",
    "npz": "out.npz",
    "report": "run/report.html",
}


STRIDES = {"ensemble": 4, "resume": 4}
"""Every so many calls are tried, where most are those of another command as well."""


@pytest.fixture
def stopped_run(call, tmp_path, tmp_path_factory, monkeypatch, reviews) -> Path:
    """The folder of a run whose second checkpoint could not be written."""

    def train(fails: int) -> FileLayer:
        layer = FileLayer(tmp_path, fails)
        with layer.watching(monkeypatch):
            code, _, _ = call("train", *options_text(epochs=2), "--out", "out", "--data", reviews)
        assert code == bool(fails)
        return layer

    kept = train(0).kept
    shutil.rmtree("out")
    begun = [n for n, it in enumerate(kept, 1) if it.call == "create" and "/.last.h5." in it.path]
    train(begun[1])
    return Path("out").rename(tmp_path_factory.mktemp("stopped") / "run")


@pytest.fixture
def command(request, call, tmp_path, monkeypatch, trained_run, reviews):
    """Run one of the commands with a fault: the layer that saw it, exit code, errors."""

    def run(name: str, number: int) -> tuple[FileLayer, int, str]:
        stopped = request.getfixturevalue("stopped_run") if name == "resume" else None
        for path in tmp_path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(trained_run, "run")
        if stopped is not None:
            shutil.copytree(stopped, "out")
        Path("lines.txt").write_text("a witty film\na dull plot\n")
        os.utime("lines.txt", (0, 0))  # Its time stands beside the predictions.
        if name in OUTPUTS:
            Path(OUTPUTS[name]).write_text("old")
        words = [str(reviews) if word == "DATA" else word for word in COMMANDS[name]]
        layer = FileLayer(tmp_path, fails=number)
        with layer.watching(monkeypatch):
            code, _, err = call(*words)
        return layer, code, err

    return run


def check(command, call, name: str, number: int, whole: Any) -> None:
    """One fault ends with one line and a state that can be gone on from."""
    layer, code, err = command(name, number)
    where = (number, layer.failed, err)
    if not code:  # Not needed: a folder that is there, or a link in whose place a copy is made.
        assert layer.failed.startswith(("mkdir", "unlink", "link")), where
        assert whole is None or result(name, Path("out")) == whole, where
        return
    assert code in (1, 2), where
    # Of several files, which failed is said, and then how many.
    assert "No space left on device" in "".join(err.splitlines()[-2:]), where
    assert err.splitlines()[-1].startswith("textcnn: "), where
    assert "Traceback" not in err, where
    assert not list(Path().rglob("*.part"))
    if name in OUTPUTS:
        left = Path(OUTPUTS[name]).read_bytes()
        # Not known to outlive a power cut, since the folder could not be synced: but it is whole;
        # or what failed is the program that is written beside it.
        assert left == b"old" or "may not outlive a power cut" in err or "classify.py" in err, where
        return
    assert result("run", Path("run")) is not None
    if name == "classify":
        again = COMMANDS[name]
    elif Path("out").exists():
        again = (name if name in ("cv", "search") else "train", "--resume", "out")
    else:
        return
    code, _, err = call(*again)
    assert code == 0, (*where, err)
    assert result(name, Path("out")) == whole, where


def result(name: str, folder: Path) -> Any:
    """What a run has come to."""
    if name == "classify":
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    if name == "cv":
        texts = without_seconds(folder)
        return {name: texts[name] for name in ("results.csv", "predictions.csv")}
    if name == "search":
        return [(folder / file).read_text() for file in ("trials.csv", "best.toml")]
    best = load_checkpoint(folder / "checkpoints" / "best.h5")
    return {name: array.tobytes() for name, array in best.networks[0].items()}


def whole_run(command, name: str) -> tuple[int, Any]:
    layer, code, err = command(name, 0)
    assert code == 0, err
    assert layer.calls >= 3
    return layer.calls, None if name in OUTPUTS else result(name, Path("out"))


@pytest.mark.parametrize("name", ["eval", "classify", "train"])
def test_a_write_that_fails_ends_with_one_line(command, call, name):
    calls, whole = whole_run(command, name)
    for number in random.Random(0).sample(range(1, calls + 1), 3):
        check(command, call, name, number, whole)


@pytest.mark.parametrize("name", ["train", "cv", "search"])
def test_a_folder_that_cannot_be_made_is_not_made_by_half(command, name):
    layer, code, _ = command(name, 2)
    assert (code, layer.failed.split()[0]) in ((2, "mkdir"), (1, "mkdir"), (1, "create"))
    assert not Path("out").exists()


@pytest.mark.torture
@pytest.mark.parametrize("name", COMMANDS)
def test_every_write_that_fails_ends_with_one_line(command, call, name):
    calls, whole = whole_run(command, name)
    for number in range(1, calls + 1, STRIDES.get(name, 1)):
        check(command, call, name, number, whole)
