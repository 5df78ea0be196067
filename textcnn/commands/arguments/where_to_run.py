"""``--jobs`` and ``--scheduler``: on the processors of this machine, or on a Dask cluster."""

import click

from textcnn.commands.screen.display import say
from textcnn.support.errors import UserError
from textcnn.support.threads import processors
from textcnn.support.workers.processes import Processes, Runner

SCHEDULER_HELP = (
    "Run on the workers of a Dask cluster instead of this machine's processors; the address of "
    "its scheduler, such as tcp://10.0.0.1:8786."
)


def open_runner(jobs: int | None, scheduler: str | None, go_on_with: str = "--resume") -> Runner:
    """What runs the tasks of the command being called, until that ends.

    Args:
        jobs: the value of ``--jobs``.
        scheduler: that of ``--scheduler``.
        go_on_with: how a run that failed is gone on with, for messages.

    Raises:
        UserError: both were given, or the latter is no address.
        RunError: the scheduler does not answer, or runs another textcnn.
    """
    if scheduler is None:
        return Processes(jobs or processors(), go_on_with)
    if jobs is not None:
        raise UserError("--jobs is for this machine; with --scheduler, the workers decide")
    # Imported here: most calls have no use for it.
    from textcnn.support.workers.cluster import cluster

    return click.get_current_context().with_resource(cluster(scheduler, say, go_on_with))
