"""Explanations for a terminal: in colour where there is one, with numbers in brackets elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np

from textcnn.insight.explanations.explanation import Explanation
from textcnn.insight.explanations.what_if import Change
from textcnn.insight.explanations.wording import (
    change_words,
    columns,
    fitted,
    kind_words,
    share,
    signed,
    term_words,
)
from textcnn.support.text import printable

FOR, AGAINST = "green", "magenta"
"""A pair that is told apart with every common kind of colour blindness."""

STRONG, WEAK = 0.5, 0.1
"""Shares of the strongest word's push from which on a word is bold, and below which it is plain."""

MOST_LABELS = 4
"""Labels in the columns of a table."""

NARROW = 60
"""Columns below which a table has room for one label."""

COLUMN = 9
"""Narrowest column of numbers."""

SHORTEST_TEXT = 12
"""Columns that an n-gram is given at least."""


@dataclass(frozen=True)
class Screen:
    """What is written on.

    Attributes:
        width: columns; None where lines may be of any length, as in a pipe.
        colour: whether colours are shown.
    """

    width: int | None = None
    colour: bool = False

    @property
    def narrow(self) -> bool:
        """Whether a table has room for one label only."""
        return self.width is not None and self.width < NARROW


def as_text(
    explanation: Explanation, top: int, screen: Screen, change: Change | None = None
) -> str:
    """The sentence, its strongest n-grams, and how they add up."""
    blocks = [
        "\n".join(_answer(explanation, screen)),
        *(_sentence(explanation, label, screen) for label in explanation.explained),
        "\n".join(_ngrams(explanation, top, screen)),
        "\n".join(_sums(explanation, screen)),
    ]
    if change is not None:
        blocks.append("\n".join(_wrapped(f"what if: {change_words(explanation, change)}", screen)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _answer(explanation: Explanation, screen: Screen) -> list[str]:
    lines = []
    for label in explanation.explained:
        name, probability = printable(explanation.labels[label]), explanation.probabilities[label]
        answer = f"{name} {share(probability)}"
        lines.append(answer if explanation.answered else f"no label; nearest is {answer}")
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
    green, magenta = click.style("green", fg=FOR), click.style("magenta", fg=AGAINST)
    bold = click.style("bold", bold=True)
    return _wrapped(f"{green} for {name}, {magenta} against, {bold} strongly", screen)


def _coloured(word: str, push: float, most: float) -> str:
    if most == 0 or abs(push) < WEAK * most:
        return word
    colour = FOR if push > 0 else AGAINST
    return click.style(word, fg=colour, bold=True if abs(push) >= STRONG * most else None)


def _ngrams(explanation: Explanation, top: int, screen: Screen) -> list[str]:
    """The table of what pushed most."""
    terms = explanation.strongest()
    shown = terms[:top]
    if not shown:
        return []
    kinds = [kind_words(term) for term in shown]
    kind_width = max(map(len, kinds))
    labels = explanation.columns[: 1 if screen.narrow else MOST_LABELS]
    names = [printable(explanation.labels[index]) for index in labels]
    widths = [min(max(COLUMN, columns(name)), 2 * COLUMN) for name in names]
    if screen.width is not None:  # No more than there is room for, but one.
        used = SHORTEST_TEXT + kind_width + 2 + np.cumsum([width + 2 for width in widths])
        fitting = max(int((used <= screen.width).sum()), 1)
        labels, names, widths = labels[:fitting], names[:fitting], widths[:fitting]
    texts = [term_words(term, explanation.tokens) for term in shown]
    text_width = max(columns(text) for text in (*texts, "what pushed most"))
    if screen.width is not None:
        room = screen.width - kind_width - sum(widths) - 2 * (1 + len(widths))
        text_width = min(text_width, max(room, SHORTEST_TEXT))
    head = [fitted("what pushed most", text_width), " " * kind_width]
    lines = ["  ".join([*head, *map(_right, names, widths)])]
    for term, text, kind in zip(shown, texts, kinds, strict=True):
        pushes = explanation.pushes(term.values)
        cells = [_number(float(pushes[index]), screen, width)
                 for index, width in zip(labels, widths, strict=True)]  # fmt: skip
        lines.append("  ".join([fitted(text, text_width), f"{kind:{kind_width}}", *cells]))
    if len(terms) > len(shown):
        lines.append(f"and {len(terms) - len(shown)} more")
    return lines


def _number(push: float, screen: Screen, width: int) -> str:
    words = f"{signed(push):>{width}}"
    if not screen.colour or words.strip()[0] not in "+-":
        return words
    return click.style(words, fg=FOR if push > 0 else AGAINST)


def _right(name: str, width: int) -> str:
    return " " * max(width - columns(name), 0) + fitted(name, min(columns(name), width))


def _sums(explanation: Explanation, screen: Screen) -> list[str]:
    """How bias, filters and n-grams add up to each label's logit."""
    parts = np.array([explanation.bias, *explanation.by_source, explanation.logits])
    shown = explanation.ranked[:MOST_LABELS]
    names = [printable(explanation.labels[index]) for index in shown]
    shares = [share(explanation.probabilities[index]) for index in shown]
    if screen.narrow:
        lines = []
        for index, name, probability in zip(shown, names, shares, strict=True):
            bias, filters, ngrams, logit = map(signed, parts[:, index])
            line = f"{name}: {bias} bias {filters} filters {ngrams} n-grams = {logit} -> "
            lines += _wrapped(line + probability, screen)
        return lines
    width = min(max(columns(name) for name in (*names, "label")), 3 * COLUMN)
    lines = [f"{fitted('label', width)}     bias + filters + n-grams =   logit  probability"]
    for index, name, probability in zip(shown, names, shares, strict=True):
        numbers = "   ".join(f"{signed(value):>7}" for value in parts[:, index])
        lines.append(f"{fitted(name, width)}  {numbers}  {probability:>11}")
    if len(explanation.labels) > len(shown):
        lines.append(f"and {len(explanation.labels) - len(shown)} labels more")
    return lines


def _wrapped(line: str, screen: Screen) -> list[str]:
    return _flowed(line.split(" "), screen.width)


def _flowed(pieces: Sequence[str], width: int | None) -> list[str]:
    """Pieces in lines that are no wider than there is room; colours take none."""
    lines: list[str] = []
    line, used = "", 0
    for piece in pieces:
        size = columns(click.unstyle(piece))
        if line and width is not None and used + 1 + size > width:
            lines.append(line)
            line, used = piece, size
        else:
            line, used = (f"{line} {piece}", used + 1 + size) if line else (piece, size)
    return [*lines, line]
