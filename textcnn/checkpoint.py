"""Checkpoints: one HDF5 file that holds everything a model is.

``h5ls -r`` lists it::

    /average/...                  the parameters as they are trained, where an average answers
    /calibration/temperature      what the logits are divided by
    /config/<option>              the options of the run
    /data/{fingerprint,source}    what it was trained on
    /ensemble/<n>/<parameter>     the second and further networks of an ensemble
    /evidence/<kind>/...          what counting the training sentences says of words and n-grams
    /history/<column>             the evaluations so far
    /labels/{names,counts}        the classes, and their sentences in training
    /optimizer/steps, /optimizer/slots/<slot>/<parameter>
    /parameters/<parameter>       see textcnn.architecture
    /progress/<name>              where training stands
    /random_state                 of the generator, as JSON
    /seen/hashes                  of the training sentences
    /vocabulary                   number 0 is the unknown word
    /written_by/<program>         versions

A file is hostile until checked: links that lead elsewhere, data sets whose bytes are not all there,
wrong types and shapes are refused before anything is read into memory, and nothing is executed.
"""

import dataclasses
import datetime
import io
import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textcnn import __version__
from textcnn.architecture import Architecture, Parameters, kinds_of_evidence
from textcnn.averaging import MovingAverage
from textcnn.config import Config
from textcnn.errors import UserError
from textcnn.evidence.naive_bayes import Evidence, NaiveBayes
from textcnn.files import replacing
from textcnn.training import Evaluation, Progress
from textcnn.vocabulary import Vocabulary

FORMAT = "textcnn checkpoint"
FORMAT_VERSION = 2

BEFORE_VERSION_2 = {
    "averaging": 0.0,
    "best_by": "accuracy",
    "dropout_draw": "sentence",
    "ensemble": 1,
    "ngrams": 0,
    "refit": False,
    "subwords": 0,
}
"""What a run did before there were options for it."""

TEXTS_AT_ONCE = 64
"""Texts read together; see :meth:`_Reader._texts`."""


@dataclass(frozen=True)
class TrainingState:
    """What resuming needs besides the parameters.

    Attributes:
        steps: the optimizer's step count.
        slots: the optimizer's arrays.
        random_state: of the NumPy bit generator.
        progress: where the loop stands.
        parameters: as the optimizer left them.
        average: of the parameters, or None; it may be some steps behind.
    """

    steps: int
    slots: dict[str, np.ndarray]
    random_state: dict[str, Any]
    progress: Progress
    parameters: Parameters
    average: MovingAverage | None


@dataclass(frozen=True)
class Checkpoint:
    """A model, and where it came from.

    Attributes:
        config: the resolved options.
        labels: names of the classes, in class order.
        label_counts: (C,) training sentences of each class.
        vocabulary: the words.
        parameters: the arrays of the network, averaged where the run averages.
        seen: (N,) uint64 hashes of the training sentences (:mod:`textcnn.seen`).
        fingerprint: SHA-256 of all data the run was given, training part or not.
        source: one line about that data.
        naive_bayes: what counting the training sentences says, where the network weighs it.
        temperature: what the logits are divided by (:mod:`textcnn.calibration`).
        others: the second and further networks of an ensemble, whose logits are averaged.
        written_by: versions of the programs that wrote it; empty for one not written yet.
        training: what resuming needs; None where it was not asked for.
    """

    config: Config
    labels: list[str]
    label_counts: np.ndarray
    vocabulary: Vocabulary
    parameters: Parameters
    seen: np.ndarray
    fingerprint: str
    source: str
    naive_bayes: NaiveBayes | None = None
    temperature: float = 1.0
    others: tuple[Parameters, ...] = ()
    written_by: dict[str, str] = dataclasses.field(default_factory=dict)
    training: TrainingState | None = None

    @property
    def architecture(self) -> Architecture:
        """The shapes of the network."""
        return architecture_of(
            self.config, len(self.vocabulary), len(self.labels), self.naive_bayes
        )


def architecture_of(
    config: Config, vocabulary_size: int, num_classes: int, naive_bayes: NaiveBayes | None
) -> Architecture:
    """The shapes a resolved configuration asks for, the counts being these."""
    evidence = [] if naive_bayes is None else naive_bayes.evidence
    # A word's parts cannot be told apart in its sum, so there is nothing of theirs to correct.
    corrected = [kind for kind in evidence if config.correction_rate and kind.name != "subwords"]
    return Architecture(
        mode=config.mode or "",
        vocabulary_size=vocabulary_size,
        embedding_dim=config.embedding_dim,
        filter_sizes=config.filter_sizes,
        num_filters=config.num_filters,
        num_classes=num_classes,
        evidence=tuple(kind.name for kind in evidence),
        corrections=tuple((kind.name, len(kind.values)) for kind in corrected),
    )


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write ``checkpoint`` to ``path`` atomically; without its training state none can resume it.

    Raises:
        UserError: the folder cannot be written to.
        RunError: writing failed, for instance because the disk is full.
    """
    with replacing(path) as aside, _PatientFile(aside) as stream, h5py.File(stream, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        _write(file, "calibration", {"temperature": checkpoint.temperature}, "of the logits")
        _write(file, "config", checkpoint.config.as_dict(), "options of the run")
        _write(file, "data", _data(checkpoint), "what the run was given")
        labels = {"names": checkpoint.labels, "counts": checkpoint.label_counts}
        _write(file, "labels", labels, "classes, and their training sentences")
        _write(file, "parameters", checkpoint.parameters, "arrays of the network")
        _write(file, "seen", {"hashes": checkpoint.seen}, "SHA-256 of training sentences, cut")
        _write(file, "vocabulary", checkpoint.vocabulary.words, "words by number")
        _write(file, "written_by", _versions(), "versions, and when")
        if checkpoint.others:
            numbered = {str(number): arrays for number, arrays in enumerate(checkpoint.others, 1)}
            _write(file, "ensemble", numbered, "further networks, by number")
        if checkpoint.naive_bayes is not None:
            kinds = _evidence(checkpoint.naive_bayes)
            _write(file, "evidence", kinds, "log-likelihoods of words and n-grams, by class")
        if checkpoint.training is not None:
            _write_training(file, checkpoint.training)


def _write_training(file: h5py.File, state: TrainingState) -> None:
    _write(file, "history", _columns(state.progress.history), "evaluations so far")
    optimizer = {"steps": state.steps, "slots": state.slots}
    _write(file, "optimizer", optimizer, "arrays kept for each parameter")
    _write(file, "progress", _position(state.progress), "where training stands")
    _write(file, "random_state", json.dumps(state.random_state), "generator's state, JSON")
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


def load_checkpoint(path: Path, for_training: bool = False) -> Checkpoint:
    """Read and check a checkpoint.

    Args:
        path: the file.
        for_training: also read what resuming needs.

    Raises:
        UserError: there is no such file, it is not a checkpoint, is damaged, or was written by a
            newer version.
    """
    try:
        with h5py.File(path, "r", locking=False) as file:
            _check_format(path, file)
            return _Reader(path, file).checkpoint(for_training)
    except FileNotFoundError:
        raise UserError(f"{path}: no such checkpoint; train one with: python train.py") from None
    except (PermissionError, IsADirectoryError) as error:
        # h5py puts the library's whole report, of several lines, where strerror should be.
        raise UserError(f"{path}: {os.strerror(error.errno or 0)}") from error
    except (
        OSError,
        LookupError,
        ValueError,
        RuntimeError,
        TypeError,
        ArithmeticError,
        MemoryError,
    ) as error:
        raise _damaged(path, _first_line(error)) from error


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


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"{path}: not a textcnn checkpoint, or damaged ({reason}); use another one, "
        "such as the run's best.h5 or last.h5"
    )


def _check_format(path: Path, file: h5py.File) -> None:
    if file.attrs.get("format") != FORMAT:
        raise _damaged(path, "an HDF5 file, but without this format's mark")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise UserError(
            f"{path}: written in format {version} by a newer textcnn; this one reads up to "
            f"{FORMAT_VERSION}: upgrade it"
        )


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


def _evidence(naive_bayes: NaiveBayes) -> dict[str, dict[str, np.ndarray]]:
    return {
        kind.name: {"values": kind.values} | ({} if kind.keys is None else {"keys": kind.keys})
        for kind in naive_bayes.evidence
    }


def _versions() -> dict[str, str]:
    return {
        "textcnn": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


class _Reader:
    """Reads parts of a checkpoint, each checked before its bytes are.

    Every failed check raises ValueError, which :func:`load_checkpoint` turns into its one line.
    """

    def __init__(self, path: Path, file: h5py.File):
        self.path = path
        self.file = file
        self.version = int(file.attrs["format_version"])

    def checkpoint(self, for_training: bool) -> Checkpoint:
        config = self._config()
        labels = self._strings("labels/names")
        if len(labels) < 2 or len(set(labels)) != len(labels):
            raise ValueError("labels must be two or more, all different")
        vocabulary = Vocabulary(self._strings("vocabulary"))
        naive_bayes = self._naive_bayes(config, len(vocabulary), len(labels))
        architecture = architecture_of(config, len(vocabulary), len(labels), naive_bayes)
        parameters = self._parameters("parameters", architecture)
        return Checkpoint(
            config=config,
            labels=labels,
            label_counts=self._array("labels/counts", "i", (len(labels),)),
            vocabulary=vocabulary,
            parameters=parameters,
            seen=self._array("seen/hashes", "u", (None,)),
            fingerprint=self._string("data/fingerprint"),
            source=self._string("data/source"),
            naive_bayes=naive_bayes,
            temperature=self._temperature(),
            others=tuple(
                self._parameters(f"ensemble/{number}", architecture)
                for number in range(1, config.ensemble)
                if self._exists("ensemble")
            ),
            written_by={
                name: self._string(f"written_by/{name}") for name in self._names("written_by")
            },
            training=self._training(architecture, parameters) if for_training else None,
        )

    def _parameters(self, path: str, architecture: Architecture) -> Parameters:
        parameters = {
            name: self._array(f"{path}/{name}", "f", shape)
            for name, shape in architecture.shapes().items()
        }
        if not all(np.isfinite(array).all() for array in parameters.values()):
            raise ValueError("a parameter is not a finite number")
        return parameters

    def _temperature(self) -> float:
        if self.version < 2:
            return 1.0
        temperature = float(self._array("calibration/temperature", "f", ()))
        if not (np.isfinite(temperature) and temperature > 0):
            raise ValueError("calibration/temperature is not a positive number")
        return temperature

    def _naive_bayes(self, config: Config, num_words: int, num_classes: int) -> NaiveBayes | None:
        kinds, longer = [], 2
        for name in kinds_of_evidence(config.ngrams, config.subwords):
            keys, order, rows = None, 1, num_words
            if name not in ("words", "subwords"):
                keys, order, longer = self._keys(name, num_words**longer), longer, longer + 1
                rows = len(keys) + 1
            values = self._array(f"evidence/{name}/values", "f", (rows, num_classes))
            if not np.isfinite(values).all():
                raise ValueError(f"evidence/{name}/values holds no finite number")
            kinds.append(Evidence(name, order, keys, values))
        return NaiveBayes(kinds, num_words) if kinds else None

    def _keys(self, name: str, end: int) -> np.ndarray:
        """N-grams in ascending order, below ``end``."""
        keys = self._array(f"evidence/{name}/keys", "i", (None,))
        inside = len(keys) == 0 or (keys[0] >= 0 and int(keys[-1]) < end)
        if not inside or (np.diff(keys) <= 0).any():
            raise ValueError(f"evidence/{name}/keys are no n-grams")
        return keys

    def _config(self) -> Config:
        values: dict[str, Any] = dict(BEFORE_VERSION_2) if self.version < 2 else {}
        for name in self._names("config"):
            node = self._dataset(f"config/{name}")
            value = self._strings(node.name) if node.dtype.kind == "O" else node[()]
            values[name] = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            if node.shape == () and isinstance(value, list):
                values[name] = value[0]
        try:
            return Config.from_mapping(values, "config")
        except UserError as error:
            raise ValueError(str(error)) from error

    def _training(self, architecture: Architecture, parameters: Parameters) -> TrainingState:
        if not self._exists("optimizer"):
            raise ValueError("an ensemble's finished networks, with nothing to go on from")
        average = self._average(architecture) if self._exists("average") else None
        if average is not None:
            shapes = architecture.shapes()
            parameters = parameters | {
                name: self._array(f"average/trained/{name}", "f", shapes[name])
                for name in architecture.trained
            }
        return TrainingState(
            steps=int(self._array("optimizer/steps", "i", ())),
            slots=self._slots(architecture),
            random_state=json.loads(self._string("random_state")),
            progress=self._progress(architecture),
            parameters=parameters,
            average=average,
        )

    def _average(self, architecture: Architecture) -> MovingAverage:
        decay = float(self._array("average/decay", "f", ()))
        if not 0 <= decay < 1:
            raise ValueError("average/decay is not a share")
        shapes = architecture.shapes()
        average = MovingAverage(
            decay,
            {
                name: self._array(f"average/averages/{name}", "f", shapes[name])
                for name in architecture.trained
            },
        )
        average.steps = {
            name: np.array(self._array(f"average/steps/{name}", "i", steps.shape))
            for name, steps in average.steps.items()
        }
        return average

    def _slots(self, architecture: Architecture) -> dict[str, np.ndarray]:
        """The optimizer's arrays: as their parameter, or one number for each of its rows."""
        slots = {}
        for slot in self._names("optimizer/slots"):
            for name, shape in architecture.shapes().items():
                path = f"optimizer/slots/{slot}/{name}"
                if not self._exists(path):
                    continue
                per_row = len(self._dataset(path).shape) < len(shape)
                kind, expected = ("i", shape[:1]) if per_row else ("f", shape)
                slots[f"{slot}/{name}"] = self._array(path, kind, expected)
        return slots

    def _progress(self, architecture: Architecture) -> Progress:
        names = ["step", "epoch", "batch", "correct", "seen", "best_step"]
        dev_logits = np.zeros((0, architecture.num_classes), np.float32)
        if self.version >= 2:
            names.append("refit_steps")
            dev_logits = self._array("progress/dev_logits", "f", (None, None))
        integers = {name: int(self._array(f"progress/{name}", "i", ())) for name in names}
        order = self._array("progress/order", "i", (None,))
        if not np.array_equal(np.sort(order), np.arange(len(order))):
            raise ValueError("progress/order is not a permutation")
        return Progress(
            **integers,
            order=order,
            dev_logits=dev_logits,
            loss_sum=float(self._array("progress/loss_sum", "f", ())),
            history=self._history(),
            finished=bool(self._array("progress/finished", "b", ())),
        )

    def _history(self) -> list[Evaluation]:
        names = [field.name for field in dataclasses.fields(Evaluation)]
        length = len(self._dataset(f"history/{names[0]}"))
        columns = [self._array(f"history/{name}", "f", (length,)).tolist() for name in names]
        return [Evaluation(int(step), *rest) for step, *rest in zip(*columns, strict=True)]

    def _names(self, path: str) -> list[str]:
        return list(self._node(path, h5py.Group))

    def _string(self, path: str) -> str:
        (text,) = self._strings(path)
        return text

    def _strings(self, path: str) -> list[str]:
        node = self._dataset(path)
        if h5py.check_string_dtype(node.dtype) is None or len(node.shape) > 1:
            raise ValueError(f"{path} is not text")
        return [text.decode("utf-8") for text in self._texts(node)]

    def _texts(self, node: h5py.Dataset) -> list[bytes]:
        """Read a few texts at a time: many could claim the same long one, and fill the memory."""
        if node.shape == ():
            return [node[()]]
        texts: list[bytes] = []
        length, limit = 0, self.path.stat().st_size
        for start in range(0, len(node), TEXTS_AT_ONCE):
            part = node[start : start + TEXTS_AT_ONCE].tolist()
            length += sum(map(len, part))
            if length > limit:
                raise ValueError(f"{node.name} claims more text than the file holds")
            texts += part
        return texts

    def _array(self, path: str, kind: str, shape: tuple[int | None, ...]) -> np.ndarray:
        node = self._dataset(path)
        fits = len(node.shape) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, node.shape, strict=True)
        )
        if node.dtype.kind != kind or not fits:
            raise ValueError(f"{path} has shape {node.shape} and type {node.dtype}")
        return node[()]

    def _dataset(self, path: str) -> h5py.Dataset:
        node = self._node(path, h5py.Dataset)
        # A small file can claim a huge data set: by filters, by bytes kept in other files, or by
        # none written at all. Ours are plain, so all their bytes must be in this file.
        present = node.id.get_storage_size() >= node.size * node.dtype.itemsize
        if node.chunks or node.external or node.is_virtual or not present:
            raise ValueError(f"{path} does not hold its own bytes")
        return node

    def _exists(self, path: str) -> bool:
        """Whether there is something at ``path``, looking step by step so as to follow no link."""
        parent, _, name = path.rpartition("/")
        if parent and not self._exists(parent):
            return False
        return name in (self._node(parent, h5py.Group) if parent else self.file)

    def _node(self, path: str, kind: type) -> Any:
        parent: Any = self.file
        for part in path.strip("/").split("/"):
            link = parent.get(part, getlink=True) if isinstance(parent, h5py.Group) else None
            if link is None:
                raise ValueError(f"{path} is missing")
            # Soft and external links could lead to any file on this machine.
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"{path} is a link")
            parent = parent[part]
        if not isinstance(parent, kind):
            raise ValueError(f"{path} is not a {kind.__name__.lower()}")
        return parent
