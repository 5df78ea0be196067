"""A search with its folder and its sentences: the main one, and those inside outer folds."""

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textcnn.data.datasets.splits import Split
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.evaluation.crossval.fold_run import run_fold
from textcnn.evaluation.crossval.folds import Fold
from textcnn.evaluation.search.folder import Plan, SearchFolder
from textcnn.evaluation.search.space import Space
from textcnn.evaluation.search.trials import (
    DevFolds,
    FinishedTrial,
    Journal,
    best_of,
    dev_splits,
    finished,
    folds_within,
    run_trials,
)
from textcnn.support.errors import RunError, UserError
from textcnn.support.read_back import SEAL
from textcnn.support.workers.processes import Runner
from textcnn.training.option_files import option_files


def learnt_rows(fold: Fold) -> np.ndarray:
    """The rows that a search inside the fold may use: all but the test part."""
    return np.union1d(fold.split.train, fold.split.dev)


TESTED = "tested"

Listener = Callable[[list[FinishedTrial]], None]
"""Told of all trials that are finished, each time another one is."""


@dataclass(frozen=True)
class Session:
    """A search that can run: all it needs once options and data are read.

    Attributes:
        folder: where it is kept.
        space: what is varied, and from where.
        plan: how long.
        data: all sentences; those of its test part are not looked at.
        runner: where to train.
    """

    folder: SearchFolder
    space: Space
    plan: Plan
    data: TokenizedData
    runner: Runner

    def check_divisible(self) -> None:
        """Raise a UserError where the sentences are too few for the folds."""
        inner = [learnt_rows(fold) for fold in self.outer_folds()]
        for rows in (self.data.everything_but_test, *inner):
            self._splits(rows)

    def search(
        self, fold: Fold | None, listen: Listener, report: Report
    ) -> tuple[list[FinishedTrial], FinishedTrial]:
        """Search, or go on searching, for the best setting.

        Args:
            fold: one of :meth:`outer_folds`, to search without its test part; None for all
                sentences that the search may use.
            listen: see :data:`Listener`.
            report: told how many trials were finished before.

        Returns:
            All trials, and the best.

        Raises:
            UserError: a setting cannot be used with the data, or the journal is damaged.
            RunError: no setting could be trained.
        """
        with self._journal.checked():
            study = self._journal.study(_name(fold))
            tried = finished(study, self.space)
        if tried:
            report(f"going on after {len(tried)} trials")
        rows = self.data.everything_but_test if fold is None else learnt_rows(fold)
        folds = DevFolds(self.data, self._splits(rows), self.folder.vectors, self.runner)
        stream = 0 if fold is None else fold.number + 1
        for one in run_trials(study, self.space, folds, self.plan.trials, stream):
            tried.append(one)
            listen(tried)
        best = best_of(tried)
        if best is None:
            raise RunError(f"no setting could be trained; the last: {tried[-1].fault}")
        return tried, best

    def outer_folds(self) -> list[Fold]:
        """The folds of ``--nested``, made of what the test part leaves; none without it.

        The winner's own dev score is too good, being the highest of many (Cawley and Talbot, "On
        Over-fitting in Model Selection", JMLR 11, 2010). No sentence that tests here had a part in
        the search whose winner it tests.

        Raises:
            UserError: a label has too few different sentences.
        """
        count, start = self.plan.nested, self.space.start
        if not count:
            return []
        rows = self.data.everything_but_test
        try:
            return folds_within(self.data, rows, count, start.dev_share, start.seed)
        except UserError as error:
            words = str(error).removeprefix(f"--folds {count}: ")
            raise UserError(f"--nested {count}: {words}") from error

    def test(self, fold: Fold, best: FinishedTrial) -> float:
        """The test accuracy of the winner of the search inside an outer fold, which is kept.

        It is trained on the fold's train and dev parts as ``train`` would.
        """
        with self._journal.checked():
            study = self._journal.study(_name(fold))
            kept = study.user_attrs.get(TESTED, {"trial": 0})
            if kept["trial"] == best.number:
                return float(kept["accuracy"])
        config = self.space.config(best.drawn)
        task = {"config": config, "fold": fold, "baselines": ()}
        common = {"data": self.data, **option_files(config, self.folder.vectors)}
        (result,) = self.runner.run(run_fold, [task], common)
        study.set_user_attr(TESTED, {"trial": best.number, "accuracy": result.accuracy})
        return result.accuracy

    def _splits(self, rows: np.ndarray) -> list[Split]:
        return dev_splits(self.data, rows, self.plan.folds, self.space.start.seed)

    @functools.cached_property
    def _journal(self) -> Journal:
        # All of a search but for how long it is depends on what else was planned.
        plan = dataclasses.replace(self.plan, trials=1).sealed(self.folder.plan)
        return Journal(self.folder.journal, plan[SEAL])


def _name(fold: Fold | None) -> str:
    """Of a search in the journal."""
    return "search" if fold is None else f"outer fold {fold.number + 1}"
