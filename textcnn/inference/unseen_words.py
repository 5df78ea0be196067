"""Words that training never saw, given their pretrained vectors when sentences are classified."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from textcnn.core.architecture import Parameters
from textcnn.core.vocabulary import UNKNOWN, UNKNOWN_WORD, Vocabulary
from textcnn.recipe.ngrams.counts import in_larger_base
from textcnn.recipe.ngrams.naive_bayes import Evidence, NaiveBayes
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


def unseen(sentences: Iterable[Sequence[str]], vocabulary: Vocabulary) -> list[str]:
    """The different words of these token lists that the vocabulary does not hold, sorted."""
    words = {word for sentence in sentences for word in sentence}
    return sorted(words - {UNKNOWN_WORD, *vocabulary.words})


def with_vectors(checkpoint: Checkpoint, words: Sequence[str], vectors: np.ndarray) -> Checkpoint:
    """The same model with more words, whose vectors are in its static channel.

    In a tuned channel beside it they have the unknown word's vector; counts say nothing of them.

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
    naive_bayes = checkpoint.naive_bayes
    return dataclasses.replace(
        checkpoint,
        vocabulary=longer,
        parameters=_longer(checkpoint.parameters, vectors),
        others=tuple(_longer(other, vectors) for other in checkpoint.others),
        naive_bayes=naive_bayes
        and NaiveBayes(
            [
                _more_words(kind, len(checkpoint.vocabulary), len(longer))
                for kind in naive_bayes.evidence
            ],
            len(longer),
        ),
        training=None,
    )


def _longer(parameters: Parameters, vectors: np.ndarray) -> Parameters:
    """The parameters with rows for as many words more as there are vectors."""
    longer = dict(parameters)
    for name in ("embedding/static", "embedding/tuned", "corrections/words"):
        if name not in parameters:
            continue
        table, size = parameters[name], len(vectors)
        if name == "embedding/static":
            rows = vectors.astype(table.dtype)
        elif name == "embedding/tuned":
            rows = np.repeat(table[UNKNOWN : UNKNOWN + 1], size, axis=0)
        else:
            rows = np.zeros((size, table.shape[1]), table.dtype)
        longer[name] = np.concatenate([table, rows])
    return longer


def _more_words(kind: Evidence, before: int, after: int) -> Evidence:
    if kind.keys is not None:
        keys = in_larger_base(kind.keys, kind.order, before, after)
        return Evidence(kind.name, kind.order, keys, kind.values)
    nothing = np.zeros((after - before, kind.values.shape[1]), kind.values.dtype)
    return dataclasses.replace(kind, values=np.concatenate([kind.values, nothing]))
