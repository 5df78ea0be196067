"""The ``textcnn`` command: one click group, its commands loaded only when they are called."""

import difflib
import importlib
import io
import sys
from collections.abc import Sequence

import click

from textcnn import __version__
from textcnn.support.errors import RunError, UserError

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
    "cv": "Cross-validate, beside simple rivals.",
    "runs": "List the runs and their scores.",
    "compare": "Compare two runs.",
    "selfcheck": "Prove on this machine that the program is right.",
}


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
        near = difflib.get_close_matches(name.lower(), COMMANDS, 1, 0.5)
        if name not in COMMANDS and near and not name.startswith("-"):
            ctx.fail(f"no command is called {name!r}; did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="textcnn")
def cli() -> None:
    """Sentence classification with a convolutional network written in NumPy."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a fault of the machine, 2 a mistake in the input.

    Args:
        arguments: the words after ``textcnn``; those of the process by default.
    """
    # A label or a file name that the terminal's encoding cannot show is no reason to stop.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments, prog_name="textcnn", standalone_mode=False)
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
    click.echo(f"textcnn: {' '.join(message.split())}", err=True)
    sys.exit(code)
