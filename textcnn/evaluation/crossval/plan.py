"""What a cross-validation is to do, apart from the options of training."""

from dataclasses import dataclass

from textcnn.support import result_folder
from textcnn.support.errors import UserError

LARGEST = 10**6
"""Folds or repeats that a plan may ask for."""

LARGEST = 10**6
"""Folds or repeats that a plan may ask for."""


@dataclass(frozen=True)
class Plan(result_folder.Plan):
    """The options of ``textcnn cv`` itself; whether its numbers fit the data, dividing tells.

    Attributes:
        fingerprint: SHA-256 of all data.
        folds: test parts of each repeat.
        repeats: shuffles.
        train_share: share of each training part that is trained on.
        baselines: whether rivals run on the same folds.
        test_data: where the sentences to test on are, if they came apart; empty for folds.
        dev_data: where those of dev are, if they came apart too.
    """

    fingerprint: str
    folds: int = 10
    repeats: int = 1
    train_share: float = 1.0
    baselines: bool = False
    test_data: tuple[str, ...] = ()
    dev_data: tuple[str, ...] = ()

    def check(self) -> None:
        """See :class:`textcnn.support.result_folder.Plan`."""
        if not 2 <= self.folds <= LARGEST:
            raise UserError(f"--folds {self.folds}: must be from 2 to {LARGEST:,}")
        if not 1 <= self.repeats <= LARGEST:
            raise UserError(f"--repeats {self.repeats}: must be from 1 to {LARGEST:,}")
        if not 0 < self.train_share <= 1:
            raise UserError(f"--train-share {self.train_share}: must be above 0 and at most 1")
        if self.dev_data and not self.test_data:
            raise UserError(
                "--dev-data goes with --test-data; of folds, a share of each training part is dev"
            )
        if self.dev_data and self.train_share != 1:
            raise UserError("--train-share: with --dev-data all of --data is trained on")

    @property
    def test_to_train(self) -> float:
        """How many sentences are tested for each that is learnt from, for the corrected variance.

        0 where all repeats test the same sentences: those are no sample of a population.
        """
        return 0.0 if self.test_data else 1 / ((self.folds - 1) * self.train_share)
