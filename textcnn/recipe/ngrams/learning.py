"""How an n-gram expert is made of labelled sentences, from nothing or going on from another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from textcnn.core.objective import objective_of
from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.fusion import Fusion
from textcnn.recipe.ngrams.expert import NgramExpert, Texts, scale
from textcnn.recipe.ngrams.letters import part_keys
from textcnn.recipe.ngrams.nbsvm import Features, nbsvm
from textcnn.recipe.ngrams.ngrams import LARGEST_KEY, ngram_keys, rebased, rows_of
from textcnn.recipe.ngrams.tables import CountTable, DenseTable, Table
from textcnn.support.errors import UserError

MANY = 100
"""Classes up to which each has a weight for every item."""

PENALTIES = (0.03, 0.1)
"""What the penalty of errors is chosen from, the strongest regularisation first."""

USUAL_PENALTY = 0.1
"""The penalty where nothing has chosen it."""


@dataclass(frozen=True)
class Labelled:
    """N sentences and what is known of them.

    Attributes:
        texts: the sentences.
        targets: (N,) classes, or (N, C) booleans.
        weights: shaped as ``targets``, what each counts; None for 1 each.
    """

    texts: Texts
    targets: np.ndarray
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Before:
    """An expert to go on from.

    Attributes:
        expert: the expert; its words begin those of the new one.
        classes: (its classes,) int, the number of each among the new one's.
    """

    expert: NgramExpert
    classes: np.ndarray


def fit_expert(
    train: Labelled,
    words: Sequence[str],
    num_classes: int,
    ngrams: int = 2,
    subwords: int = 6,
    dev: Labelled | None = None,
    penalty: float | None = None,
    before: Before | None = None,
) -> NgramExpert:
    """Learn an expert; the same sentences give the same bytes.

    Going on from another expert needs only the new sentences: what it knows stays, and a support
    vector machine learns what has to be added to its answers, which is regularisation towards its
    weights. Of a new class it knows nothing, and a class that the new sentences lack stays as it
    was. Counts of many classes are simply added up.

    Args:
        train: sentences to learn from.
        words: the vocabulary.
        num_classes: C.
        ngrams: words in the longest n-grams, from 1.
        subwords: characters in the longest parts of words; 0 for no parts.
        dev: sentences that choose the penalty of errors, by their likelihood.
        penalty: of errors, instead of that.
        before: an expert to go on from, or None.

    Raises:
        UserError: the vocabulary is too large for n-grams of so many words.
    """
    if len(words) ** ngrams > LARGEST_KEY:
        raise UserError(
            f"--ngrams {ngrams}: too many for {len(words):,} words; choose fewer, or set "
            "--max-vocabulary"
        )
    many = num_classes > MANY if before is None else not before.expert.dense
    learner = _Learner(train, words, num_classes, ngrams, subwords, before)
    if many:
        return learner.count()
    # One thread, since sums must not depend on how many processors there are.
    with threadpool_limits(1):
        if penalty is not None or dev is None or not len(dev.targets):
            return learner.optimise(penalty or USUAL_PENALTY)
        tried = [learner.optimise(each) for each in PENALTIES]
        losses = [_loss(expert.logits(dev.texts), dev) for expert in tried]
    return tried[int(np.argmin(losses))]


def _loss(logits: np.ndarray, dev: Labelled) -> float:
    """Of dev sentences, as sure as suits them best."""
    fused = Fusion.fit([logits], dev.targets, dev.weights).combine([logits])
    return objective_of(dev.targets.ndim == 2).loss(fused, dev.targets, dev.weights)[0]


class _Learner:
    """The items of the training sentences, and tables made of them."""

    def __init__(
        self,
        train: Labelled,
        words: Sequence[str],
        num_classes: int,
        ngrams: int,
        subwords: int,
        before: Before | None,
    ):
        self._train, self._words, self._num_classes = train, words, num_classes
        self._subwords, self._before = subwords, before
        sentences = train.texts.sentences
        different, owners = np.unique(
            np.array(train.texts.unknown, object).astype(str), return_inverse=True
        )
        self._num_words = len(words) + len(different)
        numbers = sentences.words.astype(np.int64)
        if len(different):
            numbers[numbers == UNKNOWN] = len(words) + owners
        places, columns = [np.repeat(np.arange(len(sentences)), sentences.lengths)], [numbers]
        known = [numbers != UNKNOWN]
        self._keys: dict[str, np.ndarray] = {}
        size = self._num_words
        for order in range(2, ngrams + 1):
            keys, lengths = ngram_keys(sentences, order, len(words))
            self._keys[str(order)] = found = np.unique(keys[keys >= 0])
            places.append(np.repeat(np.arange(len(sentences)), lengths))
            columns.append(size + rows_of(keys, found))
            known.append(keys >= 0)
            size += len(found)
        kept = np.concatenate(known)
        cells = np.concatenate(places)[kept], np.concatenate(columns)[kept]
        items = csr_matrix((np.ones(kept.sum()), cells), (len(sentences), size))
        # The unknown word's name is no word.
        letters = ["", *words[1:], *different.tolist()]
        keys, owners = part_keys(letters, subwords)
        self._keys["parts"], columns_of_parts = np.unique(keys, return_inverse=True)
        norms = np.sqrt(np.bincount(owners, minlength=len(letters)))
        parts = csr_matrix(
            (1 / norms[owners], (owners, columns_of_parts)),
            (len(letters), len(self._keys["parts"])),
        )
        self._features = Features(items, parts, scale(sentences.lengths))
        self._collect = self._features.transposed()

    def _binary(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(N,) which sentences are of a class, and what each counts for it."""
        targets, weights = self._train.targets, self._train.weights
        if targets.ndim == 2:
            positive = targets[:, index]
            counted = np.ones(len(targets)) if weights is None else weights[:, index]
        else:
            positive = targets == index
            counted = np.ones(len(targets)) if weights is None else weights
        return positive, counted.astype(np.float64)

    def optimise(self, penalty: float) -> NgramExpert:
        """Tables of a support vector machine for each class."""
        features, before = self._features, self._old_logits()
        values = np.zeros((features.size, self._num_classes), np.float32)
        folded = np.zeros((features.items.shape[1], self._num_classes), np.float32)
        bias = np.zeros(self._num_classes, np.float32)
        # With one of two classes a sentence, each is against the other: once is enough.
        mirrored = self._train.targets.ndim == 1 and self._num_classes == 2
        for index in [1] if mirrored else range(self._num_classes):
            positive, counted = self._binary(index)
            if before is not None and not positive.any():
                continue  # The new sentences have nothing to say about it.
            offset = None if before is None else before[:, index].astype(np.float64)
            found = nbsvm(features, self._collect, positive, counted, penalty, offset)
            values[:, index], bias[index] = found.weights, found.bias
            folded[:, index] = features.fold(found.weights)
        if mirrored:
            values[:, 0], folded[:, 0], bias[0] = -values[:, 1], -folded[:, 1], -bias[1]
        folded[UNKNOWN] = 0
        rows = {"words": folded[: len(self._words)], "parts": values[features.items.shape[1] :]}
        start = self._num_words
        for name in self._keys:
            if name != "parts":
                rows[name] = folded[start : start + len(self._keys[name])]
                start += len(self._keys[name])
        keys = dict(self._keys)
        if self._before is not None:
            old = self._before.expert
            bias[self._before.classes] += old.bias
            known = old.word_rows(self._words)
            known[UNKNOWN] = 0
            rows["words"][:, self._before.classes] += known
            for name, theirs in self._old_keys().items():
                mine = keys.get(name, theirs[:0])
                keys[name] = np.union1d(mine, theirs)
                merged = np.zeros((len(keys[name]), self._num_classes), np.float32)
                if len(mine):
                    merged[rows_of(mine, keys[name])] = rows[name]
                places = rows_of(theirs, keys[name])
                table = old.tables[name]
                ones = np.ones(len(theirs), np.int64)
                columns = np.ix_(places, self._before.classes)
                merged[columns] += table.sums(np.arange(len(theirs)), ones)
                rows[name] = merged
        tables: dict[str, Table] = {name: DenseTable.of(part) for name, part in rows.items()}
        return NgramExpert(self._words, self._subwords, penalty, bias, keys, tables)

    def count(self) -> NgramExpert:
        """Tables of counts."""
        targets = self._train.targets
        if targets.ndim == 1:
            sentences, classes = np.arange(len(targets)), targets
        else:
            sentences, classes = np.nonzero(targets)
        weights = self._train.weights
        counted = np.ones(len(classes))
        if weights is not None:
            counted = weights if targets.ndim == 1 else weights[sentences, classes]
        shape = len(targets), self._num_classes
        members = csr_matrix((counted, (sentences, classes)), shape)
        by_item = (self._features.items.T @ members).tocsr()
        rows = {
            "words": by_item[: len(self._words)],
            "parts": (self._features.parts.T @ by_item[: self._num_words]).tocsr(),
        }
        start, keys = self._num_words, dict(self._keys)
        for name in self._keys:
            if name != "parts":
                rows[name] = by_item[start : start + len(keys[name])]
                start += len(keys[name])
        bias = np.zeros(self._num_classes, np.float32)
        if self._before is not None:
            old, classes_of = self._before.expert, self._before.classes
            words = np.arange(len(old.words))
            pairs = {"words": (np.arange(len(self._words)), words)}
            for name, theirs in self._old_keys().items():
                mine = keys.get(name, theirs[:0])
                keys[name] = np.union1d(mine, theirs)
                pairs[name] = rows_of(mine, keys[name]), rows_of(theirs, keys[name])
            for name, (mine, theirs) in pairs.items():
                size = len(self._words) if name == "words" else len(keys[name])
                entries = [rows[name].tocoo()] if name in rows else []
                table = old.tables[name]
                assert isinstance(table, CountTable)
                items = np.repeat(theirs, np.diff(table.ends, prepend=0))
                data, at, of = [table.counts], [items], [classes_of[table.classes]]
                for entry in entries:
                    data.append(entry.data)
                    at.append(mine[entry.row])
                    of.append(entry.col)
                cells = np.concatenate(at), np.concatenate(of)
                rows[name] = csr_matrix((np.concatenate(data), cells), (size, self._num_classes))
        tables: dict[str, Table] = {name: _count_table(part) for name, part in rows.items()}
        return NgramExpert(self._words, self._subwords, 0.0, bias, keys, tables)

    def _old_logits(self) -> np.ndarray | None:
        """(N, C) what the expert to go on from says of the training sentences; 0 of new classes."""
        if self._before is None:
            return None
        sentences, old = self._train.texts.sentences, self._before.expert
        unknown = iter(self._train.texts.unknown)
        size = len(old.words)
        new = np.flatnonzero((sentences.words == UNKNOWN) | (sentences.words >= size))
        letters = [
            next(unknown, "") if number == UNKNOWN else self._words[number]
            for number in sentences.words[new].tolist()
        ]
        numbers = np.where(sentences.words >= size, UNKNOWN, sentences.words)
        texts = Texts(PackedSentences(numbers, sentences.lengths), letters)
        logits = np.zeros((len(sentences), self._num_classes), np.float32)
        logits[:, self._before.classes] = old.logits(texts)
        return logits

    def _old_keys(self) -> dict[str, np.ndarray]:
        """The keys of the expert to go on from, written with the new number of words."""
        if self._before is None:
            return {}
        expert, keys = self._before.expert, {}
        for name, rest in expert.keys.items():
            if name == "parts":
                keys[name] = rest
                continue
            keys[name] = rebased(rest, int(name), len(expert.words), len(self._words))
        return keys


def _count_table(rows: csr_matrix) -> CountTable:
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return CountTable(
        rows.indptr[1:].astype(np.int64),
        rows.indices.astype(np.int32),
        rows.data.astype(np.float32),
        rows.shape[1],
    )
