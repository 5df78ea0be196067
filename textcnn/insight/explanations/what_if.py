"""The smallest change of a sentence that changes its label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textcnn.inference.model import TokenModel

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


def what_if(answers: TokenModel, tokens: Sequence[str]) -> Change | None:
    """The change that says most about the answer; None for a sentence without words.

    Every deletion of a word and every swap of neighbours is tried. Of those that change the label,
    the one that concerns the fewest words, and of these the one that costs the label most
    probability; where none does, the one that moves the probability most.

    Args:
        answers: the model.
        tokens: the sentence.
    """
    tried = list(_variants(tokens))
    if not tried:
        return None
    before = answers.probabilities(answers.token_logits([tokens]))[0]
    after = answers.probabilities(_logits(answers, [changed for _, _, changed in tried]))
    given = answers.answered(before)
    changes = [
        _change(answers, tokens, variant, before, row, given)
        for variant, row in zip(tried, after, strict=True)
    ]
    flipping = [change for change in changes if change.flips]
    if flipping:
        return min(flipping, key=lambda change: (len(change.words), -abs(change.drop)))
    return max(changes, key=lambda change: abs(change.drop))


Variant = tuple[str, int, list[str]]


def _variants(tokens: Sequence[str]) -> Iterator[Variant]:
    """(kind, at, tokens) of every change."""
    for at in range(len(tokens)):
        yield "deletion", at, [*tokens[:at], *tokens[at + 1 :]]
    for at in range(len(tokens) - 1):
        if tokens[at] != tokens[at + 1]:
            yield "swap", at, [*tokens[:at], tokens[at + 1], tokens[at], *tokens[at + 2 :]]


def _logits(answers: TokenModel, sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """(N, C), in one batch unless a long document makes that too large."""
    longest = max(map(len, sentences))
    size = max(WORDS_AT_ONCE // max(longest, 1), 1)
    parts = [sentences[start : start + size] for start in range(0, len(sentences), size)]
    return np.concatenate([answers.token_logits(part) for part in parts])


def _change(
    answers: TokenModel,
    tokens: Sequence[str],
    variant: Variant,
    before: np.ndarray,
    after: np.ndarray,
    given: list[int],
) -> Change:
    kind, at, changed = variant
    answered = answers.answered(after)
    differing = sorted(set(given) ^ set(answered))
    if answers.several:
        among = differing or list(range(len(after)))
        label = max(among, key=lambda index: abs(float(before[index] - after[index])))
    else:
        label = given[0]
    return Change(
        kind,
        at,
        tuple(tokens[at : at + (1 if kind == "deletion" else 2)]),
        changed,
        after,
        answered,
        bool(differing),
        label,
        float(before[label]) - float(after[label]),
    )
