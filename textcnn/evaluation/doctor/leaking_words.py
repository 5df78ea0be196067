"""Words that stand with one label almost only, far beyond chance.

Where a word comes with a label for a reason that has nothing to do with the task (the name of a
source, a date, a piece of markup), a network learns the word instead of the task. Which words are
of that kind, and which belong to the task, only a reader can tell.
"""

import math
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Item = tuple[str, ...]
"""A word, or two in a row."""

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
    """Find them, the least probable by chance first.

    Equal sentences of equal labels count once, or one that is repeated would make a leak of each
    of its words. Two words in a row are left out where either is found by itself.

    Args:
        tokens: N sentences.
        classes: (N,) their classes.
        num_classes: C.
    """
    different = list(dict.fromkeys(zip(map(tuple, tokens), classes.tolist(), strict=True)))
    sizes = np.bincount([label for _, label in different], minlength=num_classes)
    words = _counts(((_words(sentence), label) for sentence, label in different), num_classes)
    bigrams = _counts(
        ((_bigrams(sentence, words), label) for sentence, label in different), num_classes
    )
    tests = (len(words) + len(bigrams)) * num_classes
    found = _unlikely(words, sizes, tests)
    alone = {leak.words for _, leak in found}
    rest = {pair: counts for pair, counts in bigrams.items() if alone.isdisjoint(pair)}
    found += _unlikely(rest, sizes, tests)
    return [leak for _, leak in sorted(found, key=lambda it: (it[0], it[1].words))]


def _words(sentence: Sequence[str]) -> set[Item]:
    return {(word,) for word in sentence}


def _bigrams(sentence: Sequence[str], frequent: Container[Item]) -> set[Item]:
    """Those that may be frequent: no bigram stands in more sentences than its words."""
    known = [(word,) in frequent for word in sentence]
    return {
        pair for pair, both in zip(pairwise(sentence), pairwise(known), strict=True) if all(both)
    }


def _counts(sentences: Iterable[tuple[set[Item], int]], num_classes: int) -> dict[Item, list[int]]:
    """How many sentences of each class hold each item, without the rare items."""
    of_class: list[Counter[Item]] = [Counter() for _ in range(num_classes)]
    total: Counter[Item] = Counter()
    for items, label in sentences:
        of_class[label].update(items)
    for counter in of_class:
        total.update(counter)
    return {
        item: [counter[item] for counter in of_class]
        for item, count in total.items()
        if count >= MIN_SENTENCES
    }


def _unlikely(
    counts: dict[Item, list[int]], sizes: np.ndarray, tests: int
) -> list[tuple[float, LeakingWord]]:
    """Those that one label has almost alone and not by chance, each with the logarithm of p.

    Args:
        counts: sentences of each class that hold the item.
        sizes: (C,) sentences of each class.
        tests: what p is multiplied by.
    """
    # Imported here: SciPy takes longer to load than a sentence to classify.
    from scipy.stats import hypergeom

    found = []
    for item, row in counts.items():
        label = int(np.argmax(row))
        total, most = sum(row), row[label]
        if most < MIN_SHARE * total:
            continue
        # In logarithms, as a frequent word's p is too small for a number.
        tail = hypergeom.logsf(most - 1, sizes.sum(), sizes[label], total)
        log_p = min(float(tail) + math.log(tests), 0.0)
        if log_p <= math.log(LARGEST_P):
            found.append(
                (log_p, LeakingWord(" ".join(item), label, total, most / total, math.exp(log_p)))
            )
    return found
