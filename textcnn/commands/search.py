"""``textcnn search``."""

import dataclasses
import functools
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from textcnn.commands.arguments.options import (
    ALL_OPTIONS,
    SectionedCommand,
    config_options,
    options_of,
)
from textcnn.commands.arguments.training_config import RunOptions, refuse_going_on, run_options
from textcnn.commands.arguments.where_to_run import runner_options
from textcnn.commands.screen.cv_tables import mean_text
from textcnn.commands.screen.display import Clock, TaskProgress, say
from textcnn.data.datasets.corpus import locate
from textcnn.data.remarks import remarks
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.fold_run import keep_vectors
from textcnn.evaluation.crossval.folds import Fold
from textcnn.evaluation.crossval.summary import SHARES, mean_interval
from textcnn.evaluation.search.folder import Plan, SearchFolder
from textcnn.evaluation.search.session import Session
from textcnn.evaluation.search.space import Drawn, Space, default_specs
from textcnn.evaluation.search.trials import FinishedTrial, best_of, require_optuna
from textcnn.recipe.config import Config, read_toml, write_toml
from textcnn.support.errors import SAY_WHERE, if_missing
from textcnn.support.files import replace_csv
from textcnn.support.program import command_line
from textcnn.support.tables import Table, table_text
from textcnn.support.terminal import folded, next_commands
from textcnn.support.workers.processes import Runner


@click.command("search", cls=SectionedCommand)
@config_options({*ALL_OPTIONS} - {"init_from", "rehearse"})
@options_of(Plan, "planned")
@runner_options
@run_options(
    "search-",
    "Go on with this one, perhaps to more --trials; finished trials are not run again. --data says "
    "where its data is now, if it has been moved.",
)
def command(
    options: dict[str, Any], planned: dict[str, Any], runner: Runner, run: RunOptions
) -> None:
    """Search for better options, on dev sentences only.

    The options given are the starting point and, where they lie within what is varied, the first
    setting to be tried. The test sentences are put aside first, and no setting is ever scored on
    them. Each trial trains one network a fold (--ensemble and --refit are for the winner), and a
    poor one is cut short.
    """
    clock = Clock()
    require_optuna()
    begin: Callable[..., Session]
    if run.resume is not None:
        trials = planned.pop("trials", None)
        begin = functools.partial(_resumed, run.moved({**options, **planned}), trials)
    else:
        config = run.training_config(options)
        refuse_going_on(config)
        plan = Plan(**{"vary": tuple(default_specs(config)), **planned})
        plan.check()
        Space.parse(plan.vary, config)  # A mistake should be said before the data is read.
        begin = functools.partial(_new, config, plan)
    with run.opened(SearchFolder) as folder:
        session = begin(folder, runner)
        try:
            _run(session)
        except KeyboardInterrupt:
            say("stopped; go on with:", command_line("search", "--resume", folder.path))
            sys.exit(130)
    say(f"took {clock}")


def _new(config: Config, plan: Plan, folder: SearchFolder, runner: Runner) -> Session:
    config = locate(config)
    data = TokenizedData.load(config, say)
    config = data.completed(config)
    plan = dataclasses.replace(plan, fingerprint=data.fingerprint)
    session = Session(folder, Space.parse(plan.vary, config), plan, data, runner)
    session.check_divisible()
    # Not resolved: what follows from options that are varied is decided in each trial.
    write_toml(folder.config, config)
    plan.save(folder.plan)
    return session


def _resumed(
    moved: dict[str, tuple[str, ...]], trials: int | None, folder: SearchFolder, runner: Runner
) -> Session:
    config = Config.from_mapping(read_toml(folder.config), str(folder.config))
    plan = Plan.load(folder.plan)
    if trials is not None:
        plan = dataclasses.replace(plan, trials=trials)
        plan.check()
    config = locate(dataclasses.replace(config, **moved))  # type: ignore[arg-type]
    with if_missing(SAY_WHERE):
        data = TokenizedData.load(config, say)
    folder.check_same_data(data.fingerprint, plan.fingerprint, data.source)
    plan.save(folder.plan)
    if moved:
        write_toml(folder.config, config)
    return Session(folder, Space.parse(plan.vary, config), plan, data, runner)


def _run(session: Session) -> None:
    data, plan, folder = session.data, session.plan, session.folder
    usable, left = len(data.everything_but_test), len(data.split.test)
    say(f"data: {data.source}")
    for line in remarks(data):
        say(line)
    say(f"{usable:,} sentences to train and to score settings on, {left:,} put aside for test")
    say(f"search: {folder.path}")
    if session.space.drawn_start() is None:
        say("the options given lie outside what is varied, and are not tried")
    keep_vectors(folder.vectors, session.space.start, data, say)

    with TaskProgress("trials", plan.trials) as progress:

        def listen(trials: list[FinishedTrial]) -> None:
            _show(progress, trials, plan.trials)
            _save(session, trials)

        trials, best = session.search(None, listen, progress.say)
    _save(session, trials)  # Perhaps nothing was left to be tried, but the tables were not written.
    accuracies = [_outer(session, fold) for fold in session.outer_folds()]
    click.echo(best_table(trials))
    click.echo("\n" + _verdict(session, trials, best, accuracies))
    click.echo("\n" + next_commands(command_line("train", "--config", folder.best)))


def _show(progress: TaskProgress, trials: list[FinishedTrial], count: int) -> None:
    """The last of these trials has finished."""
    best = best_of(trials)
    figures = f"best {100 * best.score:.2f} %, trial {best.number}" if best else ""
    progress.show(len(trials), trial_line(trials[-1], count, best), figures)


def _outer(session: Session, fold: Fold) -> float:
    """The test accuracy of what a search inside an outer fold finds."""
    plan = session.plan
    name = f"outer fold {fold.number + 1} of {plan.nested}"
    say(f"{name}: a search without its {len(fold.split.test):,} sentences")
    with TaskProgress("trials", plan.trials) as progress:
        _, best = session.search(
            fold, lambda trials: _show(progress, trials, plan.trials), progress.say
        )
    accuracy = session.test(fold, best)
    say(f"{name}: test {100 * accuracy:.2f} %  (trial {best.number}, dev {100 * best.score:.2f} %)")
    return accuracy


def _save(session: Session, trials: list[FinishedTrial]) -> None:
    folder, best = session.folder, best_of(trials)
    replace_csv(folder.table, trial_rows(trials, session.plan.folds))
    if best is not None:
        write_toml(folder.best, session.space.config(best.drawn))


def _verdict(
    session: Session, trials: list[FinishedTrial], best: FinishedTrial, accuracies: list[float]
) -> str:
    """What the search says, and does not say, about new sentences."""
    test = len(session.data.split.test)
    lines = [
        f"The best dev accuracy of {len(trials)} settings, {100 * best.score:.2f} %, is too good "
        "to be that of new sentences."
    ]
    if accuracies:
        nested = session.plan.nested
        mean = mean_interval(accuracies, 1 / (nested - 1), SHARES)
        lines.append(f"test accuracy of {nested} such searches  {mean_text(mean)}")
    if test:
        lines.append(
            f"{test:,} test sentences had no part in this; train scores the winner on them."
        )
    return "\n".join(map(folded, lines))


# Trials in lines and tables


def trial_line(trial: FinishedTrial, count: int, best: FinishedTrial | None) -> str:
    """A trial that has just finished."""
    outcome = "failed " if trial.fault else f"{100 * trial.score:5.2f} %"
    line = f"{trial.number:3} of {count}  dev {outcome}  {_settings(trial)}"
    if trial.fault:
        return f"{line}  ({trial.fault})"
    if best is trial:
        return f"{line}  best"
    notes = [f"cut short after fold {len(trial.accuracies)}"] if trial.cut_short else []
    if best is not None:
        notes.append(f"best: {100 * best.score:.2f} %, trial {best.number}")
    return f"{line}  ({'; '.join(notes)})"


def trial_rows(trials: Sequence[FinishedTrial], folds: int) -> Iterator[list[str]]:
    """Every trial for a CSV file, a header first."""
    names = list(trials[0].drawn)
    yield ["trial", "dev_accuracy", "outcome", *names, *(f"fold_{n + 1}" for n in range(folds))]
    best = best_of(trials)
    for one in trials:
        outcome = "failed" if one.fault else "cut short" if one.cut_short else "scored"
        accuracies = [f"{accuracy:.6f}" for accuracy in one.accuracies]
        yield [
            str(one.number),
            "" if math.isnan(one.score) else f"{one.score:.6f}",
            "best" if one is best else outcome,
            *(str(value) for value in one.drawn.values()),
            *accuracies,
            *[""] * (folds - len(accuracies)),
        ]


def _settings(trial: FinishedTrial) -> str:
    return "  ".join(f"{name} {drawn_word(value)}" for name, value in trial.drawn.items())


def drawn_word(value: Drawn) -> str:
    """A setting's value, floats in four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


SHOWN = 10
"""Trials in the table of the best."""


def best_table(trials: Sequence[FinishedTrial]) -> str:
    """The best trials that were run on all folds, the best first."""
    whole = sorted((it for it in trials if not it.cut_short), key=lambda it: -it.score)
    heads = ["dev", "trial", *whole[0].drawn]
    rows = [
        [
            f"{100 * one.score:.2f} %",
            str(one.number),
            *(drawn_word(value) for value in one.drawn.values()),
        ]
        for one in whole[:SHOWN]
    ]
    return table_text(Table(heads, rows, right=range(len(heads))))
