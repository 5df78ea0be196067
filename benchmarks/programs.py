"""Processor seconds of whole programs, in turn, which other work on the machine moves little.

``python -m benchmarks.programs 'COMMAND' 'OTHER COMMAND' ...`` runs each in its turn, several
rounds, and prints a Markdown table: the seconds of all threads and processes of each, and how many
times those of the last command they are, round by round. A command may begin with ``NAME=VALUE``,
such as ``PYTHONPATH`` of an older clone. They are run in the folder of temporary files, so that no
code is taken from the one where this is typed: paths must be absolute.
"""

import resource
import shlex
import subprocess
import tempfile
from collections.abc import Sequence

import click

from benchmarks.timing import Timings


def processor_seconds(command: str) -> float:
    """Run a command, its output thrown away, and say what it took, its processes included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["env", *shlex.split(command)]
    subprocess.run(words, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir(), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@click.command()
@click.argument("commands", nargs=-1, required=True)
@click.option("--rounds", default=5, show_default=True)
def main(commands: Sequence[str], rounds: int) -> None:
    """Run all in turn and print the table."""
    seconds: dict[str, list[float]] = {command: [] for command in commands}
    for number in range(-1, rounds):  # The first round fills the caches.
        for command in commands[:: 1 if number % 2 else -1]:
            took = processor_seconds(command)
            if number >= 0:
                seconds[command].append(took)
    timings = Timings(seconds)
    click.echo("| program | processor seconds | times the last |\n|---|---|---|")
    for command in commands:
        ratio = timings.ratio(command, commands[-1])
        click.echo(f"| `{command}` | {timings.median(command):.2f} | {ratio} |")


if __name__ == "__main__":
    main()
