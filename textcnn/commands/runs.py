"""``textcnn runs``."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.options import PATH, SectionedCommand
from textcnn.commands.cv import UNUSED
from textcnn.commands.screen.display import percent, say
from textcnn.commands.screen.results import format_option, print_results
from textcnn.insight.run_list import (
    CROSS_VALIDATION,
    RUN,
    SEARCH,
    ListedRun,
    ResultOnTest,
    changed_options,
    list_runs,
    option_words,
)
from textcnn.recipe.config import Value
from textcnn.support.program import command_line
from textcnn.support.result_folder import RUNS
from textcnn.support.tables import Table, table_text
from textcnn.support.terminal import one_line

COMMAND_OF = {RUN: "train", CROSS_VALIDATION: "cv", SEARCH: "search"}
"""What goes on with each kind of run."""


@click.command("runs", cls=SectionedCommand)
@click.argument("folder", default=RUNS, type=PATH)
@click.option(
    "--sort",
    type=click.Choice(["time", "accuracy"]),
    default="time",
    show_default=True,
    help="The oldest first, or the best test accuracy first.",
)
@format_option
def command(folder: Path, sort: str, form: str | None) -> None:
    """List the runs, cross-validations and searches below FOLDER, by default runs/.

    A run's accuracy is that of its test sentences, with its 95 % interval; a cross-validation's is
    the mean over its folds, with its standard error. A search has none: its best dev accuracy is
    too good to be that of new sentences. At the end of each line are the options that differ from
    the defaults.
    """
    runs = list_runs(folder)
    if sort == "accuracy":
        runs.sort(key=lambda it: math.inf if it.tested is None else -it.tested.accuracy)
    table = _table(runs)
    print_results(form, list(map(_values, runs)), table, table_text(table))
    if form is not None:
        return
    unfinished = [run for run in runs if run.unfinished]
    if unfinished:
        last = max(unfinished, key=lambda run: run.began)
        command = COMMAND_OF[last.kind]
        say("\nwhat has stopped can go on:", command_line(command, "--resume", last.path))


def _table(runs: Sequence[ListedRun]) -> Table:
    heads = ["name", "when", "data", "test accuracy", "dev", "loss", "epochs"]
    return Table(
        [*heads, "other options than the defaults"],
        [_row(run) for run in runs],
        folding=(1, 2, 3),
    )


def _row(run: ListedRun) -> list[str]:
    start = [one_line(run.path.name), f"{run.began:%Y-%m-%d %H:%M}"]
    if run.config is None or run.damage:
        return [*start, *[""] * 5, f"damaged: {one_line(run.damage)}"]
    config, chosen = run.config, run.chosen
    return [
        *start,
        _data_words(config.data),
        _test_words(run.tested) if run.tested else run.state,
        "" if chosen is None else percent(chosen.accuracy),
        "" if chosen is None or chosen.loss is None else f"{chosen.loss:.3f}",
        "" if chosen is None else _epoch_words(chosen.epoch, chosen.epochs),
        " ".join(f"{name}={_short(value)}" for name, value in _changed(run).items()),
    ]


def _changed(run: ListedRun) -> dict[str, Value]:
    if run.config is None:
        return {}
    # What a cross-validation makes no use of it does not leave at the default.
    not_given = UNUSED if run.kind == CROSS_VALIDATION else {}
    changed = changed_options(run.config)
    return {name: value for name, value in changed.items() if name not in not_given}


def _test_words(tested: ResultOnTest) -> str:
    """``79.6 % (77.1 to 82.0)``, or ``80.19 % ± 0.47, 10 folds``."""
    if tested.standard_error is not None:
        error = 100 * tested.standard_error
        return f"{100 * tested.accuracy:.2f} % ± {error:.2f}, {tested.count} folds"
    if tested.low is None or tested.high is None:
        return percent(tested.accuracy)
    return f"{percent(tested.accuracy)} ({100 * tested.low:.1f} to {100 * tested.high:.1f})"


def _epoch_words(epoch: float | None, epochs: float | None) -> str:
    if epoch is None:
        return ""
    return f"{epoch:.2f}" if epochs is None else f"{epoch:.2f} of {epochs:.2f}"


def _data_words(data: Sequence[str]) -> str:
    """The names of the files or folders, without the way there."""
    names = [_last_part(name.rpartition("=")[2]) for name in data]
    return one_line("+".join(names[:3]) + ("+…" if len(names) > 3 else ""))


def _short(value: Value) -> str:
    words = option_words(value)
    return _last_part(words) if isinstance(value, str) else words


def _last_part(path: str) -> str:
    return Path(path).name or path


def _values(run: ListedRun) -> dict[str, Any]:
    """Plain values, for JSON."""
    config, tested, chosen = run.config, run.tested, run.chosen
    return {
        "name": run.path.name,
        "path": str(run.path),
        "kind": run.kind,
        "began": run.began.isoformat(timespec="seconds"),
        "damage": run.damage or None,
        "data": None if config is None else list(config.data),
        "test": None if tested is None else vars(tested),
        "dev": None if chosen is None else vars(chosen),
        "state": run.state or None,
        "unfinished": run.unfinished,
        "running": run.running,
        "changed_options": _changed(run),
    }
