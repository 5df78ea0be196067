"""Where training stands, how it went, and the events that tell of it."""

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from textcnn.core.gradients import Gradients


@dataclass(frozen=True)
class Evaluation:
    """An evaluation: the network on the dev sentences, and in training since the last one.

    Attributes:
        step: steps made.
        epoch: passes over the training sentences made, in fractions.
        train_loss, train_accuracy: means over the steps since the last evaluation, with dropout.
        dev_loss, dev_accuracy: on all dev sentences, without dropout.
        dev_macro_f1: there, the mean of all classes' F1.

    Where a sentence may have several classes, it is right when all are: in training those above
    0.5, on dev those above the thresholds that dev asks for.
    """

    step: int
    epoch: float
    train_loss: float
    train_accuracy: float
    dev_loss: float
    dev_accuracy: float
    dev_macro_f1: float


@dataclass
class Progress:
    """The progress of training: all that going on needs besides arrays and random state.

    Attributes:
        step: steps made.
        epoch: whole passes over the training sentences made.
        batch: batches of the present pass made.
        order: (N,) the rows of the training sentences in the order of the present pass.
        loss_sum, correct, seen: totals since the last evaluation.
        history: every evaluation so far.
        best_step: the step of the best one, by what the run was asked to choose; -1 before the
            first.
        dev_logits: (dev sentences, C) at the best one.
        finished: training ended by itself: by epochs, patience or the steps it was to take.
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
    """What makes one evaluation better than another, by ``best_by``: the larger wins."""
    accuracy, gain = evaluation.dev_accuracy, -evaluation.dev_loss
    if best_by == "loss":
        return gain, accuracy
    return (evaluation.dev_macro_f1 if best_by == "macro-f1" else accuracy), gain


@dataclass(frozen=True)
class StepDone:
    """A step was made: its loss, its share of right predictions, its gradients, its duration."""

    step: int
    loss: float
    accuracy: float
    gradients: Gradients
    seconds: float


@dataclass(frozen=True)
class EvaluationDone:
    """The network was evaluated on the dev sentences."""

    evaluation: Evaluation
    is_best: bool


@dataclass(frozen=True)
class CheckpointDue:
    """The state is one that a run can be resumed from, and it is time to keep it."""

    is_best: bool


Event = StepDone | EvaluationDone | CheckpointDue


def history_rows(history: list[Evaluation]) -> list[dict[str, float]]:
    """Evaluations as plain dicts; what was not measured is left out."""
    return [
        {name: value for name, value in dataclasses.asdict(row).items() if not math.isnan(value)}
        for row in history
    ]


def evaluation_line(evaluation: Evaluation, is_best: bool = False, width: int | None = None) -> str:
    """One evaluation, losses and accuracies; without those of dev where there is no dev part.

    Args:
        evaluation: what was measured.
        is_best: whether to call it the best.
        width: columns there are; in fewer than 80 the step is left out, and words are.
    """
    whole = width is None or width >= 80
    parts = [f"epoch {evaluation.epoch:5.2f}"]
    if whole:
        parts.append(f"step {evaluation.step:6,}")
    of = {"train": (evaluation.train_loss, evaluation.train_accuracy)}
    if not math.isnan(evaluation.dev_loss):
        of["dev"] = evaluation.dev_loss, evaluation.dev_accuracy
    for part, (loss, accuracy) in of.items():
        parts.append(f"{part}{' loss' if whole else ''} {loss:.3f} {100 * accuracy:.1f} %")
    return "  ".join([*parts, *(["best"] if is_best else [])])
