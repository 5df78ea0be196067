"""Which labels are given: ``--top-k`` and ``--threshold``."""

import functools
from collections.abc import Callable
from typing import Any

import click

from textcnn.inference.given_labels import Choice
from textcnn.support.errors import UserError


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with the options, which it is passed as one ``choice``."""

    @click.option(
        "--top-k",
        type=click.IntRange(1),
        metavar="K",
        help="Give the K most probable labels, the most probable first. [default: one, or all "
        "above their thresholds where a sentence may have several]",
    )
    @click.option(
        "--threshold",
        "limits",
        multiple=True,
        metavar="[LABEL=]P",
        help="Give no label a smaller probability than P; LABEL=P for one label, and as often as "
        "there are labels. [default: 0; where a sentence may have several, what dev chose]",
    )
    @functools.wraps(function)
    def command(top_k: int | None, limits: tuple[str, ...], **options: Any) -> Any:
        return function(choice=chosen(top_k, limits), **options)

    return command


def chosen(top_k: int | None, limits: tuple[str, ...]) -> Choice:
    """The choice that the options ask for.

    Raises:
        UserError: a threshold is no number from 0 to 1, or a label has two.
    """
    given: dict[str, float] = {}
    for word in limits:
        label, _, number = word.rpartition("=")
        if label in given:
            raise UserError(f"--threshold {word}: {label or 'every label'} has one already")
        try:
            given[label] = float(number)
        except ValueError:
            given[label] = -1.0
        if not 0 <= given[label] <= 1:
            raise UserError(f"--threshold {word}: {number!r} is not a number from 0 to 1")
    return Choice(top_k, given.pop("", None), given)
