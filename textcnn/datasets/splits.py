"""Which sentences train, which choose, which only score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.errors import UserError


@dataclass(frozen=True)
class Split:
    """Row numbers of a data set, in ascending order; no row stands in two parts.

    Attributes:
        train: rows the network, its vocabulary and its vectors see.
        dev: rows that choose the best epoch.
        test: rows that are only scored; may be empty.
    """

    train: np.ndarray
    dev: np.ndarray
    test: np.ndarray


def stratified_split(
    keys: Sequence[str], labels: Sequence[str], dev_share: float, test_share: float, seed: int
) -> Split:
    """Divide rows at random, each part with the labels' own proportions.

    Rows with the same key, that is the same sentence, go to the same part: a sentence seen in
    training scores nothing.

    Args:
        keys: N sentences, as the network will see them.
        labels: N label names.
        dev_share: share of the rows for dev, above 0.
        test_share: share of the rows for test; 0 for none.
        seed: decides everything.

    Raises:
        UserError: a label has too few different sentences to stand in every part.
    """
    # Plain dicts: an array of strings takes as much room for each as for the longest.
    number_of_key = {key: number for number, key in enumerate(sorted(set(keys)))}
    group_of_row = np.array([number_of_key[key] for key in keys])
    _, first = np.unique(group_of_row, return_index=True)
    names = sorted(set(labels))
    number_of_label = {name: number for number, name in enumerate(names)}
    group_labels = np.array([number_of_label[labels[row]] for row in first])
    _check_counts(names, group_labels, 3 if test_share else 2)
    train = np.arange(len(first))
    test = np.arange(0)
    if test_share:
        train, test = _divide(train, group_labels, test_share, seed)
    train, dev = _divide(train, group_labels[train], dev_share / (1 - test_share), seed)
    return Split(*(np.flatnonzero(np.isin(group_of_row, part)) for part in (train, dev, test)))


def _divide(
    groups: np.ndarray, labels: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn.model_selection import train_test_split

    # A part too small to hold every label would stop scikit-learn; it gets one of each.
    fewest = len(np.unique(labels))
    size = min(max(round(share * len(groups)), fewest), len(groups) - fewest)
    try:
        rest, part = train_test_split(
            groups, test_size=size, stratify=labels, random_state=seed % 2**32
        )
    except ValueError as error:  # For instance, one sentence of a rare label is left to divide.
        raise UserError(
            "--dev-share, --test-share: the data is too small to be divided so; choose shares "
            "nearer to the defaults or add sentences"
        ) from error
    return rest, part


def _check_counts(names: Sequence[str], group_labels: np.ndarray, parts: int) -> None:
    counts = np.bincount(group_labels, minlength=len(names))
    if len(names) < 2:
        raise UserError(f"--data: only one label, {names[0]}; a classifier needs two or more")
    for name, count in zip(names, counts, strict=True):
        if count < parts:
            raise UserError(
                f"--data: label {name} has {count} different sentence(s); each of the {parts} "
                "parts (train, dev, test) needs one: add some or take the label out"
            )
