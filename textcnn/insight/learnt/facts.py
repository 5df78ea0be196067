"""What a checkpoint says of itself."""

import datetime
from pathlib import Path
from typing import Any

from textcnn.core.progress import Evaluation, history_rows
from textcnn.insight.run_list import changed_options
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint


def load_whole(path: Path) -> Checkpoint:
    """A checkpoint, with what training goes on from where the file holds it.

    Raises:
        UserError: it is missing, damaged, not a checkpoint or from a newer version.
    """
    try:
        return load_checkpoint(path, for_training=True)
    except UserError:  # Of an ensemble, a small copy, or, as will now be said, of nothing at all.
        return load_checkpoint(path)


def history_of(checkpoint: Checkpoint) -> tuple[list[Evaluation], int]:
    """The evaluations that a checkpoint holds, and the step of the one that dev chose; or -1."""
    state = checkpoint.training
    return ([], -1) if state is None else (state.history, state.choice.best_step)


def written(path: Path) -> str:
    """When a file was, by the file system."""
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime)
    return changed.isoformat(timespec="seconds")


def facts(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """All of it as plain values, for JSON."""
    config, thresholds = checkpoint.config, checkpoint.thresholds
    history, best_step = history_of(checkpoint)
    return {
        "checkpoint": str(path),
        "file_size": path.stat().st_size,
        "written": written(path),
        "written_by": dict(checkpoint.written_by),
        "data": list(config.data),
        "source": checkpoint.source,
        "fingerprint": checkpoint.fingerprint,
        "options": config.as_dict(),
        "changed_options": changed_options(config),
        "labels": dict(zip(checkpoint.labels, checkpoint.label_counts.tolist(), strict=True)),
        "words": len(checkpoint.vocabulary),
        "networks": len(checkpoint.networks),
        "arrays": {
            name: {"shape": list(array.shape), "numbers": array.size}
            for name, array in checkpoint.networks[0].items()
        },
        "fusion": {
            "weights": checkpoint.fusion.weights.tolist(),
            "bias": checkpoint.fusion.bias.tolist(),
        },
        "thresholds": None if thresholds is None else thresholds.tolist(),
        "history": history_rows(history) if checkpoint.training is not None else None,
        "best_step": None if best_step < 0 else best_step,
    }


def fusion_words(checkpoint: Checkpoint) -> str:
    """What each expert's logits are multiplied by."""
    weights = [f"{weight:.3f}" for weight in checkpoint.fusion.weights.tolist()]
    if len(weights) == 1:
        return f"logits times {weights[0]}"
    return f"network's logits times {weights[0]}, n-grams' times {weights[1]}"
