"""How time shrinks with the workers of a Dask cluster, all on this machine.

``python -m benchmarks.cluster`` cross-validates a part of the movie reviews and labels files of
them, with one worker, with two, and with processes without Dask, turn about, and prints a table in
Markdown. Starting workers, and a first round in which they import and read everything, is not
timed. Needs the extra ``dask``; under a minute with the usual options.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.timing import Timings
from benchmarks.workload import ROOT
from textcnn.data.datasets.corpus import load_corpus, locate
from textcnn.data.datasets.labelled_texts import LabelledTexts
from textcnn.data.tokenized_data import TokenizedData
from textcnn.evaluation.crossval.fold_run import run_fold
from textcnn.evaluation.crossval.folds import Fold, make_folds
from textcnn.inference.files import Shard, ShardOptions, classify_shard, digest_of
from textcnn.recipe.config import Config
from textcnn.support.workers.cluster import cluster
from textcnn.support.workers.processes import Processes, Runner, SentFile
from textcnn.training.checkpoint import save_checkpoint
from textcnn.training.run import train_in_memory

FOLDS = 4
SHARDS = 4
ONE, TWO = "1 worker", "2 workers"
ONE_HERE, TWO_HERE = "1 process", "2 processes"


@dataclass(frozen=True)
class Work:
    """What every side is given.

    Attributes:
        config: of the networks.
        data: the sentences.
        folds: of them.
        model: a checkpoint.
        files: the sentences, over and over, to be labelled.
        folder: for what is written.
    """

    config: Config
    data: TokenizedData
    folds: list[Fold]
    model: Path
    files: list[Path]
    folder: Path

    def cross_validate(self, runner: Runner) -> None:
        """Run all folds."""
        tasks = [{"config": self.config, "fold": fold, "baselines": ()} for fold in self.folds]
        for _ in runner.run(run_fold, tasks, {"data": self.data}):
            pass

    def label(self, runner: Runner) -> None:
        """Label all files."""
        options, digest = ShardOptions(), digest_of(self.model)
        tasks = [
            {
                "shard": Shard(path, self.folder / f"{path.stem}.tsv"),
                "options": options,
                "digest": digest,
            }
            for path in self.files
        ]
        for outcome in runner.run(classify_shard, tasks, {"model": SentFile(self.model)}):
            if outcome.error is not None:
                raise outcome.error


def make_work(folder: Path, sentences: int, epochs: int, lines: int) -> Work:
    """Read and divide the sentences, train a model and write the files."""
    corpus = load_corpus(locate(Config()), say)
    rows = np.random.default_rng(0).permutation(len(corpus.texts))[:sentences]
    texts, labels = ([column[row] for row in rows] for column in (corpus.texts, corpus.labels))
    config = Config(epochs=epochs, patience=0)
    data = TokenizedData.prepare(LabelledTexts(texts, labels, corpus.source), config)
    folds = make_folds(data.keys, data.labels, FOLDS, 1, config.dev_share, config.seed)
    model = folder / "model.h5"
    save_checkpoint(model, train_in_memory(config, data, say)[0])
    files = [folder / f"{number}.txt" for number in range(SHARDS)]
    for path in files:
        path.write_text("".join(f"{texts[n % len(texts)]}\n" for n in range(lines)))
    return Work(config, data, folds, model, files, folder)


@contextlib.contextmanager
def workers(count: int, folder: Path) -> Iterator[Runner]:
    """A cluster of so many workers with one thread each."""
    folder.mkdir()
    file = folder / "scheduler.json"
    usual = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
    started = [_start("scheduler", *usual, "--port", "0", "--scheduler-file", str(file))]
    try:
        while not (file.exists() and file.read_text().endswith("}")):
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        own = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        started += [_start("worker", address, *usual, *own) for _ in range(count)]
        with cluster(address, say) as runner:
            while runner.at_once < count:
                time.sleep(0.1)
            yield runner
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def _start(kind: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measured(run: Callable[[Runner], None], runners: dict[str, Runner], rounds: int) -> Timings:
    """Time the same work on each side, turn about, after a round that is not timed."""
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for number in range(rounds + 1):
        for name, runner in runners.items():
            start = time.perf_counter()
            run(runner)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return Timings(seconds)


def table(found: dict[str, Timings]) -> str:
    """The times and their ratios, in Markdown."""
    names = (ONE, TWO, ONE_HERE, TWO_HERE)
    lines = [f"| | {' | '.join(names)} | 1 worker / 2 | 1 process / 2 | 2 workers / 2 processes |"]
    lines.append("|---" * (len(names) + 4) + "|")
    for title, timings in found.items():
        times = " | ".join(f"{timings.median(name):.2f} s" for name in names)
        pairs = ((ONE, TWO), (ONE_HERE, TWO_HERE), (TWO, TWO_HERE))
        ratios = " | ".join(str(timings.ratio(*pair)) for pair in pairs)
        lines.append(f"| {title} | {times} | {ratios} |")
    return "\n".join(lines)


def say(line: str) -> None:
    """Tell the user something that is not the result."""
    click.echo(line, err=True)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--sentences", default=1000, show_default=True, help="To cross-validate.")
@click.option("--epochs", default=2, show_default=True, help="Of each fold.")
@click.option("--lines", default=10_000, show_default=True, help="Of each file to label.")
def main(rounds: int, sentences: int, epochs: int, lines: int) -> None:
    """Time cross-validation and labelling with one worker and with two."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        work = make_work(folder, sentences, epochs, lines)
        runners: dict[str, Runner] = {
            ONE: stack.enter_context(workers(1, folder / "one")),
            TWO: stack.enter_context(workers(2, folder / "two")),
            ONE_HERE: stack.enter_context(Processes(1)),
            TWO_HERE: stack.enter_context(Processes(2)),
        }
        found = {
            f"{FOLDS} folds of {sentences:,} sentences, {epochs} epochs": measured(
                work.cross_validate, runners, rounds
            ),
            f"{SHARDS} files of {lines:,} lines": measured(work.label, runners, rounds),
        }
    click.echo(table(found))


if __name__ == "__main__":
    main()
