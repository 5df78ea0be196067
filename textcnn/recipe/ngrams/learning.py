"""How an n-gram expert is made of labelled sentences, from nothing or going on from another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, vstack

from textcnn.core.objective import objective_of
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import NgramExpert, Texts, length_factor
from textcnn.recipe.ngrams.letters import part_keys
from textcnn.recipe.ngrams.nbsvm import Features, nbsvm
from textcnn.recipe.ngrams.ngrams import LARGEST_KEY, KeyIndex, ngram_keys, rows_of
from textcnn.recipe.ngrams.tables import Rows, Table, table_of
from textcnn.support.errors import UserError
from textcnn.support.threads import one_thread

MOST_OPTIMISED = 100
"""Most classes for which weights are optimised; with more, items are counted."""

PENALTIES = (0.03, 0.1)
"""What the penalty of errors is chosen from, the strongest regularisation first."""

USUAL_PENALTY = 0.1
"""The penalty where nothing has chosen it."""

FEWEST_PARTS = 2
"""How often a part must stand in the vocabulary to have a weight, with few classes.

More than half of all stand in one word, and say little that the word does not say.
"""

MOST_NGRAMS = 500_000
"""Most n-grams of each order; of more, those that stand in the fewest places are left out.

Those that stand in one place grow with the sentences without end, and each says next to nothing.
"""

MOST_CELLS = 10_000_000
"""Most weights of the n-grams of each order, one for each class."""

NO_KEYS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class NgramExamples:
    """N sentences and their true classes, as the n-gram expert learns from them.

    Attributes:
        texts: the sentences.
        targets: (N,) classes, or (N, C) booleans.
        words: the vocabulary.
        num_classes: C.
        weights: shaped as ``targets``, what each counts; None for 1 each.
    """

    texts: Texts
    targets: np.ndarray
    words: Sequence[str]
    num_classes: int
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class InitialExpert:
    """An expert to go on from.

    Attributes:
        expert: the expert; its words begin those of the new one.
        classes: (its classes,) int, the number of each among the new one's.
    """

    expert: NgramExpert
    classes: np.ndarray


def fit_expert(
    train: NgramExamples,
    ngrams: int = 2,
    subwords: int = 6,
    dev: NgramExamples | None = None,
    penalty: float | None = None,
    initial: InitialExpert | None = None,
) -> NgramExpert:
    """Learn an expert; the same sentences give the same bytes.

    Going on from another expert needs only the new sentences: what it knows stays, and a support
    vector machine learns what has to be added to its predictions: regularisation towards its
    weights. Of a new class it knows nothing, and a class that the new sentences lack stays as it
    was. Counts of many classes are simply added up.

    Args:
        train: sentences to learn from.
        ngrams: words in the longest n-grams, from 1.
        subwords: characters in the longest parts of words; 0 for no parts.
        dev: sentences that choose the penalty of errors, by their likelihood.
        penalty: of errors, instead of that.
        initial: an expert to go on from, or None.

    Raises:
        UserError: the vocabulary is too large for n-grams of so many words.
    """
    if len(train.words) ** ngrams > LARGEST_KEY:
        raise UserError(
            f"--ngrams {ngrams}: too many for {len(train.words):,} words; choose fewer, or set "
            "--max-vocabulary"
        )
    learner = _Learner(train, ngrams, subwords, initial)
    if learner.counts:
        return learner.count()
    # One thread, since sums must not depend on how many processors there are.
    with one_thread():
        if penalty is not None or dev is None or not len(dev.targets):
            return learner.optimise(penalty or USUAL_PENALTY)
        tried = [learner.optimise(each) for each in PENALTIES]
        losses = [_loss(expert.logits(dev.texts), dev) for expert in tried]
    return tried[int(np.argmin(losses))]


def _loss(logits: np.ndarray, dev: NgramExamples) -> float:
    """The loss on dev sentences, with the scale and the biases that suit them best."""
    fused = Fusion.fit([logits], dev.targets, dev.weights).combine([logits])
    return objective_of(dev.targets.ndim == 2).loss(fused, dev.targets, dev.weights)[0]


class _Learner:
    """The items of the training sentences, and tables made of them.

    Attributes:
        counts: there are so many classes that items are counted, and nothing is optimised.
    """

    def __init__(
        self,
        train: NgramExamples,
        ngrams: int,
        subwords: int,
        initial: InitialExpert | None,
    ):
        self._train, self._words, self._num_classes = train, train.words, train.num_classes
        self._subwords, self._initial = subwords, initial
        self.counts = train.num_classes > MOST_OPTIMISED
        # With all words known to it, the old expert says the same, and its tables are added to.
        if initial is not None:
            old = initial.expert
            self.counts = not old.dense
            self._initial = InitialExpert(
                old.with_words(train.words[len(old.words) :]), initial.classes
            )
        most = MOST_NGRAMS if self.counts else min(MOST_NGRAMS, MOST_CELLS // train.num_classes)
        self._orders = [str(order) for order in range(2, ngrams + 1)]
        self._keys: dict[str, np.ndarray] = {}
        by_word, parts = self._count_words(1 if self.counts else FEWEST_PARTS)
        self._features = Features.of(
            by_word,
            (self._count_ngrams(order, most) for order in range(2, ngrams + 1)),
            parts,
            length_factor(train.texts.sentences.lengths),
        )

    def _count_words(self, fewest: int) -> tuple[csr_matrix, csr_matrix]:
        """(N, W) how often each word stands in each sentence, and (W, P) the words' parts.

        Unknown words have ids of their own here, after the others. Keeps the parts' keys.

        Args:
            fewest: words that a part must stand in, or it is left out.
        """
        sentences, words = self._train.texts.sentences, self._words
        # As objects: as an array of text, each would take as much memory as the longest.
        different, owners = np.unique(
            np.array(self._train.texts.unknown, object), return_inverse=True
        )
        # The unknown word's name is no word.
        letters = ["", *words[1:], *different.tolist()]
        ids = sentences.token_ids.astype(np.int32)
        if len(different):
            ids[ids == UNKNOWN] = len(words) + owners
        ids[ids == UNKNOWN] = -1
        keys, owners = part_keys(letters, self._subwords)
        known, columns, counts = np.unique(keys, return_inverse=True, return_counts=True)
        norms = np.sqrt(np.bincount(owners, minlength=len(letters)))
        parts = csc_matrix((1 / norms[owners], (owners, columns)), (len(letters), len(known)))
        self._keys["parts"] = known[counts >= fewest]
        by_word = _counts(ids, sentences.lengths, len(letters))
        return by_word, parts[:, counts >= fewest].tocsr()

    def _count_ngrams(self, order: int, most: int) -> csr_matrix:
        """(N, n) how often each n-gram of an order stands in each sentence; keeps their keys."""
        keys, lengths = ngram_keys(self._train.texts.sentences, order, len(self._words))
        self._keys[str(order)] = known = _most_frequent(keys[keys >= 0], most)
        columns = KeyIndex(known).rows(keys)
        columns[columns == len(known)] = -1
        return _counts(columns, lengths, len(known))

    def _binary(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(N,) which sentences are of a class, and what each counts for it."""
        targets, weights = self._train.targets, self._train.weights
        column: Any = ... if targets.ndim == 1 else (..., index)
        positive = targets == index if targets.ndim == 1 else targets[column]
        counted = np.ones(len(targets)) if weights is None else weights[column]
        return positive, counted.astype(np.float64)

    def optimise(self, penalty: float) -> NgramExpert:
        """Tables of a support vector machine for each class."""
        features, old = self._features, self._initial
        by_item = np.zeros((len(features.of_item), self._num_classes), np.float32)
        by_part = np.zeros((len(features.of_part), self._num_classes), np.float32)
        bias = np.zeros(self._num_classes, np.float32)
        said = np.zeros((len(self._train.targets), self._num_classes))
        if old is not None:
            said[:, old.classes] = old.expert.logits(self._train.texts)
        # With one of two classes a sentence, each is against the other: once is enough.
        mirrored = self._train.targets.ndim == 1 and self._num_classes == 2
        for index in [1] if mirrored else range(self._num_classes):
            positive, counted = self._binary(index)
            if old is not None and not positive.any():
                continue  # The new sentences have nothing to say about it.
            offset = None if old is None else said[:, index]
            weights, bias[index] = nbsvm(features, positive, counted, penalty, offset)
            by_item[:, index], by_part[:, index] = features.spread(weights)
        if mirrored:
            for values in (by_item, by_part, bias):
                values[..., 0] = -values[..., 1]
        by_item[UNKNOWN] = 0
        return self._expert(penalty, bias, by_item, by_part)

    def count(self) -> NgramExpert:
        """Tables of counts."""
        targets, weights = self._train.targets, self._train.weights
        cells = np.nonzero(targets) if targets.ndim == 2 else (np.arange(len(targets)), targets)
        at = cells if targets.ndim == 2 else cells[0]
        counted = np.ones(len(cells[0])) if weights is None else weights[at]
        members = csr_matrix((counted, cells), (len(targets), self._num_classes))
        features = self._features
        by_item = vstack([block.T @ members for block in features.items], "csr")
        by_part = (features.parts.T @ by_item[: features.parts.shape[0]]).tocsr()
        bias = np.zeros(self._num_classes, np.float32)
        return self._expert(0.0, bias, by_item[features.of_item], by_part[features.of_part])

    def _expert(
        self, penalty: float, bias: np.ndarray, by_item: Rows, by_part: Rows
    ) -> NgramExpert:
        """The expert with these rows, added to those of the one it goes on from."""
        keys = {"words": np.arange(len(self._words)), **self._keys}
        rows = {"words": by_item[: len(self._words)], "parts": by_part}
        start = self._features.parts.shape[0]
        for name in self._orders:
            rows[name] = by_item[start : start + len(keys[name])]
            start += len(keys[name])
        if self._initial is not None:
            old, classes = self._initial.expert, self._initial.classes
            bias[classes] += old.bias
            widened = _selection(classes, self._num_classes).T
            for name, table in old.tables.items():
                theirs, mine = old.keys.get(name, keys["words"]), keys.get(name, NO_KEYS)
                keys[name] = known = np.union1d(mine, theirs)
                merged = _placed(table.rows() @ widened, rows_of(theirs, known), len(known))
                if name in rows:
                    merged = merged + _placed(rows[name], rows_of(mine, known), len(known))
                rows[name] = merged
        del keys["words"]
        tables: dict[str, Table] = {name: table_of(part) for name, part in rows.items()}
        return NgramExpert(self._words, self._subwords, penalty, bias, keys, tables)


def _most_frequent(keys: np.ndarray, most: int) -> np.ndarray:
    """The different keys, ascending: all, or those that stand there often enough to be so few."""
    known, counts = np.unique(keys, return_counts=True)
    if len(known) <= most:
        return known
    # How many stand there once or oftener, twice or oftener, and so on.
    sizes = np.cumsum(np.bincount(counts)[::-1])[::-1]
    fewest = int(np.argmax(sizes <= most)) if sizes[-1] <= most else len(sizes)
    return known[counts >= fewest]


def _counts(columns: np.ndarray, lengths: np.ndarray, size: int) -> csr_matrix:
    """(B, size) how often each column's number stands in each of B segments; -1 is left out."""
    kept = columns >= 0
    # Where the segments end among the columns that are kept.
    ends = np.cumsum(np.append(False, kept), dtype=np.int32)[np.append(0, np.cumsum(lengths))]
    counts = csr_matrix(
        (np.ones(int(ends[-1])), columns[kept].astype(np.int32), ends), (len(lengths), size)
    )
    counts.sum_duplicates()
    return counts


def _placed(rows: Rows, places: np.ndarray, size: int) -> Rows:
    """(size, C) with n rows at these places among zeros."""
    return _selection(places, size) @ rows


def _selection(places: np.ndarray, size: int) -> csr_matrix:
    """The (size, n) matrix of ones at these places."""
    numbers = np.arange(len(places))
    return csr_matrix((np.ones(len(places)), (places, numbers)), (size, len(places)))
