"""Reading checkpoints."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textcnn.core.architecture import Architecture, Parameters, kinds_of_evidence
from textcnn.core.trainer import Evaluation, Progress
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.label_kinds import TEXT, check_kind
from textcnn.data.tokenizer_choice import AUTO
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.ngrams.counts import Counts, KindCounts
from textcnn.recipe.ngrams.item_counts import ItemCounts
from textcnn.recipe.ngrams.naive_bayes import Evidence, NaiveBayes
from textcnn.support.errors import UserError
from textcnn.support.program import how_to_train
from textcnn.training.checkpoint.contents import Checkpoint, TrainingState, architecture_of
from textcnn.training.checkpoint.hdf5 import CheckedFile
from textcnn.training.checkpoint.layout import BEFORE_VERSION_2, FORMAT, FORMAT_VERSION
from textcnn.training.config import Config


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
        raise UserError(f"{path}: no such checkpoint; {how_to_train()}") from None
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


class _Reader:
    """Reads parts of a checkpoint, each checked before its bytes are.

    Every failed check raises ValueError, which :func:`load_checkpoint` turns into its one line.
    """

    def __init__(self, path: Path, file: h5py.File):
        self._file = CheckedFile(path, file)
        self.version = int(file.attrs["format_version"])

    def checkpoint(self, for_training: bool) -> Checkpoint:
        config = self._config()
        labels = self._file.strings("labels/names")
        if len(labels) < 2 or len(set(labels)) != len(labels):
            raise ValueError("labels must be two or more, all different")
        vocabulary = Vocabulary(self._file.strings("vocabulary"))
        naive_bayes = self._naive_bayes(config, len(vocabulary), len(labels))
        architecture = architecture_of(config, len(vocabulary), len(labels), naive_bayes)
        parameters = self._parameters("parameters", architecture)
        return Checkpoint(
            config=config,
            labels=labels,
            label_counts=self._file.array("labels/counts", "i", (len(labels),)),
            vocabulary=vocabulary,
            parameters=parameters,
            seen=self._file.array("seen/hashes", "u", (None,)),
            fingerprint=self._file.string("data/fingerprint"),
            source=self._file.string("data/source"),
            naive_bayes=naive_bayes,
            temperature=self._temperature(),
            thresholds=self._thresholds(len(labels)) if config.multilabel else None,
            seen_before=(
                self._file.array("seen/before", "u", (None,))
                if self.version >= 3
                else np.zeros(0, np.uint64)
            ),
            label_kind=self._label_kind(labels),
            others=tuple(
                self._parameters(f"ensemble/{number}", architecture)
                for number in range(1, config.ensemble)
                if self._file.exists("ensemble")
            ),
            written_by={
                name: self._file.string(f"written_by/{name}")
                for name in self._file.names("written_by")
            },
            training=(
                self._training(architecture, parameters, vocabulary, config, naive_bayes)
                if for_training
                else None
            ),
        )

    def _label_kind(self, labels: list[str]) -> str:
        if self.version < 3:
            return TEXT
        kind = self._file.string("labels/kind")
        check_kind(labels, kind)
        return kind

    def _thresholds(self, num_classes: int) -> np.ndarray:
        thresholds = self._file.array("calibration/thresholds", "f", (num_classes,))
        if not ((thresholds >= 0) & (thresholds <= 1)).all():
            raise ValueError("calibration/thresholds are no probabilities")
        return thresholds

    def _parameters(self, path: str, architecture: Architecture) -> Parameters:
        return {
            name: self._file.floats(f"{path}/{name}", shape)
            for name, shape in architecture.shapes().items()
        }

    def _temperature(self) -> float:
        if self.version < 2:
            return 1.0
        temperature = float(self._file.array("calibration/temperature", "f", ()))
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
            values = self._file.floats(f"evidence/{name}/values", (rows, num_classes))
            kinds.append(Evidence(name, order, keys, values))
        return NaiveBayes(kinds, num_words) if kinds else None

    def _keys(self, name: str, end: int) -> np.ndarray:
        """N-grams in ascending order, below ``end``."""
        keys = self._file.array(f"evidence/{name}/keys", "i", (None,))
        inside = len(keys) == 0 or (keys[0] >= 0 and int(keys[-1]) < end)
        if not inside or (np.diff(keys) <= 0).any():
            raise ValueError(f"evidence/{name}/keys are no n-grams")
        return keys

    def _config(self) -> Config:
        values: dict[str, Any] = dict(BEFORE_VERSION_2) if self.version < 2 else {}
        for name in self._file.names("config"):
            node = self._file.dataset(f"config/{name}")
            value = self._file.strings(node.name) if node.dtype.kind == "O" else node[()]
            values[name] = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            if node.shape == () and isinstance(value, list):
                values[name] = value[0]
        if values.get("tokenizer") == AUTO:
            raise ValueError("tokenizer auto is a choice to be made, not one of a network's")
        try:
            return Config.from_mapping(values, "config")
        except UserError as error:
            raise ValueError(str(error)) from error

    def _training(
        self,
        architecture: Architecture,
        parameters: Parameters,
        vocabulary: Vocabulary,
        config: Config,
        naive_bayes: NaiveBayes | None,
    ) -> TrainingState:
        if not self._file.exists("optimizer"):
            raise ValueError("an ensemble's finished networks, with nothing to go on from")
        average = self._average(architecture) if self._file.exists("average") else None
        if average is not None:
            shapes = architecture.shapes()
            parameters = parameters | {
                name: self._file.array(f"average/trained/{name}", "f", shapes[name])
                for name in architecture.trained
            }
        return TrainingState(
            steps=int(self._file.array("optimizer/steps", "i", ())),
            slots=self._slots(architecture),
            random_state=json.loads(self._file.string("random_state")),
            progress=self._progress(architecture),
            parameters=parameters,
            average=average,
            counts=self._counts(vocabulary, config, naive_bayes),
        )

    def _counts(
        self, vocabulary: Vocabulary, config: Config, naive_bayes: NaiveBayes | None
    ) -> Counts | None:
        if naive_bayes is None or not self._file.exists("counts"):
            return None
        counts = Counts.none(vocabulary.words, config.subwords)
        kinds = []
        for kind in naive_bayes.evidence:
            size = counts.number_of_items(kind.name) if kind.keys is None else len(kind.keys)
            shape = (size, kind.values.shape[1])
            sentences = None
            if config.multilabel:
                sentences = self._file.whole_numbers(f"counts/{kind.name}/sentences", shape[:1])
            items = ItemCounts(
                self._file.whole_numbers(f"counts/{kind.name}/classes", shape), sentences
            )
            if sentences is not None and (items.counts > sentences[:, None]).any():
                raise ValueError(f"counts/{kind.name} has more in a class than in all")
            kinds.append(KindCounts(kind.name, kind.order, kind.keys, items))
        return dataclasses.replace(counts, kinds=tuple(kinds))

    def _average(self, architecture: Architecture) -> MovingAverage:
        decay = float(self._file.array("average/decay", "f", ()))
        if not 0 <= decay < 1:
            raise ValueError("average/decay is not a share")
        shapes = architecture.shapes()
        average = MovingAverage(
            decay,
            {
                name: self._file.array(f"average/averages/{name}", "f", shapes[name])
                for name in architecture.trained
            },
        )
        average.steps = {
            name: np.array(self._file.array(f"average/steps/{name}", "i", steps.shape))
            for name, steps in average.steps.items()
        }
        return average

    def _slots(self, architecture: Architecture) -> dict[str, np.ndarray]:
        """The optimizer's arrays: as their parameter, or one number for each of its rows."""
        slots = {}
        for slot in self._file.names("optimizer/slots"):
            for name, shape in architecture.shapes().items():
                path = f"optimizer/slots/{slot}/{name}"
                if not self._file.exists(path):
                    continue
                per_row = len(self._file.dataset(path).shape) < len(shape)
                kind, expected = ("i", shape[:1]) if per_row else ("f", shape)
                slots[f"{slot}/{name}"] = self._file.array(path, kind, expected)
        return slots

    def _progress(self, architecture: Architecture) -> Progress:
        names = ["step", "epoch", "batch", "correct", "seen", "best_step"]
        dev_logits = np.zeros((0, architecture.num_classes), np.float32)
        if self.version >= 2:
            names.append("refit_steps")
            dev_logits = self._file.array("progress/dev_logits", "f", (None, None))
        integers = {name: int(self._file.array(f"progress/{name}", "i", ())) for name in names}
        order = self._file.array("progress/order", "i", (None,))
        if not np.array_equal(np.sort(order), np.arange(len(order))):
            raise ValueError("progress/order is not a permutation")
        return Progress(
            **integers,
            order=order,
            dev_logits=dev_logits,
            loss_sum=float(self._file.array("progress/loss_sum", "f", ())),
            history=self._history(),
            finished=bool(self._file.array("progress/finished", "b", ())),
        )

    def _history(self) -> list[Evaluation]:
        names = [field.name for field in dataclasses.fields(Evaluation)]
        if self.version < 3:
            names.remove("dev_macro_f1")
        length = len(self._file.dataset(f"history/{names[0]}"))
        columns = [self._file.array(f"history/{name}", "f", (length,)).tolist() for name in names]
        return [Evaluation(int(step), *rest) for step, *rest in zip(*columns, strict=True)]
