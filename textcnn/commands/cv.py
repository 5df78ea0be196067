"""``textcnn cv``."""

import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from textcnn.commands.arguments.options import (
    SectionedCommand,
    SectionedOption,
    config_options,
    given_options,
)
from textcnn.commands.arguments.training_config import (
    config_sources,
    given_beside_resume,
    refuse_going_on,
    training_config,
)
from textcnn.commands.arguments.where_to_run import SCHEDULER_HELP, open_runner
from textcnn.commands.cv_doctor import (
    diagnosis_text,
    diagnosis_values,
    refuse_several_labels,
    save_diagnosis,
)
from textcnn.commands.screen.cv_tables import (
    accuracy_table,
    fold_line,
    fold_rows,
    mistakes_text,
    mistakes_values,
    prediction_rows,
    summary_text,
)
from textcnn.commands.screen.display import Clock, TaskProgress, percent, say
from textcnn.commands.screen.tables import format_option, written_table
from textcnn.evaluation.crossval.baselines import BASELINES
from textcnn.evaluation.crossval.figures import draw_folds, draw_reliability
from textcnn.evaluation.crossval.fold_run import FoldResult, reads_vectors, rival_names, run_fold
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.setup import (
    CrossValidation,
    new_cross_validation,
    resumed_cross_validation,
)
from textcnn.evaluation.crossval.summary import Summary, summarise, worst_mistakes
from textcnn.evaluation.doctor.diagnosis import diagnose
from textcnn.recipe.config import Config
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.folder_lock import locked
from textcnn.support.program import command_line
from textcnn.support.text import csv_line
from textcnn.support.workers.processes import Runner
from textcnn.training.option_files import option_files

UNUSED = {"test_share": 0.0, "checkpoint_every": 0, "checkpoints_kept": 0}
"""Options of training that mean nothing here, and what they are whatever a preset says."""

PLAN_OPTIONS = ("folds", "repeats", "train_share", "baselines", "test_data", "dev_data")


def _option(
    *names: str, section: str = "Cross-validation", **settings: Any
) -> Callable[[Any], Any]:
    return click.option(*names, cls=SectionedOption, section=section, **settings)


@click.command("cv", cls=SectionedCommand)
@_option("--folds", type=click.IntRange(2), help="Parts, each tested once. [default: 10]")
@_option(
    "--repeats",
    type=click.IntRange(1),
    help="Times to do it all, each with other folds. [default: 1]",
)
@_option(
    "--baselines",
    is_flag=True,
    default=None,
    help="Run simple rivals on the same folds: majority, TF-IDF with logistic regression, NB-SVM.",
)
@_option(
    "--train-share",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of each training part to train on, for a learning curve. [default: 1]",
)
@_option(
    "--test-data",
    multiple=True,
    metavar="TEXT",
    help="What to test on instead of folds, given as --data is; each repeat draws another dev "
    "part.",
)
@_option(
    "--dev-data",
    multiple=True,
    metavar="TEXT",
    help="With --test-data: what chooses, given as --data is; repeats then differ in the networks' "
    "random numbers only.",
)
@_option(
    "--mistakes",
    type=click.IntRange(0),
    default=0,
    help="Show so many of the surest wrong answers.",
)
@_option(
    "--doctor",
    is_flag=True,
    help="Look for wrong labels, near-duplicates with different labels and words that leak the "
    "label.",
)
@config_options(
    {field.name for field in dataclasses.fields(Config)}
    - {*UNUSED, "dev_data", "test_data", "init_from", "rehearse"}
)
@_option(
    "--jobs",
    section="Run",
    type=click.IntRange(1),
    help="Folds at once. [default: one a processor]",
)
@_option("--scheduler", section="Run", metavar="ADDRESS", help=SCHEDULER_HELP)
@format_option
@_option(
    "--out",
    section="Run",
    type=click.Path(path_type=Path),
    help="Folder of the results. [default: runs/cv-<date>-<time>]",
)
@config_sources
@_option(
    "--resume",
    section="Run",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Go on with the cross-validation in this folder; finished folds are not run again. --data "
    "says where its data is now, if it has been moved.",
)
def command(
    jobs: int | None,
    scheduler: str | None,
    form: str | None,
    mistakes: int,
    doctor: bool,
    out: Path | None,
    preset: str | None,
    config_file: Path | None,
    resume: Path | None,
    **options: Any,
) -> None:
    """Cross-validate: train on nine tenths, test on the tenth left out, ten times over.

    Vocabulary, counts, vectors and the best epoch come from each training part alone; what is
    tested decides nothing. Without options: the movie reviews, ten folds.
    """
    clock, context = Clock(), click.get_current_context()
    runner = open_runner(jobs, scheduler)
    if resume is not None:
        others = {**options, "out": out, "config": config_file, "preset": preset}
        moved = given_beside_resume(others)
        context.with_resource(locked(resume, "--resume"))
        found = resumed_cross_validation(resume, moved, say)
        _check_reports(found.config, mistakes, doctor)
    else:
        given = given_options({name: options.pop(name) for name in PLAN_OPTIONS})
        if "folds" in given and "test_data" in given:
            raise UserError("--test-data is tested instead of folds; leave out --folds")
        config = training_config({**options, **UNUSED}, config_file, preset)
        refuse_going_on(config)
        config = dataclasses.replace(config, dev_data=(), test_data=())
        _check_reports(config, mistakes, doctor)
        found = new_cross_validation(config, given, out, say)
        context.with_resource(locked(found.folder.path, "--out"))
    results = _run(found, runner)
    _report(found, results, mistakes, doctor, form)
    say(f"\nresults: {found.folder.path}\ntook {clock}")


def _check_reports(config: Config, mistakes: int, doctor: bool) -> None:
    for given, option in ((mistakes, "--mistakes"), (doctor, "--doctor")):
        if given:
            refuse_several_labels(config, option)


def _run(found: CrossValidation, runner: Runner) -> list[FoldResult]:
    """The results of all folds, in order; those that are not in the folder yet are run."""
    folder, folds = found.folder, found.folds
    rivals = tuple(BASELINES) if found.plan.baselines else ()
    loaded = [
        folder.load_fold(
            fold,
            found.data.targets(fold.split.test, found.labels),
            len(found.labels),
            rival_names(found.config, found.plan.baselines),
        )
        for fold in folds
    ]
    results = {(it.repeat, it.number): it for it in loaded if it is not None}
    waiting = [fold for fold in folds if (fold.repeat, fold.number) not in results]
    for line in _intro(found, len(results)):
        say(line)
    config = found.config
    kept = folder.vectors if reads_vectors(config) else None
    common = {"data": found.data, **option_files(config, kept)}
    tasks = [{"config": config, "fold": fold, "baselines": rivals} for fold in waiting]
    try:
        with (
            _termination_as_interrupt(),
            TaskProgress("folds", len(folds), len(results)) as progress,
            contextlib.closing(runner.run(run_fold, tasks, common)) as finished,
        ):
            for result in finished:
                folder.save_fold(result)
                results[result.repeat, result.number] = result
                done = len(results)
                accuracy = percent(sum(it.accuracy for it in results.values()) / done)
                progress.show(done, fold_line(result, done, len(folds)), f"accuracy {accuracy}")
    except KeyboardInterrupt:
        say("stopped; go on with:", command_line("cv", "--resume", folder.path))
        sys.exit(128 + signal.SIGINT)
    return [results[fold.repeat, fold.number] for fold in folds]


def _intro(found: CrossValidation, finished: int) -> Iterator[str]:
    split = found.folds[0].split
    yield f"data: {found.data.source}"
    yield (
        f"{len(found.folds)} folds, the first one with {len(split.train):,} sentences to train "
        f"on, {len(split.dev):,} for dev, {len(split.test):,} for test; {len(found.labels)} labels"
    )
    yield f"results: {found.folder.path}"
    if finished:
        yield f"finished before: {finished} folds"


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(
    found: CrossValidation, results: list[FoldResult], mistakes: int, doctor: bool, form: str | None
) -> None:
    folder, texts, labels = found.folder, found.data.texts, found.labels
    summary = summarise(results, found.plan, found.data.given)
    values = summary.as_dict()
    folder.save_summary(values)
    replace_text(folder.table, "".join(map(csv_line, fold_rows(summary))))
    predictions = prediction_rows(summary, texts, labels, found.config.label_separator)
    replace_text(folder.predictions, "".join(map(csv_line, predictions)))
    with contextlib.suppress(ImportError):  # The figures are an extra.
        _draw(folder, found.plan, summary)
    worst = worst_mistakes(results, mistakes) if mistakes else []
    diagnosis = diagnose(results, found.data, labels) if doctor else None
    if diagnosis is not None:
        save_diagnosis(folder.path, diagnosis, texts, labels)
    if form not in (None, "json"):
        click.echo(written_table(accuracy_table(summary), str(form)))
        return
    if form == "json":
        if mistakes:
            values["mistakes"] = mistakes_values(worst, texts, labels)
        if diagnosis is not None:
            values["doctor"] = diagnosis_values(diagnosis, texts, labels)
        click.echo(json.dumps(values, indent=2))
        return
    click.echo(summary_text(summary))
    if worst:
        click.echo("\n" + mistakes_text(worst, texts, labels))
    if diagnosis is not None:
        click.echo("\n" + diagnosis_text(diagnosis, texts, labels))


def _draw(folder: CrossValidationFolder, plan: Plan, summary: Summary) -> None:
    accuracies = {"textcnn": [result.accuracy for result in summary.results]}
    for name in summary.rivals:
        accuracies[name] = [result.baseline_accuracy(name) for result in summary.results]
    draw_folds(folder.folds_figure, accuracies, plan.test_to_train)
    draw_reliability(folder.reliability_figure, summary.bins, summary.calibration_error)
