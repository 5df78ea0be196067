"""``textcnn selfcheck``."""

import json
import sys
from typing import Any

import click

from textcnn.commands.arguments.options import SectionedCommand
from textcnn.commands.screen.display import Clock, say
from textcnn.commands.screen.tables import BAD, GOOD
from textcnn.commands.screen.terminal import coloured
from textcnn.evaluation.selfcheck.checks import CHECKS
from textcnn.evaluation.selfcheck.result import Finished, run_checks
from textcnn.evaluation.selfcheck.versions import machine, versions


@click.command("selfcheck", cls=SectionedCommand)
@click.option("--json", "as_json", is_flag=True, help="Print versions and results as JSON.")
def command(as_json: bool) -> None:
    """Prove on this machine, in seconds, that the program is right.

    Gradients against finite differences, fast code against plain code, and what is promised to be
    the same bytes, on generated sentences. Each check is a line; the exit code is 1 if any fails.
    """
    clock, finished = Clock(), []
    if not as_json:
        click.echo("\n".join(_about()) + "\n")
    for one in run_checks(CHECKS):
        finished.append(one)
        if not as_json:
            click.echo(_shown(one))
    failed = sum(not one.result.passed for one in finished)
    if as_json:
        click.echo(json.dumps(_values(finished), indent=2))
    elif failed:
        click.echo(f"\n{failed} of {len(finished)} checks FAILED")
        say("please report this, with all these lines; results on this machine are not to be used")
    else:
        click.echo(f"\nall {len(finished)} checks passed; took {clock}")
    if failed:
        sys.exit(1)


def check_line(finished: Finished) -> str:
    """``ok      <what>: <numbers>``, or ``FAILED  <what>: <numbers>``."""
    result = finished.result
    return f"{'ok' if result.passed else 'FAILED':6}  {finished.name}: {result.figures}"


def _shown(finished: Finished) -> str:
    """The line, its first word in colour on a terminal."""
    passed, line = finished.result.passed, check_line(finished)
    word, rest = line[:6], line[6:]
    return (coloured(word, GOOD) if passed else coloured(word, BAD, bold=True)) + rest


def _about() -> list[str]:
    about = machine()
    return [
        ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"{about['system']}, {about['processors']} processors, smallest steps from 1: "
        f"float32 {about['float32_eps']:.2g}, float64 {about['float64_eps']:.2g}",
    ]


def _values(finished: list[Finished]) -> dict[str, Any]:
    return {
        "versions": versions(),
        "machine": machine(),
        "passed": all(one.result.passed for one in finished),
        "checks": [
            {
                "name": one.name,
                "passed": one.result.passed,
                "figures": one.result.figures,
                "seconds": round(one.seconds, 3),
            }
            for one in finished
        ],
    }
