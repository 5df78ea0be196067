"""The sentences that a checkpoint was trained on, found again."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.tokenizers import CUSTOM
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import data_of_run
from textcnn.inference.model import Model
from textcnn.insight.learnt.scan import Scan, scan
from textcnn.recipe.config import Value
from textcnn.recipe.ngrams.expert import Texts
from textcnn.support.errors import SAY_WHERE, UserError, if_missing
from textcnn.training.checkpoint import Checkpoint

MOST_SENTENCES = 20_000
"""Training sentences looked at: more change no table by much."""

MOST_CELLS = 1 << 25
"""Sentences times feature maps that are kept: a bound on memory."""


@dataclass(frozen=True)
class TrainingPart:
    """Training and dev sentences.

    Attributes:
        train: those that are looked at, at most :data:`MOST_SENTENCES`, drawn at random.
        scans: what the filters of each network chose in them.
        total: how many there are.
        dev: the dev sentences, or as many of them, with the letters of unknown words.
        dev_targets: (N,) their classes, or (N, C) booleans.
        dev_trained: the network was trained on these too, once they had chosen the epoch.
    """

    train: PackedSentences
    scans: list[Scan]
    total: int
    dev: Texts
    dev_targets: np.ndarray
    dev_trained: bool

    @property
    def sentences(self) -> str:
        """Which training sentences are looked at, in words."""
        if len(self.train) == self.total:
            return f"the {self.total:,} training sentences"
        return f"{len(self.train):,} of the {self.total:,} training sentences, drawn at random"


def training_part(
    checkpoint: Checkpoint, report: Callable[[str], None], moved: Mapping[str, Value] | None = None
) -> TrainingPart:
    """Read the data again, and divide it as the run did (see :func:`part_of`).

    Args:
        checkpoint: of the run.
        report: told in one line of each attempt to reach a source.
        moved: options that say where the data is now, if not where it was.

    Raises:
        UserError: it cannot be read, or is not what the run was given.
        RunError: the movie reviews could not be reached.
    """
    with if_missing(SAY_WHERE):
        return part_of(checkpoint, read_again(checkpoint, report, moved))


def read_again(
    checkpoint: Checkpoint, report: Callable[[str], None], moved: Mapping[str, Value] | None = None
) -> TokenizedData:
    """The run's data, divided as the run did; takes and raises what :func:`training_part` does."""
    config = dataclasses.replace(checkpoint.config, **(moved or {}))
    if config.tokenizer == CUSTOM:
        raise UserError("they were taken apart by a function of Python's, which is not at hand")
    return data_of_run(checkpoint, Corpora.read(config, report))


def part_of(checkpoint: Checkpoint, data: TokenizedData) -> TrainingPart:
    """What a checkpoint was trained on, its data being at hand."""
    config = checkpoint.config
    rows = data.learnt_rows(config.refit)
    maps = checkpoint.architecture.num_features * len(checkpoint.networks)
    most = max(min(MOST_SENTENCES, MOST_CELLS // maps), 1)
    train, _ = data.packed(_drawn(rows, most), checkpoint.vocabulary, checkpoint.labels)
    asked = _drawn(data.split.dev, most)
    dev = Texts.of(data.tokens.take(asked), checkpoint.vocabulary)
    targets = data.targets(asked, checkpoint.labels)
    scans = [scan(member, train) for member in Model(checkpoint).network.members]
    return TrainingPart(train, scans, len(rows), dev, targets, config.refit)


def _drawn(rows: np.ndarray, most: int) -> np.ndarray:
    """So many of the rows at most, always the same."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
