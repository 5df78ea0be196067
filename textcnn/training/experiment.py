"""From labelled sentences and options to everything that training a network needs."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from textcnn.core.architecture import Architecture, initial_parameters
from textcnn.core.network import Network
from textcnn.core.optimizers import SGD, Adadelta, Adam, Optimizer
from textcnn.core.progress import Event, Progress
from textcnn.core.sentences import Examples
from textcnn.core.step import Step, kim_step
from textcnn.core.token_lists import TokenLists
from textcnn.core.trainer import DivergedError, Schedule, Trainer
from textcnn.core.vocabulary import UNKNOWN_WORD, Vocabulary
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.recipe.averaging import MovingAverage, copied
from textcnn.recipe.class_weights import balanced_weights, example_weights, with_mean_one
from textcnn.recipe.config import Config
from textcnn.recipe.ngrams.expert import Texts
from textcnn.recipe.ngrams.learning import InitialExpert, NgramExamples
from textcnn.recipe.steps import with_l2, with_word_dropout
from textcnn.recipe.thinning import thinned_step
from textcnn.support.errors import RunError, UserError
from textcnn.training.checkpoint import Checkpoint, TrainingState, architecture_of
from textcnn.training.continuing import label_columns, take_over
from textcnn.training.fusing import TrainedNgrams, fuse, train_ngrams
from textcnn.training.start_vectors import StartVectors


@dataclass(frozen=True)
class NumberedSentences:
    """The sentences of one half of a run, as token ids.

    Attributes:
        rows: of the training sentences among the data.
        vocabulary: of the training sentences.
        labels: names of the classes, in class order.
        train, dev: the sentences and what each counts.
    """

    rows: np.ndarray
    vocabulary: Vocabulary
    labels: list[str]
    train: Examples
    dev: Examples

    def ngram_examples(self, tokens: TokenLists, examples: Examples) -> NgramExamples:
        """The sentences as the n-gram expert reads them, with the letters of unknown words."""
        texts = Texts.of(tokens, self.vocabulary)
        words, num_classes = self.vocabulary.words, len(self.labels)
        return NgramExamples(texts, examples.targets, words, num_classes, examples.weights)


def number_sentences(
    config: Config,
    data: TokenizedData,
    rows: np.ndarray,
    vocabulary: Vocabulary,
    labels: list[str],
) -> NumberedSentences:
    """The sentences of one half of a run, where these rows train.

    What each counts is decided by the proportions of the training sentences, for those of dev too.
    """
    parts = rows, data.choosing_rows
    packed = [data.packed(part, vocabulary, labels) for part in parts]
    by_class = own = None
    if config.class_weight == "balanced":
        by_class = balanced_weights(packed[0][1], len(labels))
    if data.weights is not None:
        own = with_mean_one(data.weights, rows)
    train, dev = (
        Examples(
            sentences,
            targets,
            example_weights(targets, by_class, None if own is None else own[part]),
        )
        for part, (sentences, targets) in zip(parts, packed, strict=True)
    )
    return NumberedSentences(rows, vocabulary, labels, train, dev)


@dataclass(frozen=True)
class Experiment(NumberedSentences):
    """A network about to be trained on these sentences, in one half of a run.

    In the first half dev chooses when to stop and how much each expert counts. In the second,
    train and dev together are trained on for as many epochs as dev chose.

    Attributes:
        config: the resolved options.
        data: the sentences and their split.
        train_hashes: of the training sentences, those of a network it goes on from included.
        ngrams: the n-gram expert of this half, or None.
        trainer: the loop and its state.
        tokenizer_chosen: the tokenizer is what ``auto`` has chosen, here or in a network before.
        epochs: how long to train, in the second half; None where dev chooses.
        first_half: where the first half ended, which dev chose; None in that half.
    """

    config: Config
    data: TokenizedData
    train_hashes: np.ndarray
    ngrams: TrainedNgrams | None
    trainer: Trainer
    tokenizer_chosen: bool
    epochs: float | None = None
    first_half: Progress | None = None

    @property
    def steps(self) -> int:
        """How many steps the second half takes; 0 where dev chooses."""
        if self.epochs is None:
            return 0
        return max(round(self.epochs * self.trainer.steps_per_epoch(self.train)), 1)

    def train_to_end(self, listen: Callable[[Event], None]) -> None:
        """Train until this half ends or a stop is asked for.

        Args:
            listen: told of each event.

        Raises:
            RunError: training diverged.
        """
        dev = self.dev if self.epochs is None else None
        events = self.trainer.run(self.train, dev, self.steps)
        try:
            for event in events:
                listen(event)
        except DivergedError as error:
            raise RunError(
                f"{error}; the last checkpoint is kept; try a lower --learning-rate or --clip-norm"
            ) from error

    def checkpoint(self) -> Checkpoint:
        """The state as it is now; arrays are not copied where they need not be."""
        trainer, ngrams = self.trainer, self.ngrams
        choice = self.first_half or trainer.progress
        fusion, thresholds = fuse([choice.dev_logits], ngrams, self.dev, len(self.labels))
        return Checkpoint(
            config=self.config,
            labels=self.labels,
            label_counts=label_counts(self.train.targets, len(self.labels)),
            vocabulary=self.vocabulary,
            networks=(trainer.predicting_network().parameters,),
            ngrams=None if ngrams is None else ngrams.expert,
            fusion=fusion,
            thresholds=thresholds,
            train_hashes=self.train_hashes,
            dev_hashes=self.data.held_out[0],
            test_hashes=self.data.held_out[1],
            inherited=self.data.inherited,
            tokenizer_chosen=self.tokenizer_chosen,
            history=choice.history,
            best_step=choice.best_step,
            fingerprint=self.data.fingerprint,
            source=self.data.source,
            training=TrainingState(
                steps=trainer.optimizer.steps,
                slots=trainer.optimizer.slots,
                random_state=dict(trainer.rng.bit_generator.state),
                progress=trainer.progress,
                first_half=self.first_half,
                parameters=trainer.network.parameters,
                average=cast(MovingAverage | None, trainer.average),
                ngram_dev_logits=None if ngrams is None else ngrams.dev_logits,
            ),
        )


def label_counts(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """(C,) how many sentences have each class."""
    if targets.ndim == 2:
        return targets.sum(axis=0)
    return np.bincount(targets, minlength=num_classes)


def new_experiment(
    config: Config,
    data: TokenizedData,
    report: Report,
    initial: Checkpoint | None = None,
    epochs: float | None = None,
    first_half: Progress | None = None,
    ngrams: TrainedNgrams | None = None,
    start: StartVectors | None = None,
) -> Experiment:
    """Set up one half of a run from its first step.

    Args:
        config: the options.
        data: all sentences, tokenised and split.
        report: told, in one line, what was found.
        initial: a model to go on from, with its training state, or None.
        epochs: how long to train on train and dev together; None to let dev choose.
        first_half: where the first half ended; None to set up that.
        ngrams: the n-gram expert of this half where it is trained already, for another network
            of an ensemble, or of the first half, from which the second takes its choices.
        start: what the networks of a run begin with; None for those of this one alone.

    Raises:
        UserError: the data or the vectors cannot be used.
    """
    config = data.completed(config.resolved())
    rows = data.learnt_rows(refit=epochs is not None)
    tokens = data.tokens.take(rows)
    vocabulary = Vocabulary.fit(tokens, config.min_count, config.max_vocabulary)
    labels = data.label_names
    if initial is not None:
        vocabulary = initial.vocabulary.extended(vocabulary)
        labels = sorted({*labels, *initial.labels})
    if vocabulary.words == [UNKNOWN_WORD]:
        raise UserError(
            f"--min-count {config.min_count}: no word of the training sentences stands there so "
            "often; choose a lower one"
        )
    parts = number_sentences(config, data, rows, vocabulary, labels)
    # The split and the parameters draw from streams of their own, so that one more option
    # that draws numbers does not change the other.
    rng = np.random.default_rng([config.network_seed or 0, 1])
    vectors = (start or StartVectors()).of(config, data, vocabulary, tokens, rng, report)
    if vectors is not None:
        config = dataclasses.replace(config, embedding_dim=vectors.shape[1])
    architecture = architecture_of(config, len(vocabulary), len(labels))
    parameters = initial_parameters(architecture, rng, vectors)
    if initial is not None:
        take_over(parameters, architecture, labels, initial)
    average = None
    if config.averaging:
        trained = {name: parameters[name] for name in architecture.trained}
        average = MovingAverage(decay_of(config, len(rows)), copied(trained))
    trainer = Trainer(
        make_step(config, architecture),
        Network(architecture, parameters),
        make_optimizer(config),
        rng,
        make_schedule(config),
        average=average,
    )
    if ngrams is None or (epochs is not None and not ngrams.refitted):
        expert = None
        if initial is not None and initial.ngrams is not None:
            expert = InitialExpert(initial.ngrams, label_columns(initial, labels))
        ngrams = train_ngrams(
            config,
            parts.ngram_examples(tokens, parts.train),
            parts.ngram_examples(data.tokens.take(data.choosing_rows), parts.dev),
            expert,
            ngrams,
        )
    train_hashes, auto = data.hashes[rows], data.tokenizer_chosen
    if initial is not None:
        train_hashes, auto = (
            np.concatenate([train_hashes, initial.train_hashes]),
            auto or initial.tokenizer_chosen,
        )
    return Experiment(
        **vars(parts),
        config=config,
        data=data,
        train_hashes=np.unique(train_hashes),
        ngrams=ngrams,
        trainer=trainer,
        tokenizer_chosen=auto,
        epochs=epochs,
        first_half=first_half,
    )


def decay_of(config: Config, sentences: int) -> float:
    """The decay of the moving average, which spans ``averaging`` epochs."""
    return math.exp(-1 / (config.averaging * math.ceil(sentences / config.batch_size)))


def chosen_epochs(first_half: Progress) -> float:
    """How long the second half of a run trains, once the first has ended so."""
    if first_half.best is None:
        raise ValueError("a half that was trained to its end has a best evaluation")
    return first_half.best.epoch


def make_step(config: Config, architecture: Architecture) -> Step:
    """The training step that a configuration asks for."""
    if config.dropout_draw == "batch":
        step = thinned_step(architecture, config.dropout)
    else:
        step = kim_step(architecture, config.dropout)
    return with_l2(with_word_dropout(step, config.word_dropout), config.l2)


def make_optimizer(config: Config) -> Optimizer:
    """The optimizer that a resolved configuration asks for."""
    rate, epsilon = config.learning_rate or 0.0, config.epsilon or 0.0
    if config.optimizer == "adam":
        return Adam(rate, config.beta1, config.beta2, epsilon)
    if config.optimizer == "adadelta":
        return Adadelta(rate, config.rho, epsilon)
    return SGD(rate, config.momentum)


def make_schedule(config: Config) -> Schedule:
    """How long to train and when to evaluate, as the options say."""
    names = [field.name for field in dataclasses.fields(Schedule)]
    return Schedule(**{name: getattr(config, name) for name in names})
