"""N-grams of words as single numbers."""

import numpy as np

from textcnn.packed import PackedSentences, segment_places
from textcnn.vocabulary import UNKNOWN

LARGEST_KEY = np.iinfo(np.int64).max


def ngram_keys(
    sentences: PackedSentences, order: int, vocabulary_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Every n-gram as one number: its words are the digits, in base V.

    Args:
        sentences: B sentences of word numbers below V.
        order: words in an n-gram.
        vocabulary_size: V; ``V ** order`` must not be above :data:`LARGEST_KEY`.

    Returns:
        (T,) int64 keys, -1 for an n-gram that holds the unknown word, sentence after sentence; and
        (B,) how many each sentence has.
    """
    lengths = np.maximum(sentences.lengths - (order - 1), 0)
    places = segment_places(sentences.starts, lengths)
    words = sentences.words.astype(np.int64)
    keys = words[places]
    unknown = keys == UNKNOWN
    for j in range(1, order):
        digits = words[places + j]
        unknown |= digits == UNKNOWN
        keys = keys * vocabulary_size + digits
    keys[unknown] = -1
    return keys, lengths


def rows_of(keys: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Where each key stands among the ascending ``known``; ``len(known)`` where it does not."""
    if len(known) == 0:
        return np.zeros(len(keys), np.int64)
    rows = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    rows[known[rows] != keys] = len(known)
    return rows
