"""An estimator's parameters as options of training, and back."""

import dataclasses
import numbers
import os
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from textcnn.core.tokenizers import AUTO, CUSTOM
from textcnn.data.datasets.rows import READING_OPTIONS
from textcnn.estimator.checking import NAME, InputError, in_python
from textcnn.recipe.config import Config
from textcnn.training.checkpoint import Checkpoint
from textcnn.training.continuing import check_inherited

OF_FILES = (
    "data",
    *READING_OPTIONS,
    "dev_data",
    "test_data",
    "test_share",
    "init_from",
    "rehearse",
    "checkpoint_every",
    "checkpoints_kept",
)
"""Options that mean nothing in memory, or are told from what ``fit`` is given."""

PARAMETERS = tuple(
    field.name
    for field in dataclasses.fields(Config)
    if field.name not in (*OF_FILES, "class_weight", "seed")
)
"""Options that are parameters of the same name, with the same default."""

IN_MEMORY = "(given in Python)"
"""What a checkpoint names as its data, or as the network that it went on from."""


def described_options() -> str:
    """The parameters that are options of training, as they stand in the estimator's docstring."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    described = []
    for name in PARAMETERS:
        default, words = fields[name].default, fields[name].metadata["default_words"]
        if name == "tokenizer":
            words = "auto; or any function from a text to its tokens"
        told = in_python(f"{fields[name].metadata['help']} Default: {words or repr(default)}.")
        lines = textwrap.wrap(f"{name}: {told}", 90, subsequent_indent=" " * 12)
        described += [f"        {lines[0]}", *lines[1:]]
    return "\n".join(described)


def config_of(
    parameters: Mapping[str, Any], several: bool, seed: int, initial: Checkpoint | None
) -> Config:
    """The options that an estimator's parameters ask for.

    Args:
        parameters: of ``TextCNNClassifier``, by name.
        several: whether a sentence may have several labels.
        seed: what ``random_state`` came to.
        initial: a network to go on from, or None.

    Raises:
        UserError: a value that cannot be, or that is not the one of ``initial``.
    """
    values = {name: _plain(parameters[name]) for name in PARAMETERS}
    values["tokenizer"] = CUSTOM if callable(values["tokenizer"]) else values["tokenizer"]
    values["class_weight"] = _class_weight(parameters["class_weight"])
    values |= {"seed": seed, "multilabel": several, "data": (IN_MEMORY,), "test_share": 0.0}
    if initial is not None:
        _inherit(values, initial)
    if values["vectors_text"] is not None and values["tokenizer"] == CUSTOM:
        raise InputError("vectors_text can be read with tokenizers given by their name only")
    # None where that is the default is left out; anywhere else it is a mistake.
    given = {k: it for k, it in values.items() if it is not None or getattr(Config, k) is not None}
    config = Config.from_mapping(given, NAME)
    if initial is not None:
        check_inherited(config, initial)
    return config


def _inherit(values: dict[str, Any], initial: Checkpoint) -> None:
    """Leave to ``initial`` what it has decided."""
    values["init_from"] = IN_MEMORY
    if values["tokenizer"] == AUTO:
        values["tokenizer"] = initial.config.tokenizer
    if values["mode"] is None:
        values["mode"] = initial.config.mode
    if values["vectors"] is not None:
        values["embedding_dim"] = initial.config.embedding_dim
    # Vectors trained anew would have nothing to do with those of the words known already.
    if values["vectors"] == "train":
        values["vectors"] = values["vectors_text"] = None


def _plain(value: Any) -> Any:
    """Numbers of NumPy's and paths as the options have them."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return value


def _class_weight(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return "none"
    if value != "balanced":
        raise InputError(f"class_weight {value!r}: choose from None, 'balanced' or a dict")
    return "balanced"


def seed_of(random_state: Any) -> int:
    """The seed of a run: the number itself, or one drawn from a generator.

    Raises:
        ValueError: it is none of what scikit-learn takes for one.
    """
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def parameters_of(
    checkpoint: Checkpoint, tokenizer: Callable[[str], list[str]] | None
) -> dict[str, Any]:
    """The parameters with which an estimator would train such a network.

    Args:
        checkpoint: of the network, in whose options nothing is left undecided.
        tokenizer: where the network has one of the user's, that.
    """
    config = checkpoint.config
    parameters = {name: _undecided(config, name) for name in PARAMETERS}
    if config.tokenizer == CUSTOM:
        parameters["tokenizer"] = tokenizer
    elif checkpoint.tokenizer_chosen:
        parameters["tokenizer"] = AUTO
    weighted = None if config.class_weight == "none" else config.class_weight
    return {**parameters, "class_weight": weighted, "random_state": config.seed}


def _undecided(config: Config, name: str) -> Any:
    """The option, or None where that would come to the same, so that it follows the others."""
    value = getattr(config, name)
    if getattr(Config, name) is not None:
        return value
    nothing: dict[str, Any] = {name: None}
    decided = dataclasses.replace(config, **nothing).resolved()
    return None if getattr(decided, name) == value else value
