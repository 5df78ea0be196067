"""Words for what is shown of sentences: safe on a terminal."""

from collections.abc import Iterable

from textcnn.insight.explanations.explanation import FILTERS, Explanation, Term
from textcnn.insight.explanations.what_if import Change
from textcnn.support.text import printable

LEVELS = 5
"""Shades of each of the two colours."""

FOR, AGAINST = "27, 120, 55", "118, 42, 131"
"""The ends of ColorBrewer's PRGn, told apart with every common kind of colour blindness."""

SHADES = "".join(
    f".{name}{level} {{ background: rgba({colour}, {level * 0.5 / LEVELS:.2f}); }}\n"
    for name, colour in (("for", FOR), ("against", AGAINST))
    for level in range(1, LEVELS + 1)
)
"""Rules of a style sheet for the classes that :func:`shade` names."""


def shade(push: float, most: float) -> str:
    """The class of a word with this push, ``most`` being the largest; empty for none."""
    level = round(LEVELS * abs(push) / most) if most else 0
    return f"{'for' if push > 0 else 'against'}{level}" if level else ""


START, END = "[start]", "[end]"
"""Stand for the places of a window that lie before and after the sentence."""


def ngram_words(tokens: Iterable[str], before: int, after: int) -> str:
    """An n-gram as it is read, with what its window covers beyond the sentence."""
    words = [printable(token) for token in tokens]
    return " ".join([*[START] * (before > 0), *words, *[END] * (after > 0)])


def term_words(term: Term, tokens: list[str]) -> str:
    """The words of a term."""
    if term.end == term.start:
        return "[no words]"
    return ngram_words(tokens[term.start : term.end], term.before, term.after)


def kind_words(term: Term) -> str:
    """Where a term comes from, in a few words."""
    return f"height {term.height}" if term.kind == FILTERS else "count"


def label_words(explanation: Explanation, numbers: list[int]) -> str:
    """The names of labels."""
    return ", ".join(printable(explanation.labels[index]) for index in numbers) or "no label"


def change_words(explanation: Explanation, change: Change) -> str:
    """A change and what it does, as a sentence."""
    words = [f'"{printable(word)}"' for word in change.words]
    what = (
        f"without {words[0]}"
        if change.kind == "deletion"
        else f"with {' and '.join(words)} swapped"
    )
    label = printable(explanation.labels[change.label])
    before = probability_words(explanation.probabilities[change.label])
    after = probability_words(change.probabilities[change.label])
    moved = f"{label} {before} -> {after}"
    if change.flips:
        return f"{what}: {label_words(explanation, change.predicted)} ({moved})"
    return f"no single change gives another label; most moves {what}: {moved}"


def probability_words(value: float) -> str:
    """``98.4 %``, and never 0 or 100 for what only rounds to it."""
    percent = 100 * float(value)
    if 0 < percent < 0.05:
        return "< 0.1 %"
    if 99.95 <= percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %"


def signed(value: float) -> str:
    """``+0.52``; what rounds to nothing has no sign."""
    words = f"{value:+.2f}"
    return "0.00" if words in ("+0.00", "-0.00") else words


def typeset(value: float) -> str:
    """:func:`signed` with a real minus sign, for pages."""
    return signed(value).replace("-", "−")
