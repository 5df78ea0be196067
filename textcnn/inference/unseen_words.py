"""Words that training never saw, given their pretrained vectors when sentences are classified."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from textcnn.core.architecture import Parameters
from textcnn.core.vocabulary import UNKNOWN, UNKNOWN_WORD, Vocabulary
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint


def check_static(checkpoint: Checkpoint) -> None:
    """Raise :class:`UserError` where pretrained vectors are not what the network reads."""
    if "embedding/static" not in checkpoint.architecture.channels:
        raise UserError(
            f"--vectors: this network has tuned its vectors (--mode {checkpoint.config.mode}), and "
            "a pretrained one would stand where they no longer are; train with --mode static or "
            "multichannel"
        )


def find_unseen(sentences: Iterable[Sequence[str]], vocabulary: Vocabulary) -> list[str]:
    """The different words of these token lists that the vocabulary does not hold, sorted."""
    words = {word for sentence in sentences for word in sentence}
    return sorted(words - {UNKNOWN_WORD, *vocabulary.words})


def with_vectors(checkpoint: Checkpoint, words: Sequence[str], vectors: np.ndarray) -> Checkpoint:
    """The same model with more words, whose vectors are in its static channel.

    In a tuned channel beside it they have the unknown word's vector; of the n-gram expert, what
    their parts say. Sentences of known words are classified as before; only where a new vector is
    longer than all others, every prediction is rounded anew.

    Args:
        checkpoint: with a static channel.
        words: U words that its vocabulary does not hold.
        vectors: (U, D) floats.

    Raises:
        UserError: the network has no static channel, or vectors of another size.
    """
    check_static(checkpoint)
    dim = checkpoint.config.embedding_dim
    if vectors.shape[1] != dim:
        raise UserError(
            f"--vectors: its vectors have {vectors.shape[1]} numbers, those of the network {dim}"
        )
    longer = Vocabulary([*checkpoint.vocabulary.words, *words])
    return dataclasses.replace(
        checkpoint,
        vocabulary=longer,
        networks=tuple(_longer(parameters, vectors) for parameters in checkpoint.networks),
        ngrams=checkpoint.ngrams and checkpoint.ngrams.with_words(words),
        training=None,
    )


def _longer(parameters: Parameters, vectors: np.ndarray) -> Parameters:
    """The parameters with rows for as many words more as there are vectors."""
    longer = dict(parameters)
    for name in {"embedding/static", "embedding/tuned"} & parameters.keys():
        table, rows = parameters[name], vectors
        if name == "embedding/tuned":
            rows = np.repeat(table[UNKNOWN : UNKNOWN + 1], len(vectors), axis=0)
        longer[name] = np.concatenate([table, rows.astype(table.dtype)])
    return longer
