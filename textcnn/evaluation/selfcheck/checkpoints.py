"""Checkpoints: what is kept comes back, and what is damaged is refused."""

import tempfile
from pathlib import Path

import h5py
import numpy as np

from textcnn.evaluation.selfcheck.material import any_texts, model
from textcnn.evaluation.selfcheck.result import Result
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.checkpoint.layout import FORMAT

CUTS = 10
"""Lengths that a file is cut to."""


def check_round_trip() -> Result:
    """Keep a network, read it back, and let both answer."""
    kept, texts = model(), any_texts()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.h5"
        save_checkpoint(path, kept)
        size, back = path.stat().st_size, load_checkpoint(path, for_training=True)
    different = _differences(kept, back)
    before, after = (Classifier(one).predict_proba(texts) for one in (kept, back))
    if before.tobytes() != after.tobytes():
        different.append("the probabilities")
    if different:
        return Result(False, f"not as they were kept: {', '.join(different)}")
    return Result(True, f"{size:,} bytes; {len(texts)} sentences with the same probabilities")


def _differences(kept: Checkpoint, back: Checkpoint) -> list[str]:
    names = [
        name
        for name, array in kept.parameters.items()
        if name not in back.parameters or array.tobytes() != back.parameters[name].tobytes()
    ]
    if kept.vocabulary.words != back.vocabulary.words or kept.labels != back.labels:
        names.append("the words or the labels")
    if kept.config != back.config:
        names.append("the options")
    return names


def check_damage() -> Result:
    """Cut a checkpoint short and change bytes of it that matter; each must be refused in a line.

    A change that only turns one number into another cannot be told from the truth, and is not
    tried.
    """
    refused, faults = 0, []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.h5"
        save_checkpoint(path, model())
        for damage, content in _damaged(path).items():
            path.write_bytes(content)
            outcome = _outcome(path)
            refused += outcome == "refused"
            if outcome != "refused":
                faults.append(f"{damage}: {outcome}")
    if faults:
        return Result(False, "; ".join(faults))
    return Result(True, f"{refused} damaged files, each refused")


def _outcome(path: Path) -> str:
    try:
        load_checkpoint(path)
    except UserError:
        return "refused"
    except Exception as error:
        return f"stopped by {type(error).__name__}"
    return "taken for a checkpoint"


def _damaged(path: Path) -> dict[str, bytes]:
    """What the file would hold, by how it is damaged."""
    content = path.read_bytes()
    damaged = {f"cut to {cut} tenths": content[: len(content) * cut // CUTS] for cut in range(CUTS)}
    damaged["without its last byte"] = content[:-1]
    with h5py.File(path, "r") as file:
        weights = file["parameters/dense/weights"]
        place, size = weights.id.get_offset(), weights.id.get_storage_size()
    for damage, begin, new in (
        ("another first byte", 0, bytes([content[0] ^ 1])),
        ("another mark", content.index(FORMAT.encode()), b"T"),
        ("a part with another name", content.index(b"fingerprint"), b"F"),
        ("a weight that is no number", place, np.full(1, np.nan, np.float32).tobytes()),
        ("weights of ones in every bit", place, b"\xff" * size),
    ):
        damaged[damage] = content[:begin] + new + content[begin + len(new) :]
    return damaged
