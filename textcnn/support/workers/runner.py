"""Where a function is run on many tasks: what processes and a cluster have in common."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class SentFile:
    """A file that the function reads: it is given the path of one with the same content.

    Attributes:
        path: where it is on this machine.
    """

    path: Path


class Runner(Protocol):
    """Runs a function on many tasks; results do not depend on where and how many at once."""

    @property
    def at_once(self) -> int:
        """Tasks that can be run at the same time."""

    def run(
        self,
        function: Callable[..., Result],
        tasks: Sequence[Mapping[str, Any]],
        common: Mapping[str, Any],
    ) -> Generator[Result]:
        """Yield ``function(**common, **task)`` for every task, as they come.

        To be closed (:func:`contextlib.closing`) where it is not exhausted.

        Args:
            function: importable by name.
            tasks: the arguments of each.
            common: what is large and the same for all: sent to a process or machine once if that
                can be. May hold :class:`SentFile`.

        Raises:
            RunError: a process, a machine or the way to it was lost.
            Exception: what the function raised.
        """
