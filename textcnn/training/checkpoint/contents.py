"""What a checkpoint holds, in memory."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.progress import Evaluation, Progress
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.fingerprints import Division
from textcnn.data.labels import TEXT
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.config import Config
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.support.errors import UserError

NO_HASHES = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class TrainingState:
    """The state of training: what resuming needs besides the model.

    Attributes:
        steps: the optimizer's step count.
        slots: the optimizer's arrays.
        random_state: of the NumPy bit generator.
        progress: where the loop stands.
        first_half: where the first half of the run ended, in which dev chose; None within it.
        parameters: as the optimizer left them.
        average: of the parameters, or None; it may be some steps behind.
        ngram_dev_logits: (dev sentences, C) of the n-gram expert of the first half, or None.
    """

    steps: int
    slots: dict[str, np.ndarray]
    random_state: dict[str, Any]
    progress: Progress
    first_half: Progress | None
    parameters: Parameters
    average: MovingAverage | None
    ngram_dev_logits: np.ndarray | None = None

    @property
    def choice(self) -> Progress:
        """The progress that holds what dev has said: of the first half of the run."""
        return self.first_half or self.progress

    def generator(self) -> np.random.Generator:
        """What draws random numbers, as it was.

        Raises:
            UserError: its state is damaged.
        """
        rng = np.random.default_rng()
        try:
            rng.bit_generator.state = self.random_state
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            raise UserError(f"the checkpoint's random state is damaged: {error}") from error
        return rng


@dataclass(frozen=True)
class Checkpoint:
    """A model, and where it came from.

    Attributes:
        config: the resolved options.
        labels: names of the classes, in class order.
        label_counts: (C,) training sentences of each class.
        vocabulary: the words.
        networks: the arrays of each network, averaged where the run averages; their logits are
            averaged.
        ngrams: the n-gram expert, or None.
        fusion: how what the networks and the expert say becomes one prediction.
        train_hashes: (N,) uint64, of the training sentences (:mod:`textcnn.data.fingerprints`).
        fingerprint: SHA-256 of all data the run was given, training part or not.
        source: one line about that data.
        thresholds: (C,) where a sentence may have several labels, from which probability on each
            is predicted; else None.
        dev_hashes, test_hashes: uint64, of the sentences of these parts, and of those that a model
            it went on from kept for them.
        inherited: of the model it went on from, or None.
        label_kind: the type of the labels in Python (:mod:`textcnn.data.labels`).
        tokenizer_chosen: that of ``config`` is what ``auto`` has chosen by the sentences.
        history: what dev has said, evaluation after evaluation; of a single network.
        best_step: the step of the evaluation that dev chose, or -1.
        rounded: the networks were read from numbers of fewer bits, as ``shrink`` keeps them.
        written_by: versions of the programs that wrote it; empty for one not written yet.
        training: what resuming needs; None where it was not asked for.
    """

    config: Config
    labels: list[str]
    label_counts: np.ndarray
    vocabulary: Vocabulary
    networks: tuple[Parameters, ...]
    ngrams: NgramExpert | None
    fusion: Fusion
    train_hashes: np.ndarray
    fingerprint: str
    source: str
    thresholds: np.ndarray | None = None
    dev_hashes: np.ndarray = dataclasses.field(default_factory=lambda: NO_HASHES)
    test_hashes: np.ndarray = dataclasses.field(default_factory=lambda: NO_HASHES)
    inherited: Division | None = None
    label_kind: str = TEXT
    tokenizer_chosen: bool = False
    history: list[Evaluation] = dataclasses.field(default_factory=list)
    best_step: int = -1
    rounded: bool = False
    written_by: dict[str, str] = dataclasses.field(default_factory=dict)
    training: TrainingState | None = None

    @property
    def handed_on(self) -> Division:
        """What one that goes on from it inherits; none of what it was trained on is held out."""
        held_out = self.dev_hashes, self.test_hashes
        dev, test = (np.setdiff1d(hashes, self.train_hashes) for hashes in held_out)
        return Division(self.train_hashes, np.setdiff1d(dev, test), test, tuple(self.labels))

    @property
    def new_labels(self) -> list[str]:
        """Those that the model it went on from did not know; none where there is no such model."""
        before = self.labels if self.inherited is None else self.inherited.labels
        return [label for label in self.labels if label not in before]

    @property
    def architecture(self) -> Architecture:
        """The shapes of each network."""
        return architecture_of(self.config, len(self.vocabulary), len(self.labels))


def architecture_of(config: Config, vocabulary_size: int, num_classes: int) -> Architecture:
    """The shapes that a resolved configuration asks for."""
    return Architecture(
        mode=config.mode or "",
        vocabulary_size=vocabulary_size,
        embedding_dim=config.embedding_dim,
        filter_sizes=config.filter_sizes,
        num_filters=config.num_filters,
        num_classes=num_classes,
        multilabel=config.multilabel,
    )
