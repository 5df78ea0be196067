"""``textcnn cv``."""

import contextlib
import dataclasses
import functools
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

from textcnn.commands import cv_doctor
from textcnn.commands.arguments.options import (
    ALL_OPTIONS,
    SectionedCommand,
    config_options,
    option,
    options_of,
)
from textcnn.commands.arguments.training_config import RunOptions, refuse_going_on, run_options
from textcnn.commands.arguments.where_to_run import runner_options
from textcnn.commands.screen import cv_tables
from textcnn.commands.screen.display import Clock, TaskProgress, percent, say
from textcnn.commands.screen.results import format_option, print_results
from textcnn.evaluation.crossval.figures import draw_folds
from textcnn.evaluation.crossval.fold_run import FoldResult, rival_names, run_fold
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.setup import (
    CrossValidation,
    new_cross_validation,
    resumed_cross_validation,
)
from textcnn.evaluation.crossval.summary import summarise
from textcnn.evaluation.doctor.diagnosis import diagnose
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.files import replace_csv
from textcnn.support.program import command_line
from textcnn.support.signals import handled
from textcnn.support.workers.processes import Runner
from textcnn.training.option_files import option_files

UNUSED = {"test_share": 0.0, "checkpoint_every": 0, "checkpoints_kept": 0}
"""Options of training that mean nothing here, and what they are whatever a preset says."""


@click.command("cv", cls=SectionedCommand)
@options_of(Plan, "planned")
@option(
    "--doctor",
    section="Cross-validation",
    is_flag=True,
    help="Look for wrong labels, near-duplicates with different labels and words that leak the "
    "label.",
)
@config_options({*ALL_OPTIONS} - {*UNUSED, "dev_data", "test_data", "init_from", "rehearse"})
@runner_options
@format_option
@run_options(
    "cv-",
    "Go on with the cross-validation in this folder; finished folds are not run again. --data says "
    "where its data is now, if it has been moved.",
)
def command(
    options: dict[str, Any],
    runner: Runner,
    form: str | None,
    doctor: bool,
    run: RunOptions,
    planned: dict[str, Any],
) -> None:
    """Cross-validate: train on nine tenths, test on the tenth left out, ten times over.

    Vocabulary, counts, vectors and the best epoch come from each training part alone; what is
    tested decides nothing. Without options: the movie reviews, ten folds.
    """
    clock = Clock()
    begin: Callable[..., CrossValidation]
    if run.resume is not None:
        begin = functools.partial(resumed_cross_validation, run.moved({**options, **planned}))
    else:
        if "folds" in planned and "test_data" in planned:
            raise UserError("--test-data is tested instead of folds; leave out --folds")
        config = run.training_config({**options, **UNUSED})
        refuse_going_on(config)
        config = dataclasses.replace(config, dev_data=(), test_data=())
        _check_doctor(config, doctor)
        begin = functools.partial(new_cross_validation, config, planned)
    with run.opened(CrossValidationFolder) as folder:
        validation = begin(folder, say)
        _check_doctor(validation.config, doctor)
        _report(validation, _run(validation, runner), doctor, form)
    say(f"\nresults: {folder.path}\ntook {clock}")


def _check_doctor(config: Config, doctor: bool) -> None:
    if doctor and config.multilabel:
        raise UserError("--doctor is for sentences of one label each; leave it out")


def _run(validation: CrossValidation, runner: Runner) -> list[FoldResult]:
    """The results of all folds, in order; those that are not in the folder yet are run."""
    folder, folds = validation.folder, validation.folds
    rivals = rival_names(validation.config, validation.plan.baselines)
    loaded = [
        folder.load_fold(
            fold,
            validation.data.targets(fold.split.test, validation.labels),
            len(validation.labels),
            rivals,
        )
        for fold in folds
    ]
    results = {(it.repeat, it.number): it for it in loaded if it is not None}
    waiting = [fold for fold in folds if (fold.repeat, fold.number) not in results]
    for line in _intro(validation, len(results)):
        say(line)
    config = validation.config
    common = {"data": validation.data, **option_files(config, folder.vectors)}
    tasks = [{"config": config, "fold": fold, "baselines": rivals} for fold in waiting]
    try:
        with (
            handled(signal.default_int_handler, signal.SIGTERM),  # As Ctrl-C.
            TaskProgress("folds", len(folds), len(results)) as progress,
            contextlib.closing(runner.run(run_fold, tasks, common)) as finished,
        ):
            for result in finished:
                folder.save_fold(result)
                results[result.repeat, result.number] = result
                done = len(results)
                accuracy = percent(sum(it.accuracy for it in results.values()) / done)
                progress.show(
                    done, cv_tables.fold_line(result, done, len(folds)), f"accuracy {accuracy}"
                )
    except KeyboardInterrupt:
        say("stopped; go on with:", command_line("cv", "--resume", folder.path))
        sys.exit(128 + signal.SIGINT)
    return [results[fold.repeat, fold.number] for fold in folds]


def _intro(validation: CrossValidation, finished: int) -> Iterator[str]:
    folds, labels = validation.folds, validation.labels
    split = folds[0].split
    yield f"data: {validation.data.source}"
    yield (
        f"{len(folds)} folds, the first one with {len(split.train):,} sentences to train "
        f"on, {len(split.dev):,} for dev, {len(split.test):,} for test; {len(labels)} labels"
    )
    yield f"results: {validation.folder.path}"
    if finished:
        yield f"finished before: {finished} folds"


def _report(
    validation: CrossValidation, results: list[FoldResult], doctor: bool, form: str | None
) -> None:
    folder, labels = validation.folder, validation.labels
    summary = summarise(results, validation.plan, validation.data.rows_given)
    values = summary.as_dict()
    folder.save_summary(values)
    replace_csv(folder.table, cv_tables.fold_rows(values["folds"]))
    separator = validation.config.label_separator
    replace_csv(folder.predictions, cv_tables.prediction_rows(summary, validation.data, separator))
    with contextlib.suppress(ImportError):  # The figure is an extra.
        draw_folds(folder.figure, summary.accuracies, validation.plan.test_to_train)
    shown = [cv_tables.summary_text(summary)]
    if doctor:
        diagnosis = diagnose(results, validation.data, labels)
        values["doctor"] = cv_doctor.diagnosis_values(diagnosis, validation.data.texts, labels)
        cv_doctor.save_diagnosis(folder.path, values["doctor"])
        shown.append(cv_doctor.diagnosis_text(values["doctor"]))
    print_results(form, values, cv_tables.accuracy_table(summary), "\n\n".join(shown))
