"""Training runs that must end in the same bits: repeated, or stopped and gone on with."""

import tempfile
from pathlib import Path
from typing import Any

from textcnn.evaluation.selfcheck.material import begun, differing, small_run, state_of
from textcnn.evaluation.selfcheck.result import Result
from textcnn.training.checkpoint import load_checkpoint, save_checkpoint
from textcnn.training.experiment import Experiment, resumed_experiment

OPTIMIZERS = ("adam", "adadelta", "sgd")

NEVER = -1
"""The step after which a run is stopped that is not to be stopped."""


def check_repeatability() -> Result:
    """Train twice with each optimizer."""
    arrays = 0
    for optimizer in OPTIMIZERS:
        first, second = (state_of(begun(NEVER, optimizer=optimizer)) for _ in range(2))
        different = differing(first, second)
        if different:
            return Result(False, f"{optimizer}: {_listed(different)} came out otherwise")
        arrays += len(first)
    return Result(True, f"{len(OPTIMIZERS)} runs made twice, {arrays} arrays bit for bit")


def check_resuming() -> Result:
    """Stop a run, keep it in a file, go on, and compare it with one never stopped.

    In several places, the last of them the end of an epoch.
    """
    options: dict[str, Any] = {"optimizer": "adam"}
    whole = begun(NEVER, **options)
    per_epoch, expected = whole.trainer.steps_per_epoch(whole.train), state_of(whole)
    places = (per_epoch // 2, per_epoch + 3, per_epoch)
    for step in places:
        different = differing(state_of(_gone_on(step, options)), expected)
        if different:
            return Result(False, f"stopped at step {step}: {_listed(different)} came out otherwise")
    steps = ", ".join(map(str, places))
    return Result(True, f"stopped at steps {steps}: {len(expected)} arrays bit for bit")


def _gone_on(step: int, options: dict[str, Any]) -> Experiment:
    """A run that was stopped after so many steps, kept in a file, read back and trained on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "last.h5"
        save_checkpoint(path, begun(step, **options).checkpoint())
        checkpoint = load_checkpoint(path, for_training=True)
    _, data = small_run(**options)
    experiment = resumed_experiment(checkpoint, data)
    experiment.train_to_end(lambda event: None)
    return experiment


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
