"""A search's folder.

=================  =====================================================================
``config.toml``    the options of training that it began with
``plan.json``      the options of the search
``journal.jsonl``  every trial, as Optuna writes them (its dashboard can read the file)
``trials.csv``     a line a trial
``best.toml``      the best setting, for ``textcnn train --config``
``vectors.bin``    with ``--vectors``, those of the words at hand
=================  =====================================================================
"""

from dataclasses import dataclass
from pathlib import Path

from textcnn.support import result_folder
from textcnn.support.errors import UserError
from textcnn.support.result_folder import ResultFolder

LARGEST_NUMBER = 10**6
"""Trials or folds that a plan may ask for."""


@dataclass(frozen=True)
class Plan(result_folder.Plan):
    """The options of ``textcnn search`` itself.

    Attributes:
        trials: settings to try in each search.
        folds: divisions into train and dev that each setting is scored on.
        nested: outer folds, each with a search of its own and a test part; 0 for none.
        vary: what is varied, as in ``--vary``.
        fingerprint: SHA-256 of all data.
    """

    trials: int = 30
    folds: int = 3
    nested: int = 0
    vary: tuple[str, ...] = ()
    fingerprint: str = ""

    def check(self) -> None:
        """Raise a UserError, naming the option, unless the numbers make sense."""
        for name, least, or_none in (("trials", 1, ""), ("folds", 2, ""), ("nested", 2, "0 or ")):
            value = getattr(self, name)
            if value < least and not (or_none and value == 0):
                raise UserError(f"--{name} {value}: must be {or_none}at least {least}")
            if value > LARGEST_NUMBER:
                raise UserError(f"--{name} {value}: must be at most {LARGEST_NUMBER:,}")
        if not self.vary:
            raise UserError("--vary: nothing is varied")


class SearchFolder(ResultFolder):
    """Paths in the folder."""

    KIND = "search"
    PREFIX = "search-"

    def __init__(self, path: Path):
        super().__init__(path)
        self.plan = self.mark
        self.journal = path / "journal.jsonl"
        self.table = path / "trials.csv"
        self.best = path / "best.toml"
        self.vectors = path / "vectors.bin"

    @property
    def begun(self) -> bool:
        """Whether a trial is finished: where not even the first can be made, nothing is kept."""
        return self.table.exists()
