"""Going on with a run that was stopped, exactly where it was.

The digest of a checkpoint tells damage of the file. Here a state is refused that no run on these
sentences can have left, because it was wrong when it was written or was put together by hand: going
on from it would replace a run's good files.
"""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from textcnn.core.network import Network
from textcnn.core.progress import Progress
from textcnn.core.trainer import Trainer
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.tokenized_data import TokenizedData
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.config import Config, flag, read_toml
from textcnn.support.errors import UserError
from textcnn.support.result_folder import WHERE_DATA_IS
from textcnn.training.checkpoint import Checkpoint, TrainingState
from textcnn.training.experiment import (
    Experiment,
    chosen_epochs,
    decay_of,
    label_counts,
    make_optimizer,
    make_schedule,
    make_step,
    number_sentences,
)
from textcnn.training.fusing import TrainedNgrams

SQUARES = ("variance", "gradient_square", "update_square")
"""Arrays of optimizers that hold no number below 0."""


def options_of_run(path: Path, config: Config) -> Config:
    """The options in a run's ``config.toml``, where there is one: those of its checkpoint.

    Only where the data is may differ, as it can have been moved; its fingerprint tells whether it
    is the same.

    Args:
        path: of that file.
        config: the options in the checkpoint of the run.

    Raises:
        UserError: another one is different, or the file cannot be read.
    """
    if not path.exists():
        return config
    options = Config.from_mapping(read_toml(path), str(path))
    written, kept = options.as_dict(), config.as_dict()
    for name in sorted({*written, *kept} - {*WHERE_DATA_IS}):
        if written.get(name) != kept.get(name):
            there, here = (
                f"has no {flag(name)}" if value is None else f"has {flag(name)} {value}"
                for value in (written.get(name), kept.get(name))
            )
            raise UserError(
                f"--resume: {path} {there}, the run's checkpoint {here}; a run goes on with the "
                "options it was begun with: restore them, or start a new run"
            )
    return options


def check_same_data(data: TokenizedData, checkpoint: Checkpoint) -> None:
    """Raise :class:`UserError` unless a run's data is what its checkpoint was made of."""
    if data.fingerprint != checkpoint.fingerprint:
        raise UserError(
            f"--resume: the data ({data.source}) is not what the run was started with "
            f"({checkpoint.source}); restore it, or start a new run"
        )


def resumed_experiment(checkpoint: Checkpoint, data: TokenizedData) -> Experiment:
    """Set up a run to go on exactly where ``checkpoint`` was written.

    Raises:
        UserError: the data is not what the run was started with, or no run on it could have left
            this state.
    """
    config, state = checkpoint.config, checkpoint.training
    if state is None:
        raise ValueError("the checkpoint was loaded without its training state")
    check_same_data(data, checkpoint)
    _refuse_any(_of_the_data(checkpoint, state, data))
    optimizer, refit = make_optimizer(config), state.first_half is not None
    optimizer.steps, optimizer.slots = state.steps, state.slots
    trainer = Trainer(
        make_step(config, checkpoint.architecture),
        Network(checkpoint.architecture, state.parameters),
        optimizer,
        state.generator(),
        make_schedule(config),
        state.progress,
        state.average,
    )
    ngrams = None
    if checkpoint.ngrams is not None and state.ngram_dev_logits is not None:
        ngrams = TrainedNgrams(checkpoint.ngrams, state.ngram_dev_logits, refit)
    rows = data.learnt_rows(refit)
    parts = number_sentences(config, data, rows, checkpoint.vocabulary, checkpoint.labels)
    train_hashes = np.unique(data.hashes[rows])
    if config.init_from is not None:  # Those of the network that it went on from are among them.
        train_hashes = np.union1d(train_hashes, checkpoint.train_hashes)
    experiment = Experiment(
        **vars(parts),
        config=config,
        data=data,
        train_hashes=train_hashes,
        ngrams=ngrams,
        trainer=trainer,
        tokenizer_chosen=checkpoint.tokenizer_chosen,
        epochs=None if state.first_half is None else chosen_epochs(state.first_half),
        first_half=state.first_half,
    )
    _refuse_any(_of_the_run(checkpoint, state, experiment))
    return experiment


# Each of these says what is wrong, the first first.


def _refuse_any(faults: Iterator[str]) -> None:
    for fault in faults:
        raise UserError(f"--resume: the checkpoint is damaged: {fault}; train again")


def _of_the_data(
    checkpoint: Checkpoint, state: TrainingState, data: TokenizedData
) -> Iterator[str]:
    """What must hold before the sentences can become token ids."""
    config, labels, words = checkpoint.config, checkpoint.labels, checkpoint.vocabulary.words
    tokens = data.tokens.take(data.learnt_rows(state.first_half is not None))
    fitted = Vocabulary.fit(tokens, config.min_count, config.max_vocabulary).words
    if config.init_from is None:
        same_labels, same_words = labels == data.label_names, words == fitted
    else:  # Those of the network that it went on from are among them.
        same_labels = labels == sorted({*labels, *data.label_names})
        same_words = {*fitted} <= {*words}
    if not same_labels:
        yield "its labels are not those of the data"
    if not same_words:
        yield "its words are not those of the data"
    if state.first_half is not None:
        if not config.refit:
            yield "it is in a second half, which a run without --refit does not have"
        if not state.first_half.finished or state.first_half.best is None:
            yield "it is in its second half, and dev has not chosen in the first"


def _of_the_run(
    checkpoint: Checkpoint, state: TrainingState, experiment: Experiment
) -> Iterator[str]:
    counts = label_counts(experiment.train.targets, len(checkpoint.labels))
    if not np.array_equal(checkpoint.label_counts, counts):
        yield "its counts of labels are not those of the data"
    if not np.array_equal(checkpoint.train_hashes, experiment.train_hashes):
        yield "its training sentences are not those of the data"
    yield from _of_the_history(state.choice, experiment)
    if checkpoint.history != state.choice.history:
        yield "what dev has said stands in it twice, and not alike"
    if experiment.first_half is not None and state.progress.history:
        yield "it was evaluated in its second half"
    yield from _of_the_position(state.progress, experiment)
    yield from _of_the_optimizer(state, experiment)
    if (state.average is None) != (not checkpoint.config.averaging):
        yield "it has an average and should have none, or has none and should"
    if isinstance(state.average, MovingAverage):
        decay = decay_of(checkpoint.config, len(experiment.train))
        if not math.isclose(state.average.decay, decay, rel_tol=1e-9):
            yield f"its average decays by {state.average.decay}, and not by {decay}"
    logits = state.ngram_dev_logits
    if checkpoint.ngrams is not None and (logits is None or len(logits) != len(experiment.dev)):
        yield "what its n-grams say of the dev sentences is missing, or is of others"


def _of_the_history(progress: Progress, experiment: Experiment) -> Iterator[str]:
    """Of the half in which dev chooses: what the trainer would have made of these evaluations."""
    schedule = experiment.trainer.schedule
    per_epoch = math.ceil(len(experiment.data.split.train) / schedule.batch_size)
    again, last, holds = Progress(), 0, True
    for past in progress.history:
        # As the trainer computed it, so the same number. The second half trains for so many.
        holds &= past.epoch == past.step / per_epoch and last < past.step <= progress.step
        shares = (past.train_accuracy, past.dev_accuracy, past.dev_macro_f1)
        holds &= all(0 <= share <= 1 for share in shares)
        holds &= past.train_loss >= 0 and past.dev_loss >= 0
        last = past.step
        again.add(past, progress.dev_logits, schedule.best_by)
    expected = (len(experiment.dev), len(experiment.labels)) if progress.history else (0, 0)
    same = (again.best_step, expected) == (progress.best_step, progress.dev_logits.shape)
    if not (holds and same):
        yield "what dev has said cannot be of this run"


def _of_the_position(progress: Progress, experiment: Experiment) -> Iterator[str]:
    """Of the half that the run is in: what follows from the number of its steps."""
    sentences, trainer, step = len(experiment.train), experiment.trainer, progress.step
    schedule, per_epoch = trainer.schedule, trainer.steps_per_epoch(experiment.train)

    def made(step: int) -> int:
        """The sentences of so many steps."""
        epochs, batches = divmod(step, per_epoch)
        return epochs * sentences + batches * schedule.batch_size

    evaluated = progress.history[-1].step if progress.history else 0
    if experiment.epochs is not None:
        finished = step >= experiment.steps
    else:
        patience = schedule.patience
        waited = bool(patience) and progress.evaluations_since_best() >= patience
        finished = progress.epoch >= schedule.epochs or (waited and evaluated == step)
    found = (progress.epoch, progress.batch, len(progress.order), progress.seen, progress.finished)
    seen = made(step) - made(evaluated)
    expected = (*divmod(step, per_epoch), sentences if step else 0, seen, finished)
    if found != expected or progress.correct > seen or progress.loss_sum < 0:
        yield f"its place in training, or its totals, cannot be those of step {step}"


def _of_the_optimizer(state: TrainingState, experiment: Experiment) -> Iterator[str]:
    optimizer, architecture = experiment.trainer.optimizer, experiment.trainer.network.architecture
    if state.steps != state.progress.step:
        yield f"its optimizer has made {state.steps} steps, and training {state.progress.step}"
    if state.steps:
        slots = itertools.product(optimizer.slot_names, architecture.trained)
        for name in sorted({"/".join(slot) for slot in slots} - {*state.slots}):
            yield f"its optimizer has no {name}"
    for name, array in state.slots.items():
        slot = name.partition("/")[0]
        if slot in SQUARES and (array < 0).any():
            yield f"{name} holds squares below 0"
        if slot == "last_step" and ((array < 0) | (array > state.steps)).any():
            yield f"{name} holds no steps of this run"
