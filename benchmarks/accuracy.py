"""Test accuracy of ``train.py`` over several seeds, each with a split of its own.

``python benchmarks/accuracy.py`` trains with the defaults for seeds 0 to 4. What follows ``--``
goes to ``train.py``, as in ``python benchmarks/accuracy.py --seeds 3 -- --num-filters 50``.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

CLONE = Path(__file__).resolve().parent.parent


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--seeds", default=5, show_default=True, help="Seeds 0 to this minus one.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(seeds: int, options: tuple[str, ...]) -> None:
    """Train once a seed and print each test accuracy, the mean and its spread."""
    accuracies, durations = [], []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            command = [sys.executable, str(CLONE / "train.py"), "--out", folder]
            subprocess.run(
                [*command, "--seed", str(seed), *options],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            durations.append(time.perf_counter() - start)
            accuracies.append(
                100 * json.loads((Path(folder) / "test.json").read_text())["accuracy"]
            )
        click.echo(f"seed {seed}: {accuracies[-1]:.2f} %  ({durations[-1]:.0f} s)")
    spread = statistics.stdev(accuracies) if seeds > 1 else 0.0
    click.echo(
        f"mean {statistics.mean(accuracies):.2f} %, standard deviation {spread:.2f} points, "
        f"{statistics.median(durations):.0f} s a run (median)"
    )


if __name__ == "__main__":
    main()
