"""Which sentences train, choose and score in each fold of a cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.data.datasets.splits import (
    DifferentSentences,
    Split,
    check_labels_known,
    divide,
    without_equal,
)
from textcnn.data.labels import label_names, strata
from textcnn.support.errors import UserError

# Each draw has a stream of random numbers of its own, so that none follows from another.
_FOLDS, _DEV, _TRAIN_SHARE = range(3)


@dataclass(frozen=True)
class Fold:
    """One of the divisions of a data set.

    Attributes:
        repeat: which shuffle it belongs to, counted from 0.
        number: which fold of that shuffle, counted from 0.
        split: its rows; dev is for early stopping and the choice of settings alone.
    """

    repeat: int
    number: int
    split: Split


def make_folds(
    keys: Sequence[str],
    labels: Sequence[str],
    folds: int,
    repeats: int,
    dev_share: float,
    seed: int,
    train_share: float = 1.0,
    multilabel: bool = False,
) -> list[Fold]:
    """Divide rows for stratified cross-validation, repeated with other shuffles.

    Within a repeat every row is tested once. Rows with the same key, that is the same sentence,
    stand on the same side: folds are made of the different sentences.

    Args:
        keys: N sentences (:func:`textcnn.data.datasets.splits.sentence_keys`).
        labels: N label names.
        folds: test parts of each repeat, at least 2.
        repeats: shuffles, each with a stream of random numbers of its own, at least 1.
        dev_share: share of what is not tested that is taken out for dev.
        seed: decides everything.
        train_share: share of each label's remaining sentences that is trained on, for learning
            curves; what a smaller share keeps, a larger one keeps too. Test and dev are the same
            for every share.
        multilabel: a sentence may have several labels, or none (:func:`.labels.join_labels`).

    Returns:
        ``repeats * folds`` of them, repeat after repeat.

    Raises:
        UserError: a label has too few different sentences.
    """
    sentences = _sentences(keys, labels, multilabel, folds)
    # Each fold tests one of each label at least, and leaves one to train on and one for dev. It
    # tests at most count / folds, rounded up: with three folds or more, a sentence for each leaves
    # two; with two folds it takes four sentences to leave two.
    needed = 4 if folds == 2 else folds
    advice = f" and needs {needed}: choose fewer folds, add sentences or take the label out"
    sentences.check_counts(needed, f"--folds {folds}", advice)
    made = []
    for repeat in range(repeats):
        for number, (rest, test) in enumerate(_k_fold(sentences, folds, seed, repeat)):
            train, dev = _train_and_dev(
                rest, sentences, dev_share, train_share, (seed, repeat, number)
            )
            split = Split(*(sentences.rows(part) for part in (train, dev, test)))
            made.append(Fold(repeat, number, split))
    return made


def fold_with_test(
    keys: Sequence[str],
    labels: Sequence[str],
    train_rows: np.ndarray,
    test_rows: np.ndarray,
    repeats: int,
    dev_share: float,
    seed: int,
    train_share: float = 1.0,
    multilabel: bool = False,
) -> tuple[list[Fold], int]:
    """Divide data that came with a test part: one fold a repeat, each with a dev part of its own.

    A tested sentence that also stands among the training rows is taken out of them, never out of
    the test part, so that scores stay comparable with published ones.

    Args:
        keys: N sentences (:func:`textcnn.data.datasets.splits.sentence_keys`).
        labels: N label names.
        train_rows: what train and dev are drawn from, in ascending order.
        test_rows: what is tested, in every repeat.
        repeats, dev_share, seed, train_share, multilabel: as in :func:`make_folds`.

    Returns:
        The folds, and how many of the training rows were taken out.

    Raises:
        UserError: a label has too few different sentences.
    """
    kept = without_equal(train_rows, keys, test_rows)
    train_labels, test_labels = ([labels[row] for row in part] for part in (kept, test_rows))
    known, tested = (set(label_names(it, multilabel)) for it in (train_labels, test_labels))
    check_labels_known("--test-data", tested, known)
    if not len(kept):
        raise UserError("--data: every sentence also stands in --test-data")
    sentences = _sentences([keys[row] for row in kept], train_labels, multilabel, 2)
    advice = " outside the test part; train and dev need one each: add some or take the label out"
    sentences.check_counts(2, "--data", advice)
    everything, made = np.arange(len(sentences.labels)), []
    for repeat in range(repeats):
        train, dev = _train_and_dev(
            everything, sentences, dev_share, train_share, (seed, repeat, 0)
        )
        split = Split(kept[sentences.rows(train)], kept[sentences.rows(dev)], np.sort(test_rows))
        made.append(Fold(repeat, 0, split))
    return made, len(train_rows) - len(kept)


def _sentences(
    keys: Sequence[str], labels: Sequence[str], multilabel: bool, parts: int
) -> DifferentSentences:
    """The different ones of N, and what is divided evenly into so many parts and dev."""
    if multilabel:  # Of labels that stand together seldom, there are too few for every part.
        labels = strata(keys, labels, max(parts, 4))
    return DifferentSentences.of(keys, labels)


def _k_fold(
    sentences: DifferentSentences, folds: int, seed: int, repeat: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rest and the test part of each fold, as numbers of sentences."""
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn.model_selection import StratifiedKFold

    maker = StratifiedKFold(folds, shuffle=True, random_state=derived_seed(seed, _FOLDS, repeat))
    return list(maker.split(np.zeros(len(sentences.labels)), sentences.labels))


def _train_and_dev(
    rest: np.ndarray,
    sentences: DifferentSentences,
    dev_share: float,
    train_share: float,
    place: tuple[int, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Divide what is not tested; ``place`` is the seed, the repeat and the fold's number."""
    seed, *fold = place
    train, dev = divide(
        rest, sentences.labels[rest], dev_share, derived_seed(seed, _DEV, *fold), "--dev-share"
    )
    if train_share < 1:
        rng = np.random.default_rng(derived_seed(seed, _TRAIN_SHARE, *fold))
        train = _nested_share(train, sentences.labels[train], train_share, rng)
    return train, dev


def _nested_share(
    train: np.ndarray, labels: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """The first of each label's sentences in an order that does not depend on ``share``."""
    order = rng.permutation(len(train))
    train, labels = train[order], labels[order]
    kept = []
    for label in np.unique(labels):
        of_label = train[labels == label]
        kept.append(of_label[: max(round(share * len(of_label)), 1)])
    return np.concatenate(kept)


def derived_seed(seed: int, *purpose: int) -> int:
    """A seed of 32 bits that is another for each purpose."""
    # A spawn key, since plain SeedSequence([1, 2]) and SeedSequence([1, 2, 0]) are the same.
    return int(np.random.SeedSequence(seed, spawn_key=purpose).generate_state(1)[0])
