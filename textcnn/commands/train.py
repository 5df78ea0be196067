"""``textcnn train``."""

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from textcnn.checkpoint import load_checkpoint
from textcnn.classifier import Classifier
from textcnn.commands.display import Clock, Display, python, say, scores_text
from textcnn.commands.options import (
    SectionedCommand,
    SectionedOption,
    config_options,
    given_options,
)
from textcnn.config import Config, flag, read_toml, write_toml
from textcnn.curves import draw_curves
from textcnn.datasets.corpus import load_corpus, locate
from textcnn.errors import UserError
from textcnn.experiment import Experiment, TokenizedData, new_experiment, resumed_experiment
from textcnn.files import replace_text
from textcnn.run_folder import RunFolder
from textcnn.scoring import score_texts
from textcnn.tensorboard import TensorBoard
from textcnn.training import CheckpointDue, Evaluated, Event, Progress, Trainer

Listener = Callable[[Event], None]


@click.command("train", cls=SectionedCommand)
@config_options()
@click.option(
    "--out",
    cls=SectionedOption,
    section="Run",
    type=click.Path(path_type=Path),
    help="The run's folder. [default: runs/<date>-<time>]",
)
@click.option(
    "--config",
    "config_file",
    cls=SectionedOption,
    section="Run",
    type=click.Path(path_type=Path),
    help="TOML file of options, such as a run's config.toml; those given here go before it.",
)
@click.option(
    "--resume",
    cls=SectionedOption,
    section="Run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on with this run where its last checkpoint was written.",
)
def command(
    out: Path | None, config_file: Path | None, resume: Path | None, **options: Any
) -> None:
    """Train a network on labelled sentences and score it on a part it never saw.

    Without options: the movie reviews, a new folder below runs/. Ctrl-C saves and says how to go
    on.
    """
    clock = Clock()
    if resume is not None:
        given = [*given_options({**options, "out": out, "config": config_file})]
        if given:
            raise UserError(
                f"--resume goes on with the run's own options; leave out {flag(given[0])}"
            )
        experiment, folder = _resumed(resume)
    else:
        experiment, folder = _new(_config(config_file, options), out)
    _train(experiment, folder)
    progress, data = experiment.trainer.progress, experiment.data
    # The network and its optimizer have gone to the checkpoint; what follows needs their memory.
    del experiment
    if progress.finished:
        _finish(folder, data, progress)
    with contextlib.suppress(ImportError):
        draw_curves(folder.curves, progress.history)
    if not progress.finished:
        say(
            f"stopped at step {progress.step:,}; "
            f"go on with: {python()} train.py --resume {folder.path}"
        )
        sys.exit(128 + signal.SIGINT)
    say(f"took {clock}")


def _config(config_file: Path | None, options: dict[str, Any]) -> Config:
    given = given_options(options)
    if config_file is not None:
        from_file = Config.from_mapping(read_toml(config_file), f"--config {config_file}").as_dict()
        if given.get("optimizer", from_file["optimizer"]) != from_file["optimizer"]:
            # These were decided for the other optimizer, in the file of a run.
            for name in ("learning_rate", "epsilon"):
                from_file.pop(name, None)
        given = {**from_file, **given}
    return Config.from_mapping(given, "")


def _new(config: Config, out: Path | None) -> tuple[Experiment, RunFolder]:
    # Before anything that takes long: a folder that cannot be written should be said at once.
    folder = RunFolder.create(out)
    config = locate(config)
    with folder.removed_on_error():
        experiment = new_experiment(config, load_corpus(config, say), say)
        write_toml(folder.config, experiment.config)
        folder.save_split(experiment.data.split)
    _describe(experiment)
    say(f"run: {folder.path}")
    return experiment, folder


def _resumed(path: Path) -> tuple[Experiment, RunFolder]:
    folder = RunFolder.existing(path)
    checkpoint = load_checkpoint(folder.last, for_training=True)
    experiment = resumed_experiment(checkpoint, load_corpus(checkpoint.config, say))
    progress = experiment.trainer.progress
    folder.restore_copies(progress, experiment.config.checkpoints_kept)
    folder.save_metrics(progress.history)
    _describe(experiment)
    say(f"run: {folder.path}, going on at step {progress.step:,}")
    return experiment, folder


def _describe(experiment: Experiment) -> None:
    split, architecture = experiment.data.split, experiment.trainer.architecture
    numbers = sum(array.size for array in experiment.trainer.parameters.values())
    say(f"data: {experiment.data.source}")
    say(
        f"{len(split.train):,} sentences to train on, {len(split.dev):,} for dev, "
        f"{len(split.test):,} for test; {len(experiment.labels)} labels, "
        f"{architecture.vocabulary_size:,} words"
    )
    say(
        f"network: {architecture.mode}, {architecture.num_filters} filters each of heights "
        f"{','.join(map(str, architecture.filter_sizes))}, {numbers:,} parameters"
    )


def _train(experiment: Experiment, folder: RunFolder) -> None:
    trainer, config = experiment.trainer, experiment.config
    per_epoch = trainer.steps_per_epoch(experiment.train)
    display = Display(
        total_steps=config.epochs * per_epoch,
        done_steps=trainer.progress.step,
        steps_between=config.evaluate_every or per_epoch,
        batch_size=min(config.batch_size, len(experiment.train)),
    )
    listeners: list[Listener] = [_keeper(experiment, folder), display]
    with contextlib.ExitStack() as stack:
        stack.enter_context(stopping_on_signals(trainer))
        stack.enter_context(contextlib.closing(display))
        with contextlib.suppress(ImportError):
            board = TensorBoard(folder.tensorboard, trainer.progress.step)
            listeners.append(stack.enter_context(contextlib.closing(board)))
        for event in trainer.run(experiment.train, experiment.dev):
            for listener in listeners:
                listener(event)


def _keeper(experiment: Experiment, folder: RunFolder) -> Listener:
    """The listener that writes checkpoints and metrics."""

    def listen(event: Event) -> None:
        if isinstance(event, CheckpointDue):
            kept = experiment.config.checkpoints_kept
            folder.save_checkpoint(experiment.checkpoint(), event.is_best, kept)
        elif isinstance(event, Evaluated):
            folder.save_metrics(experiment.trainer.progress.history)

    return listen


@contextlib.contextmanager
def stopping_on_signals(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end training between two steps; a second one ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        trainer.request_stop()
        signal.signal(number, previous[signal.Signals(number)])

    signals = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _finish(folder: RunFolder, data: TokenizedData, progress: Progress) -> None:
    best = progress.best
    if best is not None:
        say(
            f"best dev accuracy {100 * best.dev_accuracy:.1f} % at step {best.step:,}, "
            f"epoch {best.epoch:.2f}"
        )
    test = data.split.test
    if len(test):
        # From the file, not from memory: what is scored is what will be used.
        scored = score_texts(Classifier.load(folder.best), *data.part(test))
        replace_text(folder.test, json.dumps(scored.scores.as_dict(), indent=2) + "\n")
        click.echo(f"test sentences, scored by {folder.best}:")
        click.echo(scores_text(scored.scores))
    click.echo(
        f"\nnext: {python()} -m textcnn classify --checkpoint {folder.path} "
        '"a gorgeous , witty , seductive movie"\n'
        f"      {python()} eval.py {folder.path} --predictions predictions.csv"
    )
