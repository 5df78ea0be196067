"""CHECKPOINT, given in every command as its first argument or as ``--checkpoint``."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textcnn.commands.arguments.options import PATH, option
from textcnn.commands.screen.display import say
from textcnn.support.errors import UserError
from textcnn.support.files import open_regular
from textcnn.training.checkpoint.container import MARK
from textcnn.training.run_folder import RunFolder, find_checkpoint, newest_run

if TYPE_CHECKING:
    from textcnn.insight.run_list import ListedRun


checkpoint_option = option(
    "--checkpoint",
    type=PATH,
    metavar="CHECKPOINT",
    help="A checkpoint file or a run's folder. [default: the newest finished run's best]",
)


def checkpoint_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with CHECKPOINT, which it is passed as ``checkpoint``; None for none."""

    @click.argument("argument", metavar="[CHECKPOINT]", required=False, type=PATH)
    @checkpoint_option
    @functools.wraps(function)
    def command(argument: Path | None, checkpoint: Path | None, **options: Any) -> Any:
        if argument is not None and checkpoint is not None:
            raise UserError(f"--checkpoint {checkpoint} and {argument}: give one checkpoint")
        return function(checkpoint=checkpoint or argument, **options)

    return command


def chosen_checkpoint(path: Path | None) -> Path:
    """The checkpoint file that was asked for or, where none was, the newest finished run's.

    The latter is named on standard error.

    Raises:
        UserError: there is none.
    """
    return find_checkpoint(path) if path is not None else newest_finished_run().best


def newest_finished_run() -> RunFolder:
    """The newest run below ``runs/`` that is finished, or else the newest that has a checkpoint.

    It is named on standard error, and what it lacks.

    Raises:
        UserError: there is none yet.
    """
    # Imported here: a command that is given a checkpoint has no use for it.
    from textcnn.insight.run_list import read_run

    newest = newest_run(lambda folder: _state(read_run(folder.path)) == "")
    state = _state(read_run(newest.path))
    say(f"model: {newest.path}" + (f", which is not finished: {state}" if state else ""))
    return newest


def _state(listed: "ListedRun | None") -> str:
    """Why a run is not finished; empty where it is."""
    if listed is None or listed.damage:
        return "damaged"
    return listed.state if listed.unfinished or listed.running else ""


def is_checkpoint(word: str) -> bool:
    """Whether this is the path of a run's folder or of a file like a checkpoint."""
    path = Path(word)
    try:
        if path.is_dir():
            return RunFolder(path).best.exists() or RunFolder(path).config.exists()
        with open_regular(path) as file:
            return file.read(len(MARK)) == MARK
    except (OSError, ValueError):  # No such file, or a sentence that could not be a path.
        return False
