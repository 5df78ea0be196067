"""Parts of words, plainly for one word and as hashed numbers for many."""

from collections.abc import Sequence

import numpy as np

from textcnn.core.sentences import PackedSentences, segment_places
from textcnn.recipe.ngrams.ngrams import HASH_FACTOR

SHORTEST = 3
"""Characters in the shortest parts, as in Bojanowski et al. (2017), section 4.1."""


def part_keys(words: Sequence[str], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """All parts of :data:`SHORTEST` to ``longest`` characters of words, hashed.

    A word's ends are marked ``<`` and ``>``.

    Args:
        words: V of them.
        longest: characters in the longest parts; 0 for no parts.

    Returns:
        (T,) int64 keys, none below 0, and (T,) int64, the number of the word each is a part of.
        Two of a million different parts have the same key once in ten million times.
    """
    letters = _letters(words)
    starts, found, owners = letters.starts, [], []
    for size in range(SHORTEST, longest + 1):
        lengths = np.maximum(letters.lengths - (size - 1), 0)
        places = segment_places(starts, lengths)
        keys = np.full(len(places), size, np.uint64)
        for j in range(size):
            keys += letters.token_ids[places + j]
            keys *= HASH_FACTOR
            keys ^= keys >> np.uint64(32)
        found.append((keys >> np.uint64(1)).view(np.int64))
        owners.append(np.repeat(np.arange(len(words)), lengths))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(found), np.concatenate(owners)


def _letters(words: Sequence[str]) -> PackedSentences:
    """Code points of the words between their marks ``<`` and ``>``."""
    marked = [f"<{word}>" for word in words]
    # Half a surrogate pair is a character here, as it is to Python.
    codes = np.frombuffer("".join(marked).encode("utf-32-le", "surrogatepass"), "<u4")
    return PackedSentences(codes.astype(np.uint64), np.array([len(w) for w in marked], np.int64))
