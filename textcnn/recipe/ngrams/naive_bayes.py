"""How likely a sentence is in each class by counting alone: features beside the pooled ones.

A network of random word vectors needs several passes to find out which words speak for which class,
and by then has learnt its sentences by heart. Counting tells it at once. Wang and Manning (2012)
showed how far counts of words and word pairs go; parts of words add what rare words have in common
with others. Each of these kinds of items gives a sentence C numbers, the log-likelihood of its
items under each class, and the network learns how far to trust them. Where a sentence may have
several labels, each class is weighed against the sentences without it.

A training sentence is always judged by the other sentences' counts (:meth:`Counts.left_out` in
:mod:`textcnn.recipe.ngrams.counts`): by counts that include it, its rare words would give its own
label away.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.core.sentences import PackedSentences, sum_segments
from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.ngrams.ngrams import KeyIndex, ngram_keys, rows_of

FIRST = np.zeros(1, np.intp)
"""Where one segment begins, for ``reduceat``."""


@dataclass(frozen=True)
class Evidence:
    """What each item of one kind adds to the classes' log-likelihoods.

    Attributes:
        name: of the kind, see :func:`textcnn.core.architecture.kinds_of_evidence`.
        order: words in an item.
        keys: (N,) int64, ascending, of n-grams (:func:`ngram_keys`); None where the rows are word
            numbers.
        values: (N + 1, C) float32, the last row zeros, or (V, C), the unknown word's zeros.
    """

    name: str
    order: int
    keys: np.ndarray | None
    values: np.ndarray

    def rows(self, sentences: PackedSentences, num_words: int) -> tuple[np.ndarray, np.ndarray]:
        """The row of each item of the sentences, and how many items each sentence has."""
        if self.keys is None:
            return sentences.words, sentences.lengths
        keys, lengths = ngram_keys(sentences, self.order, num_words)
        if len(sentences) == 1:
            return rows_of(keys, self.keys), lengths
        return self._index.rows(keys), lengths

    @functools.cached_property
    def _index(self) -> KeyIndex:
        """Made when it is needed: one sentence is answered sooner without."""
        return KeyIndex(np.empty(0, np.int64) if self.keys is None else self.keys)

    def known(self, sentences: PackedSentences, num_words: int) -> PackedSentences:
        """The rows of those items that were counted, sentence by sentence."""
        rows, lengths = self.rows(sentences, num_words)
        known = rows != (UNKNOWN if self.keys is None else len(self.keys))
        return PackedSentences(rows[known], _kept(known, lengths))

    def sum_of_one(self, words: np.ndarray, num_words: int) -> np.ndarray:
        """(1, C) sums over one sentence's items: the same bytes, without the bookkeeping."""
        rows = words
        if self.keys is not None:
            end = max(len(words) - self.order + 1, 0)
            keys, unknown = words[:end].astype(np.int64), words[:end] == UNKNOWN
            for j in range(1, self.order):
                digits = words[j : j + end]
                keys *= num_words
                keys += digits
                unknown |= digits == UNKNOWN
            keys[unknown] = -1
            rows = rows_of(keys, self.keys)
        if not len(rows):
            return np.zeros((1, self.values.shape[1]), self.values.dtype)
        return np.add.reduceat(self.values.take(rows, axis=0), FIRST, axis=0)

    def sums(self, sentences: PackedSentences, num_words: int) -> np.ndarray:
        """(B, C) sums over each sentence's items."""
        rows, lengths = self.rows(sentences, num_words)
        return sum_segments(self.values.take(rows, axis=0), lengths)


@dataclass(frozen=True)
class SentenceEvidence:
    """What a network is told of N sentences.

    Attributes:
        features: (N, kinds * C) log-likelihoods.
        items: by kind, the rows that each sentence's items have in a table of corrections.
    """

    features: np.ndarray
    items: dict[str, PackedSentences]

    def take(self, rows: np.ndarray) -> "SentenceEvidence":
        """That of the sentences with these numbers, in this order."""
        items = {name: packed.take(rows) for name, packed in self.items.items()}
        return SentenceEvidence(self.features[rows], items)


class NaiveBayes:
    """The evidence of words, of their parts and of n-grams.

    Attributes:
        evidence: of each kind; those by word come first.
    """

    def __init__(self, evidence: Sequence[Evidence], vocabulary_size: int):
        self.evidence = list(evidence)
        self._vocabulary_size = vocabulary_size

    def features(self, sentences: PackedSentences) -> np.ndarray:
        """(B, kinds * C) float32 log-likelihoods, as :class:`ItemCounts` centres them.

        Words and n-grams never seen in training say nothing.
        """
        sums = [kind.sums(sentences, self._vocabulary_size) for kind in self.evidence]
        return np.concatenate(sums, axis=1)

    def of(
        self, sentences: PackedSentences, corrected: Sequence[str], features: np.ndarray | None
    ) -> SentenceEvidence:
        """What a network is told of sentences.

        Args:
            sentences: N sentences of word numbers.
            corrected: the kinds that have a table of corrections.
            features: theirs, if they are training sentences and judged by the others; else None.
        """
        items = {
            kind.name: kind.known(sentences, self._vocabulary_size)
            for kind in self.evidence
            if kind.name in corrected
        }
        return SentenceEvidence(self.features(sentences) if features is None else features, items)

    def weighed(self, weights: np.ndarray, corrections: Mapping[str, np.ndarray]) -> "NaiveBayes":
        """The same with the values multiplied out: sums of it are what is added to the logits.

        All evidence by word becomes one.

        Args:
            weights: (C, kinds * C), of the dense layer that reads :meth:`features`.
            corrections: by kind, tables shaped as its values.
        """
        parts = np.split(weights, len(self.evidence), axis=1)
        weighed = [
            dataclasses.replace(kind, values=kind.values @ part.T + corrections.get(kind.name, 0))
            for kind, part in zip(self.evidence, parts, strict=True)
        ]
        by_word = [kind.values for kind in weighed if kind.keys is None]
        words = dataclasses.replace(weighed[0], values=functools.reduce(np.add, by_word))
        ngrams = [kind for kind in weighed if kind.keys is not None]
        return NaiveBayes([words, *ngrams], self._vocabulary_size)

    def weighed_by(self, networks: Sequence[Mapping[str, np.ndarray]]) -> "NaiveBayes":
        """:meth:`weighed` as networks that answer together do it, by their parameters.

        They differ in how far they trust the same counts and in what they add to them; of sums, the
        mean is the sum of means, so they need one table together.
        """
        means = {
            name: np.mean([parameters[name] for parameters in networks], axis=0)
            for name in networks[0]
            if name.startswith(("evidence/", "corrections/"))
        }
        weights = means.pop("evidence/weights")
        corrections = {name.partition("/")[2]: table for name, table in means.items()}
        return self.weighed(weights, corrections)

    def add_to(self, logits: np.ndarray, sentences: PackedSentences) -> None:
        """Add all evidence, once weighed, to (B, C) logits in place."""
        for kind in self.evidence:
            if len(sentences) == 1:
                logits += kind.sum_of_one(sentences.words, self._vocabulary_size)
            else:
                logits += kind.sums(sentences, self._vocabulary_size)


def _kept(known: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(B,) how many items of each segment are known."""
    return sum_segments(known.astype(np.int64)[:, None], lengths)[:, 0]
