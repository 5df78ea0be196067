"""Two models' predictions for the same sentences, or two cross-validations, compared."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
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
from textcnn.evaluation.scores import wilson_interval
from textcnn.evaluation.scoring import (
    NO_TEST_PART,
    check_labels,
    data_of_run,
    hashes_of,
    read_as_before,
)
from textcnn.inference.classifier import Classifier
from textcnn.inference.predicted_labels import predicted_labels
from textcnn.recipe.config import Config, Value, read_toml
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.result_folder import WHERE_DATA_IS
from textcnn.support.text import some
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.run_folder import find_checkpoint

Z_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""

# What is compared on: two models, and sentences that are fair to both


@dataclass(frozen=True)
class Side:
    """One of the two models that are compared.

    Attributes:
        path: of the checkpoint.
        classifier: made from it.
    """

    path: Path
    classifier: Classifier

    @classmethod
    def load(cls, path: Path) -> "Side":
        """Read a checkpoint file, or the best one in a run's folder."""
        path = find_checkpoint(path)
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
    """The labelled sentences that both models are compared on.

    Attributes:
        texts, labels: N of each.
        about: a line about where they are from.
        seen: how many of them A was trained on, B, and either.
    """

    texts: list[str]
    labels: list[str]
    about: str
    seen: tuple[int, int, int] = (0, 0, 0)


def shared_sentences(sides: Sequence[Side], options: dict[str, Any], report: Report) -> Sentences:
    """Those of ``--data``, or what is left of both runs' test parts.

    Args:
        sides: the two models.
        options: those of data that were given.
        report: told in one line of each attempt to reach a source.
    """
    known = sorted({label for side in sides for label in side.classifier.labels})
    corpus = read_as_before(sides[0].config, known, options, report)
    if corpus is None:
        return _of_test_parts(sides, report)
    check_labels(corpus.labels, known, multilabel=False)
    found = _with_shared_labels(sides, corpus.texts, corpus.labels, f"data: {corpus.source}")
    a, b = (
        are_known(hashes_of(it.classifier, found.texts), it.checkpoint.train_hashes) for it in sides
    )
    seen = (int(a.sum()), int(b.sum()), int((a | b).sum()))
    new = "" if seen[2] else "; neither was trained on any of it"
    return dataclasses.replace(found, about=f"{found.about}{new}", seen=seen)


def _of_test_parts(sides: Sequence[Side], report: Report) -> Sentences:
    """The sentences of either test part that neither was trained on, nor chose its epoch by."""
    data = _divided(sides, report)
    ours, theirs = (one.part(one.split.test) for one in data)
    a = sides[0].classifier
    new = ~np.isin(hashes_of(a, theirs[0]), hashes_of(a, ours[0]))
    texts, labels = (
        [*mine, *compress(other, new)] for mine, other in zip(ours, theirs, strict=True)
    )
    fresh = np.ones(len(texts), bool)
    for side, one in zip(sides, data, strict=True):
        met = np.concatenate([one.hashes[one.everything_but_test], side.checkpoint.train_hashes])
        fresh &= ~are_known(hashes_of(side.classifier, texts), met)
    if not fresh.any():
        raise UserError(
            "the two kept no test sentence that neither was trained on; name new ones with --data"
        )
    count = int(fresh.sum())
    if ours == theirs and fresh.all():
        about = f"the {count:,} test sentences that both kept, from {data[0].source}"
    else:
        about = (
            f"the two kept different test sentences ({len(ours[0]):,} and {len(theirs[0]):,}): "
            f"here are the {count:,} of either that the other was not trained on"
        )
    return _with_shared_labels(
        sides, list(compress(texts, fresh)), list(compress(labels, fresh)), about
    )


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


def _with_shared_labels(
    sides: Sequence[Side], texts: list[str], labels: list[str], about: str
) -> Sentences:
    """Those whose label both know."""
    ours, theirs = (set(side.classifier.labels) for side in sides)
    shared = [label in ours & theirs for label in labels]
    if not any(shared):
        raise UserError("no sentence has a label that both A and B know; name others with --data")
    if ours != theirs:
        about += (
            f"\nonly one of the two knows {some(sorted(ours ^ theirs))}: {shared.count(False):,} "
            "sentences with such a label are left out, and such a prediction is wrong"
        )
    return Sentences(list(compress(texts, shared)), list(compress(labels, shared)), about)


# Who is right


@dataclass(frozen=True)
class PairedCounts:
    """Counts of N sentences: where both models, one, or neither was right.

    Attributes:
        both, only_a, only_b, neither: how many; they sum to N, at least 1.
    """

    both: int
    only_a: int
    only_b: int
    neither: int

    @classmethod
    def of(cls, right_a: np.ndarray, right_b: np.ndarray) -> "PairedCounts":
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
    def difference(self) -> float:
        """A's accuracy minus B's."""
        return (self.only_a - self.only_b) / self.count


def mcnemar_p_value(paired: PairedCounts) -> float:
    """P-value of McNemar's exact test, two-sided: that neither model is better.

    The sentences that one model alone gets right then fall like coins: McNemar, "Note on the
    sampling error of the difference between correlated proportions or percentages" (Psychometrika
    12, 1947), by the binomial distribution.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import binomtest

    discordant = paired.only_a + paired.only_b
    return float(binomtest(paired.only_a, discordant, 0.5).pvalue) if discordant else 1.0


def difference_interval(paired: PairedCounts) -> tuple[float, float]:
    """95 % interval of A's accuracy minus B's, for paired proportions.

    Agresti and Min, "Simple improved confidence intervals for comparing matched proportions"
    (Statistics in Medicine 24, 2005): the normal approximation with half a sentence added to each
    of the four counts, which holds the true difference often enough for few sentences, too.
    """
    only_a, only_b, count = paired.only_a + 0.5, paired.only_b + 0.5, paired.count + 2
    middle = (only_a - only_b) / count
    spread = Z_95 * math.sqrt((only_a + only_b) / count - middle**2) / math.sqrt(count)
    return max(middle - spread, -1.0), min(middle + spread, 1.0)


Share = tuple[float, float, float]
"""An accuracy, or a difference of two, and its 95 % interval."""


def shares_of(paired: PairedCounts) -> tuple[Share, Share, Share]:
    """The accuracies of A and of B, and A's less B's."""
    right, count = (paired.both + paired.only_a, paired.both + paired.only_b), paired.count
    a, b = ((it / count, *wilson_interval(it, count)) for it in right)
    return a, b, (paired.difference, *difference_interval(paired))


# What is said of both


@dataclass(frozen=True)
class Comparison:
    """A comparison of A and B, be they models or cross-validations.

    Attributes:
        paths: where they are.
        configs: their options.
        shares: the accuracies of A and of B, and A's less B's.
        p_value: of a difference as large by chance.
    """

    paths: tuple[Path, Path]
    configs: tuple[Config, Config]
    shares: tuple[Share, Share, Share]
    p_value: float

    @property
    def different_options(self) -> dict[str, tuple[Value, Value]]:
        """Options whose values are not the same, by name, with A's and B's."""
        a, b = (vars(config.resolved()) for config in self.configs)
        return {name: (a[name], b[name]) for name in a if a[name] != b[name]}


@dataclass(frozen=True)
class ModelComparison(Comparison):
    """A comparison of two models' predictions.

    Attributes:
        sentences: the N sentences.
        predictions: (2, N) labels that A predicts, and those that B does.
        sureness: (2, N) their probabilities.
        paired: the sentences by who was right.
    """

    sentences: Sentences
    predictions: np.ndarray
    sureness: np.ndarray
    paired: PairedCounts

    def flipped(self) -> np.ndarray:
        """Rows of the sentences that get another prediction; both together surest of it first."""
        rows = np.flatnonzero(self.predictions[0] != self.predictions[1])
        return rows[np.argsort(-self.sureness[:, rows].sum(axis=0), kind="stable")]


def compare_models(a: Side, b: Side, sentences: Sentences) -> ModelComparison:
    """Let both predict."""
    predictions, sureness = [], []
    for classifier in (a.classifier, b.classifier):
        probabilities = classifier.predict_proba(sentences.texts)
        predictions.append(predicted_labels(probabilities, classifier.labels, None))
        sureness.append(probabilities.max(axis=1))
    labels = np.array(predictions, object)
    paired = PairedCounts.of(*(labels == np.array(sentences.labels, object)))
    return ModelComparison(
        (a.path, b.path),
        (a.config, b.config),
        shares_of(paired),
        mcnemar_p_value(paired),
        sentences,
        labels,
        np.array(sureness),
        paired,
    )


@dataclass(frozen=True)
class FoldComparison(Comparison):
    """A comparison of two cross-validations on the same folds.

    Attributes:
        folds: how many.
        accuracies: of each over the folds.
        difference: of A less B, paired fold by fold.
        train_shares: the share of each training part that A was trained on, and B.
    """

    folds: int
    accuracies: tuple[Mean, Mean]
    difference: Difference
    train_shares: tuple[float, float]

    @property
    def different_options(self) -> dict[str, tuple[Value, Value]]:
        """See :class:`Compared`; of the cross-validation's own, one decides what is learnt."""
        a, b = self.train_shares
        return {**super().different_options, **({} if a == b else {"train_share": (a, b)})}


def is_cross_validation(path: Path) -> bool:
    """Whether a path is the folder of a cross-validation."""
    folder = CrossValidationFolder(path)
    return folder.plan.exists() and folder.folds.is_dir()


def compare_folds(a: Path, b: Path) -> FoldComparison:
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
    share_a, share_b = (plan.test_to_train for plan in plans)
    ours, theirs = (list(accuracies.values()) for accuracies in found)
    means = (mean_interval(ours, share_a, SHARES), mean_interval(theirs, share_b, SHARES))
    # Trained on different shares of the same sentences: as uncertain as on the smaller ones.
    difference = paired_difference(ours, theirs, max(share_a, share_b))
    of_a, of_b, between = ((it.mean, it.low, it.high) for it in (*means, difference))
    config_a, config_b = (Config.from_mapping(read_toml(it.config), str(it.config)) for it in sides)
    return FoldComparison(
        (a, b),
        (config_a, config_b),
        (of_a, of_b, between),
        difference.p_value,
        len(ours),
        means,
        difference,
        (plans[0].train_share, plans[1].train_share),
    )


def _accuracies(side: CrossValidationFolder) -> dict[tuple[int, str], float]:
    """The accuracy of each fold, by its repeat and the rows that it tested."""
    try:
        return {
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
