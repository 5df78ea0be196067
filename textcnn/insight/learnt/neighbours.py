"""Where words stand among each other, before and after training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textcnn.core.architecture import random_vectors
from textcnn.core.vocabulary import UNKNOWN
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint

STILL_ALIKE = 0.3
"""Median cosine of words with where they started, below which that is not where they did."""


@dataclass(frozen=True)
class Start:
    """The word vectors before training.

    Attributes:
        vectors: (V, D), or None where they are not known.
        source: what they are, or why they are not known.
    """

    vectors: np.ndarray | None
    source: str


@dataclass(frozen=True)
class Neighbours:
    """A word's nearest.

    Attributes:
        word: the word.
        before: those before training, with their cosines; None where that is not known.
        after: those now.
        distance: how far it has moved (Euclidean); None where that is not known.
    """

    word: str
    before: list[tuple[str, float]] | None
    after: list[tuple[str, float]]
    distance: float | None


def tuned_vectors(checkpoint: Checkpoint) -> np.ndarray:
    """(V, D) the word vectors as they are; of an ensemble, those of its first network."""
    return checkpoint.networks[0][checkpoint.architecture.channels[-1]]


def starting_vectors(checkpoint: Checkpoint, report: Callable[[str], None]) -> Start:
    """The vectors that training began with.

    Vectors from a file are read again, random ones drawn again from the seed. Neither is taken
    on trust: words have to be near where they would then have started.

    Args:
        checkpoint: the model.
        report: is given a line before anything that takes long.

    Raises:
        UserError: the vectors can no longer be read.
        RunError: they could not be fetched.
    """
    config, architecture = checkpoint.config, checkpoint.architecture
    if "embedding/static" in architecture.channels:
        kept = checkpoint.networks[0]["embedding/static"]
        return Start(kept, f"the vectors of {config.vectors}, which it keeps")
    if config.init_from is not None:
        return Start(None, f"it went on from another network ({config.init_from})")
    if config.vectors == "train":
        return Start(None, "they were trained first, and not kept")
    shape = (architecture.vocabulary_size, architecture.embedding_dim)
    # As initial_parameters and fill_unknown draw them.
    rng = np.random.default_rng([config.network_seed or 0, 1])
    if config.vectors is None:
        vectors = random_vectors(rng, shape)
        source = f"drawn again from the seed {config.network_seed}"
    else:
        # Imported here: gensim is slow to load.
        from textcnn.data.vectors import fill_unknown, load_vectors

        vectors = fill_unknown(
            load_vectors(config.vectors, checkpoint.vocabulary.words, report), rng
        )
        source = f"the vectors of {config.vectors}"
    if vectors.shape != shape or np.median(_cosines(vectors, tuned_vectors(checkpoint))) < (
        STILL_ALIKE
    ):
        return Start(None, f"{source} are not near where these words are")
    return Start(vectors, source)


def neighbours(
    checkpoint: Checkpoint, words: Sequence[str], start: Start, top: int
) -> list[Neighbours]:
    """The nearest words of each of ``words`` by cosine, through gensim.

    Raises:
        UserError: the vocabulary does not hold one.
    """
    numbers = {word: number for number, word in enumerate(checkpoint.vocabulary.words)}
    for word in words:
        if numbers.get(word, UNKNOWN) == UNKNOWN:
            raise UserError(
                f"--words {word}: not in the vocabulary; give words as the tokenizer "
                f"{checkpoint.config.tokenizer} makes them"
            )
    after = tuned_vectors(checkpoint)
    before_keyed = None if start.vectors is None else _keyed(checkpoint, start.vectors)
    after_keyed = _keyed(checkpoint, after)
    found = []
    for word in words:
        moved = None
        if start.vectors is not None:
            moved = float(np.linalg.norm(after[numbers[word]] - start.vectors[numbers[word]]))
        before = None if before_keyed is None else _nearest(before_keyed, word, top)
        found.append(Neighbours(word, before, _nearest(after_keyed, word, top), moved))
    return found


def moved_furthest(checkpoint: Checkpoint, start: Start, top: int) -> list[tuple[str, float]]:
    """The words whose vectors training has moved furthest (Euclidean), and how far."""
    if start.vectors is None:
        return []
    distances = np.linalg.norm(tuned_vectors(checkpoint) - start.vectors, axis=1)
    distances[UNKNOWN] = 0
    best = np.argsort(-distances, kind="stable")[:top].tolist()
    words = checkpoint.vocabulary.words
    return [(words[row], float(distances[row])) for row in best if distances[row] > 0]


def _keyed(checkpoint: Checkpoint, vectors: np.ndarray) -> Any:
    """gensim's KeyedVectors of all words that have a direction."""
    # Imported here, with what it wants to warn of: gensim is slow to load.
    from textcnn.data.vectors.word_vectors import quiet_gensim

    with quiet_gensim():
        from gensim.models import KeyedVectors

        some = np.flatnonzero(vectors.any(axis=1))
        some = some[some != UNKNOWN]
        keyed = KeyedVectors(vectors.shape[1])
        keyed.add_vectors([checkpoint.vocabulary.words[row] for row in some], vectors[some])
    return keyed


def _nearest(keyed: Any, word: str, top: int) -> list[tuple[str, float]]:
    if word not in keyed or not top:
        return []
    return [(str(near), float(cosine)) for near, cosine in keyed.most_similar(word, topn=top)]


def _cosines(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """(V,) of each row of A and that of B; 0 where one has no direction."""
    norms = np.linalg.norm(A, axis=1) * np.linalg.norm(B, axis=1)
    return (A * B).sum(axis=1) / np.where(norms > 0, norms, np.inf)
