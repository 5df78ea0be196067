"""Going on from a trained network with other sentences, new words and new labels.

What the network knows stays: the vectors of its words, its filters and the weights of its labels.
New words and labels start as those of a new network do.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.recipe.config import Config, flag
from textcnn.support.errors import UserError
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
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
    if initial.training is None or len(initial.networks) > 1:
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


def take_over(
    parameters: Parameters,
    architecture: Architecture,
    labels: Sequence[str],
    initial: Checkpoint,
) -> None:
    """Put what ``initial`` has learnt in the place of new parameters.

    Args:
        parameters: of the new network, changed in place.
        architecture: its shapes.
        labels: its classes.
        initial: the network to go on from, whose words are the first of the new one's.

    Raises:
        UserError: the new network's word vectors have another length.
    """
    if architecture.embedding_dim != initial.config.embedding_dim:
        raise UserError(
            f"--vectors have {architecture.embedding_dim} dimensions, the network of --init-from "
            f"has {initial.config.embedding_dim}; leave them out"
        )
    for name, place in places(architecture, labels, initial).items():
        parameters[name][place] = initial.networks[0][name]


Place = tuple[slice | np.ndarray, ...]
"""The part of a new array where an old one goes."""


def places(
    architecture: Architecture, labels: Sequence[str], initial: Checkpoint
) -> dict[str, Place]:
    """Where each of the parameters of ``initial`` goes; see :func:`take_over`."""
    columns = label_columns(initial, labels)
    words: Place = (slice(0, len(initial.vocabulary)),)
    return {
        **dict.fromkeys(architecture.channels, words),
        **dict.fromkeys(("convolution/weights", "convolution/bias"), (slice(None),)),
        **dict.fromkeys(("dense/weights", "dense/bias"), (columns,)),
    }


def label_columns(initial: Checkpoint, labels: Sequence[str]) -> np.ndarray:
    """Where each of the old classes stands among the new ones."""
    return np.array([labels.index(label) for label in initial.labels])
