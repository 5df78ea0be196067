"""Parts of words: the characters that words share when they do not share the whole."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import UNKNOWN

SHORTEST = 3
"""Characters in the shortest parts, as in Bojanowski et al. (2017), section 4.1."""


def subwords(word: str, longest: int) -> list[str]:
    """All parts of ``word`` of 3 to ``longest`` characters, its ends marked ``<`` and ``>``."""
    marked = f"<{word}>"
    return [
        marked[start : start + size]
        for size in range(SHORTEST, longest + 1)
        for start in range(len(marked) - size + 1)
    ]


def number_subwords(words: Sequence[str], longest: int) -> tuple[PackedSentences, int]:
    """The parts of each word as numbers, packed, and how many different parts there are.

    The unknown word has none.
    """
    numbers: dict[str, int] = {}
    parts = [
        []
        if number == UNKNOWN
        else [numbers.setdefault(part, len(numbers)) for part in subwords(word, longest)]
        for number, word in enumerate(words)
    ]
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    flat = np.fromiter(chain.from_iterable(parts), np.int64, int(lengths.sum()))
    return PackedSentences(flat, lengths), len(numbers)
