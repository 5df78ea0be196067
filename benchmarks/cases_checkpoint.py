"""Saving and loading checkpoints."""

import os
from pathlib import Path
from typing import Any

import torch

from benchmarks.report import Row, compare
from benchmarks.timing import OURS, Side, interleave
from benchmarks.workload import Workload
from textcnn.training.checkpoint import load_checkpoint, save_checkpoint


def run(work: Workload) -> list[Row]:
    """With what resuming needs, both sides holding the same arrays; and for prediction only."""
    _ = work.checkpoint  # Trains, so that the optimizer has its slots.
    checkpoint = work.experiment.checkpoint()
    assert checkpoint.training is not None
    parameters = _tensors(checkpoint.networks[0])
    whole = {
        "parameters": parameters,
        "slots": _tensors(checkpoint.training.slots),
        "vocabulary": checkpoint.vocabulary.words,
    }
    small = {"parameters": parameters, "vocabulary": checkpoint.vocabulary.words}
    ours = work.folder / "ours.h5"
    theirs, theirs_small = work.folder / "theirs.pt", work.folder / "small.pt"
    save_checkpoint(ours, checkpoint)
    torch.save(whole, theirs)
    torch.save(small, theirs_small)
    where = f"{ours.stat().st_size / 1e6:.0f} MB; PyTorch {theirs.stat().st_size / 1e6:.0f} MB"
    cases: dict[str, dict[str, Side]] = {
        "checkpoint, save safely": {
            OURS: lambda call: save_checkpoint(ours, checkpoint),
            "torch.save, then fsync": lambda call: _save_and_sync(theirs, whole),
        },
        "checkpoint, load to resume": {
            OURS: lambda call: load_checkpoint(ours, for_training=True),
            "torch.load": lambda call: torch.load(theirs, weights_only=True),
        },
        "checkpoint, load to predict": {
            OURS: lambda call: load_checkpoint(ours),
            "torch.load": lambda call: torch.load(theirs_small, weights_only=True),
        },
    }
    rows = []
    for case, sides in cases.items():
        timings = interleave(sides, work.options.rounds(10))
        rows.append(compare(case, where, timings, [name for name in sides if name != OURS]))
    return rows


def _tensors(arrays: dict[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _save_and_sync(path: Path, state: dict[str, Any]) -> None:
    """As safe as ours: written aside, on the disk for certain, then put in place."""
    aside = path.with_suffix(".new")
    with aside.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(path)
