"""A first look at labelled sentences: what to know before training on them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from textcnn.core.tokenizers import find_tokenizer
from textcnn.data.datasets.labelled_texts import BadRow, LabelledTexts
from textcnn.data.datasets.splits import sentence_keys
from textcnn.data.datasets.text_faults import (
    DroppedShares,
    TextFaults,
    dropped_letters,
    text_faults,
)
from textcnn.data.labels import split_labels
from textcnn.data.tokenizer_choice import choose_tokenizer
from textcnn.support.errors import UserError

HasVector = Callable[[Sequence[str]], npt.NDArray[np.bool_]]
"""Says which of V words have a vector: (V,) booleans."""


@dataclass(frozen=True)
class Label:
    """How often a label stands.

    Attributes:
        name: the label.
        rows: how many rows have it.
        share: these among all rows.
        sentences: different sentences among them, the label of a sentence being that of its first
            row: what a split has to divide.
    """

    name: str
    rows: int
    share: float
    sentences: int


@dataclass(frozen=True)
class Majority:
    """Always predicting the most frequent label.

    Attributes:
        labels: that label: one or, with several a row, any number of them.
        accuracy: share of the rows it is right for.
    """

    labels: tuple[str, ...]
    accuracy: float


@dataclass(frozen=True)
class Lengths:
    """Tokens of a row. The median and the percentile are lengths that occur."""

    shortest: int
    median: int
    percentile_95: int
    longest: int
    total: int


@dataclass(frozen=True)
class RepeatedSentence:
    """A sentence that stands in several rows.

    Attributes:
        text: as its first row has it.
        rows: where, counted from 1.
        labels: that of each row.
    """

    text: str
    rows: tuple[int, ...]
    labels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Words:
    """The different words.

    Attributes:
        count: how many.
        once: how many of them stand in the data once.
    """

    count: int
    once: int


@dataclass(frozen=True)
class Coverage:
    """Which words have a vector: as a share of the different words, and of all tokens."""

    words: float
    tokens: float


@dataclass(frozen=True)
class Survey:
    """What there is to know of labelled sentences before training on them.

    Rows that can be used are counted from 1, in the order in which they were read. Rows are equal
    where their tokens are; rows without a token are equal to none.

    Attributes:
        source: where the sentences came from.
        tokenizer: what made their tokens.
        multilabel: whether rows have any number of labels.
        rows: how many.
        labels: the labels, the most frequent first.
        unlabelled: rows without a label.
        majority: what is right most often.
        imbalance: rows of the most frequent label for each of the rarest.
        lengths: of the rows in tokens.
        bad_rows: those that were given, cannot be used and are not among ``rows``.
        no_text: rows whose text is empty.
        no_token, one_token: rows with nothing, or next to nothing, to go by.
        repeated: sentences in several rows, the most frequent first.
        faults: signs of a wrong encoding.
        dropped: what the tokenizer leaves out.
        words: the vocabulary.
        coverage: of the words by vectors, where such were given.
    """

    source: str
    tokenizer: str
    multilabel: bool
    rows: int
    labels: tuple[Label, ...]
    unlabelled: int
    majority: Majority
    imbalance: float
    lengths: Lengths
    bad_rows: tuple[BadRow, ...]
    no_text: tuple[int, ...]
    no_token: tuple[int, ...]
    one_token: tuple[int, ...]
    repeated: tuple[RepeatedSentence, ...]
    faults: TextFaults
    dropped: DroppedShares
    words: Words
    coverage: Coverage | None

    @property
    def rows_given(self) -> int:
        """All rows, those that cannot be used among them."""
        return self.rows + len(self.bad_rows)

    @property
    def surplus_rows(self) -> int:
        """Rows that repeat an earlier one."""
        return sum(len(sentence.rows) - 1 for sentence in self.repeated)

    @property
    def conflicts(self) -> list[RepeatedSentence]:
        """Equal sentences with different labels."""
        return [sentence for sentence in self.repeated if len(set(sentence.labels)) > 1]

    @property
    def rare_labels(self) -> list[Label]:
        """Labels that cannot stand in each of train, dev and test."""
        return [label for label in self.labels if label.sentences < 3]


def survey(
    corpus: LabelledTexts, tokenizer: str, multilabel: bool = False, find: HasVector | None = None
) -> Survey:
    """Look through N rows, in time linear in their tokens.

    Args:
        corpus: the rows.
        tokenizer: a key of :data:`textcnn.core.tokenizers.TOKENIZERS`, or auto.
        multilabel: whether labels are as :func:`textcnn.data.labels.join_labels` makes them.
        find: which words have a vector.

    Raises:
        UserError: there are no rows.
    """
    if not corpus.texts:
        raise UserError(f"{corpus.source}: no sentences")
    tokenizer = choose_tokenizer(tokenizer, corpus.texts)
    tokenize = find_tokenizer(tokenizer)
    tokens = [tokenize(text) for text in corpus.texts]
    # Equal sets are one object, of which there are few.
    sets = {it: tuple(split_labels(it)) if multilabel else (it,) for it in set(corpus.labels)}
    labels = [sets[label] for label in corpus.labels]
    rows_of: dict[str, list[int]] = {}
    for row, key in enumerate(sentence_keys(corpus.texts, tokens)):
        rows_of.setdefault(key, []).append(row)
    counted = _count_labels(labels, rows_of)
    counts = Counter(chain.from_iterable(tokens))
    lengths = np.array([len(sentence) for sentence in tokens])
    return Survey(
        source=corpus.source,
        tokenizer=tokenizer,
        multilabel=multilabel,
        rows=len(corpus),
        labels=counted,
        unlabelled=sum(not names for names in labels),
        majority=_majority(labels),
        imbalance=counted[0].rows / counted[-1].rows if counted else 1.0,
        lengths=_lengths(lengths),
        bad_rows=tuple(corpus.bad_rows),
        no_text=_row_numbers(np.array([not text for text in corpus.texts])),
        no_token=_row_numbers(lengths == 0),
        one_token=_row_numbers(lengths == 1),
        repeated=_repeated(corpus.texts, labels, [it for it in rows_of.values() if tokens[it[0]]]),
        faults=text_faults(corpus.texts),
        dropped=dropped_letters(corpus.texts, tokenizer),
        words=Words(len(counts), sum(count == 1 for count in counts.values())),
        coverage=_coverage(counts, find) if find is not None else None,
    )


def _count_labels(
    labels: Sequence[tuple[str, ...]], rows_of: Mapping[str, list[int]]
) -> tuple[Label, ...]:
    rows = Counter(chain.from_iterable(labels))
    sentences = Counter(name for numbers in rows_of.values() for name in labels[numbers[0]])
    ranked = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Label(name, count, count / len(labels), sentences[name]) for name, count in ranked)


def _majority(labels: Sequence[tuple[str, ...]]) -> Majority:
    label, rows = min(Counter(labels).items(), key=lambda item: (-item[1], item[0]))
    return Majority(label, rows / len(labels))


def _lengths(lengths: np.ndarray) -> Lengths:
    wanted = np.percentile(lengths, [0, 50, 95, 100], method="inverted_cdf")
    shortest, median, percentile_95, longest = map(int, wanted)
    return Lengths(shortest, median, percentile_95, longest, int(lengths.sum()))


def _row_numbers(chosen: np.ndarray) -> tuple[int, ...]:
    return tuple((np.flatnonzero(chosen) + 1).tolist())


def _repeated(
    texts: Sequence[str], labels: Sequence[tuple[str, ...]], rows_of: list[list[int]]
) -> tuple[RepeatedSentence, ...]:
    several = [rows for rows in rows_of if len(rows) > 1]
    return tuple(
        RepeatedSentence(
            texts[rows[0]],
            tuple(row + 1 for row in rows),
            tuple(labels[row] for row in rows),
        )
        for rows in sorted(several, key=lambda rows: (-len(rows), rows[0]))
    )


def _coverage(counts: Counter[str], find: HasVector) -> Coverage:
    found = np.asarray(find(list(counts)), bool)
    weights = np.fromiter(counts.values(), np.int64, len(counts))
    return Coverage(
        words=float(found.sum() / max(len(found), 1)),
        tokens=float(weights[found].sum() / max(weights.sum(), 1)),
    )
