"""The training loop: a generator of events, so that whoever listens stays out of it."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from textcnn.core.architecture import Parameters
from textcnn.core.decisions import decide, is_correct, macro_f1
from textcnn.core.gradients import Gradient, Gradients
from textcnn.core.layers.dense import limit_row_norms
from textcnn.core.network import Network
from textcnn.core.objective import objective_of
from textcnn.core.optimizers import Optimizer, clip_by_global_norm
from textcnn.core.progress import (
    CheckpointDue,
    Evaluation,
    EvaluationDone,
    Event,
    Progress,
    StepDone,
)
from textcnn.core.sentences import Examples
from textcnn.core.step import Step
from textcnn.support.threads import keep_freed_memory

LARGEST_LOSS = 1e6
"""In nats, far above that of any network that learns."""


class DivergedError(ArithmeticError):
    """The loss is above :data:`LARGEST_LOSS`, or it or a parameter is no finite number."""


@dataclass(frozen=True)
class Schedule:
    """The course of training: how long, when to evaluate on dev, what holds updates back.

    Attributes:
        batch_size: sentences in a step.
        epochs: passes over the training sentences, at most.
        patience: stop after this many evaluations without a better one; 0 for never.
        evaluate_every: steps between evaluations; 0 for once an epoch.
        checkpoint_every: steps between checkpoints; 0 for at each evaluation.
        row_norm: limit on the norm of each class's dense weights; 0 for none.
        clip_norm: limit on the norm of all gradients together; 0 for none.
        best_by: what makes an evaluation the best: loss, accuracy or macro-f1.
    """

    batch_size: int
    epochs: int
    patience: int = 0
    evaluate_every: int = 0
    checkpoint_every: int = 0
    row_norm: float = 0.0
    clip_norm: float = 0.0
    best_by: str = "loss"


class Average(Protocol):
    """An average of the parameters over the steps, which predicts in their place."""

    def before_update(
        self,
        parameters: Mapping[str, np.ndarray],
        gradients: Mapping[str, Gradient],
        step: int,
    ) -> None:
        """Take in the values that are about to change, after ``step`` updates."""

    def catch_up(self, parameters: Mapping[str, np.ndarray], step: int) -> None:
        """Take in everything up to ``step`` updates."""

    def of(self, parameters: Mapping[str, np.ndarray], step: int) -> Parameters:
        """All parameters as averaged after ``step`` updates."""


class Trainer:
    """Trains a network, and can be stopped between any two steps and set going again.

    Args:
        step: gives loss and gradients of a batch (:mod:`textcnn.core.step`).
        network: its parameters are changed in place.
        optimizer: changes them.
        rng: source of the order of the sentences and of what is dropped.
        schedule: how long to train and when to evaluate.
        progress: where training stands; None for the start.
        average: what predicts in the place of the parameters, or None.

    Attributes:
        stopping: a stop has been asked for.
    """

    def __init__(
        self,
        step: Step,
        network: Network,
        optimizer: Optimizer,
        rng: np.random.Generator,
        schedule: Schedule,
        progress: Progress | None = None,
        average: Average | None = None,
    ):
        self.network = network
        self.optimizer = optimizer
        self.rng = rng
        self.schedule = schedule
        self.progress = progress or Progress()
        self.average = average
        self._step = step
        self.stopping = False
        keep_freed_memory()

    def predicting_network(self) -> Network:
        """The network whose predictions count: of averaged parameters, where an average is kept."""
        if self.average is None:
            return self.network
        averaged = self.average.of(self.network.parameters, self.progress.step)
        return Network(self.network.architecture, averaged)

    def request_stop(self) -> None:
        """End :meth:`run` after the present step, with a checkpoint; safe in a signal handler."""
        self.stopping = True

    def steps_per_epoch(self, train: Examples) -> int:
        """Batches in a pass over ``train``; the last may be smaller."""
        return math.ceil(len(train) / self.schedule.batch_size)

    def run(self, train: Examples, dev: Examples | None, steps: int = 0) -> Iterator[Event]:
        """Train to the end, or until a stop is asked for, yielding events.

        With dev sentences the end is that of the epochs or of the patience. Without them it comes
        after ``steps`` steps, nothing is evaluated, and the last state is the best.

        A :class:`CheckpointDue` comes before the first step and after the last. When it is yielded
        the state is whole: a trainer made from it goes on as this one would.

        Raises:
            DivergedError: the loss is no longer sensible, or a parameter no finite number.
        """
        progress, per_epoch = self.progress, self.steps_per_epoch(train)
        if progress.step == 0:
            yield CheckpointDue(is_best=False)
        stopping = self.stopping
        while not (progress.finished or stopping):
            if progress.batch == 0:
                progress.order = self.rng.permutation(len(train)).astype(np.int32)
            yield self._train_step(train)
            evaluation_due = self._due(self.schedule.evaluate_every or per_epoch)
            if dev is None:
                is_best = ended = progress.step >= steps
                if ended and self.average is not None:
                    self.average.catch_up(self.network.parameters, progress.step)
            else:
                is_best, ended = False, progress.epoch >= self.schedule.epochs
                if evaluation_due or ended:
                    evaluation, dev_logits = self._evaluate(dev, per_epoch)
                    is_best = progress.add(evaluation, dev_logits, self.schedule.best_by)
                    ended |= self._out_of_patience()
                    yield EvaluationDone(evaluation, is_best)
            progress.finished = ended
            # Read once: a signal between two readings would end the loop without a checkpoint.
            stopping = self.stopping
            if is_best or ended or stopping or self._checkpoint_due(evaluation_due):
                self._check_finite()
                yield CheckpointDue(is_best)

    def _out_of_patience(self) -> bool:
        patience = self.schedule.patience
        return bool(patience) and self.progress.evaluations_since_best() >= patience

    def _due(self, every: int) -> bool:
        return self.progress.step % every == 0

    def _checkpoint_due(self, evaluation_due: bool) -> bool:
        every = self.schedule.checkpoint_every
        return self._due(every) if every else evaluation_due

    # Overflow is not worth NumPy's warnings: what comes of it is looked for and said.
    @np.errstate(over="ignore", invalid="ignore")
    def _train_step(self, train: Examples) -> StepDone:
        progress, start = self.progress, time.perf_counter()
        size = self.schedule.batch_size
        begin = progress.batch * size
        batch = train.take(progress.order[begin : begin + size])
        loss, logits, gradients = self._step(self.network.parameters, batch, self.rng)
        self._update(loss, gradients)
        correct = int(is_correct(decide(logits, batch.targets), batch.targets).sum())
        progress.step += 1
        progress.batch += 1
        if begin + size >= len(train):
            progress.epoch, progress.batch = progress.epoch + 1, 0
        progress.loss_sum += loss * len(batch)
        progress.correct += correct
        progress.seen += len(batch)
        seconds = time.perf_counter() - start
        return StepDone(progress.step, loss, correct / len(batch), gradients, seconds)

    def _update(self, loss: float, gradients: Gradients) -> None:
        parameters = self.network.parameters
        _check_loss("the loss", loss, self.progress.step + 1)
        if self.schedule.clip_norm:
            clip_by_global_norm(gradients, self.schedule.clip_norm)
        if self.average is not None:
            self.average.before_update(parameters, gradients, self.progress.step)
        self.optimizer.step(parameters, gradients)
        if self.schedule.row_norm:
            limit_row_norms(parameters["dense/weights"], self.schedule.row_norm)

    def _check_finite(self) -> None:
        """Refuse to replace a good checkpoint by one that could not be loaded."""
        for name, array in self.network.parameters.items():
            if not np.isfinite(array).all():
                raise DivergedError(f"{name} holds no finite number at step {self.progress.step}")

    @np.errstate(over="ignore", invalid="ignore")
    def _evaluate(self, dev: Examples, per_epoch: int) -> tuple[Evaluation, np.ndarray]:
        progress = self.progress
        if self.average is not None:
            self.average.catch_up(self.network.parameters, progress.step)
        logits = self.predicting_network().logits(dev.sentences)
        objective = objective_of(self.network.architecture.multilabel)
        dev_loss, _ = objective.loss(logits, dev.targets, dev.weights)
        _check_loss("the dev loss", dev_loss, progress.step)
        predictions = decide(logits, dev.targets, fitted=True)
        evaluation = Evaluation(
            step=progress.step,
            epoch=progress.step / per_epoch,
            train_loss=progress.loss_sum / progress.seen,
            train_accuracy=progress.correct / progress.seen,
            dev_loss=dev_loss,
            dev_accuracy=float(is_correct(predictions, dev.targets).mean()),
            dev_macro_f1=macro_f1(predictions, dev.targets, logits.shape[1]),
        )
        progress.loss_sum, progress.correct, progress.seen = 0.0, 0, 0
        return evaluation, logits


def _check_loss(name: str, loss: float, step: int) -> None:
    if not loss <= LARGEST_LOSS:  # Nor is one that is no number.
        raise DivergedError(f"{name} is {loss:.4g} at step {step}")
