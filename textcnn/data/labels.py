"""Labels: several of a sentence as one text, and the types that labels have in Python."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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


BETWEEN = "\t"


def join_labels(labels: Iterable[str]) -> str:
    """The labels of a sentence, each once and sorted, as one text; empty for none."""
    return BETWEEN.join(sorted(set(labels)))


def split_labels(label: str) -> list[str]:
    """The labels in what :func:`join_labels` made."""
    return label.split(BETWEEN) if label else []


def label_names(labels: Iterable[str], multilabel: bool) -> list[str]:
    """The different labels of N sentences, sorted: the order of their classes."""
    if not multilabel:
        return sorted(set(labels))
    return sorted({name for joined in set(labels) for name in split_labels(joined)})


def members(labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """(N, C) booleans: which of the C names each of N sentences has.

    Args:
        labels: N, as :func:`join_labels` makes them.
        names: of the classes; a label that is none of them is a KeyError.
    """
    number = {name: index for index, name in enumerate(names)}
    found = np.zeros((len(labels), len(names)), bool)
    for row, joined in enumerate(labels):
        for name in split_labels(joined):
            found[row, number[name]] = True
    return found


def targets_of(labels: Sequence[str], names: Sequence[str], multilabel: bool) -> np.ndarray:
    """(N,) classes of N sentences or, with several labels a sentence, their :func:`members`."""
    if multilabel:
        return members(labels, names)
    number = {name: index for index, name in enumerate(names)}
    return np.array([number[label] for label in labels], dtype=np.int64)


def strata(keys: Sequence[str], labels: Sequence[str], smallest: int) -> list[str]:
    """A stratum for each of N rows, so that rare labels are spread evenly over parts.

    A sentence belongs to the stratum of its rarest label, and has those of its first row. Strata
    too small to be divided are put together, and what is still too small joins the largest.

    Args:
        keys: N sentences; rows of the same one are in the same stratum.
        labels: N, as :func:`join_labels` makes them.
        smallest: different sentences that a stratum needs.
    """
    first = dict(zip(reversed(keys), reversed(labels), strict=True))
    names = {key: split_labels(joined) for key, joined in first.items()}
    counts = Counter(name for its in names.values() for name in its)
    rarest = {
        key: min(its, key=lambda name: (counts[name], name), default="")
        for key, its in names.items()
    }
    sizes = Counter(rarest.values())
    merged = {key: name if sizes[name] >= smallest else BETWEEN for key, name in rarest.items()}
    sizes = Counter(merged.values())
    largest = max(sizes, key=lambda name: (sizes[name], name))
    return [merged[key] if sizes[merged[key]] >= smallest else largest for key in keys]
