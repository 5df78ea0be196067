"""From a preset, a file and a command line to the options of training, in that order."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from textcnn.commands.arguments.options import PATH, given_options, option
from textcnn.recipe.config import Config, flag, read_toml
from textcnn.recipe.presets import PRESETS
from textcnn.support.errors import UserError
from textcnn.support.folder_lock import locked
from textcnn.support.result_folder import WHERE_DATA_IS, ResultFolder
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.continuing import usual_options
from textcnn.training.run_folder import find_checkpoint

Folder = TypeVar("Folder", bound=ResultFolder)

FOR_ONE_OPTIMIZER = ("learning_rate", "epsilon")
"""Options whose values for one optimizer mean nothing to another."""


@dataclass(frozen=True)
class RunOptions:
    """Where a command puts its results, or goes on, and where options are that were not given.

    Attributes:
        out: a new folder; None for one named after the time.
        preset: a key of :data:`textcnn.recipe.presets.PRESETS`.
        config_file: TOML.
        resume: the folder of what is gone on with; None to begin.
    """

    out: Path | None
    preset: str | None
    config_file: Path | None
    resume: Path | None

    def training_config(self, options: Mapping[str, Any]) -> Config:
        """The options given on the command line, over those of a file, a preset and the defaults.

        Args:
            options: on the command line; None or empty where not given.

        Raises:
            UserError: a value that cannot be, or two that cannot be together.
        """
        values = {} if self.preset is None else PRESETS[self.preset]
        if self.config_file is not None:
            values = _over(_read(self.config_file), values)
        values = _over(given_options(options), values)
        if values.get("init_from"):  # An empty name is refused with the other options.
            path = find_checkpoint(Path(str(values["init_from"])))
            values = {**usual_options(load_checkpoint(path)), **values}
        return Config.from_mapping(values, "")

    @contextlib.contextmanager
    def opened(self, kind: type[Folder]) -> Iterator[Folder]:
        """The folder to go on in or, new, to begin in, with other processes kept out meanwhile.

        A new one is taken away again if nothing worth going on with comes of it.

        Raises:
            UserError: there is nothing to go on with, or it cannot be begun there.
        """
        if self.resume is not None:
            with locked(self.resume, "--resume"):
                yield kind.existing(self.resume)
            return
        # Before anything that takes long: a folder that cannot be written should be said at once.
        folder = kind.create(self.out)
        with locked(folder.path, "--out"), folder.removed_unless_begun():
            yield folder

    def moved(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Of the options beside ``--resume``, those that say where the data has been moved to.

        Raises:
            UserError: another one is given.
        """
        others = {"out": self.out, "config": self.config_file, "preset": self.preset}
        for name in given_options({**options, **others}):
            if name not in WHERE_DATA_IS:
                raise UserError(
                    f"--resume goes on with the options it was begun with; leave out {flag(name)}"
                )
        return given_options(options)


def run_options(prefix: str, resuming: str) -> Callable[[Any], Any]:
    """Decorate a command with the fields of :class:`RunOptions`, which it is passed as ``run``.

    Args:
        prefix: how the name of a folder begins that is named after the time.
        resuming: the help of ``--resume``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @option(
            "--out",
            section="Run",
            type=PATH,
            help=f"Folder of the results. [default: runs/{prefix}<date>-<time>]",
        )
        @option(
            "--preset",
            section="Run",
            type=click.Choice(list(PRESETS)),
            help="Options of a published network; those given here, and those of --config, go "
            "before them.",
        )
        @option(
            "--config",
            "config_file",
            section="Run",
            type=PATH,
            help="TOML file of options, such as a run's config.toml; those given here go before "
            "it.",
        )
        @option("--resume", section="Run", type=PATH, metavar="FOLDER", help=resuming)
        @functools.wraps(function)
        def command(**options: Any) -> Any:
            own = {field.name: options.pop(field.name) for field in dataclasses.fields(RunOptions)}
            return function(run=RunOptions(**own), **options)

        return command

    return decorate


def refuse_going_on(config: Config) -> None:
    """Raise :class:`UserError` where every network of a command starts from the beginning."""
    if config.init_from is not None:
        raise UserError(
            "--init-from: these networks are trained from the start, as the one to go on from has "
            "seen sentences that are tested here; leave it out"
        )


def _read(path: Path) -> dict[str, Any]:
    """What the file sets, and nothing of the defaults, which would hide a preset."""
    values = {name.replace("-", "_"): value for name, value in read_toml(path).items()}
    Config.from_mapping(values, f"--config {path}")
    return values


def _over(above: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    """Both, those of ``above`` where both have one."""
    present = below.get("optimizer", Config.optimizer)
    if above.get("optimizer", present) != present:
        below = {name: value for name, value in below.items() if name not in FOR_ONE_OPTIMIZER}
    if "seed" in above:  # The network's own was decided by the other seed, in the file of a run.
        below = {name: value for name, value in below.items() if name != "network_seed"}
    return {**below, **above}
