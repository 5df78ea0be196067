"""``textcnn train``."""

import contextlib
import dataclasses
import functools
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from textcnn.commands.arguments.options import SectionedCommand, config_options
from textcnn.commands.arguments.training_config import RunOptions, run_options
from textcnn.commands.screen.display import Clock, Display, percent, say
from textcnn.commands.screen.score_tables import scores_text
from textcnn.core.progress import Event
from textcnn.core.trainer import Trainer
from textcnn.data.datasets.corpus import Corpora, locate
from textcnn.data.datasets.formats import format_of_suffix
from textcnn.data.remarks import remarks
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.scoring import Sample, ScoredSample, score_sample
from textcnn.inference.classifier import Classifier
from textcnn.insight.learnt.facts import network_words
from textcnn.insight.report import is_installed
from textcnn.insight.tensorboard import TensorBoard
from textcnn.recipe.config import Config, read_toml, write_toml
from textcnn.support.errors import SAY_WHERE, if_missing
from textcnn.support.files import replace_text
from textcnn.support.program import command_line
from textcnn.support.read_back import seal
from textcnn.support.signals import handled
from textcnn.support.terminal import next_commands, safe_lines
from textcnn.support.threads import return_freed_memory
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.continuing import initial_network, keep_initial, with_rehearsal
from textcnn.training.experiment import Experiment
from textcnn.training.fusing import dev_accuracies
from textcnn.training.keepers import FolderKeeper
from textcnn.training.resuming import check_same_data, options_of_run
from textcnn.training.run import Listener, Outcome, train_run
from textcnn.training.run_folder import RunFolder


@click.command("train", cls=SectionedCommand)
@config_options()
@run_options("", "Go on with this run; --data if that has been moved.")
def command(options: dict[str, Any], run: RunOptions) -> None:
    """Train a network on labelled sentences and score it on a part it never saw.

    Without options: the movie reviews, a new folder below runs/. Ctrl-C saves and says how to go
    on. What is fetched is kept in data/ of a clone, else in ~/.cache/textcnn or TEXTCNN_CACHE.
    """
    clock = Clock()
    begin = (
        functools.partial(_new, run.training_config(options))
        if run.resume is None
        else functools.partial(_resumed, run.moved(options))
    )
    with run.opened(RunFolder) as folder:
        config, data = begin(folder)
        outcome = _train(config, data, folder, _intro(data, folder))
        if not outcome.finished:
            say("go on with:", command_line("train", "--resume", folder.path))
            sys.exit(128 + signal.SIGINT)
        # From the file, not from memory: what is scored and shown is what will be used.
        model = load_checkpoint(folder.best)
        _report(folder, model, data, _score(folder, model, data))
    then = [_classify_line(config, data, folder)]
    if len(data.split.test):
        then.append(command_line("eval", folder.path, "--predictions", "predictions.csv"))
    click.echo("\n" + next_commands(*then))
    say(f"took {clock}")


def _new(config: Config, folder: RunFolder) -> tuple[Config, TokenizedData]:
    config = locate(config)
    initial = initial_network(config)
    if initial is None:
        data = TokenizedData.load(config, say)
    else:
        corpora = Corpora.read(config, say)
        config, corpora = with_rehearsal(config, corpora, initial.best, say)
        data = TokenizedData.load(config, say, initial.handed_on, corpora)
        keep_initial(Path(str(config.init_from)), folder)
    config = data.completed(config)
    write_toml(folder.config, config.resolved())
    folder.save_split(data.split)
    return config, data


def _resumed(moved: dict[str, Any], folder: RunFolder) -> tuple[Config, TokenizedData]:
    """The run's options and its sentences; where these have been moved to is kept for good."""
    if folder.last.exists():
        checkpoint = load_checkpoint(folder.last)
        inherited = checkpoint.inherited
        # Before the data is read that they name.
        config = options_of_run(folder.config, checkpoint.config)
    else:  # Stopped before its first, or an ensemble, whose networks have folders of their own.
        config = Config.from_mapping(read_toml(folder.config), str(folder.config))
        initial = initial_network(config, folder)
        inherited = None if initial is None else initial.handed_on
    config = locate(dataclasses.replace(config, **moved))
    with if_missing(SAY_WHERE):
        data = TokenizedData.load(config, say, inherited)
    if moved:
        for network in folder.networks:
            if network.last.exists():
                check_same_data(data, load_checkpoint(network.last))
        for part in dict.fromkeys((folder, *folder.networks)):
            if part.config.exists():
                own = Config.from_mapping(read_toml(part.config), str(part.config))
                write_toml(part.config, dataclasses.replace(own, **moved))
    return config, data


def _train(config: Config, data: TokenizedData, folder: RunFolder, intro: list[str]) -> Outcome:
    """Train every network of the run, watched on the screen and by TensorBoard."""

    @contextlib.contextmanager
    def watch(experiment: Experiment) -> Iterator[Listener]:
        several = config.ensemble > 1
        own = folder.member(_number(experiment, config)) if several else folder
        for line in (*intro, *_half_lines(experiment, config)):
            say(line)
        intro.clear()
        with contextlib.ExitStack() as stack:
            stack.enter_context(stopping_on_signals(experiment.trainer))
            listeners: list[Listener] = [
                stack.enter_context(contextlib.closing(_display(experiment)))
            ]
            if experiment.first_half is None:
                with contextlib.suppress(ImportError):
                    board = TensorBoard(own.tensorboard, experiment.trainer.progress.step)
                    listeners.append(stack.enter_context(contextlib.closing(board)))

            def listen(event: Event) -> None:
                for listener in listeners:
                    listener(event)

            yield listen
        progress = experiment.trainer.progress
        if experiment.trainer.stopping:
            say(f"stopped at step {progress.step:,}")
        elif experiment.first_half is None:
            for line in _choice_lines(experiment):
                say(line)

    keeper = FolderKeeper(folder, say)
    return train_run(config, data, keeper, say, initial_network(config, folder), watch)


def _number(experiment: Experiment, config: Config) -> int:
    """Which network of an ensemble this is, counted from 1."""
    first = config.resolved().network_seed or 0
    return 1 + (experiment.config.network_seed or 0) - first


def _intro(data: TokenizedData, folder: RunFolder) -> list[str]:
    split, labels = data.split, len(data.label_names)
    return [
        f"data: {data.source}",
        *remarks(data),
        f"{len(split.train):,} sentences to train on, {len(split.dev):,} for dev, "
        f"{len(split.test):,} for test; {labels} labels",
        f"run: {folder.path}",
    ]


def _half_lines(experiment: Experiment, config: Config) -> list[str]:
    """What is about to be trained."""
    if experiment.first_half is not None:
        epochs = experiment.steps / experiment.trainer.steps_per_epoch(experiment.train)
        done = experiment.trainer.progress.finished
        return [] if done else [f"again, on train and dev together, for {epochs:.2f} epochs"]
    lines = []
    if config.ensemble > 1:
        lines.append(f"network {_number(experiment, config)} of {config.ensemble}:")
    if experiment.ngrams is not None:
        lines.append(f"n-grams: {experiment.ngrams.expert.summary}")
    network = experiment.trainer.network
    return [*lines, f"network: {network_words([network.parameters], network.architecture)}"]


def _choice_lines(experiment: Experiment) -> Iterator[str]:
    """What dev chose, and what each expert is worth there, where there are two."""
    progress = experiment.trainer.progress
    if progress.best is None:
        raise ValueError("a network that was trained to the end has a best evaluation")
    yield (
        f"best on dev at epoch {progress.best.epoch:.2f}: loss {progress.best.dev_loss:.3f}, "
        f"accuracy {100 * progress.best.dev_accuracy:.1f} %"
    )
    if experiment.ngrams is not None:
        shares = dev_accuracies([progress.dev_logits], experiment.ngrams, experiment.dev)
        yield "on dev: " + ", ".join(f"{name} {percent(share)}" for name, share in shares.items())


def _display(experiment: Experiment) -> Display:
    trainer, config = experiment.trainer, experiment.config
    per_epoch = trainer.steps_per_epoch(experiment.train)
    return Display(
        total_steps=experiment.steps or config.epochs * per_epoch,
        done_steps=trainer.progress.step,
        steps_between=config.evaluate_every or per_epoch,
        batch_size=min(config.batch_size, len(experiment.train)),
    )


@contextlib.contextmanager
def stopping_on_signals(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end training between two steps; a second one ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        trainer.request_stop()
        signal.signal(number, before[number])

    with handled(stop, signal.SIGINT, signal.SIGTERM) as before:
        yield


def _score(folder: RunFolder, model: Checkpoint, data: TokenizedData) -> ScoredSample | None:
    if not len(data.split.test):
        return None
    scored = score_sample(Classifier(model), Sample.test_part(data))
    return_freed_memory()
    replace_text(folder.test, json.dumps(seal(scored.scores.as_dict()), indent=2) + "\n")
    click.echo(safe_lines(f"test sentences, scored by {folder.best}:"))
    click.echo(scores_text(scored.scores))
    return scored


def _report(
    folder: RunFolder, model: Checkpoint, data: TokenizedData, scored: ScoredSample | None
) -> None:
    if not is_installed():
        return
    # Imported here: what draws and lays out is loaded only for that.
    from textcnn.insight.report.page import page

    try:
        text = page(folder, model, data, scored)
    except ImportError as error:  # There, and broken.
        say(f"no report, as what makes it cannot be loaded: {error}")
        return
    replace_text(folder.report, text)
    say(f"report: {folder.report}")


def _classify_line(config: Config, data: TokenizedData, folder: RunFolder) -> str:
    """A command that classifies a short sentence of the data or, where there is none, its table."""
    words = ("classify", "--checkpoint", folder.path)
    sentence, table = _example(data), config.data[0]
    if sentence is None and format_of_suffix(Path(table)) is not None:
        return f"{command_line(*words, '--input', table)} > labelled.csv"
    return command_line(*words, sentence or "a sentence")


def _example(data: TokenizedData) -> str | None:
    """A short sentence of the data: the reader sees what to put there."""
    rows = data.split.test if len(data.split.test) else data.split.dev
    texts = (" ".join(data.texts[row].split()) for row in rows)
    usual = (text for text in texts if len(text.split()) >= 3 and len(text) <= 60)
    # What begins with a dash would be taken for an option.
    return next((text for text in usual if not text.startswith("-")), None)
