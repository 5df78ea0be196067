"""The nearest words of a word, by the cosine of their vectors."""

from collections.abc import Sequence

import numpy as np

from textcnn.core.vocabulary import UNKNOWN
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint


def word_table(checkpoint: Checkpoint) -> np.ndarray:
    """(V, D) the word vectors as they are; of an ensemble, those of its first network."""
    return checkpoint.networks[0][checkpoint.architecture.channels[-1]]


def neighbours(
    checkpoint: Checkpoint, words: Sequence[str], top: int
) -> dict[str, list[tuple[str, float]]]:
    """The nearest words of each of ``words``, with their cosines, the nearest first.

    A word whose vector is zero has none.

    Raises:
        UserError: the vocabulary does not hold one.
    """
    known = checkpoint.vocabulary.words
    ids = {word: token_id for token_id, word in enumerate(known)}
    directions = word_table(checkpoint).astype(np.float32)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-30)
    found = {}
    for word in words:
        token_id = ids.get(word, UNKNOWN)
        if token_id == UNKNOWN:
            raise UserError(
                f"--words {word}: not in the vocabulary; give words as the tokenizer "
                f"{checkpoint.config.tokenizer} makes them"
            )
        others = directions.any(axis=1) & directions[token_id].any()
        others[[token_id, UNKNOWN]] = False
        rows = np.flatnonzero(others)
        cosines = directions[rows] @ directions[token_id]
        best = np.argsort(-cosines, kind="stable")[:top].tolist()
        found[word] = [(known[rows[at]], float(cosines[at])) for at in best]
    return found
