"""What a cross-validation is to do, apart from the options of training."""

from dataclasses import dataclass

from textcnn.support import result_folder


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
