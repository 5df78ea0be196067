"""What a cross-validation is to do, apart from the options of training."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text

LARGEST = 10**6
"""Folds or repeats that a plan may ask for."""


@dataclass(frozen=True)
class Plan:
    """The options of ``textcnn cv`` itself.

    Attributes:
        fingerprint: SHA-256 of all data.
        folds: test parts of each repeat.
        repeats: shuffles.
        train_share: share of each training part that is trained on.
        baselines: whether rivals run on the same folds.
        test_data: where the sentences to test on are, if they came apart; empty for folds.
    """

    fingerprint: str
    folds: int = 10
    repeats: int = 1
    train_share: float = 1.0
    baselines: bool = False
    test_data: tuple[str, ...] = ()

    @property
    def test_to_train(self) -> float:
        """How many sentences are tested for each that is learnt from, for the corrected variance.

        0 where all repeats test the same sentences: those are no sample of a population.
        """
        return 0.0 if self.test_data else 1 / ((self.folds - 1) * self.train_share)

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
            plan = cls(
                fingerprint=str(values.pop("fingerprint")),
                folds=read_back.whole_number(values.pop("folds"), 2, LARGEST),
                repeats=read_back.whole_number(values.pop("repeats"), 1, LARGEST),
                train_share=read_back.share(values.pop("train_share")),
                baselines=_flag(values.pop("baselines")),
                test_data=read_back.texts(values.pop("test_data")),
            )
            if values or plan.train_share == 0:
                raise ValueError("no plan of this version")
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"--resume {path.parent}: no cross-validation here ({path} is missing)"
            ) from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: damaged ({error}); start a new cross-validation") from error
        return plan


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{str(value)[:40]!r} is neither true nor false")
    return value
