"""Which sentences train, which choose, which only score."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.support.errors import UserError


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

    @property
    def held_out(self) -> tuple[np.ndarray, np.ndarray]:
        """The dev and the test part."""
        return self.dev, self.test


def sentence_keys(texts: Sequence[str], tokens: Iterable[Sequence[str]]) -> list[str]:
    """What tells N sentences apart: their tokens, as that is all the network sees of them.

    Those without a token are told apart by their text. Were they one sentence, they would all go
    to one part, and a score would not show how many of the rows cannot be read.
    """
    pairs = zip(texts, tokens, strict=True)
    return ["\0".join(sentence) if sentence else f"\0{text}" for text, sentence in pairs]


@dataclass(frozen=True)
class DifferentSentences:
    """The G different sentences among N rows; what divides them never parts equal ones.

    Attributes:
        of_row: (N,) number of each row's sentence.
        names: the label names, sorted.
        labels: (G,) number of each sentence's label: that of its first row.
    """

    of_row: np.ndarray
    names: list[str]
    labels: np.ndarray

    @classmethod
    def of(cls, keys: Sequence[str], labels: Sequence[str]) -> "DifferentSentences":
        """Number the sentences.

        Args:
            keys: N sentences, as :func:`sentence_keys` makes them.
            labels: N label names.

        """
        # Plain dicts: an array of strings takes as much room for each as for the longest.
        number_of_key = {key: number for number, key in enumerate(sorted(set(keys)))}
        of_row = np.array([number_of_key[key] for key in keys], dtype=np.int64)
        _, first = np.unique(of_row, return_index=True)
        names = sorted(set(labels))
        number_of_label = {name: number for number, name in enumerate(names)}
        return cls(of_row, names, np.array([number_of_label[labels[row]] for row in first]))

    def rows(self, sentences: np.ndarray) -> np.ndarray:
        """The rows, in ascending order, where any of these sentences stands."""
        return np.flatnonzero(np.isin(self.of_row, sentences))

    def counts(self) -> np.ndarray:
        """(C,) different sentences of each label; one may have none left of its own."""
        return np.bincount(self.labels, minlength=len(self.names))

    def check_counts(self, needed: int, option: str, advice: str) -> None:
        """Raise UserError, naming the option, where a label has too few different sentences."""
        for name, count in zip(self.names, self.counts(), strict=True):
            if count < needed:
                why = "" if count else ", for all of its own stand under another label too"
                raise UserError(
                    f"{option}: label {name} has {count} different sentence(s){why}{advice}"
                )


def without_equal(rows: np.ndarray, keys: Sequence[str], others: np.ndarray) -> np.ndarray:
    """Those of ``rows`` whose sentence stands in none of the rows ``others``, by all rows' keys."""
    excluded = {keys[row] for row in others}
    return np.array([row for row in rows if keys[row] not in excluded], dtype=np.int64)


def check_labels_known(option: str, labels: set[str], known: set[str]) -> None:
    """Raise UserError, naming the option, where one of its labels is not to be learnt."""
    unknown = sorted(labels - known)
    if unknown:
        raise UserError(
            f"{option}: label {unknown[0]} is not among the training sentences (those also in the "
            "dev or test part left out); no model could learn it"
        )


def stratified_split(
    keys: Sequence[str], labels: Sequence[str], dev_share: float, test_share: float, seed: int
) -> Split:
    """Divide rows at random, each part with the labels' own proportions.

    Rows with the same key, that is the same sentence, go to the same part: a sentence seen in
    training scores nothing.

    Args:
        keys: N sentences, as :func:`sentence_keys` makes them.
        labels: N label names.
        dev_share: share of the rows for dev; 0 for none.
        test_share: share of the rows for test; 0 for none.
        seed: decides everything.

    Raises:
        UserError: a label has too few different sentences to stand in every part.
    """
    sentences = DifferentSentences.of(keys, labels)
    parts = ["train", *["dev"] * (dev_share > 0), *["test"] * (test_share > 0)]
    sentences.check_counts(
        len(parts),
        "--data",
        f"; each part ({', '.join(parts)}) needs one: add some or take the label out",
    )
    options = "--dev-share, --test-share"
    train = np.arange(len(sentences.labels))
    dev = test = np.arange(0)
    if test_share:
        train, test = divide(train, sentences.labels, test_share, seed, options)
    if dev_share:
        dev_of_rest = dev_share / (1 - test_share)
        train, dev = divide(train, sentences.labels[train], dev_of_rest, seed, options)
    return Split(*(sentences.rows(part) for part in (train, dev, test)))


def divide(
    sentences: np.ndarray, labels: np.ndarray, share: float, seed: int, options: str
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a stratified share of ``sentences``.

    Args:
        sentences: (G,) numbers of sentences.
        labels: (G,) their labels.
        share: how much of them to draw, above 0 and below 1.
        seed: decides which; only its lowest 32 bits count.
        options: those that chose the share, for messages.

    Returns:
        The rest, and the part drawn.

    Raises:
        UserError: there are too few sentences.
    """
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn.model_selection import train_test_split

    # A part too small to hold every label would stop scikit-learn; it gets one of each.
    fewest = len(np.unique(labels))
    size = min(max(round(share * len(sentences)), fewest), len(sentences) - fewest)
    try:
        rest, part = train_test_split(
            sentences, test_size=size, stratify=labels, random_state=seed % 2**32
        )
    except ValueError as error:  # For instance, one sentence of a rare label is left to divide.
        raise UserError(
            f"{options}: the data is too small to be divided so; choose shares "
            "nearer to the defaults or add sentences"
        ) from error
    return rest, part
