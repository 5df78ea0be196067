"""A whole training run in memory: no folder, no display, the finished model back."""

import copy
import dataclasses
from dataclasses import dataclass

from textcnn.checkpoint import Checkpoint
from textcnn.config import Config
from textcnn.ensemble import member_configs, together
from textcnn.experiment import (
    Experiment,
    Report,
    TokenizedData,
    new_experiment,
    refit_experiment,
)
from textcnn.training import CheckpointDue, Evaluation


@dataclass(frozen=True)
class Fitted:
    """A model, and how its training went.

    Attributes:
        checkpoint: the model.
        chosen: the evaluation that dev chose, for each of its networks.
    """

    checkpoint: Checkpoint
    chosen: list[Evaluation]


def fit(config: Config, data: TokenizedData, report: Report) -> Fitted:
    """Train as ``textcnn train`` does, and return the model that it would keep.

    Args:
        config: the options; those about files are not used.
        data: the sentences, tokenised and split.
        report: told, in one line, what was found.

    Raises:
        UserError: the data or the vectors cannot be used.
        RunError: training diverged.
    """
    members = [_fit_one(member, data, report) for member in member_configs(config)]
    first = members[0]
    _, dev_classes = data.packed(data.split.dev, first.vocabulary, first.labels)
    chosen = [member.training.progress.best for member in members if member.training]
    return Fitted(
        together(members, config, dev_classes), [best for best in chosen if best is not None]
    )


def _fit_one(config: Config, data: TokenizedData, report: Report) -> Checkpoint:
    experiment = new_experiment(config, data, report)
    best = _best(experiment)
    if config.refit:
        chosen = experiment.trainer.progress
        del experiment
        best = _best(refit_experiment(config, data, chosen, lambda line: None))
    return best


def _best(experiment: Experiment) -> Checkpoint:
    """Train to the end; the best state, its parameters its own."""
    best: Checkpoint | None = None
    for event in experiment.trainer.run(experiment.train, experiment.dev):
        if isinstance(event, CheckpointDue) and event.is_best:
            now = experiment.checkpoint()
            best = dataclasses.replace(now, parameters=copy.deepcopy(now.parameters))
    if best is None:
        raise ValueError("a run that is trained to its end has a best state")
    return best
