"""Recognising sentences a network was trained on, without keeping them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


def sentence_hashes(sentences: Iterable[Sequence[str]]) -> np.ndarray:
    """(N,) uint64, the first 8 bytes of SHA-256 of each sentence's tokens.

    Tokens, not characters: two spellings that the network cannot tell apart are one sentence.
    Among a million sentences two share a hash by chance with probability below one in ten million.
    """
    digests = (
        hashlib.sha256("\0".join(tokens).encode("utf-8", "surrogatepass")).digest()[:8]
        for tokens in sentences
    )
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)


NO_TOKEN = sentence_hashes([()])[0]
"""The hash of all sentences without a token, of which nothing was seen."""


def are_known(hashes: np.ndarray, training_hashes: np.ndarray) -> np.ndarray:
    """(N,) booleans: which of N sentences stand among those of training."""
    known: np.ndarray = np.isin(hashes, training_hashes) & (hashes != NO_TOKEN)
    return known


@dataclass(frozen=True)
class Division:
    """What a model hands on to one that goes on from it: its sentences by part, and its labels.

    Attributes:
        train, dev, test: uint64 hashes of the sentences of each part; none is in two.
        labels: names of its classes.
    """

    train: np.ndarray
    dev: np.ndarray
    test: np.ndarray
    labels: tuple[str, ...]
