"""What a checkpoint holds, in memory."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.trainer import Progress
from textcnn.core.vocabulary import Vocabulary
from textcnn.data.label_kinds import TEXT
from textcnn.recipe.averaging import MovingAverage
from textcnn.recipe.ngrams.counts import Counts
from textcnn.recipe.ngrams.naive_bayes import NaiveBayes
from textcnn.training.config import Config


@dataclass(frozen=True)
class TrainingState:
    """What resuming needs besides the parameters.

    Attributes:
        steps: the optimizer's step count.
        slots: the optimizer's arrays.
        random_state: of the NumPy bit generator.
        progress: where the loop stands.
        parameters: as the optimizer left them.
        average: of the parameters, or None; it may be some steps behind.
    """

    steps: int
    slots: dict[str, np.ndarray]
    random_state: dict[str, Any]
    progress: Progress
    parameters: Parameters
    average: MovingAverage | None
    counts: Counts | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A model, and where it came from.

    Attributes:
        config: the resolved options.
        labels: names of the classes, in class order.
        label_counts: (C,) training sentences of each class.
        vocabulary: the words.
        parameters: the arrays of the network, averaged where the run averages.
        seen: (N,) uint64 hashes of the training sentences (:mod:`textcnn.data.fingerprints`).
        fingerprint: SHA-256 of all data the run was given, training part or not.
        source: one line about that data.
        naive_bayes: what counting the training sentences says, where the network weighs it.
        temperature: what the logits are divided by (:mod:`textcnn.recipe.calibration`).
        thresholds: (C,) where a sentence may have several labels, from which probability on each
            is answered; else None.
        seen_before: (M,) uint64 hashes of those that a network it went on from was trained on.
        label_kind: the type of the labels in Python (:mod:`textcnn.data.label_kinds`).
        others: the second and further networks of an ensemble, whose logits are averaged.
        written_by: versions of the programs that wrote it; empty for one not written yet.
        training: what resuming needs; None where it was not asked for.
    """

    config: Config
    labels: list[str]
    label_counts: np.ndarray
    vocabulary: Vocabulary
    parameters: Parameters
    seen: np.ndarray
    fingerprint: str
    source: str
    naive_bayes: NaiveBayes | None = None
    temperature: float = 1.0
    thresholds: np.ndarray | None = None
    seen_before: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.uint64))
    label_kind: str = TEXT
    others: tuple[Parameters, ...] = ()
    written_by: dict[str, str] = dataclasses.field(default_factory=dict)
    training: TrainingState | None = None

    @property
    def architecture(self) -> Architecture:
        """The shapes of the network."""
        return architecture_of(
            self.config, len(self.vocabulary), len(self.labels), self.naive_bayes
        )


def architecture_of(
    config: Config, vocabulary_size: int, num_classes: int, naive_bayes: NaiveBayes | None
) -> Architecture:
    """The shapes a resolved configuration asks for, the counts being these."""
    evidence = [] if naive_bayes is None else naive_bayes.evidence
    # A word's parts cannot be told apart in its sum, so there is nothing of theirs to correct.
    corrected = [kind for kind in evidence if config.correction_rate and kind.name != "subwords"]
    return Architecture(
        mode=config.mode or "",
        vocabulary_size=vocabulary_size,
        embedding_dim=config.embedding_dim,
        filter_sizes=config.filter_sizes,
        num_filters=config.num_filters,
        num_classes=num_classes,
        multilabel=config.multilabel,
        evidence=tuple(kind.name for kind in evidence),
        corrections=tuple((kind.name, len(kind.values)) for kind in corrected),
    )
