"""Two models' answers to the same sentences, and what comes of them."""

import dataclasses
import math
import operator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.evaluation.comparison.shared_sentences import Sentences, Side
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.summary import (
    SHARES,
    Difference,
    Mean,
    mean_interval,
    paired_difference,
)
from textcnn.evaluation.scores import Z_95, wilson_interval
from textcnn.inference.given_labels import given_labels
from textcnn.recipe.config import Config, Value, read_toml
from textcnn.support import read_back
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class Paired:
    """N sentences by who was right.

    Attributes:
        both, only_a, only_b, neither: how many; they sum to N, at least 1.
    """

    both: int
    only_a: int
    only_b: int
    neither: int

    @classmethod
    def of(cls, right_a: np.ndarray, right_b: np.ndarray) -> "Paired":
        """Count.

        Args:
            right_a, right_b: (N,) booleans, the same sentences in the same order.

        Raises:
            ValueError: there are none, or not equally many.
        """
        if right_a.shape != right_b.shape or right_a.size == 0:
            raise ValueError("two models need the same sentences, at least one")
        return cls(
            both=int((right_a & right_b).sum()),
            only_a=int((right_a & ~right_b).sum()),
            only_b=int((~right_a & right_b).sum()),
            neither=int((~right_a & ~right_b).sum()),
        )

    @property
    def count(self) -> int:
        """N."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def right_a(self) -> int:
        """Sentences that A gets right."""
        return self.both + self.only_a

    @property
    def right_b(self) -> int:
        """Sentences that B gets right."""
        return self.both + self.only_b

    @property
    def difference(self) -> float:
        """A's accuracy minus B's."""
        return (self.only_a - self.only_b) / self.count


def mcnemar_p_value(paired: Paired) -> float:
    """Of McNemar's exact test, two-sided, that neither model is better.

    The sentences that one model alone gets right then fall like coins: McNemar, "Note on the
    sampling error of the difference between correlated proportions or percentages" (Psychometrika
    12, 1947), by the binomial distribution.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import binomtest

    discordant = paired.only_a + paired.only_b
    return float(binomtest(paired.only_a, discordant, 0.5).pvalue) if discordant else 1.0


def difference_interval(paired: Paired) -> tuple[float, float]:
    """95 % interval of A's accuracy minus B's, for paired proportions.

    Agresti and Min, "Simple improved confidence intervals for comparing matched proportions"
    (Statistics in Medicine 24, 2005): the normal approximation with half a sentence added to each
    of the four counts, which holds the true difference often enough for few sentences, too.
    """
    only_a, only_b, count = paired.only_a + 0.5, paired.only_b + 0.5, paired.count + 2
    middle = (only_a - only_b) / count
    spread = Z_95 * math.sqrt((only_a + only_b) / count - middle**2) / math.sqrt(count)
    return max(middle - spread, -1.0), min(middle + spread, 1.0)


@dataclass(frozen=True)
class Comparison:
    """What came of it.

    Attributes:
        sides: A and B.
        sentences: the N sentences.
        answers: the N labels that A answers, and those that B does.
        sureness: (2, N) their probabilities.
        paired: the sentences by who was right.
        p_value: of a difference as large by chance; see :func:`mcnemar_p_value`.
        interval: 95 % interval of A's accuracy minus B's.
    """

    sides: list[Side]
    sentences: Sentences
    answers: list[list[str]]
    sureness: np.ndarray
    paired: Paired
    p_value: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, sides: list[Side], sentences: Sentences) -> "Comparison":
        """Let both answer."""
        answers, sureness, right = [], [], []
        for side in sides:
            probabilities = side.classifier.predict_proba(sentences.texts)
            given = given_labels(probabilities, side.classifier.labels, None)
            answers.append(given)
            sureness.append(probabilities.max(axis=1))
            right.append(np.array(list(map(operator.eq, given, sentences.labels))))
        paired = Paired.of(*right)
        p_value, interval = mcnemar_p_value(paired), difference_interval(paired)
        return cls(sides, sentences, answers, np.array(sureness), paired, p_value, interval)

    def flipped(self) -> np.ndarray:
        """Rows of the sentences that get another answer; both together surest of it first."""
        rows = np.flatnonzero(list(map(operator.ne, *self.answers)))
        return rows[np.argsort(-self.sureness[:, rows].sum(axis=0), kind="stable")]

    def accuracies(self) -> list[tuple[str, int, tuple[float, float]]]:
        """Of A and B: the name, how many were right, the 95 % interval."""
        paired = self.paired
        return [
            (name, right, wilson_interval(right, paired.count))
            for name, right in (("A", paired.right_a), ("B", paired.right_b))
        ]

    def different_options(self) -> dict[str, tuple[Value, Value]]:
        """Options whose values are not the same, by name, with A's and B's."""
        return different_options(*(side.config for side in self.sides))


def different_options(a: Config, b: Config) -> dict[str, tuple[Value, Value]]:
    """Options whose values are not the same, by name, with both values."""
    ours, theirs = vars(a.resolved()), vars(b.resolved())
    names = [field.name for field in dataclasses.fields(Config)]
    return {name: (ours[name], theirs[name]) for name in names if ours[name] != theirs[name]}


@dataclass(frozen=True)
class FoldsCompared:
    """What two cross-validations found on the same folds.

    Attributes:
        paths: their folders, A and B.
        folds: how many.
        accuracies: of each over the folds.
        difference: of A less B, paired fold by fold.
        options: those that differ, with the values of both.
    """

    paths: tuple[Path, Path]
    folds: int
    accuracies: tuple[Mean, Mean]
    difference: Difference
    options: dict[str, tuple[Value, Value]]


def is_cross_validation(path: Path) -> bool:
    """Whether a path is the folder of a cross-validation."""
    folder = CrossValidationFolder(path)
    return folder.plan.exists() and folder.folds.is_dir()


def compare_folds(a: Path, b: Path) -> FoldsCompared:
    """Compare finished cross-validations by the corrected resampled t-test.

    Args:
        a, b: their folders.

    Raises:
        UserError: one is not finished or is damaged, or they tested other sentences.
    """
    sides = [CrossValidationFolder(path) for path in (a, b)]
    plans = [Plan.load(side.plan) for side in sides]
    if plans[0].fingerprint != plans[1].fingerprint:
        raise UserError(f"{a} and {b}: are of other data, so they cannot be compared")
    found = [_accuracies(side) for side in sides]
    if list(found[0]) != list(found[1]):
        raise UserError(
            f"{a} and {b}: have other folds (--folds, --repeats, --seed, --tokenizer), so they "
            "cannot be compared"
        )
    ours, theirs = (list(accuracies.values()) for accuracies in found)
    share = plans[0].test_to_train
    configs = [Config.from_mapping(read_toml(it.config), str(it.config)) for it in sides]
    return FoldsCompared(
        paths=(a, b),
        folds=len(ours),
        accuracies=(mean_interval(ours, share, SHARES), mean_interval(theirs, share, SHARES)),
        difference=paired_difference(ours, theirs, share),
        options=different_options(*configs),
    )


def _accuracies(side: CrossValidationFolder) -> dict[tuple[int, str], float]:
    """The accuracy of each fold, by its repeat and the rows that it tested."""
    try:
        accuracies = {
            (read_back.whole_number(fold["repeat"]), str(fold["rows"])): read_back.share(
                fold["accuracy"]
            )
            for fold in side.load_summary()["folds"]
        }
    except FileNotFoundError as error:
        raise UserError(
            f"{side.path}: not finished ({error.filename} is missing); go on with it first"
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{side.path}: damaged ({error}); run it anew") from error
    return accuracies
