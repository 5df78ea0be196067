"""What a power cut leaves of a run: files that are whole, and a run that can be gone on with.

A run's calls that write are kept by :mod:`tests.support.file_layer`, and the disk is made as it may
be after each of them.
"""

import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.file_layer import Disk, FileLayer, Written
from tests.support.small_run import options_text, parameter_bytes
from textcnn.support import read_back
from textcnn.support.files import replace_text
from textcnn.training.checkpoint import load_checkpoint

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")

State = dict[str, bytes]


@pytest.fixture
def recorded(call, tmp_path, monkeypatch, reviews) -> tuple[list[Written], dict[str, bytes]]:
    """The calls of a small run, and the parameters that it ends with."""
    words = ("train", "--data", reviews, *options_text(epochs=2, checkpoint_every=4))
    layer = FileLayer(tmp_path)
    with layer.watching(monkeypatch):
        assert call(*words, "--out", "run")[0] == 0
    best = load_checkpoint(tmp_path / "run" / "checkpoints" / "best.h5")
    (tmp_path / "run").rename(tmp_path / "whole")
    return layer.kept, parameter_bytes(best.networks[0])


def disks(calls: list[Written]) -> Iterator[tuple[int, Disk, State]]:
    """Every state that differs from those before, with the number of its last call."""
    disk, known = Disk(), set()
    for number, written in enumerate(calls, 1):
        disk.apply(written)
        for state in disk.states():
            signature = tuple(sorted((path, hash(content)) for path, content in state.items()))
            if signature not in known:
                known.add(signature)
                yield number, disk, state


def check_whole(folder: Path, number: int) -> None:
    """What is there under its own name can be read."""
    for path in folder.rglob("*.h5"):
        load_checkpoint(path, for_training=path.name not in ("best.h5", "chosen.h5"))
    for path in folder.rglob("*.json"):
        read_back.read_json(path)
    for path in folder.rglob("*.toml"):
        assert read_back.read_toml(path), number
    for path in folder.rglob("metrics.jsonl"):
        for line in path.read_text().splitlines():
            json.loads(line)


def check_resumed(call: Any, folder: Path, expected: dict[str, bytes], number: int) -> bool:
    """It goes on to the same end, or there was nothing yet; whether it went on."""
    code, _, err = call("train", "--resume", folder)
    assert "Traceback" not in err, number
    if code:
        assert not list(folder.rglob("*.h5")), (number, err)
        assert "no run here" in err.splitlines()[-1], (number, err)
        return False
    best = load_checkpoint(folder / "checkpoints" / "best.h5")
    assert parameter_bytes(best.networks[0]) == expected, number
    return True


def replay(call: Any, tmp_path: Path, recorded: Any, read: float, gone_on: float) -> int:
    """Read a share of the states, and go on from a share of those; how many were read."""
    calls, expected = recorded
    choose, count, resumed = random.Random(0), 0, 0
    for number, disk, state in disks(calls):
        if choose.random() >= read:
            continue
        folder = tmp_path / f"state{count}"
        folder.mkdir()
        disk.write(state, folder)
        check_whole(folder, number)
        if choose.random() < gone_on:
            with contextlib.suppress(FileNotFoundError):
                resumed += check_resumed(call, folder / "run", expected, number)
        count += 1
    assert resumed
    return count


def test_after_a_power_cut_what_is_there_is_whole(call, tmp_path, recorded):
    assert replay(call, tmp_path, recorded, 0.3, 0.04) > 40


@pytest.mark.torture
def test_after_a_power_cut_at_any_moment_the_run_goes_on(call, tmp_path, recorded):
    assert replay(call, tmp_path, recorded, 1.0, 1.0) > 150


def test_what_was_not_synced_may_be_lost(tmp_path, monkeypatch):
    """Or the tests above could not fail."""
    layer = FileLayer(tmp_path)
    with layer.watching(monkeypatch):
        (tmp_path / "a").write_text("not synced")
        replace_text(tmp_path / "b", "synced")
        (tmp_path / "c").write_text("not synced")
        (tmp_path / "c").replace(tmp_path / "b")
    found = [state for _, _, state in disks(layer.kept)]
    assert {"a": b"not synced", "b": b"not synced"} in found
    assert {"a": b"", "b": b""} in found
    assert {"a": b"", "b": b"synced"} in found
    assert {"a": b"not synced", "b": b"synced"} in found
