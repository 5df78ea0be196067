"""``textcnn train``."""

import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click
import numpy as np

from textcnn.commands.arguments.options import (
    SectionedCommand,
    SectionedOption,
    config_options,
    given_options,
)
from textcnn.commands.arguments.training_config import config_sources, training_config
from textcnn.commands.screen.display import Clock, Display, python, say
from textcnn.commands.screen.score_tables import scores_text
from textcnn.commands.screen.terminal import safe_lines
from textcnn.core.trainer import CheckpointDue, Evaluated, Event, Progress, Trainer
from textcnn.data.datasets.corpus import locate
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Scored, score_texts
from textcnn.inference.classifier import Classifier
from textcnn.insight.curves import draw_curves
from textcnn.insight.report import is_installed
from textcnn.insight.tensorboard import PrecisionRecall, TensorBoard, write_result
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.folder_lock import locked
from textcnn.support.freed_memory import return_freed_memory
from textcnn.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from textcnn.training.config import Config, flag, read_toml, write_toml
from textcnn.training.continuing import initial_checkpoint
from textcnn.training.ensemble import member_configs, together
from textcnn.training.experiment import (
    Experiment,
    dev_targets,
    new_experiment,
    refit_experiment,
    resumed_experiment,
)
from textcnn.training.run_folder import RunFolder

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
@config_sources
@click.option(
    "--resume",
    cls=SectionedOption,
    section="Run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Go on with this run where its last checkpoint was written.",
)
def command(
    out: Path | None,
    preset: str | None,
    config_file: Path | None,
    resume: Path | None,
    **options: Any,
) -> None:
    """Train a network on labelled sentences and score it on a part it never saw.

    Without options: the movie reviews, a new folder below runs/. Ctrl-C saves and says how to go
    on.
    """
    clock = Clock()
    if resume is not None:
        others = {**options, "out": out, "config": config_file, "preset": preset}
        given = [*given_options(others)]
        if given:
            raise UserError(
                f"--resume goes on with the run's own options; leave out {flag(given[0])}"
            )
        _alone_in(resume, "--resume")
        folder = RunFolder.existing(resume)
        config, data = _resumed(folder)
    else:
        config = training_config(options, config_file, preset)
        # Before anything that takes long: a folder that cannot be written should be said at once.
        folder = RunFolder.create(out)
        _alone_in(folder.path, "--out")
        with folder.removed_unless_begun():
            config, data = _new(config, folder)
    with folder.removed_unless_begun():
        trained = _train_all(config, data, folder)
    finished = all(progress.finished for _, progress in trained)
    if finished:
        _finish(folder, data, trained)
    # Last, as the library that draws takes much memory, and what is reported is found before.
    with contextlib.suppress(ImportError):
        for own, progress in trained:
            draw_curves(own.curves, progress.history)
    if not finished:
        say(f"go on with: {python()} train.py --resume {folder.path}")
        sys.exit(128 + signal.SIGINT)
    click.echo(
        safe_lines(
            f"\nnext: {python()} -m textcnn classify --checkpoint {folder.path} "
            f"{_example(data)}\n"
            f"      {python()} eval.py {folder.path} --predictions predictions.csv"
        )
    )
    say(f"took {clock}")


def _alone_in(folder: Path, option: str) -> None:
    """Keep other processes out of the folder until this command ends."""
    click.get_current_context().with_resource(locked(folder, option))


def _new(config: Config, folder: RunFolder) -> tuple[Config, TokenizedData]:
    config = locate(config)
    initial = initial_checkpoint(config)
    known = None if initial is None else initial.seen
    data = TokenizedData.load(config, say, known)
    write_toml(folder.config, config.resolved())
    folder.save_split(data.split)
    return config, data


def _resumed(folder: RunFolder) -> tuple[Config, TokenizedData]:
    if folder.last.exists():
        checkpoint = load_checkpoint(folder.last)
        config, known = checkpoint.config, checkpoint.seen_before
    else:  # Stopped before its first, or an ensemble, whose networks have folders of their own.
        config = Config.from_mapping(read_toml(folder.config), str(folder.config))
        initial = initial_checkpoint(config)
        known = np.zeros(0, np.uint64) if initial is None else initial.seen
    return config, TokenizedData.load(config, say, known if len(known) else None)


Trained = tuple[RunFolder, Progress]


def _train_all(config: Config, data: TokenizedData, folder: RunFolder) -> list[Trained]:
    """Train every network that is not finished yet, until one is stopped."""
    members = member_configs(config)
    if len(members) == 1:
        return [(folder, _train_network(config, data, folder, _intro(data, folder)))]
    folders = [folder.member(number) for number in range(1, len(members) + 1)]
    trained: list[Trained] = []
    for number, (member, own) in enumerate(zip(members, folders, strict=True), start=1):
        intro = [] if number > 1 else _intro(data, folder)
        intro = [*intro, f"network {number} of {len(members)}:"]
        trained.append((own, _train_network(member, data, own, intro)))
        if not trained[-1][1].finished:
            return trained
    finished = [load_checkpoint(own.best, for_training=True) for own in folders]
    dev = dev_targets(config, data, finished[0].labels)
    save_checkpoint(folder.best, together(finished, config, *dev))
    return trained


def _intro(data: TokenizedData, folder: RunFolder) -> list[str]:
    split, labels = data.split, len(data.label_names)
    notes = []
    if data.removed:
        notes.append(f"left out of what comes before: {data.removed:,} sentences in dev or test")
    if data.cut:
        notes.append(f"cut at --max-tokens: {data.cut:,} of {len(data.texts):,} sentences")
    return [
        f"data: {data.source}",
        *notes,
        f"{len(split.train):,} sentences to train on, {len(split.dev):,} for dev, "
        f"{len(split.test):,} for test; {labels} labels",
        f"run: {folder.path}",
    ]


def _train_network(
    config: Config, data: TokenizedData, folder: RunFolder, intro: list[str]
) -> Progress:
    """Train one network, from the start or from where its last checkpoint was written.

    Args:
        config: its options.
        data: the sentences.
        folder: of its run.
        intro: lines to say once everything is known to fit together.

    Returns:
        Where it stands: finished, or stopped.
    """
    if folder.last.exists():
        experiment = resumed_experiment(load_checkpoint(folder.last, for_training=True), data)
        progress = experiment.trainer.progress
        kept = 0 if progress.refit_steps else experiment.config.checkpoints_kept
        folder.restore_copies(progress, kept)
        folder.save_metrics(progress.history)
        intro = [*intro, f"going on at step {progress.step:,}"]
    else:
        experiment = new_experiment(config, data, say, initial_checkpoint(config))
        write_toml(folder.config, experiment.config)
    for line in (*intro, _network_line(experiment)):
        say(line)
    progress = _train(experiment, folder)
    if progress.finished and not progress.refit_steps:
        say(_best_line(progress))
    if progress.finished and experiment.config.refit and not progress.refit_steps:
        config = experiment.config
        # The first network has gone to its checkpoint; the second one needs its memory.
        del experiment
        return_freed_memory()
        initial = initial_checkpoint(config)
        experiment = refit_experiment(config, data, progress, _nobody, initial)
        progress = _train(experiment, folder)
    # All is in its checkpoint; what follows needs the memory.
    del experiment
    return_freed_memory()
    if not progress.finished:
        say(f"stopped at step {progress.step:,}")
    return progress


def _best_line(progress: Progress) -> str:
    best = progress.best
    if best is None:
        raise ValueError("a network that was trained to the end has a best evaluation")
    return (
        f"best on dev at epoch {best.epoch:.2f}: loss {best.dev_loss:.3f}, "
        f"accuracy {100 * best.dev_accuracy:.1f} %"
    )


def _network_line(experiment: Experiment) -> str:
    architecture = experiment.trainer.architecture
    numbers = sum(array.size for array in experiment.trainer.parameters.values())
    return (
        f"network: {architecture.mode}, {architecture.vocabulary_size:,} words, "
        f"{architecture.num_filters} filters each of heights "
        f"{','.join(map(str, architecture.filter_sizes))}, {numbers:,} parameters"
    )


def _train(experiment: Experiment, folder: RunFolder) -> Progress:
    trainer, config = experiment.trainer, experiment.config
    progress, per_epoch = trainer.progress, trainer.steps_per_epoch(experiment.train)
    if progress.refit_steps and not progress.finished:
        epochs = progress.refit_steps / per_epoch
        say(f"again, on train and dev together, for {epochs:.2f} epochs")
    display = Display(
        total_steps=progress.refit_steps or config.epochs * per_epoch,
        done_steps=progress.step,
        steps_between=config.evaluate_every or per_epoch,
        batch_size=min(config.batch_size, len(experiment.train)),
    )
    listeners: list[Listener] = [_keeper(experiment, folder), display]
    with contextlib.ExitStack() as stack:
        stack.enter_context(stopping_on_signals(trainer))
        stack.enter_context(contextlib.closing(display))
        if not progress.refit_steps:
            with contextlib.suppress(ImportError):
                curves = PrecisionRecall(experiment.labels, experiment.dev.targets)
                board = TensorBoard(folder.tensorboard, progress.step, curves)
                listeners.append(stack.enter_context(contextlib.closing(board)))
        for event in trainer.run(experiment.train, experiment.dev):
            for listener in listeners:
                listener(event)
    return progress


def _nobody(line: str) -> None:
    """Hear what has been said before."""


def _keeper(experiment: Experiment, folder: RunFolder) -> Listener:
    """The listener that writes checkpoints and metrics."""

    def listen(event: Event) -> None:
        if isinstance(event, CheckpointDue):
            # Steps are counted anew while refitting, and numbered copies would mix them up.
            refitting = experiment.trainer.progress.refit_steps
            kept = 0 if refitting else experiment.config.checkpoints_kept
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


def _finish(folder: RunFolder, data: TokenizedData, trained: list[Trained]) -> None:
    """Score the test sentences, and write down what there is to say of the whole run."""
    # From the file, not from memory: what is scored and shown is what will be used.
    model = load_checkpoint(folder.best)
    scored = _score(folder, model, data)
    best = [progress.best for _, progress in trained if progress.best is not None]
    with contextlib.suppress(ImportError):
        write_result(folder.tensorboard, model, data, best, scored)
    _report(folder, model, data, scored)


def _score(folder: RunFolder, model: Checkpoint, data: TokenizedData) -> Scored | None:
    test = data.split.test
    if not len(test):
        return None
    scored = score_texts(Classifier(model), *data.part(test))
    return_freed_memory()
    replace_text(folder.test, json.dumps(scored.scores.as_dict(), indent=2) + "\n")
    click.echo(safe_lines(f"test sentences, scored by {folder.best}:"))
    click.echo(scores_text(scored.scores))
    return scored


def _report(
    folder: RunFolder, model: Checkpoint, data: TokenizedData, scored: Scored | None
) -> None:
    if not is_installed():
        return
    # Imported here: what draws and lays out is loaded only for that.
    from textcnn.insight.report.findings import gather
    from textcnn.insight.report.page import page

    try:
        text = page(gather(folder, model, data, scored))
    except ImportError as error:  # There, and broken.
        say(f"no report, as what makes it cannot be loaded: {error}")
        return
    replace_text(folder.report, text)
    say(f"report: {folder.report}")


def _example(data: TokenizedData) -> str:
    """A short sentence of the data as a shell takes it: the reader sees what to put there."""
    rows = data.split.test if len(data.split.test) else data.split.dev
    texts = [data.texts[row] for row in rows]
    usual = [text for text in texts if len(text.split()) >= 3 and len(text) <= 60]
    return shlex.quote((usual or ["a sentence"])[0])
