"""A cross-validation's folder.

========================  ===================================================================
``config.toml``           the options of training
``plan.json``             the options of the cross-validation
``vectors.bin``           with --vectors, those of the data's words (word2vec's binary format)
``folds/<r>-<f>.json``    each finished fold: its predictions, and how it went
``results.csv``           one line a fold
``results.json``          means, intervals, differences, calibration
``predictions.csv``       each sentence, answered by the network that had not seen it
``folds.png``             accuracies of the folds, where matplotlib is installed
``doctor.json``           with --doctor, all that it found
``label-errors.csv``      with --doctor, the sentences whose labels are probably wrong
``reliability.png``       what the probabilities are worth, where matplotlib is installed
========================  ===================================================================
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from textcnn.evaluation.crossval.fold_run import FoldResult
from textcnn.evaluation.crossval.folds import Fold
from textcnn.support.errors import UserError
from textcnn.support.files import replace_text
from textcnn.support.result_folder import ResultFolder


class CrossValidationFolder(ResultFolder):
    """Paths in the folder, and the finished folds in it."""

    KIND = "cross-validation"
    PREFIX = "cv-"

    def __init__(self, path: Path):
        super().__init__(path)
        self.plan = path / "plan.json"
        self.vectors = path / "vectors.bin"
        self.folds = path / "folds"
        self.table = path / "results.csv"
        self.summary = path / "results.json"
        self.predictions = path / "predictions.csv"
        self.folds_figure = path / "folds.png"
        self.reliability_figure = path / "reliability.png"

    @property
    def mark(self) -> Path:
        """Written last of all that comes before the first fold."""
        return self.plan

    @property
    def folders(self) -> list[Path]:
        """See :class:`ResultFolder`."""
        return [self.path, self.folds]

    @property
    def prepared(self) -> list[Path]:
        """See :class:`ResultFolder`."""
        return [self.config, self.vectors]

    def save_fold(self, result: FoldResult) -> None:
        """Write a finished fold."""
        values: dict[str, Any] = {
            "rows": result.rows.tolist(),
            "classes": result.classes.tolist(),
            "probabilities": result.probabilities.tolist(),
            **({} if result.thresholds is None else {"thresholds": result.thresholds.tolist()}),
            "baselines": {name: classes.tolist() for name, classes in result.baselines.items()},
            "epoch": result.epoch,
            "dev_accuracy": result.dev_accuracy,
            "seconds": result.seconds,
        }
        replace_text(self._fold(result.repeat, result.number), json.dumps(values) + "\n")

    def load_fold(self, fold: Fold, labels: int, baselines: tuple[str, ...]) -> FoldResult | None:
        """A finished fold, or None where it is not finished.

        Args:
            fold: which, and the rows that it must have tested.
            labels: classes that it must have told apart.
            baselines: that it must have run.

        Raises:
            UserError: the file is damaged.
        """
        path = self._fold(fold.repeat, fold.number)
        try:
            values = json.loads(path.read_text("utf-8"))
            result = _result(fold, values)
            _check_result(result, fold, labels, baselines)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}: damaged ({error}); remove it to run that fold anew"
            ) from error
        return result

    def _fold(self, repeat: int, number: int) -> Path:
        return self.folds / f"{repeat + 1}-{number + 1}.json"


def _result(fold: Fold, values: dict[str, Any]) -> FoldResult:
    thresholds = values.get("thresholds")
    kind = np.int64 if thresholds is None else np.bool_
    return FoldResult(
        repeat=fold.repeat,
        number=fold.number,
        rows=np.array(values["rows"], np.int64),
        classes=np.array(values["classes"], kind),
        probabilities=np.array(values["probabilities"], np.float32),
        thresholds=None if thresholds is None else np.array(thresholds, np.float64),
        baselines={name: np.array(found, kind) for name, found in values["baselines"].items()},
        epoch=float(values["epoch"]),
        dev_accuracy=float(values["dev_accuracy"]),
        seconds=float(values["seconds"]),
    )


def _check_result(result: FoldResult, fold: Fold, labels: int, baselines: tuple[str, ...]) -> None:
    """Raise ValueError unless this is what came of the fold."""
    if not np.array_equal(result.rows, fold.split.test):
        raise ValueError("it tested other sentences")
    if set(result.baselines) != set(baselines):
        raise ValueError("it ran other baselines")
    size, several = len(result.rows), result.thresholds is not None
    answers = (result.classes, *result.baselines.values())
    shape = (size, labels) if several else (size,)
    if result.probabilities.shape != (size, labels) or any(a.shape != shape for a in answers):
        raise ValueError("it holds not one answer a sentence")
    if not np.isfinite(result.probabilities).all() or result.probabilities.min() < 0:
        raise ValueError("it holds impossible probabilities")
    if result.thresholds is not None and result.thresholds.shape != (labels,):
        raise ValueError("it holds not one threshold a label")
    if not several and any(a.min() < 0 or a.max() >= labels for a in answers):
        raise ValueError("it holds impossible labels")
