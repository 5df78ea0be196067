"""The training loop: a generator of events, so that whoever listens stays out of it."""

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.decisions import decided, macro_f1, right
from textcnn.core.layers.dense import limit_row_norms
from textcnn.core.network import Gradients, Regularisation, evaluation_logits, loss_and_gradients
from textcnn.core.objective import objective_of
from textcnn.core.optimizers import Optimizer, clip_by_global_norm
from textcnn.core.sentences import PackedSentences
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.ngrams.naive_bayes import SentenceEvidence
from textcnn.support.errors import RunError
from textcnn.support.freed_memory import keep_freed_memory


@dataclass(frozen=True)
class Examples:
    """Sentences and what is to be answered.

    Attributes:
        sentences: N packed sentences.
        targets: (N,) classes, or (N, C) booleans where a sentence may have several.
        evidence: what counting says of them, where the network weighs it.
        weights: shaped as ``targets``, what each counts in the loss; None for 1 each.
    """

    sentences: PackedSentences
    targets: np.ndarray
    evidence: SentenceEvidence | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: np.ndarray) -> "Examples":
        """The examples with these numbers, in this order."""
        evidence = None if self.evidence is None else self.evidence.take(rows)
        weights = None if self.weights is None else self.weights[rows]
        return Examples(self.sentences.take(rows), self.targets[rows], evidence, weights)


@dataclass(frozen=True)
class Schedule:
    """How long to train and when to look; the names are those of the options."""

    batch_size: int
    epochs: int
    patience: int
    evaluate_every: int
    checkpoint_every: int
    row_norm: float
    clip_norm: float
    best_by: str


@dataclass(frozen=True)
class Evaluation:
    """One look at the dev sentences, and at training since the look before.

    Attributes:
        step: steps made.
        epoch: passes over the training sentences made, in fractions.
        train_loss, train_accuracy: means over the steps since the last evaluation, with dropout.
        dev_loss, dev_accuracy: on all dev sentences, without dropout.
        dev_macro_f1: there, the mean of all classes' F1; not a number in a history from before it
            was measured.

    Where a sentence may have several classes, it is right when all are: in training those above
    0.5, on dev those above the thresholds that dev asks for.
    """

    step: int
    epoch: float
    train_loss: float
    train_accuracy: float
    dev_loss: float
    dev_accuracy: float
    dev_macro_f1: float = math.nan


@dataclass
class Progress:
    """Where a training run stands: all that a resumed run needs besides arrays and random state.

    Attributes:
        step: steps made.
        epoch: whole passes begun before the present one.
        batch: batches of the present pass made.
        order: (N,) the order of the present pass.
        loss_sum, correct, seen: totals since the last evaluation.
        history: every evaluation so far.
        best_step: the step of the best one, by what the run was asked to choose; -1 before the
            first.
        dev_logits: (dev sentences, C) at the best one.
        finished: the run ended by itself, by epochs or patience.
        refit_steps: 0 while dev chooses; then, once the best step is known and the network is
            trained anew on train and dev together, how many steps that is to take.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    order: np.ndarray = field(default_factory=lambda: np.arange(0))
    loss_sum: float = 0.0
    correct: int = 0
    seen: int = 0
    history: list[Evaluation] = field(default_factory=list)
    best_step: int = -1
    dev_logits: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    finished: bool = False
    refit_steps: int = 0

    @property
    def best(self) -> Evaluation | None:
        """The best evaluation so far."""
        return next((past for past in self.history if past.step == self.best_step), None)

    def add(self, evaluation: Evaluation, dev_logits: np.ndarray, best_by: str) -> bool:
        """Append ``evaluation``, made of these logits; True if it is the best so far."""
        best = self.best
        self.history.append(evaluation)
        if best is not None and rank(evaluation, best_by) <= rank(best, best_by):
            return False
        self.best_step, self.dev_logits = evaluation.step, dev_logits
        return True

    def evaluations_since_best(self) -> int:
        """How many evaluations in a row have not been better."""
        return sum(past.step > self.best_step for past in self.history)


def rank(evaluation: Evaluation, best_by: str) -> tuple[float, float]:
    """What makes one evaluation better than another, by ``--best-by``: the larger wins."""
    accuracy, gain = evaluation.dev_accuracy, -evaluation.dev_loss
    if best_by == "loss":
        return gain, accuracy
    return (evaluation.dev_macro_f1 if best_by == "macro-f1" else accuracy), gain


@dataclass(frozen=True)
class StepDone:
    """A step was made: its loss, its share of right answers, its gradients, its duration."""

    step: int
    loss: float
    accuracy: float
    gradients: Gradients
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """The dev sentences were looked at, with these (dev sentences, C) logits."""

    evaluation: Evaluation
    is_best: bool
    dev_logits: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True)
class CheckpointDue:
    """The state is one that a run can be resumed from, and it is time to keep it."""

    is_best: bool


Event = StepDone | Evaluated | CheckpointDue


class Trainer:
    """Trains a network, and can be stopped between any two steps and set going again.

    Attributes:
        architecture: shapes of the network.
        parameters: changed in place.
        optimizer: with its slots.
        rng: source of the order of the sentences and of what is dropped.
        progress: where training stands.
        average: of the parameters, or None.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        optimizer: Optimizer,
        rng: np.random.Generator,
        regularisation: Regularisation,
        schedule: Schedule,
        progress: Progress | None = None,
        average: MovingAverage | None = None,
    ):
        self.architecture = architecture
        self.parameters = parameters
        self.optimizer = optimizer
        self.rng = rng
        self.regularisation = regularisation
        self.schedule = schedule
        self.progress = progress or Progress()
        self.average = average
        self._stopping = False
        keep_freed_memory()

    def model(self) -> Parameters:
        """The parameters that answer: the average, where one is kept."""
        if self.average is None:
            return self.parameters
        return self.average.of(self.parameters, self.progress.step)

    def request_stop(self) -> None:
        """End :meth:`run` after the present step, with a checkpoint; safe in a signal handler."""
        self._stopping = True

    def steps_per_epoch(self, train: Examples) -> int:
        """Batches in a pass over ``train``; the last may be smaller."""
        return math.ceil(len(train) / self.schedule.batch_size)

    def run(self, train: Examples, dev: Examples) -> Iterator[Event]:
        """Train until the epochs or the patience run out or a stop is asked for, yielding events.

        A :class:`CheckpointDue` comes before the first step and after the last. When it is yielded
        the state is whole: a trainer made from it goes on as this one would. While refitting
        nothing is evaluated, and the last state is the best.

        Raises:
            RunError: the loss or a parameter is no longer a finite number.
        """
        progress, per_epoch = self.progress, self.steps_per_epoch(train)
        if progress.step == 0:
            yield CheckpointDue(is_best=False)
        stopping = self._stopping
        while not (progress.finished or stopping):
            if progress.batch == 0:
                progress.order = self.rng.permutation(len(train)).astype(np.int32)
            yield self._step(train)
            look_due = self._due(self.schedule.evaluate_every or per_epoch)
            if progress.refit_steps:
                is_best = ended = progress.step >= progress.refit_steps
                if ended and self.average is not None:
                    self.average.catch_up(self.parameters, progress.step)
            else:
                is_best, ended = False, progress.epoch >= self.schedule.epochs
                if look_due or ended:
                    evaluation, dev_logits = self._evaluate(dev, per_epoch)
                    is_best = progress.add(evaluation, dev_logits, self.schedule.best_by)
                    ended |= self._out_of_patience()
                    yield Evaluated(evaluation, is_best, dev_logits)
            progress.finished = ended
            # Read once: a signal between this look and the next would end the loop without a
            # checkpoint.
            stopping = self._stopping
            if is_best or ended or stopping or self._checkpoint_due(look_due):
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
    def _step(self, train: Examples) -> StepDone:
        progress, start = self.progress, time.perf_counter()
        size = self.schedule.batch_size
        begin = progress.batch * size
        batch = train.take(progress.order[begin : begin + size])
        loss, logits, gradients = loss_and_gradients(
            self.parameters,
            self.architecture,
            batch.sentences,
            batch.targets,
            self.regularisation,
            self.rng,
            batch.evidence,
            batch.weights,
        )
        self._update(loss, gradients)
        correct = int(right(decided(logits, batch.targets), batch.targets).sum())
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
        if not math.isfinite(loss):
            raise _diverged(f"the loss is {loss} at step {self.progress.step + 1}")
        if self.schedule.clip_norm:
            clip_by_global_norm(gradients, self.schedule.clip_norm)
        if self.average is not None:
            self.average.before_update(self.parameters, gradients, self.progress.step)
        self.optimizer.step(self.parameters, gradients)
        if self.schedule.row_norm:
            limit_row_norms(self.parameters["dense/weights"], self.schedule.row_norm)

    def _check_finite(self) -> None:
        """Refuse to replace a good checkpoint by one that could not be loaded."""
        for name, array in self.parameters.items():
            if not np.isfinite(array).all():
                raise _diverged(f"{name} holds no finite number at step {self.progress.step}")

    @np.errstate(over="ignore", invalid="ignore")
    def _evaluate(self, dev: Examples, per_epoch: int) -> tuple[Evaluation, np.ndarray]:
        progress = self.progress
        if self.average is not None:
            self.average.catch_up(self.parameters, progress.step)
        logits = evaluation_logits(self.model(), self.architecture, dev.sentences, dev.evidence)
        objective = objective_of(self.architecture.multilabel)
        dev_loss, _ = objective.loss(logits, dev.targets, dev.weights)
        if not math.isfinite(dev_loss):
            raise _diverged(f"the dev loss is {dev_loss} at step {progress.step}")
        answers = decided(logits, dev.targets, fitted=True)
        evaluation = Evaluation(
            step=progress.step,
            epoch=progress.step / per_epoch,
            train_loss=progress.loss_sum / progress.seen,
            train_accuracy=progress.correct / progress.seen,
            dev_loss=dev_loss,
            dev_accuracy=float(right(answers, dev.targets).mean()),
            dev_macro_f1=macro_f1(answers, dev.targets, logits.shape[1]),
        )
        progress.loss_sum, progress.correct, progress.seen = 0.0, 0, 0
        return evaluation, logits


def _diverged(how: str) -> RunError:
    return RunError(
        f"{how}; the last checkpoint is kept; try a lower --learning-rate or --clip-norm"
    )


def history_rows(history: list[Evaluation]) -> list[dict[str, float]]:
    """Evaluations as plain dicts; what was not measured is left out."""
    return [
        {name: value for name, value in dataclasses.asdict(row).items() if not math.isnan(value)}
        for row in history
    ]
