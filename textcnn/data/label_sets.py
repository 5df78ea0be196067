"""Several labels of one sentence as one text, so that a row of data has one label field always.

No label holds a control character (the readers refuse them), so a tab between two cannot be
mistaken for part of one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

BETWEEN = "\t"


def join_labels(labels: Iterable[str]) -> str:
    """The labels of a sentence, each once and sorted, as one text; empty for none."""
    return BETWEEN.join(sorted(set(labels)))


def split_labels(joined: str) -> list[str]:
    """The labels in what :func:`join_labels` made."""
    return joined.split(BETWEEN) if joined else []


def label_names(labels: Iterable[str], multilabel: bool) -> list[str]:
    """The different labels of N sentences, sorted: the order of their classes."""
    if not multilabel:
        return sorted(set(labels))
    return sorted({name for joined in set(labels) for name in split_labels(joined)})


def members(labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """(N, C) booleans: which of the C names each of N sentences has.

    Args:
        labels: N, as :func:`join_labels` makes them.
        names: of the classes; a label that is none of them is a KeyError.
    """
    number = {name: index for index, name in enumerate(names)}
    found = np.zeros((len(labels), len(names)), bool)
    for row, joined in enumerate(labels):
        for name in split_labels(joined):
            found[row, number[name]] = True
    return found


def strata(labels: Sequence[str], smallest: int) -> list[str]:
    """A stratum for each of N sentences, so that rare labels are spread evenly over parts.

    A sentence belongs to the stratum of its rarest label. Strata too small to be divided are put
    together, and what is still too small joins the largest.

    Args:
        labels: N, as :func:`join_labels` makes them.
        smallest: sentences that a stratum needs.
    """
    counts = Counter(name for joined in labels for name in split_labels(joined))
    rarest = [
        min(split_labels(joined), key=lambda name: (counts[name], name), default="")
        for joined in labels
    ]
    sizes = Counter(rarest)
    merged = [name if sizes[name] >= smallest else BETWEEN for name in rarest]
    sizes = Counter(merged)
    largest = max(sizes, key=lambda name: (sizes[name], name))
    return [name if sizes[name] >= smallest else largest for name in merged]
