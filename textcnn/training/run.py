"""A whole training run: every network, both halves, one model at the end.

A network trains in one half, whose end the dev sentences choose or, with the option ``refit``, in
two: the second begins anew and trains on train and dev together, for as many epochs as dev chose.

The command, the estimator, cross-validation and search all train through :func:`train_run`. They
differ in where states are kept, in a folder or in memory, and in who watches.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from textcnn.core.progress import CheckpointDue, Evaluation, Event, Progress
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.recipe.config import Config
from textcnn.support.threads import return_freed_memory
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.continuing import InitialNetwork
from textcnn.training.experiment import (
    Experiment,
    chosen_epochs,
    new_experiment,
    number_sentences,
)
from textcnn.training.fusing import TrainedNgrams, fuse
from textcnn.training.keepers import Keeper, MemoryKeeper
from textcnn.training.resuming import resumed_experiment
from textcnn.training.start_vectors import StartVectors

Listener = Callable[[Event], None]
Watch = Callable[[Experiment], AbstractContextManager[Listener]]
"""Opened for each half of each network; gives the listener that is told of its events."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        choices: of each network that was begun, in order: where the half stands in which dev chose.
        finished: all networks were trained to the end, and no stop was asked for.
    """

    choices: list[Progress]
    finished: bool

    @property
    def best(self) -> list[Evaluation]:
        """The evaluation that dev chose, for each network that has one."""
        return [choice.best for choice in self.choices if choice.best is not None]


def member_configs(config: Config) -> list[Config]:
    """The options of each network: those of a run of its own with another ``network_seed``.

    Networks that differ in their random numbers err differently, and their average less than each
    (Hansen and Salamon 1990). The first is the one that a run without ``ensemble`` would train.
    """
    first = config.resolved().network_seed or 0
    return [
        dataclasses.replace(config, ensemble=1, network_seed=first + number)
        for number in range(config.ensemble)
    ]


def train_run(
    config: Config,
    data: TokenizedData,
    keeper: Keeper,
    report: Report,
    initial: InitialNetwork | None = None,
    watch: Watch = lambda experiment: contextlib.nullcontext(_ignore),
) -> Outcome:
    """Train every network that is not trained yet, until one is stopped.

    Args:
        config: the options; those about files of sentences are not used.
        data: the sentences, tokenised and split.
        keeper: where states are kept, and gone on from.
        report: told, in one line, what was found.
        initial: a network to go on from, or None.
        watch: who is told of the events.

    Raises:
        UserError: the data or the vectors cannot be used.
        RunError: training diverged.
    """
    config = data.completed(config)
    configs = member_configs(config)
    keepers = (
        [keeper]
        if len(configs) == 1
        else [keeper.member(number) for number in range(1, len(configs) + 1)]
    )
    outcome = Outcome([], finished=False)
    run = _Run(data, report, initial, watch)
    for own_config, own_keeper in zip(configs, keepers, strict=True):
        choice, finished = run.train_network(own_config, own_keeper)
        outcome.choices.append(choice)
        if not finished:
            return outcome
    if len(keepers) > 1:
        members = [own.best() for own in keepers]
        keeper.keep_ensemble(ensemble_of(members, config, data))
    return dataclasses.replace(outcome, finished=True)


@dataclass
class _Run:
    """What the networks of a run share: the n-gram expert is trained once, and a file of vectors
    read once, for all of them.
    """

    data: TokenizedData
    report: Report
    initial: InitialNetwork | None
    watch: Watch
    ngrams: TrainedNgrams | None = None
    refitted_ngrams: TrainedNgrams | None = None
    start: StartVectors = field(default_factory=StartVectors)

    def train_network(self, config: Config, keeper: Keeper) -> tuple[Progress, bool]:
        """Train one network to the end, and whether it came so far and no stop was asked for."""
        last, initial = keeper.last(), self.initial
        if last is not None:
            experiment = resumed_experiment(last, self.data)
            # The options that were kept name the tokenizer, and not that auto chose it.
            chosen = self.data.tokenizer_chosen or last.tokenizer_chosen
            self.data = dataclasses.replace(self.data, tokenizer_chosen=chosen)
        else:
            experiment = new_experiment(
                config,
                self.data,
                self.report,
                None if initial is None else initial.chosen,
                ngrams=self.ngrams,
                start=self.start,
            )
        del last
        finished = self._train(experiment, keeper)
        choice = experiment.first_half
        if choice is None:
            choice, self.ngrams = experiment.trainer.progress, experiment.ngrams
            if finished and config.refit:
                # The first network has gone to its checkpoint; the second needs its memory.
                config = experiment.config
                del experiment
                return_freed_memory()
                experiment = new_experiment(
                    config,
                    self.data,
                    _ignore,  # What was found has been reported in the first half.
                    None if initial is None else initial.best,
                    epochs=chosen_epochs(choice),
                    first_half=choice,
                    ngrams=self.refitted_ngrams or self.ngrams,
                    start=self.start,
                )
                finished = self._train(experiment, keeper)
                self.refitted_ngrams = experiment.ngrams
        # All is kept; what follows needs the memory.
        del experiment
        return_freed_memory()
        return choice, finished

    def _train(self, experiment: Experiment, keeper: Keeper) -> bool:
        """Train one half; whether it is finished, and no stop was asked for in its last step."""
        keeper.begin(experiment)
        with self.watch(experiment) as listen:

            def heard(event: Event) -> None:
                if isinstance(event, CheckpointDue):
                    keeper.keep(experiment, event.is_best)
                listen(event)

            experiment.train_to_end(heard)
        return experiment.trainer.progress.finished and not experiment.trainer.stopping


def _ignore(what: object) -> None:
    """Listen to nothing."""


def ensemble_of(members: Sequence[Checkpoint], config: Config, data: TokenizedData) -> Checkpoint:
    """One checkpoint of all networks, with a fusion of its own.

    Args:
        members: finished, with their training state; they share vocabulary, n-grams and split.
        config: the options of the whole.
        data: the sentences.
    """
    first = members[0]
    states = [member.training for member in members if member.training is not None]
    rows = data.learnt_rows(config.refit)
    parts = number_sentences(config, data, rows, first.vocabulary, first.labels)
    dev_logits = states[0].ngram_dev_logits
    ngrams = None
    if first.ngrams is not None and dev_logits is not None:
        ngrams = TrainedNgrams(first.ngrams, dev_logits, config.refit)
    logits = [state.choice.dev_logits for state in states]
    fusion, thresholds = fuse(logits, ngrams, parts.dev, len(first.labels))
    return dataclasses.replace(
        first,
        # What the vectors decided, as each member's run found it.
        config=dataclasses.replace(config.resolved(), embedding_dim=first.config.embedding_dim),
        networks=tuple(parameters for member in members for parameters in member.networks),
        fusion=fusion,
        thresholds=thresholds,
        history=[],
        best_step=-1,
        training=None,
    )


def train_in_memory(
    config: Config,
    data: TokenizedData,
    report: Report,
    initial: InitialNetwork | None = None,
    listen: Listener = _ignore,
) -> tuple[Checkpoint, Outcome]:
    """:func:`train_run` without a folder: the model, and how it went."""
    keeper = MemoryKeeper()
    outcome = train_run(
        config, data, keeper, report, initial, lambda experiment: contextlib.nullcontext(listen)
    )
    return keeper.best(), outcome
