"""The smallest change of a sentence that changes its label."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.inference.model import Model

WORDS_AT_ONCE = 1 << 18
"""Words of all changed sentences that are classified together: a bound on memory."""


@dataclass(frozen=True)
class Change:
    """A sentence with one word left out, or two neighbours swapped, and its prediction.

    Attributes:
        kind: "deletion" or "swap".
        at: number of the (first) word concerned.
        words: that word, or the two.
        tokens: the sentence changed.
        probabilities: (C,) then.
        predicted: numbers of the labels that it is given then.
        flips: whether these are other labels than before.
        label: the label whose probability is compared: the one that was predicted or, where labels
            are decided by themselves, the one that moves most.
        drop: how much less probable it becomes; below 0 where it becomes more.
    """

    kind: str
    at: int
    words: tuple[str, ...]
    tokens: list[str]
    probabilities: np.ndarray
    predicted: list[int]
    flips: bool
    label: int
    drop: float


def what_if(model: Model, tokens: Sequence[str]) -> Change | None:
    """The change that says most about the prediction; None for a sentence without words.

    Every deletion of a word and every swap of neighbours is tried. Of those that change the label,
    the one that concerns the fewest words, and of these the one that costs the label most
    probability; where none does, the one that moves the probability most.

    Args:
        model: the model.
        tokens: the sentence.
    """
    before = model.probabilities(model.token_logits([tokens]))[0]
    return min(_changes(model, tokens, before), key=_rank, default=None)


def _rank(change: Change) -> tuple[bool, int, float]:
    return not change.flips, len(change.words) if change.flips else 0, -abs(change.drop)


def _changes(model: Model, tokens: Sequence[str], before: np.ndarray) -> Iterator[Change]:
    """Every change of a sentence that is classified with these (C,) probabilities."""
    variants, given = _variants(tokens), model.predicted(before)
    # Some at a time: all of a long document's are as many words as the square of its own.
    size = max(WORDS_AT_ONCE // max(len(tokens), 1), 1)
    while tried := list(itertools.islice(variants, size)):
        probabilities = model.probabilities(model.token_logits([changed for *_, changed in tried]))
        for (kind, at, changed), row in zip(tried, probabilities, strict=True):
            predicted = model.predicted(row)
            differing = sorted(set(given) ^ set(predicted))
            among = (differing or range(len(row))) if model.several else given
            drops = {label: float(before[label]) - float(row[label]) for label in among}
            label = max(drops, key=lambda label: abs(drops[label]))
            words = tuple(tokens[at : at + (1 if kind == "deletion" else 2)])
            yield Change(
                kind, at, words, changed, row, predicted, bool(differing), label, drops[label]
            )


def _variants(tokens: Sequence[str]) -> Iterator[tuple[str, int, list[str]]]:
    """(kind, at, tokens) of every change."""
    for at in range(len(tokens)):
        yield "deletion", at, [*tokens[:at], *tokens[at + 1 :]]
    for at in range(len(tokens) - 1):
        if tokens[at] != tokens[at + 1]:
            yield "swap", at, [*tokens[:at], tokens[at + 1], tokens[at], *tokens[at + 2 :]]
