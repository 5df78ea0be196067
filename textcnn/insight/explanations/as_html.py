"""Explanations as one web page that needs nothing but itself: no script, no request, no font."""

from collections.abc import Sequence
from typing import Any

from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.what_if import Change
from textcnn.insight.explanations.wording import (
    change_words,
    kind_words,
    label_words,
    share,
    term_words,
)
from textcnn.insight.pages import render, shaded_words


def page(explained: Sequence[tuple[Explanation, Change | None]], top: int, source: str) -> str:
    """The whole page.

    Args:
        explained: the explanations, each with its smallest change or None.
        top: rows of each table of n-grams.
        source: which model it was.

    Raises:
        ImportError: Jinja2 is not installed.
    """
    sections = [_section(explanation, change, top) for explanation, change in explained]
    return render("explanations.html", "Why these labels", explained=sections, source=source)


def _section(explanation: Explanation, change: Change | None, top: int) -> dict[str, Any]:
    shares = list(map(share, explanation.probabilities))
    names = label_words(explanation, explanation.answered)
    if len(explanation.answered) == 1:
        names += f" {shares[explanation.answered[0]]}"
    terms, labels = explanation.strongest(), explanation.columns
    parts = (explanation.bias, *explanation.by_source, explanation.logits)
    return {
        "names": names,
        "sentences": [
            (explanation.labels[label], shares[label], shaded_words(explanation, label))
            for label in explanation.explained
        ],
        "unknown": " ".join(explanation.unknown_words),
        "change": "" if change is None else change_words(explanation, change),
        "labels": [explanation.labels[label] for label in labels],
        "terms": [
            (
                term_words(term, explanation.tokens),
                kind_words(term),
                explanation.pushes(term.values)[labels].tolist(),
            )
            for term in terms[:top]
        ],
        "left_out": max(len(terms) - top, 0),
        "sums": [
            (explanation.labels[label], [float(values[label]) for values in parts], shares[label])
            for label in explanation.ranked
        ],
    }
