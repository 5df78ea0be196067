"""Sentences of nearly the same words under different labels.

To compare every two sentences would take too long, and there is no need. With their words ordered
from the rarest of all on, two sets that share enough must share one of the first few of each
(prefix filtering: Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007). Only
such pairs are compared, and none is missed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcnn.core.sentences import segment_places

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SIMILARITY = 0.8
"""Words in both of two sentences, as a share of those in either, that make them nearly the same.

Of twenty words, two may have been replaced (18 / 22). Below four, only equal sets reach it.
"""

PAIRS_AT_ONCE = 1 << 16
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
    sets, labels = zip(*rows, strict=True)
    pairs: dict[tuple[int, int], float] = {}
    for a, b, similarity in _near_pairs(_word_table(sets), np.array(labels)):
        # Of each set the nearest; of equally near ones the first.
        best = np.lexsort((b, -similarity, a))
        best = best[np.unique(a[best], return_index=True)[1]]
        ends = np.sort([a[best], b[best]], axis=0).T.tolist()
        pairs |= zip(map(tuple, ends), similarity[best].tolist(), strict=True)
    found = sorted(pairs.items(), key=lambda pair: (-pair[1], -len(sets[pair[0][0]]), pair[0]))
    sentences = [Sentence(equal[0], label, len(equal)) for (_, label), equal in rows.items()]
    return [NearDuplicates(sentences[a], sentences[b], near) for (a, b), near in found]


def _word_table(sets: Sequence[WordSet]) -> "csr_matrix":
    """(N, V) which words are in each set, the columns from the rarest of all to the commonest."""
    # Imported here: scikit-learn takes longer to load than a sentence to classify.
    from sklearn.feature_extraction.text import CountVectorizer

    table = CountVectorizer(dtype=np.int64, analyzer=list).fit_transform(sets)
    table = table[:, np.argsort(table.getnnz(axis=0), kind="stable")]
    table.sort_indices()
    return table


def _near_pairs(
    table: "csr_matrix", classes: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Numbers of near sets that differ in class, and their similarity; all of a set's together."""
    sizes, prefixes = table.getnnz(axis=1), _prefixes(table)
    after_prefix, others = sizes - prefixes.getnnz(axis=1), prefixes.T.tocsr()
    for begin, end in _parts(prefixes @ others.getnnz(axis=1)):
        shared = (prefixes[begin:end] @ others).tocoo()
        a, b = shared.row + begin, shared.col
        # Of the two prefixes, the one that ends with the rarer word has no word in common with
        # the other set but those shared here; more can only come from what follows it.
        most = shared.data + np.maximum(after_prefix[a], after_prefix[b])
        most = np.minimum(most, np.minimum(sizes[a], sizes[b]))
        worth = (most / (sizes[a] + sizes[b] - most) >= SIMILARITY) & (classes[a] != classes[b])
        a, b = a[worth], b[worth]
        both = np.asarray(table[a].multiply(table[b]).sum(axis=1)).ravel()
        similarity = both / (sizes[a] + sizes[b] - both)
        near = similarity >= SIMILARITY
        yield a[near], b[near], similarity[near]


def _parts(pairs: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where parts of (N,) sets begin and end that have about :data:`PAIRS_AT_ONCE` together."""
    until = np.cumsum(pairs)
    begin = 0
    while begin < len(pairs):
        limit = until[begin] - pairs[begin] + PAIRS_AT_ONCE
        end = max(int(np.searchsorted(until, limit, side="right")), begin + 1)
        yield begin, end
        begin = end


def _prefixes(table: "csr_matrix") -> "csr_matrix":
    """The table with the first few words of each set alone."""
    from scipy.sparse import csr_matrix

    sizes = table.getnnz(axis=1)
    # A near set shares SIMILARITY * size words or more: not all are among the others. What
    # rounding adds must not shorten a prefix.
    lengths = sizes - np.ceil(SIMILARITY * sizes - 1e-9).astype(np.int64) + 1
    places = segment_places(table.indptr[:-1], lengths)
    starts = np.append(0, np.cumsum(lengths))
    return csr_matrix((table.data[places], table.indices[places], starts), shape=table.shape)
