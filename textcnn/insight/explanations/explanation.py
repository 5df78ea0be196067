"""The explanation of one prediction: its terms, which add up to the logits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.insight.explanations.what_if import Change

FILTERS = "filters"
"""The kind of a term that comes from the convolution; the others are the n-gram expert's."""


@dataclass(frozen=True)
class Term:
    """A term of the logits: what one n-gram adds.

    Attributes:
        kind: :data:`FILTERS`, or of the n-gram expert: "words" (a word with its parts), "2-grams"
            and so on.
        start, end: its words are ``tokens[start:end]``; none in an empty sentence.
        before, after: places of the window that lie before and after the sentence.
        values: (C,) float64.
    """

    kind: str
    start: int
    end: int
    before: int
    after: int
    values: np.ndarray

    @property
    def height(self) -> int:
        """Places in the window, those beyond the sentence included."""
        return self.before + self.end - self.start + self.after


@dataclass(frozen=True)
class Explanation:
    """An explanation: why a sentence was classified as it was.

    The bias and all terms add up to the logits, up to the rounding of 32-bit additions.

    Attributes:
        text: the sentence.
        tokens: n, as the network read them.
        unknown: numbers of those tokens that training never saw.
        labels: names of the C classes.
        several: a sentence may have several labels, each decided by itself.
        predicted: numbers of the labels that it was given.
        bias: (C,) float64, what every sentence is given.
        terms: those that are not zero; by kind, in the order of the sentence.
        logits: (C,) as the classifier has them.
        probabilities: (C,) likewise.
    """

    text: str
    tokens: list[str]
    unknown: list[int]
    labels: list[str]
    several: bool
    predicted: list[int]
    bias: np.ndarray
    terms: list[Term]
    logits: np.ndarray
    probabilities: np.ndarray

    @property
    def explained(self) -> list[int]:
        """The labels that pushes are shown for: those predicted, or else the most probable."""
        return self.predicted or [int(self.probabilities.argmax())]

    @property
    def ranked(self) -> list[int]:
        """All labels, the most probable first."""
        return np.argsort(-self.probabilities, kind="stable").tolist()

    @property
    def columns(self) -> list[int]:
        """All labels as a table shows them: those explained, then the others by probability."""
        return list(dict.fromkeys([*self.explained, *self.ranked]))

    @property
    def column_names(self) -> list[str]:
        """The names of these labels."""
        return [self.labels[label] for label in self.columns]

    @property
    def unknown_words(self) -> list[str]:
        """The different words that training never saw."""
        return list(dict.fromkeys(self.tokens[index] for index in self.unknown))

    @property
    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(C,) the bias, the terms of the filters, those of the n-gram expert, and the logits."""
        filters, counts = np.zeros(len(self.labels)), np.zeros(len(self.labels))
        for term in self.terms:
            (filters if term.kind == FILTERS else counts)[:] += term.values
        return self.bias, filters, counts, self.logits

    @property
    def words(self) -> np.ndarray:
        """(n, C) the terms by word, each shared equally among the words it covers.

        How much of an n-gram's term belongs to which of its words cannot be told, since ReLU and
        the maximum see the window as a whole; equal shares keep the sum.
        """
        shares = np.zeros((len(self.tokens), len(self.labels)))
        for term in self.terms:
            if term.end > term.start:
                shares[term.start : term.end] += term.values / (term.end - term.start)
        return shares

    def pushes(self, values: np.ndarray) -> np.ndarray:
        """What (..., C) terms do for each class.

        With one label a sentence only differences between logits count, so that is a term less its
        mean over the classes; where labels are decided by themselves, it is the term.
        """
        return values if self.several else values - values.mean(axis=-1, keepdims=True)

    def strongest(self) -> list[Term]:
        """The terms by their push for a label that is :attr:`explained`, the largest first."""

        def size(term: Term) -> float:
            return float(np.abs(self.pushes(term.values)[self.explained]).max())

        return sorted(self.terms, key=size, reverse=True)


def as_object(explanation: Explanation, change: Change | None = None) -> dict[str, Any]:
    """Everything in an explanation, as plain values.

    Numbers of ``contributions`` and of ``bias`` add up to ``logits``; ``words`` hold the
    contributions by word.
    """
    labels = explanation.labels
    predicted = [labels[index] for index in explanation.predicted]
    found = {
        "text": explanation.text,
        "label": predicted if explanation.several else predicted[0],
        "probabilities": _by_label(explanation, explanation.probabilities),
        "logits": _by_label(explanation, explanation.logits),
        "bias": _by_label(explanation, explanation.bias),
        "tokens": explanation.tokens,
        "unknown": explanation.unknown,
        "words": [
            {"word": token, "values": _by_label(explanation, row)}
            for token, row in zip(explanation.tokens, explanation.words, strict=True)
        ],
        "contributions": [_term(explanation, term) for term in explanation.strongest()],
    }
    if change is not None:
        found["what_if"] = _change(explanation, change)
    return found


def _by_label(explanation: Explanation, values: np.ndarray) -> dict[str, float]:
    return dict(zip(explanation.labels, values.tolist(), strict=True))


def _term(explanation: Explanation, term: Term) -> dict[str, Any]:
    return {
        "text": " ".join(explanation.tokens[term.start : term.end]),
        "start": term.start,
        "end": term.end,
        "kind": term.kind,
        "height": term.height,
        "before": term.before,
        "after": term.after,
        "values": _by_label(explanation, term.values),
    }


def _change(explanation: Explanation, change: Change) -> dict[str, Any]:
    predicted = [explanation.labels[index] for index in change.predicted]
    return {
        "kind": change.kind,
        "at": change.at,
        "words": list(change.words),
        "tokens": change.tokens,
        "label": predicted if explanation.several else predicted[0],
        "flips": change.flips,
        "probabilities": _by_label(explanation, change.probabilities),
    }
