"""A test score for the search itself: it runs anew inside each fold of a cross-validation.

The winner's own dev score is too good, being the highest of many (Cawley and Talbot, "On
Over-fitting in Model Selection", JMLR 11, 2010). Here no tested sentence had a part in the search
whose winner it tests.
"""

import dataclasses
from pathlib import Path

import numpy as np

from textcnn.data.datasets.splits import Split
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.fold_run import run_fold
from textcnn.evaluation.crossval.folds import Fold, make_folds
from textcnn.evaluation.search.dev_folds import keys_and_labels
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.workers.runner import Runner
from textcnn.training.option_files import option_files


def outer_folds(data: TokenizedData, rows: np.ndarray, config: Config, folds: int) -> list[Fold]:
    """Divide rows into folds, each with a train, a dev and a test part.

    Args:
        data: all sentences.
        rows: those that may be used.
        config: for the share of dev and the seed.
        folds: how many.

    Raises:
        UserError: a label has too few different sentences.
    """
    try:
        made = make_folds(*keys_and_labels(data, rows), folds, 1, config.dev_share, config.seed)
    except UserError as error:
        raise UserError(f"--nested {folds}: {str(error).removeprefix(f'--folds {folds}: ')}") from (
            error
        )
    return [
        dataclasses.replace(
            fold,
            split=Split(rows[fold.split.train], rows[fold.split.dev], rows[fold.split.test]),
        )
        for fold in made
    ]


def learnt_rows(fold: Fold) -> np.ndarray:
    """The rows that a search inside the fold may use: all but the test part."""
    return np.union1d(fold.split.train, fold.split.dev)


def outer_accuracy(
    config: Config, data: TokenizedData, fold: Fold, vectors: Path | None, runner: Runner
) -> float:
    """Train the winner on the fold's train and dev parts as ``train`` would; test it once.

    Args:
        config: the winner.
        data: all sentences.
        fold: the rows.
        vectors: where the word vectors that it names are kept, if it names any.
        runner: where to train.
    """
    task = {"config": config, "fold": fold, "baselines": ()}
    common = {"data": data, **option_files(config, vectors)}
    (result,) = runner.run(run_fold, [task], common)
    return result.accuracy
