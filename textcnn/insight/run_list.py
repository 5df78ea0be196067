"""The runs below a folder, as their small files tell of them: no checkpoint is opened."""

import contextlib
import csv
import dataclasses
import datetime
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from textcnn.core.progress import Evaluation, rank
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.search.folder import Plan as SearchPlan
from textcnn.evaluation.search.folder import SearchFolder
from textcnn.recipe.config import Config, Value, read_toml
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.folder_lock import is_locked
from textcnn.support.program import how_to_train
from textcnn.support.terminal import one_line
from textcnn.training.run_folder import RunFolder

RUN, CROSS_VALIDATION, SEARCH = "run", "cross-validation", "search"

LARGEST_FILE = 20_000_000
"""Bytes; a file larger than this is none of ours."""

DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error)
"""What reading a file raises that does not hold what it should."""


@dataclass(frozen=True)
class ResultOnTest:
    """The result of a run or a cross-validation on test sentences.

    Attributes:
        accuracy: a share; of a cross-validation the mean over its folds.
        low, high: its 95 % interval; None where a single fold gives none.
        standard_error: of the mean over folds; None for a single run or fold.
        count: test sentences of a run, folds of a cross-validation.
    """

    accuracy: float
    low: float | None
    high: float | None
    standard_error: float | None
    count: int


@dataclass(frozen=True)
class ResultOnDev:
    """The result on dev sentences of what they chose; means, where there are several networks.

    Attributes:
        accuracy: of the best evaluation, or of a search's best setting.
        loss: there; None where it is not kept.
        epoch: of the best evaluation; None for a search.
        epochs: trained until dev had chosen; None where that is not kept.
    """

    accuracy: float
    loss: float | None = None
    epoch: float | None = None
    epochs: float | None = None


@dataclass(frozen=True)
class ListedRun:
    """A run, a cross-validation or a search, as a list shows it.

    Attributes:
        path: its folder.
        kind: "run", "cross-validation" or "search".
        began: when.
        config: its options; None where they cannot be read.
        tested: None where nothing has been tested.
        chosen: None where dev has not chosen yet.
        state: how far it has come, where ``tested`` does not say that it is finished.
        unfinished: it can be gone on with.
        running: a process is at work in it, where the system can tell.
        damage: which file cannot be read, and why; empty for none.
    """

    path: Path
    kind: str
    began: datetime.datetime
    config: Config | None = None
    tested: ResultOnTest | None = None
    chosen: ResultOnDev | None = None
    state: str = ""
    unfinished: bool = False
    running: bool = False
    damage: str = ""


def list_runs(folder: Path) -> list[ListedRun]:
    """Every run, cross-validation and search directly below ``folder``, the oldest first.

    Folders that hold nothing of ours are passed over; what is damaged is listed as such.

    Raises:
        UserError: there is none, or no such folder.
    """
    try:
        inside = [path for path in folder.iterdir() if path.is_dir()]
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; {how_to_train()}") from error
    found = [listed for path in inside if (listed := read_run(path)) is not None]
    if not found:
        raise UserError(f"no runs in {folder}; {how_to_train()}, or name the folder they are in")
    return sorted(found, key=lambda listed: (listed.began, listed.path.name))


def read_run(path: Path) -> ListedRun | None:
    """What is in a folder, or None where nothing of ours is."""
    kind: str | None = RUN
    try:
        kind = _kind(path)
        if kind is None:
            return None
        bare = ListedRun(path, kind, _began(path), _config(path / "config.toml"))
        listed = {RUN: _run, CROSS_VALIDATION: _cross_validation, SEARCH: _search}[kind](bare)
        return _running(listed) if is_locked(path) else listed
    except UserError as error:
        damage = str(error)
    except OSError as error:  # For instance, a folder of somebody else's.
        damage = error.strerror or str(error)
    return ListedRun(path, kind or RUN, _began(path), damage=" ".join(damage.split()))


def _running(listed: ListedRun) -> ListedRun:
    """The same, a process being at work in it."""
    words = listed.state.removeprefix("stopped ")
    state = f"running, {words}" if words else "running"
    return dataclasses.replace(listed, state=state, unfinished=False, running=True)


def changed_options(config: Config) -> dict[str, Value]:
    """The options that are not what they would be had they not been given; ``data`` apart.

    What follows from other options, such as Adam's step size, is no change, and neither is the
    width of vectors that came from a file.
    """
    resolved, changed = config.resolved(), {}
    for field in dataclasses.fields(Config):
        unset: dict[str, Any] = {field.name: field.default}
        left_out = dataclasses.replace(config, **unset).resolved()
        value = getattr(resolved, field.name)
        if value != getattr(left_out, field.name):
            changed[field.name] = value
    changed.pop("data", None)
    if changed.get("tokenizer") == "kim":  # What auto mostly comes to.
        del changed["tokenizer"]
    if config.vectors not in (None, "train"):
        changed.pop("embedding_dim", None)
    return changed


def option_words(value: Value) -> str:
    """An option's value as a word of a table; ``none`` for None and for no values."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(option_words, value))
    return f"{value:g}" if isinstance(value, float) else one_line(str(value))


def _kind(path: Path) -> str | None:
    search, cross_validation, run = SearchFolder(path), CrossValidationFolder(path), RunFolder(path)
    if search.journal.exists() or search.table.exists():
        return SEARCH
    if cross_validation.folds.is_dir() or cross_validation.plan.exists():
        # A search that has tried nothing yet has no more than its plan either.
        return SEARCH if path.name.startswith("search-") else CROSS_VALIDATION
    ours = (run.config, run.checkpoints, run.metrics, run.test, run.split)
    return RUN if any(part.exists() for part in ours) else None


def _began(path: Path) -> datetime.datetime:
    """By the folder's name, which a copy keeps, or else by when its options were written."""
    stamp = re.search(r"\d{8}-\d{6}", path.name)
    if stamp:
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(stamp[0], "%Y%m%d-%H%M%S")
    seconds = path.stat().st_mtime
    with contextlib.suppress(OSError):
        seconds = (path / "config.toml").stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds)


def _config(path: Path) -> Config:
    with _checked(path):
        path.stat()  # That it is missing is said in the words for all files.
        return Config.from_mapping(read_toml(path), path.name)


# Runs


def _run(listed: ListedRun) -> ListedRun:
    folder = RunFolder(listed.path)
    networks = folder.networks
    histories = [read_history(network.metrics) for network in networks]
    config = listed.config or Config()
    chosen = _chosen([history for history in histories if history], config.best_by)
    listed = dataclasses.replace(listed, chosen=chosen)
    tested = _tested(folder.test)
    if tested is not None:
        return dataclasses.replace(listed, tested=tested)
    if not any(network.last.exists() for network in networks):
        return dataclasses.replace(listed, state="not begun")
    state = _how_far(networks[-1], histories[-1], config)
    if config.ensemble > 1 and not folder.best.exists():
        which = f"network {len(networks)} of {config.ensemble}"
        state = f"in {which}, {state}" if state else f"after {which}"
    if not state and not (config.test_share or config.test_data):
        return dataclasses.replace(listed, state="finished, no test part")
    state = f"stopped {state or 'before its test'}"
    return dataclasses.replace(listed, state=state, unfinished=True)


def _how_far(network: RunFolder, history: list[Evaluation], config: Config) -> str:
    """Where an untested run stands; empty where there is nothing left to train."""
    if not history:
        return "before its first evaluation"
    last, best = history[-1], best_evaluation(history, config.best_by)
    since = sum(past.step > best.step for past in history)
    if last.epoch < config.epochs and not (config.patience and since >= config.patience):
        return f"past step {last.step:,}"
    # Once dev has chosen, last.h5 is the new network's, and best.h5 only when that is finished.
    if config.refit and not _as_new(network.best, network.last):
        return "while training anew on train and dev"
    return ""


def _as_new(path: Path, other: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns >= other.stat().st_mtime_ns


def _tested(path: Path) -> ResultOnTest | None:
    if not path.exists():
        return None
    with _checked(path):
        values = read_back.unseal(read_back.read_json(path, LARGEST_FILE))
        shares = (values["accuracy"], *values["accuracy_95"])
        accuracy, low, high = map(read_back.share, shares)
        count = read_back.whole_number(values["sentences"], least=1)
        return ResultOnTest(accuracy, low, high, None, count)


def read_history(path: Path) -> list[Evaluation]:
    """The evaluations that a run's ``metrics.jsonl`` holds; none where there is no such file.

    Raises:
        UserError: it does not hold what it should.
    """
    if not path.exists():
        return []
    with _checked(path):
        lines = read_back.read_bytes(path, LARGEST_FILE)
        return [_evaluation(row) for row in read_back.parse_sealed(lines)]


def _evaluation(row: dict[str, Any]) -> Evaluation:
    return Evaluation(
        step=read_back.whole_number(row["step"], least=1),
        epoch=read_back.number(row["epoch"]),
        train_loss=read_back.number(row["train_loss"]),
        train_accuracy=read_back.share(row["train_accuracy"]),
        dev_loss=read_back.number(row["dev_loss"]),
        dev_accuracy=read_back.share(row["dev_accuracy"]),
        dev_macro_f1=read_back.share(row["dev_macro_f1"]) if "dev_macro_f1" in row else math.nan,
    )


def _chosen(histories: list[list[Evaluation]], best_by: str) -> ResultOnDev | None:
    """Of one network, or the means over an ensemble's."""
    if not histories:
        return None
    best = [best_evaluation(history, best_by) for history in histories]
    return ResultOnDev(
        accuracy=fmean(one.dev_accuracy for one in best),
        loss=fmean(one.dev_loss for one in best),
        epoch=fmean(one.epoch for one in best),
        epochs=fmean(history[-1].epoch for history in histories),
    )


def best_evaluation(history: list[Evaluation], best_by: str) -> Evaluation:
    """The evaluation that :meth:`textcnn.core.trainer.Progress.add` calls the best."""
    return max(history, key=lambda evaluation: rank(evaluation, best_by))


# Cross-validations and searches


def _cross_validation(listed: ListedRun) -> ListedRun:
    folder = CrossValidationFolder(listed.path)
    if not folder.summary.exists():
        plan = Plan.load(folder.plan)
        folds = plan.repeats * (1 if plan.test_data else plan.folds)
        done = sum(1 for _ in folder.folds.glob("*.json"))
        state = f"stopped after {done} of {folds} folds"
        return dataclasses.replace(listed, state=state, unfinished=True)
    with _checked(folder.summary):
        values = folder.load_summary()
        accuracy, folds = values["accuracy"], values["folds"]
        low, high, error = (
            None if accuracy[name] is None else read_back.number(accuracy[name])
            for name in ("low", "high", "standard_error")
        )
        tested = ResultOnTest(read_back.share(accuracy["mean"]), low, high, error, len(folds))
        dev = [read_back.share(fold["dev_accuracy"]) for fold in folds]
        epoch = [read_back.number(fold["epoch"]) for fold in folds]
        chosen = ResultOnDev(fmean(dev), epoch=fmean(epoch))
    return dataclasses.replace(listed, tested=tested, chosen=chosen)


def _search(listed: ListedRun) -> ListedRun:
    folder = SearchFolder(listed.path)
    trials = SearchPlan.load(folder.plan).trials
    tried: list[dict[str, str]] = []
    if folder.table.exists():
        with _checked(folder.table):
            text = read_back.read_bytes(folder.table, LARGEST_FILE).decode("utf-8")
            tried = list(csv.DictReader(text.splitlines(), strict=True))
            for row in tried:
                if row["outcome"] == "best":
                    accuracy = read_back.share(float(row["dev_accuracy"]))
                    listed = dataclasses.replace(listed, chosen=ResultOnDev(accuracy))
    if len(tried) < trials:
        state = f"stopped after {len(tried)} of {trials} settings"
        return dataclasses.replace(listed, state=state, unfinished=True)
    return dataclasses.replace(listed, state=f"best of {trials} settings")


# Files


@contextlib.contextmanager
def _checked(path: Path) -> Iterator[None]:
    """Turn what a file that does not hold what it should makes its reader raise into one line."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path.name} is missing") from None
    except UserError as error:
        # Nothing is an option of this command.
        raise UserError(str(error).removeprefix(f"--config {path.parent}/")) from error
    except DAMAGE as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path.name} cannot be read: {reason}") from error
