"""Words that stand with one label almost only, far beyond chance.

Where a word comes with a label for a reason that has nothing to do with the task (the name of a
source, a date, a piece of markup), a network learns the word instead of the task. Which words are
of that kind, and which belong to the task, only a reader can tell.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

MIN_SENTENCES = 20
"""Fewer prove nothing.

Of two equally frequent labels, twenty sentences have one given label by chance once in a million
times, and there are thousands of words and of bigrams to try.
"""

MIN_SHARE = 0.99
"""Of a word's sentences, those of one label, from which on the word decides alone."""

LARGEST_P = 0.01
"""Of the test, corrected for the number of tests."""


@dataclass(frozen=True)
class LeakingWord:
    """A word, or two in a row, that stands with one label almost only.

    Attributes:
        words: what it is.
        label: its class.
        count: different sentences it stands in.
        share: of these, those of the class.
        p_value: of a share as large by chance: Fisher's exact test, one-sided, times the number of
            words, bigrams and classes tried (Bonferroni).
    """

    words: str
    label: int
    count: int
    share: float
    p_value: float


def leaking_words(
    tokens: Iterable[Sequence[str]], classes: np.ndarray, num_classes: int
) -> list[LeakingWord]:
    """Find leaking words, the least probable by chance first.

    Equal sentences of equal labels count once, or one that is repeated would make a leak of each
    of its words. Two words in a row are left out where either is found by itself.

    Args:
        tokens: N sentences.
        classes: (N,) their classes.
        num_classes: C.
    """
    # Imported here: SciPy and scikit-learn take longer to load than a sentence to classify.
    from scipy.stats import hypergeom
    from sklearn.feature_extraction.text import CountVectorizer

    different = dict.fromkeys(zip(map(tuple, tokens), classes.tolist(), strict=True))
    labels = np.array([label for _, label in different])
    sentences_of = Counter(word for sentence, _ in different for word in set(sentence))
    known = {word for word, count in sentences_of.items() if count >= MIN_SENTENCES}
    if not known:
        return []

    def words_and_pairs(sentence: Sequence[str]) -> Iterator[str]:
        """Those that may be frequent: no pair stands in more sentences than its words."""
        yield from known.intersection(sentence)
        yield from (f"{a} {b}" for a, b in pairwise(sentence) if a in known and b in known)

    vectorizer = CountVectorizer(binary=True, analyzer=words_and_pairs, dtype=np.int8)
    items = vectorizer.fit_transform(sentence for sentence, _ in different)
    frequent = np.flatnonzero(items.getnnz(axis=0) >= MIN_SENTENCES)
    items, names = items[:, frequent], vectorizer.get_feature_names_out()[frequent]
    counts = np.stack([items[labels == k].getnnz(axis=0) for k in range(num_classes)], axis=1)
    sizes = np.bincount(labels, minlength=num_classes)
    label, most, total = counts.argmax(axis=1), counts.max(axis=1), counts.sum(axis=1)
    decisive = np.flatnonzero(most >= MIN_SHARE * total)
    found = []
    for item in decisive.tolist():
        # In logarithms, as a frequent word's p is too small for a number.
        tail = hypergeom.logsf(most[item] - 1, len(labels), sizes[label[item]], total[item])
        log_p = min(float(tail) + math.log(counts.size), 0.0)
        if log_p <= math.log(LARGEST_P):
            words, share = names[item].split(" "), float(most[item] / total[item])
            found.append((log_p, words, int(label[item]), int(total[item]), share))
    alone = {words[0] for _, words, *_ in found if len(words) == 1}
    return [
        LeakingWord(" ".join(words), label, count, share, math.exp(log_p))
        for log_p, words, label, count, share in sorted(found)
        if len(words) == 1 or alone.isdisjoint(words)
    ]
