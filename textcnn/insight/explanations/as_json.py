"""Explanations as JSON objects."""

from typing import Any

import numpy as np

from textcnn.insight.explanations.explanation import Explanation, Term
from textcnn.insight.explanations.what_if import Change


def as_object(explanation: Explanation, change: Change | None = None) -> dict[str, Any]:
    """Everything in an explanation, as plain values.

    Numbers of ``contributions`` and of ``bias`` add up to ``logits``; ``words`` hold the
    contributions by word.
    """
    labels = explanation.labels
    answered = [labels[index] for index in explanation.answered]
    found = {
        "text": explanation.text,
        "label": answered if explanation.several else answered[0],
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
    answered = [explanation.labels[index] for index in change.answered]
    return {
        "kind": change.kind,
        "at": change.at,
        "words": list(change.words),
        "tokens": change.tokens,
        "label": answered if explanation.several else answered[0],
        "flips": change.flips,
        "probabilities": _by_label(explanation, change.probabilities),
    }
