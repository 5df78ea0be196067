"""``--jobs`` and ``--scheduler``: on the processors of this machine, or on a Dask cluster."""

import functools
from collections.abc import Callable
from typing import Any

import click

from textcnn.commands.arguments.options import option
from textcnn.commands.screen.display import say
from textcnn.support.errors import UserError
from textcnn.support.threads import processors
from textcnn.support.workers.processes import Processes, Runner


def runner_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command of many folds with the options, which it is passed as a ``runner``."""

    @option("--jobs", section="Run", type=int, help="Folds at once. [default: one a processor]")
    @option(
        "--scheduler",
        section="Run",
        metavar="ADDRESS",
        help="Run on the workers of a Dask cluster instead of this machine's processors; the "
        "address of its scheduler, such as tcp://10.0.0.1:8786.",
    )
    @functools.wraps(function)
    def command(jobs: int | None, scheduler: str | None, **options: Any) -> Any:
        return function(runner=open_runner(jobs, scheduler), **options)

    return command


def open_runner(jobs: int | None, scheduler: str | None, go_on_with: str = "--resume") -> Runner:
    """What runs the tasks of the command being called, until that ends.

    Args:
        jobs: the value of ``--jobs``.
        scheduler: that of ``--scheduler``.
        go_on_with: how a run that failed is gone on with, for messages.

    Raises:
        UserError: both were given, the former is below 1, or the latter is no address.
        RunError: the scheduler does not answer, or runs another textcnn.
    """
    if jobs is not None and jobs < 1:
        raise UserError(f"--jobs {jobs}: must be at least 1")
    command = click.get_current_context()
    if scheduler is None:
        return command.with_resource(Processes(jobs or processors(), go_on_with))
    if jobs is not None:
        raise UserError("--jobs is for this machine; with --scheduler, the workers decide")
    # Imported here: most calls have no use for it.
    from textcnn.support.workers.cluster import cluster

    return command.with_resource(cluster(scheduler, say, go_on_with))
