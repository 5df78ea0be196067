"""The n-gram expert: a linear model of words, of n-grams of words and of parts of words.

Wang and Manning (2012) showed how far a support vector machine goes on words and word pairs, each
weighted by naive Bayes' log-count ratio; parts of words add what rare words have in common with
others, and stand for words never seen (they are known as subwords, or character n-grams). Words,
parts and n-grams are the items of the model, and each has a row of C numbers, one a class. A
sentence's logits are the sum of its items' rows, times a factor for its length
(:func:`length_factor`), and a bias.

With many classes nothing is optimised: the rows are naive Bayes' ratios, for classes that an item
was seen with (:class:`CountTable`), and parts stand for unknown words alone.
"""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences, sum_segments
from textcnn.core.token_lists import TokenLists
from textcnn.core.vocabulary import UNKNOWN, Vocabulary
from textcnn.recipe.ngrams.letters import part_keys
from textcnn.recipe.ngrams.ngrams import LARGEST_KEY, KeyIndex, ngram_keys, rebased, rows_of
from textcnn.recipe.ngrams.tables import CountTable, DenseTable, Table
from textcnn.support.errors import UserError


@dataclass(frozen=True)
class Texts:
    """N sentences of token ids, and the words that have none.

    Attributes:
        sentences: the ids, 0 for an unknown word.
        unknown: the unknown words one after another, as many as there are zeros; or none, where
            their parts are not to be used.
    """

    sentences: PackedSentences
    unknown: Sequence[str] = ()

    @classmethod
    def of(cls, sentences: Iterable[Sequence[str]], vocabulary: Vocabulary) -> "Texts":
        """The token ids of N sentences, and their unknown words."""
        lists = TokenLists.of(sentences)
        packed = vocabulary.pack(lists)
        unknown = lists.sentences.token_ids[packed.token_ids == UNKNOWN].tolist()
        return cls(packed, [lists.tokens[place] for place in unknown])

    def cut(self, longest: int) -> "Texts":
        """The sentences, each without what follows its first ``longest`` words."""
        lengths = self.sentences.lengths
        if not len(lengths) or int(lengths.max()) <= longest:
            return self
        ids = self.sentences.token_ids
        places = np.arange(len(ids)) - np.repeat(self.sentences.starts, lengths)
        kept = places[ids == UNKNOWN] < longest
        unknown = [word for word, stays in zip(self.unknown, kept.tolist(), strict=False) if stays]
        return Texts(self.sentences.cut(longest), unknown)


@dataclass(frozen=True)
class Term:
    """A term of a sentence's logits: what one item adds.

    Attributes:
        kind: "words" (with their parts), "2-grams", "3-grams" and so on.
        start: place of its first word.
        order: how many words it has.
        values: (C,) float64.
    """

    kind: str
    start: int
    order: int
    values: np.ndarray


@dataclass(frozen=True)
class NgramExpert:
    """A linear model whose items are looked up.

    Attributes:
        words: the vocabulary, the unknown word first.
        subwords: characters in the longest parts of words; 0 for no parts.
        penalty: of errors in training, C of the support vector machine; 0 where nothing was
            optimised.
        bias: (C,) float32.
        keys: by table, ascending int64: "parts" (:func:`part_keys`), "2", "3" … for n-grams
            (:func:`ngram_keys`).
        tables: by the same names and "words", which has a row for each of ``words``.
    """

    words: Sequence[str]
    subwords: int
    penalty: float
    bias: np.ndarray
    keys: Mapping[str, np.ndarray]
    tables: Mapping[str, Table]

    @property
    def num_classes(self) -> int:
        """C."""
        return len(self.bias)

    @property
    def dense(self) -> bool:
        """Whether each class has a weight for every item."""
        return isinstance(self.tables["words"], DenseTable)

    @property
    def orders(self) -> list[int]:
        """How many words the n-grams of each of its tables have, ascending."""
        return sorted(int(name) for name in self.keys if name != "parts")

    def logits(self, texts: Texts) -> np.ndarray:
        """(N, C) float32; each row the same bytes alone and in any batch."""
        sentences = texts.sentences
        sums = self.tables["words"].sums(sentences.token_ids, sentences.lengths)
        for order in self.orders:
            keys, lengths = ngram_keys(sentences, order, len(self.words))
            sums += self.tables[str(order)].sums(self._rows(str(order), keys), lengths)
        if len(texts.unknown):
            different, inverse = np.unique(np.array(texts.unknown, object), return_inverse=True)
            rows = self._unknown_rows(different.tolist())[inverse]
            zeros = (sentences.token_ids == UNKNOWN).astype(np.int64)[:, None]
            sums += sum_segments(rows, sum_segments(zeros, sentences.lengths)[:, 0])
        logits = sums * length_factor(sentences.lengths)[:, None] + self.bias
        return logits.astype(np.float32)

    def word_rows(self, words: Sequence[str]) -> np.ndarray:
        """(n, C) float64 rows of words, known or not, before they are scaled."""
        ids = np.array([self._ids.get(word, UNKNOWN) for word in words], np.int64)
        rows = self.tables["words"].sums(ids, np.ones(len(words), np.int64))
        unknown = np.flatnonzero(ids == UNKNOWN)
        rows[unknown] = self._unknown_rows([words[place] for place in unknown.tolist()])
        return rows

    def ngram_rows(self, ngrams: Sequence[Sequence[str]]) -> np.ndarray:
        """(n, C) float64 rows of n-grams of one order, before they are scaled."""
        order = len(ngrams[0]) if ngrams else 0
        ids = [self._ids.get(word, UNKNOWN) for ngram in ngrams for word in ngram]
        lengths = np.full(len(ngrams), order, np.int64)
        if order not in self.orders:
            return np.zeros((len(ngrams), self.num_classes))
        packed = PackedSentences(np.array(ids, np.int64), lengths)
        keys, ones = ngram_keys(packed, order, len(self.words))
        return self.tables[str(order)].sums(self._rows(str(order), keys), ones)

    def terms(self, tokens: Sequence[str]) -> list[Term]:
        """What each item adds to a sentence's logits; with the bias they add up to the logits."""
        factor = float(length_factor(np.array([len(tokens)]))[0])
        found = []
        for order in (1, *self.orders):
            kind = "words" if order == 1 else f"{order}-grams"
            ngrams = [tokens[start : start + order] for start in range(len(tokens) - order + 1)]
            rows = self.word_rows(tokens) if order == 1 else self.ngram_rows(ngrams)
            for start in np.flatnonzero(rows.any(axis=1)).tolist():
                found.append(Term(kind, start, order, factor * rows[start]))
        return found

    def strongest(
        self, order: int, label: int, count: int
    ) -> tuple[list[tuple[str, ...]], np.ndarray]:
        """The items that add most to a class.

        Args:
            order: how many words they have; 1 for single words.
            label: number of the class.
            count: how many at most.

        Returns:
            Their words, and their (n, C) float64 rows, before they are scaled.
        """
        name = "words" if order == 1 else str(order)
        column = self.tables[name].column(label)
        rows = np.argsort(-column, kind="stable")[:count]
        values = self.tables[name].sums(rows, np.ones(len(rows), np.int64))
        keys = rows if order == 1 else self.keys[name][rows]
        return [self._words_of(key, order) for key in keys.tolist()], values

    def _words_of(self, key: int, order: int) -> tuple[str, ...]:
        """The words of an n-gram, or a word by its id."""
        ids = np.unravel_index(key, (len(self.words),) * order)
        return tuple(self.words[int(token_id)] for token_id in ids)

    def with_words(self, words: Sequence[str]) -> "NgramExpert":
        """The same with further words, whose rows are made of their parts; all logits stay.

        Raises:
            UserError: there are too many for numbers of its n-grams.
        """
        longer = [*self.words, *words]
        if len(longer) ** max(self.orders, default=1) > LARGEST_KEY:
            raise UserError(
                f"--vectors: {len(words):,} more words are too many for the model's n-grams of "
                f"{max(self.orders)} words; give fewer sentences at once"
            )
        keys = {
            name: kept
            if name == "parts"
            else rebased(kept, int(name), len(self.words), len(longer))
            for name, kept in self.keys.items()
        }
        table = self.tables["words"].longer(self.word_rows(words))
        return dataclasses.replace(
            self, words=longer, keys=keys, tables={**self.tables, "words": table}
        )

    @property
    def summary(self) -> str:
        """How much it knows, in a few words."""
        parts = len(self.keys["parts"]) if "parts" in self.keys else 0
        counts = [
            f"{len(self.words) - 1:,} words",
            *([f"{parts:,} parts of words"] if parts else []),
        ]
        return ", ".join([*counts, *(f"{len(self.keys[str(n)]):,} {n}-grams" for n in self.orders)])

    def arrays(self) -> dict[str, np.ndarray]:
        """What it is kept as, but for the words: by names such as ``2/keys``."""
        kept = {
            "bias": self.bias,
            "subwords": np.array(self.subwords, np.int64),
            "penalty": np.array(self.penalty, np.float64),
        }
        for name, keys in self.keys.items():
            kept[f"{name}/keys"] = keys
        for name, table in self.tables.items():
            kept |= {f"{name}/{part}": array for part, array in table.arrays().items()}
        return kept

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], words: Sequence[str]) -> "NgramExpert":
        """What :meth:`arrays` kept.

        Args:
            arrays: by name.
            words: the vocabulary.

        Raises:
            ValueError: an array is missing, or is not what it must be beside the others.
        """
        bias = _array(arrays, "bias", np.float32, 1)
        keys, tables = {}, {}
        names = {name.partition("/")[0] for name in arrays if "/" in name}
        for name in names | {"words"}:
            size = len(words)
            if name != "words":
                keys[name] = _array(arrays, f"{name}/keys", np.int64, 1)
                size = len(keys[name])
                if name != "parts" and name not in ORDERS:
                    raise ValueError(f"{name} is no kind of item")
                if name != "parts" and len(words) ** int(name) > LARGEST_KEY:
                    raise ValueError(f"{name} words have more n-grams than there are keys")
                if size and (keys[name][0] < 0 or (np.diff(keys[name]) <= 0).any()):
                    raise ValueError(f"{name}/keys do not ascend")
            tables[name] = _table(arrays, name, size, len(bias))
        subwords, penalty = arrays.get("subwords"), arrays.get("penalty")
        if subwords is None or penalty is None or subwords.shape or penalty.shape:
            raise ValueError("subwords and penalty must be numbers")
        if not 0 <= subwords <= MOST_SUBWORDS or penalty < 0:
            raise ValueError("subwords or penalty is below 0, or too large")
        return cls(words, int(subwords), float(penalty), bias, keys, tables)

    def _unknown_rows(self, words: Sequence[str]) -> np.ndarray:
        """(n, C) float64 rows of unknown words, made of their parts."""
        keys, owners = part_keys(words, self.subwords)
        order = np.argsort(owners, kind="stable")
        lengths = np.bincount(owners, minlength=len(words))
        if "parts" not in self.tables:
            return np.zeros((len(words), self.num_classes))
        sums = self.tables["parts"].sums(self._rows("parts", keys[order]), lengths)
        return sums / np.sqrt(np.maximum(lengths, 1))[:, None]

    def _rows(self, name: str, keys: np.ndarray) -> np.ndarray:
        """The row of each key in a table."""
        if len(keys) < FEWEST_INDEXED:
            return rows_of(keys, self.keys[name])
        return self._indexes[name].rows(keys)

    @functools.cached_property
    def _indexes(self) -> dict[str, KeyIndex]:
        return {name: KeyIndex(keys) for name, keys in self.keys.items()}

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        ids = {word: token_id for token_id, word in enumerate(self.words)}
        del ids[self.words[UNKNOWN]]
        return ids


ORDERS = ("2", "3", "4", "5")
"""The names that tables of n-grams can have: how many words these have."""

MOST_SUBWORDS = 20
"""The largest ``subwords``."""

FEWEST_INDEXED = 100
"""Fewer keys are found sooner by a binary search than by making an index first."""

USUAL_LENGTH = 20
"""How many words a sentence has whose factor is 1."""


def length_factor(lengths: np.ndarray) -> np.ndarray:
    """(N,) float64 what a sentence's sum is multiplied by: ``sqrt(20 / words)``.

    A mean would make short sentences as sure as long ones, a sum long ones surer than they can be.
    """
    return np.sqrt(USUAL_LENGTH / np.maximum(lengths, 1).astype(np.float64))


def _array(arrays: Mapping[str, np.ndarray], name: str, kind: type, dimensions: int) -> np.ndarray:
    """One of the arrays, which must be finite numbers of this kind."""
    found = arrays.get(name)
    if found is None or found.dtype != kind or found.ndim != dimensions:
        raise ValueError(f"{name} is missing or not of the right kind")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds what is no number")
    return found


def _table(arrays: Mapping[str, np.ndarray], name: str, size: int, num_classes: int) -> Table:
    """The table of this name, which must have so many rows."""
    if f"{name}/values" in arrays:
        values = _array(arrays, f"{name}/values", np.float32, 2)
        if values.shape != (size, num_classes):
            raise ValueError(f"{name}/values has the shape {values.shape}")
        return DenseTable.of(values)
    ends = _array(arrays, f"{name}/ends", np.int64, 1)
    classes = _array(arrays, f"{name}/classes", np.int32, 1)
    counts = _array(arrays, f"{name}/counts", np.float32, 1)
    last = int(ends[-1]) if len(ends) else 0
    if len(ends) != size or last != len(classes) or last != len(counts):
        raise ValueError(f"{name}/ends does not suit what is beside it")
    if (np.diff(ends, prepend=0) < 0).any() or (counts <= 0).any():
        raise ValueError(f"{name} holds impossible counts")
    if last and (classes.min() < 0 or classes.max() >= num_classes):
        raise ValueError(f"{name}/classes holds impossible classes")
    return CountTable(ends, classes, counts, num_classes)
