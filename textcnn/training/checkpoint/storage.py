"""A checkpoint as the facts, arrays and texts of a file, and back again, checked.

========================================  ========================================================
``networks/<i>/<parameter>``              see :mod:`textcnn.core.architecture`
``scales/networks/<i>/<parameter>``       what bytes are multiplied by, where numbers are kept so
``ngrams/...``                            of :class:`textcnn.recipe.ngrams.expert.NgramExpert`
``fusion/weights``, ``fusion/bias``       of :class:`textcnn.recipe.fusion.Fusion`
``thresholds``                            where a sentence may have several labels
``label_counts``                          training sentences of each class
``history``                               what dev has said, a row an evaluation
``seen``, ``held_out/...``                hashes of training, dev and test sentences
``inherited/...``                         those of the model it went on from
texts ``labels``, ``vocabulary``          names of the classes; words by number
text ``labels_before``                    names of that model's classes
``training/...``                          what resuming needs
========================================  ========================================================

The facts are the options, the source of the data, versions, and where training stands.
"""

import dataclasses
import json
import math
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textcnn import __version__
from textcnn.core.architecture import Architecture, Parameters, trained_by_row
from textcnn.core.progress import Evaluation, Progress
from textcnn.core.tokenizers import AUTO
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.fingerprints import Division
from textcnn.data.labels import check_kind
from textcnn.recipe.averaging import MovingAverage, copied
from textcnn.recipe.config import Config
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing
from textcnn.training.checkpoint.container import (
    Container,
    read_container,
    refusal,
    write_container,
)
from textcnn.training.checkpoint.contents import Checkpoint, TrainingState, architecture_of
from textcnn.training.checkpoint.quantised import quantise, restore

_COUNTS = ("step", "epoch", "batch", "correct", "seen", "best_step")
_COLUMNS = tuple(field.name for field in dataclasses.fields(Evaluation))

_FAULTS = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)
"""What facts and arrays that do not fit together raise."""

NOT_MEASURED = -1.0
"""Stands in a history for the figures of dev where there was no dev part."""


def save_checkpoint(path: Path, checkpoint: Checkpoint, width: str = "float32") -> None:
    """Write ``checkpoint`` to ``path`` atomically; without its training state none can resume it.

    What would not be read back is not written, and leaves the file that was there.

    Args:
        path: the file.
        checkpoint: the model.
        width: how the network's numbers are kept, one of
            :data:`textcnn.training.checkpoint.WIDTHS`; a training state needs all of float32.

    Raises:
        UserError: the folder cannot be written to.
        RunError: the checkpoint holds what could not be read back, or writing failed, for instance
            because the disk is full.
    """
    if width != "float32" and checkpoint.training is not None:
        raise ValueError("training cannot go on from numbers of fewer bits")
    stored = _stored(checkpoint, width)
    try:
        _checkpoint(stored, checkpoint.training is not None)
    except _FAULTS as error:
        raise RunError(f"{path} is not written, for it could not be read: {error}") from error
    write_container(path, stored.facts, stored.arrays, stored.texts)


def load_checkpoint(path: Path, for_training: bool = False) -> Checkpoint:
    """Read and check a checkpoint.

    Args:
        path: the file.
        for_training: also read what resuming needs.

    Raises:
        UserError: there is no such file, it is not a checkpoint, is damaged, or was written in
            another format.
    """
    container = read_container(path, lambda name: for_training or not name.startswith("training/"))
    if for_training and "training" not in container.facts:
        raise UserError(
            f"{path}: holds only what predicts; training is resumed from a run's last.h5"
        )
    try:
        return _checkpoint(container, for_training)
    except _FAULTS as error:
        raise refusal(path, str(error) or type(error).__name__) from error


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


# To facts, arrays and texts


def _stored(checkpoint: Checkpoint, width: str) -> Container:
    arrays = {
        "fusion/weights": checkpoint.fusion.weights,
        "fusion/bias": checkpoint.fusion.bias,
        "label_counts": checkpoint.label_counts.astype(np.int64),
        "history": _history_rows(checkpoint.history),
        "seen": checkpoint.train_hashes,
        "held_out/dev": checkpoint.dev_hashes,
        "held_out/test": checkpoint.test_hashes,
    }
    before = checkpoint.inherited
    if before is not None:
        arrays |= {f"inherited/{part}": getattr(before, part) for part in ("train", "dev", "test")}
    for number, parameters in enumerate(checkpoint.networks):
        for name, array in parameters.items():
            kept, scales = quantise(name, array, width)
            arrays[f"networks/{number}/{name}"] = kept
            if scales is not None:
                arrays[f"scales/networks/{number}/{name}"] = scales
    if checkpoint.thresholds is not None:
        arrays["thresholds"] = checkpoint.thresholds
    if checkpoint.ngrams is not None:
        arrays |= _under("ngrams", checkpoint.ngrams.arrays())
    facts = {
        "config": json.loads(json.dumps(checkpoint.config.as_dict())),
        "networks": len(checkpoint.networks),
        "label_kind": checkpoint.label_kind,
        "best_step": checkpoint.best_step,
        "tokenizer_chosen": checkpoint.tokenizer_chosen,
        "fingerprint": checkpoint.fingerprint,
        "source": checkpoint.source,
        "written_by": _versions(),
    }
    if checkpoint.training is not None:
        facts["training"], state = _stored_training(checkpoint.training)
        arrays |= _under("training", state)
    texts = {
        "labels": list(checkpoint.labels),
        "labels_before": [] if before is None else list(before.labels),
        "vocabulary": list(checkpoint.vocabulary.words),
    }
    # Sorted, so that the same contents are the same bytes.
    return Container(facts, dict(sorted(arrays.items())), texts)


def _stored_training(state: TrainingState) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    facts: dict[str, Any] = {
        "steps": state.steps,
        "random_state": state.random_state,
        "progress": _position(state.progress),
    }
    arrays = {
        **_under("slots", state.slots),
        **_under("progress", _progress_arrays(state.progress)),
    }
    if state.first_half is not None:
        facts["chosen"] = _position(state.first_half)
        arrays |= _under("chosen", _progress_arrays(state.first_half))
    if state.ngram_dev_logits is not None:
        arrays["ngram_dev_logits"] = state.ngram_dev_logits
    average = state.average
    if average is not None:
        facts["decay"] = average.decay
        arrays |= _under("trained", {name: state.parameters[name] for name in average.arrays})
        if average.is_behind(state.progress.step):
            arrays |= _under("averages", average.arrays)
            arrays |= _under("averaged_steps", average.steps)
    return facts, arrays


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _position(progress: Progress) -> dict[str, Any]:
    counts = {name: int(getattr(progress, name)) for name in _COUNTS}
    return {**counts, "loss_sum": float(progress.loss_sum), "finished": progress.finished}


def _progress_arrays(progress: Progress) -> dict[str, np.ndarray]:
    return {
        "order": progress.order,
        "dev_logits": progress.dev_logits,
        "history": _history_rows(progress.history),
    }


def _history_rows(history: list[Evaluation]) -> np.ndarray:
    rows = [dataclasses.astuple(evaluation) for evaluation in history]
    values = np.array(rows, np.float64).reshape(len(rows), len(_COLUMNS))
    return np.where(np.isnan(values), NOT_MEASURED, values)


def _versions() -> dict[str, str]:
    import h5py  # Read files are made sense of without it, and it takes longer to load.

    return {
        "textcnn": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
    }


# And back. Every failed check raises ValueError.


def _checkpoint(container: Container, for_training: bool) -> Checkpoint:
    facts, labels = container.facts, container.strings("labels")
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise ValueError("labels must be two or more, all different")
    config, vocabulary = _config(facts), Vocabulary(container.strings("vocabulary"))
    architecture = architecture_of(config, len(vocabulary), len(labels))
    count = _count(facts, "networks")
    if count != config.ensemble:
        raise ValueError(f"{count} networks, and not the {config.ensemble} of the options")
    networks = tuple(_network(container, number, architecture) for number in range(count))
    ngrams = None
    if config.ngrams:
        ngrams = NgramExpert.from_arrays(_below(container.arrays, "ngrams"), vocabulary.words)
        if ngrams.num_classes != len(labels):
            raise ValueError(f"ngrams is of {ngrams.num_classes} labels")
        if ngrams.subwords != config.subwords or max(ngrams.orders, default=0) > config.ngrams:
            raise ValueError("ngrams are not those of the options")
    check_kind(labels, str(facts["label_kind"]))
    label_counts = container.array("label_counts", "i", (len(labels),))
    if (label_counts < 0).any():
        raise ValueError("label_counts are below 0")
    return Checkpoint(
        config=config,
        labels=labels,
        label_counts=label_counts,
        vocabulary=vocabulary,
        networks=networks,
        ngrams=ngrams,
        fusion=_fusion(container, 1 if ngrams is None else 2, len(labels)),
        train_hashes=container.array("seen", "u", (None,)),
        rounded=any(
            array.dtype != np.float32
            for name, array in container.arrays.items()
            if name.startswith("networks/")
        ),
        history=_history(container, "history"),
        best_step=_count(facts, "best_step", -1),
        fingerprint=str(facts["fingerprint"]),
        source=str(facts["source"]),
        thresholds=_thresholds(container, len(labels)) if config.multilabel else None,
        dev_hashes=container.array("held_out/dev", "u", (None,)),
        test_hashes=container.array("held_out/test", "u", (None,)),
        inherited=_inherited(container),
        label_kind=str(facts["label_kind"]),
        tokenizer_chosen=facts["tokenizer_chosen"] is True,
        written_by={str(name): str(value) for name, value in facts["written_by"].items()},
        training=_training(container, networks[0], architecture) if for_training else None,
    )


def _inherited(container: Container) -> Division | None:
    labels = container.strings("labels_before")
    if not labels:
        return None
    train, dev, test = (
        container.array(f"inherited/{part}", "u", (None,)) for part in ("train", "dev", "test")
    )
    return Division(train, dev, test, tuple(labels))


def _config(facts: Mapping[str, Any]) -> Config:
    try:
        config = Config.from_mapping(dict(facts["config"]), "config")
    except UserError as error:
        raise ValueError(str(error)) from error
    if config.tokenizer == AUTO:
        raise ValueError("tokenizer auto is a choice to be made, not one of a network's")
    return config


def _count(facts: Mapping[str, Any], name: str, least: int = 0) -> int:
    """A whole number, not less than so many."""
    value = facts[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} is not a whole number from {least}")
    return value


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    start = f"{prefix}/"
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def _network(container: Container, number: int, architecture: Architecture) -> Parameters:
    parameters = {}
    for name, shape in architecture.shapes().items():
        path = f"networks/{number}/{name}"
        scales = container.arrays.get(f"scales/{path}")
        kept = container.array(path, "f" if scales is None else "i", shape)
        if scales is not None and (
            scales.ndim != len(shape) or np.broadcast_shapes(scales.shape, shape) != shape
        ):
            raise ValueError(f"scales/{path} has shape {scales.shape}")
        parameters[name] = restore(kept, scales)
        # A number that is not finite makes a sum that is none, with no array of truths beside it.
        with np.errstate(invalid="ignore"):
            total = parameters[name].sum(dtype=np.float64)
        if not math.isfinite(total):
            raise ValueError(f"{path} holds numbers that are too large")
    return parameters


def _fusion(container: Container, experts: int, classes: int) -> Fusion:
    weights = container.array("fusion/weights", "f", (experts,))
    if not (weights > 0).all():
        raise ValueError("fusion/weights are not above 0")
    return Fusion(weights, container.array("fusion/bias", "f", (classes,)))


def _thresholds(container: Container, classes: int) -> np.ndarray:
    thresholds = container.array("thresholds", "f", (classes,))
    if not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError("thresholds are no probabilities")
    return thresholds


def _training(
    container: Container, predicting: Parameters, architecture: Architecture
) -> TrainingState:
    facts = container.facts["training"]
    arrays = _below(container.arrays, "training")
    state = Container(facts, arrays, {})
    classes = architecture.num_classes
    progress = _progress(state, "progress", classes)
    parameters, average = predicting, None
    if "decay" in facts:
        trained = {name: _parameter(state, "trained", name, architecture)
                   for name in architecture.trained}  # fmt: skip
        average = _average(state, predicting, architecture, progress.step)
        parameters = predicting | trained
    dev_logits = arrays.get("ngram_dev_logits")
    if dev_logits is not None:
        dev_logits = state.array("ngram_dev_logits", "f", (None, classes))
    if not isinstance(facts["random_state"], dict):
        raise ValueError("random_state is not a generator's")
    return TrainingState(
        steps=_count(facts, "steps"),
        slots=_slots(state, architecture),
        random_state=facts["random_state"],
        progress=progress,
        first_half=_progress(state, "chosen", classes) if "chosen" in facts else None,
        parameters=parameters,
        average=average,
        ngram_dev_logits=dev_logits,
    )


def _parameter(state: Container, group: str, name: str, architecture: Architecture) -> np.ndarray:
    return state.array(f"{group}/{name}", "f", architecture.shapes()[name])


def _average(
    state: Container, predicting: Parameters, architecture: Architecture, step: int
) -> MovingAverage:
    decay = state.facts["decay"]
    if not (isinstance(decay, float) and 0 <= decay < 1):
        raise ValueError("decay is not a share")
    trained = architecture.trained
    if not _below(state.arrays, "averages"):  # They are those that predict.
        average = MovingAverage(decay, copied({name: predicting[name] for name in trained}))
        for steps in average.steps.values():
            steps[...] = step
        return average
    average = MovingAverage(
        decay, {name: _parameter(state, "averages", name, architecture) for name in trained}
    )
    average.steps = {
        name: state.array(f"averaged_steps/{name}", "i", steps.shape)
        for name, steps in average.steps.items()
    }
    if any(((steps < 0) | (steps > step)).any() for steps in average.steps.values()):
        raise ValueError("averaged_steps are no steps of this run")
    return average


def _slots(state: Container, architecture: Architecture) -> dict[str, np.ndarray]:
    """The optimizer's arrays: as their parameter, or one number for each of its rows."""
    shapes, slots = architecture.shapes(), {}
    for path in _below(state.arrays, "slots"):
        slot, _, name = path.partition("/")
        if name not in shapes:
            raise ValueError(f"slots/{path} is of no parameter")
        shape = shapes[name]
        by_row = trained_by_row(name) and state.arrays[f"slots/{path}"].ndim == 1
        kind, expected = ("i", shape[:1]) if by_row else ("f", shape)
        slots[f"{slot}/{name}"] = state.array(f"slots/{path}", kind, expected)
    return slots


def _progress(state: Container, group: str, classes: int) -> Progress:
    facts = state.facts[group]
    counts = {name: _count(facts, name, -1 if name == "best_step" else 0) for name in _COUNTS}
    loss_sum = facts["loss_sum"]
    if not isinstance(loss_sum, int | float) or not math.isfinite(loss_sum):
        raise ValueError(f"{group}: loss_sum is not a number")
    if not isinstance(facts["finished"], bool):
        raise ValueError(f"{group}: finished is neither true nor false")
    order = state.array(f"{group}/order", "i", (None,))
    if not np.array_equal(np.sort(order), np.arange(len(order))):
        raise ValueError(f"{group}/order is not a permutation")
    dev_logits = state.array(f"{group}/dev_logits", "f", (None, None))
    if len(dev_logits) and dev_logits.shape[1] != classes:
        raise ValueError(f"{group}/dev_logits has shape {dev_logits.shape}")
    return Progress(
        **counts,
        order=order,
        loss_sum=float(loss_sum),
        finished=facts["finished"],
        dev_logits=dev_logits,
        history=_history(state, f"{group}/history"),
    )


def _history(container: Container, name: str) -> list[Evaluation]:
    rows = container.array(name, "f", (None, len(_COLUMNS))).tolist()
    return [
        Evaluation(int(step), *(math.nan if x == NOT_MEASURED else x for x in rest))
        for step, *rest in rows
    ]
