"""One more pass over whatever sentences come, with nothing held out: training bit by bit."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from textcnn.core.architecture import Parameters
from textcnn.core.decisions import DEFAULT_THRESHOLD
from textcnn.core.progress import Evaluation
from textcnn.core.trainer import Trainer
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.config import Config
from textcnn.training.checkpoint import Checkpoint, TrainingState
from textcnn.training.continuing import Place, label_columns, places
from textcnn.training.experiment import Experiment, new_experiment
from textcnn.training.run import Listener


def train_one_pass(
    config: Config,
    data: TokenizedData,
    report: Report,
    initial: Checkpoint | None = None,
    listen: Listener = lambda event: None,
) -> Checkpoint:
    """Train for one pass over all sentences.

    Where there is a network to go on from, its optimizer goes on too, its arrays with further rows
    for new words, and so do the average of the parameters and the random numbers: with an optimizer
    started afresh each time, Adam's first step, which is as long as its learning rate allows
    whatever the gradient, would come again with each call. Fusion and thresholds stay as
    they were, since no sentences are left to choose others by.

    Args:
        config: the options.
        data: the sentences, all of them in the train part.
        report: told, in one line, what was found.
        initial: a network to go on from, with its training state, or None.
        listen: told of each event in training.

    Raises:
        UserError: the data or the vectors cannot be used, or ``initial`` is damaged.
        RunError: training diverged.
    """
    experiment = new_experiment(config, data, report, initial, epochs=1.0)
    trainer = experiment.trainer
    if initial is not None and initial.training is not None:
        _go_on(experiment, initial, initial.training)
    experiment.train_to_end(listen)
    before = [] if initial is None else initial.history
    trainer.progress.history = [*before, _in_short(trainer, before)]
    trained = experiment.checkpoint()
    return trained if initial is None else _predicting_as(trained, initial)


def _in_short(trainer: Trainer, before: Sequence[Evaluation]) -> Evaluation:
    """The pass as a line of the history, where there is no dev part to evaluate on."""
    progress = trainer.progress
    return Evaluation(
        step=trainer.optimizer.steps,
        epoch=math.ceil(before[-1].epoch if before else 0.0) + 1.0,
        train_loss=progress.loss_sum / progress.seen,
        train_accuracy=progress.correct / progress.seen,
        dev_loss=math.nan,
        dev_accuracy=math.nan,
        dev_macro_f1=math.nan,
    )


def _predicting_as(trained: Checkpoint, initial: Checkpoint) -> Checkpoint:
    """``trained`` with the fusion and the thresholds of ``initial``."""
    thresholds = trained.thresholds
    if thresholds is not None and initial.thresholds is not None:
        known = dict(zip(initial.labels, initial.thresholds, strict=True))
        thresholds = np.array([known.get(label, DEFAULT_THRESHOLD) for label in trained.labels])
    bias = np.zeros_like(trained.fusion.bias)
    bias[label_columns(initial, trained.labels)] = initial.fusion.bias
    fusion = dataclasses.replace(initial.fusion, bias=bias)
    return dataclasses.replace(trained, fusion=fusion, thresholds=thresholds)


def _go_on(experiment: Experiment, initial: Checkpoint, state: TrainingState) -> None:
    """Put what ``initial`` had in the midst of training in the place of a new trainer's."""
    trainer = experiment.trainer
    where = places(trainer.network.architecture, experiment.labels, initial)
    for name, place in where.items():
        trainer.network.parameters[name][place] = state.parameters[name]
        # What a network predicts with is the average, where it keeps one.
        average = trainer.average
        if isinstance(average, MovingAverage) and name in average.arrays:
            average.arrays[name][place] = initial.networks[0][name]
    slots = {key.partition("/")[0] for key in state.slots}
    if slots - {"last_step"} == set(trainer.optimizer.slot_names):  # Else it is another optimizer.
        trainer.optimizer.steps = state.steps
        trainer.optimizer.slots = _placed(state.slots, where, trainer.network.parameters)
    trainer.rng = state.generator()


def _placed(
    slots: Mapping[str, np.ndarray], where: Mapping[str, Place], parameters: Parameters
) -> dict[str, np.ndarray]:
    """The arrays of an optimizer, with zeros for what is new."""
    larger = {}
    for key, old in slots.items():
        name = key.partition("/")[2]
        place, shape = where[name], parameters[name].shape
        if old.ndim < len(shape):  # One number a row.
            place, shape = (_rows(place),), shape[:1]
        larger[key] = np.zeros(shape, old.dtype)
        larger[key][place] = old
    return larger


def _rows(place: Place) -> slice | np.ndarray:
    rows = place[0]
    return rows if isinstance(rows, slice) else rows.ravel()
