"""N-grams of words as single numbers."""

import numpy as np

from textcnn.core.sentences import PackedSentences
from textcnn.core.vocabulary import UNKNOWN

LARGEST_KEY = np.iinfo(np.int64).max


def ngram_keys(
    sentences: PackedSentences, order: int, vocabulary_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every n-gram as one number: its words are the digits, in base V.

    Args:
        sentences: B sentences of token ids below V.
        order: words in an n-gram.
        vocabulary_size: V; ``V ** order`` must not be above :data:`LARGEST_KEY`.

    Returns:
        (T,) int64 keys, -1 for an n-gram that holds the unknown word, sentence after sentence; and
        (B,) how many each sentence has.
    """
    lengths = np.maximum(sentences.lengths - (order - 1), 0)
    words = sentences.token_ids
    size = max(len(words) - (order - 1), 0)
    keys = words[:size].astype(np.int64)
    unknown = keys == UNKNOWN
    for j in range(1, order):
        digits = words[j : size + j]
        unknown |= digits == UNKNOWN
        keys *= vocabulary_size
        keys += digits
    keys[unknown] = -1
    # The last words of a sentence begin none: what stands there reaches into the next one.
    begins = np.column_stack([lengths, sentences.lengths - lengths]).ravel()
    return keys[np.repeat(np.resize([True, False], len(begins)), begins)[:size]], lengths


def rebased(keys: np.ndarray, order: int, size: int, larger: int) -> np.ndarray:
    """The keys that n-grams have in a larger vocabulary, which begins with the same words.

    Args:
        keys: (N,) int64, of :func:`ngram_keys` with ``size`` words.
        order: words in an n-gram.
        size: words in the vocabulary of the keys.
        larger: words in the other.

    Raises:
        ValueError: ``larger ** order`` is above :data:`LARGEST_KEY`.
    """
    # Ascending still, since digits are compared from the first word on.
    digits = np.unravel_index(keys, (size,) * order)
    return np.ravel_multi_index(digits, (larger,) * order)


def rows_of(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Where each key stands among the ascending ``known``; ``len(known)`` where it does not."""
    if len(known) == 0:
        return np.zeros(len(keys), np.int64)
    rows = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    rows[known[rows] != keys] = len(known)
    return rows


HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 over the golden ratio: Knuth, The Art of Computer Programming, volume 3, section 6.4."""


class KeyIndex:
    """Finds many keys among many known ones: :func:`rows_of` in a fifth of the time.

    A binary search jumps about in memory some twenty times for each key. Here a key's hash names
    a slot that holds one known key's row; those that find their slot taken are few, and searched.

    Args:
        known: (N,) ascending keys.
    """

    def __init__(self, known: np.ndarray):
        bits = max(int(2 * len(known)).bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        # One more that equals no key, for slots without one.
        self._known = np.append(known, -2)
        self._slots = np.full(1 << bits, len(known), np.int32)
        places, rows = self._places(known), np.arange(len(known), dtype=np.int32)
        self._slots[places] = rows
        self._crowded = np.flatnonzero(self._slots[places] != rows)

    def rows(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key; N for one that is not known."""
        rows = self._slots[self._places(keys)]
        nothing = len(self._known) - 1
        unsure = np.flatnonzero((self._known[rows] != keys) & (rows != nothing))
        crowded = rows_of(keys[unsure], self._known[self._crowded])
        rows[unsure] = np.append(self._crowded, nothing)[crowded]
        return rows

    def _places(self, keys: np.ndarray) -> np.ndarray:
        return (keys.view(np.uint64) * HASH_FACTOR) >> self._shift
