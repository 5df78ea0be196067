"""Labels of Python types, such as whole numbers, and their names, which are text everywhere else.

A checkpoint holds the names of its classes and, in one word, of which type they were, so that what
was trained on 0 and 1 answers with 0 and 1 after it was saved and loaded.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

TEXT = "str"

_PARSERS: dict[str, Callable[[str], Any]] = {
    TEXT: str,
    "int": int,
    "float": float,
    "bool": {"False": False, "True": True}.__getitem__,
}

LONGEST = 2**26
"""Characters that an array of text may take; NumPy gives each item the room of the longest."""


def label_name(value: object) -> str:
    """How a label is written; :func:`values_of` reads it."""
    return value if isinstance(value, str) else str(value)


def kind_of(values: Sequence[Any]) -> str:
    """The type of labels, as :attr:`textcnn.training.checkpoint.Checkpoint.label_kind` names it.

    Labels of several types, of others than ``str``, ``int``, ``float`` and ``bool``, or beyond 64
    bits come back as text.
    """
    kind, *others = {type(value).__name__ for value in values}
    if others or kind not in _PARSERS:
        return TEXT
    return kind if all(_is_written(label_name(value), kind) for value in values) else TEXT


def check_kind(names: Sequence[str], kind: str) -> None:
    """Raise ValueError where there is no such kind, or one of the names is of another."""
    if kind not in _PARSERS:
        raise ValueError(f"labels/kind is none of {', '.join(_PARSERS)}")
    if not all(_is_written(name, kind) for name in names):
        raise ValueError(f"a label is not how a {kind} is written")


def values_of(names: Sequence[str], kind: str) -> np.ndarray:
    """(C,) labels from their names, in the order given; see :func:`check_kind`."""
    values = list(map(_PARSERS[kind], names))
    if kind == TEXT and len(names) * max(map(len, names)) > LONGEST:
        return np.array(values, dtype=object)
    return np.array(values)


def _is_written(name: str, kind: str) -> bool:
    """Whether this is how :func:`label_name` writes a value of that kind."""
    try:
        value = _PARSERS[kind](name)
    except (ValueError, LookupError):
        return False
    inside = kind != "int" or -(2**63) <= value < 2**63
    return inside and str(value) == name
