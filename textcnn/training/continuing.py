"""Going on from a trained network with other sentences, new words and new labels.

What the network knows stays: the vectors of its words, its filters and the weights of its labels.
New words and labels start as those of a new network do.
"""

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textcnn.core.architecture import Architecture, Parameters
from textcnn.data.datasets.corpus import Corpora
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.data.fingerprints import Division
from textcnn.data.labels import label_names
from textcnn.data.tokenized_data import Report
from textcnn.recipe.config import Config, command_words, flag
from textcnn.support.errors import RunError, UserError
from textcnn.support.files import make_folder, replacing
from textcnn.support.text import some
from textcnn.training.checkpoint import Checkpoint, load_checkpoint
from textcnn.training.run_folder import RunFolder, find_checkpoint

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


@dataclass(frozen=True)
class InitialNetwork:
    """A trained network to go on from, once for each half of a run.

    Attributes:
        best: of ``best.h5``; trained on its dev sentences too, if it was refit.
        chosen: of ``chosen.h5``, as it was when its dev sentences chose, which it had not been
            trained on, so that they can choose again; where that is not kept, the same as ``best``.
    """

    best: Checkpoint
    chosen: Checkpoint

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "InitialNetwork":
        """The network alone."""
        return cls(checkpoint, checkpoint)

    @property
    def handed_on(self) -> Division:
        """Its sentences by part: what ``chosen`` has been trained on trains again."""
        return self.chosen.handed_on


def initial_network(config: Config, run: RunFolder | None = None) -> InitialNetwork | None:
    """The network that ``--init-from`` names, if it names one.

    Args:
        config: the options.
        run: one that has begun, which may have kept it (:func:`keep_initial`).

    Raises:
        UserError: it cannot be gone on from, or the options ask for another kind of network.
    """
    if config.init_from is None:
        return None
    path = Path(config.init_from)
    if run is not None and run.initial.best.exists():
        path = run.initial.path
    initial = load_checkpoint(find_checkpoint(path))
    check_inherited(config, initial)
    chosen = RunFolder(path).chosen
    if not chosen.is_file():
        return InitialNetwork.of(initial)
    return InitialNetwork(initial, load_checkpoint(chosen))


def keep_initial(path: Path, run: RunFolder) -> None:
    """Copy the network that a run goes on from into its folder.

    Each half of a run and each network of an ensemble begins with it, after a stop too: with the
    same one then, whatever has become of it.

    Args:
        path: of its run or its checkpoint.
        run: that goes on.

    Raises:
        RunError: writing failed.
    """
    kept, chosen = run.initial, RunFolder(path).chosen
    make_folder(kept.checkpoints, "--out")
    # The one that tells that it is kept comes last.
    for source, target in ((chosen, kept.chosen), (find_checkpoint(path), kept.best)):
        if source.is_file():
            with replacing(target) as aside:
                shutil.copyfile(source, aside)


def with_rehearsal(
    config: Config, corpora: Corpora, initial: Checkpoint, report: Report
) -> tuple[Config, Corpora]:
    """The same and, where they lack one of the network's labels, what the network was trained on.

    Of a label that training lacks a network soon knows less, and predicts others in its place
    (McCloskey and Cohen 1989); that is avoided by rehearsal (Robins 1995).

    Args:
        config: the options.
        corpora: what they name.
        initial: the network to go on from.
        report: told, in one line, what was found.
    """
    if config.merge_labels:
        corpora = corpora.merged(initial.labels)
    there = label_names(corpora.all_texts.labels, config.multilabel)
    missing = [label for label in initial.labels if label not in there]
    if config.rehearse or not missing:
        return config, corpora
    rehearse = initial.config.files
    config = dataclasses.replace(config, rehearse=rehearse)
    labels = f"label{'s' if len(missing) > 1 else ''} {some(missing)}"
    lack = f"--data has no sentence of {labels}, which the network knows"
    try:
        corpora = corpora.rehearsing(config, report)
    except (UserError, RunError) as error:
        report(f"{lack}, and its own data cannot be read: {error}")
        return dataclasses.replace(config, rehearse=()), corpora
    report(f"{lack}: its own data is learnt from too, {', '.join(rehearse)}")
    return config, corpora


def inherited_options(initial: Checkpoint) -> dict[str, object]:
    """The options that a run going on from ``initial`` must have.

    Raises:
        UserError: nothing can go on from it.
    """
    if len(initial.networks) > 1:
        raise UserError("--init-from: an ensemble; go on from a single network")
    if initial.rounded:
        raise UserError(
            "--init-from: a small copy, whose numbers have fewer bits; go on from the network that "
            "it was made of"
        )
    return {name: getattr(initial.config, name) for name in INHERITED}


def usual_options(initial: Checkpoint) -> dict[str, object]:
    """Options that a run going on from ``initial`` has unless others are given.

    Raises:
        UserError: nothing can go on from it.
    """
    reading = {name: getattr(initial.config, name) for name in READING_OPTIONS}
    given = {name: value for name, value in reading.items() if value is not None}
    return {**given, **inherited_options(initial)}


def check_inherited(config: Config, initial: Checkpoint) -> None:
    """Raise :class:`UserError` where the options ask for another network than ``initial`` is."""
    for name, value in inherited_options(initial).items():
        asked = getattr(config.resolved(), name)
        if asked != value:
            given = " ".join(command_words(name, asked))
            *_, kept = command_words(name, value)
            has = f"has {kept}"
            if isinstance(value, bool):
                has = f"was trained {'with' if value else 'without'} {flag(name)}"
            raise UserError(f"{given}: the network of --init-from {has}; leave it out")


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
