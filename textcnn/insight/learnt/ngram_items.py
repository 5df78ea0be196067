"""The words and n-grams that the n-gram expert lets push most towards each class; needs no data."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from textcnn.recipe.ngrams.expert import NgramExpert
from textcnn.support.text import printable
from textcnn.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Item:
    """A word, with its parts, or an n-gram.

    Attributes:
        text: its words.
        pushes: (C,) what it adds to each class in a sentence of :data:`USUAL_LENGTH` words; with
            one label a sentence, less the mean over the classes.
    """

    text: str
    pushes: np.ndarray


def ngram_items(checkpoint: Checkpoint, top: int) -> dict[str, list[list[Item]]]:
    """By kind, for each class the ``top`` items that push most towards it."""
    expert = checkpoint.ngrams
    if expert is None:
        return {}
    kinds = {"words": 1, **{f"{order}-grams": order for order in expert.orders}}
    return {kind: list(_by_class(checkpoint, expert, order, top)) for kind, order in kinds.items()}


def _by_class(
    checkpoint: Checkpoint, expert: NgramExpert, order: int, top: int
) -> Iterator[list[Item]]:
    weight = float(checkpoint.fusion.weights[1])
    for index in range(expert.num_classes):
        best, pushes = expert.strongest(order, index, top)
        pushes = weight * pushes
        if not checkpoint.config.multilabel:
            pushes = pushes - pushes.mean(axis=1, keepdims=True)
        yield [
            Item(" ".join(map(printable, words)), row)
            for words, row in zip(best, pushes, strict=True)
            if row[index] > 0
        ]
