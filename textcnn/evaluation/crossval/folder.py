"""A cross-validation's folder.

========================  ===================================================================
``config.toml``           the options of training
``plan.json``             the options of the cross-validation
``vectors.bin``           with --vectors, those of the data's words (word2vec's binary format)
``folds/<r>-<f>.json``    each finished fold: its predictions, and how it went
``results.csv``           one line a fold
``results.json``          means, intervals, differences, calibration
``predictions.csv``       each sentence, classified by the network that had not seen it
``folds.png``             accuracies of the folds, where matplotlib is installed
``doctor.json``           with --doctor, all that it found
``label-errors.csv``      with --doctor, the sentences whose labels are probably wrong
========================  ===================================================================
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.evaluation import plan
from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.folds import Fold
from textcnn.recipe.config import option
from textcnn.support import read_back
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.result_folder import ResultFolder

_planned = functools.partial(option, "Cross-validation", maximum=plan.LARGEST_NUMBER)


@dataclass(frozen=True)
class Plan(plan.Plan):
    """The options of ``textcnn cv`` itself; whether its numbers fit the data, dividing tells."""

    folds: int = _planned(10, "Parts, each tested once.", minimum=2)
    repeats: int = _planned(1, "Times to do it all, each with other folds.", minimum=1)
    baselines: bool = _planned(
        False,
        "Run simple rivals on the same folds: majority, TF-IDF with logistic regression, NB-SVM.",
    )
    train_share: float = _planned(
        1.0, "Share of each training part to train on, for a learning curve.", above=0, maximum=1
    )
    test_data: tuple[str, ...] = _planned(
        (),
        "What to test on instead of folds, given as --data is; each repeat draws another dev part.",
    )
    dev_data: tuple[str, ...] = _planned(
        (),
        "With --test-data: what chooses, given as --data is; repeats then differ in the networks' "
        "random numbers only.",
    )

    def _contradictions(self) -> Iterator[str]:
        if self.dev_data and not self.test_data:
            yield "--dev-data goes with --test-data; of folds, a share of each training part is dev"
        if self.dev_data and self.train_share != 1:
            yield "--train-share: with --dev-data all of --data is trained on"

    @property
    def test_to_train(self) -> float:
        """How many sentences are tested for each that is learnt from, for the corrected variance.

        0 where all repeats test the same sentences: those are no sample of a population.
        """
        return 0.0 if self.test_data else 1 / ((self.folds - 1) * self.train_share)


LONGEST_NUMBER = 32
"""Characters of a number in a fold's file, with what separates it."""

ROOM = 2**16
"""Characters of everything else in it."""

LONGEST_SUMMARY = 2**21
"""Bytes of ``results.json``: some 5,000 folds."""


class CrossValidationFolder(ResultFolder):
    """Paths in the folder, and the finished folds in it."""

    KIND = "cross-validation"
    PREFIX = "cv-"
    FOLDERS = ("folds",)

    def __init__(self, path: Path):
        super().__init__(path)
        self.plan = self.mark
        self.vectors = path / "vectors.bin"
        self.folds = path / "folds"
        self.table = path / "results.csv"
        self.summary = path / "results.json"
        self.predictions = path / "predictions.csv"
        self.figure = path / "folds.png"

    @property
    def half_made(self) -> bool:
        """See :class:`ResultFolder`."""
        return self.folds.is_dir() and not self.plan.exists()

    def save_summary(self, values: dict[str, Any]) -> None:
        """Write what all folds together say."""
        sealed = read_back.seal(values, self._seal)
        replace_text(self.summary, json.dumps(sealed, indent=2) + "\n")

    def load_summary(self) -> dict[str, Any]:
        """What all folds together say.

        Raises:
            OSError: it cannot be read.
            ValueError: it is damaged.
            LookupError: the plan is.
        """
        return read_back.unseal(read_back.read_json(self.summary, LONGEST_SUMMARY), self._seal)

    @functools.cached_property
    def _seal(self) -> str:
        """The plan's, to which all results belong."""
        return str(read_back.read_json(self.plan)[read_back.SEAL])

    def save_fold(self, result: FoldResult) -> None:
        """Write a finished fold."""
        values: dict[str, Any] = {
            "rows": result.rows.tolist(),
            "probabilities": result.probabilities.tolist(),
            **({} if result.thresholds is None else {"thresholds": result.thresholds.tolist()}),
            "baselines": {name: classes.tolist() for name, classes in result.baselines.items()},
            "epoch": result.epoch,
            "dev_accuracy": result.dev_accuracy,
            "seconds": result.seconds,
        }
        path = self._fold(result.repeat, result.number)
        replace_text(path, json.dumps(read_back.seal(values, self._seal + path.name)) + "\n")

    def load_fold(
        self, fold: Fold, classes: np.ndarray, labels: int, baselines: tuple[str, ...]
    ) -> FoldResult | None:
        """A finished fold, or None where it is not finished.

        Args:
            fold: which, and the rows that it must have tested.
            classes: (N,) true classes of these rows, or (N, C) booleans; the data tells them, and
                not the file.
            labels: how many classes it must have told apart.
            baselines: that it must have run.

        Raises:
            UserError: the file is damaged.
        """
        path = self._fold(fold.repeat, fold.number)
        try:
            # A number in JSON, or a truth value, takes no more characters.
            longest = ROOM + LONGEST_NUMBER * len(classes) * labels * (2 + len(baselines))
            values = read_back.unseal(read_back.read_json(path, longest), self._seal + path.name)
            return _result(values, fold, classes, labels, baselines)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}: damaged ({error}); remove it to run that fold anew"
            ) from error

    def _fold(self, repeat: int, number: int) -> Path:
        return self.folds / f"{repeat + 1}-{number + 1}.json"


def _result(
    values: dict[str, Any],
    fold: Fold,
    classes: np.ndarray,
    labels: int,
    baselines: tuple[str, ...],
) -> FoldResult:
    """What came of the fold; raises ValueError and the like where the values cannot be that."""
    if values["rows"] != fold.split.test.tolist():
        raise ValueError("it tested other sentences")
    if set(values["baselines"]) != set(baselines):
        raise ValueError("it ran other baselines")
    several = classes.ndim == 2
    probabilities = _array(values["probabilities"], np.dtype(np.float32), (len(classes), labels))
    sums = 1 if several else probabilities.sum(axis=1)
    shares = (probabilities >= 0) & (probabilities <= 1)
    if not shares.all() or not np.allclose(sums, 1, atol=1e-4):
        raise ValueError("it holds impossible probabilities")
    predictions = {
        name: _array(found, classes.dtype, classes.shape)
        for name, found in values["baselines"].items()
    }
    if not several and any(a.min() < 0 or a.max() >= labels for a in predictions.values()):
        raise ValueError("it holds impossible labels")
    return FoldResult(
        repeat=fold.repeat,
        number=fold.number,
        rows=fold.split.test,
        classes=classes,
        probabilities=probabilities,
        thresholds=_array(values["thresholds"], np.dtype(float), (labels,)) if several else None,
        baselines=predictions,
        epoch=read_back.number(values["epoch"]),
        dev_accuracy=read_back.share(values["dev_accuracy"]),
        seconds=read_back.number(values["seconds"]),
    )


def _array(values: Any, kind: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """The array that ``values`` list; NumPy would also make numbers of texts, and cut floats."""
    array = np.array(values)
    wanted = "fi" if kind.kind == "f" else kind.kind
    if array.dtype.kind not in wanted or array.shape != shape:
        raise ValueError(f"it holds {array.dtype}{array.shape} where {kind}{shape} should be")
    return array.astype(kind)
