"""From labelled sentences and options to everything a training run needs, new or resumed."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from textcnn.architecture import Architecture, initial_parameters
from textcnn.averaging import MovingAverage
from textcnn.calibration import fit_temperature
from textcnn.checkpoint import Checkpoint, TrainingState, architecture_of
from textcnn.config import Config
from textcnn.datasets.labelled_texts import LabelledTexts
from textcnn.datasets.splits import Split, stratified_split
from textcnn.datasets.text_files import decode, read_bytes, split_lines
from textcnn.errors import UserError
from textcnn.evidence.naive_bayes import NaiveBayes, count
from textcnn.network import Regularisation
from textcnn.optim import SGD, Adadelta, Adam, Optimizer
from textcnn.packed import PackedSentences
from textcnn.seen import sentence_hashes
from textcnn.tokenizers import TOKENIZERS
from textcnn.training import Examples, Progress, Schedule, Trainer
from textcnn.vocabulary import Vocabulary

Report = Callable[[str], None]


@dataclass(frozen=True)
class TokenizedData:
    """Labelled sentences after tokenising and splitting.

    Attributes:
        texts: N sentences as they were read.
        tokens: N token lists.
        labels: N label names.
        split: rows of each part.
        fingerprint: SHA-256 over all sentences and labels as they were read.
        source: one line about where they came from.
    """

    texts: list[str]
    tokens: list[list[str]]
    labels: list[str]
    split: Split
    fingerprint: str
    source: str

    @classmethod
    def prepare(cls, corpus: LabelledTexts, config: Config) -> "TokenizedData":
        """Tokenise and split as the options say.

        Raises:
            UserError: the labels cannot be split so.
        """
        tokenize = TOKENIZERS[config.tokenizer]
        tokens = [tokenize(text) for text in corpus.texts]
        keys = ["\0".join(sentence) for sentence in tokens]
        split = stratified_split(
            keys, corpus.labels, config.dev_share, config.test_share, config.seed
        )
        return cls(corpus.texts, tokens, corpus.labels, split, fingerprint(corpus), corpus.source)

    def part(self, rows: np.ndarray) -> tuple[list[str], list[str]]:
        """The sentences and the labels of these rows, as they were read."""
        return [self.texts[row] for row in rows], [self.labels[row] for row in rows]

    @property
    def everything_but_test(self) -> np.ndarray:
        """Rows of the train and dev parts together."""
        return np.union1d(self.split.train, self.split.dev)

    def part_tokens(self, rows: np.ndarray) -> list[list[str]]:
        """The token lists of these rows."""
        return [self.tokens[row] for row in rows]

    def packed(
        self, rows: np.ndarray, vocabulary: Vocabulary, labels: Sequence[str]
    ) -> tuple[PackedSentences, np.ndarray]:
        """The sentences and classes of these rows, numbered."""
        number = {label: index for index, label in enumerate(labels)}
        classes = np.array([number[self.labels[row]] for row in rows], dtype=np.int64)
        return vocabulary.pack(self.part_tokens(rows)), classes


def fingerprint(corpus: LabelledTexts) -> str:
    """SHA-256 over all sentences and labels: equal only for equal data in equal order."""
    digest = hashlib.sha256()
    for text, label in zip(corpus.texts, corpus.labels, strict=True):
        digest.update(
            f"{len(text)} {text}\0{len(label)} {label}\0".encode("utf-8", "surrogatepass")
        )
    return digest.hexdigest()


@dataclass(frozen=True)
class Experiment:
    """A network about to be trained.

    Attributes:
        config: the resolved options.
        labels: names of the classes, in class order.
        vocabulary: of the training sentences.
        data: the sentences and their split.
        train, dev: their numbers.
        seen: hashes of the training sentences.
        naive_bayes: what counting the training sentences says, or None.
        trainer: the loop and its state.
    """

    config: Config
    labels: list[str]
    vocabulary: Vocabulary
    data: TokenizedData
    train: Examples
    dev: Examples
    seen: np.ndarray
    naive_bayes: NaiveBayes | None
    trainer: Trainer

    def checkpoint(self) -> Checkpoint:
        """The state as it is now; arrays are not copied where they need not be."""
        trainer = self.trainer
        return Checkpoint(
            config=self.config,
            labels=self.labels,
            label_counts=np.bincount(self.train.classes, minlength=len(self.labels)),
            vocabulary=self.vocabulary,
            parameters=trainer.model(),
            naive_bayes=self.naive_bayes,
            temperature=self._temperature(),
            seen=self.seen,
            fingerprint=self.data.fingerprint,
            source=self.data.source,
            training=TrainingState(
                steps=trainer.optimizer.steps,
                slots=trainer.optimizer.slots,
                random_state=dict(trainer.rng.bit_generator.state),
                progress=trainer.progress,
                parameters=trainer.parameters,
                average=trainer.average,
            ),
        )

    def _temperature(self) -> float:
        """What the best epoch's dev logits ask for; 1 before the first evaluation."""
        logits = self.trainer.progress.dev_logits
        return fit_temperature(logits, self.dev.classes) if len(logits) else 1.0


def new_experiment(config: Config, data: TokenizedData, report: Report) -> Experiment:
    """Set up a run from its first step.

    Args:
        config: the options.
        data: all sentences, tokenised and split.
        report: told, in one line, what was found.

    Raises:
        UserError: the data or the vectors cannot be used.
    """
    return _begun(config.resolved(), data, Progress(), report)


def refit_experiment(
    config: Config, data: TokenizedData, chosen: Progress, report: Report
) -> Experiment:
    """Set up the second half of a run with ``--refit``: train and dev together, from the start.

    Args:
        config: the options.
        data: as it was for the first half.
        chosen: where the first half ended; its best epoch is how long the second one trains.
        report: told, in one line, what was found.
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
    return _begun(config.resolved(), data, progress, report)


def _begun(config: Config, data: TokenizedData, progress: Progress, report: Report) -> Experiment:
    rows = _training_rows(data, progress)
    tokens = data.part_tokens(rows)
    vocabulary = Vocabulary.fit(tokens, config.min_count, config.max_vocabulary)
    # The split and the parameters draw from streams of their own, so that one more option
    # that draws numbers does not change the other.
    rng = np.random.default_rng([config.network_seed or 0, 1])
    vectors = _vectors(config, vocabulary, tokens, rng, report)
    if vectors is not None:
        config = dataclasses.replace(config, embedding_dim=vectors.shape[1])
    labels = sorted(set(data.labels))
    counted = _count(config, data, rows, vocabulary, labels)
    architecture = architecture_of(config, len(vocabulary), len(labels), counted.naive_bayes)
    parameters = initial_parameters(architecture, rng, vectors)
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
    return _assemble(config, labels, vocabulary, data, counted, trainer)


@dataclass(frozen=True)
class _Counted:
    """What counting the training sentences says, of others and of themselves; None for neither."""

    naive_bayes: NaiveBayes | None
    by_others: np.ndarray | None


def _count(
    config: Config,
    data: TokenizedData,
    rows: np.ndarray,
    vocabulary: Vocabulary,
    labels: Sequence[str],
) -> _Counted:
    if not config.ngrams:
        return _Counted(None, None)
    sentences, classes = data.packed(rows, vocabulary, labels)
    words, num_classes = vocabulary.words, len(labels)
    return _Counted(*count(sentences, classes, num_classes, words, config.ngrams, config.subwords))


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
    # Counted again rather than kept: a checkpoint holds what the counts say of other sentences.
    counted = _count(config, data, rows, checkpoint.vocabulary, checkpoint.labels)
    return _assemble(config, checkpoint.labels, checkpoint.vocabulary, data, counted, trainer)


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
    counted: _Counted,
    trainer: Trainer,
) -> Experiment:
    rows, naive_bayes = _training_rows(data, trainer.progress), counted.naive_bayes
    train = Examples(*data.packed(rows, vocabulary, labels))
    dev = Examples(*data.packed(data.split.dev, vocabulary, labels))
    if naive_bayes is not None:
        kinds = [kind for kind, _ in trainer.architecture.corrections]
        told = naive_bayes.of(train.sentences, kinds, counted.by_others)
        train = dataclasses.replace(train, evidence=told)
        told = naive_bayes.of(dev.sentences, kinds, None)
        dev = dataclasses.replace(dev, evidence=told)
    seen = sentence_hashes(data.part_tokens(rows))
    return Experiment(config, labels, vocabulary, data, train, dev, seen, naive_bayes, trainer)


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
    from textcnn.vectors import Algorithm, fill_unknown, load_vectors, train_vectors

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
    tokenize = TOKENIZERS[config.tokenizer]
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
