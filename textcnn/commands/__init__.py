"""The ``textcnn`` command: one click group, its commands loaded only when they are called."""

import importlib
import platform
import sys
from collections.abc import Sequence

import click

from textcnn import __version__
from textcnn.support.errors import RunError, UserError
from textcnn.support.terminal import lasting_output
from textcnn.support.text import printable

COMMANDS = {
    "data": "Look at labelled sentences before training.",
    "train": "Train on labelled sentences.",
    "search": "Search for better options, on dev sentences only.",
    "eval": "Score a checkpoint on labelled sentences.",
    "classify": "Label sentences.",
    "explain": "Show which words decided.",
    "inspect": "Show what a network has learnt.",
    "report": "Write a page about a finished run.",
    "shrink": "Write a small copy of a checkpoint.",
    "export": "Write the model as a page, a module or arrays.",
    "serve": "Answer over HTTP.",
    "cv": "Cross-validate, beside simple rivals.",
    "runs": "List the runs and their scores.",
    "compare": "Compare two runs.",
    "selfcheck": "Prove on this machine that the program is right.",
}


LONGEST_LINE = 1500
"""Characters of an error that are shown."""


class LazyGroup(click.Group):
    """A group that imports a command's module when it is called: ``classify`` must start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = importlib.import_module(f"textcnn.commands.{name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            import difflib  # Loaded here: one sentence is classified without.

            if near := difflib.get_close_matches(name.lower(), COMMANDS, 1, 0.5):
                ctx.fail(f"no command is called {name!r}; did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, _, asked: _print_versions(ctx) if asked else None,
    help="Show the version, Python's, NumPy's and HDF5's.",
)
def cli() -> None:
    """Sentence classification with a convolutional network written in NumPy."""


def _print_versions(context: click.Context) -> None:
    import h5py  # Slower to import than a sentence to classify, as is NumPy.
    import numpy

    click.echo(
        f"textcnn {__version__} (Python {platform.python_version()}, "
        f"NumPy {numpy.__version__}, HDF5 {h5py.version.hdf5_version})"
    )
    context.exit()


@lasting_output()
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a fault of the machine, 2 a mistake in the input.

    Args:
        arguments: the words after ``textcnn``; those of the process by default.
    """
    try:
        if sys.stdout is None:
            raise RunError("standard output is closed; where it is not wanted, add > /dev/null")
        words = sys.argv[1:] if arguments is None else list(arguments)
        # Click takes none for a mistake, and its help for the message.
        code = cli.main(words or ["--help"], prog_name="textcnn", standalone_mode=False)
        sys.exit(code or 0)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except (UserError, RunError) as error:
        _fail(str(error), error.exit_code)
    except click.Abort:
        _fail("interrupted", 130)
    except MemoryError:
        _fail("out of memory; try smaller options or less data at once", RunError.exit_code)
    except OSError as error:
        _fail(str(error), RunError.exit_code)


def _fail(message: str, code: int) -> None:
    line = printable(" ".join(message.split()))
    if len(line) > LONGEST_LINE:  # What is wrong may be quoted, and of any length.
        line = f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"
    click.echo(f"textcnn: {line}", err=True)
    sys.exit(code)
