"""Explanations for a terminal: in colour where there is one, with numbers in brackets elsewhere."""

from collections.abc import Sequence

import click
import numpy as np

from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.what_if import Change
from textcnn.insight.explanations.wording import (
    change_words,
    kind_words,
    probability_words,
    signed,
    term_words,
)
from textcnn.support.tables import BAD, GOOD, Cell, StyledCell, Table, drawn, width_of
from textcnn.support.terminal import Screen
from textcnn.support.text import printable

STRONG, WEAK = 0.5, 0.1
"""Shares of the strongest word's push from which on a word is bold, and below which it is plain."""

MOST_LABELS = 4
"""Labels in a table."""

NARROW = 60
"""Columns of a window below which n-grams are given their pushes for one label."""


def as_text(
    explanation: Explanation, top: int, screen: Screen, change: Change | None = None
) -> str:
    """The sentence, its strongest n-grams, and how they add up."""
    blocks = [
        "\n".join(_prediction(explanation, screen)),
        *(_sentence(explanation, label, screen) for label in explanation.explained),
        _ngrams(explanation, top, screen),
        _sums(explanation, screen),
    ]
    if change is not None:
        blocks.append("\n".join(_wrapped(f"what if: {change_words(explanation, change)}", screen)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _prediction(explanation: Explanation, screen: Screen) -> list[str]:
    lines = []
    for label in explanation.explained:
        name, probability = printable(explanation.labels[label]), explanation.probabilities[label]
        prediction = f"{name} {probability_words(probability)}"
        lines.append(prediction if explanation.predicted else f"no label; nearest is {prediction}")
    if explanation.unknown:
        lines.append("not seen in training: " + " ".join(map(printable, explanation.unknown_words)))
    return [part for line in lines for part in _wrapped(line, screen)]


def _sentence(explanation: Explanation, label: int, screen: Screen) -> str:
    """The words, each with its push for a label."""
    if not explanation.tokens:
        return "(no words)"
    pushes = explanation.pushes(explanation.words)[:, label]
    most = float(np.abs(pushes).max())
    pieces = []
    for token, push in zip(explanation.tokens, pushes.tolist(), strict=True):
        word = printable(token)
        mark = "" if signed(push) == "0.00" else f"[{signed(push)}]"
        pieces.append(_coloured(word, push, most) if screen.colour else word + mark)
    return "\n".join([*_flowed(pieces, screen.width), *_legend(explanation, label, screen)])


def _legend(explanation: Explanation, label: int, screen: Screen) -> list[str]:
    name = printable(explanation.labels[label])
    if not screen.colour:
        return _wrapped(f"(in brackets: how far a word pushes towards {name})", screen)
    green, magenta = click.style("green", fg=GOOD), click.style("magenta", fg=BAD)
    bold = click.style("bold", bold=True)
    return _wrapped(f"{green} for {name}, {magenta} against, {bold} strongly", screen)


def _coloured(word: str, push: float, most: float) -> str:
    if most == 0 or abs(push) < WEAK * most:
        return word
    colour = GOOD if push > 0 else BAD
    return click.style(word, fg=colour, bold=True if abs(push) >= STRONG * most else None)


def _ngrams(explanation: Explanation, top: int, screen: Screen) -> str:
    """The table of what pushed most."""
    terms = explanation.strongest()
    if not terms[:top]:
        return ""
    narrow = screen.width is not None and screen.width < NARROW
    most = 1 if narrow else MOST_LABELS
    labels = explanation.columns[:most]
    heads = ["what pushed most", "", *map(printable, explanation.column_names[:most])]
    rows: list[list[Cell]] = []
    for term in terms[:top]:
        pushes = explanation.pushes(term.values)[labels].tolist()
        words = term_words(term, explanation.tokens)
        rows.append([words, kind_words(term), *map(_number, pushes)])
    table = Table(heads, rows, right=range(2, len(heads)), folding=(0,))
    more = [f"and {len(terms) - top} more"] if len(terms) > top else []
    return "\n".join([drawn(table, screen), *more])


def _number(push: float) -> Cell:
    words = signed(push)
    return words if words == "0.00" else StyledCell(words, GOOD if push > 0 else BAD)


def _sums(explanation: Explanation, screen: Screen) -> str:
    """How bias, filters and n-grams add up to each label's logit."""
    shown, sums = explanation.ranked[:MOST_LABELS], explanation.sums
    rows = [
        [
            printable(explanation.labels[index]),
            *(signed(values[index]) for values in sums),
            probability_words(explanation.probabilities[index]),
        ]
        for index in shown
    ]
    heads = ["label", "bias", "+ filters", "+ n-grams", "= logit", "probability"]
    table = Table(heads, rows, right=range(1, len(heads)), folding=(0,))
    more = len(explanation.labels) - len(shown)
    return "\n".join([drawn(table, screen), *([f"and {more} labels more"] if more else [])])


def _wrapped(line: str, screen: Screen) -> list[str]:
    return _flowed(line.split(" "), screen.width)


def _flowed(pieces: Sequence[str], width: int | None) -> list[str]:
    """Pieces in lines that are no wider than there is room; colours take none."""
    lines: list[str] = []
    line, used = "", 0
    for piece in pieces:
        size = width_of(click.unstyle(piece))
        if line and width is not None and used + 1 + size > width:
            lines.append(line)
            line, used = piece, size
        else:
            line, used = (f"{line} {piece}", used + 1 + size) if line else (piece, size)
    return [*lines, line]
