"""Explanations as one web page that needs nothing but itself: no script, no request, no font."""

from collections.abc import Sequence

from textcnn.insight.explanations import wording
from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.what_if import Change
from textcnn.insight.pages import render, shaded_words


def page(explanations: Sequence[tuple[Explanation, Change | None]], top: int, source: str) -> str:
    """The whole page.

    Args:
        explanations: the explanations, each with its smallest change or None.
        top: rows of each table of n-grams.
        source: which model it was.

    Raises:
        ImportError: Jinja2 is not installed.
    """
    return render(
        "explanations.html",
        "Why these labels",
        explanations=explanations,
        top=top,
        source=source,
        shaded_words=shaded_words,
        wording=wording,
    )
