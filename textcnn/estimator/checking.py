"""What a scikit-learn user gives to fit and to predict, checked and made plain.

Where scikit-learn has words for a mistake, they are used here.
"""

import contextlib
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from textcnn.data.datasets.suggestions import about_names
from textcnn.data.labels import join_labels, label_name
from textcnn.support.errors import RunError, UserError

# What the command line has in the place of a parameter of the same name.
_RENAMED = {"data": "X, y", "seed": "random_state", "init_from": "warm_start"}

_FLAG = re.compile(r"--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)")

_ADVICE = {
    "--data and --filter-sizes need": "filter_sizes needs",
    "; add new ones, or give --dev-data and --test-data": "; add new ones, or call partial_fit, "
    "which holds none out",
    " the network of --init-from has": " the network to go on from has",
    "--dev-share, --test-share: ": "--dev-share: ",
    "; the last checkpoint is kept": "",
}


class InputError(UserError, ValueError):
    """A parameter, or what was given to a method, cannot be used.

    It is a ValueError, as scikit-learn's own, and a :class:`UserError`, as the rest of this
    package's.
    """


@contextlib.contextmanager
def told_in_python() -> Iterator[None]:
    """Name parameters, not flags, in the errors of the core.

    Raises:
        InputError: in the place of a UserError.
        RunError: in other words.
    """
    try:
        yield
    except InputError:
        raise
    except UserError as error:
        raise InputError(in_python(str(error))) from error
    except RunError as error:
        raise RunError(in_python(str(error))) from error


def in_python(words: str) -> str:
    """A message that names ``--batch-size`` as one that names ``batch_size``."""
    for ours, theirs in _ADVICE.items():
        words = words.replace(ours, theirs)
    return _FLAG.sub(_parameter, words)


def _parameter(flag: re.Match[str]) -> str:
    name = flag[1].replace("-", "_")
    return _RENAMED.get(name, name)


NAME = "TextCNNClassifier"
"""Who complains."""


@dataclass(frozen=True)
class TrainingInput:
    """N sentences with their labels and weights, as ``fit`` was given them.

    Attributes:
        texts: N.
        values: (N,) labels of any sortable type, or (N, C) int64 of 0 and 1 where a sentence may
            have several.
        weights: (N,) float64, or None for 1 each.
    """

    texts: list[str]
    values: np.ndarray
    weights: np.ndarray | None

    @classmethod
    def checked(cls, X: Any, y: Any, sample_weight: Any) -> "TrainingInput":
        """Check what was given to ``fit``.

        Raises:
            ValueError: it cannot be used.
        """
        texts = checked_texts(X)
        values = _checked_labels(y)
        check_consistent_length(texts, values)
        return cls(texts, values, _checked_weights(sample_weight, len(texts)))

    @property
    def several(self) -> bool:
        """Whether a sentence may have several labels."""
        return self.values.ndim == 2

    @property
    def classes(self) -> np.ndarray:
        """(C,) the different labels, sorted; the numbers of the columns where there are several."""
        return np.arange(self.values.shape[1]) if self.several else np.unique(self.values)

    def names(self, classes: np.ndarray) -> list[str]:
        """The labels of each sentence as a row of data holds them.

        Args:
            classes: all that there are, sorted.

        Raises:
            ValueError: a label is none of them.
        """
        names = class_names(classes)
        if self.several:
            if self.values.shape[1] != len(classes):
                raise InputError(
                    f"y has {self.values.shape[1]} columns, but there are {len(classes)} classes"
                )
            return [
                join_labels(names[column] for column in np.flatnonzero(row)) for row in self.values
            ]
        return [names[number] for number in self.numbers(classes)]

    def numbers(self, classes: np.ndarray) -> np.ndarray:
        """(N,) the place of each sentence's label among ``classes``, as in :meth:`names`."""
        unknown = np.setdiff1d(self.values, classes)
        if len(unknown):
            raise InputError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. "
                f"'y' has {unknown}."
            )
        return np.searchsorted(classes, self.values)


def checked_texts(X: Any) -> list[str]:
    """The sentences in a list, an array, a Series or another sequence, as plain text.

    Raises:
        ValueError: it is no sequence of text, or an empty one.
    """
    if isinstance(X, str | bytes):
        raise InputError("Iterable over raw text documents expected, string object received.")
    dimensions = 2 if issparse(X) else getattr(X, "ndim", 1)
    if dimensions != 1:
        raise InputError(
            f"Expected a 1D array of texts, got an array of shape {X.shape} instead; where the "
            "texts are a column of a table, give that column"
        )
    if isinstance(X, Mapping | set | frozenset) or not isinstance(X, Iterable):
        raise InputError(f"Expected a sequence of texts, got {type(X).__name__} instead")
    _check_whole(X, "X")
    # Those of NumPy and Arrow hold scalars of their own kind.
    texts = np.asarray(X, object).tolist() if hasattr(X, "__array__") else list(X)
    if not texts:
        raise InputError(
            f"Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required by {NAME}."
        )
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"X[{number}] is {text!r}, of type {type(text).__name__}, not a str")
    return [str(text) for text in texts]


def _check_whole(values: Any, name: str) -> None:
    """Refuse a masked array of NumPy, which would be read as if nothing were masked."""
    if np.ma.is_masked(values):
        raise InputError(f"{name} has masked entries; leave them out, or fill them")


def sequence_of_labels(y: Any) -> Any:
    """``y`` itself, or a list where it is neither an array nor a sequence.

    Raises:
        ValueError: it is missing, has no order that could be that of the texts, or masked entries.
    """
    if y is None:
        raise InputError(f"{NAME} requires y to be passed, but the target y is None")
    if isinstance(y, Mapping | set | frozenset):
        raise InputError(f"Expected a sequence of labels as y, got {type(y).__name__} instead")
    _check_whole(y, "y")
    is_listed = isinstance(y, str | bytes) or hasattr(y, "__array__") or issparse(y)
    return list(y) if isinstance(y, Iterable) and not is_listed else y


def _checked_labels(y: Any) -> np.ndarray:
    y = sequence_of_labels(y)
    if issparse(y):
        sparse: Any = y  # Not all versions of SciPy's types know what a sparse array can do.
        y = sparse.toarray()
    if not isinstance(y, list):
        y = np.asarray(y)
    if not isinstance(y, np.ndarray) or y.dtype == object:
        y = _array_of(list(y))
    if y.dtype.kind in "fc":
        assert_all_finite(y, input_name="y")
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise InputError(f"Unknown label type: {kind}. {ONE_OR_INDICATORS}")
    check_classification_targets(y)
    if kind == "multilabel-indicator":
        # To scikit-learn, two numbers of any size make one.
        if not np.isin(y, (0, 1)).all():
            raise InputError(f"y holds other numbers than 0 and 1. {ONE_OR_INDICATORS}")
        return y.astype(np.int64)
    return without_space(column_or_1d(y, warn=True))


def without_space(y: np.ndarray, name: str = "y") -> np.ndarray:
    """Labels that are text, without the white space around them, as files of data are read.

    Warns where there was any, since whoever scores the predictions has the labels as they were.

    Args:
        y: N labels.
        name: of the parameter.

    Raises:
        ValueError: nothing is left of one.
    """
    labels = y.tolist()
    if not all(isinstance(label, str) for label in labels):
        return y
    stripped = [label.strip() for label in labels]
    if "" in stripped:
        number = stripped.index("")
        raise InputError(f"{name}[{number}] is {labels[number]!r}: the label is missing")
    for doubt in about_names(Counter(stripped), multilabel=False):
        warnings.warn(f"{name}: {doubt.why}", stacklevel=2)
    changed = [label for label, plain in zip(labels, stripped, strict=True) if label != plain]
    if not changed:
        return y
    warnings.warn(
        f"{name}: white space around labels is left out, as of {changed[0]!r}; strip them before "
        "scoring, too",
        stacklevel=2,
    )
    return np.array(stripped, dtype=y.dtype)


ONE_OR_INDICATORS = (
    "Give one label a sentence, or a 2D array of 0 and 1 with a column for each label, which "
    "sklearn.preprocessing.MultiLabelBinarizer makes of lists of labels."
)


def _array_of(labels: list[Any]) -> np.ndarray:
    """The labels as an array; text beside other things, which NumPy would write out, is refused."""
    sets = [label for label in labels if isinstance(label, list | tuple | set | frozenset)]
    if any(isinstance(label, set | frozenset) for label in sets) or any(
        isinstance(cell, str) for label in sets for cell in label
    ):
        raise InputError(f"Some of y are several labels. {ONE_OR_INDICATORS}")
    texts = sum(isinstance(label, str) for label in labels)
    for number, label in enumerate(labels):
        if label is None or (texts and not isinstance(label, str)):
            raise InputError(f"y[{number}] is {label!r}, which is no label beside the others")
    try:
        return np.asarray(labels)
    except ValueError as error:  # Rows of different lengths.
        raise InputError(f"Some of y are several labels. {ONE_OR_INDICATORS}") from error


def _checked_weights(sample_weight: Any, count: int) -> np.ndarray | None:
    if sample_weight is None:
        return None
    _check_whole(sample_weight, "sample_weight")
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(count, float(weights))
    if weights.ndim != 1:
        raise InputError(f"Sample weights must be 1D array or scalar, got {weights.ndim}D array.")
    if weights.shape != (count,):
        raise InputError(f"sample_weight.shape == {weights.shape}, expected {(count,)}!")
    if not weights.any():
        raise InputError("Sample weights must contain at least one non-zero number.")
    return weights


def class_names(classes: np.ndarray) -> list[str]:
    """The names of classes, in their order, as checkpoints and the command line have them.

    Raises:
        ValueError: two are alike, or one could not be shown on a line.
    """
    names = list(map(label_name, classes.tolist()))
    if len(set(names)) != len(names):
        raise InputError(f"y: two different labels are written alike: {names}")
    for name in names:
        if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
            raise InputError(f"y: the label {name!r} holds a control character")
    return names


class CheckedTokenizer:
    """A function of the user's that makes tokens of a text, and what it returns looked at.

    Raises:
        TypeError: that is no list of text.
    """

    def __init__(self, function: Callable[[str], Iterable[str]]):
        self._function = function

    def __call__(self, text: str) -> list[str]:
        made = self._function(text)
        # A generator is empty once it has been looked at.
        tokens = list(made) if isinstance(made, Iterable) else []
        several = isinstance(made, Iterable) and not isinstance(made, str)
        if not several or not all(isinstance(token, str) for token in tokens):
            raise TypeError(f"tokenizer must return a list of str, not {made!r}")
        return tokens
