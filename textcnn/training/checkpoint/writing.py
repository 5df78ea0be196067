"""Writing checkpoints."""

import dataclasses
import datetime
import io
import json
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textcnn import __version__
from textcnn.core.architecture import Parameters
from textcnn.core.trainer import Evaluation, Progress
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.ngrams.counts import Counts
from textcnn.support.files import replacing
from textcnn.training.checkpoint.contents import Checkpoint, TrainingState
from textcnn.training.checkpoint.layout import FORMAT, FORMAT_VERSION
from textcnn.training.checkpoint.quantised import quantise


def save_checkpoint(path: Path, checkpoint: Checkpoint, width: str = "float32") -> None:
    """Write ``checkpoint`` to ``path`` atomically; without its training state none can resume it.

    Args:
        path: the file.
        checkpoint: the model.
        width: how the network's numbers are kept, one of
        :data:`textcnn.training.checkpoint.WIDTHS`; a
            training state needs all of float32.

    Raises:
        UserError: the folder cannot be written to.
        RunError: writing failed, for instance because the disk is full.
    """
    if width != "float32" and checkpoint.training is not None:
        raise ValueError("training cannot go on from numbers of fewer bits")
    with replacing(path) as aside, _PatientFile(aside) as stream, h5py.File(stream, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        _write(file, "calibration", _calibration(checkpoint), "from logits to answers")
        _write(file, "config", checkpoint.config.as_dict(), "options of the run")
        _write(file, "data", _data(checkpoint), "what the run was given")
        labels = {
            "names": checkpoint.labels,
            "counts": checkpoint.label_counts,
            "kind": checkpoint.label_kind,
        }
        _write(file, "labels", labels, "classes, and their training sentences")
        _write_floats(file, "parameters", checkpoint.parameters, width, "arrays of the network")
        seen = {"hashes": checkpoint.seen, "before": checkpoint.seen_before}
        _write(file, "seen", seen, "SHA-256 of training sentences, cut")
        _write(file, "vocabulary", checkpoint.vocabulary.words, "words by number")
        _write(file, "written_by", _versions(), "versions, and when")
        if checkpoint.others:
            numbered = {
                f"{number}/{name}": array
                for number, arrays in enumerate(checkpoint.others, 1)
                for name, array in arrays.items()
            }
            _write_floats(file, "ensemble", numbered, width, "further networks, by number")
        if checkpoint.naive_bayes is not None:
            kinds = checkpoint.naive_bayes.evidence
            values = {f"{kind.name}/values": kind.values for kind in kinds}
            described = "log-likelihoods of words and n-grams, by class"
            _write_floats(file, "evidence", values, width, described)
            for kind in kinds:
                if kind.keys is not None:
                    _write(file, f"evidence/{kind.name}/keys", kind.keys)
        if checkpoint.training is not None:
            _write_training(file, checkpoint.training)


def _write_training(file: h5py.File, state: TrainingState) -> None:
    _write(file, "history", _columns(state.progress.history), "evaluations so far")
    optimizer = {"steps": state.steps, "slots": state.slots}
    _write(file, "optimizer", optimizer, "arrays kept for each parameter")
    _write(file, "progress", _position(state.progress), "where training stands")
    _write(file, "random_state", json.dumps(state.random_state), "generator's state, JSON")
    if state.counts is not None:
        _write(file, "counts", _counts(state.counts), "training sentences of each class")
    if state.average is not None:
        _write_average(file, state.average, state.parameters)


def _write_average(file: h5py.File, average: MovingAverage, parameters: Parameters) -> None:
    trained = {name: parameters[name] for name in average.arrays}
    state = {"decay": average.decay, "steps": average.steps, "trained": trained}
    _write(file, "average", state, "parameters as trained, and their average, perhaps behind")
    if average.is_behind(int(file["progress/step"][()])):
        _write(file, "average/averages", average.arrays)
    else:  # The network's own arrays: a second name for the same bytes.
        file["average/averages"] = file["parameters"]


class _PatientFile(io.FileIO):
    """A file that keeps its first error to itself until it is closed.

    When a write fails, on a full disk, HDF5 is left in a state that can crash the process. It never
    hears of it; the file is given up a moment later anyway.
    """

    def __init__(self, path: Path):
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of ``data``, or keep the error and pretend to have."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while written < len(view) and self._error is None:
                written += super().write(view[written:])
        except OSError as error:
            self._error = error
        return len(view)

    def __exit__(self, *exception: object) -> None:
        self.close()
        if self._error is not None:
            raise self._error


def share_file(source: Path, target: Path) -> None:
    """Make ``target`` the same content as ``source``, atomically, sharing the bytes on disk.

    A hard link costs nothing, and is safe because a checkpoint is replaced, never changed. Where
    the file system has no links it is copied.
    """
    with replacing(target) as aside:
        aside.unlink()
        try:
            aside.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, aside)


def _write_floats(
    file: h5py.File, group: str, arrays: Mapping[str, np.ndarray], width: str, description: str
) -> None:
    """Write arrays below ``group``, and below ``scales/<group>`` what bytes are multiplied by."""
    parts = {name: quantise(_without_number(name), array, width) for name, array in arrays.items()}
    _write(file, group, {name: kept for name, (kept, _) in parts.items()}, description)
    for name, (_, scales) in parts.items():
        if scales is not None:
            _write(file, f"scales/{group}/{name}", scales)


def _without_number(name: str) -> str:
    """``dense/bias`` for ``1/dense/bias``, of the second network of an ensemble."""
    number, _, rest = name.partition("/")
    return rest if number.isdigit() else name


def _write(parent: h5py.Group, name: str, value: Any, description: str = "") -> None:
    """Write a dict as a group and anything else as a contiguous data set."""
    if isinstance(value, Mapping):
        node = parent.require_group(name)
        for key, part in value.items():
            _write(node, key, part)
    elif isinstance(value, str) or (
        isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
    ):
        node = parent.create_dataset(name, data=value, dtype=h5py.string_dtype())
    else:
        node = parent.create_dataset(name, data=value)
    if description:
        node.attrs["description"] = description


def _data(checkpoint: Checkpoint) -> dict[str, str]:
    return {"fingerprint": checkpoint.fingerprint, "source": checkpoint.source}


def _columns(history: list[Evaluation]) -> dict[str, np.ndarray]:
    rows = [dataclasses.astuple(evaluation) for evaluation in history]
    names = [field.name for field in dataclasses.fields(Evaluation)]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    return {name: table[:, column] for column, name in enumerate(names)}


def _position(progress: Progress) -> dict[str, Any]:
    """Progress without its history, which has a group of its own."""
    names = (field.name for field in dataclasses.fields(Progress) if field.name != "history")
    return {name: getattr(progress, name) for name in names}


def _calibration(checkpoint: Checkpoint) -> dict[str, Any]:
    values: dict[str, Any] = {"temperature": checkpoint.temperature}
    if checkpoint.thresholds is not None:
        values["thresholds"] = checkpoint.thresholds
    return values


def _counts(counts: Counts) -> dict[str, dict[str, np.ndarray]]:
    """The counts; the n-grams that they are of stand with what they say."""
    return {
        kind.name: {"classes": kind.items.counts.astype(np.int32)}
        | (
            {}
            if kind.items.sentences is None
            else {"sentences": kind.items.sentences.astype(np.int32)}
        )
        for kind in counts.kinds
    }


def _versions() -> dict[str, str]:
    return {
        "textcnn": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
