"""The trials of a search: drawn by a tree-structured Parzen estimator, poor ones cut short.

The estimator is that of Bergstra et al., "Algorithms for Hyper-Parameter Optimization" (NeurIPS
2011). Trials follow each other, and each is drawn with a seed of its own: so a search depends
neither on how many folds run at once nor on where it was stopped and gone on with.
"""

import contextlib
import dataclasses
import itertools
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textcnn.data.datasets.splits import Split
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.folds import Fold, derived_seed, make_folds
from textcnn.evaluation.search.space import Drawn, Space
from textcnn.recipe.config import Config
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import replacing
from textcnn.support.read_back import SEAL, parse_sealed, read_bytes, seal_each
from textcnn.support.workers.processes import Runner
from textcnn.training.option_files import option_files, with_files
from textcnn.training.run import train_in_memory

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial


# The score of a setting: how right it is about dev sentences, in several divisions of them


FoldScore = tuple[float, str]
"""The accuracy of the best evaluation on dev, not a number where training diverged; and how it did.
"""


@dataclass(frozen=True)
class DevFolds:
    """Divisions of sentences into train and dev, on which settings are scored.

    Attributes:
        data: all sentences.
        splits: the divisions; none has test rows.
        vectors: the file in which the word vectors of the sentences are kept, if there are any.
        runner: where to train, and how many divisions at once; scores do not depend on it.
    """

    data: TokenizedData
    splits: Sequence[Split]
    vectors: Path
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
        common = {"data": self.data, **option_files(config, self.vectors)}
        return [score for _, score in sorted(self.runner.run(_score, tasks, common))]


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
    made = make_folds(
        data.keys_of(rows), labels, folds, 1, dev_share, seed, multilabel=data.multilabel
    )
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
        return number, (math.nan, str(error))
    return number, (outcome.best[0].dev_accuracy, "")


# Trials


_ACCURACIES, _FAULT = "accuracies", "fault"


@dataclass(frozen=True)
class FinishedTrial:
    """A finished trial.

    Attributes:
        number: counted from 1.
        drawn: what was varied.
        accuracies: dev accuracy of each fold that was run.
        cut_short: whether it looked too poor, or failed, for the remaining folds to be run.
        fault: why training failed; empty where it did not.
    """

    number: int
    drawn: dict[str, Drawn]
    accuracies: list[float]
    cut_short: bool
    fault: str

    @property
    def score(self) -> float:
        """Mean dev accuracy of the folds that were run; not a number where there is none."""
        return float(np.mean(self.accuracies)) if self.accuracies else math.nan


def best_of(trials: Sequence[FinishedTrial]) -> FinishedTrial | None:
    """The best trial that was run on all folds; of equals the first."""
    whole = [one for one in trials if not one.cut_short]
    return max(whole, key=lambda one: (one.score, -one.number)) if whole else None


def finished(study: "Study", space: Space) -> list[FinishedTrial]:
    """The finished trials of a search.

    Raises:
        ValueError: they are not of this space, or say what cannot be.
    """
    wanted = space.distributions()
    for trial in study.get_trials(deepcopy=False):
        _accuracies(trial)  # Those of unfinished trials too, which a later one may take over.
    trials = _finished_trials(study)
    for trial in trials:
        within = (one.drawn(one.value(trial.params[one.name])) is not None for one in space.varied)
        if trial.distributions != wanted or not all(within):
            raise ValueError(f"trial {trial.number} is of another search")
    return [_tried(number, trial) for number, trial in enumerate(trials, start=1)]


def run_trials(
    study: "Study", space: Space, folds: DevFolds, trials: int, stream: int
) -> Iterator[FinishedTrial]:
    """Try settings until so many are finished; yield each as it is.

    The first is the options as given, where they lie within the space.

    Args:
        study: where trials are kept.
        space: what is varied; its starting point's seed decides what is drawn.
        folds: what settings are scored on.
        trials: how many to have in the end.
        stream: tells apart the random numbers of several searches with the same seed.
    """
    import optuna

    waiting = (optuna.trial.TrialState.WAITING,)
    for number in range(len(_finished_trials(study)), trials):
        seed = derived_seed(space.start.seed, stream, number)
        study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=False)
        start = space.drawn_start() if number == 0 else None
        if start is not None and not study.get_trials(states=waiting):
            study.enqueue_trial(start)
        trial = study.ask(space.distributions())
        yield _run(study, trial, number + 1, space.config(trial.params), folds)


def _run(
    study: "Study", trial: "Trial", number: int, config: Config, folds: DevFolds
) -> FinishedTrial:
    """Score a setting fold after fold, as many at once as there are jobs, and keep the result."""
    from optuna.trial import TrialState

    accuracies, fault, failed = _known(study, trial.params), "", False
    for fold in range(len(folds.splits)):
        if fold == len(accuracies) and not fault:
            scores = folds.score(config, fold)
            accuracies += itertools.takewhile(math.isfinite, (accuracy for accuracy, _ in scores))
            fault = next((fault for _, fault in scores if fault), "")
            trial.set_user_attr(_ACCURACIES, accuracies)
        failed, last = fold == len(accuracies), fold + 1 == len(folds.splits)
        # A mean that is not a number is the poorest of all to the sampler.
        mean = math.nan if failed else float(np.mean(accuracies[: fold + 1]))
        trial.report(mean, fold)
        if failed or (not last and trial.should_prune()):
            outcome: dict[str, Any] = {"state": TrialState.PRUNED}
            break
        outcome = {"values": mean}
    # Cut to what decided, since more may have been trained where there are more jobs.
    trial.set_user_attr(_ACCURACIES, accuracies[: fold + 1])
    trial.set_user_attr(_FAULT, fault if failed else "")
    study.tell(trial, **outcome)
    return _tried(number, study.get_trials(deepcopy=False)[trial.number])


def _known(study: "Study", drawn: dict[str, Any]) -> list[float]:
    """What is known of the same setting, from a trial like this one or one that was stopped."""
    known: list[float] = []
    for trial in study.get_trials(deepcopy=False):
        if trial.params == drawn:
            known = max(known, _accuracies(trial), key=len)
    return list(known)


def _finished_trials(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _tried(number: int, trial: "FrozenTrial") -> FinishedTrial:
    from optuna.trial import TrialState

    cut_short = trial.state == TrialState.PRUNED
    accuracies = _accuracies(trial)
    if not cut_short and not accuracies:
        raise ValueError(f"trial {trial.number} has no accuracies")
    fault = str(trial.user_attrs.get(_FAULT, ""))
    return FinishedTrial(number, dict(trial.params), accuracies, cut_short, fault)


def _accuracies(trial: "FrozenTrial") -> list[float]:
    found = [float(accuracy) for accuracy in trial.user_attrs.get(_ACCURACIES, [])]
    if not all(0 <= accuracy <= 1 for accuracy in found):
        raise ValueError(f"trial {trial.number} has impossible accuracies")
    return found


DAMAGE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError)
"""What Optuna raises where the journal is not one, or says what cannot be."""

LONGEST_JOURNAL = 2**27
"""Bytes: more than 10,000 trials."""


def require_optuna() -> None:
    """Raise a UserError where Optuna is not installed; keep it quiet where it is."""
    try:
        import optuna  # An extra, and slow to import.
    except ImportError as error:
        raise UserError("search needs Optuna: pip install 'textcnn[search]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)


class Journal:
    """The journal of a search, begun or new: lines that Optuna reads, each sealed with the last.

    A process that was killed can leave half a line, to which the next one would be appended; it is
    removed first. The folder of a search is locked, so no other process writes in it.

    Args:
        path: the file.
        plan: the seal of what was to be tried.

    Raises:
        UserError: it is damaged, or is that of another search.
    """

    def __init__(self, path: Path, plan: str):
        from optuna.storages import JournalStorage
        from optuna.storages.journal import BaseJournalBackend

        lines = _whole_lines(path)
        self._path = path

        class Backend(BaseJournalBackend):
            def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
                return known[log_number_from:]

            def append_logs(self, logs: list[dict[str, Any]]) -> None:
                sealed = seal_each(logs, known[-1][SEAL] if known else plan)
                text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in sealed)
                try:
                    with path.open("ab") as stream:
                        stream.write(text.encode())
                        stream.flush()
                        os.fsync(stream.fileno())
                except OSError as error:
                    raise RunError(f"writing {path} failed: {error.strerror}") from error
                known.extend(sealed)

        with self.checked():
            # Optuna keeps what is not a number as such.
            known = parse_sealed(lines, plan, finite=False)
            self._storage = JournalStorage(Backend())

    @contextlib.contextmanager
    def checked(self) -> Iterator[None]:
        """Turn what a damaged journal makes Optuna, or a reader of trials, raise into one line."""
        try:
            yield
        except DAMAGE as error:
            reason = " ".join(f"{type(error).__name__} {error}".split())
            raise UserError(f"{self._path}: damaged ({reason}); start a new search") from error

    def study(self, name: str) -> "Study":
        """The search of this name, new or begun, whose unfinished trials are given up.

        To be called within :meth:`checked`.
        Its sampler is set before each trial (see :mod:`textcnn.evaluation.search.trials`).
        """
        import optuna
        from optuna.trial import TrialState

        study = optuna.create_study(
            storage=self._storage,
            study_name=name,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
            load_if_exists=True,
        )
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
        return study


def _whole_lines(path: Path) -> bytes:
    """What is in the journal; half a line at its end is removed."""
    try:
        content = read_bytes(path, LONGEST_JOURNAL)
    except FileNotFoundError:
        return b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: {reason}; start a new search") from error
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with replacing(path) as aside:
            aside.write_bytes(whole)
    return whole
