"""Facts about a checkpoint: its origin, its options, its sizes and its history."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.progress import history_rows
from textcnn.insight.run_list import changed_options
from textcnn.training.checkpoint import Checkpoint


def written_at(path: Path) -> str:
    """When a file was last written, by the file system."""
    changed = datetime.datetime.fromtimestamp(path.stat().st_mtime)
    return changed.isoformat(timespec="seconds")


def facts(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """All of it as plain values, for JSON."""
    config, thresholds = checkpoint.config, checkpoint.thresholds
    return {
        "checkpoint": str(path),
        "file_size": path.stat().st_size,
        "written": written_at(path),
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
        "history": history_rows(checkpoint.history),
        "best_step": None if checkpoint.best_step < 0 else checkpoint.best_step,
    }


def network_words(networks: Sequence[Parameters], architecture: Architecture) -> str:
    """What a network is made of, or each of several, and how large it is."""
    several = f"{len(networks)} networks, each " if len(networks) > 1 else ""
    numbers = sum(array.size for array in networks[0].values())
    return (
        f"{several}{architecture.mode}, {architecture.vocabulary_size:,} words, "
        f"{architecture.num_filters} filters each of heights "
        f"{','.join(map(str, architecture.filter_sizes))}, {numbers:,} parameters"
    )


def fusion_words(checkpoint: Checkpoint) -> str:
    """What each expert's logits are multiplied by."""
    weights = [f"{weight:.3f}" for weight in checkpoint.fusion.weights.tolist()]
    if len(weights) == 1:
        return f"logits times {weights[0]}"
    return f"network's logits times {weights[0]}, n-grams' times {weights[1]}"
