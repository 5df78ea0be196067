"""The windows that every filter chose in every training sentence."""

from dataclasses import dataclass

import numpy as np

from textcnn.core.layers.convolve_and_pool import WINDOWS_AT_ONCE
from textcnn.core.sentences import PackedSentences
from textcnn.inference.network import Member
from textcnn.insight.explanations.explaining import winning_features

BEYOND = -1
"""Stands for a place before or after the sentence where a token id would stand."""


@dataclass(frozen=True)
class Scan:
    """One network's pooled features of N sentences.

    Attributes:
        features: (N, heights * F) float32, after bias and ReLU.
        starts: (N, heights * F) int32, the first word of each winning window, below 0 where it
            begins before the sentence.
    """

    features: np.ndarray
    starts: np.ndarray


def scan(network: Member, sentences: PackedSentences) -> Scan:
    """Run one network's filters over N sentences of token ids."""
    shape = (len(sentences), len(network.projected.step_sizes))
    features, starts = np.empty(shape, np.float32), np.empty(shape, np.int32)
    for length in np.unique(sentences.lengths).tolist():
        rows = np.flatnonzero(sentences.lengths == length)
        for block in np.array_split(rows, 1 + len(rows) * length // WINDOWS_AT_ONCE):
            words = sentences.take(block).token_ids.reshape(len(block), length).T
            features[block], starts[block] = winning_features(network, words)
    return Scan(features, starts)


def windows_at(
    sentences: PackedSentences, rows: np.ndarray, starts: np.ndarray, height: int
) -> np.ndarray:
    """(A, height) the token ids of windows, :data:`BEYOND` outside their sentence.

    Args:
        sentences: N sentences of token ids.
        rows: (A,) which sentence each window is of.
        starts: (A,) its first word.
        height: words in a window.
    """
    # In 32 bits, as there is one for each word of each window.
    inside = starts[:, None].astype(np.int32) + np.arange(height, dtype=np.int32)
    places = sentences.starts[rows][:, None].astype(np.int32) + inside
    within = (inside >= 0) & (inside < sentences.lengths[rows][:, None])
    words = np.append(sentences.token_ids, sentences.token_ids.dtype.type(BEYOND))
    return words[np.where(within, places, len(words) - 1)]
