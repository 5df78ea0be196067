"""What training costs as rows and labels grow: processor seconds, memory and size of the model.

``python -m benchmarks.large_data`` makes tables of invented text, trains on each by ``textcnn
train`` with one thread, and prints two Markdown tables. A row has 10 to 30 words, drawn by Zipf's
law from 100,000; some are of the row's label. The networks learn next to nothing of many labels in
two epochs: what is looked at is what the program needs, not what it finds.
"""

import csv
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.programs import processor_seconds

CLONE = Path(__file__).resolve().parents[1]

VOCABULARY = 100_000
EXPONENT = 1.05
OWN_WORDS = 40
OWN_SHARE = 0.06
"""Share of a row's words that are of its label's :data:`OWN_WORDS`."""


@dataclass(frozen=True)
class Cost:
    """Of a program.

    Attributes:
        seconds: of the processor, all threads and processes together.
        memory: the most that was resident, in bytes.
    """

    seconds: float
    memory: int


def write_table(path: Path, rows: int, labels: int) -> None:
    """A table with the columns text and label."""
    rng = np.random.default_rng([rows, labels])
    chances = 1 / np.arange(1, VOCABULARY + 1) ** EXPONENT
    chances /= chances.sum()
    # Every label as often as any other.
    classes = rng.permutation(np.arange(rows) % labels)
    lengths = rng.integers(10, 31, rows)
    words = rng.choice(VOCABULARY, lengths.sum(), p=chances)
    own = rng.random(len(words)) < OWN_SHARE
    labels_of_own = np.repeat(classes, lengths)[own]
    drawn = rng.integers(0, OWN_WORDS, len(labels_of_own))
    words[own] = (labels_of_own * OWN_WORDS + drawn) % VOCABULARY
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["text", "label"])
        sentences = np.split(words, np.cumsum(lengths)[:-1])
        for label, sentence in zip(classes.tolist(), sentences, strict=True):
            text = " ".join(f"word{word}" for word in sentence.tolist())
            table.writerow([text, f"label {label}"])


def train(table: Path, out: Path, epochs: int, *options: str) -> Cost:
    """Train by the command, with one thread for matrix products."""
    memory = table.with_suffix(".memory")
    settings = [f"PYTHONPATH={CLONE}", "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"]
    launcher = [sys.executable, str(CLONE / "benchmarks" / "peak_memory.py"), str(memory)]
    command = [sys.executable, "-m", "textcnn", "train", "--data", str(table), "--out", str(out)]
    words = [*launcher, *command, "--epochs", str(epochs), "--patience", "0", *options]
    seconds = processor_seconds(shlex.join([*settings, *words]))
    return Cost(seconds, int(memory.read_text("utf-8")))


def rows_table(folder: Path, sizes: Sequence[int]) -> list[str]:
    """Two labels and more and more rows."""
    lines = [
        "| rows | an epoch, s | everything besides, s | memory, MB | best.h5, MB | last.h5, MB |",
        "|---|---|---|---|---|---|",
    ]
    for rows in sizes:
        table = folder / "rows.csv"
        write_table(table, rows, 2)
        # With one epoch more, all that is added is an epoch.
        once, twice = (
            train(table, folder / f"{rows}-{epochs}", epochs, "--no-refit") for epochs in (1, 2)
        )
        epoch = twice.seconds - once.seconds
        cells = [f"{rows:,}", f"{epoch:.1f}", f"{once.seconds - epoch:.1f}"]
        cells.append(f"{max(once.memory, twice.memory) / 1e6:,.0f}")
        lines.append(_row([*cells, *_sizes(folder / f"{rows}-2")]))
    return lines


def labels_table(folder: Path, counts: Sequence[int], per_label: int) -> list[str]:
    """More and more labels of a few rows each."""
    lines = [
        "| labels | rows | two epochs and the refit, s | memory, MB | best.h5, MB | last.h5, MB | "
        "inspect --json, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for labels in counts:
        table, out = folder / "labels.csv", folder / f"labels-{labels}"
        write_table(table, labels * per_label, labels)
        cost = train(table, out, 2)
        shown = [sys.executable, "-m", "textcnn", "inspect", str(out), "--json"]
        inspected = subprocess.run(shown, capture_output=True, check=True).stdout
        cells = [f"{labels:,}", f"{labels * per_label:,}", f"{cost.seconds:.1f}"]
        cells += [f"{cost.memory / 1e6:,.0f}", *_sizes(out), f"{len(inspected) / 1e6:.2f}"]
        lines.append(_row(cells))
    return lines


def _sizes(run: Path) -> list[str]:
    files = (run / "checkpoints" / f"{name}.h5" for name in ("best", "last"))
    return [f"{file.stat().st_size / 1e6:.1f}" for file in files]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option(
    "--rows", multiple=True, type=int, default=(10_000, 50_000, 200_000, 500_000, 1_000_000)
)
@click.option("--labels", multiple=True, type=int, default=(10, 100, 1_000, 10_000))
@click.option("--per-label", default=20, show_default=True, help="Rows of each label.")
def main(rows: Sequence[int], labels: Sequence[int], per_label: int) -> None:
    """Train on all of them, one after another, and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        click.echo("\n".join(rows_table(Path(folder), rows)))
        click.echo()
        click.echo("\n".join(labels_table(Path(folder), labels, per_label)))


if __name__ == "__main__":
    main()
