"""A whole training run in memory: no folder, no display, the finished model back."""

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from textcnn.core.trainer import CheckpointDue, Evaluation, Event
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.config import Config
from textcnn.training.ensemble import member_configs, together
from textcnn.training.experiment import Experiment, dev_targets, new_experiment, refit_experiment


@dataclass(frozen=True)
class Fitted:
    """A model, and how its training went.

    Attributes:
        checkpoint: the model.
        chosen: the evaluation that dev chose, for each of its networks.
        histories: all evaluations of each, in order.
    """

    checkpoint: Checkpoint
    chosen: list[Evaluation]
    histories: list[list[Evaluation]]


Listener = Callable[[Event], None]


def fit(
    config: Config,
    data: TokenizedData,
    report: Report,
    initial: Checkpoint | None = None,
    listen: Listener = lambda event: None,
) -> Fitted:
    """Train as ``textcnn train`` does, and return the model that it would keep.

    Args:
        config: the options; those about files are not used.
        data: the sentences, tokenised and split.
        report: told, in one line, what was found.
        initial: a network to go on from, with its training state, or None.
        listen: told of each event in training.

    Raises:
        UserError: the data or the vectors cannot be used.
        RunError: training diverged.
    """
    config, members, histories = data.decided(config), [], []
    for member in member_configs(config):
        checkpoint, history = _fit_one(member, data, report, initial, listen)
        members.append(checkpoint)
        histories.append(history)
    chosen = [member.training.progress.best for member in members if member.training]
    return Fitted(
        together(members, config, *dev_targets(config, data, members[0].labels)),
        [best for best in chosen if best is not None],
        histories,
    )


def _fit_one(
    config: Config,
    data: TokenizedData,
    report: Report,
    initial: Checkpoint | None,
    listen: Listener,
) -> tuple[Checkpoint, list[Evaluation]]:
    experiment = new_experiment(config, data, report, initial)
    if not config.refit:
        best = _best(experiment, listen)
        return best, experiment.trainer.progress.history
    train_to_end(experiment, listen)
    chosen = experiment.trainer.progress
    del experiment
    refit = refit_experiment(config, data, chosen, lambda line: None, initial)
    return train_to_end(refit, listen), chosen.history


def train_to_end(experiment: Experiment, listen: Listener) -> Checkpoint:
    """Train until it ends by itself; the last state."""
    for event in experiment.trainer.run(experiment.train, experiment.dev):
        listen(event)
    return experiment.checkpoint()


def _best(experiment: Experiment, listen: Listener) -> Checkpoint:
    """Train to the end; the best state."""
    best: Checkpoint | None = None
    for event in experiment.trainer.run(experiment.train, experiment.dev):
        listen(event)
        if isinstance(event, CheckpointDue) and event.is_best:
            best = _kept(experiment.checkpoint())
    if best is None:
        raise ValueError("a run that is trained to its end has a best state")
    return best


def _kept(now: Checkpoint) -> Checkpoint:
    """The same with arrays that further steps do not change."""
    state = now.training
    if state is not None:
        state = dataclasses.replace(
            state,
            slots=copy.deepcopy(state.slots),
            progress=copy.deepcopy(state.progress),
            parameters=copy.deepcopy(state.parameters),
            average=copy.deepcopy(state.average),
        )
    return dataclasses.replace(now, parameters=copy.deepcopy(now.parameters), training=state)
