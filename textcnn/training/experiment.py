"""From labelled sentences and options to everything a training run needs, new or resumed."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from textcnn.core.architecture import Architecture, initial_parameters
from textcnn.core.network import Regularisation
from textcnn.core.optimizers import SGD, Adadelta, Adam, Optimizer
from textcnn.core.tokenizers import find_tokenizer
from textcnn.core.trainer import Examples, Progress, Schedule, Trainer
from textcnn.core.vocabulary import UNKNOWN_WORD, Vocabulary
from textcnn.data.datasets.text_files import decode, read_bytes, split_lines
from textcnn.data.fingerprints import sentence_hashes
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.calibration import calibrate
from textcnn.recipe.class_weights import balanced_weights, example_weights, mean_one
from textcnn.recipe.ngrams.counts import Counts
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, TrainingState, architecture_of
from textcnn.training.config import Config
from textcnn.training.continuing import counted_before, take_over


@dataclass(frozen=True)
class Experiment:
    """A network about to be trained.

    Attributes:
        config: the resolved options.
        labels: names of the classes, in class order.
        vocabulary: of the training sentences.
        data: the sentences and their split.
        train, dev: their numbers.
        seen: hashes of the training sentences, those of ``before`` included.
        before: of those that the network it goes on from was trained on.
        counts: of the training sentences, or None.
        trainer: the loop and its state.
    """

    config: Config
    labels: list[str]
    vocabulary: Vocabulary
    data: TokenizedData
    train: Examples
    dev: Examples
    seen: np.ndarray
    before: np.ndarray
    counts: Counts | None
    trainer: Trainer

    def checkpoint(self) -> Checkpoint:
        """The state as it is now; arrays are not copied where they need not be."""
        trainer = self.trainer
        temperature, thresholds = self._calibration()
        return Checkpoint(
            config=self.config,
            labels=self.labels,
            label_counts=_label_counts(self.train.targets, len(self.labels)),
            vocabulary=self.vocabulary,
            parameters=trainer.model(),
            naive_bayes=None if self.counts is None else self.counts.naive_bayes,
            temperature=temperature,
            thresholds=thresholds,
            seen=self.seen,
            seen_before=self.before,
            fingerprint=self.data.fingerprint,
            source=self.data.source,
            training=TrainingState(
                steps=trainer.optimizer.steps,
                slots=trainer.optimizer.slots,
                random_state=dict(trainer.rng.bit_generator.state),
                progress=trainer.progress,
                parameters=trainer.parameters,
                average=trainer.average,
                counts=self.counts,
            ),
        )

    def _calibration(self) -> tuple[float, np.ndarray | None]:
        """What the best epoch's dev logits ask for."""
        dev = self.dev
        return calibrate(self.trainer.progress.dev_logits, dev.targets, dev.weights)


def _label_counts(targets: np.ndarray, num_classes: int) -> np.ndarray:
    if targets.ndim == 2:
        return targets.sum(axis=0)
    return np.bincount(targets, minlength=num_classes)


def new_experiment(
    config: Config, data: TokenizedData, report: Report, initial: Checkpoint | None = None
) -> Experiment:
    """Set up a run from its first step.

    Args:
        config: the options.
        data: all sentences, tokenised and split.
        report: told, in one line, what was found.
        initial: a network to go on from, with its training state, or None.

    Raises:
        UserError: the data or the vectors cannot be used.
    """
    return _begun(config.resolved(), data, Progress(), report, initial)


def refit_experiment(
    config: Config,
    data: TokenizedData,
    chosen: Progress,
    report: Report,
    initial: Checkpoint | None = None,
) -> Experiment:
    """Set up the second half of a run with ``--refit``: train and dev together, from the start.

    Args:
        config: the options.
        data: as it was for the first half.
        chosen: where the first half ended; its best epoch is how long the second one trains.
        report: told, in one line, what was found.
        initial: as it was for the first half.
    """
    if chosen.best is None:
        raise ValueError("a run is refitted once its best epoch is known")
    per_epoch = math.ceil(len(data.everything_but_test) / config.batch_size)
    progress = Progress(
        history=chosen.history,
        best_step=chosen.best_step,
        dev_logits=chosen.dev_logits,
        refit_steps=max(round(chosen.best.epoch * per_epoch), 1),
    )
    return _begun(config.resolved(), data, progress, report, initial)


def _begun(
    config: Config,
    data: TokenizedData,
    progress: Progress,
    report: Report,
    initial: Checkpoint | None,
) -> Experiment:
    config, rows = data.decided(config), _training_rows(data, progress)
    tokens = data.part_tokens(rows)
    vocabulary = Vocabulary.fit(tokens, config.min_count, config.max_vocabulary)
    labels = data.label_names
    if initial is not None:
        vocabulary = initial.vocabulary.extended(vocabulary)
        labels = sorted({*labels, *initial.labels})
    # The split and the parameters draw from streams of their own, so that one more option
    # that draws numbers does not change the other.
    rng = np.random.default_rng([config.network_seed or 0, 1])
    vectors = _vectors(config, vocabulary, tokens, rng, report)
    if vectors is not None:
        config = dataclasses.replace(config, embedding_dim=vectors.shape[1])
    before = _before(initial)
    counts = _count(config, data, rows, vocabulary, labels, initial)
    naive_bayes = None if counts is None else counts.naive_bayes
    architecture = architecture_of(config, len(vocabulary), len(labels), naive_bayes)
    parameters = initial_parameters(architecture, rng, vectors)
    if initial is not None:
        take_over(parameters, architecture, labels, counts, initial)
    average = None
    if config.averaging:
        steps = config.averaging * math.ceil(len(rows) / config.batch_size)
        trained = {name: parameters[name] for name in architecture.trained}
        average = MovingAverage(math.exp(-1 / steps), trained)
    trainer = Trainer(
        architecture,
        parameters,
        make_optimizer(config),
        rng,
        _regularisation(config),
        _schedule(config),
        progress,
        average,
    )
    return _assemble(config, labels, vocabulary, data, counts, before, trainer)


def _before(initial: Checkpoint | None) -> np.ndarray:
    return np.zeros(0, np.uint64) if initial is None else initial.seen


def _count(
    config: Config,
    data: TokenizedData,
    rows: np.ndarray,
    vocabulary: Vocabulary,
    labels: Sequence[str],
    initial: Checkpoint | None,
) -> Counts | None:
    """Count the training sentences, beside those that ``initial`` has counted."""
    if not config.ngrams:
        return None
    if initial is None:
        return _count_rows(config, data, rows, vocabulary, labels)
    new = rows[~np.isin(sentence_hashes(data.part_tokens(rows)), initial.seen)]
    return counted_before(initial, vocabulary, labels) + _count_rows(
        config, data, new, vocabulary, labels
    )


def _count_rows(
    config: Config,
    data: TokenizedData,
    rows: np.ndarray,
    vocabulary: Vocabulary,
    labels: Sequence[str],
) -> Counts:
    sentences, targets = data.packed(rows, vocabulary, labels)
    return Counts.of(
        sentences,
        _members(targets, len(labels)),
        vocabulary.words,
        config.ngrams,
        config.subwords,
        data.multilabel,
    )


def _members(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """(N, C) booleans, whichever way the classes are given."""
    return targets if targets.ndim == 2 else np.eye(num_classes, dtype=bool)[targets]


def _training_rows(data: TokenizedData, progress: Progress) -> np.ndarray:
    return data.everything_but_test if progress.refit_steps else data.split.train


def resumed_experiment(checkpoint: Checkpoint, data: TokenizedData) -> Experiment:
    """Set up a run to go on exactly where ``checkpoint`` was written.

    Raises:
        UserError: the data is not what the run was started with.
    """
    config, state = checkpoint.config, checkpoint.training
    if state is None:
        raise ValueError("the checkpoint was loaded without its training state")
    if data.fingerprint != checkpoint.fingerprint:
        raise UserError(
            f"--resume: the data ({data.source}) is not what the run was started with "
            f"({checkpoint.source}); restore it, or start a new run"
        )
    optimizer, schedule = make_optimizer(config), _schedule(config)
    optimizer.steps, optimizer.slots = state.steps, state.slots
    rows = _training_rows(data, state.progress)
    _check_resumable(state, optimizer, checkpoint.architecture, schedule, len(rows))
    trainer = Trainer(
        checkpoint.architecture,
        state.parameters,
        optimizer,
        _restored_generator(state),
        _regularisation(config),
        schedule,
        state.progress,
        state.average,
    )
    labels, vocabulary, counts = checkpoint.labels, checkpoint.vocabulary, state.counts
    if counts is None:  # As in checkpoints from before they were kept.
        counts = _count(config, data, rows, vocabulary, labels, None)
    return _assemble(config, labels, vocabulary, data, counts, checkpoint.seen_before, trainer)


def dev_targets(
    config: Config, data: TokenizedData, labels: Sequence[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """The dev sentences' targets and weights, as a network trained to the end has had them."""
    rows = data.everything_but_test if config.refit else data.split.train
    nothing = Vocabulary([UNKNOWN_WORD])
    train, dev = (Examples(*data.packed(part, nothing, labels)) for part in (rows, data.split.dev))
    _, dev = _weighted(config, data, rows, train, dev, len(labels))
    return dev.targets, dev.weights


def make_optimizer(config: Config) -> Optimizer:
    """The optimizer a resolved configuration asks for."""
    rate, epsilon = config.learning_rate or 0.0, config.epsilon or 0.0
    optimizer: Optimizer
    if config.optimizer == "adam":
        optimizer = Adam(rate, config.beta1, config.beta2, epsilon)
    elif config.optimizer == "adadelta":
        optimizer = Adadelta(rate, config.rho, epsilon)
    else:
        optimizer = SGD(rate, config.momentum)
    optimizer.rate_factors = {"corrections": config.correction_rate}
    return optimizer


def _assemble(
    config: Config,
    labels: list[str],
    vocabulary: Vocabulary,
    data: TokenizedData,
    counts: Counts | None,
    before: np.ndarray,
    trainer: Trainer,
) -> Experiment:
    rows = _training_rows(data, trainer.progress)
    train, dev = (
        Examples(*data.packed(part, vocabulary, labels)) for part in (rows, data.split.dev)
    )
    train, dev = _weighted(config, data, rows, train, dev, len(labels))
    if counts is not None:
        kinds = [kind for kind, _ in trainer.architecture.corrections]
        by_others = counts.left_out(train.sentences, _members(train.targets, len(labels)))
        told = counts.naive_bayes.of(train.sentences, kinds, by_others)
        train = dataclasses.replace(train, evidence=told)
        told = counts.naive_bayes.of(dev.sentences, kinds, None)
        dev = dataclasses.replace(dev, evidence=told)
    seen = np.union1d(before, sentence_hashes(data.part_tokens(rows)))
    return Experiment(config, labels, vocabulary, data, train, dev, seen, before, counts, trainer)


def _weighted(
    config: Config,
    data: TokenizedData,
    rows: np.ndarray,
    train: Examples,
    dev: Examples,
    num_classes: int,
) -> tuple[Examples, Examples]:
    """The same with what each sentence counts, dev by the training part's proportions."""
    by_class = None
    if config.class_weight == "balanced":
        by_class = balanced_weights(train.targets, num_classes)
    weighted = []
    for examples, part in ((train, rows), (dev, data.split.dev)):
        own = None if data.weights is None else mean_one(data.weights, rows)[part]
        weights = example_weights(examples.targets, by_class, own)
        weighted.append(dataclasses.replace(examples, weights=weights))
    return weighted[0], weighted[1]


def _vectors(
    config: Config,
    vocabulary: Vocabulary,
    train_tokens: list[list[str]],
    rng: np.random.Generator,
    report: Report,
) -> np.ndarray | None:
    """(V, D) vectors to start from, or None; words without one are drawn from ``rng``."""
    if config.vectors is None:
        return None
    # Imported here: gensim is slow to load, and most runs have no use for it.
    from textcnn.data.vectors import Algorithm, fill_unknown, load_vectors, train_vectors

    if config.vectors == "train":
        sentences = _vector_sentences(config, train_tokens)
        report(f"training {config.vectors_algorithm} vectors first …")
        vectors = train_vectors(
            sentences,
            vocabulary.words,
            algorithm=cast(Algorithm, config.vectors_algorithm),
            dim=config.embedding_dim,
            seed=config.seed,
        )
    else:
        vectors = load_vectors(config.vectors, vocabulary.words, report)
    report(f"vectors: {vectors.source}: {vectors.coverage}")
    if not vectors.found.any():
        raise UserError(f"--vectors {config.vectors}: no word of the training sentences is in it")
    return fill_unknown(vectors, rng)


def _vector_sentences(config: Config, train_tokens: list[list[str]]) -> list[list[str]]:
    if config.vectors_text is None:
        return train_tokens
    path = Path(config.vectors_text)
    tokenize = find_tokenizer(config.tokenizer)
    lines = split_lines(decode(read_bytes(path), path, config.encoding))
    return [tokens for tokens in map(tokenize, lines) if tokens]


def _regularisation(config: Config) -> Regularisation:
    return Regularisation(config.dropout, config.dropout_draw, config.word_dropout, config.l2)


def _schedule(config: Config) -> Schedule:
    names = [field.name for field in dataclasses.fields(Schedule)]
    return Schedule(**{name: getattr(config, name) for name in names})


def _check_resumable(
    state: TrainingState,
    optimizer: Optimizer,
    architecture: Architecture,
    schedule: Schedule,
    train: int,
) -> None:
    """Refuse a state that no run on ``train`` sentences could have left."""
    progress = state.progress
    numbers = (state.steps, progress.step, progress.epoch, progress.batch)
    begun = progress.step > 0
    fits = len(progress.order) == (train if begun else 0)
    if min(numbers) < 0 or not fits or progress.batch * schedule.batch_size >= train:
        raise UserError("--resume: the checkpoint is damaged: its progress fits no run")
    wanted = {f"{slot}/{name}" for slot in optimizer.slot_names for name in architecture.trained}
    missing = sorted(wanted - set(state.slots))
    if begun and missing:
        raise UserError(f"--resume: the checkpoint is damaged: no optimizer/slots/{missing[0]}")


def _restored_generator(state: TrainingState) -> np.random.Generator:
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state.random_state
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise UserError(f"--resume: the checkpoint's random state is damaged: {error}") from error
    return rng
