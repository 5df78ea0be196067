"""Going on from a trained network with other sentences, new words and new labels.

What the network knows stays: the vectors of its words, its filters, the weights of its labels and
its counts. New words and labels start as those of a new network do.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.core.vocabulary import Vocabulary
from textcnn.recipe.ngrams.counts import Counts, in_larger_base
from textcnn.recipe.ngrams.ngrams import rows_of
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.config import Config, flag
from textcnn.training.run_folder import find_checkpoint

INHERITED = (
    "tokenizer",
    "max_tokens",
    "multilabel",
    "mode",
    "embedding_dim",
    "filter_sizes",
    "num_filters",
    "ngrams",
    "subwords",
)
"""Options that the network has decided."""


def initial_checkpoint(config: Config) -> Checkpoint | None:
    """The network that ``--init-from`` names, if it names one.

    Raises:
        UserError: it cannot be gone on from, or the options ask for another kind of network.
    """
    if config.init_from is None:
        return None
    initial = load_checkpoint(find_checkpoint(Path(config.init_from)), for_training=True)
    check_inherited(config, initial)
    return initial


def inherited_options(initial: Checkpoint) -> dict[str, object]:
    """The options that a run going on from ``initial`` must have.

    Raises:
        UserError: nothing can go on from it.
    """
    if initial.training is None or initial.others:
        raise UserError(
            "--init-from: an ensemble, or a file that holds only what classifying needs; go on "
            "from a single network's best.h5 or last.h5"
        )
    return {name: getattr(initial.config, name) for name in INHERITED}


def check_inherited(config: Config, initial: Checkpoint) -> None:
    """Raise :class:`UserError` where the options ask for another network than ``initial`` is."""
    for name, value in inherited_options(initial).items():
        asked = getattr(config.resolved(), name)
        if asked != value:
            raise UserError(
                f"{flag(name)} {asked}: the network of --init-from has {value}; leave it out"
            )


def counted_before(initial: Checkpoint, vocabulary: Vocabulary, labels: Sequence[str]) -> Counts:
    """What ``initial`` counted, among the words and labels of a run that goes on from it.

    Raises:
        UserError: it has kept no counts.
    """
    counts = _kept_counts(initial)
    if counts is None:
        raise UserError(
            "--init-from: a checkpoint from before counts were kept in it, which going on needs; "
            "train it anew"
        )
    return counts.among(vocabulary.words, _columns(initial, labels), len(labels))


def _kept_counts(initial: Checkpoint) -> Counts | None:
    return None if initial.training is None else initial.training.counts


def take_over(
    parameters: Parameters,
    architecture: Architecture,
    labels: Sequence[str],
    counts: Counts | None,
    initial: Checkpoint,
) -> None:
    """Put what ``initial`` has learnt in the place of new parameters.

    Args:
        parameters: of the new network, changed in place.
        architecture: its shapes.
        labels: its classes.
        counts: its counts, those of ``initial`` included, or None.
        initial: the network to go on from, whose words are the first of the new one's.

    Raises:
        UserError: the new network's word vectors have another length.
    """
    if architecture.embedding_dim != initial.config.embedding_dim:
        raise UserError(
            f"--vectors have {architecture.embedding_dim} dimensions, the network of --init-from "
            f"has {initial.config.embedding_dim}; leave them out"
        )
    for name, place in places(architecture, labels, counts, initial).items():
        parameters[name][place] = initial.parameters[name]


Place = tuple[slice | np.ndarray, ...]
"""The part of a new array where an old one goes."""


def places(
    architecture: Architecture, labels: Sequence[str], counts: Counts | None, initial: Checkpoint
) -> dict[str, Place]:
    """Where each of the parameters of ``initial`` goes; see :func:`take_over`."""
    columns = _columns(initial, labels)
    words: Place = (slice(0, len(initial.vocabulary)),)
    found: dict[str, Place] = dict.fromkeys(architecture.channels, words)
    found |= dict.fromkeys(("convolution/weights", "convolution/bias"), (slice(None),))
    found |= dict.fromkeys(("dense/weights", "dense/bias"), (columns,))
    if counts is None:
        return found
    kinds = np.arange(len(architecture.evidence))[:, None] * len(labels)
    found["evidence/weights"] = np.ix_(columns, (kinds + columns).ravel())
    corrected = {kind for kind, _ in initial.architecture.corrections}
    for kind, _ in architecture.corrections:
        if kind in corrected:
            found[f"corrections/{kind}"] = np.ix_(_rows(kind, counts, initial), columns)
    return found


def _columns(initial: Checkpoint, labels: Sequence[str]) -> np.ndarray:
    """Where each of the old classes stands among the new ones."""
    return np.array([labels.index(label) for label in initial.labels])


def _rows(name: str, counts: Counts, initial: Checkpoint) -> np.ndarray:
    """Where each row of an old table of corrections stands in the new one."""
    before = _kept_counts(initial)
    assert before is not None
    for old, new in zip(before.kinds, counts.kinds, strict=True):
        if new.name == name and old.keys is not None and new.keys is not None:
            keys = in_larger_base(old.keys, old.order, len(before.words), len(counts.words))
            # The last row is that of unknown n-grams.
            return np.append(rows_of(keys, new.keys), len(new.keys))
    return np.arange(len(initial.vocabulary))
