"""A search's folder.

=================  =====================================================================
``config.toml``    the options of training that it began with
``plan.json``      the options of the search
``journal.jsonl``  every trial, as Optuna writes them (its dashboard can read the file)
``trials.csv``     a line a trial
``best.toml``      the best setting, for ``textcnn train --config``
``vectors-1.bin``  with ``--vectors``, those of the words at hand
=================  =====================================================================
"""

from dataclasses import dataclass
from pathlib import Path

from textcnn.support import result_folder
from textcnn.support.errors import UserError
from textcnn.support.result_folder import ResultFolder

LARGEST = 10**6
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
        if self.trials < 1:
            raise UserError(f"--trials {self.trials}: must be at least 1")
        if self.folds < 2:
            raise UserError(f"--folds {self.folds}: must be at least 2")
        if self.nested < 0 or self.nested == 1:
            raise UserError(f"--nested {self.nested}: must be 0 or at least 2")
        for name in ("trials", "folds", "nested"):
            if getattr(self, name) > LARGEST:
                raise UserError(f"--{name} {getattr(self, name)}: must be at most {LARGEST:,}")
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

    @property
    def begun(self) -> bool:
        """Whether a trial is finished: where not even the first can be made, nothing is kept."""
        return self.table.exists()

    @property
    def prepared(self) -> list[Path]:
        """See :class:`ResultFolder`."""
        return [self.config, self.plan, self.journal, *self.path.glob("vectors-*.bin")]

    def vectors(self, number: int) -> Path:
        """Where the vectors of the data's words are kept, for each value of ``--vectors``."""
        return self.path / f"vectors-{number}.bin"
