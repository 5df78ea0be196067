"""Two models' answers to the same sentences, and what comes of them."""

import dataclasses
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.data.fingerprints import are_known
from textcnn.data.tokenized_data import Report, TokenizedData
from textcnn.evaluation.crossval.folder import CrossValidationFolder, Plan
from textcnn.evaluation.crossval.summary import (
    SHARES,
    Difference,
    Mean,
    mean_interval,
    paired_difference,
)
from textcnn.evaluation.scores import Z_95, wilson_interval
from textcnn.evaluation.scoring import (
    NO_TEST_PART,
    check_labels,
    data_of_run,
    hashes_of,
    read_as_before,
)
from textcnn.inference.classifier import Classifier
from textcnn.inference.given_labels import given_labels
from textcnn.recipe.config import Config, Value, flag, read_toml
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.result_folder import WHERE_DATA_IS
from textcnn.support.text import some
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.run_folder import find_checkpoint

# What is compared on: two models, and sentences that are fair to both


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        path: of the checkpoint.
        classifier: made from it.
    """

    path: Path
    classifier: Classifier

    @classmethod
    def load(cls, given: Path) -> "Side":
        """Read a checkpoint file, or the best one in a run's folder."""
        path = find_checkpoint(given)
        return cls(path, Classifier.load(path))

    @property
    def checkpoint(self) -> Checkpoint:
        """What it was made from."""
        return self.classifier.checkpoint

    @property
    def config(self) -> Config:
        """The options of its run."""
        return self.checkpoint.config


@dataclass(frozen=True)
class Sentences:
    """What both are compared on.

    Attributes:
        texts, labels: N of each.
        about: a line about where they are from.
        seen: how many of them A was trained on, B, and either.
    """

    texts: list[str]
    labels: list[str]
    about: str
    seen: tuple[int, int, int] = (0, 0, 0)


def shared_sentences(sides: Sequence[Side], given: dict[str, Any], report: Report) -> Sentences:
    """Those of ``--data``, or what is left of both runs' test parts.

    Args:
        sides: the two models.
        given: the options of data that were given.
        report: told in one line of each attempt to reach a source.
    """
    if "data" in given:
        return _given_sentences(sides, given, report)
    if given:
        raise UserError(f"{flag(next(iter(given)))} describes --data; give that too")
    a, b = _divided(sides, report)
    parts = [data.part(data.split.test) for data in (a, b)]
    texts, labels = _either(sides[0], *parts)
    fresh = ~(_met(sides[0], a, texts) | _met(sides[1], b, texts))
    kept = np.flatnonzero(fresh)
    if not len(kept):
        raise UserError(
            "the two kept no test sentence that neither was trained on; name new ones with --data"
        )
    texts, labels = [texts[row] for row in kept], [labels[row] for row in kept]
    if parts[0] == parts[1] and fresh.all():
        about = f"the {len(kept):,} test sentences that both kept, from {a.source}"
    else:
        about = (
            f"the two kept different test sentences ({len(parts[0][0]):,} and "
            f"{len(parts[1][0]):,}): here are the {len(kept):,} of either that the other was not "
            "trained on"
        )
    return _with_shared_labels(sides, texts, labels, about)


def _given_sentences(sides: Sequence[Side], given: dict[str, Any], report: Report) -> Sentences:
    known = sorted({label for side in sides for label in side.classifier.labels})
    corpus = read_as_before(sides[0].config, known, given, report)
    check_labels(corpus.labels, known, multilabel=False)
    found = _with_shared_labels(sides, corpus.texts, corpus.labels, f"data: {corpus.source}")
    a, b = (are_known(hashes_of(it.classifier, found.texts), it.checkpoint.seen) for it in sides)
    seen = (int(a.sum()), int(b.sum()), int((a | b).sum()))
    new = "" if seen[2] else "; neither was trained on any of it"
    return dataclasses.replace(found, about=f"{found.about}{new}", seen=seen)


def _with_shared_labels(
    sides: Sequence[Side], texts: list[str], labels: list[str], about: str
) -> Sentences:
    """Those whose label both know."""
    ours, theirs = (set(side.classifier.labels) for side in sides)
    kept = [row for row, label in enumerate(labels) if label in ours and label in theirs]
    if not kept:
        raise UserError("no sentence has a label that both A and B know; name others with --data")
    if ours != theirs:
        only = sorted(ours ^ theirs)
        about += (
            f"\nonly one of the two knows {some(only)}: {len(labels) - len(kept):,} "
            "sentences with such a label are left out, and such an answer is wrong"
        )
    return Sentences([texts[row] for row in kept], [labels[row] for row in kept], about)


def _divided(sides: Sequence[Side], report: Report) -> list[TokenizedData]:
    """What each run was given, divided as it was there."""
    corpora: dict[tuple[Value, ...], Corpora] = {}
    divided = []
    for side in sides:
        what_is_read = tuple(getattr(side.config, it) for it in (*WHERE_DATA_IS, *READING_OPTIONS))
        if what_is_read not in corpora:
            corpora[what_is_read] = Corpora.read(side.config, report)
        try:
            divided.append(data_of_run(side.checkpoint, corpora[what_is_read], NO_TEST_PART))
        except UserError as error:
            raise UserError(f"{side.path}: {error}") from error
    return divided


Part = tuple[list[str], list[str]]


def _either(side: Side, ours: Part, theirs: Part) -> Part:
    """The sentences of either part, with their labels: ours first, then those only theirs."""
    (texts, labels), (other_texts, other_labels) = ours, theirs
    new = np.flatnonzero(
        ~np.isin(hashes_of(side.classifier, other_texts), hashes_of(side.classifier, texts))
    )
    return (
        texts + [other_texts[row] for row in new],
        labels + [other_labels[row] for row in new],
    )


def _met(side: Side, data: TokenizedData, texts: Sequence[str]) -> np.ndarray:
    """(N,) booleans: which sentences the run was trained on, or chose its best epoch by."""
    known = data.hashes[data.everything_but_test]
    return are_known(
        hashes_of(side.classifier, texts), np.concatenate([known, side.checkpoint.seen])
    )


# Who is right


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
