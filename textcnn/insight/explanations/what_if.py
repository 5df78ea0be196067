"""The smallest change of a sentence that changes its label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.inference.model import Model

WORDS_AT_ONCE = 1 << 18
"""Words of all changed sentences that are answered together: a bound on memory."""


@dataclass(frozen=True)
class Change:
    """A sentence with one word left out, or two neighbours swapped, and its answer.

    Attributes:
        kind: "deletion" or "swap".
        at: number of the (first) word concerned.
        words: that word, or the two.
        tokens: the sentence changed.
        probabilities: (C,) then.
        answered: numbers of the labels that it is given then.
        flips: whether these are other labels than before.
        label: the label whose probability is compared: the one that was answered or, where labels
            are decided by themselves, the one that moves most.
        drop: how much less probable it becomes; below 0 where it becomes more.
    """

    kind: str
    at: int
    words: tuple[str, ...]
    tokens: list[str]
    probabilities: np.ndarray
    answered: list[int]
    flips: bool
    label: int
    drop: float


def what_if(model: Model, tokens: Sequence[str]) -> Change | None:
    """The change that says most about the answer; None for a sentence without words.

    Every deletion of a word and every swap of neighbours is tried. Of those that change the label,
    the one that concerns the fewest words, and of these the one that costs the label most
    probability; where none does, the one that moves the probability most.

    Args:
        model: the model.
        tokens: the sentence.
    """
    tried = list(_variants(tokens))
    if not tried:
        return None
    before, *after = _probabilities(model, [tokens, *(changed for _, _, changed in tried)])
    given, changes = model.answered(before), []
    for (kind, at, changed), row in zip(tried, after, strict=True):
        answered = model.answered(row)
        differing = sorted(set(given) ^ set(answered))
        among = (differing or range(len(row))) if model.several else given
        drops = {label: float(before[label]) - float(row[label]) for label in among}
        label = max(drops, key=lambda label: abs(drops[label]))
        words = tuple(tokens[at : at + (1 if kind == "deletion" else 2)])
        changes.append(
            Change(kind, at, words, changed, row, answered, bool(differing), label, drops[label])
        )
    flipping = [change for change in changes if change.flips]
    if flipping:
        return min(flipping, key=lambda change: (len(change.words), -abs(change.drop)))
    return max(changes, key=lambda change: abs(change.drop))


def _variants(tokens: Sequence[str]) -> Iterator[tuple[str, int, list[str]]]:
    """(kind, at, tokens) of every change."""
    for at in range(len(tokens)):
        yield "deletion", at, [*tokens[:at], *tokens[at + 1 :]]
    for at in range(len(tokens) - 1):
        if tokens[at] != tokens[at + 1]:
            yield "swap", at, [*tokens[:at], tokens[at + 1], tokens[at], *tokens[at + 2 :]]


def _probabilities(model: Model, sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """(N, C), in one batch unless a long document makes that too large."""
    size = max(WORDS_AT_ONCE // max(map(len, sentences)), 1)
    parts = [sentences[start : start + size] for start in range(0, len(sentences), size)]
    return model.probabilities(np.concatenate([model.token_logits(part) for part in parts]))
