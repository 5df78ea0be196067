"""The score of a setting: how right it is about dev sentences, in several divisions of them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.data.datasets.splits import Split
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.folds import Fold, derived_seed, make_folds
from textcnn.recipe.config import Config
from textcnn.support.errors import RunError
from textcnn.support.workers.processes import Runner
from textcnn.training.option_files import option_files, with_files
from textcnn.training.run import train_in_memory


@dataclass(frozen=True)
class FoldScore:
    """What came of a setting in one division.

    Attributes:
        accuracy: of the best evaluation on dev; not a number where training diverged.
        fault: how it did; empty where it did not.
    """

    accuracy: float
    fault: str = ""


@dataclass(frozen=True)
class DevFolds:
    """Divisions of sentences into train and dev, on which settings are scored.

    Attributes:
        data: all sentences.
        splits: the divisions; none has test rows.
        vectors: where the word vectors of the sentences are kept, by the value of ``--vectors``.
        runner: where to train, and how many divisions at once; scores do not depend on it.
    """

    data: TokenizedData
    splits: Sequence[Split]
    vectors: Mapping[str, Path]
    runner: Runner

    def score(self, config: Config, first: int) -> list[FoldScore]:
        """Train a setting on as many divisions as can be at once, and score it on dev.

        Args:
            config: the setting.
            first: the number of the first division, counted from 0.

        Raises:
            UserError: the setting cannot be used with the data.
            RunError: a process or a machine was lost.
        """
        seed, tasks = config.resolved().network_seed or 0, []
        one = dataclasses.replace(config, ensemble=1, refit=False)
        for number, split in list(enumerate(self.splits))[first : first + self.runner.at_once]:
            own = dataclasses.replace(one, network_seed=derived_seed(seed, number))
            tasks.append({"number": number, "config": own, "split": split})
        kept = self.vectors.get(config.vectors or "")
        common = {"data": self.data, **option_files(config, kept)}
        scores = dict(self.runner.run(_score, tasks, common))
        return [scores[number] for number in sorted(scores)]


def dev_splits(data: TokenizedData, rows: np.ndarray, folds: int, seed: int) -> list[Split]:
    """Divide rows so that each is once a dev row and else trains; there are no test rows.

    Args:
        data: all sentences.
        rows: those that may be used.
        folds: how many divisions, at least 2.
        seed: decides them.

    Raises:
        UserError: a label has too few different sentences.
    """
    # What a cross-validation would test is dev here; its own dev part goes back to train, so that
    # its share plays no role.
    parts = (fold.split for fold in folds_within(data, rows, folds, 0.5, seed))
    return [Split(np.union1d(part.train, part.dev), part.test, np.arange(0)) for part in parts]


def folds_within(
    data: TokenizedData, rows: np.ndarray, folds: int, dev_share: float, seed: int
) -> list[Fold]:
    """Divide rows of the data as :func:`make_folds` does, once."""
    labels = [data.labels[row] for row in rows]
    made = make_folds(data.keys_of(rows), labels, folds, 1, dev_share, seed)
    return [
        Fold(0, number, Split(rows[part.train], rows[part.dev], rows[part.test]))
        for number, part in enumerate(fold.split for fold in made)
    ]


def _score(
    data: TokenizedData, number: int, config: Config, split: Split, **files: Path
) -> tuple[int, FoldScore]:
    """The score of one division, and its number."""
    config, data = with_files(config, files), dataclasses.replace(data, split=split)
    try:
        _, outcome = train_in_memory(config, data, lambda line: None)
    except RunError as error:
        return number, FoldScore(math.nan, str(error))
    return number, FoldScore(outcome.best[0].dev_accuracy)
