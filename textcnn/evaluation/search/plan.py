"""What a search is to do, apart from the options of training."""

from dataclasses import dataclass

from textcnn.support import result_folder
from textcnn.support.errors import UserError

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

    trials: int
    folds: int
    nested: int
    vary: tuple[str, ...]
    fingerprint: str

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
