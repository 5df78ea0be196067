"""Command-line options made from the fields of :class:`Options`, so that neither can drift."""

import dataclasses
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from textcnn.commands.arguments.help import EXAMPLES, is_usual
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.recipe.config import Config, Options, flag, option_fields, value_type
from textcnn.support.errors import UserError
from textcnn.support.program import command_line


def sizes(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas: ``3,4,5``."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text!r}: give whole numbers separated by commas, such as 3,4,5"
        ) from None


PATH = click.Path(path_type=Path)


class SectionedOption(click.Option):
    """An option that knows under which heading ``--help`` lists it."""

    def __init__(self, *args: Any, section: str = "Other", **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.section = section


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """Decorate a command with a :class:`SectionedOption`."""
    return click.option(*names, cls=SectionedOption, **settings)


NAMES = 22
"""Columns of the screen for the names of options, at most; longer ones have a line of their own."""

ALL = "textcnn.help_all"
"""Where a context notes that every option is asked for."""


class SectionedCommand(click.Command):
    """A command whose ``--help`` shows the usual options and two examples.

    ``--help-all`` lists every option under headings.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what would be silently dropped: all but the last of several files or names.

        Where a command prints tables (``--as``), ``--format`` asks for one too, unless it can be
        that of ``--data``.
        """
        names = {param.name for param in self.params}
        if any("--as" in param.opts for param in self.params):
            forms = {"markdown", "latex", "json"}
            if not any(word.partition("=")[0] == "--data" for word in args):
                forms.add("csv")
            args = list(_of_tables(args, forms if "format" in names else None))
        try:
            words, _, order = self.make_parser(ctx).parse_args([*args])
        except click.NoSuchOption as error:
            if "sentences" not in names:
                raise
            raise click.UsageError(
                f"{error.format_message()} A sentence that begins with a dash stands after --"
            ) from error
        for param, count in Counter(order).items():
            single = isinstance(param, click.Option) and not param.multiple
            named = isinstance(param.type, click.Path | click.types.StringParamType)
            if count > 1 and single and named:
                raise UserError(f"{param.opts[-1]} is given {count} times; give it once")
            if not isinstance(param.type, click.Path):
                continue
            if words[param.name or ""] == "":  # Which to Python is the working folder.
                raise click.BadParameter(
                    "an empty path; is a variable of the shell unset?", ctx, param
                )
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message or "data" not in names:
                raise
            raise click.UsageError(
                f"{error.message}; of several files, give each with --data before it", ctx
            ) from error

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        rare = any(not self._is_usual(param) for param in self.params)
        return [*super().get_params(ctx), *([_help_all()] if rare else [])]

    def _is_usual(self, param: click.Parameter) -> bool:
        return not isinstance(param, click.Option) or is_usual(self.name or "", param.name or "")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        everything = ctx.meta.get(ALL, False)
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            shown = everything or self._is_usual(param) or param not in self.params
            # Arguments stand in the usage already.
            if isinstance(param, click.Option) and shown:
                record = param.get_help_record(ctx)
                section = getattr(param, "section", "Other") if everything else "Options"
                if record is not None:
                    sections.setdefault(section, []).append(record)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records, col_max=NAMES)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        name = self.name or ""
        with formatter.section("Examples"):
            for words in EXAMPLES.get(name, ()):
                line = f"{command_line(name)} {words}".rstrip()
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def _of_tables(args: list[str], forms: set[str] | None) -> Iterator[str]:
    """The words of a command line, ``--format`` as ``--as`` where one of ``forms`` follows.

    None is any of them.
    """
    for word, after in itertools.zip_longest(args, args[1:], fillvalue=""):
        option, equals, value = word.partition("=")
        form = value if equals else after
        asked = option == "--format" and (forms is None or form in forms)
        yield f"--as{equals}{value}" if asked else word


def _help_all() -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            ctx.meta[ALL] = True
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()

    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show all options, the rare ones too, and exit.",
    )


def count_option(name: str, default: int, words: str, least: int = 0) -> Callable[[Any], Any]:
    """Decorate a command with an option that says how many are shown, at least ``least``."""
    return click.option(
        name, type=click.IntRange(least), default=default, show_default=True, help=words
    )


ALL_OPTIONS = tuple(field.name for field in dataclasses.fields(Config))

DATA_OPTIONS = ("data", *READING_OPTIONS)


def config_options(
    names: Collection[str] = ALL_OPTIONS, reworded: Mapping[str, str] | None = None
) -> Callable[[Any], Any]:
    """Decorate a command with :func:`options_of` these fields of :class:`Config`, as ``options``.

    Args:
        names: of the fields.
        reworded: the help, default included, of those that mean something else than in training.
    """
    return options_of(Config, "options", names, reworded)


def options_of(
    kind: type[Options],
    passed_as: str,
    names: Collection[str] | None = None,
    reworded: Mapping[str, str] | None = None,
) -> Callable[[Any], Any]:
    """Decorate a command with options for fields of a class.

    It is passed those that were given, by name: one that was given with the default's value is
    among them.

    Args:
        kind: the class.
        passed_as: the argument in which the command takes them.
        names: of the fields; None for all.
        reworded: the help, default included, where it is not the field's.
    """
    fields = [it for it in option_fields(kind) if names is None or it.name in names]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(**options: Any) -> Any:
            values = given_options({field.name: options.pop(field.name) for field in fields})
            return function(**{passed_as: values}, **options)

        for field in reversed(fields):
            command = _click_option(field, (reworded or {}).get(field.name))(command)
        return command

    return decorate


def given_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those options that were given on the command line; click has None or no values for others."""
    return {name: value for name, value in options.items() if value not in (None, ())}


scored_data_options = config_options(
    DATA_OPTIONS, {"data": "Sentences, given as to train. [default: the run's own test part]"}
)
"""Where a trained network is scored."""

_MOVED = {
    "data": "Where the run's --data is now. [default: where the run had it]",
    "dev_data": "Where its --dev-data is now. [default: where the run had it]",
    "test_data": "Where its --test-data is now. [default: where the run had it]",
}

moved_data_options = config_options(_MOVED, _MOVED)
"""Where a run's sentences are read again, which may have been moved."""


def default_words(field: "dataclasses.Field[Any]") -> str:
    """An option's default as ``--help`` and the documentation write it."""
    if field.metadata["default_words"]:
        return str(field.metadata["default_words"])
    if isinstance(field.default, tuple):
        return ",".join(map(str, field.default))
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def _click_option(field: "dataclasses.Field[Any]", reworded: str | None) -> Callable[[Any], Any]:
    kind, several = value_type(field)
    limits = field.metadata["limits"]
    click_type: Any = click.Choice(limits.choices) if limits.choices else kind
    declaration = flag(field.name)
    if kind is bool:
        declaration += f"/{flag('no_' + field.name)}"
    return option(
        declaration,
        field.name,
        section=field.metadata["section"],
        type=sizes if several and kind is int else click_type,
        multiple=several and kind is str,
        default=None,
        metavar="3,4,5" if several and kind is int else "TEXT" if click_type is str else None,
        help=reworded or f"{field.metadata['help']} [default: {default_words(field)}]",
    )
