"""What a search is to do, apart from the options of training."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text

LARGEST = 10**6
"""Trials or folds that a plan may ask for."""


@dataclass(frozen=True)
class Plan:
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

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        replace_text(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read it back.

        Raises:
            UserError: the file is missing or not a plan.
        """
        try:
            values = read_back.read_json(path)
            numbers = ("trials", "folds", "nested")
            plan = cls(
                **{
                    name: read_back.whole_number(values.pop(name), most=LARGEST) for name in numbers
                },
                vary=read_back.texts(values.pop("vary")),
                fingerprint=str(values.pop("fingerprint")),
            )
            if values or not plan.vary:
                raise ValueError("nothing to vary" if not plan.vary else f"what is {min(values)}?")
            plan.check()
            return plan
        except FileNotFoundError:
            raise UserError(f"--resume {path.parent}: no search here ({path} is missing)") from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, UserError) as error:
            raise UserError(f"{path}: damaged ({error}); start a new search") from error
