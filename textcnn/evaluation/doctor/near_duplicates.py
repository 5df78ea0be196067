"""Sentences of nearly the same words under different labels.

To compare every two sentences would take too long, and there is no need. With their words ordered
from the rarest of all on, two sets that share enough must share one of the first few of each
(prefix filtering: Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007). Only
such pairs are compared, and none is missed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SIMILARITY = 0.8
"""Words in both of two sentences, as a share of those in either, that make them nearly the same.

Of twenty words, two may have been replaced (18 / 22). Below four, only equal sets reach it.
"""

PAIRS_AT_ONCE = 1 << 20
"""Compared together: a bound on memory."""

WordSet = frozenset[str]


@dataclass(frozen=True)
class Sentence:
    """A sentence, for all those of just its words and its label.

    Attributes:
        row: of the data; the first one.
        label: its class.
        count: how many there are.
    """

    row: int
    label: int
    count: int


@dataclass(frozen=True)
class NearDuplicates:
    """Two sentences of nearly the same words and with different labels.

    Attributes:
        first, second: the sentences, the one that comes first in the data first.
        similarity: of the sets of their words (Jaccard); 1 for the same words.
    """

    first: Sentence
    second: Sentence
    similarity: float


def near_duplicates_across_labels(
    tokens: Iterable[Sequence[str]], classes: np.ndarray
) -> list[NearDuplicates]:
    """Each sentence that is nearly one of another label, beside the nearest of these.

    Not all such pairs, since there can be many more of them than sentences.

    Args:
        tokens: N sentences.
        classes: (N,) their classes.

    Returns:
        Each pair once: the most similar first, of equally similar ones the longest.
    """
    rows: dict[tuple[WordSet, int], list[int]] = {}
    for row, (sentence, label) in enumerate(zip(tokens, classes.tolist(), strict=True)):
        # Sentences without words are the same to a network: they share the word "".
        rows.setdefault((frozenset(sentence) or frozenset({""}), label), []).append(row)
    sets = [words for words, _ in rows]
    nearest = _nearest(sets, np.array([label for _, label in rows], dtype=np.int64))
    pairs = {(min(a, b), max(a, b)): similarity for a, b, similarity in nearest}
    found = sorted(pairs.items(), key=lambda pair: (-pair[1], -len(sets[pair[0][0]]), pair[0]))
    sentences = [Sentence(equal[0], label, len(equal)) for (_, label), equal in rows.items()]
    return [NearDuplicates(sentences[a], sentences[b], near) for (a, b), near in found]


def _nearest(sets: list[WordSet], classes: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Each set that is near one of another class, the nearest of these, their similarity."""
    for a, b in _pairs_to_compare(sets, classes):
        best: dict[int, tuple[int, float]] = {}
        for one, other in zip(a.tolist(), b.tolist(), strict=True):
            similarity = _jaccard(sets[one], sets[other])
            if similarity >= SIMILARITY and (one not in best or similarity > best[one][1]):
                best[one] = other, similarity
        yield from ((one, other, similarity) for one, (other, similarity) in best.items())


def _pairs_to_compare(
    sets: list[WordSet], classes: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of sets that may be near and differ in class, all of a set's pairs together."""
    sizes = np.array([len(words) for words in sets])
    prefixes = _prefixes(sets)
    others = prefixes.T.tocsr()
    after_prefix = sizes - np.diff(prefixes.indptr)
    for begin, end in _parts(prefixes @ np.diff(others.indptr)):
        shared = prefixes[begin:end] @ others
        shared.sort_indices()  # So that of equally near sets the first is found.
        a, b = np.repeat(np.arange(begin, end), np.diff(shared.indptr)), shared.indices
        # Of the two prefixes, the one that ends with the rarer word has no word in common with
        # the other set but those shared here; more can only come from what follows it.
        both = shared.data + np.maximum(after_prefix[a], after_prefix[b])
        both = np.minimum(both, np.minimum(sizes[a], sizes[b]))
        worth = (both / (sizes[a] + sizes[b] - both) >= SIMILARITY) & (classes[a] != classes[b])
        yield a[worth], b[worth]


def _parts(pairs: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where parts of (N,) sets begin and end that have about :data:`PAIRS_AT_ONCE` together."""
    until = np.cumsum(pairs)
    begin = 0
    while begin < len(pairs):
        limit = until[begin] - pairs[begin] + PAIRS_AT_ONCE
        end = max(int(np.searchsorted(until, limit, side="right")), begin + 1)
        yield begin, end
        begin = end


def _prefixes(sets: list[WordSet]) -> "csr_matrix":
    """(N, V) which words are among the first of each set, the rarest being first."""
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.sparse import csr_matrix

    frequency = Counter(chain.from_iterable(sets))
    ordered = sorted(frequency, key=lambda word: (frequency[word], word))
    number = {word: place for place, word in enumerate(ordered)}
    prefixes = [
        sorted(number[word] for word in words)[: _prefix_length(len(words))] for words in sets
    ]
    columns = np.fromiter(chain.from_iterable(prefixes), dtype=np.int64)
    starts = np.cumsum([0, *map(len, prefixes)])
    ones = np.ones(len(columns), dtype=np.int64)
    return csr_matrix((ones, columns, starts), shape=(len(sets), len(ordered)))


def _prefix_length(size: int) -> int:
    """A near set shares ``SIMILARITY * size`` words or more: not all are among the others."""
    needed = math.ceil(SIMILARITY * size - 1e-9)  # What rounding adds must not shorten a prefix.
    return size - needed + 1


def _jaccard(one: WordSet, other: WordSet) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both)
