"""The words and n-grams that push most towards each class by counting; this needs no data."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textcnn.core.vocabulary import UNKNOWN
from textcnn.recipe.ngrams.naive_bayes import Evidence
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Item:
    """A counted word or n-gram.

    Attributes:
        text: its words.
        pushes: (C,) what it adds to each class; with one label a sentence, less the mean over
            the classes.
    """

    text: str
    pushes: np.ndarray


def counted_items(checkpoint: Checkpoint, top: int) -> dict[str, list[list[Item]]]:
    """By kind, for each class the ``top`` items that push most towards it.

    The kind "words" has what the word's parts add in it, as the network adds them up.
    """
    if checkpoint.naive_bayes is None:
        return {}
    weighed = checkpoint.naive_bayes.weighed_by([checkpoint.parameters, *checkpoint.others])
    return {kind.name: list(_by_class(checkpoint, kind, top)) for kind in weighed.evidence}


def _by_class(checkpoint: Checkpoint, kind: Evidence, top: int) -> Iterator[list[Item]]:
    # The row of what was not counted is no item: that of the unknown word, or the last.
    first, end = (UNKNOWN + 1, len(kind.values)) if kind.keys is None else (0, len(kind.keys))
    pushes = kind.values[first:end] / checkpoint.temperature
    if not checkpoint.config.multilabel:
        pushes = pushes - pushes.mean(axis=1, keepdims=True)
    for column in pushes.T:
        best = np.argsort(-column, kind="stable")[:top].tolist()
        yield [
            Item(_item_words(checkpoint, kind, first + row), pushes[row])
            for row in best
            if column[row] > 0
        ]


def _item_words(checkpoint: Checkpoint, kind: Evidence, row: int) -> str:
    words, numbers = checkpoint.vocabulary.words, [row]
    if kind.keys is not None:
        numbers, rest = [], int(kind.keys[row])
        for _ in range(kind.order):
            rest, digit = divmod(rest, len(words))
            numbers.insert(0, digit)
    return " ".join(printable(words[number]) for number in numbers)
