"""What a checkpoint says of itself."""

import dataclasses
import datetime
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textcnn.core.progress import Evaluation
from textcnn.insight.run_list import changed_options
from textcnn.recipe.config import Value
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint


@dataclass(frozen=True)
class Facts:
    """See the names.

    Attributes:
        file_size: bytes.
        written: when it was, as it says itself, or by the file system.
        programs: versions of what wrote it.
        changed: the options that differ from their defaults.
        arrays: shape and numbers of each parameter of a network.
        history: its evaluations, or None where the file holds none.
        best_step: of the one that dev chose; -1 for none.
    """

    path: Path
    file_size: int
    written: str
    programs: dict[str, str]
    changed: dict[str, Value]
    arrays: dict[str, tuple[tuple[int, ...], int]]
    history: list[Evaluation] | None
    best_step: int

    def as_dict(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        config = checkpoint.config
        thresholds = checkpoint.thresholds
        return {
            "checkpoint": str(self.path),
            "file_size": self.file_size,
            "written": self.written,
            "written_by": self.programs,
            "data": list(config.data),
            "source": checkpoint.source,
            "fingerprint": checkpoint.fingerprint,
            "options": config.as_dict(),
            "changed_options": self.changed,
            "labels": dict(zip(checkpoint.labels, checkpoint.label_counts.tolist(), strict=True)),
            "words": len(checkpoint.vocabulary),
            "networks": len(checkpoint.networks),
            "arrays": {
                name: {"shape": list(shape), "numbers": numbers}
                for name, (shape, numbers) in self.arrays.items()
            },
            "fusion": {
                "weights": checkpoint.fusion.weights.tolist(),
                "bias": checkpoint.fusion.bias.tolist(),
            },
            "thresholds": None if thresholds is None else thresholds.tolist(),
            "history": self.history and [_plain(past) for past in self.history],
            "best_step": None if self.best_step < 0 else self.best_step,
        }


def fusion_words(checkpoint: Checkpoint) -> str:
    """What each expert's logits are multiplied by."""
    weights = [f"{weight:.3f}" for weight in checkpoint.fusion.weights.tolist()]
    if len(weights) == 1:
        return f"logits times {weights[0]}"
    return f"network's logits times {weights[0]}, n-grams' times {weights[1]}"


def _plain(evaluation: Evaluation) -> dict[str, float | None]:
    """Its numbers; JSON has no way to write the one that is not a number."""
    values = dataclasses.asdict(evaluation).items()
    return {name: None if math.isnan(value) else value for name, value in values}


def read_facts(path: Path) -> tuple[Checkpoint, Facts]:
    """Read a checkpoint, and what can be said of it at a glance.

    Raises:
        UserError: it is missing, damaged, not a checkpoint or from a newer version.
    """
    try:
        checkpoint = load_checkpoint(path, for_training=True)
    except UserError:
        # A small copy and an ensemble hold nothing to go on from; what is damaged fails again.
        checkpoint = load_checkpoint(path)
    state, status = checkpoint.training, path.stat()
    changed = datetime.datetime.fromtimestamp(status.st_mtime).isoformat(timespec="seconds")
    programs = dict(checkpoint.written_by)
    return dataclasses.replace(checkpoint, training=None), Facts(
        path=path,
        file_size=status.st_size,
        written=changed,
        programs=programs,
        changed=changed_options(checkpoint.config),
        arrays={name: (array.shape, array.size) for name, array in checkpoint.networks[0].items()},
        history=None if state is None else state.history,
        best_step=-1 if state is None else state.choice.best_step,
    )
