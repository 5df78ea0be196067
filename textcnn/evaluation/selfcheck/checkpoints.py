"""Checkpoints: what is kept comes back, and what is damaged is refused."""

import tempfile
from pathlib import Path

import numpy as np

from textcnn.evaluation.selfcheck.material import any_texts, model
from textcnn.evaluation.selfcheck.result import Result
from textcnn.inference.classifier import Classifier
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

CUTS = 10
"""Lengths that a file is cut to."""

FLIPS = 50
"""Bits that are flipped, one at a time."""


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
        for name, array in kept.networks[0].items()
        if name not in back.networks[0] or array.tobytes() != back.networks[0][name].tobytes()
    ]
    if kept.vocabulary.words != back.vocabulary.words or kept.labels != back.labels:
        names.append("the words or the labels")
    if kept.config != back.config:
        names.append("the options")
    return names


def check_damage() -> Result:
    """Cut a checkpoint short and flip bits anywhere in it; each must be refused in a line."""
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
    for byte in np.linspace(0, len(content) - 1, FLIPS).astype(int).tolist():
        flipped = bytes([content[byte] ^ 1])
        damaged[f"with a bit of byte {byte} flipped"] = (
            content[:byte] + flipped + content[byte + 1 :]
        )
    return damaged
