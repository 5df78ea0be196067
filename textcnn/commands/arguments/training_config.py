"""From a preset, a file and a command line to the options of training, in that order."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.options import SectionedOption, given_options
from textcnn.recipe.config import Config, flag, read_toml
from textcnn.recipe.presets import PRESETS
from textcnn.support.errors import UserError
from textcnn.support.result_folder import WHERE_DATA_IS
from textcnn.training.checkpoint import load_checkpoint
from textcnn.training.continuing import usual_options
from textcnn.training.run_folder import find_checkpoint

FOR_ONE_OPTIMIZER = ("learning_rate", "epsilon")
"""Options whose values for one optimizer mean nothing to another."""


def config_sources(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with ``--preset`` and ``--config``, for :func:`training_config`."""
    for decorate in (
        click.option(
            "--config",
            "config_file",
            cls=SectionedOption,
            section="Run",
            type=click.Path(path_type=Path),
            help="TOML file of options, such as a run's config.toml; those given here go before "
            "it.",
        ),
        click.option(
            "--preset",
            cls=SectionedOption,
            section="Run",
            type=click.Choice(list(PRESETS)),
            help="Options of a published network; those given here, and those of --config, go "
            "before them.",
        ),
    ):
        function = decorate(function)
    return function


def training_config(
    options: Mapping[str, Any], config_file: Path | None, preset: str | None
) -> Config:
    """The options given on the command line, over those of a file, a preset and the defaults.

    Args:
        options: of the command line; None or empty where not given.
        config_file: TOML.
        preset: a key of :data:`textcnn.recipe.presets.PRESETS`.

    Raises:
        UserError: a value that cannot be, or two that cannot be together.
    """
    values = {} if preset is None else PRESETS[preset]
    if config_file is not None:
        values = _over(_read(config_file), values)
    values = _over(given_options(options), values)
    if values.get("init_from"):  # An empty name is refused with the other options.
        path = find_checkpoint(Path(str(values["init_from"])))
        values = {**usual_options(load_checkpoint(path)), **values}
    return Config.from_mapping(values, "")


def given_beside_resume(options: Mapping[str, Any]) -> dict[str, Any]:
    """Of a command line with ``--resume``, the options that say where the data has been moved to.

    Raises:
        UserError: another one is given.
    """
    given = given_options(options)
    for name in given:
        if name not in WHERE_DATA_IS:
            raise UserError(
                f"--resume goes on with the options it was begun with; leave out {flag(name)}"
            )
    return given


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
